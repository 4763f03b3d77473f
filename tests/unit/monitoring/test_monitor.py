"""What monitoring says of months without and with each kind of drift, and of bad input."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from markupsafe import escape

from cutscore.data.relational.new_folder import FolderSettings
from cutscore.errors import RequestError
from cutscore.monitoring.advice import advice
from cutscore.monitoring.figures import figures_by_period
from cutscore.monitoring.labels import IdHasher
from cutscore.monitoring.monitor import MonitorRequest, monitor
from cutscore.monitoring.record import document
from cutscore.scoring.scorer import Scorer


@pytest.mark.parametrize(
    ("drift", "without", "labelled"),
    [
        ("none", "nothing", "nothing"),
        ("covariate", "collect labels", None),  # of other people the ranking may be worse
        ("prior", "collect labels", "re-cut"),
        ("concept", "nothing", "refit"),
        ("pipeline", "look at columns", "look at columns"),
    ],
)
def test_each_kind_of_drift_is_told_for_what_it_is(kept, later, drift, without, labelled):
    rows, labels = later(drift)
    unlabelled = monitor(kept.scorer, MonitorRequest([rows], period="month"))
    if without is not None:
        assert advice(unlabelled).action == without
    request = MonitorRequest([rows], labels=labels, target="bad")
    found = monitor(kept.scorer, request)
    if labelled is not None:
        assert advice(found).action == labelled, advice(found).sentence
    assert bool(found.alarms) == (drift != "none")
    assert list(unlabelled.periods) == [f"2020-{month:02d}" for month in range(7, 13)]


def test_estimates_find_a_doubled_base_rate_without_labels(kept, later):
    found = monitor(kept.scorer, MonitorRequest([later("prior")[0]]))
    guess = found.estimates["all"]
    assert guess.base_rate == pytest.approx(0.16, abs=3 * guess.base_rate_error + 0.01)
    assert guess.expected_rate < 0.13  # the mean probability lags behind


def test_figures_are_those_of_the_rows_however_they_are_cut_into_files(kept, later, tmp_path):
    rows, labels = later()
    table, parts = pq.read_table(rows), []
    for at, (start, end) in enumerate([(0, 1), (1, 2500), (2500, 6000)]):
        parts.append(tmp_path / f"part{at}.csv")
        table.slice(start, end - start).to_pandas().to_csv(parts[-1], index=False)
    asked = {"period": "month", "labels": labels, "target": "bad"}
    whole, cut = (monitor(kept.scorer, MonitorRequest(p, **asked)) for p in ([rows], parts))
    one, other = figures_by_period(whole), figures_by_period(cut)
    assert list(one) == list(other)
    for name, values in one.items():
        assert values == pytest.approx(other[name], rel=1e-9), name
    truth = pd.read_csv(labels).set_index("loan")["bad"]
    answer = kept.scorer.decide(table, ignore_unknown=True)
    target = truth.loc[table["loan"].to_pylist()].to_numpy()
    spent = np.where(answer.flagged, target == 0, 10.0 * target)
    together = monitor(kept.scorer, MonitorRequest([rows], labels=labels, target="bad"))
    assert together.labelled["all"].cost_per_row == pytest.approx(spent.mean())
    assert together.periods["all"].flagged == answer.flagged.sum()


def test_late_and_partial_labels_are_joined_and_the_rest_counted(kept, later):
    rows, labels = later()
    frame = pd.read_csv(labels)
    frame.loc[:9, "bad"] = np.nan
    more = pd.DataFrame({"loan": [10**9, 10**9 + 1], "bad": [0, 1]})
    pd.concat([frame.iloc[:4000], frame.iloc[20:25], more]).to_csv(labels, index=False)
    found = monitor(kept.scorer, MonitorRequest([rows], labels=labels, target="bad"))
    assert found.labelled["all"].rows == 3990
    assert "Rows without a label so far: 2,010." in found.notes
    assert "Labels of ids that no row has: 2." in found.notes
    assert "Empty labels: 10." in found.notes


def test_ids_are_joined_whole_though_their_hashes_meet(kept, later, monkeypatch):
    rows, labels = later()
    frame = pd.read_csv(labels)
    strays = pd.DataFrame({"loan": frame["loan"] + 10**6, "bad": 1 - frame["bad"]})
    pd.concat([strays, frame.iloc[::2], frame.iloc[::4]]).to_csv(labels, index=False)
    request = MonitorRequest([rows], labels=labels, target="bad")
    expected = monitor(kept.scorer, request)
    assert expected.labelled["all"].rows == 3000
    own = IdHasher.__call__
    monkeypatch.setattr(IdHasher, "__call__", lambda self, texts: own(self, texts) % 3_000)
    found = monitor(kept.scorer, request)
    assert figures_by_period(found) == figures_by_period(expected)
    assert found.notes == expected.notes
    assert "Labels of ids that no row has: 6,000." in found.notes
    frame.iloc[:1].assign(bad=1 - frame["bad"]).to_csv(labels, mode="a", header=False, index=False)
    with pytest.raises(RequestError, match="--labels: ids have both classes, 0 and 1: 1 times"):
        monitor(kept.scorer, request)


def test_few_rows_are_never_called_fine_and_one_class_has_no_curve(kept, later):
    table = pq.read_table(later()[0])
    one = monitor(kept.scorer, MonitorRequest([later("one", with_class(table.slice(0, 1), 0))[0]]))
    assert advice(one).action == "collect rows"
    assert not one.alarms
    rows, _ = later("zeros", with_class(table.slice(0, 500), 0))
    zeros = with_class(table.slice(0, 500), 0)
    pq.write_table(zeros, rows)
    found = monitor(kept.scorer, MonitorRequest([rows], target="bad"))
    assert "roc_auc" not in figures_by_period(found)["all"]
    assert not [each for each in found.findings if each.kind == "threshold"]


def with_class(table, value):
    return table.append_column("bad", pa.array(np.full(table.num_rows, value, np.int8)))


def test_few_labels_do_not_say_that_decisions_are_fine(kept, later):
    rows, labels = later()
    pd.read_csv(labels).iloc[:30].to_csv(labels, index=False)
    found = monitor(kept.scorer, MonitorRequest([rows], labels=labels, target="bad"))
    assert any("too few to judge" in note and "rows of class 1" in note for note in found.notes)
    assert "only labels tell" in advice(found).sentence


def test_a_column_that_is_the_period_has_not_moved(kept, later):
    found = monitor(kept.scorer, MonitorRequest([later()[0]], period="purpose"))
    assert set(found.periods) == {"car", "education", "house", "other"}
    assert not found.alarms


def test_periods_that_are_whole_numbers_are_in_their_order_however_they_are_written(
    kept, later, tmp_path
):
    rows, labels = later("pipeline")
    table = pq.read_table(rows)
    number = pc.month(table["day"])  # from 7 to 12
    pq.write_table(table.append_column("wave", number), tmp_path / "whole.parquet")
    halves = table.append_column("wave", pc.cast(number, "float64")).slice(0, 3_000)
    halves.to_pandas().to_csv(tmp_path / "half.csv", index=False)  # as 7.0
    whole, half = (
        monitor(kept.scorer, MonitorRequest([tmp_path / name], "wave", None, labels, "bad"))
        for name in ("whole.parquet", "half.csv")
    )
    assert list(whole.periods) == list(whole.labelled) == ["7", "8", "9", "10", "11", "12"]
    assert set(half.periods) < set(whole.periods)
    assert whole.alarms[0].period == "12"


def test_only_a_column_that_is_the_period_is_passed_over(kept, later, tmp_path):
    """Not one that is called as a stretch of time is, nor the score where such a column is."""
    rows, model = later("covariate")[0], kept.scorer.model
    bins = model.reference.bins
    called = [replace(b, name="month" if b.name == "utilisation" else b.name) for b in bins.bins]
    reference = replace(model.reference, bins=replace(bins, bins=tuple(called)))
    found = monitor(Scorer(replace(model, reference=reference)), MonitorRequest([rows], "month"))
    assert "month" in {each.name for each in found.alarms}
    table = pq.read_table(rows)
    pq.write_table(table.append_column("score", table["purpose"]), tmp_path / "rows.parquet")
    found = monitor(kept.scorer, MonitorRequest([tmp_path / "rows.parquet"], "score"))
    assert {"score_psi", "flagged_share"} <= set(figures_by_period(found)["car"])


def test_what_another_fit_changes_in_scores_is_no_drift(kept, later):
    rows, model = later("prior")[0], kept.scorer.model
    reference = replace(model.reference, scored=replace(model.reference.scored, spread=0.5))
    moody = Scorer(replace(model, reference=reference), "loans@champion", {})
    verdicts = [
        {each.name: each.verdict for each in monitor(s, MonitorRequest([rows])).findings}["score"]
        for s in (kept.scorer, moody)
    ]
    assert verdicts == ["slight", "none seen"]


def test_all_of_a_column_missing_is_an_alarm(kept, later):
    table = pq.read_table(later()[0])
    at = table.schema.get_field_index("income")
    empty = table.set_column(at, "income", pa.nulls(table.num_rows, pa.float64()))
    found = monitor(kept.scorer, MonitorRequest([later("empty", with_class(empty, 0))[0]]))
    assert "income" in advice(found).sentence
    assert "missing: 0.0%, now 100.0%" in advice(found).sentence


def test_its_files_can_be_written_and_told(kept, later, tmp_path):
    from cutscore.monitoring.recording import write_files

    rows, labels = later("prior")
    asked = MonitorRequest([rows], period="week", labels=labels, target="bad")
    found = monitor(kept.scorer, asked)
    write_files(found, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"monitor.json", "findings.csv", "periods.csv", "grades.csv", "drift.png"} <= names
    page = (tmp_path / "out" / "monitor.html").read_text()
    assert f"<bdi>{escape(advice(found).sentence)}</bdi>" in page
    assert "<script src" not in page
    assert document(found)["action"] == advice(found).action


BAD = [
    (
        lambda t: t.rename_columns({"income": "incme"}),
        {},
        'income: the column is missing. Did you mean "incme"?',
    ),
    (lambda t: with_text(t, "income"), {}, "income: a number is needed"),
    (lambda t: t, {"target": "bda"}, '--target: the table has no column "bda".'),
    (lambda t: with_class(t, 2), {"target": "bad"}, "bad: 0 or 1 is needed"),
    (lambda t: moved(t, 400_000), {"period": "month"}, "a date that is not in the future"),
    (lambda t: t, {"period": "month", "time": "purpose"}, "a date such as 2026-01-31 is needed"),
    (lambda t: t, {"period": "month", "time": "age"}, "holds no dates"),
    (lambda t: t, {"period": "dya"}, '--period: the table has no column "dya". Did you mean "day"'),
    (lambda t: t.slice(0, 0), {}, "ROWS: there is no row to look at."),
]


def with_text(table, name):
    at = table.schema.get_field_index(name)
    return table.set_column(at, name, pa.array(["many"] * table.num_rows))


def moved(table, days):
    day = table["day"].cast(pa.int32())
    at = table.schema.get_field_index("day")
    return table.set_column(at, "day", pc.add(day, pa.scalar(days, pa.int32())).cast(pa.date32()))


@pytest.mark.parametrize(("change", "asked", "message"), BAD, ids=[each[-1][:40] for each in BAD])
def test_bad_rows_are_refused_in_words(kept, later, tmp_path, change, asked, message):
    path = tmp_path / "bad.parquet"
    pq.write_table(change(pq.read_table(later()[0]).slice(0, 50)), path)
    with pytest.raises(RequestError) as error:
        monitor(kept.scorer, MonitorRequest([path], **asked))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "asked", "message"),
    [
        ("loan,bad\n1,0\n1,1\n", {}, "--labels: ids have both classes, 0 and 1: 1 times"),
        ("loan,bad\nx1,0\n", {}, "--labels: none of 1 labels is of a row that was read: its ids"),
        ("loan,bad\n1,yes\n", {}, "bad: 0 or 1 is needed"),
        ("lone,bad\n1,0\n", {}, '--id: "{labels}" has no column "loan". Did you mean "lone"'),
        ("", {}, "--labels: "),
        ("loan,bad\n1,0\n", {"target": None}, "--target: say which column"),
    ],
)
def test_bad_labels_are_refused_in_words(kept, later, text, asked, message):
    rows, labels = later()
    labels.write_text(text)
    request = MonitorRequest([rows], **{"labels": labels, "target": "bad", **asked})
    with pytest.raises(RequestError) as error:
        monitor(kept.scorer, request)
    assert message.format(labels=labels) in str(error.value)


def test_a_model_without_a_reference_says_how_to_get_one(kept, later):
    bare = Scorer(replace(kept.scorer.model, reference=None), "old", {"run": "old_run"})
    with pytest.raises(RequestError, match="cutscore deliver old_run"):
        monitor(bare, MonitorRequest([later()[0]]))


def test_all_that_is_wrong_with_a_request_is_told_before_anything_is_read(kept, tmp_path):
    model = kept.scorer.model
    bare = Scorer(replace(model, reference=replace(model.reference, time=None)), "bare", {})
    asked = MonitorRequest([tmp_path / "none.csv"], period="week", labels=tmp_path / "none.csv")
    with pytest.raises(RequestError) as raised:
        monitor(bare, asked)
    told = [each.setting for each in raised.value.faults]
    assert {"--target", "--period"} <= set(told) <= {"--target", "--id", "--period"}


@pytest.mark.parametrize("inputs", [False, True])
def test_a_log_of_decisions_is_read_while_it_is_written(kept, later, tmp_path, inputs):
    from cutscore.serving.decision_log import DecisionLog
    from cutscore.serving.log_table import Decided
    from cutscore.serving.metrics import Metrics

    rows, labels = later()
    table = pq.read_table(rows)
    answer = kept.scorer.decide(table, ignore_unknown=True)
    log = DecisionLog(tmp_path / "log", inputs, Metrics(), lambda *_, **__: None)
    now = datetime.now(UTC) - timedelta(days=1)
    for version in ("loans/1", "loans/0"):
        log.add(Decided(now, "r", version, answer, kept.scorer, table if inputs else None))
        log.flush()
    (tmp_path / "log" / ".next.parquet.part").write_bytes(b"PAR1 half")
    asked = MonitorRequest([tmp_path / "log"], period="day", labels=labels, target="bad")
    found = monitor(kept.scorer, asked)
    assert list(found.periods) == [f"{now:%Y-%m-%d}"]
    assert found.rows == table.num_rows == next(iter(found.labelled.values())).rows
    assert "Passed over: decisions of loans/0, 6,000." in found.notes
    assert (found.periods[f"{now:%Y-%m-%d}"].columns is not None) == inputs
    assert advice(found).action == "nothing"
    if inputs:
        asked = MonitorRequest([tmp_path / "log"], period="purpose")
        assert set(monitor(kept.scorer, asked).periods) == {"car", "education", "house", "other"}


@pytest.mark.parametrize(
    ("columns", "asked", "told"),
    [
        ({}, {"period": "purpos"}, r'--period: the log ".*" has no column "purpos"\.'),
        ({}, {"period": "day", "time": "tim"}, r'--time: .* column "tim"\. Did you mean "time"'),
        ({}, {"target": "bad"}, r'--target: the log ".*" has no column "bad"\.'),
        ({}, {"settings": FolderSettings(where="age > 30")}, r"data\.where: a log of decisions is"),
        ({"probability": ["0.2", "0.3"]}, {}, 'its "probability" is of type string'),
        ({"probability": [0.2, np.nan]}, {}, "its probability is not from 0 to 1"),
        ({"flagged": [True, None]}, {}, "lacks some decision"),
        ({"flagged": None}, {}, "is no log of decisions: it lacks flagged"),
    ],
)
def test_odd_logs_are_refused_in_words(kept, tmp_path, columns, asked, told):
    now = datetime.now(UTC) - timedelta(days=1)
    log = {"time": [now] * 2, "request": ["r"] * 2, "row": [0, 1], "model": ["loans/1"] * 2}
    log |= {"id": ["1", "2"], "score": [0.2, 0.3], "probability": [0.2, 0.3]}
    log |= {"flagged": [True, False]}
    pq.write_table(pa.table(log), tmp_path / "a.parquet")
    odd = {name: values for name, values in (log | columns).items() if values is not None}
    pq.write_table(pa.table(odd), tmp_path / "b.parquet")
    with pytest.raises(RequestError, match=told):
        monitor(kept.scorer, MonitorRequest([tmp_path], **asked))
