"""Rows that a kept model carries: of every kind of column, nobody's, and answered bit for bit."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import StoreError
from cutscore.experiment import ExperimentCache, execute, prepare, refit
from cutscore.report.threshold_json import run_json
from cutscore.scoring.check_rows import CHECK_ROWS_JSON, draw_check_rows, load_check_rows
from cutscore.scoring.decision import Decision
from cutscore.scoring.scorer import Scorer

COLUMNS = ["income", "visits", "purpose", "day", "seen", "owner"]


@pytest.fixture(scope="module")
def frame():
    """Rows with every kind of column, one value in ten missing."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "income": rng.lognormal(8, 0.5, 400),
            "visits": rng.integers(0, 9, 400),
            "purpose": rng.choice(["car", 'it\'s "new"'], 400),
            "day": pd.Timestamp("1969-06-01") + pd.to_timedelta(rng.integers(0, 800, 400), "D"),
            "seen": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.integers(0, 10**14, 400), "us"),
            "owner": rng.choice(["true", "false"], 400),
        }
    )
    frame["day"] = frame["day"].dt.date
    frame["income"] = frame["income"].mask(rng.random(400) < 0.3, -0.0)
    for name in COLUMNS:
        frame[name] = frame[name].astype(object).where(rng.random(400) > 0.1, None)
    return frame.assign(bad=(rng.random(400) < 0.3).astype(int))


@pytest.fixture(scope="module")
def drawn(frame, tmp_path_factory):
    """The check rows of a model of all columns, and what they were drawn for."""
    path = tmp_path_factory.mktemp("raw") / "kinds.csv"
    frame.to_csv(path, index=False)
    words = ["data=table", f"data.path={path}", "data.target=bad", "validation.folds=3"]
    words += ["model.params.n_estimators=5", "report.bootstrap=0", "threads=1", "features=domain"]
    words += ['+data.domain.LATE="hour(seen) + visits"']
    composer = Composer(find_layers(working_dir=packaged_folder()))
    experiment, cache = compose_plan(composer, parse_overrides(words)).experiment, ExperimentCache()
    prepared = prepare(experiment, cache)
    decision = Decision.from_json(run_json(execute(experiment, prepared, cache)))
    model = refit(experiment, prepared, cache, decision)
    return model, draw_check_rows(model, prepared.dataset, prepared.table)


def test_they_have_every_kind_of_column_as_json_has_it(drawn):
    model, carried = drawn
    kinds = {raw.name: raw.kind for raw in model.inputs.raw.columns}
    assert set(kinds.values()) == {
        "number", "integer", "category", "date", "timestamp", "boolean",
    }  # fmt: skip
    assert (len(carried.rows), carried.problem, carried.strayed) == (100, "", 0)
    for name, kind in kinds.items():
        values = [row[name] for row in carried.rows]
        types = {type(value).__name__ for value in values}
        expected = {"number": "float", "integer": "int", "boolean": "bool"}.get(kind, "str")
        assert types == {expected, "NoneType"}


def test_values_are_those_of_the_data_but_no_row_is(drawn, frame):
    def pairs(rows):
        full = [(i, str(s).replace("T", " ")[:19]) for i, s in rows if i and s]
        return {(np.float32(income), seen) for income, seen in full}

    known = pairs(zip(frame["income"], frame["seen"], strict=True))
    own = pairs((row["income"], row["seen"]) for row in drawn[1].rows)
    assert len(own) > 30
    assert {income for income, _ in own} <= set(frame["income"].dropna().astype("float32"))
    assert {seen for _, seen in own} <= {str(moment)[:19] for moment in frame["seen"].dropna()}
    assert len(own & known) <= 2  # chance may bring two values together again


def test_another_bit_in_any_answer_is_seen(drawn, tmp_path):
    model, carried = drawn
    answer = Scorer(model).decide(carried.rows)
    carried.save(tmp_path)
    again = load_check_rows(tmp_path)
    assert again == carried
    assert again.differing(answer) == 0
    score = answer.score.copy()
    score[7] = np.nextafter(score[7], 1)
    flagged = answer.flagged.copy()
    flagged[8] = not flagged[8]
    assert again.differing(dataclasses.replace(answer, score=score, flagged=flagged)) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [({"format": 2}, "has format 2, this version"), ({"rows": "x", "new": 1}, "is damaged")],
)
def test_other_files_are_refused(drawn, tmp_path, change, message):
    assert load_check_rows(tmp_path) is None
    drawn[1].save(tmp_path)
    path = tmp_path / CHECK_ROWS_JSON
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(StoreError, match=message):
        load_check_rows(tmp_path)
