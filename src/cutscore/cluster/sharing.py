"""Tables that are loaded once, by the command, and read where they lie on every node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cutscore.data import Source
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

    def __init__(self, cache: ExperimentCache) -> None:
        self._cache = cache
        self._datasets: list[tuple[Source, Any]] = []
        self._made: list[SharedTable] = []

    def table(self, experiment: Experiment) -> SharedTable:
        """Return where an experiment's data and features lie, having put them there."""
        import ray

        source, strategy = experiment.source, experiment.features
        for known in self._made:
            if (known.source, known.strategy) == (source, strategy):
                return known
        dataset = self._cache.dataset(source)
        table = self._cache.table(dataset, strategy)
        place = next((ref for one, ref in self._datasets if one == source), None)
        if place is None:
            place = ray.put(dataset)
            self._datasets.append((source, place))
        own = None if table is dataset.table else ray.put(table)
        self._made.append(SharedTable(source, strategy, place, own))
        return self._made[-1]
