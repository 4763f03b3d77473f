"""Texts as SQL trims them, against Python."""

import itertools

import pyarrow as pa

from cutscore.data.layout import Layout, trim
from cutscore.data.texts import UNSEEN
from cutscore.sql import connect


def test_texts_are_trimmed_as_python_strips_them():
    parts = [*UNSEEN, "a", "~", "!", "\u00e9", "e\u0301", "\U0001f44d\U0001f3fd", "\x01", "NA", ""]
    texts = ["".join(three) for three in itertools.product(parts, repeat=3)]
    missing = ("", "NA", "null")
    connection = connect()
    connection.register("t", pa.table({"x": [*texts, None]}))
    layout = trim(Layout({"x": "VARCHAR"}, "t", text=True, missing=missing))
    found = [row[0] for row in connection.execute(f"SELECT x FROM {layout.relation}").fetchall()]
    stripped = [text.strip(UNSEEN) for text in texts]
    assert found == [*(None if text in missing else text for text in stripped), None]
