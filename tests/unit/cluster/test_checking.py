"""What is told of nodes that are not fit for a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutscore.cluster import checking
from cutscore.cluster.checking import NodeAnswer, NodeNeeds, answer
from cutscore.cluster.connecting import ClusterNode
from cutscore.cluster.tasks import Surroundings
from cutscore.config.ray_settings import CELLS
from cutscore.errors import RequestError

HEAD, OTHER = (
    ClusterNode("a", "10.0.0.1", 4, 10**9, here=True),
    ClusterNode("b", "10.0.0.2", 8, 10**9),
)
STORE = "postgresql://me@127.0.0.1:1/runs"


def needs(folder: Path, **changes) -> NodeNeeds:
    paths = {"hydra.run.dir": folder, "data.path": folder / "loans.csv"}
    own = {"num_cpus": 1, "databases": {"tracking.uri": STORE}, "artifacts": str(folder / "a")}
    return NodeNeeds(**{**own, "paths": paths, **changes})


def of_this_machine(**changes) -> NodeAnswer:
    own = {"databases": {}, "artifacts": None, "paths": {}}
    return answer(NodeNeeds(1, **{**own, **changes}), Surroundings.of_this_process())


def faults(monkeypatch, needed: NodeNeeds, answers, nodes=(HEAD, OTHER)) -> list[str]:
    monkeypatch.setattr(checking, "living_nodes", lambda: list(nodes))
    monkeypatch.setattr(
        checking, "_asked", lambda nodes, *_: dict(zip(nodes, answers, strict=False))
    )
    with pytest.raises(RequestError) as caught:
        checking.check_nodes(needed, CELLS)
    return [str(fault) for fault in caught.value.faults]


def test_a_machine_says_what_it_lacks_and_cannot_reach(tmp_path):
    paths = {"here": tmp_path, "data.path": tmp_path / "no.csv"}
    told = of_this_machine(
        paths=paths, databases={"tracking.uri": STORE}, artifacts="gopher://nowhere/files"
    )
    assert told.lacking == ("data.path",)
    assert "nothing answers at" in told.unreachable["tracking.uri"]
    assert "gopher://nowhere/files cannot be written" in told.unreachable["tracking.artifacts"]
    assert {"python", "cutscore", "lightgbm", "mlflow"} <= told.versions.keys()


def test_all_that_is_wrong_with_nodes_is_told_at_once(tmp_path, monkeypatch):
    own = dict(of_this_machine().versions)
    unreachable = {"tracking.uri": f"nothing answers at {STORE} (refused)."}
    lacking = ("hydra.run.dir", "data.path", "tracking.artifacts")
    other = NodeAnswer({**own, "lightgbm": "4.0"}, lacking, unreachable)
    told = faults(monkeypatch, needs(tmp_path), [NodeAnswer(own, (), unreachable), other])
    both = [line for line in told if line.startswith("tracking.uri: node 10.0.0.1, 10.0.0.2 ")]
    assert len(both) == 1
    assert "not localhost" in both[0]
    rest = " ".join(line for line in told if line not in both)
    assert "node 10.0.0.2 has other versions" in rest
    assert f"lightgbm 4.0 (here {own['lightgbm']})" in rest
    assert f"data.path: node 10.0.0.2 has no {tmp_path}/loans.csv." in rest
    assert "tracking.artifacts: node 10.0.0.2 does not see" in rest
    assert "10.0.0.1" not in rest
    assert list(tmp_path.iterdir()) == []


def test_a_node_that_cannot_answer_is_told(tmp_path, monkeypatch):
    (line,) = faults(
        monkeypatch, needs(tmp_path), [of_this_machine(), "No module named 'cutscore'"]
    )
    assert "node 10.0.0.2 cannot be worked on: No module named 'cutscore'." in line
    assert "Install the same Cutscore there" in line


def test_a_store_in_a_file_is_refused_where_there_are_several_nodes(tmp_path, monkeypatch):
    file = {"tracking.uri": f"sqlite:///{tmp_path}/runs.db"}
    needed = needs(tmp_path, databases=file, num_cpus=16)
    told = faults(monkeypatch, needed, [of_this_machine()] * 2)
    assert told[0].startswith("hydra.launcher.num_cpus: 16 of one node")
    assert told[1].startswith(f"tracking.uri: {tmp_path}/runs.db is an SQLite file")
    assert "postgresql://" in told[1]
    monkeypatch.setattr(checking, "living_nodes", lambda: [HEAD])
    assert checking.check_nodes(needs(tmp_path, databases=file), CELLS) == [HEAD]
