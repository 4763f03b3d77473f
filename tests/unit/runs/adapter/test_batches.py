import math

from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.report.items import Metric, Param, Tag
from cutscore.runs.adapter.batches import LEFT_OUT_TAG, MAX_PARAM, Values, batches, cut, fits


def gathered(values):
    out = list(batches(values, 1))
    return (
        [pair for batch in out for pair in batch.params.items()],
        [m for batch in out for m in batch.metrics],
        {key: value for batch in out for key, value in batch.tags.items()},
        out,
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 350), st.integers(0, 2500), st.integers(0, 350))
def test_nothing_is_lost_and_no_call_is_too_large(params, metrics, tags):
    values = Values(
        [Param(f"p{i}", i) for i in range(params)],
        [Metric(f"m{i}", float(i)) for i in range(metrics)],
        [Tag(f"t{i}", str(i)) for i in range(tags)],
    )
    got_params, got_metrics, got_tags, calls = gathered(values)
    assert [key for key, _ in got_params] == [f"p{i}" for i in range(params)]
    assert [m.value for m in got_metrics] == [float(i) for i in range(metrics)]
    assert len(got_tags) == tags
    for call in calls:
        assert len(call.params) <= 100
        assert len(call.tags) <= 100
        assert len(call.params) + len(call.tags) + len(call.metrics) <= 1000
    assert len(calls) == max(math.ceil(params / 100), math.ceil(metrics / 800), -(-tags // 100))


def test_numbers_that_are_none_become_tags_with_a_reason():
    values = Values(metrics=[Metric("savings", math.nan), Metric("cost", math.inf)])
    _, metrics, tags, _ = gathered(values)
    assert metrics == []
    assert tags == {"undefined.savings": "it is nan", "undefined.cost": "it is inf"}


def test_a_reason_given_by_the_caller_is_kept():
    values = Values(
        metrics=[Metric("savings", math.nan)], tags=[Tag("undefined.savings", "one class")]
    )
    assert gathered(values)[2]["undefined.savings"] == "one class"


def test_values_are_written_as_in_yaml_and_long_ones_cut():
    values = Values(
        [Param("a", None), Param("b", [1, 2]), Param("c", True), Param("d", "x" * 9000)]
    )
    params = dict(gathered(values)[0])
    assert params["a"] == "null"
    assert params["b"] == "[1, 2]"
    assert params["c"] == "true"
    assert len(params["d"]) == MAX_PARAM
    assert params["d"].endswith("…")


def test_names_mlflow_refuses_are_listed():
    params, _, tags, _ = gathered(Values([Param("data.domain.A%B", 1), Param("ok", 2)]))
    assert [key for key, _ in params] == ["ok"]
    assert tags[LEFT_OUT_TAG] == "data.domain.A%B"
    assert not any(fits(name) for name in ("", "a//b", "/a", "../a", "a" * 251, "a,b"))


def test_passwords_never_reach_the_store():
    values = Values([Param("uri", "mysql://u:hunter2@h/d")], tags=[Tag("t", "http://u:hunter2@h")])
    params, _, tags, _ = gathered(values)
    assert "hunter2" not in params[0][1] + tags["t"]
    assert "hunter2" not in cut("x" * 5 + "http://u:hunter2@h", 20)
