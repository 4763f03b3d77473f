"""Stores with kept models that tests find."""

from __future__ import annotations

import pytest
import recorded

from cutscore.runs.opening import open_existing


@pytest.fixture
def unpacked(tmp_path):
    """The recorded store, in a folder of its own."""
    return recorded.unpack(tmp_path)


@pytest.fixture
def store(unpacked):
    return open_existing(f"sqlite:///{unpacked.database}")
