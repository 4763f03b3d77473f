"""What a run says about itself, as typed items.

A generator yields them; one loop writes them. Nothing here knows where they are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

    from cutscore.report.figures.sheet import Sheet


@dataclass(frozen=True)
class Param:
    """A setting of the run, by dotted key."""

    key: str
    value: Any


@dataclass(frozen=True)
class Metric:
    """A figure of the run; `step` is the fold where there is one per fold."""

    key: str
    value: float
    step: int = 0


@dataclass(frozen=True)
class Tag:
    """A label of the run."""

    key: str
    value: str


@dataclass(frozen=True, eq=False)
class TableFile:
    """A table as an artifact: columns of equal length, .csv or .parquet by the path's suffix."""

    path: str
    frame: Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture as an artifact: a sheet as .png, a Matplotlib figure also as .svg or .pdf."""

    path: str
    figure: MatplotlibFigure | Sheet


@dataclass(frozen=True)
class Text:
    """A text artifact: .yaml, .json, .txt, .log, .md, .html."""

    path: str
    text: str


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder as an artifact; `write` fills the folder it is given. "." is where all files go."""

    path: str
    write: Callable[[Path], None]


@dataclass(frozen=True, eq=False)
class ModelFolder:
    """A fitted model as a folder without pickle, and what is needed to load and call it.

    `requirements` are pip requirements (may be empty).
    """

    name: str
    write: Callable[[Path], None]
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetUsed:
    """The data a run was made from; `columns` maps names to "double" or "string"."""

    name: str
    digest: str
    source: str
    rows: int
    positives: int
    columns: Mapping[str, str] = field(default_factory=dict)


Artifact = TableFile | Figure | Text | Folder
Item = Param | Metric | Tag | Artifact | ModelFolder | DatasetUsed
