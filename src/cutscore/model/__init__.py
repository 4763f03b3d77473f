"""Classifiers behind one small protocol; the only room that imports lightgbm and xgboost.

A model (the settings) opens a session on a table, the session fits on training rows of that table,
and the fitted classifier gives scores: the probability of class 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from cutscore.model.contributions import Contributions
from cutscore.records import ClassFactors, Column, Rows, Scores, Table, Target, TrainingRows, Values

Refit = bool | Literal["best"]
"""Whether to fit once more on all rows; `best` does it for the best cell of a sweep only."""


@dataclass(frozen=True)
class Needs:
    """What a classifier needs done to its columns first; see `preparation`."""

    impute: bool = False
    encode: bool = False
    scale: bool = False


class Fitted(Protocol):
    """A fitted classifier."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The prepared columns that it was fitted on."""
        ...

    @property
    def trees(self) -> int | None:
        """How many rounds of boosting are kept, or None if it was not boosted."""
        ...

    def scores(self, table: Table, rows: Rows | None = None) -> Scores:
        """Return the probability of class 1, float64, shape (rows,), of all rows or of `rows`."""
        ...

    def importance(self) -> dict[str, float] | None:
        """Return the importance of every column, or None if the classifier has none."""
        ...

    def contributions(self, table: Table, typical: Values, /) -> Contributions:
        """Return what each column adds to each row's score, in log-odds.

        There must be a row. `typical` is a prepared row, shape (columns,), that stands for "nothing
        special"; only classifiers that cannot be taken apart look at it.
        """
        ...

    def save(self, folder: Path, preparation: Mapping[str, Any] | None = None) -> None:
        """Write the classifier to `folder`, without pickle; `load_fitted` reads it.

        `preparation` is what `Preparation.to_json` gave, for whoever has unprepared columns.
        """


class Session(Protocol):
    """One table and target, on which a model is fitted several times."""

    def fit(self, training: TrainingRows, table: Table) -> Fitted:
        """Fit on training rows of `table`: the session's own, or one prepared from it."""
        ...


class Boosting(Protocol):
    """A fit of boosted trees that goes on as far as it is asked to."""

    def grow(self, rounds: int) -> Scores:
        """Boost on to so many rounds, never fewer than before; return scores of watched rows."""
        ...

    def first(self, rounds: int) -> Fitted:
        """Return the model after so many rounds, as a fit of so many gives it, bit for bit.

        `grow` must have stopped at this very number.
        """
        ...


@runtime_checkable
class BoostsOn(Protocol):
    """What a session can do besides where a boosting of many rounds holds all smaller ones."""

    def boost(self, training: TrainingRows, table: Table, watched: Rows) -> Boosting:
        """Begin a fit on training rows of `table` that is watched on other rows of it."""
        ...


@dataclass(frozen=True, eq=False)
class TableToFit:
    """What a session is opened on.

    Attributes
    ----------
    table : Table
        The features of all rows, unprepared.
    target : array of int8, shape (rows,)
        The target of all rows.
    threads : int
        Threads a fit may use; scores are the same with any number.
    shared_bins : bool
        Bin the whole table once, where the model `SharesBins`. Only for fits on this very table
        and without synthetic rows.
    bins : KeptBins or None
        Of this very table and target, made for any model; they may serve again.
    """

    table: Table
    target: Target
    threads: int
    shared_bins: bool = False
    bins: KeptBins | None = None


class Model(Protocol):
    """The settings of a classifier."""

    @property
    def refit(self) -> Refit:
        """Whether the model is fitted once more, on all rows, and kept."""
        ...

    @property
    def needs(self) -> Needs:
        """What has to be done to the columns first."""
        ...

    def session(self, data: TableToFit) -> Session:
        """Open a session."""
        ...


@runtime_checkable
class SharesBins(Protocol):
    """What a model can do besides whose bins may serve several fits."""

    def shares_bins(self, table: Table) -> bool:
        """Whether to bin the whole table once, for all folds."""
        ...

    @property
    def bin_recipe(self) -> str:
        """What decides the bins of a table: where it is the same, they are."""
        ...

    def bins(self, data: TableToFit) -> KeptBins:
        """Bin a whole table."""
        ...


class KeptBins(Protocol):
    """Binned rows of one table, also for another process: they can be pickled."""

    recipe: str
    whole: Any


@runtime_checkable
class KeepsBins(Protocol):
    """What a session can have besides that serves other sessions on the same table."""

    @property
    def bins(self) -> KeptBins:
        """The bins that it made, or was given."""
        ...


@runtime_checkable
class ChecksTable(Protocol):
    """What a model can do besides whose settings must suit the table."""

    def check(self, table: Table, target: Target) -> None:
        """Check them before anything is opened or fitted.

        Raises
        ------
        RequestError
            With what the library behind the model would refuse, or not survive.
        """
        ...


@runtime_checkable
class WeighsClasses(Protocol):
    """What a model can do besides whose own parameters may weigh classes or draw rows by class."""

    def class_factors(self, negatives: float, positives: float) -> ClassFactors:
        """Return what they do to so many training rows of each class."""
        ...


@runtime_checkable
class MayTakeWeights(Protocol):
    """What a model can do besides that cannot be fitted on weighted rows with all its settings."""

    @property
    def takes_weights(self) -> bool:
        """Whether training rows may have weights."""
        ...

    @property
    def what(self) -> str:
        """What takes them or not."""
        ...


def load_fitted(folder: Path) -> Fitted:
    """Return the classifier that `Fitted.save` wrote to `folder`.

    Raises
    ------
    StoreError
        If the folder holds no model, one of an unknown kind, or one with types that are not
        allowed.
    """
    from cutscore.errors import StoreError
    from cutscore.model.saved import MODEL_JSON, columns_of, read_description

    description = read_description(folder)
    file, columns = folder / description["file"], columns_of(description)
    if not file.is_file():
        raise StoreError(f"{folder} holds no whole model: {file.name} is missing.")
    match description["kind"]:
        case "lightgbm":
            from cutscore.model.lightgbm_fitted import load_booster

            return load_booster(file, columns)
        case "xgboost":
            from cutscore.model.xgboost import load_ubjson

            return load_ubjson(file, columns)
        case "sklearn":
            from cutscore.model.sklearn_style import load_skops

            return load_skops(file, columns)
        case kind:
            raise StoreError(f"{folder / MODEL_JSON} names an unknown kind of model: {kind!r}.")
