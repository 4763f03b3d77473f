"""The pages in a real browser, over a store made to attack, one that grows, and a real record."""

from __future__ import annotations

import csv
import io
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import attacking
import pytest
import recorded as recording
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from made_store import MadeStore, build_store, hexed

from cutscore.dashboard.app import build
from cutscore.dashboard.board import BoardCell, leaderboard_page
from cutscore.dashboard.sources import DatabaseSource
from cutscore.delivery.history import history
from cutscore.delivery.judged_run import judged_rows
from cutscore.serving.listening import bind

RUNS = 300
MS = 20_000
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
AXE = (
    ("runs", "light"),
    ("compare", "dark"),
    ("grid?experiment=recorded", "dark"),
    ("models", "light"),
)
VIEWS = ("runs", "compare", "grid", "searches", "models", "monitoring")


@contextmanager
def served(path):
    """Serve a store from a thread of this process; yield the page's address."""
    with bind("127.0.0.1", 0) as listener:
        app = build(DatabaseSource(path), history, judged_rows)
        server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def look(browser):
    """Return what opens an address; at the end nothing may have gone wrong on any page."""
    context, errors = browser.new_context(viewport={"width": 1280, "height": 800}), []
    context.set_default_timeout(MS)

    def opened(address: str):
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and errors.append(said.text))
        page.goto(address)
        return page

    yield opened
    context.close()
    told = ("CONNECTION_REFUSED", "status of 422")  # a server that has ended, a refusal
    assert [error for error in errors if not any(word in error for word in told)] == []


@pytest.fixture(scope="module")
def store(empty, tmp_path_factory):
    return build_store(empty, tmp_path_factory.mktemp("pages") / "mlflow.db", "p", RUNS, files=0)


def rows(page) -> list[list[str]]:
    """Return the texts of the rows that are drawn."""
    script = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    return page.locator(".long tbody tr:has(td)").evaluate_all(script)


def test_no_view_interprets_what_a_store_says(empty, tmp_path, look):
    path = tmp_path / "mlflow.db"
    ids = attacking.attacking_store(empty, path)
    chosen = "&".join(f"run={run}" for run in ids)
    with served(path) as site:
        page = look(site)
        page.locator(".long td a").first.wait_for()
        assert len(rows(page)) == len(ids)
        for name in (f"params.key{attacking.IMAGE}", f"tags.tag {attacking.SCRIPT}"):
            page.locator("input[list]").first.fill(name)
            page.keyboard.press("Enter")
            page.get_by_title(name, exact=True).wait_for()
        page.locator("input[list]").nth(1).fill("tags.feature_strategy")
        page.keyboard.press("Enter")
        page.locator("tr.group").first.wait_for()
        seen = page.inner_text("main")
        for view in VIEWS:
            page.evaluate(f"location.hash = '{view}?{chosen}'")
            page.locator(f"main.{view} > *").first.wait_for(state="attached")
            page.wait_for_timeout(50)
            seen += page.inner_text("#app")
            assert page.evaluate("typeof window.hacked") == "undefined"
            assert page.locator("#app img, #app script").count() == 0
        for text in (attacking.SCRIPT, attacking.IMAGE, attacking.FORMULA):
            assert text in seen
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, "a long text pushes the page apart"


def test_runs_are_filtered_sorted_grouped_and_chosen_by_address(store, look):
    with served(store) as site:
        page = look(f"{site}#runs?sort=metrics.metric_1")
        page.locator(".long td a").first.wait_for()
        names = {row[1] for row in rows(page)}
        assert 10 < len(names) < 60, "only rows in sight are drawn"
        page.fill("input[type=search]", "experiment=only_p group.param_0!=x")
        page.locator("strong", has_text=f"of {RUNS} runs").wait_for()
        left = RUNS // 5
        assert page.inner_text(".bar-of-runs strong") == f"{left} of {RUNS} runs"
        page.locator(".long input").first.check()
        page.locator(".long input").nth(2).check()
        with page.expect_download() as saved:
            page.click("[data-file=runs]")
        table = list(csv.reader(io.StringIO(Path(saved.value.path()).read_text())))
        assert len(table) == left + 1
        assert table[0][:2] == ["run_id", "name"]
        again = look(page.url)  # what a colleague sees
        again.locator("a", has_text="Compare 2 runs").wait_for()
        assert rows(again) == rows(page)
        again.click("a:text('Compare 2 runs')")
        again.locator("h2", has_text="Settings that differ").wait_for()
        page.fill("input[type=search]", "nosuch>3")
        page.locator(".message", has_text="No column is called nosuch").wait_for()


