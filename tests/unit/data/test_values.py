"""Values as they are typed and shown: blanks, numbers as names, and YAML's words for true."""

from __future__ import annotations

import pytest
import yaml
from loading import Faults, Load, advised

from cutscore.data.texts import plainly, visible
from cutscore.errors import override

TEXT = "x,bad\n1,0\n2,1\n3,0\n"


def test_blanks_after_separators_are_no_part_of_values(load: Load, faults: Faults) -> None:
    text = "x, kind, bad\n1, a, 1\n2, b, 2\n3, a, 3\n"
    assert load(text, positive=[1, 2]).target.tolist() == [1, 1, 0]
    assert load(text, positive=1).table.columns[1].levels == ("a", "b")
    (fault,) = faults(text)
    assert "it has 3 different values 1, 2, 3" in fault.problem
    assert "data.positive=3" in fault.remedy


def test_ids_groups_and_categories_without_blanks(load: Load) -> None:
    text = "id,g,c,bad\n a ,u,01 ,0\nb, u, 01,1\n"
    dataset = load(text, id="id", group="g", categorical=["c"])
    assert dataset.ids.tolist() == ["a", "b"]
    assert len(set(dataset.amounts["group"])) == 1
    assert dataset.table.columns[0].levels == ("01",)


def test_a_blank_target_is_missing_unless_blanks_are_values(load: Load, faults: Faults) -> None:
    (fault,) = faults(TEXT + "4, \n")
    assert "missing in 1 of 4 rows" in fault.problem
    (fault,) = faults(TEXT + '4,\n5,"a, b"\n', missing=["NA"])
    assert '4 different values "" (an empty text), 0, 1, "a, b".' in fault.problem
    assert load(TEXT + "4,\n", missing=["NA"], positive=[1, ""]).target.tolist() == [0, 1, 0, 1]


def test_numbers_as_names_and_texts(load: Load) -> None:
    text = "0,1,2.0,5\n1,2,3,0\n-9,3,4,1\n"
    settings = yaml.safe_load("{target: 5, drop: [0], amounts: [2.0], missing: [-9]}")
    dataset = load(text, **settings)
    assert dataset.table.names == ("1", "2.0")
    assert list(dataset.amounts) == ["2.0"]


@pytest.mark.parametrize("words", [("yes", "no"), ("on", "off"), ("Y", "N"), ("On", "Off")])
def test_words_that_yaml_takes_for_true(load: Load, words: tuple[str, str]) -> None:
    text = f"x,bad\n1,{words[0]}\n2,{words[1]}\n"
    assert load(text, positive=True).target.tolist() == [1, 0]
    assert load(text, positive=[False]).target.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "given"), [("1.50", 1.5), ("1e3", 1000.0), ("001", 1), ("-2.0", -2), ("+7", 7)]
)
def test_numbers_that_are_written_in_another_way(load: Load, text: str, given: float) -> None:
    assert load(f"x,bad\n1,{text}\n2,5\n", positive=given).target.tolist() == [1, 0]


def test_a_number_is_not_guessed_at_where_it_could_be_two_texts(faults: Faults) -> None:
    (fault,) = faults("x,bad\n1,01\n2,001\n3,5\n", positive=1)
    assert '"1" is not among the values' in fault.problem


def test_a_filter_that_is_told_leaves_rows_without_target_out(load: Load, faults: Faults) -> None:
    text = "x,bad it\n1,0\n2,1\n3,\n"
    (fault,) = faults(text, target="bad it")
    (settings,) = advised(fault.remedy)
    assert load(text, target="bad it", **settings).target.tolist() == [0, 1]
    (fault,) = faults(text, target="bad it", where="x > 0")
    assert advised(fault.remedy) == [{"where": '(x > 0) AND ("bad it" IS NOT NULL)'}]


def test_true_is_not_guessed_at_where_it_could_be_two_words(faults: Faults) -> None:
    (fault,) = faults("x,bad\n1,yes\n2,on\n3,no\n", positive=True)
    assert '"true" is not among the values' in fault.problem


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", '"a"'),
        ("", '"" (an empty text)'),
        (" ", '" " (1 blank)'),
        ("\u00a0 ", '"\\xa0 " (2 blanks)'),
        ("a\u200bb\t", '"a\\u200bb\\x09"'),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_texts_in_lists() -> None:
    assert [plainly(text) for text in ("a", "a b", "a,b", " a", "")] == [
        "a", "a b", '"a,b"', '" a"', '"" (an empty text)',
    ]  # fmt: skip


def test_settings_to_type() -> None:
    assert override("data.drop", ["a", "b c", "null"]) == """'data.drop=[a, "b c", "null"]'"""
    assert override("data.skip_lines", 1) == "data.skip_lines=1"
