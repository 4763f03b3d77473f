"""`cutscore report` as it is typed: the validation report of runs that were really made."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import cared
import numpy as np
import pyarrow.parquet as pq
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import OpenPage

from cutscore.delivery.printing import find_browser, print_page

pytestmark = pytest.mark.usefixtures("in_folder")
VOID = {"meta", "img", "input", "line", "polyline", "br"}
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> \u202eevil\u202c {{ 7 * 7 }}"


class Page(HTMLParser):
    """What a reader without JavaScript meets: headings, tables of texts, pictures, addresses."""

    def __init__(self, text):
        super().__init__()
        self.headings, self.ids, self.tables, self.images = [], [], {}, []
        self.addresses, self.scripts, self.open = [], 0, []
        self.caption = self.row = self.cell = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.scripts += tag == "script"
        self.addresses += [given[name] for name in ("src", "href") if name in given]
        if tag == "img":
            self.images.append(given)
        if tag == "tr" and self.caption:
            self.row = []
            self.tables[self.caption].append(self.row)
        if tag in ("th", "td"):
            self.cell = ""
            assert tag == "td" or "scope" in given
        if tag == "caption":
            self.caption = ""

    def handle_data(self, data):
        if self.open and self.open[-1] == "caption":
            self.caption = data
            self.tables[data] = []
        elif self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag in ("th", "td") and self.cell is not None:
            if self.row is not None:
                self.row.append(self.cell)
            self.cell = None
        if tag == "table":
            self.caption = self.row = None
        assert tag in VOID or self.open.pop() == tag

    def facts(self, caption):
        return dict(row for row in self.tables[caption] if len(row) == 2)


def digests(folder):
    """Return the content of a store's files; logs beside it are still written by other tests."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] != "outputs"
    }


def number(text):
    return float(text.replace(",", ""))


@pytest.fixture(scope="module")
def made(promotable, tmp_path_factory, cutscore):
    """The report of a run against another, and what the store held before and after."""
    from cutscore.runs.opening import open_existing

    store = promotable / "mlflow.db"
    runs = [run.run_id for run in reversed(open_existing(f"sqlite:///{store}").find())]
    before, out = digests(promotable), tmp_path_factory.mktemp("report") / "report.html"
    words = ("report", runs[0], "--against", runs[1], "--store", store, "--out", out, "--full")
    answer = cutscore(*words)
    assert (answer.code, answer.out.strip()) == (0, str(out)), answer.err
    assert digests(promotable) == before
    files = promotable / "artifacts" / "tests"
    return Page(out.read_text("utf-8")), out, runs, [files / run / "artifacts" for run in runs[:2]]


def test_the_report_reads_in_order_and_needs_nothing_else(made):
    page, out, runs, _ = made
    order = ("summary", "lineage", "method", "ranking", "gains", "grades", "cut-off", "no-model",
             "other-run", "stability", "reasons", "limits", "environment", "appendix")  # fmt: skip
    assert [name for name in page.ids if name in order] == list(order)
    assert len({*page.ids}) == len(page.ids)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(page.headings))
    assert all(a.startswith(("#", "data:image/png;base64,")) for a in page.addresses)
    assert len(page.images) >= 6  # without JavaScript the pictures are there
    assert all(image["alt"] for image in page.images)
    assert not page.open
    assert runs[0] in out.read_text("utf-8")
    assert "cutscore rerun " + runs[0][:12] in out.read_text("utf-8")
    assert all(rows for rows in page.tables.values())


def test_its_figures_are_those_of_the_record(made):
    page, _, _, (here, there) = made
    document, other = (json.loads((at / "threshold.json").read_text()) for at in (here, there))
    first, second = (pq.read_table(at / "oof_scores.parquet").to_pydict() for at in (here, there))
    target, ids = np.array(first["target"]), np.array(first["row"])
    flags = np.array(first["score"]) >= document["threshold"]
    others = dict(zip(second["row"], np.array(second["score"]) >= other["threshold"], strict=True))
    theirs = np.array([others[row] for row in ids])
    swaps = next(
        rows for name, rows in page.tables.items() if name.startswith("Swap set: this run, and exp")
    )
    cells = [flags & theirs, flags & ~theirs, ~flags & theirs, ~flags & ~theirs]
    assert [(number(row[1]), number(row[3])) for row in swaps[1:]] == [
        (cell.sum(), (cell & (target == 1)).sum()) for cell in cells
    ]
    costs = page.facts(next(name for name in page.tables if "costs: this run, and exp" in name))
    assert number(costs["this run"]) == document["total_cost"]
    assert number(costs["the other"]) == other["total_cost"]
    costs = page.facts(next(name for name in page.tables if "costs: this run, and to" in name))
    assert number(costs["the other"]) == min(document["no_model"].values())
    gains = page.tables["Gains by decile, the highest scores first"][1:]
    assert sum(number(row[2]) for row in gains) == len(ids)
    assert sum(number(row[3]) for row in gains) == target.sum()
    rule = page.facts("The rule and its cost")
    assert rule["share not flagged (approval rate)"] == f"{1 - flags.mean():.2%}"
    assert page.facts("Data lineage")["source"].endswith("loans.csv")


