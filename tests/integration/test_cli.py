"""Flags and commands that look: help, configs, completion, reading back, pages."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

HEAVY = ("mlflow", "lightgbm", "sklearn", "optuna", "matplotlib", "pandas", "xgboost", "imblearn")
LOOKS = (
    "--help", "run --help", "runs --help", "--version", "run --cfg job", "run --info searchpath"
)  # fmt: skip
COST = "_target_: cutscore.cost.fixed.FixedCost\nfalse_negative: {}\nfalse_positive: 1\n"


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """What commands that look have said and loaded, by their words; one process tells it."""
    folder = tmp_path_factory.mktemp("looked")
    code = (
        "import contextlib, io, json, sys\nfrom cutscore.cli import main\ntold = {}\n"
        f"for words in {LOOKS!r}:\n"
        "    out, err = io.StringIO(), io.StringIO()\n"
        "    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):\n"
        "        code = main(words.split())\n"
        f"    heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "    told[words] = code, out.getvalue(), err.getvalue(), heavy\n"
        "print(json.dumps(told))"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert not list(folder.iterdir())
    return json.loads(done.stdout)


@pytest.mark.parametrize("words", LOOKS)
def test_looking_imports_nothing_heavy(words, looked):
    code, out, err, heavy = looked[words]
    assert (code, err, heavy) == (0, "", [])
    assert out.strip()


def test_the_help_of_run_shows_groups_options_and_five_examples(cutscore, in_folder):
    help_text = cutscore("run", "--help").out
    for group, option in (("features", "polynomial"), ("sampling", "smote_undersample")):
        assert re.search(rf"^  {group} .*\b{option}\b", help_text, re.MULTILINE)
    assert len(re.findall(r"^  cutscore run ", help_text, re.MULTILINE)) == 5
    assert "Exit codes" in help_text


@pytest.mark.parametrize(
    "words",
    [["runs", "list"], ["runs", "show"], ["store", "init"], ["ui"], ["dashboard"]],
    ids=" ".join,
)
def test_every_command_has_help_with_an_example(cutscore, words, in_folder):
    answer = cutscore(*words, "--help")
    assert answer.code == 0
    assert f"Example: cutscore {' '.join(words)}" in " ".join(answer.out.split())


def test_wrong_commands_and_flags(cutscore, in_folder):
    for words, hint in (
        (["runs", "lst"], "list"),
        (["runn"], "run"),
        (["runs", "list", "--limit", "many"], "integer"),
        (["runs", "list", "--limit", "0"], "--limit"),
        (["runs", "show"], "Missing argument"),
    ):
        answer = cutscore(*words)
        assert answer.code == 2
        assert hint in answer.err
        assert "Traceback" not in answer.err


def test_the_composed_config_is_printed(cutscore, in_folder):
    answer = cutscore("run", "--cfg", "job", "sampling=smote", "seed=7")
    assert answer.code == 0
    assert "_target_: cutscore.sampling.smote.Smote" in answer.out
    assert "seed: 7" in answer.out
    part = cutscore("run", "--cfg", "job", "--package", "cost", "cost.false_negative=3")
    assert "false_negative: 3" in part.out
    assert "model" not in part.out
    resolved = cutscore("run", "--cfg", "job", "--resolve", "--package", "validation")
    assert "seed: 42" in resolved.out
    assert cutscore("run", "--cfg", "job", "sampling=smot").code == 2
    assert not list(in_folder.iterdir())


def test_an_experiments_config_is_printed(cutscore, in_folder):
    answer = cutscore("run", "--cfg", "job", "experiment=quickstart", "--package", "tracking")
    assert "experiment: quickstart" in answer.out


def test_one_config_at_a_time_is_printed(cutscore, in_folder):
    for flags in (["--cfg", "job"], ["--info", "config"]):
        answer = cutscore(
            "run", "-m", "experiment=glob(quick*)", "features=baseline,domain", *flags
        )
        assert answer.code == 2
        assert f"features: {flags[0]} shows one config" in answer.err
        assert "such as features=baseline." in answer.err
        assert "experiment:" not in answer.err


def test_the_search_path_is_printed(cutscore, in_folder):
    (in_folder / "conf" / "cost").mkdir(parents=True)
    out = cutscore("run", "--info", "searchpath").out
    assert out.index(str(in_folder / "conf")) < out.index("main")


@pytest.mark.parametrize(
    ("line", "offered", "alone"),
    [
        ("cutscore run samp", "sampling=", False),
        ("cutscore run sampling=smote_u", "sampling=smote_undersample", True),
        ("cutscore run cost.false_n", "cost.false_negative=", False),
    ],
)
def test_shell_completion(cutscore, in_folder, monkeypatch, line, offered, alone):
    """The script of a shell asks so, with the line as it was typed."""
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    answer = cutscore("-sc", "query=bash")
    assert (answer.code, answer.err) == (0, "")
    assert offered in answer.out.split()
    assert not alone or answer.out.split() == [offered]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_scripts_of_other_shells(cutscore, in_folder, shell):
    answer = cutscore("run", "--shell-completion", f"install={shell}")
    assert answer.code == 0
    assert "hydra" in answer.out


def test_the_bash_script_completes(in_folder):
    folder = Path(sys.executable).parent
    lines = (
        f'PATH={folder}:$PATH; eval "$(cutscore run --shell-completion install=bash)"; '
        "complete -p cutscore; COMP_LINE='cutscore run sampling=bal'; COMP_POINT=${#COMP_LINE}; "
        "COMP_WORDS=(cutscore run sampling=bal); COMP_CWORD=2; "
        'hydra_bash_completion; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", lines], cwd=in_folder, capture_output=True, text=True, check=True
    )
    assert "hydra_bash_completion cutscore" in done.stdout
    assert "balanced" in done.stdout.splitlines()[-1]


def test_local_options_are_used_and_told(cutscore, loans, in_folder):
    (in_folder / "conf" / "cost").mkdir(parents=True)
    (in_folder / "conf" / "cost" / "fixed.yaml").write_text(COST.format(7))
    (in_folder / "conf" / "cost" / "mine.yaml").write_text(COST.format(3))
    (in_folder / "above" / "cost").mkdir(parents=True)
    (in_folder / "above" / "cost" / "mine.yaml").write_text(COST.format(4))
    help_text = cutscore("run", "--help").out
    assert re.search(r"^  cost .*fixed, mine$", help_text, re.MULTILINE)
    answer = cutscore("run", *loans)
    assert answer.code == 0
    first = answer.err.splitlines()[0]
    assert "replaced by local ones: cost/fixed" in first
    above = cutscore("run", *loans, "cost=mine", "--config-dir", "above")
    assert above.code == 0
    costs = []
    for run in cutscore("runs", "list", "--json").json():
        shown = cutscore("runs", "show", run["run_id"], "--json").json()
        costs.append(shown["params"]["cost.false_negative"])
    assert costs == ["4", "7"]


def test_a_foreign_config_is_refused(cutscore, in_folder):
    (in_folder / "conf").mkdir()
    (in_folder / "conf" / "config.yaml").write_text("database: here\n")
    answer = cutscore("run")
    assert answer.code == 2
    assert "conf/config.yaml" in answer.err
    assert cutscore("run", "--config-dir", "nowhere").code == 2


@pytest.fixture
def with_run(cutscore, loans, workplace):
    if not (workplace / "mlruns").exists():
        assert cutscore("run", *loans, "tracking.experiment=first").code == 0
    return workplace


def test_runs_are_listed_and_shown(cutscore, with_run):
    listed = cutscore("runs", "list")
    assert "exp01_cv_baseline_none" in "".join(listed.out.split())
    (run,) = cutscore("runs", "list", "--json", "--experiment", "first").json()
    assert run["complete"]
    for name in (run["run_id"], run["run_id"][:8], run["name"]):
        shown = cutscore("runs", "show", name)
        assert shown.code == 0
        assert run["run_id"] in shown.out
        assert "cross-fitted" in shown.out
        assert "crossfit_cost" in cutscore("runs", "show", name, "--all").out
    assert cutscore("runs", "show", run["name"], "--json").json()["missing"] == []


def test_a_run_shows_what_was_asked_and_commands_that_go_on(cutscore, with_run):
    shown = cutscore("runs", "show", "exp01_cv_baseline_none").out
    asked = " ".join(shown.partition("\nasked")[2].partition("\ndata ")[0].split())
    assert asked.startswith("data=table data.path=")
    assert asked.endswith(
        "data.target=defaulted data.id=loan_id data.drop=[branch,day] validation.folds=3 "
        "model.params.n_estimators=8 report.bootstrap=50 threads=1"
    )
    lines = [line for line in shown.splitlines() if line.startswith("  cutscore ")]
    words = [shlex.split(line)[1:] for line in lines]
    assert [one[0] for one in words] == ["rerun", "threshold", "report", "dashboard", "runs"]
    (figures,) = cutscore("runs", "list", "--json", "--experiment", "first").json()
    for one in words:
        if one[0] != "dashboard":  # it would stay open
            assert cutscore(*one).code == 0
    decided = cutscore(*words[1], "--json").json()
    assert decided["threshold"] == figures["metrics"]["threshold"]
    assert decided["roc_auc"] == pytest.approx(figures["metrics"]["roc_auc_oof"], abs=1e-12)


def test_unknown_runs_and_experiments_name_the_nearest(cutscore, with_run):
    answer = cutscore("runs", "show", "exp01_cv_basline_none")
    assert answer.code == 2
    assert 'Did you mean "exp01_cv_baseline_none"?' in answer.err
    answer = cutscore("runs", "list", "--experiment", "frist")
    assert answer.code == 2
    assert 'Did you mean "first"?' in answer.err


def test_reading_where_there_is_no_store_makes_none(cutscore, in_folder):
    for words in (
        ["runs", "list"],
        ["runs", "show", "x"],
        ["ui"],
        ["dashboard"],
        ["runs", "list", "--store", "a.db"],
    ):
        answer = cutscore(*words)
        assert answer.code == 2
        assert "there is no store at" in answer.err
    assert not list(in_folder.iterdir())


def test_output_that_is_cut_off_ends_quietly(in_folder, monkeypatch):
    """The pipe is closed before anything is said, so that no fast writer gets away."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "cutscore", "run", "--help"]
    with os.fdopen(writing) as pipe:
        done = subprocess.run(words, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.stderr, done.returncode != 0) == ("", True)


