"""Finding and making scikit-learn-style classifiers by the import path of their class."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from cutscore.errors import nearest


def check_estimator(path: str, params: Mapping[str, Any], seed: int) -> None:
    """Check that a classifier can be made and gives probabilities.

    Raises
    ------
    ValueError
        If the path cannot be imported or is no classifier class, if a parameter is unknown (with
        the nearest) or out of range, or if the classifier has no `predict_proba`.
    """
    kind = find_class(path)
    known = _parameters(kind)
    for name in params:
        if name == "n_jobs":
            raise ValueError(
                "params.n_jobs cannot be set: threads are set once for the whole run, scores do "
                "not depend on them"
            )
        if known is not None and name not in known:
            raise ValueError(f"params.{name} is not a parameter of {path}.{nearest(name, known)}")
    try:
        estimator = make_estimator(path, params, seed)
        if hasattr(estimator, "_parameter_constraints"):
            estimator._validate_params()  # scikit-learn's own ranges, one sentence each
    except (TypeError, ValueError) as error:
        raise ValueError(f"params do not suit {path}: {error}") from error
    if not hasattr(estimator, "predict_proba"):
        hint = " (SVC has one with probability: true)" if path.endswith(".SVC") else ""
        raise ValueError(
            f"estimator {path} has no predict_proba and so gives no scores{hint}: choose a "
            "classifier that gives probabilities"
        )


def find_class(path: str) -> type[Any]:
    """Import a class with `fit` by its path, like `sklearn.ensemble.RandomForestClassifier`.

    Raises
    ------
    ValueError
        If there is none, naming the nearest.
    """
    module_name, _, name = path.rpartition(".")
    if not module_name:
        raise ValueError(
            f'estimator must be the import path of a class, like "sklearn.svm.SVC", got "{path}"'
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ValueError(f'estimator "{path}" cannot be imported: {error}') from error
    found = getattr(module, name, None)
    if found is None:
        classes = [n for n, value in vars(module).items() if inspect.isclass(value)]
        raise ValueError(f'estimator: {module_name} has no class "{name}".{nearest(name, classes)}')
    if not inspect.isclass(found) or not callable(getattr(found, "fit", None)):
        raise ValueError(f'estimator must be a class with a fit method, "{path}" is not')
    return found


def make_estimator(path: str, params: Mapping[str, Any], seed: int) -> Any:
    """Return a new classifier, seeded where it can be and no seed is given."""
    kind = find_class(path)
    known = _parameters(kind)
    seeded = {"random_state": seed} if known is not None and "random_state" in known else {}
    return kind(**{**seeded, **params})


def _parameters(kind: type[Any]) -> list[str] | None:
    """Return the constructor's parameter names, None if it takes any."""
    parameters = list(inspect.signature(kind).parameters.values())
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return None
    return [p.name for p in parameters]