def test_names_are_text_whatever_they_hold(credit, cutscore, in_folder):
    run = credit.runs["few"]
    credit.sql("UPDATE runs SET name = ? WHERE run_uuid = ?", EVIL, run)
    for key in ("mlflow.runName", "notes"):
        credit.sql("DELETE FROM tags WHERE key = ? AND run_uuid = ?", key, run)
        credit.sql("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", key, EVIL, run)
    importance = credit.files("few") / "feature_importance.csv"
    importance.write_text(importance.read_text().replace("income", EVIL.replace('"', "")))
    answer = cutscore("report", run, "--store", credit.path, "--full", "--against", run)
    assert answer.code == 0, answer.err
    (path,) = (in_folder / "outputs").iterdir()  # the name of the file is plain
    assert re.fullmatch(r"report_[\w.-]+\.html", path.name)
    text = path.read_text("utf-8")
    page = Page(text)
    assert page.scripts == 2  # the values and our own
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "{{ 7 * 7 }}" in text
    assert EVIL in page.tables["Figures side by side"][0][1]
    assert "every row is decided alike" in text


def test_rows_in_time_with_outer_ones_weights_and_costs_of_their_own(cutscore, loans, in_folder):
    loans = [word for word in loans if not word.startswith(("data.drop", "validation"))]
    shared = [*loans, "data.drop=[]"]
    timed = ["validation=time_ordered", "data.time=day", "validation.outer=holdout",
             "report.stability.positives=3",
             "validation.folds=3", "validation.period=month", "validation.gap=1",
             "calibration=sigmoid"]  # fmt: skip
    own = ["validation=repeated_stratified", "validation.folds=2", "data.amounts=[income,branch]",
           "data.weight=age", "cost=columns", "cost.false_negative=income",
           "cost.false_positive=branch", "threshold=bayes"]  # fmt: skip
    for words in (timed, own):
        done = cutscore("run", *shared, *words)
        assert done.code == 0, done.err
    listed = cutscore("runs", "list", "--json").json()
    weighed, in_time = (run["run_id"] for run in listed)
    answer = cutscore("report", in_time, "--against", weighed, "--out", "time.html")
    assert answer.code == 0, answer.err
    page = Page((in_folder / "time.html").read_text("utf-8"))
    table = page.tables["The same figures for each stretch of time"]
    assert [row[0] for row in table[1:]] == ["1", "2", "3", "outer rows"]
    assert (table[1][3], table[1][7]) == ("-", "-")  # no earlier fold to learn from
    when = page.tables["When folds train and validate"]
    assert [row[0] for row in when[1:]] == ["1", "2", "3", "outer rows"]
    assert when[1][1:4:2] == ["2024-01", "2024-03"]
    assert all(int(row[5]) > 20 for row in when[1:])  # a month each
    (scored,) = in_folder.rglob(f"{in_time}/artifacts/threshold.json")
    parts = json.loads(scored.read_text())["crossfit"]["parts"]
    costs = [f"{part['total_cost'] / part['rows']:.4f}" for part in parts]
    assert [row[7] for row in table[2:4]] == ["-", *costs]  # the first is in the second one's gap
    months = page.tables["Out-of-fold scores by month"][1:]
    recorded = json.loads(scored.with_name("periods.json").read_text())["periods"]
    assert [row[:2] for row in months] == [[m["period"], str(m["rows"])] for m in recorded]
    ginis = [f"{m['gini']:.3f} ± {m['gini_error']:.3f}" for m in recorded]
    assert [row[3] for row in months] == ginis
    assert "#over-time" in page.addresses
    answers = {row[0]: row[3] for row in page.tables["Figures with their usual yardsticks"][1:]}
    assert answers["Does it rank as well later on?"] in ("within", "look closer")
    assert "There is no swap set: " in (in_folder / "time.html").read_text("utf-8")
    scored.with_name("config.yaml").write_text("{")
    answer = cutscore("report", in_time, "--out", "lost.html")
    assert answer.code == 0, answer.err
    text = (in_folder / "lost.html").read_text("utf-8")
    assert "a config.yaml that can be read" in text
    assert "Folds follow each other in time" in text
    assert "Folds were not split by time" not in text
    answer = cutscore("report", weighed, "--out", "own.html")
    assert answer.code == 0, answer.err
    text = (in_folder / "own.html").read_text("utf-8")
    assert "Each row has its own costs here" in text
    assert "first of" in text


