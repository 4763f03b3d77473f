"""Which jobs are over, by what Slurm's `squeue` says."""

from __future__ import annotations

import pytest

from cutscore.sweep import slurm_queue
from cutscore.sweep.slurm_queue import SlurmQueue


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """A program that stands for Slurm's: it prints a file, or fails where there is none."""
    program, says = tmp_path / "squeue", tmp_path / "says"
    program.write_text(f"#!/bin/sh\nexec /bin/cat {says}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(slurm_queue, "ASK_SECONDS", -1.0)
    return says


def test_a_job_is_over_that_two_answers_in_a_row_are_without(squeue):
    queue = SlurmQueue()
    squeue.write_text("7_0\n7_1\n8\n")
    assert not any(queue.is_done(job) for job in ("7_0", "7_1", "8"))
    squeue.write_text("7_1\n")
    assert not queue.is_done("7_0")
    assert queue.is_done("7_0")
    assert not queue.is_done("7_1")
    assert queue.get_state("8") == "no longer in Slurm's queue"
    queue.forget()
    assert not queue.is_done("9"), "it is new, and was asked about once"


def test_a_controller_that_does_not_answer_ends_no_job(squeue):
    queue = SlurmQueue()
    assert not any(queue.is_done("7") for _ in range(3))
    squeue.write_text("7\n")
    assert queue.get_state("7") == "in Slurm's queue"
    squeue.unlink()
    assert not any(queue.is_done("7") for _ in range(3))
