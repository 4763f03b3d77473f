"""Tables that do not fit into a node's object store are refused before anything runs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from cutscore.cluster.connecting import ClusterNode
from cutscore.cluster.sharing import Sharing
from cutscore.config.ray_settings import CELLS
from cutscore.errors import RequestError
from cutscore.experiment import ExperimentCache
from cutscore.records import Table


@pytest.mark.parametrize("puts", [True, False])
def test_tables_too_large_for_a_node_are_refused(puts):
    pytest.importorskip("ray", reason="Ray is not installed (the extra: ray)")
    table = Table((), np.zeros((1000, 1000), dtype=np.float32))
    experiment = SimpleNamespace(
        source=SimpleNamespace(load=lambda: SimpleNamespace(table=table)),
        features="baseline",
        model="none that bins",
    )
    cache = ExperimentCache()
    cache.table(cache.dataset(experiment.source), "baseline", lambda dataset: dataset.table)
    nodes = [ClusterNode("a", "10.0.0.1", 1, 10**9), ClusterNode("b", "10.0.0.2", 1, 3 * 10**6)]
    with pytest.raises(RequestError) as caught:
        Sharing(cache, nodes, CELLS, [experiment] if puts else None).table(experiment)
    (fault,) = caught.value.faults
    assert fault.setting == "hydra.launcher.share"
    assert "take 4 MB or more, and the object store of node 10.0.0.2 holds 3 MB" in fault.problem
    assert "--object-store-memory" in fault.remedy
    assert "hydra.launcher.share=false" in fault.remedy
