"""Work on a cluster: each piece is done once, and what a dying process leaves is done again."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cutscore.cluster.connecting import living_nodes, silence_of
from cutscore.errors import ClusterError
from cutscore.launch.progress import ProgressLog, told_by
from cutscore.launch.shutdown_guard import shutdown_guard

if TYPE_CHECKING:
    from ray.exceptions import RayError

T = TypeVar("T")

MOST_DEATHS = 3
"""A piece of work whose process dies so often is given up: it may be what they die of."""

END_SECONDS = 60.0

LOOK_SECONDS = 10.0
ROOM_SECONDS = 300.0
"""How long a cluster without room for any work is waited for: nodes may be on their way."""

HEAD_SECONDS = 30.0
"""How long a cluster's head may be silent; after 60 s Ray ends the process, runs left open."""

HANDED_OVER = ("MLFLOW_", "AWS_", "PG", "CUTSCORE_", "GOMP_SPINCOUNT", "MPLBACKEND")
"""Beginnings of environment variables that work has from the command, wherever it is done."""

Died = Callable[[str, str, bool], T | None]
"""Told of a name whose process died, why, and whether to give up; returns what came of it, if
that is known, else None to have it done again."""


@dataclass(frozen=True)
class Surroundings:
    """What work has from the command, wherever it is done: its folder, some of its environment."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of_this_process(cls) -> Surroundings:
        """Return those of this process."""
        given = {key: value for key, value in os.environ.items() if key.startswith(HANDED_OVER)}
        return cls(Path.cwd(), given)

    def take(self) -> None:
        """Have this process's environment say of stores and settings what the command's does."""
        for key in list(os.environ):
            if key.startswith(("MLFLOW_", "CUTSCORE_")) and key not in self.environment:
                del os.environ[key]
        os.environ.update(self.environment)


def run_tasks(
    work: Mapping[str, Callable[[], T]], died: Died[T], num_cpus: int, log: ProgressLog
) -> dict[str, T]:
    """Do all pieces of work by their names, each with `num_cpus` of a node, and return the results.

    A signal ends those that are under way in order: their runs are closed by themselves.

    Raises
    ------
    ClusterError
        If the head is lost, or all nodes that have room for a piece, and no other comes.
    """
    import ray
    from ray.exceptions import RayError, RayTaskError

    with shutdown_guard() as life, _progress_from_nodes() as teller:
        remote = ray.remote(num_cpus=num_cpus, max_retries=0)(_do)
        given = Surroundings.of_this_process()
        deaths = dict.fromkeys(work, 0)
        results: dict[str, T] = {}
        running = {remote.remote(piece, given, teller): name for name, piece in work.items()}
        ending = threading.Event()
        undo = life.register(lambda _: _interrupt(running, ending))
        room = _Room(num_cpus, log)
        while running:
            ended, _ = ray.wait(list(running), num_returns=1, timeout=LOOK_SECONDS)
            room.look()
            if not ended:
                continue
            try:
                results[running[ended[0]]] = ray.get(ended[0])
                del running[ended[0]]
            except RayError as error:
                if ending.is_set():
                    time.sleep(END_SECONDS)  # the guard ends this process
                name = running.pop(ended[0])
                deaths[name] += 1
                reason = _reason(error)
                hopeless = isinstance(error, RayTaskError) or deaths[name] == MOST_DEATHS
                known = died(name, reason, hopeless)
                if known is not None:
                    results[name] = known
                else:
                    log.say(f"{name} is run again: {reason}")
                    running[remote.remote(work[name], given, teller)] = name
        undo()
    return results


@dataclass
class _Room:
    """Whether the cluster has a head, and a node with room for a piece of work, and since when not.

    `looked` is when that was last seen to.
    """

    num_cpus: int
    log: ProgressLog
    looked: float = -LOOK_SECONDS
    without_head: float | None = None
    without_room: float | None = None

    def look(self) -> None:
        """Tell what is lost, and end the waiting for it after a while."""
        import ray

        now = time.monotonic()
        if now - self.looked < LOOK_SECONDS:
            return
        self.looked = now
        address = ray.get_runtime_context().gcs_address
        if silence := silence_of(address):
            lost = f"the head of the cluster does not answer at {address} ({silence})"
            self.without_head = self._since(self.without_head, HEAD_SECONDS, lost)
            return
        self.without_head = None
        if any(node.cpus >= self.num_cpus for node in living_nodes()):
            self.without_room = None
            return
        lost = f"no node with {self.num_cpus} CPU(s) is left in the cluster"
        self.without_room = self._since(self.without_room, ROOM_SECONDS, lost)

    def _since(self, since: float | None, patience: float, lost: str) -> float:
        if since is None:
            self.log.say(f"{lost}: waiting up to {patience:g} s")
            return self.looked
        if self.looked - since < patience:
            return since
        remedy = "What is complete is kept: mend the cluster and run the command again, a sweep "
        raise ClusterError(f"{lost}. {remedy}with --resume.")


def _interrupt(running: Mapping[Any, str], ending: threading.Event) -> None:
    """Interrupt what is under way, as Ctrl-C would, and forget what is not."""
    import ray

    ending.set()
    for ref in list(running):
        ray.cancel(ref)


def _do(piece: Callable[[], T], given: Surroundings, teller: Any) -> T:
    """Do a piece of work in a process of a node."""
    import ray

    given.take()
    told: list[Any] = []

    def tell(path: Path, line: str) -> None:
        told[:] = [teller.add.remote(str(path), line)]

    with chdir(given.folder), told_by(tell):
        done = piece()
    ray.get(told)  # lines are written in their order: after the last, all are
    return done


def _reason(error: RayError) -> str:
    """Return why work did not end: the process died, or it raised what nobody expected."""
    cause = getattr(error, "cause", None)
    if cause is not None:
        return f"{type(cause).__name__}: {' '.join(str(cause).split())}"
    told = str(error).strip().splitlines()[0]
    return f"a worker process died: {re.split(', node ID| This can happen', told)[0]}"


@contextmanager
def _progress_from_nodes() -> Iterator[Any]:
    """Have progress that is told on any node written to its file, by a process of this node."""
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
