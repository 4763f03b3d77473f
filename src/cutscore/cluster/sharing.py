"""Tables that are loaded once, by the command, and read where they lie on every node."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cutscore.cluster.connecting import ClusterNode
from cutscore.config.ray_settings import RayWords
from cutscore.data import Source
from cutscore.errors import Fault, RequestError
from cutscore.experiment import Experiment, ExperimentCache
from cutscore.features import FeatureStrategy
from cutscore.records import Dataset, Table


@dataclass(frozen=True, eq=False)
class SharedTable:
    """A data set and its features in the cluster's object store.

    Arrays are not copied out of it: processes of a node map the same memory, which is read-only.
    `features` is None where they are the data set's own columns.
    """

    source: Source
    strategy: FeatureStrategy
    dataset: Any
    features: Any

    def lend(self, cache: ExperimentCache) -> None:
        """Let a process's cache have both, unless it has them."""
        import ray

        def table_of(dataset: Dataset) -> Table:
            table: Table = dataset.table if self.features is None else ray.get(self.features)
            return table

        dataset = cache.dataset(self.source, lambda: ray.get(self.dataset))
        cache.table(dataset, self.strategy, table_of)


class Sharing:
    """Puts what experiments are made of into the object store, each once."""

    def __init__(
        self, cache: ExperimentCache, nodes: Sequence[ClusterNode], words: RayWords
    ) -> None:
        self._cache, self._words = cache, words
        self._smallest = min(nodes, key=lambda node: node.object_store)
        self._bytes = 0
        self._datasets: list[tuple[Source, Any]] = []
        self._made: list[SharedTable] = []

    def table(self, experiment: Experiment) -> SharedTable:
        """Return where an experiment's data and features lie, having put them there.

        Raises
        ------
        RequestError
            If they do not fit.
        """
        source, strategy = experiment.source, experiment.features
        for known in self._made:
            if (known.source, known.strategy) == (source, strategy):
                return known
        dataset = self._cache.dataset(source)
        table = self._cache.table(dataset, strategy)
        place = next((ref for one, ref in self._datasets if one == source), None)
        if place is None:
            place = self._put(dataset)
            self._datasets.append((source, place))
        own = None if table is dataset.table else self._put(table)
        self._made.append(SharedTable(source, strategy, place, own))
        return self._made[-1]

    def _put(self, value: Dataset | Table) -> Any:
        """Put a value into the object store, if all fits into that of every node."""
        import ray

        self._bytes += _bytes_of(value)
        room, node = self._smallest.object_store, self._smallest.address
        if self._bytes > room:
            problem = f"the tables take {self._bytes / 1e6:.0f} MB or more, and the object store "
            problem += f"of node {node} holds {room / 1e6:.0f} MB."
            remedy = "Give more there: ray start --object-store-memory=BYTES."
            if share := self._words.share:
                remedy += " Where it is started here: hydra.launcher.object_store_mb=MEGABYTES; "
                remedy += f"{share}=false has each process load its own."
            raise RequestError(Fault(share or self._words.chosen, problem, remedy))
        return ray.put(value)


def _bytes_of(value: object) -> int:
    """Return how many bytes a value's arrays have."""
    sizes: list[int] = []
    pickle.dumps(value, protocol=5, buffer_callback=lambda b: sizes.append(b.raw().nbytes))
    return sum(sizes)
