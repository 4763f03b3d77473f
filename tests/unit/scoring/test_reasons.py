"""Why rows score as they do: contributions by raw column, against a reference group, in words."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError, StoreError
from cutscore.experiment import ExperimentCache, execute, prepare, refit
from cutscore.experiment.reference import with_reference
from cutscore.model.contributions import log_odds
from cutscore.report.settings import ReportSettings
from cutscore.report.threshold_json import run_json
from cutscore.scoring.decision import Decision
from cutscore.scoring.folder import load_model, save_model
from cutscore.scoring.reasons import ScoreReason, reason_type
from cutscore.scoring.scorer import Scorer

ADDITIVE = ("lightgbm", "xgboost", "logistic_regression")
MODELS = {
    "lightgbm": ["model.params.n_estimators=8"],
    "xgboost": ["model.params.n_estimators=8"],
    "logistic_regression": [],
    "random_forest": ["model.params.n_estimators=8"],
}
COMMON = [
    "data.drop=[branch]",
    "report.bootstrap=0",
    "features=combined",
    "calibration=sigmoid",
    '+data.domain.HALF="income / 2"',
    '+data.domain.PER_YEAR="income / AGE"',
    "+data.domain.NEW=\"purpose = 'car'\"",
    "data.polynomial=[age,day]",
    '+data.labels={income: "monthly income", PER_YEAR: "income per year"}',
]
COLUMNS = ["income", "age", "purpose", "day", "PER_YEAR", "age*day"]


@pytest.fixture(scope="module")
def composer():
    return Composer(find_layers(working_dir=packaged_folder()))


@pytest.fixture(scope="module")
def kept(composer, loans, loans_csv, tmp_path_factory):
    """Make kept models on the loans, each once: the scorer, the prepared data, the folder."""
    fitted, made = {}, {}

    def fit(name, *more):
        given = [word for word in loans if not word.startswith(("model.params", "data.drop"))]
        words = [*given, *COMMON, f"model={name}", *MODELS[name], *more]
        plan = compose_plan(composer, parse_overrides(words))
        cache = ExperimentCache()
        prepared = prepare(plan.experiment, cache)
        document = run_json(execute(plan.experiment, prepared, cache))
        model = refit(plan.experiment, prepared, cache, Decision.from_json(document))
        return model, prepared, document

    def keep(name, *more, **settings):
        if (name, *more) not in fitted:
            fitted[name, *more] = fit(name, *more)
        key = (name, *more, *settings.items())
        if key not in made:
            model, prepared, document = fitted[name, *more]
            folder = tmp_path_factory.mktemp("kept")
            save_model(
                folder, with_reference(model, prepared, ReportSettings(**settings), 42), document
            )
            made[key] = Scorer(load_model(folder)), prepared, folder
        return made[key]

    return keep


@pytest.fixture(scope="module")
def rows(loans_csv):
    return pd.read_csv(loans_csv).drop(columns=["defaulted", "branch"])


@pytest.mark.parametrize("name", MODELS)
def test_base_and_contributions_add_up_to_the_log_odds_of_the_score(kept, rows, name):
    scorer, _, _ = kept(name)
    told = scorer.explain(rows)
    assert [raw.name for raw in told.columns] == COLUMNS
    assert told.labels == ("monthly income", "age", "purpose", "day", "income per year", "age*day")
    odds = log_odds(scorer.decide(rows).score)
    if name in ADDITIVE:
        np.testing.assert_allclose(told.base + told.log_odds.sum(axis=1), odds, atol=2e-5)
    else:
        assert told.method == "replacement"
        assert np.corrcoef(told.log_odds.sum(axis=1), odds)[0, 1] > 0.8
    np.testing.assert_allclose(told.points, told.log_odds * 20 / math.log(2))


@pytest.mark.parametrize("name", ["lightgbm", "logistic_regression"])
def test_what_is_made_of_one_column_is_added_to_it(kept, rows, name):
    """Compare with the classifier's own contributions, summed by hand."""
    scorer, prepared, _ = kept(name)
    model = scorer.model
    table = model.preparation.transform(prepared.table)
    made = model.fitted.contributions(table, model.group.usual).values - model.group.means
    names = [column.name for column in table.columns]
    told = scorer.explain(rows)
    of = {
        "income": ["income", "HALF"],
        "age": ["age", "age^2"],
        "day": ["day", "day^2"],
        "purpose": ["NEW", *(name for name in names if name.startswith("purpose"))],
        "PER_YEAR": ["PER_YEAR"],
        "age*day": ["age*day"],
    }
    assert sorted(each for group in of.values() for each in group) == sorted(names)
    for at, column in enumerate(COLUMNS):
        summed = made[:, [names.index(each) for each in of[column]]].sum(axis=1)
        np.testing.assert_allclose(told.log_odds[:, at], summed, atol=1e-12)


