from datetime import UTC, datetime, timedelta

import pytest

from cutscore.report.record_spec import HEARTBEAT_TAG
from cutscore.runs.identity import process_tags
from cutscore.runs.liveness import judge_life, writer_alive
from cutscore.runs.values import RunSummary

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def elsewhere(minutes: float) -> dict[str, str]:
    beat = (NOW - timedelta(minutes=minutes)).isoformat()
    return {**process_tags(), "host": "elsewhere", HEARTBEAT_TAG: beat}


def test_this_process_lives():
    assert judge_life(process_tags()).state == "alive"


def test_a_process_that_is_gone_is_dead():
    life = judge_life({**process_tags(), "pid": "4194300"})
    assert life.dead
    assert "4194300 has ended" in life.reason


def test_a_number_that_passed_to_another_process_is_dead():
    life = judge_life({**process_tags(), "process_start": "2020-01-01T00:00:00.000+00:00"})
    assert life.dead
    assert "passed to another" in life.reason


@pytest.mark.parametrize(("minutes", "state"), [(4.9, "alive"), (5.1, "dead"), (600, "dead")])
def test_another_host_is_judged_by_its_sign_of_life(minutes, state):
    assert judge_life(elsewhere(minutes), NOW).state == state


def test_another_boot_of_this_host_is_judged_by_its_sign_of_life():
    tags = {**process_tags(), "boot_id": "another", HEARTBEAT_TAG: NOW.isoformat()}
    assert judge_life(tags, NOW).state == "alive"
    assert judge_life(tags, NOW + timedelta(hours=3)).dead


def test_what_cannot_be_told_is_not_dead():
    assert judge_life({}).state == "unknown"
    assert judge_life({"host": "elsewhere", "pid": "1"}, NOW).state == "unknown"
    assert judge_life({**process_tags(), "process_start": ""}).state == "unknown"


@pytest.mark.parametrize(
    ("status", "tags", "alive"),
    [
        ("RUNNING", process_tags(), True),
        ("RUNNING", {**process_tags(), "pid": "4194300"}, False),
        ("RUNNING", {}, False),
        ("FINISHED", process_tags(), False),
    ],
)
def test_a_run_has_a_writer_while_it_is_open_and_its_process_lives(status, tags, alive):
    run = RunSummary("r", "n", "e", status, False, "", None, None, {}, tags)
    assert ("runs" in writer_alive(run)) == alive
    assert bool(writer_alive(run)) == alive
