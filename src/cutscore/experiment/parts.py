"""What an experiment is made of, and what several of them share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cutscore.calibration import Calibration
from cutscore.cost import Cost, CostMatrix
from cutscore.data import Source
from cutscore.features import FeatureStrategy
from cutscore.metrics.histograms import Counts, TableBins, fit_bins
from cutscore.metrics.moved import ColumnIndexes, column_indexes
from cutscore.metrics.stability import StabilitySettings
from cutscore.model import ChecksTable, KeepsBins, KeptBins, Model, Session, TableToFit
from cutscore.records import (
    Dataset,
    FoldResult,
    Folds,
    RowPeriods,
    Stretch,
    Table,
    Target,
    Undefined,
    Weights,
)
from cutscore.records.weights import effective_rows
from cutscore.sampling import Sampler
from cutscore.threshold import ThresholdRule
from cutscore.validation import Splitter
from cutscore.validation.periods import told_periods


@dataclass(frozen=True)
class Experiment:
    """One resolved configuration.

    Attributes
    ----------
    data, features, validation, sampling, calibration, model, cost, threshold : a strategy each
    seed : of all that draws and has none of its own
    threads : None for all cores; it changes no result
    resamples : how many bootstrap resamples tell how sure the threshold is
    period, stability : the stretch of time by which figures are told as well, None for that of the
        validation or else months; and how periods are judged together
    """

    data: Source
    features: FeatureStrategy
    validation: Splitter
    sampling: Sampler
    calibration: Calibration
    model: Model
    cost: Cost
    threshold: ThresholdRule
    seed: int = 42
    threads: int | None = None
    resamples: int = 1_000
    period: Stretch | None = None
    stability: StabilitySettings = field(default_factory=StabilitySettings)

    @property
    def unlabelled(self) -> Path | None:
        """The table of rows without a target to which a delivered model is applied."""
        ask = getattr(self.source, "unlabelled", None)  # a user's own class may have none
        path: Path | None = None if ask is None else ask()
        return path

    @property
    def source(self) -> Source:
        """The data, without the rows that the costs cannot price, with what others need of it.

        Features need columns as they are in the file, and folds perhaps a column of periods.
        """
        source = self.data.keeping(self.cost.where) if self.cost.where else self.data
        # A user's own classes may have neither: then features are made of what the source loads.
        keep, mentions = (
            getattr(source, "keeping_whole", None),
            getattr(self.features, "mentions", ()),
        )
        source = keep(mentions) if keep and mentions else source
        column = self.validation.period_column
        keep_period = getattr(source, "keeping_period", None)
        return keep_period(column) if keep_period and column is not None else source

    @property
    def workers(self) -> int:
        """Threads that a fit may use."""
        return self.threads or len(os.sched_getaffinity(0))


@dataclass(frozen=True, eq=False)
class Prepared:
    """An experiment's data, features, folds and costs: everything before the first fit.

    Attributes
    ----------
    dataset, table, folds : as loaded, built and split
    costs : of each fold's validation rows, aligned with `folds.splits`; what they estimate they
        estimate on the fold's training rows
    outer_costs : of the outer rows, aligned with `folds.outer` and estimated on the inner rows;
        None where no row is held out
    seconds : wall time per stage
    notes : what a user should know of the costs
    periods : those by which figures are told, or why there are none; None without a time
    """

    dataset: Dataset
    table: Table
    folds: Folds
    costs: tuple[CostMatrix, ...]
    outer_costs: CostMatrix | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    periods: RowPeriods | Undefined | None = None


@dataclass(frozen=True, eq=False)
class FoldProgress:
    """An experiment on its way: the folds that are finished, in order."""

    prepared: Prepared
    finished: Sequence[FoldResult]

    @property
    def done(self) -> int:
        """The number of finished folds."""
        return len(self.finished)

    @property
    def total(self) -> int:
        """The number of all folds."""
        return len(self.prepared.folds.splits)


class ExperimentCache:
    """Keeps what several cells need: loaded data, built features, open model sessions, bins.

    One entry of each kind is kept, which serves a sweep in its own order: cells of one data set,
    one feature strategy and one model follow each other.
    """

    def __init__(self) -> None:
        self._dataset: tuple[Source, Dataset] | None = None
        self._table: tuple[Dataset, FeatureStrategy, Table] | None = None
        self._session: tuple[Table, Model, int, bool, Session] | None = None
        self._bins: tuple[Table, KeptBins] | None = None
        self._checked: tuple[Table, Model] | None = None
        self._counted: tuple[Table, TableBins, Counts] | None = None
        self._periods: tuple[Dataset, str | None, RowPeriods | Undefined | None] | None = None
        self._moved: tuple[Table, RowPeriods, int, ColumnIndexes] | None = None

    def dataset(self, source: Source, load: Callable[[], Dataset] | None = None) -> Dataset:
        """Load a data set, or return the loaded one; `load` knows where it is loaded already."""
        if self._dataset is None or self._dataset[0] != source:
            self._table = self._session = self._bins = None
            self._counted = self._periods = self._moved = None
            self._dataset = (source, (load or source.load)())
        return self._dataset[1]

    def table(
        self,
        dataset: Dataset,
        features: FeatureStrategy,
        build: Callable[[Dataset], Table] | None = None,
    ) -> Table:
        """Build the features of a data set, or return the built ones; `build` has them already."""
        kept = self._table
        if kept is None or kept[0] is not dataset or kept[1] != features:
            self._session = self._bins = None
            self._table = kept = (dataset, features, (build or features.build)(dataset))
        return kept[2]

    def counted(self, table: Table, weights: Weights | None) -> tuple[TableBins, Counts]:
        """Count a table's values by bin, or return what was counted.

        With row weights the counts are those of as many rows as tell as much (Kish 1965).
        """
        kept = self._counted
        if kept is None or kept[0] is not table:
            bins = fit_bins(table.columns, table.values)
            counts = bins.count(table.values, weights=weights)[0]
            if weights is not None:
                counts *= effective_rows(weights) / weights.sum()
            self._counted = kept = (table, bins, counts)
        return kept[1], kept[2]

    def periods(self, experiment: Experiment, dataset: Dataset) -> RowPeriods | Undefined | None:
        """Find the periods of a data set's rows, or return those that were found."""
        kept, period = self._periods, experiment.period or experiment.validation.period
        if kept is None or kept[0] is not dataset or kept[1] != period:
            setting = "report.period" if experiment.period else "validation.period"
            self._periods = kept = (dataset, period, told_periods(dataset, period, setting))
        return kept[2]

    def moved(
        self, table: Table, weights: Weights | None, periods: RowPeriods, first: int
    ) -> ColumnIndexes:
        """Measure how far columns are from where they were in the period `first`, or return it."""
        kept = self._moved
        if kept is None or kept[0] is not table or kept[1:3] != (periods, first):
            bins, _ = self.counted(table, weights)
            found = column_indexes(table, bins, periods, first)
            self._moved = kept = (table, periods, first, found)
        return kept[3]

    def check_model(self, model: Model, table: Table, target: Target) -> None:
        """Check a model against a table, unless it is the one that was last found to suit it."""
        kept = self._checked
        known = kept is not None and kept[0] is table and kept[1] == model
        if isinstance(model, ChecksTable) and not known:
            model.check(table, target)
        self._checked = (table, model)

    def session(self, experiment: Experiment, prepared: Prepared, *, shared: bool) -> Session:
        """Open a model's session on a table, or return the open one."""
        table, model, threads = prepared.table, experiment.model, experiment.workers
        kept = self._session
        if kept is None or kept[0] is not table or kept[1:4] != (model, threads, shared):
            bins = None if self._bins is None or self._bins[0] is not table else self._bins[1]
            target = prepared.dataset.target
            opened = model.session(TableToFit(table, target, threads, shared, bins))
            self._session = kept = (table, model, threads, shared, opened)
            if isinstance(opened, KeepsBins):
                self._bins = (table, opened.bins)
        return kept[4]

    def lend_bins(self, table: Table, recipe: str, load: Callable[[], KeptBins]) -> None:
        """Have sessions use the bins that another process made of a whole table."""
        kept = self._bins
        known = kept is not None and kept[0] is table and kept[1].recipe == recipe
        if kept is None or not known or kept[1].whole is None:
            self._bins = (table, load())
