"""Rows at the door: read as training read them, in whatever form; all faults told at once."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.data.table import TableSource
from cutscore.errors import RequestError
from cutscore.features.baseline import Baseline
from cutscore.features.combined import Combined
from cutscore.features.derivation import derivation_of
from cutscore.features.domain import Domain
from cutscore.features.one_row import OneRow
from cutscore.preparation import fit_preparation
from cutscore.records import RawColumn, RawTable
from cutscore.scoring.door import Door
from cutscore.scoring.inputs import Inputs, inputs_of
from cutscore.scoring.scorer import Scorer

ROWS = 80
RNG = np.random.default_rng(3)
MOMENTS = np.datetime64("2024-01-01T00:00") + RNG.integers(0, 500_000, ROWS).astype("m8[m]")
TRUTH = np.arange(ROWS) % 3 == 0
FILE = pd.DataFrame(
    {
        "row": np.arange(ROWS) + 7,
        "amount": (RNG.lognormal(8, 2, ROWS)).round(2),
        "zero": RNG.choice([-0.0, 0.0, 1.5], ROWS),
        "count": RNG.integers(0, 9, ROWS).astype(float),
        "huge": RNG.integers(2**53, 2**60, ROWS),
        "member": TRUTH,
        "day": MOMENTS.astype("M8[D]").astype(str),
        "seen": [f"{moment}:00+02:00" for moment in MOMENTS.astype(str)],
        "shop": RNG.choice([3, 12, 105], ROWS),
        "purpose": RNG.choice(["car", "house", " spaced ", "Größe"], ROWS),
        "note": "left out",
        "bad": np.arange(ROWS) % 2,
    }
)
EXPRESSIONS = {
    "SEVENTH": "huge % 7",
    "WEEKDAY": "isodow(day) + hour(seen)",
    "CENTS": "amount * 100 % 10",
    "NEW": "purpose = 'car' AND NOT member AND shop <> '12'",
}
STRATEGY = Combined(EXPRESSIONS, ("amount", "day", "huge"))
WORDS = {"amount": "NA", "count": "", "day": "NULL", "seen": "", "shop": "N/A", "purpose": "nan"}


def _with_gaps() -> pd.DataFrame:
    frame = FILE.astype(object)
    for at, (name, word) in enumerate(WORDS.items()):
        frame.loc[at::11, name] = word
    return frame


def _loaded(path, **more):
    drop = () if path.suffix == ".csv" else ("position",)
    source = TableSource(
        path=str(path),
        target="bad",
        id="row",
        drop=("note", *drop),
        categorical=("shop",),
        domain=EXPRESSIONS,
        polynomial=STRATEGY.columns,
        **more,
    )
    data = source.load()
    everyone = np.arange(data.rows)
    table = STRATEGY.build(data)
    made = fit_preparation(table, everyone, impute=False, encode=False, scale=False)
    return data, table, inputs_of(data, STRATEGY, made)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What training read of a CSV, and the frame that was written."""
    path = tmp_path_factory.mktemp("door") / "rows.csv"
    frame = _with_gaps()
    frame.to_csv(path, index=False)
    return (*_loaded(path), path)


def _typed(path) -> pd.DataFrame:
    """The file as people load it with pandas, moments parsed."""
    frame = pd.read_csv(path, na_values=["NA", "NULL", "N/A", "nan", ""], dtype={"shop": "Int64"})
    frame["day"] = pd.to_datetime(frame["day"])
    frame["seen"] = pd.to_datetime(frame["seen"], utc=True).dt.tz_convert("America/New_York")
    return frame.drop(columns=["bad"])


def _same(checked, data, table, inputs) -> None:
    assert checked.table.values.tobytes() == data.table.values.tobytes()
    assert data.whole.keys() <= checked.whole.keys()
    for name, values in data.whole.items():
        mine = checked.whole[name]
        assert mine.dtype.kind == values.dtype.kind, name
        filled = [np.ma.filled(each.astype(object), None).tolist() for each in (mine, values)]
        assert repr(filled[0]) == repr(filled[1]), name
    made = inputs.features(checked.table, checked.whole)
    assert made.columns == table.columns
    assert made.values.tobytes() == table.values.tobytes()


