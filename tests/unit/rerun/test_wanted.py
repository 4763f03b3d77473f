"""How runs are named for a rerun, and what is told of changes."""

from __future__ import annotations

import pytest

from cutscore.rerun.changes import told_once
from cutscore.rerun.choosing import RunSelection, check_wanted


@pytest.mark.parametrize(
    ("wanted", "setting"),
    [
        (RunSelection(), "RUN_ID"),
        (RunSelection(("abc",), sweep="def"), "--sweep"),
        (RunSelection(("abc",), top=3, by="roc_auc"), "--top"),
        (RunSelection(top=0, by="roc_auc"), "--top"),
        (RunSelection(top=3), "--by"),
        (RunSelection(("abc",), by="roc_auc"), "--by"),
        (RunSelection(("abc",), experiment="quickstart"), "--experiment"),
    ],
)
def test_what_does_not_go_together_is_refused(wanted, setting):
    assert [fault.setting for fault in check_wanted(wanted)] == [setting]


def test_all_faults_are_told_at_once():
    settings = [fault.setting for fault in check_wanted(RunSelection(("a",), top=-1, sweep="b"))]
    assert settings == ["--top", "--top", "--by"]


def test_one_way_of_naming_runs_is_enough():
    for wanted in (
        RunSelection(("abc",)),
        RunSelection(top=1, by="roc_auc"),
        RunSelection(sweep="abc"),
    ):
        assert check_wanted(wanted) == []


def test_a_change_is_told_once_with_its_runs():
    changes = [["other data"], ["other data", "other code"], ["other data"]]
    assert told_once(["a", "b", "c"], changes) == ["all 3 runs: other data", "b: other code"]
