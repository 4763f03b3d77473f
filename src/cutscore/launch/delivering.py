"""What a run leaves behind besides its record when it is the final delivery."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from cutscore.batch.predicting import PredictOptions, predict
from cutscore.batch.scored_rows import ROWS
from cutscore.config.build import Plan
from cutscore.data.relational.new_folder import FolderSettings
from cutscore.data.settings import LineSettings
from cutscore.data.unlabelled import APPLY
from cutscore.errors import blaming
from cutscore.experiment import Prepared
from cutscore.experiment.reference import sample_explanation
from cutscore.launch.provenance import code_tags, environment_text
from cutscore.report.items import Item, TableFile, Tag
from cutscore.report.model_card import CardFacts, card_items
from cutscore.report.record_spec import DELIVERY_TAG, UNDEFINED_PREFIX, WEIGHT
from cutscore.report.result import Result
from cutscore.report.threshold_json import run_json
from cutscore.scoring.kept_model import KeptModel
from cutscore.scoring.overview import explained_items
from cutscore.scoring.scorer import Scorer

SUBMISSION = "submission.csv"
_LIBRARIES = ("numpy", "duckdb", "lightgbm", "xgboost-cpu", "scikit-learn", "imbalanced-learn")


@dataclass(frozen=True, eq=False)
class Delivery:
    """A run that is delivered: its name, id and plan, what it gave, and the model fitted on all."""

    name: str
    run_id: str
    plan: Plan
    prepared: Prepared
    result: Result
    model: KeptModel


def delivery_items(delivery: Delivery, metrics: Mapping[str, float]) -> Iterator[Item]:
    """Yield predictions (out of fold, and of unlabelled rows), what columns add, the model card.

    `metrics` are those of the run, by name.
    """
    plan, prepared, result = delivery.plan, delivery.prepared, delivery.result
    yield Tag(DELIVERY_TAG, "true")
    yield TableFile("train_predictions.csv", _predictions(result))
    yield _submission(delivery)
    explained = sample_explanation(delivery.model, prepared, plan.experiment.seed)
    yield from explained_items(explained, delivery.name, plan.report.top_features)
    card = CardFacts(
        name=delivery.name,
        run_id=delivery.run_id,
        dataset=prepared.dataset,
        features=len(prepared.table.columns),
        result=result,
        document=run_json(result),
        metrics=metrics,
        config=plan.config,
        choices=plan.choices,
        environment=_environment(plan, prepared),
    )
    yield from card_items(card)


def _predictions(result: Result) -> dict[str, npt.NDArray[Any]]:
    """Return the scores of rows by models, and calibrators, that had not seen them.

    A `probability` is missing where there is no such calibrator: in the first part in time order.
    """
    oof = result.oof
    weights = {} if oof.weights is None else {WEIGHT: oof.weights}
    return {
        "id": result.ids,
        "repeat": oof.repeat,
        "fold": oof.fold,
        "target": oof.target,
        "score": oof.score,
        "probability": result.cross_calibrated,
        **weights,
    }


def _submission(delivery: Delivery) -> Item:
    """Return the probabilities of the unlabelled rows by their ids, or why there are none."""
    import pyarrow.parquet as pq

    path = delivery.plan.experiment.unlabelled
    if path is None:
        reason = "there are no unlabelled rows (data.apply)"
        return Tag(f"{UNDEFINED_PREFIX}{SUBMISSION}", reason)
    source = delivery.plan.experiment.data
    settings = FolderSettings.like(source) if isinstance(source, LineSettings) else FolderSettings()
    options = PredictOptions(settings=settings, ignore_unknown=True)
    with tempfile.TemporaryDirectory(prefix="cutscore-") as folder, blaming(APPLY, ROWS):
        made = Path(folder) / "scored.parquet"
        predict(Scorer(delivery.model), path, made, options)
        scored = pq.read_table(made)
    id_column = scored.schema.names[0]
    frame = {name: scored.column(name).to_numpy() for name in (id_column, "probability")}
    return TableFile(SUBMISSION, frame)


def _environment(plan: Plan, prepared: Prepared) -> dict[str, str]:
    """Return what made the run, by label."""
    lines = environment_text().splitlines()
    installed = dict(line.split("==", 1) for line in lines if "==" in line)
    tags = code_tags()
    dirty = " (with changes)" if tags["git_dirty"] == "true" else ""
    return {
        "Cutscore": tags["cutscore_version"],
        "commit": f"{tags['git_commit']}{dirty}",
        "fingerprint": plan.fingerprint(prepared.dataset.digest),
        **{line.split(" ")[1]: line.split(" ", 2)[2] for line in lines if line.startswith("# ")},
        **{library: installed[library] for library in _LIBRARIES if library in installed},
    }
