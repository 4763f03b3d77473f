"""A store whose every text tries to be something else than a text."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from made_store import MadeStore, hexed

SCRIPT = "<script>window.hacked = 1</script>"
IMAGE = '"><img src=x onerror="window.hacked = 1">'
LONG = "x" * 7_000
TURNED = "\u202eקוד \u2066<b>עברית</b>\u2069"
FORMULA = "=cmd|' /C calc'!A0"
TEXTS = (SCRIPT, IMAGE, 'it\'s "quoted" \\ ${x} {{7*7}}', LONG, TURNED, FORMULA, "a\nb\tc", "")


def attacking_store(empty: Path, database: Path) -> list[str]:
    """Make the store and return the ids of its runs, one for each text, the last one running."""
    database.parent.mkdir(parents=True, exist_ok=True)
    database.write_bytes(empty.read_bytes())
    made, ids = MadeStore(database), []
    states = ("FINISHED", "FAILED", "KILLED", "FINISHED")
    with closing(made):
        for number, text in enumerate(TEXTS):
            run = made.run(
                f"{IMAGE[:40]} {number % 2}", hexed("attack", number), params=0, files=(),
                status="RUNNING" if number == len(TEXTS) - 1 else states[number % 4],
                tags={"mlflow.runName": text, "feature_strategy": text, f"tag {SCRIPT}": text},
            )  # fmt: skip
            ids.append(run)
            rows = [(f"key{IMAGE}", text, run), ("model.params.depth", str(number), run)]
            made.connection.executemany("INSERT INTO params VALUES (?, ?, ?)", rows)
            query = "INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan) "
            rows = [("roc_auc", 0.5 + number / 20, 0, run, 0, 0), (f"m{SCRIPT}", 1.0, 0, run, 0, 0)]
            made.connection.executemany(f"{query} VALUES (?, ?, ?, ?, ?, ?)", rows)
        made.insert("registered_models", name=IMAGE, creation_time=1)
    folder = database.parent / "artifacts" / f"{IMAGE[:40]} 0" / ids[0] / "artifacts"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text(SCRIPT)
    (folder / "threshold.json").write_text('{"costs": ["no", "object"]')
    (folder / "threshold_curve.parquet").write_text("no Parquet")
    (folder / "link.txt").symlink_to(database)
    return ids
