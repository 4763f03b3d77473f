from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import cutscore
from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.fingerprint import CORE_ROOMS, own_sources_digest
from cutscore.config.layers import find_layers
from cutscore.config.overrides import parse_overrides


@pytest.fixture
def composer(in_folder):
    return Composer(find_layers(working_dir=in_folder))


def fingerprint(composer, *overrides, digest="d"):
    return compose_plan(composer, parse_overrides(overrides)).fingerprint(digest)


def test_what_changes_no_result_changes_no_fingerprint(composer):
    base = fingerprint(composer)
    assert base == fingerprint(composer, "threads=1")
    assert base == fingerprint(composer, "tracking.experiment=other")
    assert base == fingerprint(composer, "report.curve_points=100")
    assert base == fingerprint(composer, "+data.labels.age=years")
    assert base == fingerprint(composer, "job.name=x")
    table = ["data=table", "data.target=y"]
    assert fingerprint(composer, *table, "data.path=a.csv") == fingerprint(
        composer, *table, "data.path=b.csv"
    )


@pytest.mark.parametrize(
    "override",
    [
        "seed=43", "sampling=balanced", "validation.folds=6", "cost.false_negative=9",
        "model.params.learning_rate=0.2", "model.binning=fold", "features=domain",
        "threshold=fbeta", "data=bank_marketing",
    ],
)  # fmt: skip
def test_what_can_change_a_result_changes_the_fingerprint(composer, override):
    assert fingerprint(composer) != fingerprint(composer, override)


def test_the_data_digest_counts(composer):
    assert fingerprint(composer, digest="d") != fingerprint(composer, digest="e")


def test_integral_floats_are_whole_numbers(composer):
    assert fingerprint(composer, "model.params.n_estimators=50") == fingerprint(
        composer, "model.params.n_estimators=50.0"
    )


def test_the_users_own_sources_count(in_folder, composer, monkeypatch):
    monkeypatch.syspath_prepend(in_folder)
    source = "from sklearn.naive_bayes import GaussianNB\nclass Mine(GaussianNB):\n    {}\n"
    (in_folder / "their_model.py").write_text(source.format("pass"))
    own = ["model=sklearn", "model._target_=their_model.Mine"]
    before = fingerprint(composer, *own)
    (in_folder / "their_model.py").write_text(source.format("depth = 2"))
    assert fingerprint(composer, *own) != before
    sys.modules.pop("their_model")


def test_it_is_the_same_in_another_process(composer, in_folder):
    code = (
        "from cutscore.config.compose import Composer\n"
        "from cutscore.config.layers import find_layers\n"
        "from cutscore.config.build import compose_plan\n"
        "print(compose_plan(Composer(find_layers()), []).fingerprint('d'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=in_folder, check=True
    )
    assert done.stdout.strip() == fingerprint(composer)


PACKAGE = Path(cutscore.__file__).parent


def test_the_rooms_that_count_are_those_below_configuration():
    """Whatever stands at `experiment` or below it in the house can change a result."""
    house = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text())
    (layers,) = (c for c in house["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    below = layers["layers"][layers["layers"].index("experiment") :]
    rooms = {room for layer in below for room in layer.split(" | ")}
    assert set(CORE_ROOMS) == rooms - {"errors"}


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        ("cli/summary.py", '"""', '"""Other words. ', True),
        ("cli/summary.py", "import", "import this; import", True),
        ("report/figures/cost.py", "1", "2", True),
        ("threshold/grid.py", '"""', '"""Other words. ', True),
        ("threshold/grid.py", "\n\n\n", "\n\n\n# a remark\n", True),
        ("threshold/grid.py", "0.001", "0.002", False),
        ("preparation.py", " == ", " != ", False),
    ],
)
def test_only_code_that_can_change_a_result_counts(tmp_path, file, old, new, same):
    copy = tmp_path / "cutscore"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = own_sources_digest.__wrapped__(copy)
    text = (copy / file).read_text()
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1))
    assert (own_sources_digest.__wrapped__(copy) == before) == same
