"""Aggregates of Home Credit's tables in pandas, as the SQL files in `conf/data/home_credit` say.

`benchmarks/tables.py` calls it. Whatever is needed of a row is computed once, for all rows, and
then there is one `groupby` for sums, means and so on: the quickest that pandas can do.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

KEY = "SK_ID_CURR"
Frame = pd.DataFrame


def bureau(folder: Path) -> Frame:
    """Return 37 aggregates of loans at other lenders, 6 of them of the loans' months."""
    loans = pd.read_parquet(folder / "bureau.parquet")
    loans = loans.merge(_bureau_months(folder), "left", left_on="SK_ID_BUREAU", right_index=True)
    counted = ["months", "closed", "late", "late_y1"]
    loans[counted] = loans[counted].fillna(0)  # a count over no rows is 0
    for name in ("DAYS_CREDIT_ENDDATE", "DAYS_CREDIT_UPDATE"):
        loans[name] = loans[name].where(loans[name] >= -40_000)
    active = loans["CREDIT_ACTIVE"] == "Active"
    debt, credit, days = (
        loans[name] for name in ("AMT_CREDIT_SUM_DEBT", "AMT_CREDIT_SUM", "DAYS_CREDIT")
    )
    share = _ratio(debt, credit)
    kinds = loans["CREDIT_TYPE"]
    sums = {
        "debt_active": debt.where(active), "credit_active": credit.where(active),
        "BUREAU_DEBT": debt, "BUREAU_DEBT_y1": debt.where(days >= -365),
        "BUREAU_DEBT_y2": debt.where(days >= -730), "BUREAU_CREDIT": credit,
        "BUREAU_ANNUITY": loans["AMT_ANNUITY"], "BUREAU_OVERDUE": loans["AMT_CREDIT_SUM_OVERDUE"],
        "BUREAU_PROLONGED": loans["CNT_CREDIT_PROLONG"], "BUREAU_MONTHS": loans["months"],
        "closed": loans["closed"], "late": loans["late"], "BUREAU_MONTHS_LATE_Y1": loans["late_y1"],
    }  # fmt: skip
    counts = {
        "BUREAU_N_active": active, "BUREAU_N_y1": days >= -365, "BUREAU_N_y2": days >= -730,
        "BUREAU_CARDS": kinds == "Credit card", "BUREAU_MORTGAGES": kinds == "Mortgage",
        "BUREAU_CARS": kinds == "Car loan", "BUREAU_MICROLOANS": kinds == "Microloan",
    }  # fmt: skip
    means = {
        "BUREAU_DEBT_SHARE_MEAN_active": share.where(active), "BUREAU_PAID_MEAN": credit - debt,
        "BUREAU_DAYS_MEAN": days, "BUREAU_OVERDUE_MAX_MEAN": loans["AMT_CREDIT_MAX_OVERDUE"],
    }  # fmt: skip
    greatest = {
        "BUREAU_DEBT_SHARE_MAX_active": share.where(active), "BUREAU_CREDIT_MAX": credit,
        "BUREAU_DAYS_MAX": days, "BUREAU_DAYS_MAX_active": days.where(active),
        "BUREAU_DAYS_END_MAX": loans["DAYS_CREDIT_ENDDATE"],
        "BUREAU_DAYS_UPDATE_MAX_active": loans["DAYS_CREDIT_UPDATE"].where(active),
        "BUREAU_OVERDUE_MAX": loans["AMT_CREDIT_MAX_OVERDUE"],
        "BUREAU_OVERDUE_DAYS_MAX": loans["CREDIT_DAY_OVERDUE"],
        "BUREAU_WORST": loans["worst"], "BUREAU_LAST_LATE": loans["last_late"],
    }  # fmt: skip
    least = {
        "BUREAU_PAID_MIN": credit - debt,
        "BUREAU_DAYS_END_MIN_active": loans["DAYS_CREDIT_ENDDATE"].where(active),
    }
    made = _grouped(loans[KEY], sums, counts, means, greatest, least)
    made = made.rename(columns={"N": "BUREAU_N"})
    made["BUREAU_DEBT_SHARE"] = _ratio(made["BUREAU_DEBT"], made["BUREAU_CREDIT"])
    made["BUREAU_DEBT_SHARE_active"] = _ratio(made["debt_active"], made["credit_active"])
    made["BUREAU_ACTIVE_SHARE"] = made["BUREAU_N_active"] / made["BUREAU_N"]
    made["BUREAU_MONTHS_CLOSED"] = _ratio(made["closed"], made["BUREAU_MONTHS"])
    made["BUREAU_MONTHS_LATE"] = _ratio(made["late"], made["BUREAU_MONTHS"])
    made = made.drop(columns=["debt_active", "credit_active", "closed", "late"])
    return _for_each(folder, made, [*counts, "BUREAU_N"])


