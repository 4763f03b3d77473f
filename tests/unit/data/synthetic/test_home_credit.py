"""The look-alike of Home Credit: schema, keys, traps, marginals, and the same bytes again."""

import hashlib

import numpy as np
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from cutscore.data.synthetic.home_credit import BLOCK, TABLES, TEST, TRAIN, HomeCredit
from cutscore.data.synthetic.marginals import LEVELS, SENTINEL, marginals
from cutscore.data.synthetic.writing import write_tables


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    rows = write_tables(HomeCredit(4_000, seed=3), folder, "parquet")
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}
    assert rows == {name: table.num_rows for name, table in tables.items()}
    return folder, tables


def test_the_schema_is_that_of_the_real_files(made):
    _, tables = made
    for name, columns in marginals("home_credit").items():
        ours = [c for c in tables[name].column_names if not c.startswith("SK_ID_")]
        assert ours == list(columns), name
    assert tables[TRAIN].column_names[:2] == ["SK_ID_CURR", "TARGET"]
    expected = [c for c in tables[TRAIN].column_names if c != "TARGET"]
    assert tables[TEST].column_names == expected
    assert tables[TRAIN].num_rows == 4_000


def test_keys_join_and_some_children_are_orphans(made):
    _, tables = made
    people = {
        *tables[TRAIN]["SK_ID_CURR"].to_pylist(),
        *tables[TEST]["SK_ID_CURR"].to_pylist(),
    }
    assert len(people) == tables[TRAIN].num_rows + tables[TEST].num_rows
    for name in ("bureau", "previous_application", "installments_payments"):
        assert set(tables[name]["SK_ID_CURR"].to_pylist()) < people
    for key, parent, child in (
        ("SK_ID_BUREAU", "bureau", "bureau_balance"),
        ("SK_ID_PREV", "previous_application", "installments_payments"),
    ):
        ids = tables[parent][key].to_pylist()
        assert len(ids) == len(set(ids))
        orphans = set(tables[child][key].to_pylist()) - set(ids)
        assert 0 < len(orphans) < 0.2 * len(set(tables[child][key].to_pylist()))


def test_the_traps_are_there(made):
    _, tables = made
    pensioners = pc.equal(tables[TRAIN]["DAYS_EMPLOYED"], SENTINEL)
    assert 0.1 < pc.mean(pensioners.cast("int8")).as_py() < 0.25
    assert SENTINEL in tables["previous_application"]["DAYS_FIRST_DRAWING"].to_pylist()
    payments = tables["installments_payments"]
    keys = ["SK_ID_PREV", "NUM_INSTALMENT_NUMBER"]
    assert payments.group_by(keys).aggregate([]).num_rows < payments.num_rows  # paid in parts
    assert payments["AMT_PAYMENT"].null_count > 0  # not paid at all
    assert "XNA" in tables[TRAIN]["ORGANIZATION_TYPE"].to_pylist()


def test_marginals_are_those_of_the_profile(made):
    _, tables = made
    table, columns = tables[TRAIN], marginals("home_credit")[TRAIN]
    for name, marginal in columns.items():
        share = table[name].null_count / table.num_rows
        assert share == pytest.approx(marginal.missing, abs=0.03), name
        if not marginal.quantiles or name == "DAYS_EMPLOYED":
            continue
        values = table[name].drop_null().to_numpy()
        ours = [np.mean(values <= quantile) for quantile in marginal.quantiles[2:7]]
        low = [np.mean(values < quantile) for quantile in marginal.quantiles[2:7]]
        for level, above, below in zip(LEVELS[2:7], ours, low, strict=True):
            assert below - 0.05 <= level <= above + 0.05, (name, level)


def test_the_planted_risk_ranks_as_it_should(made):
    _, tables = made
    target = tables[TRAIN]["TARGET"].to_numpy()
    assert 0.06 < target.mean() < 0.1
    score = tables[TRAIN]["EXT_SOURCE_3"].fill_null(0.5).to_numpy()
    assert score[target == 1].mean() < score[target == 0].mean() - 0.03
    payments = tables["installments_payments"]
    late = pc.greater(payments["DAYS_ENTRY_PAYMENT"], payments["DAYS_INSTALMENT"]).fill_null(False)
    share = payments.select(["SK_ID_CURR"]).append_column("late", late.cast("double"))
    means = share.group_by("SK_ID_CURR").aggregate([("late", "mean")])
    known = (
        tables[TRAIN].select(["SK_ID_CURR", "TARGET"]).join(means, "SK_ID_CURR", join_type="inner")
    )
    by = known.group_by("TARGET").aggregate([("late_mean", "mean")]).to_pydict()
    rates = dict(zip(by["TARGET"], by["late_mean_mean"], strict=True))
    assert rates[1] > 1.15 * rates[0]


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others(made, tmp_path):
    folder, _ = made
    write_tables(HomeCredit(4_000, seed=3), tmp_path / "again", "parquet")
    write_tables(HomeCredit(100, seed=4), tmp_path / "other", "parquet")
    for name in TABLES:
        first, second, other = (
            hashlib.sha256((where / f"{name}.parquet").read_bytes()).hexdigest()
            for where in (folder, tmp_path / "again", tmp_path / "other")
        )
        assert first == second != other


def test_a_block_is_the_same_whatever_comes_after_and_rows_are_exact():
    few, many = HomeCredit(100, seed=1), HomeCredit(BLOCK + 700, seed=1)
    assert (few.blocks, many.blocks) == (1, 2)
    made = list(many.make())
    assert sum(len(block[TRAIN]["TARGET"]) for block in made) == BLOCK + 700
    ids = np.concatenate([block["bureau"]["SK_ID_BUREAU"] for block in made])
    assert len(ids) == len(np.unique(ids))


def test_csv_holds_the_same_rows(tmp_path):
    for form in ("csv", "parquet"):
        write_tables(HomeCredit(200, seed=9), tmp_path, form)
    for name in TABLES:
        text = pyarrow.csv.read_csv(tmp_path / f"{name}.csv")
        assert text.num_rows == pq.read_metadata(tmp_path / f"{name}.parquet").num_rows
