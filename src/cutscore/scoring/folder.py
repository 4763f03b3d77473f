"""The folder of a kept model: columns, the classifier's files, and the decision.

`inputs.json` says which columns of the file it takes and what is computed from them (see `inputs`).
`reasons.json` says whom a row's reasons compare it with (see `reference`).
`model.json` says what the classifier is and how its columns are prepared (see `model.saved`).
`threshold.json` is the run's own document (see `report.threshold_json`). In its `decision` stand,
besides the calibrator and the rule, what belongs to this one fit: `correction`, the shares of
positives by which the prior is corrected (null: it is not), and `costs`, fitted on its rows.
`check_rows.json` holds made-up rows with the model's answers (see `check_rows`).
`reference.json` says what data and scores looked like (see `drift_reference`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cutscore.cost import FittedCost
from cutscore.cost.saved import cost_from_json
from cutscore.errors import StoreError
from cutscore.model import load_fitted
from cutscore.model.saved import columns_of, read_description
from cutscore.preparation import Preparation, PreparedColumn
from cutscore.report.threshold_json import SCHEMA_VERSION, json_text
from cutscore.scoring.check_rows import CheckRows
from cutscore.scoring.decision import Decision, TrainedShares
from cutscore.scoring.drift_reference import load_drift_reference
from cutscore.scoring.inputs import load_inputs, prepared_inputs
from cutscore.scoring.kept_model import KeptModel
from cutscore.scoring.reference import load_reference

THRESHOLD_JSON = "threshold.json"


def save_model(
    folder: Path,
    model: KeptModel,
    document: Mapping[str, Any],
    check_rows: CheckRows | None = None,
) -> None:
    """Write a model to `folder`; `document` is the `threshold.json` of its run."""
    model.fitted.save(folder, model.preparation.to_json())
    model.inputs.save(folder)
    if model.group is not None:
        model.group.save(folder)
    if model.reference is not None:
        model.reference.save(folder)
    costs = None if model.prices is None else model.prices.to_json()
    of_this_fit = {"correction": model.shares.to_json(), "costs": costs}
    body = {**document, "decision": {**document["decision"], **of_this_fit}}
    (folder / THRESHOLD_JSON).write_text(json_text(body), encoding="utf-8")
    if check_rows is not None:
        check_rows.save(folder)


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
    inputs = load_inputs(folder) or prepared_inputs(preparation)
    return KeptModel(
        inputs=inputs,
        preparation=preparation,
        fitted=load_fitted(folder),
        shares=TrainedShares.from_json(said.get("correction")),
        decision=decision,
        prices=_prices(decision, said.get("costs")),
        group=load_reference(folder, preparation),
        reference=load_drift_reference(folder, inputs.columns),
    )


def _prices(decision: Decision | None, costs: Mapping[str, Any] | None) -> FittedCost | None:
    """Return what rows cost; a rule by rows' own costs cannot do without."""
    needed = decision is not None and decision.rule.needs_costs
    return cost_from_json(costs or {}) if costs or needed else None


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
