"""The settings that both boosting libraries share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Lt

from cutscore.model import Needs, Refit
from cutscore.model.class_factors import booster_factors
from cutscore.model.parameters import Vocabulary, check_parameters
from cutscore.model.stopping import Stopping
from cutscore.records import ClassFactors


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

    def class_factors(self, negatives: float, positives: float) -> ClassFactors:
        """Return what the parameters do to so many training rows of each class."""
        canonical = self.vocabulary.canonical
        params = {canonical[name]: value for name, value in self.params.items()}
        return booster_factors(params, negatives, positives)

    @abstractmethod
    def _never_stops(self) -> str | None:
        """Return the parameter that rules early stopping out and why, or None."""
