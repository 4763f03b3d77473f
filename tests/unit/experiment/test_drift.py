"""The reference of an experiment: what it says of data and scores, and that it is kept."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import StoreError
from cutscore.experiment import ExperimentCache, execute, prepare
from cutscore.experiment.drift import drift_reference, scored_reference
from cutscore.scoring.drift_reference import REFERENCE_JSON, load_drift_reference


@pytest.fixture(scope="module")
def made(loans):
    composer = Composer(find_layers(working_dir=packaged_folder()))
    words = [*loans, "report.bootstrap=50", "calibration=sigmoid"]
    experiment, cache = compose_plan(composer, parse_overrides(words)).experiment, ExperimentCache()
    prepared = prepare(experiment, cache)
    result = execute(experiment, prepared, cache)
    return prepared, result, drift_reference(experiment, prepared, cache, result), cache


def test_it_counts_every_raw_column_once_and_keeps_what_scores_promise(made):
    prepared, result, reference, cache = made
    table = prepared.dataset.table
    assert cache.counted(table, None)[0] is reference.bins  # cells of a sweep share it
    sums = np.add.reduceat(reference.counts, reference.bins.starts[:-1])
    assert (sums == table.rows).all()
    scored, decided = reference.scored, result.decided
    grade = scored.grade(decided.score)
    assert scored.counts == tuple(np.bincount(grade))
    assert scored.positives == tuple(np.bincount(grade, decided.target))
    assert scored.base_rate == pytest.approx(decided.target.mean())
    flagged = result.reference.chosen.rule.flag(decided.score)
    assert scored.flagged == pytest.approx(flagged.mean())
    assert scored.cost_low < result.reference.cost_per_row < scored.cost_high
    assert scored.objective == "cost"
    assert scored.spread < 0.3


def test_folds_of_a_model_that_had_few_rows_widen_what_is_no_drift(made):
    _, result, _, _ = made

    def spread(decided):
        told = (result.reference, result.crossfit, result.certainty, result.cut_table.roc_auc)
        scored = scored_reference(decided, *told)
        return scored.spread, scored.rate_spread

    decided = result.decided
    apart = np.where(decided.fold == 0, decided.score**2, decided.score)
    assert spread(replace(decided, score=apart))[0] > spread(decided)[0] + 0.1
    known = np.full(len(apart), decided.target.mean())  # no more than the share of positives
    assert spread(replace(decided, score=known))[1] < 1e-9
    assert spread(replace(decided, score=np.clip(decided.target, 0.3, 0.7)))[1] > 0.1


def test_it_comes_back_from_its_file_for_its_own_model_only(made, tmp_path):
    prepared, _, reference, _ = made
    columns = prepared.dataset.table.columns
    assert load_drift_reference(tmp_path, columns) is None
    reference.save(tmp_path)
    again = load_drift_reference(tmp_path, columns)
    assert again.text == reference.text
    assert again.scored == reference.scored
    with pytest.raises(StoreError, match="other columns"):
        load_drift_reference(tmp_path, columns[:-1])
    newer = json.loads(reference.text) | {"format": 99}
    (tmp_path / REFERENCE_JSON).write_text(json.dumps(newer))
    with pytest.raises(StoreError, match="format 99"):
        load_drift_reference(tmp_path, columns)