def _bureau_months(folder: Path) -> Frame:
    months = pd.read_parquet(folder / "bureau_balance.parquet")
    status = months["STATUS"]
    step = status.map({str(at): float(at) for at in range(6)}).astype(float)
    late = step >= 1
    rows = pd.DataFrame(
        {
            "months": 1,
            "closed": status == "C",
            "late": late,
            "late_y1": late & (months["MONTHS_BALANCE"] >= -12),
            "worst": step,
            "last_late": months["MONTHS_BALANCE"].where(late),
        }
    )
    how = dict.fromkeys(("months", "closed", "late", "late_y1"), "sum")
    return rows.groupby(months["SK_ID_BUREAU"]).agg(how | {"worst": "max", "last_late": "max"})


def instalments(folder: Path) -> Frame:
    """Return 25 aggregates of instalments, each of which may be paid in parts."""
    columns = [
        KEY, "SK_ID_PREV", "NUM_INSTALMENT_NUMBER", "DAYS_INSTALMENT", "DAYS_ENTRY_PAYMENT",
        "AMT_INSTALMENT", "AMT_PAYMENT",
    ]  # fmt: skip
    parts = pd.read_parquet(folder / "installments_payments.parquet", columns=columns)
    whole = parts.groupby(columns[:4], dropna=False, sort=False)
    rows = whole.agg({"AMT_INSTALMENT": "max", "DAYS_ENTRY_PAYMENT": "max"})
    rows["paid"] = whole["AMT_PAYMENT"].sum(min_count=1)
    del parts, whole
    rows = rows.reset_index()
    # Among instalments of one day and number any may be the last: the comparison leaves them out.
    rows = rows.sort_values([KEY, "DAYS_INSTALMENT", "NUM_INSTALMENT_NUMBER"], ignore_index=True)
    back = rows.groupby(KEY).cumcount(ascending=False)
    due, day = rows["AMT_INSTALMENT"], rows["DAYS_INSTALMENT"]
    behind = rows["DAYS_ENTRY_PAYMENT"] - day
    late, early = behind.clip(lower=0), (-behind).clip(lower=0)
    paid = rows["paid"].fillna(0)
    underpaid, share = _rounded(due - paid, 2), _rounded(_ratio(paid, due), 6)
    windows = {
        "_d60": day >= -60, "_d180": day >= -180, "_y1": day >= -365, "_y2": day >= -730,
        "_last3": back < 3, "_last5": back < 5, "_last10": back < 10,
    }  # fmt: skip
    means = {"INST_LATE_MEAN": late}
    means |= {f"INST_LATE_MEAN{name}": late.where(inside) for name, inside in windows.items()}
    for name, over in {"INST_LATE": 0, "INST_LATE7": 7, "INST_LATE30": 30}.items():
        means[f"{name}_SHARE"] = (late > over).astype(float).where(late.notna())
    means["INST_LATE_SHARE_y1"] = means["INST_LATE_SHARE"].where(windows["_y1"])
    means |= {"INST_EARLY_MEAN": early, "INST_PAID_SHARE_MEAN": share}
    sums = {"INST_UNDERPAID": underpaid, "INST_PAID": rows["paid"]}
    for name in ("_y1", "_last5"):
        sums[f"INST_UNDERPAID{name}"] = underpaid.where(windows[name])
    greatest = {
        "INST_LATE_MAX": late, "INST_LATE_MAX_y1": late.where(windows["_y1"]),
        "INST_UNDERPAID_MAX": underpaid, "INST_DUE_MAX": due,
    }  # fmt: skip
    made = _grouped(rows[KEY], sums, {}, means, greatest, {"INST_PAID_SHARE_MIN": share})
    made["INST_LATE_STD"] = late.groupby(rows[KEY]).std()
    return _for_each(folder, made.rename(columns={"N": "INST_N"}), ["INST_N"])


def _grouped(
    key: pd.Series,
    sums: dict[str, pd.Series],
    counts: dict[str, pd.Series],
    means: dict[str, pd.Series],
    greatest: dict[str, pd.Series],
    least: dict[str, pd.Series],
) -> Frame:
    """Return sums (missing over no value), counts, means and extremes of columns by key, and N."""
    made = [key.groupby(key).size().rename("N")]
    made.append(pd.DataFrame(sums).groupby(key).sum(min_count=1))
    if counts:
        made.append(pd.DataFrame(counts).groupby(key).sum())
    made.append(pd.DataFrame(means).groupby(key).mean())
    made.append(pd.DataFrame(greatest).groupby(key).max())
    made.append(pd.DataFrame(least).groupby(key).min())
    return pd.concat(made, axis=1)


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part / whole.where(whole != 0, np.nan)


def _rounded(x: pd.Series, digits: int) -> pd.Series:
    """Round halves away from zero, as SQL does."""
    return np.trunc(x * 10.0**digits + np.copysign(0.5, x)) / 10.0**digits


def _for_each(folder: Path, made: Frame, counts: list[str]) -> Frame:
    """Return one row per applicant, sorted; a count over no rows is 0."""
    keys = pd.read_parquet(folder / "application_train.parquet", columns=[KEY])[KEY]
    made = made.reindex(keys.sort_values())
    made[counts] = made[counts].fillna(0)
    return made
