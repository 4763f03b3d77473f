import json

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

from cutscore.report.files import write_artifact
from cutscore.report.items import Figure, Folder, TableFile, Text
from cutscore.report.redact import redact


def test_texts_and_folders(tmp_path):
    write_artifact(Text("deep/threshold.json", json.dumps({"threshold": 0.1})), tmp_path)
    write_artifact(Text("a.txt", "50 % – café\n"), tmp_path)
    write_artifact(Folder("model", lambda folder: (folder / "x").mkdir()), tmp_path)
    assert json.loads((tmp_path / "deep" / "threshold.json").read_text()) == {"threshold": 0.1}
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "50 % – café\n"
    assert (tmp_path / "model" / "x").is_dir()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_come_back_equal(tmp_path, suffix):
    frame = {
        "row": np.arange(4),
        "score": np.array([0.1, 1 / 3, 0.0, 1.0]),
        "fold": np.array([0, 1, 0, 1], dtype=np.int16),
        "name": np.array(["a", "b,c", 'd"', "é"]),
    }
    path = write_artifact(TableFile(f"t.{suffix}", frame), tmp_path)
    read = pyarrow.csv.read_csv if suffix == "csv" else pyarrow.parquet.read_table
    assert read(path).to_pydict() == {name: list(values) for name, values in frame.items()}


def test_parquet_keeps_every_bit(tmp_path):
    scores = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1 / 3])
    whole = np.array([-(2**63), 2**63 - 1, 0, -1, 1, 7])
    path = write_artifact(TableFile("t.parquet", {"score": scores, "row": whole}), tmp_path)
    read = pyarrow.parquet.read_table(path)
    assert read["score"].to_numpy().tobytes() == scores.tobytes()
    assert read["row"].to_numpy().tobytes() == whole.tobytes()


@pytest.mark.parametrize("path", ["../a.txt", "/tmp/a.txt", "", "a/../../b.txt"])
def test_paths_stay_inside(tmp_path, path):
    with pytest.raises(ValueError, match="must stay inside"):
        write_artifact(Text(path, "x"), tmp_path)


def test_an_unknown_kind_of_table(tmp_path):
    with pytest.raises(ValueError, match=r"\.csv or \.parquet, got 't\.xlsx'"):
        write_artifact(TableFile("t.xlsx", {"a": np.arange(2)}), tmp_path)


def test_figures(tmp_path):
    from cutscore.report.figures.style import new_figure

    path = write_artifact(Figure("p.png", new_figure()), tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert write_artifact(Figure("p.svg", new_figure()), tmp_path).stat().st_size > 0


def test_sheets(tmp_path):
    from cutscore.report.figures.sheet import Sheet

    path = write_artifact(Figure("p.png", Sheet(2, 1)), tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"a sheet is written as \.png, got 'p\.svg'"):
        write_artifact(Figure("p.svg", Sheet(2, 1)), tmp_path)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:hunter2@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("mysql+pymysql://me:hun:ter@2@host/db", "mysql+pymysql://me:***@host/db"),
        (r"uri=mysql\://me\:hunter2@host\:5432/db", r"uri=mysql\://me\:***@host\:5432/db"),
        ("see http://:hunter2@h/x and https://a:b@c", "see http://:***@h/x and https://a:***@c"),
        ("https://h/x?user=me&password=hunter2#a", "https://h/x?user=me&password=***#a"),
        ("s3://b/k?aws_secret_access_key=hunter2&x=1", "s3://b/k?aws_secret_access_key=***&x=1"),
        ("https://h?api_key=hunter2", "https://h?api_key=***"),
        ("http://host:5000/a@b", "http://host:5000/a@b"),
        ("sqlite:////data/a:b/mlflow.db", "sqlite:////data/a:b/mlflow.db"),
        ("mail me@host, ratio 1:2", "mail me@host, ratio 1:2"),
    ],
)
def test_passwords_are_hidden_and_nothing_else(text, shown):
    assert redact(text) == shown
    assert redact(shown) == shown
