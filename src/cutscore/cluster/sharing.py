"""Tables that are loaded and binned once, by the command, and read where they lie on every node."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cutscore.cluster.connecting import ClusterNode
from cutscore.config.ray_settings import RayWords
from cutscore.data import Source
from cutscore.errors import Fault, RequestError
from cutscore.experiment import Experiment, ExperimentCache, shares_bins
from cutscore.features import FeatureStrategy
from cutscore.model import SharesBins, TableToFit
from cutscore.records import Dataset, Table


@dataclass(frozen=True, eq=False)
class SharedTable:
    """A data set, its features and their bins in the cluster's object store.

    Arrays are not copied out of it: processes of a node map the same memory, which is read-only.
    `features` is None where they are the data set's own columns, `bins` where each process makes
    its own; `recipe` is theirs.
    """

    source: Source
    strategy: FeatureStrategy
    dataset: Any
    features: Any
    recipe: str | None
    bins: Any

    def lend(self, cache: ExperimentCache) -> None:
        """Let a process's cache have all of it, unless it has."""
        import ray

        def table_of(dataset: Dataset) -> Table:
            table: Table = dataset.table if self.features is None else ray.get(self.features)
            return table

        dataset = cache.dataset(self.source, lambda: ray.get(self.dataset))
        table = cache.table(dataset, self.strategy, table_of)
        if self.recipe and self.bins:
            cache.lend_bins(table, self.recipe, lambda: ray.get(self.bins))


class Sharing:
    """Puts what `experiments` are made of into the object store, each once.

    Without experiments nothing is put: it is only seen that what is asked for would fit.
    """

    def __init__(
        self,
        cache: ExperimentCache,
        nodes: Sequence[ClusterNode],
        words: RayWords,
        experiments: Sequence[Experiment] | None,
    ) -> None:
        self._cache, self._words = cache, words
        self._smallest = min(nodes, key=lambda node: node.object_store)
        self._bytes = 0
        self._puts = experiments is not None
        self._users = [_origin(experiment) for experiment in experiments or ()]
        self._places: list[tuple[object, Any]] = []
        self._shared: list[tuple[Experiment, SharedTable]] = []

    def table(self, experiment: Experiment) -> SharedTable:
        """Return where an experiment's data and features lie, having put them there.

        So are the bins of the whole table, if another of the experiments may need the same.

        Raises
        ------
        RequestError
            If they do not fit.
        """
        shared = next((shared for known, shared in self._shared if known is experiment), None)
        if shared is None:
            shared = self._share(experiment)
            self._shared.append((experiment, shared))
        return shared

    def _share(self, experiment: Experiment) -> SharedTable:
        source, strategy, recipe = origin = _origin(experiment)
        dataset = self._cache.dataset(source)
        table = self._cache.table(dataset, strategy)
        place = self._place(source, lambda: dataset)
        own = None if table is dataset.table else self._place((source, strategy), lambda: table)
        model, bins = experiment.model, None
        if isinstance(model, SharesBins) and shares_bins(experiment, table):
            to_fit = TableToFit(table, dataset.target, experiment.workers, shared_bins=True)
            if self._users.count(origin) > 1:
                bins = self._place(origin, lambda: model.bins(to_fit))
        return SharedTable(source, strategy, place, own, recipe, bins)

    def _place(self, origin: object, make: Callable[[], object]) -> Any:
        """Return where lies what is made of `origin`, having put it there if all fits."""
        import ray

        for known, place in self._places:
            if known == origin:
                return place
        value = make()
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
        self._places.append((origin, ray.put(value) if self._puts else None))
        return self._places[-1][1]


def _origin(experiment: Experiment) -> tuple[Source, FeatureStrategy, str | None]:
    """Return what data, features and bins are made of; the last is None without bins."""
    model = experiment.model
    recipe = model.bin_recipe if isinstance(model, SharesBins) else None
    return experiment.source, experiment.features, recipe


def _bytes_of(value: object) -> int:
    """Return how many bytes a value's arrays have."""
    sizes: list[int] = []
    pickle.dumps(value, protocol=5, buffer_callback=lambda b: sizes.append(b.raw().nbytes))
    return sum(sizes)
