"""A real browser for tests of pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


class BrowserMissingError(Exception):
    """There is no Chromium on this machine."""


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the machine's own Chromium, without a window."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise BrowserMissingError("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


class OpenPage:
    """A page that was opened; `errors` has what its scripts and its policy complained of."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def figures(self) -> dict[str, float | None]:
        """Return the live figures with all their digits."""
        return self.page.evaluate(FIGURES)

    def close(self) -> None:
        self.context.close()


FIGURES = """() => Object.fromEntries([...document.querySelectorAll("[data-figure]")].map((node) =>
  [node.dataset.figure, node.value === "" ? null : Number(node.value)]))"""
