import pytest

from cutscore.errors import RequestError
from cutscore.report.items import DatasetUsed, Metric, Param, Tag, Text
from cutscore.report.record_spec import ARTIFACTS, METRICS, PARAM_GROUPS, PARAMS, TAGS
from cutscore.runs.init import init_store
from cutscore.runs.values import missing_from_record


@pytest.fixture(scope="module")
def experiment(kept):
    folder = kept.folder
    return kept.listed_under(init_store(kept.store.uri, f"{folder}/artifacts", "reading"))


@pytest.fixture(scope="module")
def runs(kept, experiment):
    made = []
    for k in range(3):
        with experiment.open(f"exp{k:02d}_cv_baseline") as run:
            run.write([Metric("fold_roc_auc", 0.8 + f / 10, f) for f in range(2)])
            run.complete()
        made.append(run.run_id)
    return made


def whole_record():
    yield from (Param(f"{group}.x", 1) for group in (*PARAM_GROUPS, "threshold"))
    yield from (Param(name, 1) for name in PARAMS)
    yield from (Tag(name, "x") for name in TAGS if not name.startswith("cutscore."))
    yield from (Metric(name, 1.0) for name in METRICS)
    yield from (Text(name, "x") for name in ARTIFACTS)
    yield DatasetUsed("d", "d", "s", 1, 1)


def write_record(kept, experiment, items):
    with experiment.open("record") as run:
        run.write(items)
        run.complete()
    return kept.runs.read(run.run_id)


def test_newest_first_and_limited(kept, runs):
    found = kept.runs.find("reading", limit=2)
    assert [run.name for run in found] == ["exp02_cv_baseline", "exp01_cv_baseline"]
    assert all(run.complete and run.status == "FINISHED" for run in found)
    assert all(run.seconds is not None for run in found)


def test_a_run_is_found_by_id_prefix_and_name(kept, runs):
    for name in (runs[1], runs[1][:12], "exp01_cv_baseline"):
        detail = kept.runs.read(name)
        assert detail.summary.run_id == runs[1]
        assert detail.history == {"fold_roc_auc": {0: 0.8, 1: 0.9}}


def test_the_newest_of_a_name_is_shown_and_the_others_told(kept, experiment):
    ids = []
    for _ in range(2):
        with experiment.open("twice") as run:
            run.complete()
        ids.append(run.run_id)
    detail = kept.runs.read("twice")
    assert detail.summary.run_id == ids[1]
    assert detail.namesakes == (ids[0],)


def test_an_unknown_run_names_the_nearest(kept, runs):
    with pytest.raises(RequestError, match=r'no run "exp01_cv_baselin".*Did you mean "exp01_cv'):
        kept.runs.read("exp01_cv_baselin")


def test_an_unknown_experiment_names_the_nearest(kept, runs):
    with pytest.raises(RequestError, match='Did you mean "reading"'):
        kept.runs.find("readin")


def test_a_whole_record_misses_nothing(kept, experiment):
    assert missing_from_record(write_record(kept, experiment, whole_record())) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("savings", "metric:savings"),
        ("data_digest", "tag:data_digest"),
        ("roc_curve.png", "artifact:roc_curve.png"),
        ("sampling.x", "param:sampling.*"),
    ],
)
def test_what_is_missing_is_named(kept, experiment, name, told):
    items = [
        item
        for item in whole_record()
        if name not in (getattr(item, "key", ""), getattr(item, "path", ""))
    ]
    assert missing_from_record(write_record(kept, experiment, items)) == [told]


def test_a_reason_stands_in_for_a_metric(kept, experiment):
    items = [item for item in whole_record() if getattr(item, "key", "") != "savings"]
    items.append(Tag("undefined.savings", "the cheaper no-model cost is 0"))
    assert missing_from_record(write_record(kept, experiment, items)) == []


def test_a_missing_dataset_and_model_are_named(kept, experiment):
    items = [item for item in whole_record() if not isinstance(item, DatasetUsed)]
    items.append(Param("model.refit", True))
    assert missing_from_record(write_record(kept, experiment, items)) == ["dataset", "model"]
