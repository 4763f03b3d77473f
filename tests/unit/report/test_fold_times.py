import numpy as np
from drawn import texts

from cutscore.records import Folds
from cutscore.report.figures.fold_times import fold_times
from cutscore.report.fold_times import FOLDS_PICTURE, FOLDS_TABLE, fold_time_items, fold_time_lines
from cutscore.report.record_words import fitted_on
from cutscore.validation import RowsToSplit
from cutscore.validation.stratified import Stratified
from cutscore.validation.time_ordered import TimeOrdered

TARGET = np.tile([0, 1], 60).astype(np.int8)
ROWS = RowsToSplit(TARGET, np.repeat(np.arange(60), 2), np.arange(120.0), True)


def test_a_table_and_lines_say_when_folds_are_and_what_is_left_out():
    folds = TimeOrdered(folds=2, gap=4.5, keep_groups_together=True).split(ROWS)
    table, picture = fold_time_items(folds, TARGET, "run", len(TARGET))
    assert (table.path, picture.path) == (FOLDS_TABLE, FOLDS_PICTURE)
    assert {name: values[1] for name, values in table.frame.items()} == {
        "fold": "1",
        "train_from": "1970-01-01",
        "train_to": "1970-03-17",
        "train_rows": 76,
        "train_positives": 38,
        "validation_from": "1970-03-22",
        "validation_to": "1970-04-30",
        "validation_rows": 40,
        "validation_positives": 20,
        "left_out_gap": 4,
        "left_out_window": 0,
        "left_out_group": 0,
    }
    assert list(fold_time_lines(folds))[1] == (
        "fold 1: trains on 1970-01-01 to 1970-03-17 (76 rows), validates 1970-03-22 to 1970-04-30 "
        "(40 rows); left out: 4 in the gap"
    )


def test_rows_that_a_kept_model_is_fitted_on_are_told_where_they_are_not_all():
    told = next(fold_time_items(TimeOrdered(folds=2).split(ROWS), TARGET, "run", 30))
    assert (told.key, told.value) == ("rows_to_fit", 30)
    assert fitted_on({told.key: told.value}) == "the 30 rows of the latest window"
    assert fitted_on({}) == "all rows"


def test_folds_at_random_say_nothing():
    folds = Stratified(folds=2).split(ROWS)
    assert isinstance(folds, Folds)
    assert list(fold_time_items(folds, TARGET, "run", 120)) == list(fold_time_lines(folds)) == []


def test_the_picture_names_folds_and_where_they_begin():
    folds = TimeOrdered(folds=4).split(ROWS).splits
    said = texts(fold_times("run", {str(fold.number): fold.times for fold in folds}))
    assert [text for text in said if text.startswith("fold ")] == [f"fold {k}" for k in range(1, 5)]
    begins = [str(fold.times.validation.first_name) for fold in folds]
    assert [text for text in said if text.startswith("1970")] == ["1970-01-01", *begins]
    narrow = TimeOrdered(folds=40).split(ROWS).splits
    said = texts(fold_times("run", {str(fold.number): fold.times for fold in narrow}))
    assert 5 < sum(text.startswith("1970") for text in said) < 9