def test_kinds_of_columns_are_known_from_the_file(trained):
    _, _, inputs, _ = trained
    kinds = {raw.name: raw.kind for raw in inputs.raw.columns}
    assert kinds == {
        "amount": "number",
        "zero": "number",
        "count": "number",
        "huge": "integer",
        "member": "boolean",
        "day": "date",
        "seen": "timestamp",
        "shop": "category",
        "purpose": "category",
    }


FORMS = {
    "pandas": lambda frame: frame,
    "records": lambda frame: frame.to_dict("records"),
    "nullable": lambda frame: frame.convert_dtypes(),
    "pandas on Arrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "objects": lambda frame: frame.astype(object),
    "categories": lambda frame: frame.astype({"purpose": "category", "shop": "category"}),
    "arrow": lambda frame: _arrow(frame),
    "numpy scalars": lambda frame: [
        {name: frame[name].array[row] for name in frame} for row in range(len(frame))
    ],
    "json": lambda frame: json.loads(
        json.dumps(
            [
                {n: None if pd.isna(v) else v for n, v in row.items()}
                for row in frame.assign(day=frame["day"].dt.date).to_dict("records")
            ],
            default=lambda value: value.isoformat(),
        )
    ),
    "other order": lambda frame: frame[frame.columns[::-1]],
    "odd index": lambda frame: frame.set_axis([5] * len(frame), axis="index"),
}


@pytest.mark.parametrize("form", FORMS)
def test_rows_in_any_form_are_what_training_read(trained, form):
    data, table, inputs, path = trained
    given = FORMS[form](_typed(path))
    checked = Scorer(_Kept(inputs)).check(given)
    _same(checked, data, table, inputs)
    assert [int(each) for each in checked.ids] == list(range(7, 7 + ROWS))
    assert not checked.outside
    assert not checked.unseen


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """The frame as Arrow, its moments with their zone."""
    zone = frame["seen"].dt.tz
    plain = frame.assign(seen=frame["seen"].dt.tz_convert(None))
    made = pa.Table.from_pandas(plain, preserve_index=False)
    at = made.schema.get_field_index("seen")
    zoned = made["seen"].cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", str(zone)))
    return made.set_column(at, "seen", zoned)


class _Kept:
    """As much of a kept model as the door asks for."""

    def __init__(self, inputs):
        self.inputs, self.cost_columns, self.prices = inputs, (), None


def test_a_parquet_file_is_what_training_read_of_it(tmp_path, trained):
    frame = _typed(trained[3]).assign(bad=FILE["bad"], position=range(ROWS))
    path = tmp_path / "rows.parquet"
    plain = _arrow(frame)
    day = plain.schema.get_field_index("day")
    plain = plain.set_column(day, "day", plain["day"].cast(pa.date32()))
    pq.write_table(plain, path, row_group_size=17)
    data, table, inputs = _loaded(path)
    for rows in (plain, pq.read_table(path), pd.read_parquet(path)):
        checked = Scorer(_Kept(inputs)).check(rows)
        _same(checked, data, table, inputs)
    encoded = plain.set_column(
        plain.schema.get_field_index("purpose"), "purpose", plain["purpose"].dictionary_encode()
    )
    pieces = pa.concat_tables([encoded.slice(0, 30), encoded.slice(30, 0), encoded.slice(30)])
    _same(Scorer(_Kept(inputs)).check(pieces), data, table, inputs)
    parts = [Scorer(_Kept(inputs)).check(batch).table.values for batch in plain.to_batches(9)]
    assert np.concatenate(parts).tobytes() == data.table.values.tobytes()


KINDS = (
    RawColumn("n"),
    RawColumn("i", "integer"),
    RawColumn("b", "boolean"),
    RawColumn("d", "date"),
    RawColumn("t", "timestamp"),
    RawColumn("c", "category", ("3", "car", "true")),
)
INPUTS = Inputs(
    RawTable(KINDS, ("bad", "id"), "id", ("", "NA")),
    derivation_of(Domain({"REST": "i % 7", "HOUR": "hour(t) + day(d)"})),
    {"n": (0.0, 10.0), "i": (0.0, 2.0**60)},
)
SCORER = Scorer(_Kept(INPUTS))
NOON = dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)
GOOD = {"n": 1.0, "i": 2, "b": True, "d": NOON.date(), "t": NOON, "c": "car"}
TYPES = {"b": pa.bool_(), "d": pa.date32(), "t": pa.timestamp("us", "UTC"), "c": pa.string()}


