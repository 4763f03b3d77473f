"""`cutscore monitor` as it is typed."""

import json

import pytest

from cutscore.cli import main
from cutscore.runs.opening import open_existing
from cutscore.runs.values import missing_from_record


def test_an_alarm_ends_with_1_and_is_kept_as_a_run_with_its_history(kept, later, tmp_path, capsys):
    from mlflow import MlflowClient

    rows, labels = later("prior")
    store = f"sqlite:///{tmp_path}/mlflow.db"
    words = ["monitor", str(kept.folder), str(rows), "--period", "month", "--store", store]
    words += ["--labels", str(labels), "--target", "bad"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().out
    assert told.startswith("Re-cut (cutscore recut ")
    assert "right if probabilities are still right for these rows." in told
    opened = open_existing(store)
    (run,) = opened.find("monitoring")
    detail = opened.read(run.run_id)
    assert missing_from_record(detail) == []
    assert run.tags["action"] == "re-cut"
    history = MlflowClient(store).get_metric_history(run.run_id, "base_rate")
    assert [point.step for point in history] == list(range(6))
    assert (tmp_path / "out" / "findings.csv").is_file()


def test_no_alarm_ends_with_0_and_tells_scripts_all_of_it(kept, later, capsys):
    rows, _ = later()
    assert main(["monitor", str(kept.folder), str(rows), "--no-record", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["alarm"], told["action"], told["run_id"]) == (False, "nothing", None)
    assert {each["verdict"] for each in told["findings"]} <= {"none seen", "slight"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--limits", "strict"], '--limits: there is no option "strict"'),
        (["data.colour=red"], "data.colour: there is no such setting."),
        (["--period", "month", "--time", "dy"], '--time: the table has no column "dy".'),
    ],
)
def test_a_wrong_request_ends_with_2_and_makes_nothing(
    kept, later, tmp_path, capsys, words, message
):
    store = tmp_path / "none.db"
    given = ["monitor", str(kept.folder), str(later()[0]), *words, "--store", str(store)]
    assert main(given) == 2
    assert message in capsys.readouterr().err
    assert not store.exists()
