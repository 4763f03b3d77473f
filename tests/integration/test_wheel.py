"""The built wheel, installed where there is nothing else of the project."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("uv") is None, reason="uv builds the wheel")


def run(*words, folder, check=True):
    command = [str(word) for word in words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=check)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    words = ("uv", "build", "--wheel", "--no-config", "--out-dir", folder, ROOT)
    done = run(*words, folder=folder, check=False)
    if done.returncode != 0 and "Failed to resolve requirements" in done.stderr:
        pytest.skip("the build backend cannot be had")
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment with the wheel; its libraries are those of the tests, found by a path file.

    The editable install of the tests is not: Python follows no path files from path files.
    """
    folder = tmp_path_factory.mktemp("environment") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder, folder=folder.parent)
    python = folder / "bin" / "python"
    words = ("uv", "pip", "install", "--no-config", "--offline", "--no-deps", "--python", python)
    run(*words, wheel, folder=folder.parent)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "cutscore"


def test_the_wheel_holds_the_configs(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    configs = {path.relative_to(ROOT).as_posix() for path in (ROOT / "conf").rglob("*.yaml")}
    assert {f"cutscore/{name}" for name in configs} <= set(names)
    pages = {path.name for path in (ROOT / "src/cutscore/report/page").glob("*.[cjh]*")}
    assert {"page.css", "charts.js", "cutoff.html.jinja"} < pages
    assert {f"cutscore/report/page/{name}" for name in pages} <= set(names)
    assert "cutscore/py.typed" in names
    assert not [name for name in names if name.startswith(("tests", "conf", "benchmarks"))]


def test_it_runs_on_packaged_configs_in_an_empty_folder(installed, loans, in_folder):
    path = run(installed, "run", "--info", "searchpath", folder=in_folder).stdout
    assert f"{installed.parents[1]}/lib" in path
    assert str(ROOT) not in path
    done = run(installed, "run", *loans, "features=polynomial", "data.polynomial=[income,age]",
               folder=in_folder)  # fmt: skip
    assert "exp01_cv_polynomial_none" in done.stdout
    assert {entry.name for entry in in_folder.iterdir()} == {"mlruns", "outputs"}
    shown = run(installed, "runs", "show", "exp01_cv_polynomial_none", "--json", folder=in_folder)
    assert json.loads(shown.stdout)["missing"] == []


def test_a_local_conf_is_layered_over_the_packaged_one(installed, in_folder):
    (in_folder / "conf" / "sampling").mkdir(parents=True)
    own = "_target_: cutscore.sampling.undersample.Undersample\nratio: 0.3\n"
    (in_folder / "conf" / "sampling" / "mine.yaml").write_text(own)
    words = ("run", "--cfg", "job", "sampling=mine")
    out = run(installed, *words, folder=in_folder).stdout
    assert "ratio: 0.3" in out
    assert "cutscore.threshold.exact.Exact" in out