def read(*changes, **options):
    """Check good rows with some values changed, as dicts."""
    return SCORER.check([{**GOOD, **change} for change in changes], **options)


def refused(*changes, **options) -> list[str]:
    with pytest.raises(RequestError) as caught:
        read(*changes, **options)
    return [str(fault) for fault in caught.value.faults]


CELLS = {
    # One NaN is enough: others have the same meaning and other bits.
    "n": st.sampled_from([None, np.nan])
    | st.floats(width=32, allow_infinity=False, allow_nan=False)
    | st.integers(-(2**70), 2**70),
    "i": st.none() | st.integers(-(2**63), 2**63 - 1),
    "b": st.none() | st.booleans(),
    "d": st.none() | st.dates(),
    "t": st.none() | st.datetimes(timezones=st.sampled_from([None, dt.UTC])),
    "c": st.none() | st.sampled_from(["3", "car", " car", "3.0", "NA", "", "bus", "True"]),
}


@given(st.lists(st.fixed_dictionaries(CELLS), max_size=12), st.data())
@settings(max_examples=25, deadline=None)
def test_the_same_rows_in_any_form_are_the_same_table_bit_for_bit(rows, data):
    """Records against Arrow of several types and cuts, and data frames."""
    expected = SCORER.check(rows)
    columns = {name: [row[name] for row in rows] for name in GOOD}
    columns["n"] = [None if value is None else float(value) for value in columns["n"]]
    columns["t"] = [
        None if value is None else value.replace(tzinfo=dt.UTC) for value in columns["t"]
    ]
    table = pa.table(
        {name: pa.array(values, TYPES.get(name)) for name, values in columns.items()}
        | {"i": pa.array(columns["i"], pa.int64()), "n": pa.array(columns["n"], pa.float64())}
    )
    cut = data.draw(st.integers(0, len(rows)))
    encoded = table.set_column(5, "c", table["c"].dictionary_encode())
    wide = table.set_column(5, "c", table["c"].cast(pa.large_string()))
    forms = {
        "arrow": table,
        "pieces": pa.concat_tables([table.slice(0, cut), table.slice(cut)]),
        "dictionary": encoded,
        "large text": wide.set_column(1, "i", table["i"].cast(pa.decimal128(19))),
        "nullable frame": table.to_pandas(types_mapper=pd.ArrowDtype),
        "objects": pd.DataFrame(rows, columns=list(GOOD), dtype=object),
    }
    for form, given_rows in forms.items():
        found = SCORER.check(given_rows)
        assert found.table.values.tobytes() == expected.table.values.tobytes(), form
        assert found.outside == expected.outside, form
        assert found.unseen == expected.unseen, form
        for name, values in expected.whole.items():
            assert repr(np.ma.filled(values, 0)) == repr(np.ma.filled(found.whole[name], 0)), form
    alone = [SCORER.check(row).table.values for row in rows]
    assert b"".join(each.tobytes() for each in alone) == expected.table.values.tobytes()


