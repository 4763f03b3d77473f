from __future__ import annotations

import pytest

from cutscore.config.parts import build_part
from cutscore.config.search_settings import SearchSettings
from cutscore.errors import RequestError
from cutscore.metrics.catalogue import searchable
from cutscore.report.record_spec import METRICS

TARGET = "cutscore.config.search_settings.SearchSettings"


def made(**settings) -> SearchSettings:
    return build_part("search", {"_target_": TARGET, **settings})


def faults(**settings) -> dict[str, str]:
    with pytest.raises(RequestError) as caught:
        made(**settings)
    return {fault.setting: str(fault) for fault in caught.value.faults}


def test_every_figure_of_a_whole_run_has_a_direction():
    constant = {"rows", "duplicates", "no_model_rule_savings"}
    steps = {name for name in METRICS if name.startswith("fold_")}
    assert set(METRICS) - set(searchable()) == constant | steps


@pytest.mark.parametrize(
    ("metric", "directions"),
    [
        ("crossfit_cost", ("minimize",)),
        ("crossfit_fbeta", ("maximize",)),
        (["roc_auc", "fit_seconds"], ("maximize", "minimize")),
        (["brier_calibrated", "ece", "roc_auc_gap"], ("minimize",) * 3),
    ],
)
def test_directions_are_known(metric, directions):
    assert made(metric=metric, pruner="none").directions == directions


def test_a_direction_can_be_given():
    assert made(metric="threshold", direction="maximize").directions == ("maximize",)
    both = made(metric=["fpr", "threshold"], direction=["minimize", "maximize"], pruner="none")
    assert both.directions == ("minimize", "maximize")
    assert both.several


def test_another_word_for_a_metric_becomes_its_name_in_the_record():
    assert made(metric="fit_seconds").metrics == ("seconds_fit",)
    assert "twice" in faults(metric=["fit_seconds", "seconds_fit"])["search.metric"]


def test_all_that_is_wrong_is_told_together():
    found = faults(
        space=7, metric="crossfit_cst", direction="min", trials=0, timeout=0, patience=0,
        sampler="tpee", startup_trials=0, tree_counts=1, pruner="medain",
        pruner_startup_trials=-1, workers=0,
        storage="http://me:secret@host/x", new_study="perhaps", seed=-1, trails=3,
    )  # fmt: skip
    assert {name.removeprefix("search.") for name in found} == {
        "space", "metric", "direction", "trials", "timeout", "patience", "sampler",
        "startup_trials", "tree_counts", "pruner", "pruner_startup_trials", "workers", "storage",
        "new_study",
        "seed", "trails",
    }  # fmt: skip
    assert 'Did you mean "crossfit_cost"' in found["search.metric"]
    assert "seconds_fit" in found["search.metric"]
    assert "2, or null." in found["search.tree_counts"]
    assert "null" not in found["search.trials"]
    assert "'nsgaii'" in found["search.sampler"]
    assert "'hyperband'" in found["search.pruner"]
    assert "secret" not in found["search.storage"]
    assert 'Did you mean "search.trials"' in found["search.trails"] or "trials" in str(found)


def test_several_objectives_go_with_no_pruner_and_no_patience():
    found = faults(metric=["crossfit_cost", "fit_seconds"], patience=3)
    assert "search.pruner=none" in found["search.pruner"]
    assert "search.patience=null" in found["search.patience"]
    assert set(found) == {"search.pruner", "search.patience"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"metric": "threshold"}, "should be small or large"),
        ({"metric": "brier", "direction": ["minimize", "minimize"]}, "2 given for 1"),
        ({"metric": "brier", "direction": "up"}, "minimize, maximize"),
        ({"metric": []}, "name or a list"),
        ({"metric": "rows"}, "could improve"),
        ({"sampler": "grid", "enqueue": [{"a": 1}]}, "each of its points"),
        ({"storage": "studies"}, "ends in .db"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings, words):
    assert words in " ".join(faults(**settings).values())


@pytest.mark.parametrize(
    "storage", [None, "mine.db", "sqlite:///x.db", "postgresql+psycopg://u:p@h/d", "mysql://h/d"]
)
def test_storages_of_a_known_kind_are_taken(storage):
    settings = made(storage=storage)
    assert settings.storage == storage
    assert "u:p" not in repr(settings)
