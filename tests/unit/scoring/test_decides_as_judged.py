"""A kept model decides rows as the run's judge did: every calibration, threshold, cost, model."""

from __future__ import annotations

import itertools
import json

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from cutscore.batch.predicting import predict
from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError
from cutscore.experiment import ExperimentCache, execute, judge, prepare, refit
from cutscore.report.threshold_json import run_json
from cutscore.scoring.check_rows import draw_check_rows, load_check_rows
from cutscore.scoring.decision import Decision
from cutscore.scoring.folder import load_model, save_model
from cutscore.scoring.scorer import Scorer
from cutscore.serving.metrics import Metrics
from cutscore.serving.models import Models
from cutscore.serving.service import Note, Service
from cutscore.serving.settings import ServeSettings

CALIBRATIONS = {
    "none": (),
    "sigmoid": ("sampling=balanced",),
    "isotonic": (),
    "prior": ("sampling=undersample",),
}
MODELS = {
    "lightgbm": (),
    "xgboost": ("model.params.n_estimators=8",),
    "random_forest": ("model.params.n_estimators=8",),
    "logistic_regression": (),
    "dummy": (),
}
THRESHOLDS = {"exact": (), "grid": ("threshold.step=0.01",), "bayes": ()}
COSTS = {
    "fixed": (),
    "columns": (
        "cost.false_negative=loss",
        "cost.false_positive=margin",
        "cost.true_positive=0",
        "cost.true_negative=0",
    ),
    "credit_line": ("cost.income=income",),
}
SAMPLINGS = ("none", "balanced", "undersample", "smote", "smote_undersample", "cost_weighted")
FEATURES = ("baseline", "domain", "polynomial", "combined")
GROUPS = {
    "calibration": CALIBRATIONS,
    "model": MODELS,
    "threshold": THRESHOLDS,
    "cost": COSTS,
}


def chosen(i: int, j: int) -> dict[str, str]:
    """Return one option of each group; over all i and j any two options meet."""
    return {
        "calibration": list(CALIBRATIONS)[i],
        "model": list(MODELS)[j],
        "threshold": list(THRESHOLDS)[(i + j) % 3],
        "cost": list(COSTS)[(i + 2 * j) % 3],
    }


CASES = [chosen(i, j) for i in range(len(CALIBRATIONS)) for j in range(len(MODELS))]
# and all thresholds and calibrations with costs per row, where rules differ most
CASES += [
    {"calibration": calibration, "model": "lightgbm", "threshold": "bayes", "cost": cost}
    for calibration, cost in itertools.product(CALIBRATIONS, ("columns", "credit_line"))
]


def test_any_two_options_meet_in_some_case():
    for one, other in itertools.combinations(GROUPS, 2):
        met = {(case[one], case[other]) for case in CASES}
        assert met == set(itertools.product(GROUPS[one], GROUPS[other]))


@pytest.fixture(scope="module")
def composer():
    return Composer(find_layers(working_dir=packaged_folder()))


@pytest.fixture(scope="module")
def raw(loans_csv, tmp_path_factory):
    """The loans with costs in cents, as a file and as the frame that a caller has."""
    frame = pd.read_csv(loans_csv)
    frame["loss"] = (frame["income"] * 0.13).round(2)
    frame["margin"] = (frame["loss"] / 10).round(2)  # many rows lie on the edge of a decision
    path = tmp_path_factory.mktemp("raw") / "loans.csv"
    frame.to_csv(path, index=False)
    return path, frame.set_index("loan_id")


