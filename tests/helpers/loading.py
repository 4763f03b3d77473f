"""What the fixtures `load` and `faults` of the tests of data are."""

from __future__ import annotations

from collections.abc import Callable

from cutscore.errors import Fault
from cutscore.records import Dataset

Load = Callable[..., Dataset]
Faults = Callable[..., tuple[Fault, ...]]