@pytest.mark.parametrize(
    ("column", "given_value", "value"),
    [
        ("n", decimal.Decimal("1.25"), 1.25),
        ("n", np.int8(3), 3),
        ("n", -0.0, 0.0),
        ("n", pd.NA, None),
        ("i", decimal.Decimal(2**53 + 1), 2**53 + 1),
        ("i", np.uint64(2**53 + 1), 2**53 + 1),
        ("i", 5.0, 5),
        ("b", 1, True),
        ("d", "2024-01-31 ", GOOD["d"]),
        ("d", pd.NaT, None),
        ("d", np.datetime64("2024-01-31"), GOOD["d"]),
        ("t", "2024-01-31T14:00+02:00", NOON),
        ("t", np.datetime64("2024-01-31T12:00:00.000000001"), NOON),
        ("t", pd.Timestamp("2024-01-31 21:00", tz="Asia/Tokyo"), NOON),
        ("c", 3, "3"),
        ("c", 3.0, "3"),
        ("c", decimal.Decimal("3.0"), "3"),
        ("c", True, "true"),
        ("c", "NA", None),
    ],
)
def test_a_value_may_be_written_in_several_ways(column, given_value, value):
    one, other = read({column: given_value}), read({column: value})
    assert one.table.values.tobytes() == other.table.values.tobytes()
    assert not one.unseen
    for name, values in other.whole.items():
        assert repr(one.whole[name]) == repr(values)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("n", "1", 'a number is needed, got "1"'),
        ("n", True, "a number is needed, got True"),
        ("n", [1], "a number is needed, got [1]"),
        ("n", 2**2000, "a finite number is needed, of at most 3.4e38, got 1148130695274254"),
        ("n", -np.inf, "a finite number is needed, of at most 3.4e38, got -inf"),
        ("i", 1.5, "a whole number of at most 64 bits is needed, got 1.5"),
        ("i", 2**63, "a whole number of at most 64 bits is needed, got 9223372036854775808"),
        ("i", 1e30, "a whole number of at most 64 bits is needed, got 1e+30"),
        ("i", 2.0**60, "beyond 2^53 an integer is needed, since a float may be rounded there"),
        ("b", 2, "true or false is needed, got 2"),
        ("b", "true", 'true or false is needed, got "true"'),
        ("d", "31.01.2024", 'a date such as "2026-01-31" or "2026-01-31T12:30:00Z" is needed'),
        ("d", "2024-01-31T10:00", "a date without a time of day"),
        ("d", 20240131, "a date such as"),
        ("t", "0001-01-01T00:00+05:00", "a moment from the years 1 to 9999 in UTC is needed"),
        ("t", np.datetime64(2**60, "s"), "a date such as"),
        ("c", ["car"], "a text is needed, got ['car']"),
        ("c", b"car", "a text is needed, got b'car'"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_its_row(column, value, message):
    (told,) = refused({}, {column: value}, {})
    assert told.startswith(f"{column}: {message}")
    assert told.endswith("in row 1.")


@pytest.mark.parametrize(
    ("column", "array", "message"),
    [
        ("i", pa.array([2**63 + 5], pa.uint64()), "i: a whole number of at most 64 bits"),
        ("i", pa.array([1e17]), "i: beyond 2^53 an integer is needed"),
        ("t", pa.array([2**60], pa.timestamp("s")), "t: a moment within 290,000 years"),
        ("d", pa.array([2**31 - 1], pa.date32()), "d: a moment within 290,000 years"),
        ("t", pa.array([3], pa.time32("s")), "t: a date such as"),
        ("n", pa.array([3], pa.duration("s")), "n: a number is needed"),
        ("n", pa.array([np.inf]), "n: a finite number is needed"),
        ("b", pa.array([2]), "b: true or false is needed, got 2"),
        ("c", pa.array([b"car"]), "c: a text is needed"),
    ],
)
def test_an_arrow_column_of_another_kind_is_refused(column, array, message):
    table = pa.Table.from_pylist([GOOD])
    at = table.schema.get_field_index(column)
    with pytest.raises(RequestError) as caught:
        SCORER.check(table.set_column(at, column, array))
    assert str(caught.value).startswith(message)
    assert "row 0" in str(caught.value)


def test_unsigned_integers_keep_every_digit():
    table = pa.Table.from_pylist([GOOD]).set_column(1, "i", pa.array([2**62 + 5], pa.uint64()))
    assert SCORER.check(table).whole["i"].tolist() == [2**62 + 5]


def test_all_faults_of_all_rows_are_told_at_once():
    lacking = {name: value for name, value in GOOD.items() if name != "d"}
    rows = [{**GOOD, "n": "x", "zz": 1}, {**GOOD, "n": "y", "i": 1.5, "t": "q"}, lacking]
    with pytest.raises(RequestError) as caught:
        SCORER.check(rows)
    assert [str(fault) for fault in caught.value.faults] == [
        "zz: the model knows no such column. Leave it out.",
        "d: the column is missing in row 2.",
        'n: a number is needed, got "x" in row 0 and 1 more.',
        "i: a whole number of at most 64 bits is needed, got 1.5 in row 1.",
        't: a date such as "2026-01-31" or "2026-01-31T12:30:00Z" is needed, got "q" in row 1.',
    ]
    assert [fault.rows for fault in caught.value.faults] == [(), (2,), (0, 1), (1,), (1,)]


def test_unknown_columns_are_refused_unless_ignored_and_named_with_the_nearest():
    row = {("NN" if name == "n" else name): value for name, value in GOOD.items()} | {5: 1}
    with pytest.raises(RequestError) as caught:
        SCORER.check(row)
    assert [str(fault) for fault in caught.value.faults] == [
        'n: the column is missing. Did you mean "NN"?',
        'NN: the model knows no such column. Did you mean "n"? Leave it out.',
        "5: the model knows no such column. Leave it out.",
    ]
    more = {**GOOD, "note": 1}
    assert SCORER.check(more, ignore_unknown=True).table.rows == 1
    assert SCORER.check({**GOOD, "bad": 1}).table.rows == 1  # the file has it


def test_strangers_are_counted_and_refused_only_if_strict():
    rows = [{"n": 11, "c": "bus"}, {"n": -1, "c": "boat"}, {"n": 5}]
    checked = read(*rows)
    assert (checked.outside, checked.unseen) == ({"n": 2}, {"c": 2})
    assert np.isnan(checked.table.values[:2, 5]).all()
    assert refused(*rows, strict=True) == [
        "n: a value from 0 to 10, as in training, is needed, got 11.0 in row 0 and 1 more.",
        "c: a category that training met (3, car, true) is needed in row 0 and 1 more.",
    ]
    assert read({"n": 10}, strict=True).table.rows == 1


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([1, 2, 1], "id: ids must differ, got 1 in row 0 and 1 more."),
        ([1, None, float("nan")], "id: an id is needed in row 1 and 1 more."),
        ([[1], [2], [3]], "id: ids must be numbers or texts."),
    ],
)
def test_ids_must_be_there_and_differ(ids, message):
    assert refused(*({"id": each} for each in ids)) == [message]


