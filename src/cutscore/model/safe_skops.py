"""Saving and loading scikit-learn classifiers with skops, under an allow-list of our own.

A skops file says which types it needs. That list, and the one an MLflow model carries, come with
the file and prove nothing: here every type that the file names must be on this module's list, and
skops' own audit comes on top. Trees are indexed by scikit-learn without bounds checks, so the
nodes of a loaded tree are checked as well.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cutscore.errors import Fault, RequestError, StoreError, listed

_TREE = "sklearn.tree._tree.Tree"

ALLOWED_TYPES = frozenset(
    {f"builtins.{name}" for name in ("bool", "dict", "float", "int", "list", "str", "tuple")}
    | {f"numpy.{name}" for name in ("bool", "bool_", "dtype", "float32", "float64", "ndarray")}
    | {f"numpy.{name}" for name in ("int8", "int32", "int64", "uint8", "uint32", "uint64")}
    | {
        "numpy.random._generator.Generator",
        "numpy.random.mtrand.RandomState",
        "scipy.sparse._csr.csr_matrix",
        "scipy.sparse._csc.csc_matrix",
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss._loss.CyExponentialLoss",
        "sklearn._loss.link.HalfLogitLink",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.loss.ExponentialLoss",
        "sklearn._loss.loss.HalfBinomialLoss",
        _TREE,
    }
)
# Classes of scikit-learn that hold plain arrays; skops must know them too.
_ALLOWED_CLASSES = re.compile(
    r"sklearn\.(discriminant_analysis|dummy|ensemble|linear_model|naive_bayes|neural_network"
    r"|preprocessing|tree)(\._[a-z_]+)?\.[A-Z][A-Za-z]*"
)
# What makes a function, method or partial call of names in the file is not among these.
_ALLOWED_LOADERS = frozenset(
    {
        *("DictNode", "JsonNode", "ListNode", "TupleNode", "TypeNode", "SliceNode"),
        *("NdArrayNode", "DTypeNode", "RandomStateNode", "RandomGeneratorNode", "SparseMatrixNode"),
        *("ObjectNode", "LossNode", "TreeNode"),
    }
)


def save_checked(estimator: Any, file: Path, name: str) -> None:
    """Write a classifier, unless `load_checked` would refuse it.

    Raises
    ------
    RequestError
        If it holds types that are not allowed; nothing is left behind.
    """
    import skops.io

    skops.io.dump(estimator, file)
    refused = _refused_types(file)
    if refused:
        file.unlink()
        raise RequestError(
            Fault(
                "model.refit",
                f"{name} cannot be saved without pickle: it holds {listed(refused)}, which are "
                "not among the types allowed in a saved model.",
                "Use model.refit=false with this classifier, or model=lightgbm, xgboost, "
                "random_forest or logistic_regression.",
            )
        )


def load_checked(file: Path) -> Any:
    """Load a classifier whose types are all allowed and whose trees are sound.

    Raises
    ------
    StoreError
        If the file is damaged, names a type that is not allowed, or holds a tree that points
        outside its nodes or columns.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    refused = _refused_types(file)
    if refused:
        raise StoreError(f"{file} is not loaded: it names types not allowed: {listed(refused)}.")
    try:
        estimator = skops.io.load(file, trusted=[_TREE])
    except UntrustedTypesFoundException as error:
        raise StoreError(f"{file} is not loaded: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{file} is damaged: {error}.") from error
    _check_trees(estimator, file)
    return estimator


def _refused_types(file: Path) -> list[str]:
    """Return the types named in the file that are not allowed, and what skops would refuse."""
    import skops.io

    named = {
        type_name
        for type_name, loader in _named_types(_schema(file))
        if loader not in _ALLOWED_LOADERS or not _allowed(type_name)
    }
    unknown_to_skops = {t for t in skops.io.get_untrusted_types(file=file) if t != _TREE}
    return sorted(named | unknown_to_skops)


def _allowed(type_name: str) -> bool:
    return type_name in ALLOWED_TYPES or _ALLOWED_CLASSES.fullmatch(type_name) is not None


def _schema(file: Path) -> Any:
    try:
        with zipfile.ZipFile(file) as archive:
            return json.loads(archive.read("schema.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise StoreError(f"{file} is not a skops file: {error}.") from error


def _named_types(node: Any) -> Iterator[tuple[str, str]]:
    """Yield (type, loader) of every object that a schema describes."""
    if isinstance(node, dict):
        if "__loader__" in node:
            type_name = f"{node.get('__module__')}.{node.get('__class__')}"
            yield type_name, str(node["__loader__"])
        for child in node.values():
            yield from _named_types(child)
    elif isinstance(node, list):
        for child in node:
            yield from _named_types(child)


def _check_trees(estimator: Any, file: Path) -> None:
    """Refuse trees that would read outside their nodes or columns, or never end."""
    trees = list(_trees(estimator))
    in_file = sum(loader == "TreeNode" for _, loader in _named_types(_schema(file)))
    if len(trees) != in_file:
        raise StoreError(f"{file} is not loaded: it holds trees in places that are not checked.")
    columns = getattr(estimator, "n_features_in_", 0)
    if not all(_sound(tree, columns) for tree in trees):
        raise StoreError(f"{file} is not loaded: a tree points outside its nodes or columns.")


def _trees(estimator: Any) -> Iterator[Any]:
    """Yield the trees of a tree, a forest or a boosted ensemble."""
    if hasattr(estimator, "tree_"):
        yield estimator.tree_
    members = getattr(estimator, "estimators_", ())
    for member in np.asarray(members, dtype=object).ravel() if len(members) else ():
        yield from _trees(member)


def _sound(tree: Any, columns: int) -> bool:
    """Whether children come after their parents and within the nodes, columns within the table."""
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    inner = np.flatnonzero(left != -1)
    in_order = (left[inner] > inner) & (right[inner] > inner)
    within = (left[inner] < tree.node_count) & (right[inner] < tree.node_count)
    column_known = (feature[inner] >= 0) & (feature[inner] < columns)
    return tree.node_count > 0 and bool(np.all(in_order & within & column_known))
