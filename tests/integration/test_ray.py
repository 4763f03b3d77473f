"""Cells and trials on a Ray cluster: the same bits, and what a dying process leaves."""

from __future__ import annotations

import ipaddress
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from cutscore.cluster.connecting import connected, living_nodes
from cutscore.cluster.sharing import Sharing
from cutscore.cluster.tasks import run_tasks
from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.config.ray_settings import CELLS, RaySettings
from cutscore.errors import ClusterError
from cutscore.experiment import Experiment, ExperimentCache, execute, prepare
from cutscore.launch.progress import ProgressLog
from cutscore.model.lightgbm_bins import bin_values
from cutscore.report.record_spec import DIED_TAG
from cutscore.runs.opening import open_existing

if find_spec("ray") is None:
    pytest.skip("Ray is not installed (the extra: ray)", allow_module_level=True)

HELPERS = Path(__file__).parent.parent / "helpers"


@pytest.fixture(scope="module")
def cluster():
    """A node of two processors; commands use the connection that this process has."""
    with pytest.MonkeyPatch.context() as patch:
        helpers, given = HELPERS, os.environ.get("PYTHONPATH", "")
        patch.setenv("PYTHONPATH", os.pathsep.join([str(helpers), given]))
        with connected(RaySettings(object_store_mb=100, node_cpus=2), CELLS):
            yield


def cells_of(folder: Path, experiment: str) -> dict[str, list]:
    """Return the runs of an experiment's cells by name, newest first."""
    found: dict[str, list] = {}
    for run in open_existing(f"sqlite:///{folder}/mlruns/mlflow.db").find(experiment):
        assert not run.open
        if run.parent_id:
            found.setdefault(run.name, []).append(run)
    return found


def scores_of(folder: Path, run):
    store = open_existing(f"sqlite:///{folder}/mlruns/mlflow.db")
    copy = folder / run.run_id
    copy.mkdir(exist_ok=True)
    return pq.read_table(store.download(run.run_id, "oof_scores.parquet", copy))


