"""The folder of a kept model: the classifier's files, and `threshold.json` for the decision.

`model.json` says what the classifier is and how its columns are prepared (see `model.saved`).
`threshold.json` is the run's own document (see `report.threshold_json`). In its `decision` stand,
besides the calibrator and the rule, what belongs to this one fit: `correction`, the shares of
positives by which the prior is corrected (null: it is not), and `costs`, fitted on its rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cutscore.cost.saved import cost_from_json
from cutscore.errors import StoreError
from cutscore.model import load_fitted
from cutscore.model.saved import columns_of, read_description
from cutscore.preparation import Preparation, PreparedColumn
from cutscore.report.threshold_json import SCHEMA_VERSION, json_text
from cutscore.scoring.decision import Decision, TrainedShares
from cutscore.scoring.kept_model import KeptModel

THRESHOLD_JSON = "threshold.json"


def save_model(folder: Path, model: KeptModel, document: Mapping[str, Any]) -> None:
    """Write a model to `folder`; `document` is the `threshold.json` of its run."""
    model.fitted.save(folder, model.preparation.to_json())
    costs = None if model.prices is None else model.prices.to_json()
    of_this_fit = {"correction": model.shares.to_json(), "costs": costs}
    body = {**document, "decision": {**document["decision"], **of_this_fit}}
    (folder / THRESHOLD_JSON).write_text(json_text(body), encoding="utf-8")


def load_model(folder: Path) -> KeptModel:
    """Load a model, as this version or an older one kept it.

    Raises
    ------
    StoreError
        If something is missing, damaged or of a newer version.
    """
    description = read_description(folder)
    state = description["preparation"]
    preparation = (
        Preparation(tuple(PreparedColumn(column) for column in columns_of(description)))
        if state is None
        else Preparation.from_json(state)
    )
    document = _read_document(folder / THRESHOLD_JSON)
    decision = None if document is None else Decision.from_json(document)
    said = {} if document is None else document.get("decision", {})
    needed = decision is not None and decision.rule.needs_costs
    return KeptModel(
        preparation=preparation,
        fitted=load_fitted(folder),
        shares=TrainedShares.from_json(said.get("correction")),
        decision=decision,
        prices=cost_from_json(said.get("costs") or {}) if needed else None,
    )


def _read_document(path: Path) -> dict[str, Any] | None:
    """Return what `threshold.json` holds, None if there is no such file."""
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StoreError(f"{path} is damaged: {error}.") from error
    version = document.get("schema_version", 1) if isinstance(document, dict) else None
    if version not in range(1, SCHEMA_VERSION + 1):
        raise StoreError(
            f"{path} has schema {version!r}, this version of Cutscore reads up to {SCHEMA_VERSION}."
        )
    return dict(document)