def test_ids_may_be_left_out_of_all_rows_but_not_of_some():
    assert read({}, {}).ids is None
    assert read({"id": 4}, {"id": "4"}).ids == [4, "4"]
    assert refused({"id": 4}, {}) == ["id: an id is needed in row 1."]


@pytest.mark.parametrize(
    "none",
    [[], (), pa.Table.from_pylist([GOOD]).slice(1), pd.DataFrame([GOOD]).iloc[:0]],
    ids=["list", "tuple", "arrow", "frame"],
)
def test_no_rows_are_no_fault(none):
    checked = SCORER.check(none)
    assert checked.table.values.shape == (0, 6)
    assert INPUTS.features(checked.table, checked.whole).values.shape == (0, 8)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (None, "rows: rows must be dicts, an Arrow table or a data frame, got NoneType."),
        (pd.Series(GOOD), "rows: rows must be dicts, an Arrow table or a data frame, got Series."),
        (pa.chunked_array([[1]]), "rows: rows must be dicts, an Arrow table or a data frame, got "),
        (np.zeros((2, 6)), "rows: rows must be dicts, an Arrow table or a data frame, got ndarray"),
        ([GOOD, 7], "rows: each row must be a mapping of columns to values; row 1 is not."),
        ("text", "rows: each row must be a mapping of columns to values; row 0 is not."),
        ({}, "n: the column is missing.\ni: the column is missing."),
    ],
)
def test_what_are_no_rows_is_refused(rows, message):
    with pytest.raises(RequestError) as caught:
        SCORER.check(rows)
    assert str(caught.value).startswith(message)


def test_frames_of_several_types_or_repeated_names_and_other_libraries():
    import duckdb

    mixed = pd.DataFrame([GOOD, GOOD]).assign(n=[1, "x"])
    with pytest.raises(RequestError, match='n: a number is needed, got "x" in row 1'):
        SCORER.check(mixed)
    frame = pd.DataFrame([GOOD])
    with pytest.raises(RequestError, match="n: the column is there more than once"):
        SCORER.check(pd.concat([frame, frame[["n"]]], axis=1))
    sparse = frame.assign(n=pd.arrays.SparseArray([1.0]))
    expected = SCORER.check(frame).table.values.tobytes()
    assert SCORER.check(sparse).table.values.tobytes() == expected
    relation = duckdb.from_arrow(pa.Table.from_pylist([GOOD]))
    assert SCORER.check(relation).table.values.tobytes() == expected


