"""Every command and every YAML in the documents is one that works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from strategies import LAYERS

from cutscore.cli import main
from cutscore.cli.run import _parse
from cutscore.config.compose import Composer
from cutscore.config.layers import EXPERIMENT, find_layers
from cutscore.config.parts import build_part
from cutscore.sweep.cells import plan_request

ROOT = Path(__file__).parents[2]
# Up to the end of the line, the backtick or the next command; quotes may hold anything.
COMMAND = r"""(?:uv run |`|\$\()(cutscore (?:'[^'\n]*'|"[^"\n]*"|[^`\n|&;)'"])+)"""
COMMANDS = (
    "runs",
    "rerun",
    "store",
    "ui",
    "dashboard",
    "threshold",
    "serve",
    "predict",
    "monitor",
    "recut",
    "promote",
    "models",
    "deliver",
    "report",
)
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")


def commands() -> list[str]:
    """Return the commands of indented blocks, tables and backticks, continued lines joined."""
    found = []
    for document in DOCUMENTS:
        text = (ROOT / document).read_text().replace("\\\n", " ")
        found += re.findall(COMMAND, text)
    return sorted({" ".join(command.split()) for command in found})


RUNS = [c for c in commands() if c.startswith("cutscore run ")]
QUESTIONS = {"--help", "--cfg", "--shell-completion"}
ASKED = [c for c in RUNS if QUESTIONS & set(c.split())]
# These are composed in tests/config/test_options.py, cell by cell.
NAMED = {f"cutscore run {EXPERIMENT}={name}" for name in LAYERS.options(EXPERIMENT)}


def test_the_documents_hold_commands():
    assert len(RUNS) >= 10
    assert "cutscore run experiment=quickstart" in RUNS


@pytest.mark.parametrize("command", [c for c in RUNS if c not in (*ASKED, *NAMED)])
def test_documented_runs_compose(command, in_folder):
    words = shlex.split(command)[2:]
    if "experiment=feature_grid" in words:  # the launcher is what is new in it: one cell shows it
        words += ["features=baseline", "sampling=balanced"]
    args = _parse(words)
    composer = Composer(find_layers(args.config_dir, in_folder))
    request = plan_request(composer, args.overrides, multirun=args.multirun)
    assert request.cells


@pytest.mark.parametrize("command", [*ASKED, "cutscore --help"])
def test_documented_questions_are_answered(command, in_folder, capsys):
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("command", [c for c in commands() if c.split()[1] in COMMANDS])
def test_other_documented_commands_exist(command, capsys):
    words = [word for word in shlex.split(command)[1:] if not word[0].isupper()]
    path = [word for word in words[:2] if word.isalpha()]
    group = path[0] in ("runs", "store", "models", "cluster")
    assert main([*path[: 2 if group else 1], "--help"]) == 0
    assert "Example" in capsys.readouterr().out


def test_the_data_set_of_the_readme_is_valid():
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        source = build_part("data", yaml.safe_load(block))
        assert source.target == "defaulted"
