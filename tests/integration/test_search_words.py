"""A search's settings as words of the command line."""

from __future__ import annotations

from pathlib import Path


def test_a_wrong_search_is_refused_whole_and_leaves_nothing(cutscore, in_folder):
    answer = cutscore(
        "run",
        "search=lightgbm",
        "search.pruner=medain",
        'search.space={model.params.learning_rate:"interval(-1,0.1)",model.params.nleaves:"range(3)"}',
    )
    assert answer.code == 2
    assert answer.out == ""
    for words in (
        "search.pruner",
        "hyperband",
        "got -1.0",
        'Did you mean "model.params.num_leaves"',
    ):
        assert words in " ".join(answer.err.split())
    assert list(Path().iterdir()) == []


def test_the_composed_space_can_be_looked_at(cutscore, in_folder):
    answer = cutscore(
        "run", "--cfg", "job", "search=custom", 'search.space={sampling:"choice(none,smote)"}'
    )
    assert answer.code == 0
    assert "sampling: choice(none,smote)" in answer.out
