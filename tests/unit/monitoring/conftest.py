"""A small model of loans by month, and later months with each kind of drift."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.data.synthetic.loans_over_time import LoansOverTime
from cutscore.experiment import ExperimentCache, execute, prepare
from cutscore.experiment.drift import drift_reference
from cutscore.launch.keeping import final_model, model_item
from cutscore.report.threshold_json import run_json
from cutscore.scoring.scorer import Scorer


@dataclass(frozen=True)
class Kept:
    """A scorer, and the model's folder."""

    scorer: Scorer
    folder: object


def loans(drift: str, rows: int = 12_000, first: int = 6) -> pa.Table:
    """Return the later half of 12 months."""
    months = [each["loans"] for each in LoansOverTime(rows, 7, 12, drift).make()][first:]
    return pa.concat_tables(
        pa.table({k: pa.array(v, pa.string() if v.dtype == object else None) for k, v in m.items()})
        for m in months
    )


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loans")
    pq.write_table(loans("none", first=0).slice(0, 6_000), folder / "loans.parquet")
    words = ["data=table", f"data.path={folder}/loans.parquet", "data.target=bad", "data.id=loan"]
    words += ["data.time=day", "calibration=sigmoid", "model=logistic_regression", "threads=1"]
    words += ["report.bootstrap=200"]
    plan = compose_plan(
        Composer(find_layers(working_dir=packaged_folder())), parse_overrides(words)
    )
    cache = ExperimentCache()
    prepared = prepare(plan.experiment, cache)
    result = execute(plan.experiment, prepared, cache)
    reference = drift_reference(plan.experiment, prepared, cache, result)
    document = run_json(result)
    final = final_model(plan, prepared, cache, document, reference)
    (folder / "model").mkdir()
    model_item(final, prepared, document).write(folder / "model")
    tags = {"version": "loans/1", "run": "loans", "run_id": "f" * 32}
    return Kept(Scorer(final, "loans@champion", tags), folder / "model")


@pytest.fixture
def later(tmp_path):
    """Write later months and their labels; return both paths."""

    def write(drift="none", table=None):
        table = loans(drift) if table is None else table
        rows, labels = tmp_path / f"{drift}.parquet", tmp_path / f"{drift}_labels.csv"
        pq.write_table(table.drop_columns(["bad"]), rows)
        table.select(["loan", "bad"]).to_pandas().to_csv(labels, index=False)
        return rows, labels

    return write
