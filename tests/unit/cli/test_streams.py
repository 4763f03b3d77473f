"""What is printed reaches any terminal, and versions are ours."""

import io
import logging
import sys

from cutscore import __version__
from cutscore.cli import main


def test_run_tells_our_version(capsys):
    assert main(["run", "--version"]) == 0
    assert capsys.readouterr().out == f"cutscore {__version__}\n"


def test_what_is_told_of_tables_goes_to_standard_error_once(capsys):
    for _ in range(2):
        assert main(["run", "--version"]) == 0
    logging.getLogger("cutscore.data.relational").info("Making %d [tables]", 3)
    assert capsys.readouterr().err == "Making 3 [tables]\n"


def test_a_terminal_without_our_glyphs_gets_the_text_all_the_same(monkeypatch):
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stderr", plain)
    assert main(["run", "data.größe=1"]) == 2
    plain.flush()
    assert (
        b"Gr??e ? 1" in plain.buffer.getvalue()
        or b"wrong with this request" in plain.buffer.getvalue()
    )
