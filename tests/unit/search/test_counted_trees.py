"""When the number of trees is read off a boosting, and what is told where it is not."""

from __future__ import annotations

import pytest

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError
from cutscore.search.space import space_of
from cutscore.search.tree_counts import CountedTrees, counted_trees

SPACE = "search.space={model.params.n_estimators:%s,model.params.max_depth:'range(2,5)'%s}"


@pytest.fixture(scope="module")
def found():
    composer = Composer(find_layers(working_dir=packaged_folder()))

    def made(*words, trees="'range(10,41)'", more=""):
        space = [] if trees is None else ["search=custom", SPACE % (trees, more)]
        plan = compose_plan(composer, parse_overrides([*space, *words]))
        return counted_trees(plan, space_of(plan))

    return made


def test_counts_are_values_of_the_space(found):
    assert found("search.tree_counts=3").counts == (10, 20, 40)
    assert found("search.tree_counts=50").counts == tuple(range(10, 41))
    assert found("search.tree_counts=3", trees="'range(10,41,15)'").counts == (10, 25, 40)
    published = found("search=lightgbm", trees=None)
    assert isinstance(published, CountedTrees)
    assert (len(published.counts), published.counts[-1]) == (12, 1000)
    assert found("search=xgboost", "model=xgboost", trees=None).counts == published.counts


def test_a_range_of_one_number_is_refused(found):
    assert found(trees="'range(40,42)'").counts == (40, 41)
    with pytest.raises(RequestError, match="leaves nothing to choose"):
        found(trees="'range(40,41)'")


def test_another_name_for_the_number_of_trees_is_known(found):
    words = ("search=custom", "search.space={+model.params.num_boost_round:'range(5,9)'}")
    counted = found(*words, "model=xgboost", "~model.params.n_estimators", trees=None)
    assert counted.entry.key == "model.params.num_boost_round"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("+model.params.boosting=dart",), "later trees change the weights"),
        (("model.early_stopping_rounds=5",), "early_stopping_rounds decides"),
        (("search.metric=roc_auc",), "compared by cost, for search.metric=crossfit_cost|"),
        (("search.sampler=grid",), "a grid has a trial for each number"),
        (("model=random_forest",), "no boosting"),
    ],
)
def test_why_trees_are_sampled_is_told(words, why, found):
    told = found(*words)
    assert isinstance(told, str)
    assert told.startswith("search.tree_counts is not used, so model.params.n_estimators is")
    assert why in told


def test_choices_are_sampled(found):
    more = ",+model.params.boosting:'choice(gbdt,dart)'"
    assert "the space varies model.params.boosting" in found(more=more)
    more = ",model.early_stopping_rounds:'choice(null,5)'"
    assert "the space varies model.early_stopping_rounds" in found(more=more)
    assert "no range of whole numbers" in found(trees="'choice(10,20)'")


def test_without_a_number_of_trees_there_is_nothing_to_tell(found):
    assert found("search.tree_counts=null") is None
    words = ("search=custom", "search.space={model.params.max_depth:'range(2,5)'}")
    assert found(*words, trees=None) is None