def test_a_store_is_made(cutscore, in_folder):
    answer = cutscore("store", "init", "--experiment", "credit")
    assert answer.code == 0
    assert f"{in_folder}/mlruns/mlflow.db" in answer.out
    assert (in_folder / "mlruns" / "mlflow.db").exists()
    assert cutscore("store", "init", "--experiment", "credit").code == 0
    assert cutscore("runs", "list", "--json").json() == []


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_the_pages_open_and_end(with_run, cutscore, cutscore_started, tmp_path):
    port, opened = free_port(), tmp_path / "opened.txt"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n')
    browser.chmod(0o755)
    words = ["ui", "--port", port, "--open", "--experiment", "first"]
    process = cutscore_started(*words, folder=with_run, BROWSER=f"{browser} %s")
    try:
        end = time.monotonic() + 120
        while not opened.exists() and time.monotonic() < end and process.poll() is None:
            time.sleep(0.1)
        # Ready means ready: what is opened is there at the first try.
        with urllib.request.urlopen(opened.read_text(), timeout=20) as answer:
            assert "MLflow" in answer.read().decode()
        run = cutscore("runs", "list", "--experiment", "first", "--limit", 1, "--json").json()[0]
        address = f"http://127.0.0.1:{port}/#/experiments/{run['experiment_id']}/runs"
        assert opened.read_text().strip() == f"{address}?workflowType=machine_learning"
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) <= 3, "MLflow's job queues run too"  # its command and its server
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert not psutil.wait_procs(family, timeout=10)[1]
    finally:
        process.kill()
        process.communicate()


