"""What every sampling method must do, whatever it is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import yaml
from strategies import with_all_others

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import RequestError
from cutscore.records import TrainingRows
from cutscore.sampling import RowsToSample, Sampler
from cutscore.sampling.balanced import Balanced
from cutscore.sampling.cost_weighted import CostWeighted
from cutscore.sampling.none import NoSampling
from cutscore.sampling.smote import Smote
from cutscore.sampling.smote_undersample import SmoteUndersample
from cutscore.sampling.undersample import Undersample

CONF = Path(__file__).parents[2] / "conf" / "sampling"
KEEPING = [NoSampling(), Balanced(), CostWeighted()]
DRAWING = [Undersample(), Smote(), SmoteUndersample()]
SAMPLERS = with_all_others("sampling", *KEEPING, *DRAWING)
every_sampler = pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: type(s).__name__)


def _made(minority_label: int = 1, rows: int = 400, columns: int = 6):
    rng = np.random.default_rng(3)
    values = rng.normal(size=(rows, columns)).astype(np.float32)
    rare = rng.random(rows) < 0.15
    target = np.where(rare, minority_label, 1 - minority_label).astype(np.int8)
    train = np.sort(rng.choice(rows, size=rows * 3 // 4, replace=False)).astype(np.int64)
    return values, target, train


def _sample(sampler: Sampler, values, target, train, seed=7) -> TrainingRows:
    sampler.check(target[train])
    complete = values if sampler.needs_complete else None
    costs = CostMatrix(0.0, 1.0, _loss(values)[train], 0.0)
    return sampler.sample(RowsToSample(train, target[train], seed, complete, costs))


def _loss(values) -> np.ndarray:
    """What missing a row costs: each row's own."""
    return 1.0 + np.abs(values[:, 0].astype(np.float64))


def _weight(training: TrainingRows, target, label: int) -> float:
    weights = np.ones(len(training.rows)) if training.weights is None else training.weights
    made_up = training.synthetic
    extra = 0 if made_up is None else int(np.count_nonzero(made_up.target == label))
    return float(weights[target[training.rows] == label].sum()) + extra


def _assert_same(one: TrainingRows, other: TrainingRows) -> None:
    np.testing.assert_array_equal(one.rows, other.rows)
    assert (one.weights is None) == (other.weights is None)
    if one.weights is not None and other.weights is not None:
        assert one.weights.tobytes() == other.weights.tobytes()
    assert (one.synthetic is None) == (other.synthetic is None)
    if one.synthetic is not None and other.synthetic is not None:
        assert one.synthetic.values.tobytes() == other.synthetic.values.tobytes()
        np.testing.assert_array_equal(one.synthetic.target, other.synthetic.target)


@every_sampler
def test_only_training_rows_are_used_and_they_stay_sorted(sampler):
    values, target, train = _made()
    training = _sample(sampler, values, target, train)
    assert np.isin(training.rows, train).all()
    assert (np.diff(training.rows) > 0).all()
    assert training.rows.dtype == np.int64


@every_sampler
def test_other_rows_values_change_nothing(sampler):
    values, target, train = _made()
    changed = np.full_like(values, 1e6)
    changed[train] = values[train]
    _assert_same(_sample(sampler, values, target, train), _sample(sampler, changed, target, train))


@every_sampler
def test_same_seed_same_rows(sampler):
    values, target, train = _made()
    _assert_same(_sample(sampler, values, target, train), _sample(sampler, values, target, train))


@pytest.mark.parametrize("sampler", DRAWING, ids=lambda s: type(s).__name__)
def test_another_seed_gives_other_rows(sampler):
    values, target, train = _made()
    one, other = (_sample(sampler, values, target, train, seed) for seed in (1, 2))
    with pytest.raises(AssertionError):
        _assert_same(one, other)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("sampler", [Balanced(), *DRAWING], ids=lambda s: type(s).__name__)
def test_classes_weigh_the_same_afterwards_whichever_is_rarer(sampler, label):
    values, target, train = _made(label)
    training = _sample(sampler, values, target, train)
    assert _weight(training, target, 0) == pytest.approx(_weight(training, target, 1), abs=1)


@every_sampler
def test_the_rarer_class_is_kept_whole(sampler):
    values, target, train = _made()
    training = _sample(sampler, values, target, train)
    assert np.isin(train[target[train] == 1], training.rows).all()


@every_sampler
def test_inputs_are_left_alone(sampler):
    values, target, train = _made()
    before = values.copy(), target.copy(), train.copy()
    _sample(sampler, values, target, train)
    for now, then in zip((values, target, train), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("sampler", KEEPING, ids=lambda s: type(s).__name__)
def test_methods_that_keep_all_rows_copy_nothing(sampler):
    values, target, train = _made()
    assert _sample(sampler, values, target, train).rows is train


@every_sampler
def test_only_synthesising_methods_make_up_rows(sampler):
    values, target, train = _made()
    assert (_sample(sampler, values, target, train).synthetic is not None) == sampler.synthesises


@pytest.mark.parametrize("sampler", DRAWING[1:], ids=lambda s: type(s).__name__)
def test_made_up_rows_lie_between_training_rows_of_the_rarer_class(sampler):
    values, target, train = _made(columns=2)
    synthetic = _sample(sampler, values, target, train).synthetic
    assert synthetic is not None
    minority = values[train[target[train] == 1]].astype(np.float64)
    assert synthetic.values.dtype == np.float32
    assert set(synthetic.target.tolist()) == {1}
    assert all(_on_a_segment(point, minority) for point in synthetic.values[:50])


def _on_a_segment(point, minority) -> bool:
    """Whether the point lies on a line between two rows, to float32 precision."""
    to_one = minority[:, None, :] - point
    to_other = minority[None, :, :] - point
    detour = np.linalg.norm(to_one, axis=2) + np.linalg.norm(to_other, axis=2)
    between = np.linalg.norm(minority[:, None, :] - minority[None, :, :], axis=2)
    return bool((detour - between).min() < 1e-5)


CHECKING = [sampler for sampler in SAMPLERS if not isinstance(sampler, NoSampling)]


@pytest.mark.parametrize("sampler", CHECKING, ids=lambda s: type(s).__name__)
def test_one_class_is_a_fault_that_says_what_was_found(sampler):
    with pytest.raises(RequestError, match="0 positives and 20 negatives"):
        sampler.check(np.zeros(20, dtype=np.int8))


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_option_gives_its_class_all_settings(path):
    settings = yaml.safe_load(path.read_text())
    name = settings.pop("_target_").rpartition(".")[2]
    kind = next(type(s) for s in SAMPLERS if type(s).__name__ == name)
    assert kind(**settings) == kind()
    assert set(settings) == {field.name for field in fields(kind)}
