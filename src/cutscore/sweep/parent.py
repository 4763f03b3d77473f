"""What the parent run of a sweep leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from cutscore.config.overrides import texts_of
from cutscore.dashboard.board import BoardCell, leaderboard_page
from cutscore.metrics.catalogue import HEADLINE, shown
from cutscore.metrics.metric_spec import MetricView
from cutscore.records.decision import rule_words
from cutscore.report.figures.leaderboard import leaderboard_heatmap
from cutscore.report.items import Figure, Item, Metric, Param, TableFile, Tag, Text
from cutscore.report.redact import redact
from cutscore.runs.port import RunStore
from cutscore.sweep.cells import SweepRequest
from cutscore.sweep.leaderboard import Leaderboard

PAGE = "leaderboard.html"
MOST = 3
"""So many experiments are named in the name of a sweep over experiments."""


def parent_name(request: SweepRequest) -> str:
    """Return a name that says what was swept: its experiment, or the keys that vary."""
    names = request.experiments
    if request.named:
        return "_".join(
            ["sweep", *(names if len(names) <= MOST else (f"{len(names)}_experiments",))]
        )
    words = [key.rpartition(".")[2] for key in request.swept] or ["one_cell"]
    return "_".join(["sweep", *words])


def parent_items(request: SweepRequest, board: Leaderboard, name: str) -> Iterator[Item]:
    """Yield the leaderboard, the heatmap, the best cell's threshold and what was asked for."""
    # What may differ when a sweep is gone on with is a tag: params are written once.
    yield Param("cells", len(request.cells))
    yield Tag("swept", ", ".join(request.swept))
    yield Tag("ranked_by", board.metric)  # may change when failed cells are made up for
    asked = {cell.name: texts_of(cell.overrides) for cell in request.cells}
    yield Text("sweep.yaml", redact(yaml.safe_dump(asked, sort_keys=False)))
    yield TableFile("leaderboard.csv", board.frame())
    yield Metric("cells_complete", len(board.ranked))
    yield Metric("cells_failed", len(board.failed))
    yield Tag("note", board.note)
    best = board.best
    if best is None:
        return
    yield Tag("best_run", best.run_id)
    for metric in (spec.name for spec in shown(MetricView.BEST)):
        if metric in best.metrics:
            yield Metric(f"best_{metric}", best.metrics[metric])
    chosen = {
        "run_id": best.run_id,
        "name": best.name,
        "threshold": best.metrics.get("threshold"),
        "rule": rule_words(best.metrics.get("threshold")),
        HEADLINE: best.metrics.get(HEADLINE),
        "ranked_by": board.metric,
        "outer_cost_per_row": best.metrics.get("outer_cost_per_row"),
        "note": board.note,
    }
    yield Text("best_threshold.json", json.dumps(chosen, indent=2) + "\n")
    yield from _heatmap(board, name)


def leaderboard_item(store: RunStore, board: Leaderboard, name: str) -> Text:
    """Return the cells as a page to look at: grid, distributions and comparisons."""
    cells = [
        BoardCell(cell.run_id, cell.name, cell.status, cell.labels, cell.metrics, cell.failure)
        for cell in (*board.ranked, *board.failed)
    ]
    with TemporaryDirectory(prefix="cutscore-") as folder:

        def find(run_id: str, file: str) -> Path | None:
            own = Path(folder) / run_id
            own.mkdir(exist_ok=True)
            return store.download(run_id, file, own)

        return Text(PAGE, leaderboard_page(name, cells, board.swept, board.metric, find))


def _heatmap(board: Leaderboard, name: str) -> Iterator[Item]:
    """Yield features x sampling as a picture; one cell alone has nothing to show there."""
    features, samplings, cost = board.grid(HEADLINE)
    _, _, auc = board.grid("roc_auc")
    if cost.size > 1:
        yield Figure("heatmap.png", leaderboard_heatmap(name, features, samplings, cost, auc))