def test_a_cluster_of_this_machine_listens_to_nobody_else(cluster):
    own = psutil.Process()
    connections = [
        connection
        for process in (own, *own.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    hosts = {connection.laddr.ip.removeprefix("::ffff:") for connection in connections}
    assert len(connections) > 2
    assert all(ipaddress.ip_address(host).is_loopback for host in hosts), hosts


def test_cells_give_the_same_bits_and_one_whose_process_dies_is_run_again(
    cutscore, in_folder, loans, cluster
):
    folder = in_folder / "conf" / "model"
    folder.mkdir(parents=True)
    shutil.copy(HELPERS / "moody.yaml", folder)
    words = [word for word in loans if not word.startswith("model.")]
    words += ["model=moody", "model.params.mood=fine,dies", f"model.params.marker={in_folder}/died"]
    words += ["report.bootstrap=0"]
    on_ray = cutscore("run", "-m", *words, "hydra/launcher=ray", "tracking.experiment=ray")
    assert on_ray.code == 0, on_ray.err
    assert "[2/2]" in on_ray.err
    assert "exp02_cv_baseline_none_moody is run again: a worker process died" in on_ray.err
    here = cutscore("run", "-m", *words, "tracking.experiment=here")
    assert here.code == 0, here.err
    plain, cells = cells_of(in_folder, "here"), cells_of(in_folder, "ray")
    assert {name: len(runs) for name, runs in cells.items()} == {
        "exp01_cv_baseline_none_moody": 1,
        "exp02_cv_baseline_none_moody": 2,
    }
    assert DIED_TAG in cells["exp02_cv_baseline_none_moody"][1].tags
    for name, (run, *_) in cells.items():
        (other,) = plain[name]
        assert run.complete
        assert run.tags["pid"] != other.tags["pid"]
        assert run.tags["fingerprint"] == other.tags["fingerprint"]
        assert scores_of(in_folder, run).equals(scores_of(in_folder, other))
    words += ["hydra/launcher=ray", "tracking.experiment=here", "--resume"]
    assert "2 of 2 cells complete since" in cutscore("run", "-m", *words).err
    best = min(runs[0].run_id for runs in plain.values())
    again = cutscore("rerun", best, "hydra/launcher=ray")
    assert again.code == 0, again.err
    assert "equal: out-of-fold scores equal" in again.out
    refused = cutscore("rerun", best, "hydra/launcher=ray", "hydra.launcher.num_cpus=3")
    assert refused.code == 2
    assert "hydra.launcher.num_cpus: 3 of one node are asked for" in refused.err


def test_bins_that_several_cells_need_are_made_once(loans, cluster, monkeypatch):
    composer = Composer(find_layers(working_dir=packaged_folder()))
    words = [*loans, "report.bootstrap=0", "model.binning=shared"]

    def experiment_of(*more: str) -> Experiment:
        return compose_plan(composer, parse_overrides([*words, *more])).experiment

    both = [experiment_of("sampling=none"), experiment_of("sampling=cost_weighted")]
    other = [experiment_of("+model.params.max_bin=7"), experiment_of("sampling=smote")]
    sharing = Sharing(ExperimentCache(), living_nodes(), CELLS, [*both, *other])
    places = [sharing.table(experiment) for experiment in (*both, *other)]
    assert places[0].bins == places[1].bins is not None
    assert places[2].bins is None  # nobody else's
    assert places[3].bins is None  # made-up rows have bins of their own

    def scores_in(cache: ExperimentCache) -> bytes:
        return execute(both[0], prepare(both[0], cache), cache).oof.score.tobytes()

    alone, cache, binned = scores_in(ExperimentCache()), ExperimentCache(), []

    def bin_and_tell(columns, values, *rest):
        binned.append(sum(map(len, values)))
        return bin_values(columns, values, *rest)

    monkeypatch.setattr("cutscore.model.lightgbm.bin_values", bin_and_tell)
    for _ in range(2):  # as one process does one cell after the other
        places[0].lend(cache)
        assert scores_in(cache) == alone
    rows = len(cache.dataset(both[0].source).target)
    assert rows not in binned
    assert scores_in(ExperimentCache()) == alone
    assert rows in binned


def test_workers_of_a_search_finish_exactly_its_trials(cutscore, in_folder, loans, cluster):
    words = [*loans, "report.bootstrap=0", "search=custom", "search.trials=5", "search.workers=2"]
    words += [
        "search.engine=ray",
        'search.space={model.params.num_leaves:"range(2,9000)"}',
        "threads=1",
    ]
    answer = cutscore("run", *words)
    assert answer.code == 0, answer.err
    trials = cells_of(in_folder, "cutscore")
    assert len(trials) == 5
    assert all(run.complete for (run,) in trials.values())
    numbers = sorted(run.tags["cutscore.trial"] for (run,) in trials.values())
    assert numbers == ["0", "1", "2", "3", "4"]
    assert str(os.getpid()) not in {run.tags["pid"] for (run,) in trials.values()}
    assert answer.err.count(" COMPLETE ") == 5


def test_a_cluster_without_room_is_told_and_waited_for_a_while(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr("cutscore.cluster.tasks.LOOK_SECONDS", 0.1)
    monkeypatch.setattr("cutscore.cluster.tasks.ROOM_SECONDS", 0.3)
    log = ProgressLog(tmp_path / "progress.jsonl")
    with pytest.raises(ClusterError, match=r"no node with 3 CPU\(s\) is left.*--resume"):
        run_tasks({"one": int}, lambda *_: None, 3, log)
    (event,), _ = log.read(0)
    assert "waiting up to 0.3 s" in event.line
    assert run_tasks({"one": int}, lambda *_: None, 2, log) == {"one": 0}


def test_a_cluster_is_found_fit_without_a_trace(cutscore, in_folder, loans, cluster):
    answer = cutscore("cluster", "check", *loans)
    assert answer.code == 0, answer.err
    assert "1 node(s), 2 CPUs: fit for this run." in answer.out
    assert list(in_folder.iterdir()) == []
    more = cutscore("run", "-m", *loans, "hydra/launcher=ray", "hydra.launcher.num_cpus=3")
    assert more.code == 2
    assert "hydra.launcher.num_cpus: 3 of one node are asked for" in more.err
    assert list(in_folder.iterdir()) == []
