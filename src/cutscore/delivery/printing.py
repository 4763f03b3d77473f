"""Files of a report: where it may be written, and a PDF by a browser that is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from cutscore.errors import CutscoreError, Fault, RequestError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FOLDER = Path("outputs")
_SECONDS = 120
_QUIET = ("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync", "--no-pdf-header-footer",
          "--window-size=900,1200")  # fmt: skip


def report_path(name: str, out: Path | None) -> Path:
    """Return where the report of a run goes: `out`, or outputs/report_NAME.html.

    Raises
    ------
    RequestError
        If that is a folder, or no .html.
    """
    plain = re.sub(r"[^\w.-]+", "_", name)[:80]
    path = out or FOLDER / f"report_{plain}.html"
    if path.is_dir() or path.suffix.lower() not in (".html", ".htm"):
        problem = f'"{path}" is {"a folder" if path.is_dir() else "no .html file"}.'
        raise RequestError(Fault("--out", problem, "Name a file, such as report.html."))
    return path


def write_whole(path: Path, text: str) -> None:
    """Write a file, or leave what is there.

    Raises
    ------
    RequestError
        If it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        problem = f'"{path}" cannot be written: {error.strerror}.'
        raise RequestError(Fault("--out", problem)) from error


def find_browser() -> str:
    """Return the browser that prints pages.

    Raises
    ------
    RequestError
        If none is installed.
    """
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    problem = f"no browser that prints is installed ({', '.join(BROWSERS)})."
    raise RequestError(Fault("--pdf", problem, "Leave it out, and print the HTML file."))


def print_page(browser: str, page: Path) -> Path:
    """Print a page of ours beside it, as .pdf, and return where.

    Raises
    ------
    CutscoreError
        If the browser makes none.
    """
    made = page.with_suffix(".pdf")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses to run as root with one
    with tempfile.TemporaryDirectory(prefix="cutscore-") as folder:
        printed = Path(folder) / "page.pdf"
        words = [*_QUIET, *root, f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}"]
        try:
            done = subprocess.run(
                [browser, *words, page.absolute().as_uri()],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
            told = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            told = str(error)
        if not printed.is_file():
            raise CutscoreError(f"{page} is written, but {browser} printed no PDF: {told}")
        shutil.copyfile(printed, made)
    return made
