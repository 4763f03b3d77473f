"""What stands for a metric while folds are still to come."""

from __future__ import annotations

import numpy as np
import pytest

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RunPruned
from cutscore.experiment import ExperimentCache, execute, prepare, prune_value
from cutscore.metrics.catalogue import searchable
from cutscore.records import Undefined


class Seen:
    """Keeps what an experiment tells of its folds."""

    def __init__(self, experiment, stop_after=None):
        self.experiment, self.stop_after = experiment, stop_after
        self.values = {}

    def __call__(self, progress):
        for metric, direction in searchable().items():
            lower = direction == "minimize"
            value = prune_value(self.experiment, progress, metric, lower=lower)
            self.values[metric, progress.done] = value
        if progress.done == self.stop_after:
            raise RunPruned("enough")


@pytest.fixture(scope="module")
def experiment(loans):
    composer = Composer(find_layers(working_dir=packaged_folder()))
    words = [*loans, "report.bootstrap=0"]
    return compose_plan(composer, parse_overrides(words)).experiment


@pytest.fixture(scope="module")
def told(experiment):
    cache = ExperimentCache()
    prepared = prepare(experiment, cache)
    seen = Seen(experiment)
    return seen.values, execute(experiment, prepared, cache, seen)


def test_nothing_is_known_before_the_first_fold(told):
    assert isinstance(told[0]["crossfit_cost", 0], Undefined)


def test_after_all_folds_it_is_the_figure_at_their_common_threshold(told):
    values, result = told
    reference = result.reference
    assert values["crossfit_cost", 3] == pytest.approx(reference.cost_per_row, rel=1e-12)
    assert values["crossfit_savings", 3] == pytest.approx(reference.savings, rel=1e-12)
    means = [fold.validation["roc_auc"] for fold in result.folds]
    assert values["roc_auc", 3] == np.mean(means)
    gap = np.mean([fold.train["roc_auc"] for fold in result.folds]) - np.mean(means)
    assert values["roc_auc_gap", 3] == pytest.approx(gap)


def test_metrics_without_a_partial_value_are_replaced_by_the_cost(told):
    values, _ = told
    for done in (1, 2, 3):
        assert values["seconds_fit", done] == values["crossfit_cost", done]
        assert values["plateau_low", done] == -values["crossfit_cost", done]
        assert 0 < values["crossfit_fbeta", done] < 1


def test_every_metric_of_a_search_has_a_stand_in(told):
    values, _ = told
    for metric in searchable():
        assert np.isfinite(values[metric, 3])


def test_first_fold_is_priced_by_itself(told):
    values, result = told
    first = result.folds[0]
    rule_cost = min(
        result.costs.take(np.arange(len(first.scores))).total(
            result.oof.target[: len(first.scores)], first.scores >= threshold
        )
        for threshold in [*np.unique(first.scores), np.inf]
    )
    assert values["crossfit_cost", 1] == pytest.approx(rule_cost / len(first.scores))


def test_what_the_hook_raises_ends_the_experiment(experiment):
    cache = ExperimentCache()
    seen = Seen(experiment, stop_after=1)
    with pytest.raises(RunPruned, match="enough"):
        execute(experiment, prepare(experiment, cache), cache, seen)
    assert max(done for _, done in seen.values) == 1
