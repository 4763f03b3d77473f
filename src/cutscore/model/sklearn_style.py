"""Any classifier with scikit-learn's `fit` and `predict_proba`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError
from cutscore.model import Needs, Refit, TableToFit
from cutscore.model.class_factors import estimator_factors
from cutscore.model.contributions import Contributions, by_replacement
from cutscore.model.estimators import check_estimator, find_class, make_estimator
from cutscore.model.safe_skops import load_checked, save_checked
from cutscore.model.saved import ModelForm, write_description
from cutscore.model.training import training_arrays, values_at
from cutscore.records import ClassFactors, Column, Rows, Scores, Table, Target, TrainingRows, Values

_ROWS_AT_ONCE = 4_096
_FORM = ModelForm("sklearn", "model.skops", ("scikit-learn", "skops"))


@dataclass(frozen=True)
class SklearnClassifier:
    """A scikit-learn-style classifier, by the import path of its class.

    `params` are its constructor's; `random_state`, where it has one, is `seed` unless given.
    `impute`, `encode` and `scale` say how columns are prepared for it.
    """

    estimator: str
    params: Mapping[str, Any] = field(default_factory=dict)
    impute: bool = True
    encode: bool = True
    scale: bool = False
    seed: int = 42
    refit: Refit = False

    def __post_init__(self) -> None:
        """Refuse a class that cannot be imported or used, and parameters it does not have."""
        check_estimator(self.estimator, self.params, self.seed)

    @property
    def needs(self) -> Needs:
        """What the settings say."""
        return Needs(impute=self.impute, encode=self.encode, scale=self.scale)

    @property
    def takes_weights(self) -> bool:
        """Whether the classifier's `fit` takes `sample_weight`."""
        from sklearn.utils.validation import has_fit_parameter

        return bool(has_fit_parameter(find_class(self.estimator), "sample_weight"))

    @property
    def what(self) -> str:
        """The import path of its class."""
        return self.estimator

    def class_factors(self, negatives: float, positives: float) -> ClassFactors:
        """Return what the parameters do to so many training rows of each class."""
        return estimator_factors(self.estimator, self.params, negatives, positives)

    def session(self, data: TableToFit) -> SklearnSession:
        """Open a session."""
        return SklearnSession(self, data.target, data.threads)


@dataclass(frozen=True, eq=False)
class SklearnSession:
    """The settings and the target of all rows."""

    settings: SklearnClassifier
    target: Target
    threads: int

    def fit(self, training: TrainingRows, table: Table) -> SklearnFitted:
        """Fit on the training rows.

        Everything runs on one thread, so that scores are the same bit for bit on any machine, but
        for forests, whose trees are seeded one by one and can be grown side by side.

        Raises
        ------
        RequestError
            If the training rows are weighted and the classifier takes no weights.
        """
        from sklearn.ensemble import RandomForestClassifier
        from threadpoolctl import threadpool_limits

        settings = self.settings
        estimator = make_estimator(settings.estimator, settings.params, settings.seed)
        arrays = training_arrays(training, table, self.target)
        weights: dict[str, Any] = {}
        if arrays.weights is not None:
            if not settings.takes_weights:
                raise RequestError(
                    Fault(
                        "sampling",
                        f"{settings.estimator} takes no row weights, which sampling=balanced "
                        "gives.",
                        "Use sampling=none, undersample or smote with this model.",
                    )
                )
            weights = {"sample_weight": arrays.weights}
        forest = isinstance(estimator, RandomForestClassifier)
        if forest:
            estimator.set_params(n_jobs=self.threads)
        # BLAS computes lanes beyond the data, too, and leaves their floating-point flags behind.
        with threadpool_limits(1), np.errstate(invalid="ignore"):
            estimator.fit(arrays.values, arrays.target, **weights)
        if forest:
            # Several jobs add the trees' votes in the order they finish: the last bit would vary.
            estimator.set_params(n_jobs=1)
        return SklearnFitted(table.columns, settings.estimator, estimator)


