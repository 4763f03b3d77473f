"""The settings that both boosting libraries share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Lt

from cutscore.errors import Fault, RequestError
from cutscore.model import Needs, Refit, Session, TableToFit
from cutscore.model.class_factors import booster_factors
from cutscore.model.column_lists import list_faults
from cutscore.model.parameters import Vocabulary, check_parameters
from cutscore.model.stopping import Stopping
from cutscore.records import ClassFactors, Table, Target, TrainingRows

_TRIED_ROWS = 50
"""Rows of each class in a trial fit: the libraries refuse settings whatever the rows are."""

# The places in their sources, and the stacks, that the libraries tell with a refusal.
_PLACES = re.compile(
    r"(^\[[\d:]+\] \S+: )|( at \S+, line \d+ ?\.?)|(\s*\bStack trace:.*)", re.DOTALL
)


@dataclass(frozen=True)
class BoostedTrees(ABC):
    """Gradient-boosted trees; they take missing values and categories as they are.

    `params` are the library's, under any of its names for them. `early_stopping_rounds` is for how
    many rounds the loss of training rows held back (see `Stopping`) may fail to fall.
    """

    vocabulary: ClassVar[Vocabulary]

    params: Mapping[str, Any] = field(default_factory=dict)
    early_stopping_rounds: Annotated[int, Ge(1)] | None = None
    early_stopping_fraction: Annotated[float, Gt(0), Lt(1)] = 0.1
    refit: Refit = False

    def __post_init__(self) -> None:
        """Refuse parameters that the library does not know or that are set elsewhere."""
        check_parameters(self.params, self.vocabulary)
        reason = self._never_stops()
        if self.early_stopping_rounds is not None and reason is not None:
            raise ValueError(f"early_stopping_rounds cannot be set with {reason}")

    @property
    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    @property
    def stopping(self) -> Stopping | None:
        """When to stop, seeded as the booster is; None for never."""
        if self.early_stopping_rounds is None:
            return None
        seed = int(self.vocabulary.value(self.params, "seed", 0))
        return Stopping(self.early_stopping_rounds, self.early_stopping_fraction, seed)

    @property
    def no_prefix(self) -> str | None:
        """Why the first trees are not those of a smaller fit, None where they are."""
        if self.early_stopping_rounds is not None:
            return "early_stopping_rounds decides the number of trees"
        return self._never_stops()

    def class_factors(self, negatives: float, positives: float) -> ClassFactors:
        """Return what the parameters do to so many training rows of each class."""
        canonical = self.vocabulary.canonical
        params = {canonical[name]: value for name, value in self.params.items()}
        return booster_factors(params, negatives, positives)

    def check(self, table: Table, target: Target) -> None:
        """Check the parameters: lists against the columns, and all by a fit of one small tree.

        Raises
        ------
        RequestError
            If lists do not suit the columns, or the library refuses to fit.
        """
        faults = list(list_faults(self.params, self.vocabulary, table.columns))
        if faults:  # a fit might end the process
            raise RequestError(faults)
        canonical, rounds = self.vocabulary.canonical, self.vocabulary.canonical["n_estimators"]
        kept = {name: value for name, value in self.params.items() if canonical[name] != rounds}
        once = replace(self, params={**kept, rounds: 1}, early_stopping_rounds=None)
        rows = [np.flatnonzero(target == one)[:_TRIED_ROWS] for one in (0, 1)]
        some = np.sort(np.concatenate(rows))
        try:
            once.session(TableToFit(table, target, 1)).fit(TrainingRows(some), table)
        except Exception as error:
            raise RequestError(self._refused(str(error))) from error

    def _refused(self, text: str) -> Fault:
        """Return what the library has said of the parameters, naming those that it means."""
        words = " ".join(_PLACES.sub("", text).split()).rstrip(".")

        def told(word: object) -> bool:
            if not isinstance(word, str) or not word:
                return False
            return re.search(rf"\b{re.escape(word)}\b", words, re.IGNORECASE) is not None

        canonical = self.vocabulary.canonical
        meant = [name for name in self.params if told(name) or told(canonical[name])]
        meant = meant or [name for name, value in self.params.items() if told(value)]
        setting = f"model.params.{meant[0]}" if len(meant) == 1 else "model.params"
        problem = f"{self.vocabulary.library} refuses these settings: {words}."
        return Fault(setting, problem, f"Given: {dict(self.params)}.")

    @abstractmethod
    def session(self, data: TableToFit) -> Session:
        """Open a session."""

    @abstractmethod
    def _never_stops(self) -> str | None:
        """Return the parameter that rules early stopping out and why, or None."""
