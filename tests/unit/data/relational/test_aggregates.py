"""Each aggregate gives what brute force in pandas gives, bit for bit the same in any order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from relational_tables import build

from cutscore.data.relational.aggregates import AGGREGATES, check_aggregate, explained
from cutscore.expressions import ExpressionError, sandbox


def last_by_day(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    order = ["day", "x", "kind"]
    return rows.sort_values(order, ascending=False, na_position="last").head(count)


def at_extreme(rows: pd.DataFrame, *, largest: bool) -> float:
    known = rows.dropna(subset=["x", "day"]).sort_values(["day", "x"])
    return np.nan if known.empty else known["x"].iloc[-1 if largest else 0]


def share(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


# name: expression, and the same of the rows of one parent in pandas
BRUTE = {
    "count(*)": len,
    "count(x)": lambda r: r["x"].count(),
    "count(DISTINCT kind)": lambda r: r["kind"].nunique(),
    "count(*) FILTER (x > 0)": lambda r: (r["x"] > 0).sum(),
    "sum(x)": lambda r: r["x"].sum(min_count=1),
    "sum(x) FILTER (kind = 'a')": lambda r: r["x"][r["kind"] == "a"].sum(min_count=1),
    "sum(x > 0)": lambda r: np.nan if r["x"].count() == 0 else (r["x"] > 0).sum(),
    "avg(x)": lambda r: r["x"].mean(),
    "mean(x * 2)": lambda r: (r["x"] * 2).mean(),
    "min(x)": lambda r: r["x"].min(),
    "max(x)": lambda r: r["x"].max(),
    "stddev(x)": lambda r: r["x"].std(),
    "stddev_samp(x)": lambda r: r["x"].std(),
    "stddev_pop(x)": lambda r: r["x"].std(ddof=0),
    "variance(x)": lambda r: r["x"].var(),
    "var_samp(x)": lambda r: r["x"].var(),
    "var_pop(x)": lambda r: r["x"].var(ddof=0),
    "median(x)": lambda r: r["x"].median(),
    "quantile(x, 0.9)": lambda r: r["x"].quantile(0.9),
    "quantile_cont(x, 0.25)": lambda r: r["x"].quantile(0.25),
    "quantile_disc(x, 0.5)": lambda r: r["x"].quantile(0.5, interpolation="lower"),
    "arg_max(x, day)": lambda r: at_extreme(r, largest=True),
    "max_by(x, day)": lambda r: at_extreme(r, largest=True),
    "argmax(x, day)": lambda r: at_extreme(r, largest=True),
    "arg_min(x, day)": lambda r: at_extreme(r, largest=False),
    "min_by(x, day)": lambda r: at_extreme(r, largest=False),
    "argmin(x, day)": lambda r: at_extreme(r, largest=False),
    "sum(x) / count(*)": lambda r: share(r["x"].sum(min_count=1), len(r)),
    "max(x) - min(x)": lambda r: r["x"].max() - r["x"].min(),
}
WINDOWS = {
    "recent": ("day >= -2", lambda r: r[r["day"] >= -2]),
    "last2": ("last 2 by day", lambda r: last_by_day(r, 2)),
}


def test_every_aggregate_is_compared():
    named = {text.split("(")[0] for text in BRUTE}
    assert named == AGGREGATES


def random_rows(parents: int, seed: int) -> pd.DataFrame:
    """Return 0 to 12 rows for each parent: ties, missing values, parents without any value."""
    rng = np.random.default_rng(seed)
    ids = np.repeat(np.arange(parents), rng.integers(0, 13, parents))
    x = rng.integers(-40, 40, len(ids)) / 8
    x[(rng.random(len(ids)) < 0.2) | (ids % 9 == 0)] = np.nan
    day = rng.integers(-4, 1, len(ids)).astype(float)
    day[rng.random(len(ids)) < 0.1] = np.nan
    kind = pd.Series(rng.choice(["a", "b", None], len(ids)), dtype="string")
    return pd.DataFrame({"id": ids, "x": x, "day": day, "kind": kind})


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_aggregates_equal_brute_force_and_know_no_order(seed):
    frame = random_rows(20, seed)
    people = pd.DataFrame({"id": range(5, 20), "y": 0})  # the rows of the first five are orphans
    tables = {"people": {"key": "id"}, "kids": {"parent": "people"}}
    names = {f"A{at} [all, recent, last2]": text for at, text in enumerate(BRUTE)}
    declared = {
        "tables": tables,
        "aggregates": {"kids": names},
        "windows": {"kids": {name: text for name, (text, _) in WINDOWS.items()}},
    }
    made, _ = build({"people": people, "kids": frame}, **declared)
    assert made.index.tolist() == people["id"].tolist()
    for window, chosen in [("", lambda r: r), *((f"_{n}", f) for n, (_, f) in WINDOWS.items())]:
        for at, (text, brute) in enumerate(BRUTE.items()):
            own = {key: brute(chosen(frame[frame["id"] == key])) for key in made.index}
            expected = pd.Series(own).astype(float).to_numpy()
            got = made[f"A{at}{window}"].astype(float).to_numpy()
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13, err_msg=text)
    again, _ = build({"people": people, "kids": frame.sample(frac=1)}, threads=1, **declared)
    pd.testing.assert_frame_equal(made, again, check_exact=True)


def test_sums_have_the_same_bits_for_any_order_and_any_number_of_threads():
    rng = np.random.default_rng(1)
    size = 200_000  # more than DuckDB gives to one thread
    frame = pd.DataFrame({"id": rng.integers(1, 4, size), "x": rng.lognormal(3, 4, size)})
    people = pd.DataFrame({"id": [1, 2, 3], "y": [0, 1, 0]})
    declared = {
        "tables": {"people": {"key": "id"}, "kids": {"parent": "people"}},
        "aggregates": {"kids": {"S": "sum(x)", "M": "avg(x)", "D": "stddev(x)"}},
    }
    made = [
        build({"people": people, "kids": rows}, threads=threads, **declared)[0]
        for rows in (frame, frame.sample(frac=1, random_state=0))
        for threads in (1, 4)
    ]
    for other in made[1:]:
        pd.testing.assert_frame_equal(made[0], other, check_exact=True)
    plain = frame.groupby("id")["x"].agg(["sum", "mean", "std"])
    np.testing.assert_allclose(made[0][["S", "M", "D"]], plain, rtol=1e-12)


REFUSED = {
    "sum(x) OVER ()": "window function",
    "row_number() OVER ()": "window function",
    "(SELECT max(z) FROM other)": "subquery",
    "sum((SELECT 1))": "subquery",
    "sum(x) FROM other": "syntax error",
    "sum(x); DROP TABLE t": "syntax error",
    "sum(x) AS y FROM z --": "syntax error",
    "sum(random())": "random does not always give the same value",
    "sum(now())": "now",
    "sum(sum(x))": "within another aggregate",
    "sum(x ORDER BY y)": "clause that is not allowed",
    "sum(DISTINCT x)": "no DISTINCT",
    "first(x)": "the aggregate first is not allowed",
    "list(x)": "the aggregate list is not allowed",
    "summ(x)": 'Did you mean "sum"',
    "x + sum(x)": '"x" outside an aggregate',
    "x": "it has no aggregate",
    "": "empty",
    "sum(t.x)": "has a dot",
    "quantile_cont(x, 2)": "from 0 to 1",
    "quantile_cont(x, y)": "from 0 to 1",
    "sum(x, y)": "takes 1",
    "sum(x) FILTER (WHERE random() > 0)": "random",
    "read_csv('x')": "reads a table or a file",
    "sum(" + "(" * 3000 + "x" + ")" * 3000 + ")": "",
    "sum(" + "-" * 20_000 + "x)": "",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_looks_beyond_the_rows_of_one_parent_is_refused(text):
    connection = sandbox()
    with pytest.raises(ExpressionError) as raised:
        check_aggregate(text, connection)
    assert REFUSED[text] in explained(raised.value)