MIXED = st.fixed_dictionaries(
    {
        "amount": st.none() | st.floats(-3e38, 3e38),
        "zero": st.sampled_from([None, -0.0, 0.0, 5e-324, 0.1]),
        "count": st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(-10, 10),
        "huge": st.none() | st.integers(-(2**63), 2**63 - 1),
        "member": st.none() | st.booleans(),
        "day": st.none() | st.dates(),
        "seen": st.none() | st.datetimes(timezones=st.just(dt.UTC)),
        "shop": st.none() | st.sampled_from(["3", "12", "none such"]),
        "purpose": st.none() | st.sampled_from(["car", "Größe", "it's; -- \0"]),
    }
)


@given(st.lists(MIXED, min_size=1, max_size=9))
@settings(max_examples=20, deadline=None)
def test_a_row_alone_has_the_features_that_it_has_among_others(trained, rows):
    inputs = trained[2]
    columns = [column.name for column in inputs.raw.columns]
    door = Door(inputs)

    def features(some):
        checked = door.records([{name: row[name] for name in columns} for row in some])
        return inputs.features(checked.table, checked.whole).values

    alone = [features([row]) for row in rows]
    assert np.concatenate(alone).tobytes() == features(rows).tobytes()


def test_one_row_is_computed_by_the_plan_that_was_kept(trained, monkeypatch):
    found = []

    def watched(self, row):
        found.append(compute(self, row))
        return found[-1]

    compute = OneRow.compute
    monkeypatch.setattr(OneRow, "compute", watched)
    table, door = _arrow(_typed(trained[3]).head(3)), Door(trained[2])
    for at in (0, 1, 2):
        checked = door.arrow(table.slice(at, 1))
        trained[2].features(checked.table, checked.whole)
    assert len(found) >= 2
    assert all(row is not None and len(row) == len(EXPRESSIONS) for row in found)


def test_many_threads_derive_the_same_features(trained):
    _, table, inputs, path = trained
    rows = _typed(path).to_dict("records")
    scorer = Scorer(_Kept(inputs))

    def derive(start: int) -> bytes:
        checked = scorer.check(rows[start:])
        return inputs.features(checked.table, checked.whole).values.tobytes()

    starts = [7 * (at % 11) for at in range(44)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(derive, starts)) == [table.values[at:].tobytes() for at in starts]


def test_columns_of_any_type_that_are_declared_categories_are_what_training_read(tmp_path):
    at = list(range(24))
    start = NOON.replace(tzinfo=None)
    hours = [start + dt.timedelta(hours=15 * (each % 4)) for each in at]
    quarters = [decimal.Decimal(each % 4) / 4 for each in at]
    milliseconds = [start + dt.timedelta(milliseconds=each % 3) for each in at]
    columns = {
        "day": pa.array([each.date() for each in hours]),
        "hour": pa.array(hours, pa.timestamp("us")),
        "zoned": pa.array(hours, pa.timestamp("us", "Europe/Berlin")),
        "fine": pa.array(milliseconds, pa.timestamp("ms")),
        "quarter": pa.array(quarters, pa.decimal128(8, 2)),
        "truth": pa.array([each % 3 == 0 for each in at]),
        "number": pa.array([each % 4 + 0.5 for each in at]),
        "single": pa.array([0.1 * (each % 3) for each in at], pa.float32()),
        "small": pa.array([each % 6 for each in at], pa.int8()),
    }
    table = pa.table({**columns, "bad": [each % 2 for each in at]})
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    data = TableSource(path=str(path), target="bad", categorical=tuple(columns)).load()
    assert all(column.levels for column in data.table.columns)
    preparation = fit_preparation(
        data.table, np.arange(24), impute=False, encode=False, scale=False
    )
    scorer = Scorer(_Kept(inputs_of(data, Baseline(), preparation)))
    # As doubles, numbers of single precision would have more digits.
    records = [{**row, "single": np.float32(row["single"])} for row in table.to_pylist()]
    for rows in (table, pd.read_parquet(path), records):
        checked = scorer.check(rows)
        assert not checked.unseen
        assert checked.table.values.tobytes() == data.table.values.tobytes()