@dataclass(frozen=True, eq=False)
class SklearnFitted:
    """A fitted classifier; `name` is the import path of its class."""

    columns: tuple[Column, ...]
    name: str
    estimator: Any

    @property
    def trees(self) -> None:
        """Nothing is boosted that stops by rounds."""
        return

    def scores(self, table: Table, rows: Rows | None = None) -> Scores:
        """Return the probability of class 1 (0 if the training rows had no positive)."""
        return self._predict(values_at(table, rows))

    def _predict(self, values: Values) -> Scores:
        from threadpoolctl import threadpool_limits

        if not len(values):
            return np.empty(0)  # scikit-learn wants a row
        weights = self._logit_weights()
        if weights is not None:
            return _logistic(values, weights, self._intercept)
        with threadpool_limits(1):
            probabilities = np.asarray(self.estimator.predict_proba(values), dtype=np.float64)
        position = np.flatnonzero(np.asarray(self.estimator.classes_) == 1)
        if len(position) == 0:
            return np.zeros(len(values))
        return np.ascontiguousarray(probabilities[:, position[0]])

    def importance(self) -> dict[str, float] | None:
        """Return impurity importances or absolute coefficients, where there are any."""
        found = getattr(self.estimator, "feature_importances_", None)
        if found is None:
            found = getattr(self.estimator, "coef_", None)
        if found is None:
            return None
        sizes = np.abs(np.asarray(found, dtype=np.float64)).reshape(-1)
        if len(sizes) != len(self.columns):
            return None
        return {c.name: float(size) for c, size in zip(self.columns, sizes, strict=True)}

    def contributions(self, table: Table, typical: Values, /) -> Contributions:
        """Return coefficients times values of a logistic regression, of others replacements."""
        weights = self._logit_weights()
        if weights is None:
            return by_replacement(table.values, typical, self._predict)
        return Contributions(table.values.astype(np.float64) * weights, self._intercept, "linear")

    @property
    def _intercept(self) -> float:
        return float(np.ravel(self.estimator.intercept_)[0])

    def _logit_weights(self) -> npt.NDArray[np.float64] | None:
        """Return the coefficients, shape (columns,), if the log-odds are linear in the columns."""
        from sklearn.linear_model import LogisticRegression

        if not isinstance(self.estimator, LogisticRegression) or len(self.estimator.classes_) != 2:
            return None
        return np.ravel(np.asarray(self.estimator.coef_, dtype=np.float64))

    def save(self, folder: Path, preparation: Mapping[str, Any] | None = None) -> None:
        """Write the classifier with skops, and `model.json`.

        Raises
        ------
        RequestError
            If it holds types that `load_fitted` would refuse.
        """
        folder.mkdir(parents=True, exist_ok=True)
        save_checked(self.estimator, folder / _FORM.file, self.name)
        write_description(folder, _FORM, self.columns, preparation)


def _logistic(values: Values, weights: npt.NDArray[np.float64], intercept: float) -> Scores:
    """Return the scores of a logistic regression, added up column by column.

    BLAS adds a row's products in another order for one row than for many, so that a row would score
    otherwise alone than in its batch.
    """
    from scipy.special import expit

    odds = np.full(len(values), intercept)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        block, part = values[start : start + _ROWS_AT_ONCE], odds[start : start + _ROWS_AT_ONCE]
        for column, weight in enumerate(weights):
            part += block[:, column].astype(np.float64) * weight
    scores: Scores = expit(odds)
    return scores


def load_skops(file: Path, columns: tuple[Column, ...]) -> SklearnFitted:
    """Load a classifier whose types are all on our own list; see `safe_skops`."""
    estimator = load_checked(file)
    kind = type(estimator)
    return SklearnFitted(columns, f"{kind.__module__}.{kind.__qualname__}", estimator)
