"""What a run must have left, by the version that made it."""

from __future__ import annotations

from cutscore.report.record_spec import ADDED, ARTIFACTS, RECORD_TAG, missing_names


def lacking(tags, artifacts):
    missing = missing_names({}, {}, tags, artifacts, has_dataset=True)
    return {name.removeprefix("artifact:") for name in missing if name.startswith("artifact:")}


def test_what_was_added_later_is_not_asked_of_older_runs():
    before = set(ARTIFACTS) - ADDED
    assert lacking({}, before) == set()
    assert lacking({RECORD_TAG: "2"}, before) == ADDED
    assert lacking({}, before - {"run.log"}) == {"run.log"}
    assert set(ARTIFACTS) > ADDED