def test_a_row_is_explained_alone_as_among_others(kept, rows):
    for name in MODELS:
        scorer, _, _ = kept(name)
        some = rows.iloc[:40:13]
        alone = [scorer.explain(row).log_odds for row in some.to_dict("records")]
        assert np.concatenate(alone).tobytes() == scorer.explain(some).log_odds.tobytes()


GROUPS = {
    "unflagged": lambda flagged, target: ~flagged,
    "negatives": lambda flagged, target: target == 0,
    "all": lambda flagged, target: np.ones(len(target), dtype=bool),
}


@pytest.mark.parametrize("against", GROUPS)
def test_the_group_has_no_reasons_on_average(kept, rows, against):
    scorer, prepared, _ = kept("lightgbm", reasons_against=against)
    answer = scorer.decide(rows)
    assert 0 < answer.flagged.sum() < len(rows)
    there = GROUPS[against](answer.flagged, prepared.dataset.target)
    mean = scorer.explain(rows).points[there].mean(axis=0)
    np.testing.assert_allclose(mean, 0, atol=1e-9)
    assert scorer.model.group.rows == there.sum()


def test_where_all_are_flagged_all_are_the_group(kept, rows):
    scorer, _, _ = kept("lightgbm", "threshold=bayes", "cost.false_negative=1000000")
    assert scorer.decide(rows).flagged.all()
    assert scorer.model.group.against == "all training rows"


def test_the_scale_is_a_setting(kept, rows):
    one = kept("lightgbm")[0].explain(rows)
    other = kept("lightgbm", points_to_double=40.0)[0].explain(rows)
    np.testing.assert_allclose(2 * one.points, other.points)
    assert one.log_odds.tobytes() == other.log_odds.tobytes()


def test_flagged_rows_get_their_reasons_the_strongest_first(kept, rows):
    scorer, _, _ = kept("lightgbm")
    answer, told = scorer.decide(rows, reasons=2), scorer.explain(rows)
    assert [row is not None for row in answer.reasons.rows] == answer.flagged.tolist()
    for at in np.flatnonzero(answer.flagged):
        expected = sorted((p, COLUMNS[c]) for c, p in enumerate(-told.points[at]) if -p >= 0.5)[:2]
        assert [(-each.points, each.column) for each in answer.reasons.rows[at]] == expected
    everyone = scorer.decide(rows, reasons=6, reasons_for="all").reasons.rows
    assert all(row is not None for row in everyone)
    assert {len(row) for row in everyone} > {3, 5}
    assert all(each.points >= 0.5 for row in everyone for each in row)
    assert scorer.decide(rows).reasons is None


def test_an_answer_carries_reasons_in_every_form(kept, rows):
    scorer, _, _ = kept("lightgbm")
    answer = scorer.decide(rows, reasons=3)
    at = int(np.flatnonzero(answer.flagged)[0])
    first = answer.reasons.rows[at][0]
    records = answer.to_records()
    assert json.loads(json.dumps(records[at]))["reasons"][0] == {
        "column": first.column,
        "label": first.label,
        "value": first.value,
        "points": first.points,
        "log_odds": first.log_odds,
        "text": first.text,
    }
    table = answer.to_arrow()
    assert table.schema.field("reasons").type == reason_type()
    assert table["reasons"].to_pylist() == [record["reasons"] for record in records]
    assert table["reasons"].null_count == (~answer.flagged).sum()
    texts = answer.to_arrow(reasons_as="texts")
    assert texts.column_names[-3:] == ["reason_1", "reason_2", "reason_3"]
    assert texts.schema.field("reason_3").type == pa.string()
    assert texts["reason_1"][at].as_py() == first.text
    assert answer.to_pandas()["reason_1"].iloc[at] == first.text


