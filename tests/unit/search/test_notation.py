from __future__ import annotations

import pytest

from cutscore.config.overrides import parse_overrides, texts_of, without_search
from cutscore.errors import RequestError
from cutscore.search.entry import SpaceEntry
from cutscore.search.notation import parse_entry


def entry(text):
    return parse_entry("model.params.x", text, "search.space.model.params.x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("interval(1, 5)", SpaceEntry("model.params.x", "float", 1.0, 5.0)),
        ("int(interval(1, 5))", SpaceEntry("model.params.x", "int", 1, 5, step=1)),
        (
            "tag(log, interval(0.01, 0.3))",
            SpaceEntry("model.params.x", "float", 0.01, 0.3, log=True),
        ),
        ("range(20, 150)", SpaceEntry("model.params.x", "int", 20, 149, step=1)),
        ("range(3)", SpaceEntry("model.params.x", "int", 0, 2, step=1)),
        ("range(10, 30, 5)", SpaceEntry("model.params.x", "int", 10, 25, step=5)),
        ("range(0, 1, 0.1)", SpaceEntry("model.params.x", "float", 0.0, 0.9, step=0.1)),
        ("tag(log, range(1, 100))", SpaceEntry("model.params.x", "int", 1, 99, step=1, log=True)),
        ("choice(a, 'b c', 2, 1.5, true, null)", ("a", "b c", 2, 1.5, True, None)),
        ("a,'b c'", ("a", "b c")),
        (" choice(a, b) ", ("a", "b")),
    ],
)
def test_hydras_notation_is_read(text, expected):
    found = entry(text)
    if isinstance(expected, tuple):
        assert [(type(one), one) for one in found.choices] == [(type(o), o) for o in expected]
        expected = SpaceEntry("model.params.x", "categorical", choices=expected)
    assert found == expected
    assert entry(found.text) == found, "the canonical text means the same"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("interval(0.3, 0.01)", "holds no value"),
        ("range(150, 20)", "holds no value"),
        ("interval(2, 2)", "leaves nothing to choose"),
        ("range(1, 2)", "leaves nothing to choose"),
        ("choice(a)", "leaves nothing to choose"),
        ("tag(log, interval(0, 1))", "above 0"),
        ("tag(log, range(1, 9, 2))", "log scale has no step"),
        ("tag(log, choice(a, b))", "only tag is log"),
        ("tag(exp, interval(1, 2))", "only tag is log"),
        ("shuffle(choice(a, b))", "nothing to shuffle"),
        ("interval(0, inf)", "finite"),
        ("range(0, nan)", "finite"),
        ("range(1, 5, 0)", "step must be above 0"),
        ("range(5, 1, -1)", "step must be above 0"),
        ("choice(1, 2, 1.0)", "named twice"),
        ("choice([1], [2])", "cannot be a choice"),
        ("choice(range(1, 3), 4)", "cannot be a choice"),
        ("choice()", "leaves nothing"),
        ("interval(1)", "missing a required argument"),
        ("intervall(1, 2)", "Unknown function"),
        ("range(1, 5", "notation"),
        ("glob(*)", "no range of values"),
        ("0.1", "no range of values"),
        (5, "one value"),
        ([1, 2], "one value"),
    ],
)
def test_what_names_no_values_is_refused(value, words):
    with pytest.raises(RequestError) as caught:
        entry(value)
    assert words in str(caught.value)
    assert caught.value.faults[0].setting == "search.space.model.params.x"


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 7, -3, 0.1, 1e-05, 1e22, -2.5e-300, "plain", "a/b.c", "null", "True",
        "1", "1e3", "", "two words", "a,b", "it's", 'say "x"', "back\\slash", "end\\", "{x: 1}",
        "choice(1,2)", "nan", "key=value", "[1]", "~x", "ö", "$x",
    ],
)  # fmt: skip
def test_hydra_reads_an_override_back_as_the_same_value(value):
    override = SpaceEntry("model.params.x", "categorical", choices=(value, "other")).override(value)
    assert override.key == "model.params.x"
    assert (type(override.value), override.value) == (type(value), value)


def test_a_plain_run_has_none_of_the_searchs_overrides():
    words = ["search=lightgbm", "++search.space={a:off}", "sampling=none", "search.trials=3"]
    assert texts_of(without_search(parse_overrides(words))) == ["sampling=none"]