def test_the_dashboard_opens_and_ends(with_run, cutscore_started, tmp_path):
    opened, browser = tmp_path / "opened.txt", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n')
    browser.chmod(0o755)
    words = ["dashboard", "--port", 0, "--open"]
    process = cutscore_started(*words, folder=with_run, BROWSER=f"{browser} %s")
    try:
        end = time.monotonic() + 120
        while not opened.exists() and time.monotonic() < end and process.poll() is None:
            time.sleep(0.05)
        with urllib.request.urlopen(opened.read_text().strip(), timeout=20) as answer:
            assert "exp01_cv_baseline_none" in answer.read().decode()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


def test_pages_are_not_mixed_up_with_those_of_another_server(with_run, cutscore):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        answer = cutscore("ui", "--port", listener.getsockname()[1])
    assert answer.code == 2
    assert "cannot be listened on" in answer.err


def test_flags_may_stand_among_overrides(cutscore, in_folder):
    answer = cutscore("run", "sampling=smote", "--cfg", "job", "seed=7", "--resolve", "cost=fixed")
    assert answer.code == 0
    assert "cutscore.sampling.smote.Smote" in answer.out
    assert "\nseed: 7\n" in answer.out
    wrong = cutscore("run", "sampling=smote", "-m", "seeed=1,2")
    assert wrong.code == 2
    assert "seeed" in wrong.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--cfg", "nonsense"], "choose from 'job'"),
        (["--config-dir"], "expected one argument"),
        (["--reslve"], 'Did you mean "--resolve"?'),
        (["--config-path", "x"], "Use --config-dir"),
    ],
)
def test_flags_that_are_wrong(cutscore, in_folder, words, hint):
    answer = cutscore("run", *words)
    assert answer.code == 2
    assert words[0] in answer.err
    assert hint in answer.err