def test_runs_appear_and_end_while_one_looks(empty, tmp_path, look):
    path = build_store(empty, tmp_path / "mlflow.db", "grows", 3)
    with served(path) as site:
        page = look(site)
        page.locator("strong", has_text="3 runs").wait_for()
        with closing(MadeStore(path)) as more:
            more._experiments = {"shared": 1}
            run = more.run("shared", hexed("late"), params=1, metrics=1, files=(), status="RUNNING")
            more.insert("tags", key="cutscore.folds", value="2 of 5", run_uuid=run)
        page.locator(".state.running", has_text="2 of 5 folds").wait_for()
        with closing(MadeStore(path)) as more:
            more.connection.execute("UPDATE runs SET status = 'FAILED' WHERE run_uuid = ?", [run])
        page.locator(".state.failed").wait_for()
        page.evaluate("location.hash = '#compare?run=' + store.columns.get('run_id')[0]")
        page.locator("h2", has_text="Files").wait_for()
        path.rename(path.with_name("away.db"))
        page.locator(".note", has_text="there is no store").wait_for()
        path.with_name("away.db").rename(path)
        page.locator(".note").wait_for(state="hidden")


def test_a_comparison_shows_curves_and_swaps(tmp_path, look):
    found = recording.unpack(tmp_path)
    with served(found.database) as site:
        page = look(f"{site}#compare?run={found.exact}&run={found.linear}&run={found.by_own_costs}")
        page.locator("h2", has_text="Curves").wait_for()
        assert page.locator("main .three svg path.line").count() == 9
        page.locator("button", has_text="against").nth(1).click()
        page.locator("h2", has_text="change sides").wait_for()
        page.locator("p.soft", has_text="of another version").wait_for()


def test_axe_finds_nothing_in_any_view(tmp_path, look):
    found = recording.unpack(tmp_path)
    chosen = f"run={found.exact}&run={found.linear}"
    with served(found.database) as site:
        page = look(f"{site}#runs?{chosen}")
        for view, scheme in AXE:
            page.emulate_media(color_scheme=scheme)
            page.evaluate(f"location.hash = '{view}{'&' if '?' in view else '?'}{chosen}'")
            page.locator("main section, main .long td a, main .empty").first.wait_for()
            page.wait_for_timeout(50)
            wrong = Axe().run(
                page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
            )
            told = [(v["id"], [n["html"][:120] for n in v["nodes"][:3]])
                    for v in wrong.response["violations"]]  # fmt: skip
            assert told == [], view


def test_without_javascript_the_newest_runs_are_told(store, browser):
    with served(store) as site:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(site)
        assert page.locator("noscript tbody tr, main tbody tr").count() == 100
        context.close()


def test_a_leaderboard_is_a_page_of_its_own_in_a_sandboxed_frame(tmp_path, look):
    found = recording.unpack(tmp_path)
    cells = [
        BoardCell(run, f"exp0{n}", "complete" if n < 2 else "failed",
             {"features": attacking.SCRIPT, "seed": str(n)},
             {"crossfit_cost": 100.0 + n, "roc_auc": 0.8, "outer_cost_per_row": float("nan")})
        for n, run in enumerate(found.runs)
    ]  # fmt: skip
    text = leaderboard_page(
        "sweep_seed", cells, ("features", "seed"), "crossfit_cost",
        lambda run, name: found.artifacts(run) / name,
    )  # fmt: skip
    assert len(text) < 250_000
    (tmp_path / "leaderboard.html").write_text(text)
    frame = '<iframe sandbox="allow-scripts" src="leaderboard.html" width="600" height="900">'
    (tmp_path / "frame.html").write_text(frame)
    inside = look((tmp_path / "frame.html").as_uri()).frame_locator("iframe")
    inside.locator("table.heat td a", has_text="100").click()
    inside.locator("h2", has_text="Curves").wait_for()
    inside.locator("nav a", has_text="Runs").click()
    inside.locator(".long input").nth(1).check()
    inside.locator("a.button", has_text="Compare 2 runs").click()
    assert inside.locator(".cards article").count() == 2
