"""Artifacts to files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.report.items import Artifact, Figure, Folder, TableFile, Text


def write_artifact(artifact: Artifact, folder: Path) -> Path:
    """Write one artifact below `folder` and return the path of the file or folder.

    Raises
    ------
    ValueError
        If the path leaves the folder, or its suffix is not one this kind of artifact can have.
    """
    parts = PurePosixPath(artifact.path)
    is_root = isinstance(artifact, Folder) and artifact.path == "."
    if parts.is_absolute() or ".." in parts.parts or not (parts.name or is_root):
        raise ValueError(f"an artifact's path must stay inside its folder, got {artifact.path!r}")
    path = folder.joinpath(*parts.parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    match artifact:
        case Text(text=text):
            path.write_text(text, encoding="utf-8")
        case TableFile():
            _write_table(artifact, path)
        case Figure():
            _write_figure(artifact, path)
        case Folder(write=write):
            path.mkdir(exist_ok=True)
            write(path)
    return path


def _write_table(table: TableFile, path: Path) -> None:
    """Write columns as CSV or Parquet with pyarrow."""
    import pyarrow

    frame = pyarrow.table({name: pyarrow.array(values) for name, values in table.frame.items()})
    if path.suffix == ".parquet":
        import pyarrow.parquet

        # Dictionaries of numbers that all differ would take four times as long.
        columns = {name: _encoding(values) for name, values in table.frame.items()}
        pyarrow.parquet.write_table(
            frame,
            path,
            compression="zstd",
            use_dictionary=[name for name, encoding in columns.items() if encoding is None],
            column_encoding={name: encoding for name, encoding in columns.items() if encoding},
        )
    elif path.suffix == ".csv":
        import pyarrow.csv

        pyarrow.csv.write_csv(frame, path)
    else:
        raise ValueError(f"a table is written as .csv or .parquet, got {table.path!r}")


def _encoding(values: npt.NDArray[Any]) -> str | None:
    """Return how Parquet is to hold numbers of many digits; None for all else."""
    if values.dtype == np.float64:
        return "BYTE_STREAM_SPLIT"
    return "DELTA_BINARY_PACKED" if values.dtype == np.int64 else None


def _write_figure(figure: Figure, path: Path) -> None:
    """Write a picture.

    Glyphs without hinting and PNG's compression level 3 save a quarter of the time of Matplotlib's
    figures, and neither is seen.
    """
    from cutscore.report.figures.sheet import Sheet

    drawn = figure.figure
    if isinstance(drawn, Sheet):
        if path.suffix != ".png":
            raise ValueError(f"a sheet is written as .png, got {figure.path!r}")
        path.write_bytes(drawn.png())
        return
    import matplotlib

    options = {"pil_kwargs": {"compress_level": 3}} if path.suffix == ".png" else {}
    with matplotlib.rc_context({"text.hinting": "no_hinting"}):
        drawn.savefig(path, **options)  # type: ignore[arg-type]