@pytest.mark.parametrize("name", MODELS)
def test_no_rows_have_no_reasons(kept, rows, name):
    scorer, _, _ = kept(name)
    none = scorer.decide(rows.iloc[:0], reasons=2, reasons_for="all").to_arrow()
    assert none.schema.field("reasons").type == reason_type()
    assert none.num_rows == 0
    assert len(scorer.explain(rows.iloc[:0])) == 0
    calm = scorer.decide(rows, reasons=2).flagged
    answer = scorer.decide(rows[~calm].head(3), reasons=2)
    assert answer.reasons.rows == [None, None, None]


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (41.4, "late: 3 (+41 points)"),
        (-0.7, "late: 3 (-1 point)"),
        (1234, "late: 3 (+1,234 points)"),
    ],
)
def test_a_reason_in_words(points, text):
    assert ScoreReason("L", "late", "3", points, 0.1).text == text


def test_explanations_have_all_reasons_with_what_the_row_has(kept, rows):
    scorer, _, _ = kept("logistic_regression")
    row = rows.iloc[0].to_dict() | {"purpose": "boat", "income": None}
    (record,) = scorer.explain(row).to_records()
    assert record["loan_id"] == rows["loan_id"][0]
    values = {each["column"]: each["value"] for each in record["reasons"]}
    assert values["purpose"] == "not met in training"
    assert values["income"] == "missing"
    assert values["PER_YEAR"] == "missing"
    assert values["age"] == str(row["age"])
    assert values["day"] == row["day"]
    points = [each["points"] for each in record["reasons"]]
    assert points == sorted(points, reverse=True)
    frame = scorer.explain(rows).to_pandas()
    assert frame.index.name == "loan_id"
    assert frame.columns.tolist() == COLUMNS
    assert scorer.explain(rows).to_arrow().column_names == ["loan_id", *COLUMNS]


def test_a_model_of_an_older_version_is_explained_against_the_base_value(kept, rows, tmp_path):
    for name in MODELS:
        scorer, _, folder = kept(name)
        for file in folder.iterdir():
            if file.name != "reasons.json":
                (tmp_path / file.name).write_bytes(file.read_bytes())
        older = Scorer(load_model(tmp_path)).explain(rows)
        assert older.group.against == "the base value of the classifier"
        if name in ADDITIVE:
            shift = older.log_odds - scorer.explain(rows).log_odds
            np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-9)
            odds = log_odds(scorer.decide(rows).score)
            np.testing.assert_allclose(older.base + older.log_odds.sum(axis=1), odds, atol=2e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"format": 2}', "has format 2, this version of Cutscore reads format 1"),
        ('{"format": 1}', "is damaged: 'against'"),
        (
            '{"format": 1, "against": "all", "rows": 3, "points_to_double": 20, "means": [1],'
            ' "typical": [null]}',
            "it is not about the",
        ),
    ],
)
def test_a_damaged_reference_is_an_error(kept, tmp_path, text, message):
    for file in kept("lightgbm")[2].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "reasons.json").write_text(text)
    with pytest.raises(StoreError, match=message):
        load_model(tmp_path)


def test_reasons_that_cannot_be_had_are_refused(kept, rows, tmp_path):
    scorer, _, folder = kept("lightgbm")
    with pytest.raises(RequestError, match="reasons: a number from 0 is needed, got -1"):
        scorer.decide(rows, reasons=-1)
    with pytest.raises(RequestError, match="reasons_for: flagged or all is needed, got 'some'"):
        scorer.decide(rows, reasons=1, reasons_for="some")
    for file in folder.iterdir():
        if file.name != "threshold.json":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    undecided = Scorer(load_model(tmp_path))
    with pytest.raises(RequestError, match="reasons_for: this model was kept without a decision"):
        undecided.decide(rows, reasons=1)
    assert undecided.decide(rows, reasons=1, reasons_for="all").reasons is not None