@pytest.fixture(scope="module")
def planned(composer, loans, raw):
    def plan(*overrides):
        own = ("model.params", "data.path")
        given = [word for word in loans if not word.startswith(own)]
        given += [f"data.path={raw[0]}", "data.amounts=[income,loss,margin]", "report.bootstrap=0"]
        given += ["data.drop=[branch,loss,margin]", "validation.outer=holdout", *overrides]
        given += ['+data.domain.HALF="income / (age - 20)"', '+data.domain.WEEKDAY="isodow(day)"']
        given += [
            "+data.domain.NEW=\"purpose = 'car' AND age % 2 = 1\"",
            "data.polynomial=[age,day]",
        ]
        return compose_plan(composer, parse_overrides(given)).experiment

    return plan


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(case.values()))
def test_a_kept_model_decides_the_outer_rows_as_the_judge_did(planned, raw, tmp_path, case):
    features = FEATURES[CASES.index(case) % len(FEATURES)]
    words = [f"features={features}", *(f"{group}={option}" for group, option in case.items())]
    words.append(f"sampling={SAMPLINGS[CASES.index(case) % len(SAMPLINGS)]}")
    words += [w for group, option in case.items() for w in GROUPS[group][option]]
    if case["model"] == "lightgbm":
        words.append("model.params.n_estimators=8")
    experiment, cache = planned(*words), ExperimentCache()
    prepared = prepare(experiment, cache)
    result = execute(experiment, prepared, cache)
    judged = judge(experiment, prepared, cache, result).frame

    document = run_json(result)
    decision = Decision.from_json(document)
    final = refit(experiment, prepared, cache, decision, prepared.folds.inner)
    check_rows = draw_check_rows(final, prepared.dataset, prepared.table)
    save_model(tmp_path, final, document, check_rows)
    kept = load_model(tmp_path)
    by_costs = case["threshold"] == "bayes" and case["cost"] != "fixed"
    assert kept.decision.rule.needs_costs == by_costs
    rows = raw[1].loc[judged["row"]]
    needed = ["purpose", "day", "income", "age", *kept.cost_columns]
    answer = kept.predict(rows[list(dict.fromkeys(needed))])
    probability = judged.get("calibrated", judged["score"])
    assert answer["score"].to_numpy().tobytes() == judged["score"].tobytes()
    assert answer["probability"].to_numpy().tobytes() == probability.tobytes()
    assert answer["flagged"].tolist() == judged["flagged"].tolist()
    assert answer.index.tolist() == judged["row"].tolist()
    few = range(0, len(rows), 17)
    alone = pd.concat([kept.predict(rows.iloc[[i]]) for i in few])
    pd.testing.assert_frame_equal(alone, answer.iloc[list(few)], check_exact=True)
    scorer = Scorer(kept)
    carried = load_check_rows(tmp_path)
    assert (carried, len(carried.rows), carried.strayed) == (check_rows, 100, 0)
    assert carried.differing(scorer.decide(carried.rows)) == 0
    for given in (rows.to_dict("records"), pa.Table.from_pandas(rows, preserve_index=False)):
        same = scorer.decide(given).to_pandas().set_index(rows.index)
        pd.testing.assert_frame_equal(same, answer, check_exact=True)
    batch, service = _in_a_batch(scorer, rows, tmp_path), _over_http(scorer, rows.head(40))
    pd.testing.assert_frame_equal(
        batch[answer.columns], answer, check_exact=True, check_names=False
    )
    assert service == [{"loan_id": i, **row} for i, row in answer.head(40).to_dict("index").items()]


def _in_a_batch(scorer, rows, folder):
    """Decide rows as `cutscore predict` does, from a text to a text."""
    rows.sample(frac=1, axis="columns", random_state=0).to_csv(folder / "rows.csv")
    predict(scorer, folder / "rows.csv", folder / "made.csv")
    return pacsv.read_csv(folder / "made.csv").to_pandas().set_index("loan_id")


def _over_http(scorer, rows):
    """Decide rows as the service does, from JSON to JSON."""
    service = Service(
        ServeSettings("loans"), Models(scorer, None, None, 5.0, Metrics(), print), Metrics()
    )
    body = json.dumps(rows.reset_index().to_dict("records")).encode()
    return json.loads(service.decide(body, "application/json", (), "", Note("")).body)["decisions"]


@pytest.mark.parametrize(
    ("calibration", "cost"), [("Own", "OwnCost"), ("OwnSigmoid", "OwnFixedCost")]
)
def test_what_no_kept_model_can_carry_is_refused_first(planned, calibration, cost):
    own = ["model.refit=true", f"calibration._target_=own_strategies.{calibration}"]
    with pytest.raises(RequestError) as caught:
        planned(*own, "threshold=bayes", f"cost._target_=own_strategies.{cost}")
    assert [fault.setting for fault in caught.value.faults] == ["calibration", "cost"]
    assert "cannot carry" in str(caught.value)
