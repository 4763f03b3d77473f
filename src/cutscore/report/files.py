"""Artifacts to files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from cutscore.report.items import Artifact, Figure, Folder, Table, Text


def write_artifact(artifact: Artifact, folder: Path) -> Path:
    """Write one artifact below `folder` and return the path of the file or folder.

    Raises
    ------
    ValueError
        If the path leaves the folder, or its suffix is not one this kind of artifact can have.
    """
    parts = PurePosixPath(artifact.path)
    if parts.is_absolute() or ".." in parts.parts or not parts.name:
        raise ValueError(f"an artifact's path must stay inside its folder, got {artifact.path!r}")
    path = folder.joinpath(*parts.parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    match artifact:
        case Text(text=text):
            path.write_text(text, encoding="utf-8")
        case Table():
            _write_table(artifact, path)
        case Figure():
            _write_figure(artifact, path)
        case Folder(write=write):
            path.mkdir(exist_ok=True)
            write(path)
    return path


def _write_table(table: Table, path: Path) -> None:
    """Write columns as CSV or Parquet with pyarrow."""
    import pyarrow

    frame = pyarrow.table({name: pyarrow.array(values) for name, values in table.frame.items()})
    if path.suffix == ".parquet":
        import pyarrow.parquet

        pyarrow.parquet.write_table(frame, path, compression="zstd")
    elif path.suffix == ".csv":
        import pyarrow.csv

        pyarrow.csv.write_csv(frame, path)
    else:
        raise ValueError(f"a table is written as .csv or .parquet, got {table.path!r}")


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
