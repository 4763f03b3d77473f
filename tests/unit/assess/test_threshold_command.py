"""`cutscore threshold` as people call it, on small files."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cutscore.cli import main

KEYS = {
    "rows", "positives", "objective", "search", "threshold", "total_cost", "cost_per_row",
    "savings", "tp", "fp", "tn", "fn", "exact", "grid", "bayes", "crossfit", "bootstrap",
    "plateau", "at", "score_digest", "score_origin", "calibration", "costs", "step",
    "constraints",
}  # fmt: skip
NESTED = {
    "exact": {"threshold", "total_cost"},
    "grid": {"step", "threshold", "total_cost"},
    "bayes": {"threshold", "total_cost"},
    "crossfit": {"total_cost"},
    "bootstrap": {"threshold_low", "threshold_high", "cost_low", "cost_high", "level"},
    "plateau": {"low", "high", "pieces"},
}
AT = {
    "threshold", "total_cost", "tp", "fp", "tn", "fn", "precision", "recall", "fbeta",
    "implied_cost_ratio", "implied_beta",
}  # fmt: skip


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(4)
    y = (rng.random(400) < 0.2).astype(int)
    p = np.round(1 / (1 + np.exp(-(rng.normal(size=400) + 1.3 * y - 1.2))), 4)
    return {
        "row": np.arange(400),
        "y": y,
        "p": p,
        "fold": np.arange(400) % 4,
        "branch": np.arange(400) // 10,
    }


@pytest.fixture
def scores(frame, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table(frame), tmp_path / "scores.parquet")
    return "scores.parquet"


def write_csv(path, frame, separator=","):
    lines = [separator.join(frame)]
    lines += [separator.join(map(str, row)) for row in zip(*frame.values(), strict=True)]
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return str(path)


def run(capsys, *words, code=0):
    words = [str(word) for word in words]
    assert main(["threshold", *words, "--resamples", "50"]) == code
    return capsys.readouterr()


def run_json(capsys, *words):
    return json.loads(run(capsys, *words, "--json").out)


def cost_at(frame, threshold, fn=10, fp=1):
    flagged = frame["p"] >= threshold
    return fn * int((~flagged & (frame["y"] == 1)).sum()) + fp * int(
        (flagged & (frame["y"] == 0)).sum()
    )


def test_json_has_every_key_and_the_optimum_is_right(scores, frame, capsys):
    from sklearn.metrics import roc_auc_score

    found = run_json(capsys, scores, "--target", "y", "--score", "p", "--at", 0.3, "--at", "0.5")
    assert found.keys() >= KEYS
    for key, inner in NESTED.items():
        assert found[key].keys() >= inner
    assert [at.keys() >= AT for at in found["at"]] == [True, True]
    for at in found["at"]:
        for implied in (at["implied_cost_ratio"], at["implied_beta"]):
            assert implied.keys() == {"low", "high", "exact", "nearest"}
            assert (implied["low"] is None) == (implied["nearest"] is not None)
    assert (found["rows"], found["positives"]) == (400, int(frame["y"].sum()))
    best = min(cost_at(frame, t) for t in [*np.unique(frame["p"]), 2.0])
    assert found["total_cost"] == found["exact"]["total_cost"] == best
    assert cost_at(frame, found["threshold"]) == best
    assert found["grid"]["total_cost"] >= best
    assert [at["total_cost"] for at in found["at"]] == [cost_at(frame, 0.3), cost_at(frame, 0.5)]
    assert found["crossfit"]["total_cost"] >= best
    assert found["score_origin"] == "external"
    assert found["roc_auc"] == pytest.approx(roc_auc_score(frame["y"], frame["p"]), abs=1e-12)
    assert found["bootstrap"]["threshold_low"] <= found["threshold"]
    assert found["plateau"]["low"] <= found["threshold"] <= found["plateau"]["high"]


@pytest.mark.parametrize("name", ["s.csv", "s.csv.gz", "s.tsv"])
def test_text_files_give_what_parquet_gives(scores, frame, tmp_path, capsys, name):
    path = write_csv(tmp_path / name, frame, "\t" if name.endswith("tsv") else ",")
    options = ["--target", "y", "--score", "p", "--at", "0.4"]
    assert run_json(capsys, path, *options) == run_json(capsys, scores, *options)


def test_overrides_are_those_of_the_config_groups(scores, frame, capsys):
    found = run_json(
        capsys, scores, "--target", "y", "--score", "p", "cost.false_negative=3",
        "threshold=grid", "threshold.step=0.25", "--at", "0.4", "threshold.beta=3.2",
    )  # fmt: skip
    assert (found["search"], found["step"], found["grid"]["step"]) == ("grid", 0.25, 0.001)
    assert found["total_cost"] == min(cost_at(frame, t / 4, fn=3) for t in range(5))
    at = found["at"][0]
    b = 3.2**2
    top = (1 + b) * at["tp"]
    assert at["fbeta"] == pytest.approx(top / (top + b * at["fn"] + at["fp"]))


def test_objectives_and_constraints_are_recorded(scores, capsys):
    found = run_json(
        capsys, scores, "--target", "y", "--score", "p", "threshold.objective=fbeta",
        "threshold.beta=2", "threshold.max_flagged=0.2",
    )  # fmt: skip
    assert (found["objective"], found["beta"]) == ("fbeta", 2.0)
    assert found["constraints"] == {"max_flagged": 0.2}
    assert found["tp"] + found["fp"] <= 80


def test_bayes_decisions_by_expected_cost(scores, frame, capsys):
    found = run_json(capsys, scores, "--target", "y", "--score", "p", "threshold=bayes")
    assert found["threshold"] == pytest.approx(1 / 11)
    assert found["total_cost"] == cost_at(frame, 1 / 11) == found["bayes"]["total_cost"]


def test_folds_and_groups_are_kept(scores, capsys):
    plain = run_json(capsys, scores, "--target", "y", "--score", "p")
    by_fold = run_json(capsys, scores, "--target", "y", "--score", "p", "--fold", "fold")
    grouped = run_json(capsys, scores, "--target", "y", "--score", "p", "--group", "branch")
    as_ids = run_json(capsys, scores, "--target", "y", "--score", "p", "--id", "branch")
    assert by_fold["total_cost"] == plain["total_cost"]
    assert by_fold["crossfit"] != plain["crossfit"]
    assert grouped["bootstrap"] != plain["bootstrap"]
    assert as_ids["bootstrap"] == grouped["bootstrap"]
    assert "360 rows repeat the id of another" in as_ids["warnings"][0]


def test_folds_in_time_choose_the_thresholds_of_later_ones(scores, frame, tmp_path, capsys):
    words = ["--target", "y", "--score", "p", "--fold", "fold", "--in-time"]
    found = run_json(capsys, scores, *words)["crossfit"]
    assert found["rows_left_out"] == 100
    assert [part["part"] for part in found["parts"]] == [1, 2, 3]
    for part in found["parts"]:
        known, here = frame["fold"] < part["part"], frame["fold"] == part["part"]
        earlier, own = ({n: v[rows] for n, v in frame.items()} for rows in (known, here))
        cheapest = min(cost_at(earlier, threshold) for threshold in earlier["p"])
        assert cost_at(earlier, part["threshold"]) == cheapest
        assert cost_at(own, part["threshold"]) == part["total_cost"]
    texts = {name: [str(value) for value in values] for name, values in frame.items()}
    texts["fold"] = [str(int(value) + 8) for value in texts["fold"]]  # 10 comes after 9
    told = run_json(capsys, write_csv(tmp_path / "s.csv", texts), *words)["crossfit"]
    assert told["total_cost"] == found["total_cost"]


def test_words_say_what_each_threshold_is_optimal_for(scores, capsys):
    said = run(capsys, scores, "--target", "y", "--score", "p", "--at", "0.3").out
    for part in ("0.3 fits", "AUC", "10:1", "savings", "flag nobody", "betas"):
        assert part in said
    assert "Traceback" not in said


def test_in_sample_scores_warn_everywhere(scores, tmp_path, capsys):
    options = [scores, "--target", "y", "--score", "p", "--in-sample"]
    out = tmp_path / "out"
    said = run(capsys, *options, "--out", out)
    assert "IN-SAMPLE" in said.out
    assert "IN-SAMPLE" in said.err
    found = json.loads((out / "threshold.json").read_text())
    assert found["score_origin"] == "in-sample"
    assert "IN-SAMPLE" in found["warnings"][0]


def test_out_holds_pictures_and_the_json(scores, tmp_path, capsys):
    out = tmp_path / "deep" / "out"
    run(capsys, scores, "--target", "y", "--score", "p", "--at", "0.3", "--out", out)
    names = {path.name for path in out.iterdir()}
    pictures = {"cost.png", "rates.png", "scores.png", "cost_ratio.png", "cost_lines.png"}
    assert names == {"report.html", "threshold.json", *pictures}
    for name in pictures:
        assert (out / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("target", [[1], [0], [1, 1], [0, 0, 0]])
def test_one_row_and_one_class_get_an_answer_with_a_warning(tmp_path, capsys, target):
    scores = np.linspace(0.2, 0.9, len(target))
    path = write_csv(tmp_path / "s.csv", {"y": target, "p": scores})
    options = [path, "--target", "y", "--score", "p", "--at", "0.5", "--out", tmp_path / "out"]
    said = run(capsys, *options)
    assert "All rows are" in said.err
    found = run_json(capsys, *options)
    assert found["total_cost"] == 0
    assert found["at"][0]["implied_beta"]["low"] is None


def test_constant_scores_say_that_they_tell_nothing(tmp_path, capsys):
    path = write_csv(tmp_path / "s.csv", {"y": [0, 1] * 20, "p": [0.5] * 40})
    found = run_json(capsys, path, "--target", "y", "--score", "p")
    assert "All scores are equal" in found["warnings"][0]
    assert found["threshold"] == 0.5


def test_scores_outside_0_and_1_have_no_bayes_threshold_and_no_grid(tmp_path, capsys):
    y = [0, 0, 1, 0, 1, 1] * 10
    path = write_csv(tmp_path / "s.csv", {"y": y, "p": np.linspace(-3, 4, 60)})
    found = run_json(capsys, path, "--target", "y", "--score", "p")
    assert found["bayes"] == {"threshold": None, "total_cost": None, "valid": None}
    assert "outside" in found["undefined"]["bayes.threshold"]
    assert found["grid"]["threshold"] is None
    assert "outside [0, 1]" in found["warnings"][0]
    for option in ("grid", "bayes"):
        words = [path, "--target", "y", "--score", "p", f"threshold={option}"]
        assert "needs scores in [0, 1]" in run(capsys, *words, code=2).err


def test_costs_of_the_file_need_no_column_for_right_decisions(tmp_path, frame, capsys):
    priced = {**frame, "C_FN": frame["row"] % 7 + 3.0, "C_FP": np.ones(400)}
    words = ["--target", "y", "--score", "p", "cost=columns"]
    open_ = run_json(capsys, write_csv(tmp_path / "a.csv", priced), *words)
    asked = [*words, "cost.true_positive=0", "cost.true_negative=0"]
    assert open_ == run_json(capsys, write_csv(tmp_path / "a.csv", priced), *asked)
    gains = {**priced, "C_TP": np.full(400, -2.0)}
    gained = run_json(capsys, write_csv(tmp_path / "b.csv", gains), *words)
    assert gained["costs"]["true_positive"] == -2.0
    assert gained["total_cost"] < open_["total_cost"]


def test_a_cost_column_that_is_missing_is_told_with_those_of_the_file(scores, capsys):
    told = run(capsys, scores, "--target", "y", "--score", "p", "cost=columns", code=2).err
    told = " ".join(told.split())
    assert 'cost.false_negative: the table has no column "C_FN". Its columns: row, y, p,' in told
    assert "cost.false_positive" in told
    assert "data.amounts" not in told


def test_what_is_told_to_set_can_be_set_here(tmp_path, frame, capsys):
    priced = {**frame, "C_FN": np.full(400, 1e300), "C_FP": np.ones(400)}
    path = write_csv(tmp_path / "a.csv", priced)
    for words in (
        ["cost=columns"],
        ["cost=credit_line"],
        ["cost=credit_line", "cost.credit_line=1"],
    ):
        told = run(capsys, path, "--target", "y", "--score", "p", *words, code=2).err
        told = " ".join(told.split()).replace("(by data.where in cutscore run)", "")
        assert "cost." in told
        assert "data." not in told


def test_costs_that_leave_no_choice_are_told(scores, capsys):
    said = run(capsys, scores, "--target", "y", "--score", "p", "cost.false_positive=0").err
    assert "flagging everybody is always best" in said
    said = run(capsys, scores, "--target", "y", "--score", "p", "cost.false_negative=0").err
    assert "flagging nobody is always best" in said


BAD = [
    ({}, ["--target", "yy"], '--target: the table has no column "yy". Did you mean "y"?'),
    ({}, ["--score", "pp"], '--score: the table has no column "pp". Did you mean "p"?'),
    ({}, ["--fold", "folds"], '--fold: the table has no column "folds". Did you mean "fold"?'),
    ({}, ["--score", "y"], "--score:"),
    ({}, ["threshold.step=0.1"], "threshold.step: there is no such setting"),
    ({}, ["threshold=grid", "threshold.step=0"], "threshold.step: 0"),
    ({}, ["threshold=grid", "threshold.step=1.5"], "threshold.step: 1.5"),
    ({}, ["threshold.beta=0"], "threshold.beta: 0"),
    ({}, ["threshold=gird"], 'threshold: there is no option "gird". Did you mean "grid"?'),
    ({}, ["model=lightgbm"], "only cost, threshold and seed can be set here"),
    ({}, ["cost.false_negative=-1"], "cost.false_negative: -1"),
    ({}, ["threshold.min_recall=1", "threshold.max_flagged=0.01"], "threshold.min_recall: no thr"),
    ({}, ["--at", "nan"], "--at: nan is not allowed"),
    ({"p": [0.1, "nan", 0.3]}, [], '--score: "p" is no number in 1 of 3 rows (first in row 2)'),
    ({"p": [0.1, "inf", 0.3]}, [], '--score: "p" is infinite in 1 of 3 rows'),
    ({"p": [0.1, "high", 0.3]}, [], '--score: "p" is no number in 1 of 3 rows'),
    ({"y": [0, 1, 2]}, [], '--target: "y" must be 0 or 1'),
    ({"y": [0, 1, ""]}, [], "it holds 0, 1, (missing)"),
    ({"fold": [1, 1, 1]}, ["--fold", "fold"], '--fold: "fold" has one value only'),
    ({}, ["--in-time"], "--in-time: folds are said to follow each other"),
    ({"fold": [1, "b", 2]}, ["--fold", "fold", "--in-time"], '"fold" is no whole number, by'),
    ({"fold": [1, 1.5, 2]}, ["--fold", "fold", "--in-time"], "are in order, in 1 of 3 rows"),
    ({"fold": ["a", "b", "c"]}, ["--fold", "fold", "--in-time"], "one thing is wrong"),
]


@pytest.mark.parametrize(("columns", "words", "told"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_is_told_in_one_sentence(tmp_path, capsys, columns, words, told):
    frame = {"y": [0, 1, 0], "p": [0.1, 0.8, 0.3], "fold": [1, 2, 1], **columns}
    path = write_csv(tmp_path / "s.csv", frame)
    options = ["--target", "y", "--score", "p"]
    for name in ("--target", "--score"):
        if name in words:
            at = options.index(name)
            del options[at : at + 2]
    said = run(capsys, path, *options, *words, "--out", tmp_path / "out", code=2)
    assert told in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"y,p\n", "has column names but no rows"),
        (b"PAR1 but no table", "cannot be read as a table"),
        (b"y,p\n1,0.5,7\n0,0.1\n", "SCORES"),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path, capsys, content, told):
    path = tmp_path / "s.csv"
    if content is not None:
        path.write_bytes(content)
    said = run(capsys, path, "--target", "y", "--score", "p", code=2)
    assert told in said.err
    assert "SCORES" in said.err


def test_usage_errors_exit_with_2_and_no_traceback(capsys):
    for words in (["threshold"], ["threshold", "s.csv"], ["threshold", "--nope"]):
        assert main(words) == 2
        assert "Usage: cutscore threshold" in capsys.readouterr().err


def test_a_finer_grid_never_ends_dearer(scores, capsys):
    costs = [
        run_json(
            capsys, scores, "--target", "y", "--score", "p", "threshold=grid",
            f"threshold.step={step}",
        )["total_cost"]
        for step in (0.1, 0.01, 0.001)
    ]  # fmt: skip
    assert costs == sorted(costs, reverse=True)


def test_a_threshold_that_flags_nobody_is_above_every_score(tmp_path, monkeypatch, capsys):
    """Rows that score exactly 1 are not flagged by it, though it would look like 1."""
    monkeypatch.chdir(tmp_path)
    frame = {"y": [0, 0, 0, 1] * 10, "p": [1.0, 0.5, 1.0, 0.25] * 10}
    write_csv(tmp_path / "scores.csv", frame)
    words = ["--target", "y", "--score", "p", "--at", "0.5", "cost.false_negative=1"]
    assert main(["threshold", "scores.csv", *words, "cost.false_positive=9"]) == 0
    told = capsys.readouterr().out
    (line,) = [line for line in told.splitlines() if line.strip().startswith("threshold")]
    assert line.split() == ["threshold", "above", "every", "score"]
    assert "exact cost optimum            above every score: 10" in told
    assert "the cost optimum is above every score" in " ".join(told.split())


def test_a_whole_weight_is_so_many_rows(frame, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(2)
    times = rng.integers(1, 5, 400)
    often = {name: np.repeat(values, times) for name, values in frame.items()}
    pq.write_table(pa.table({**frame, "w": times}), "weighed.parquet")
    pq.write_table(pa.table(often), "often.parquet")
    words = ["--target", "y", "--score", "p", "--fold", "fold", "--group", "row", "--json"]
    told = []
    for command in (["weighed.parquet", "--weight", "w"], ["often.parquet"]):
        assert main(["threshold", *command, *words, "--at", "0.3", "--resamples", "50"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    weighed, repeated = told
    assert weighed.pop("weights") == {
        "sum": times.sum(),
        "positives": times[frame["y"] == 1].sum(),
        "effective_rows": pytest.approx(times.sum() ** 2 / (times**2).sum()),
        "low": 1,
        "high": 4,
        "confusion_rows": {
            name: int(((frame["p"] >= weighed["threshold"]) == flagged)[frame["y"] == kind].sum())
            for name, flagged, kind in (("tp", 1, 1), ("fp", 1, 0), ("tn", 0, 0), ("fn", 0, 1))
        },
    }
    assert repeated.pop("weights") is None
    for rows in ("rows", "positives", "score_digest"):  # of rows, whatever they weigh
        assert weighed.pop(rows) != repeated.pop(rows)
    for document in told:
        document["crossfit"].pop("rows")
        for part in document["crossfit"]["parts"]:
            part.pop("rows")
    rounded = [json.loads(json.dumps(d), parse_float=lambda x: round(float(x), 9)) for d in told]
    assert rounded[0] == rounded[1]


def test_weights_are_checked(frame, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    weights = np.ones(400)
    weights[[2, 9]] = 0.0, -1.0
    write_csv(tmp_path / "s.csv", {**frame, "w": weights})
    words = ["threshold", "s.csv", "--target", "y", "--score", "p"]
    assert main([*words, "--weight", "w"]) == 2
    assert "--weight" in (said := capsys.readouterr().err)
    assert "not above 0 in 2 of 400 rows (first in row 3)" in said.replace("\n", " ")
    assert main([*words, "data.weight=w"]) == 2
    assert "--weight" in capsys.readouterr().err
