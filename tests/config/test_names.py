"""One class name, one class: whoever reads a name need not ask which one is meant."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import cutscore

CLASS = re.compile(r"^\s*class (\w+)", re.MULTILINE)


def test_every_class_name_is_that_of_one_class():
    files = Path(cutscore.__file__).parent.rglob("*.py")
    named = Counter(name for file in files for name in CLASS.findall(file.read_text()))
    assert [name for name, count in named.items() if count > 1] == []
