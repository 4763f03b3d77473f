from __future__ import annotations

import pickle
import shlex
import string

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.errors import HydraException
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from cutscore import errors
from cutscore.config.overrides import (
    assignment,
    parse_override,
    parse_overrides,
    read_overrides,
    texts_of,
)


@pytest.mark.parametrize(
    ("text", "key", "root", "sign", "value", "value_text"),
    [
        ("sampling=smote", "sampling", "sampling", "", "smote", "smote"),
        ("model.params.eta=1e-3", "model.params.eta", "model", "", 0.001, "1e-3"),
        ("+model.params.x='a, b=c'", "model.params.x", "model", "+", "a, b=c", "'a, b=c'"),
        ("++cost.where=null", "cost.where", "cost", "++", None, "null"),
        ("~validation", "validation", "validation", "~", None, ""),
        ("hydra/launcher=joblib", "hydra/launcher", "hydra", "", "joblib", "joblib"),
        ("cost@price=fixed", "cost", "cost", "", "fixed", "fixed"),
    ],
)
def test_an_override_says_what_hydra_reads_in_it(text, key, root, sign, value, value_text):
    override = parse_override(text)
    assert override.text == str(override) == text
    assert (override.key, override.root, override.sign) == (key, root, sign)
    assert (override.value, override.value_text) == (value, value_text)
    assert override.deletes == (sign == "~")
    assert override.for_hydra == (root == "hydra")


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_an_entry_of_a_search_space_is_always_an_addition(sign):
    override = parse_override(f"{sign}search.space.model.params.x='range(3)'")
    assert override.text == "++search.space.model.params.x='range(3)'"
    assert parse_override(f"{sign}search.trials=3").text == f"{sign}search.trials=3"


def test_a_sweep_is_taken_apart():
    assert texts_of(parse_override("+a.b=choice(1, 'x y')").swept) == ["+a.b=1", r"+a.b=x\ y"]
    assert texts_of(parse_override("a=range(1, 3)").swept) == ["a=1", "a=2"]
    interval = parse_override("a=interval(1, 3)")
    assert interval.is_sweep
    assert interval.swept == (interval,)


def test_mappings_are_read_leaf_by_leaf():
    assert list(parse_override("a={b: {c: 1}, d: [2]}").leaves()) == [("a.b.c", 1), ("a.d", [2])]
    assert list(parse_override("~a.b").leaves()) == [("a.b", None)]


def test_what_is_no_override_is_told_and_the_others_are_read():
    good, faults = read_overrides(["a=1", "b c", "d=("])
    assert texts_of(good) == ["a=1"]
    assert [fault.setting for fault in faults] == ['"b c"', '"d=("']
    with pytest.raises(HydraException):
        parse_overrides(["b c"])


def test_it_travels_between_processes():
    override = parse_override("a.b=[1, {c: 'x'}]")
    sent = pickle.loads(pickle.dumps(override))
    assert (sent, sent.value) == (override, [1, {"c": "x"}])


def typed(value):
    """Return what a setting that a message tells one to type comes to."""
    (word,) = shlex.split(errors.override("data.drop", value))
    read = parse_override(word)
    assert not read.is_sweep
    return OmegaConf.to_container(OmegaConf.create({"is": read.value}), resolve=True)["is"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6))
@example("gr\u00f6\u00dfe")
@example("a${b}\\")
@example('\\"')
@example("null")
@example("1e3")
@example("a, b=c")
def test_a_text_that_a_message_tells_to_type_is_read_as_it_was_meant(text):
    assert str(typed(text)) == text  # a number stays one: settings take it for its text
    assert [str(each) for each in typed([text, "x"])] == [text, "x"]


def test_other_values_that_a_message_tells_to_type():
    assert typed(None) is None
    assert typed([1, 2.5, True]) == [1, 2.5, True]
    assert typed({"a b": "%d %m", "x:y,(z)": "%Y"}) == {"a b": "%d %m", "x:y,(z)": "%Y"}


@given(st.text())
@example(string.printable)
@example("/a'b/${x}/\\\\${y}/'\\")
@example("null")
@example("1e5")
def test_an_assignment_sets_a_text_to_the_letter(text):
    config = OmegaConf.create({"a": {"b": None}})
    override = parse_override(assignment("a.b", text))
    ConfigLoaderImpl._apply_overrides_to_config([override.parsed], config)
    assert config.a.b == text


@pytest.mark.parametrize("sign", string.printable)
def test_every_sign_is_assigned_as_it_is(sign):
    config = OmegaConf.create({"a": {"b": None}})
    override = parse_override(assignment("a.b", f"/x{sign}y"))
    ConfigLoaderImpl._apply_overrides_to_config([override.parsed], config)
    assert config.a.b == f"/x{sign}y"
