"""A small model of every kind of column, and a service that answers with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from asgi import Client

from cutscore.calibration.none import NoCalibration
from cutscore.cost.fixed import FixedCost
from cutscore.features.derivation import derivation_of
from cutscore.features.domain import Domain
from cutscore.model import TableToFit
from cutscore.model.lightgbm import LightGBM
from cutscore.preparation import fit_preparation
from cutscore.records import FixedThreshold, RawColumn, RawTable, Table, TrainingRows
from cutscore.scoring.decision import Decision, TrainedShares
from cutscore.scoring.folder import save_model
from cutscore.scoring.inputs import Inputs
from cutscore.scoring.kept_model import KeptModel
from cutscore.scoring.scorer import Scorer
from cutscore.serving.app import build
from cutscore.serving.decision_log import DecisionLog
from cutscore.serving.metrics import Metrics
from cutscore.serving.models import Models
from cutscore.serving.service import Service
from cutscore.serving.settings import ServeSettings

ROWS = 300
COLUMNS = (
    RawColumn("income"),
    RawColumn("late", "integer"),
    RawColumn("owner", "boolean"),
    RawColumn("since", "date"),
    RawColumn("seen", "timestamp"),
    RawColumn("purpose", "category", ("car", "house", "other")),
)
FEATURES = {"PER_LATE": "income / (late + 1)", "LATE_SQUARED": "late * late"}
ROW = {
    "loan_id": 17,
    "income": 2500.5,
    "late": 2,
    "owner": True,
    "since": "2024-02-01",
    "seen": "2024-05-01T10:30:00Z",
    "purpose": "car",
}


def kept_model(seed: int = 0, threshold: float = 0.3) -> KeptModel:
    """Return a model of ten trees, fitted on made rows."""
    rng = np.random.default_rng(seed)
    day = rng.integers(19_700, 20_000, ROWS)
    made = [rng.lognormal(8, 0.5, ROWS), rng.integers(0, 5, ROWS), rng.random(ROWS) < 0.5, day]
    made += [day + rng.random(ROWS), rng.integers(0, 3, ROWS)]
    values = np.column_stack(made).astype(np.float32)
    target = (rng.random(ROWS) < 0.2 + 0.15 * (values[:, 1] > 2)).astype(np.int8)
    raw = RawTable(COLUMNS, ("loan_id", "defaulted"), "loan_id", ("", "NA"))
    columns = tuple(column.column for column in COLUMNS)
    ranges = {
        column.name: (float(values[:, at].min()), float(values[:, at].max()))
        for at, column in enumerate(columns)
        if column.levels is None
    }
    inputs = Inputs(raw, derivation_of(Domain(FEATURES)), ranges)
    whole = {"late": values[:, 1].astype(np.int64), "income": values[:, 0].astype(np.float64)}
    table = inputs.features(Table(columns, values), whole)
    preparation = fit_preparation(table, np.arange(ROWS), impute=False, encode=False, scale=False)
    session = LightGBM({"n_estimators": 10, "num_leaves": 7}).session(
        TableToFit(table, target, threads=1, shared_bins=False)
    )
    fitted = session.fit(TrainingRows(np.arange(ROWS)), table)
    decision = Decision(NoCalibration(), FixedThreshold(threshold))
    shares = TrainedShares(NoCalibration(), 0.0, 0.0)
    return KeptModel(inputs, preparation, fitted, shares, decision, FixedCost(10.0, 1.0))


def scorer(seed: int = 0, **tags: str) -> Scorer:
    """Return a scorer of such a model."""
    return Scorer(kept_model(seed), "loans@champion", {"version": f"loans/{seed}", **tags})


def kept_folder(folder: Path, seed: int = 0) -> Path:
    """Write such a model to a folder."""
    model = kept_model(seed)
    rule = {"kind": "threshold", "threshold": model.decision.rule.threshold}
    decision = {"calibrator": {"kind": "none"}, "rule": rule}
    folder.mkdir(parents=True, exist_ok=True)
    save_model(folder, model, {"schema_version": 2, "decision": decision})
    return folder


class Served:
    """A service in this process; `client` asks it, `said` is what its log says."""

    def __init__(self, made: Scorer | None = None, named=None, load=None, **told) -> None:
        self.said: list[dict] = []
        self.settings = ServeSettings("loans", access_log=False, **told)
        self.metrics = Metrics()
        self.scorer = made or scorer()
        self.models = Models(self.scorer, load, named, 5.0, self.metrics, self._say)
        self.log = None
        if self.settings.log is not None:
            self.log = DecisionLog(
                self.settings.log, self.settings.log_inputs, self.metrics, self._say
            )
        self.service = Service(self.settings, self.models, self.metrics, self.log)
        self.client = Client(build(self.service))

    def _say(self, event: str, **told) -> None:
        self.said.append({"event": event, "at": datetime.now(UTC), **told})

    def metric(self, name: str) -> float:
        """Return the value of a metric, given with its labels."""
        lines = self.client.get("/metrics").body.decode().splitlines()
        return float(next(line.split()[-1] for line in lines if line.startswith(f"{name} ")))