def test_a_report_does_without_what_is_damaged_and_says_so(credit, cutscore, in_folder):
    files = credit.files("few")
    (files / "feature_importance.csv").write_text("feature,importance\nincome,high\n")
    (files / "config.yaml").unlink()
    (files / "roc_curve.png").unlink()
    credit.sql("DELETE FROM inputs")
    answer = cutscore("report", credit.runs["few"], "--store", credit.path, "--out", "r.html")
    assert answer.code == 0, answer.err
    text = (in_folder / "r.html").read_text("utf-8")
    assert "feature_importance.csv, which cannot be read" in text
    assert "artifact:roc_curve.png" in text
    assert "No importance of features" in text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("foreign", "is not a run of Cutscore"),
        ("failed", "ended FAILED: ValueError: no data. Run it again: cutscore rerun "),
        ("pruned", "ended KILLED: worse than the median"),
        ("alive", "is still running"),
        ("dead", "says RUNNING, but"),
        ("sweep", "only holds other runs together. Name one of them; the best is "),
        ("exp01_cv_baseline", "has no oof_scores.parquet"),
    ],
)
def test_a_run_that_judged_nothing_is_refused_with_one_message(faulty, cutscore, name, message):
    answer = cutscore("report", faulty.runs[name], "--store", faulty.path)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("RUN: ") == 1
    assert message in answer.err


@pytest.fixture(scope="module")
def faulty(sound, tmp_path_factory):
    made = cared.add_faulty(cared.copy(sound, tmp_path_factory.mktemp("faulty")))
    for file in made.files("exp01_cv_baseline").glob("oof_scores*"):
        file.unlink()
    return made


def test_what_cannot_be_read_or_written_is_refused(credit, cutscore, in_folder, monkeypatch):
    store, run = ("--store", credit.path), credit.runs["few"]
    document = credit.files("more") / "threshold.json"
    document.write_text(json.dumps({"threshold": 0.5}))
    (credit.files("dearer") / "oof_scores.parquet").write_bytes(b"PAR1 no table")
    monkeypatch.setenv("PATH", str(in_folder))
    refused = {
        ("report", credit.runs["more"]): "RUN: .* in a form that is not read. Run it again",
        ("report", credit.runs["dearer"]): "RUN: the scores of .* cannot be read",
        ("report", run, "--against", credit.runs["more"]): "--against: ",
        ("report", "nobody"): 'RUN: there is no run "nobody"',
        ("report", run, "--against", "champion"): '--against: there is no run "champion"',
        ("report", run, "--out", "report.txt"): "--out: .* is no .html file",
        ("report", run, "--out", in_folder): "--out: .* is a folder",
        ("report", run, "--pdf"): "--pdf: no browser that prints is installed",
    }
    for words, message in refused.items():
        answer = cutscore(*words, *store)
        assert (answer.code, answer.out) == (2, ""), words
        assert re.search(message, answer.err), answer.err
    assert {path.name for path in in_folder.iterdir()} <= {"credit"}


def test_a_browser_shows_the_record_and_prints_it(made, browser):
    _, out, _, (here, _) = made
    shown = OpenPage(browser, out, viewport={"width": 600, "height": 900})
    assert not shown.errors
    assert shown.asked == [out.as_uri()]
    cost = json.loads((here / "threshold.json").read_text())["total_cost"]
    assert shown.figures()["total_cost"] == cost
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= 600
    found = Axe().run(shown.page)
    assert not found.response["violations"], found.generate_report()
    shown.page.evaluate("document.querySelector('[data-name=Bayes]').click()")
    assert shown.figures()["total_cost"] > cost
    shown.close()
    printed = print_page(find_browser(), out)
    assert printed.read_bytes().startswith(b"%PDF")
    assert printed.read_bytes().count(b"/Type /Page\n") >= 5
