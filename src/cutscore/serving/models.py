"""The model that answers, and the one that takes its place when the alias moves."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cutscore.errors import CutscoreError
from cutscore.scoring.scorer import Scorer
from cutscore.serving.described import example_row, example_tables
from cutscore.serving.metrics import Metrics


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model in use.

    Attributes
    ----------
    scorer : scores and decides
    version : what it is called in answers, metrics and the decision log
    since : when it was loaded
    example : a row that it decides; None if none could be made up
    tables : the same by tables; None for a model of one, too
    """

    scorer: Scorer
    version: str
    since: datetime
    example: dict[str, Any] | None
    tables: dict[str, Any] | None = None


def loaded(scorer: Scorer) -> Loaded:
    """Return a model ready to answer: it has decided a row, so the first caller need not wait."""
    examples: list[dict[str, Any] | None] = []
    for make in (example_row, example_tables):
        example = None
        with contextlib.suppress(CutscoreError):
            row = make(scorer)
            if row is not None:
                scorer.decide(row)
            example = row
        examples.append(example)
    return Loaded(scorer, scorer.version, datetime.now(UTC), *examples)


class Models:
    """Hands out the model in use.

    Parameters
    ----------
    scorer : Scorer
        The model to begin with.
    load : callable
        Loads the model that is to be used now.
    named : callable, optional
        Says which version that is, at little cost; None if it cannot change.
    seconds : float
        Between two questions.
    metrics : Metrics
        Counts exchanges and failures.
    say : callable
        Writes a line to the log.

    A new version is loaded beside the old one. Requests that have begun end with the model that
    they began with; if a version cannot be loaded, the old one stays.
    """

    def __init__(
        self,
        scorer: Scorer,
        load: Callable[[], Scorer],
        named: Callable[[], str] | None,
        seconds: float,
        metrics: Metrics,
        say: Callable[..., None],
    ) -> None:
        self._load, self._named, self._seconds = load, named, seconds
        self._metrics, self._say = metrics, say
        self.current = loaded(scorer)
        self.trouble = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def follows(self) -> bool:
        """Whether another version may take its place."""
        return self._named is not None and self._seconds > 0

    def start(self) -> None:
        """Begin to follow the alias."""
        if self.follows:
            self._thread = threading.Thread(target=self._follow, name="follow", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End following."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(self._seconds)

    def look(self) -> None:
        """Ask once which version is meant, and use it if it is another."""
        if self._named is None:
            return
        try:
            if self._named() != self.current.version:
                new = loaded(self._load())
                old, self.current = self.current, new
                self._metrics.add("cutscore_model_exchanges_total")
                self._say("model exchanged", old=old.version, new=new.version)
            self.trouble = ""
        except Exception as error:  # noqa: BLE001  # whatever it is, the old model answers
            self._metrics.add("cutscore_follow_failures_total")
            told = f"the model in use may not be the newest: {error}"
            if told != self.trouble:
                self._say("following failed", problem=str(error), kept=self.current.version)
            self.trouble = told

    def _follow(self) -> None:
        while not self._stop.wait(self._seconds):
            self.look()
