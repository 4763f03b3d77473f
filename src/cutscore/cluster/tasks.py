"""Work on a cluster: each piece is done once, and what a dying process leaves is done again."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from cutscore.launch.progress import ProgressLog, told_by
from cutscore.launch.shutdown_guard import shutdown_guard

T = TypeVar("T")

MOST_DEATHS = 3
"""A piece of work whose process dies so often is given up: it may be what they die of."""

END_SECONDS = 60.0

HANDED_OVER = ("MLFLOW_", "AWS_", "CUTSCORE_", "GOMP_SPINCOUNT", "MPLBACKEND")
"""Beginnings of environment variables that work has from the command, wherever it is done."""

Died = Callable[[str, str, bool], T | None]
"""Told of a name whose process died, why, and whether to give up; returns what came of it, if
that is known, else None to have it done again."""


def run_tasks(
    work: Mapping[str, Callable[[], T]], died: Died[T], num_cpus: int, log: ProgressLog
) -> dict[str, T]:
    """Do all pieces of work by their names, each with `num_cpus` of a node, and return the results.

    A signal ends those that are under way in order: their runs are closed by themselves.
    """
    import ray
    from ray.exceptions import RayError, RayTaskError

    with shutdown_guard() as life, _progress_from_nodes(log) as teller:
        remote = ray.remote(num_cpus=num_cpus, max_retries=0)(_do)
        given = _environment()
        deaths = dict.fromkeys(work, 0)
        results: dict[str, T] = {}
        running = {remote.remote(piece, given, teller): name for name, piece in work.items()}
        ending = threading.Event()
        undo = life.register(lambda _: _interrupt(running, ending))
        while running:
            ended, _ = ray.wait(list(running), num_returns=1)
            try:
                results[running[ended[0]]] = ray.get(ended[0])
                del running[ended[0]]
            except RayTaskError:
                raise
            except RayError as error:
                if ending.is_set():
                    time.sleep(END_SECONDS)  # the guard ends this process
                name = running.pop(ended[0])
                deaths[name] += 1
                reason = _reason(error)
                known = died(name, reason, deaths[name] == MOST_DEATHS)
                if known is not None:
                    results[name] = known
                else:
                    log.say(f"{name} is run again: {reason}")
                    running[remote.remote(work[name], given, teller)] = name
        undo()
    return results


def _interrupt(running: Mapping[Any, str], ending: threading.Event) -> None:
    """Interrupt what is under way, as Ctrl-C would, and forget what is not."""
    import ray

    ending.set()
    for ref in list(running):
        ray.cancel(ref)


def _do(piece: Callable[[], T], environment: Mapping[str, str], teller: Any) -> T:
    """Do a piece of work in a process of a node."""
    import ray

    os.environ.update(environment)
    if teller is None:
        return piece()
    told: list[Any] = []

    def tell(path: Path, line: str) -> None:
        told[:] = [teller.add.remote(str(path), line)]

    with told_by(tell):
        done = piece()
    ray.get(told)  # lines are written in their order: after the last, all are
    return done


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key.startswith(HANDED_OVER)}


def _reason(error: Exception) -> str:
    return f"a worker process died: {str(error).strip().splitlines()[0]}"


@contextmanager
def _progress_from_nodes(log: ProgressLog) -> Iterator[Any]:
    """Have progress that is told on any node written to the log, by a process of this node."""
    if log.path is None:
        yield None
        return
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    teller = ray.remote(num_cpus=0, scheduling_strategy=here)(_Teller).remote()
    try:
        yield teller
    finally:
        ray.kill(teller)


class _Teller:
    """Appends lines to a file of the node that it is on."""

    def add(self, path: str, line: str) -> None:
        """Append a line."""
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(line)
