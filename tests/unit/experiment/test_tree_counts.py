"""All numbers of trees of one boosting, on real experiments."""

from __future__ import annotations

import numpy as np
import pytest

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.experiment import ExperimentCache, TreeCounts, execute, prepare, spread_counts

COUNTS = (3, 6, 12, 24)


@pytest.fixture(scope="module")
def experiment_of(loans):
    composer = Composer(find_layers(working_dir=packaged_folder()))
    kept = [text for text in loans if "n_estimators" not in text]

    def made(*words, trees=COUNTS[-1]):
        texts = [*kept, "report.bootstrap=0", f"model.params.n_estimators={trees}", *words]
        return compose_plan(composer, parse_overrides(texts)).experiment

    return made


def grown_of(experiment, counts=COUNTS):
    cache = ExperimentCache()
    grown = TreeCounts(experiment, prepare(experiment, cache), counts)
    told = []
    grown.boost_all(cache, lambda so_far: told.append(so_far.done))
    assert told == list(range(len(grown.prepared.folds.splits) + 1))
    return grown


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("model=xgboost", "model.params.subsample=0.7"),
        ("sampling=undersample", "calibration=prior"),
        ("sampling=smote", "calibration=isotonic"),
    ],
)
def test_folds_at_a_count_are_those_of_an_experiment_with_so_many_trees(words, experiment_of):
    grown = grown_of(experiment_of(*words))
    place = grown.best()
    assert grown.reached > place
    other = experiment_of(*words, trees=COUNTS[place])
    cache = ExperimentCache()
    folds = execute(other, prepare(other, cache), cache).folds
    for mine, plain in zip(grown.results(place), folds, strict=True):
        assert mine.scores.tobytes() == plain.scores.tobytes()
        assert (mine.validation, mine.train) == (plain.validation, plain.train)
        assert (mine.importance, mine.trees) == (plain.importance, plain.trees)
        assert (mine.base_rate, mine.prior, mine.notes) == (
            plain.base_rate,
            plain.prior,
            plain.notes,
        )


def test_boosting_ends_when_costs_have_not_fallen_for_two_counts(experiment_of):
    counts = spread_counts(1, 200, 12)
    grown = grown_of(experiment_of("model.params.learning_rate=0.9", trees=200), counts)
    assert grown.reached < len(counts)
    assert grown.trees <= 3 * counts[-2]
    columns = grown.columns()
    assert columns["trees"].tolist() == list(counts[: grown.reached])
    assert columns["cost"][grown.best()] == columns["cost"].min()


def test_noise_is_not_claimed_to_be_worth_anything(experiment_of, loans_csv, tmp_path):
    """Labels are drawn at random: the best of many counts must not seem to beat no model."""
    claims, best = [], []
    lines = loans_csv.read_text().splitlines()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        rows = [f"{line.rpartition(',')[0]},{int(rng.random() < 0.25)}" for line in lines[1:]]
        path = tmp_path / f"noise{seed}.csv"
        path.write_text("\n".join([lines[0], *rows]) + "\n")
        words = (f"data.path={path}", "cost.false_negative=3", "model.params.learning_rate=0.3")
        grown = grown_of(experiment_of(*words, trees=60), spread_counts(1, 60, 12))
        target, costs = grown.prepared.dataset.target, grown.prepared.costs[0]
        cheaper = min(costs.no_model(target))
        claims.append(grown.cross_fitted().total_cost / cheaper - 1)
        best.append(min(grown.costs) / cheaper - 1)
    assert np.mean(best) < -0.01  # what choosing count and threshold on the same rows would claim
    assert np.mean(claims) > -2 * np.std(claims, ddof=1) / np.sqrt(len(claims))


def test_counts_are_spread_in_equal_ratios():
    assert spread_counts(100, 1000, 4) == (100, 215, 464, 1000)
    assert spread_counts(1, 4, 12) == (1, 2, 3, 4)
    assert spread_counts(7, 7, 12) == (7,)
