"""The cluster of a request: connected to, and checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cutscore.cluster.checking import NodeNeeds, check_nodes, file_faults
from cutscore.cluster.connecting import ClusterNode, connected
from cutscore.cluster.sharing import Sharing
from cutscore.config.build import Plan
from cutscore.config.overrides import texts_of
from cutscore.config.ray_settings import CELLS, TRIALS, RaySettings, RayWords
from cutscore.errors import Fault, RequestError
from cutscore.report.redact import redact
from cutscore.runs.server import files_place
from cutscore.search.ray_workers import ray_settings_of
from cutscore.search.storage import storage_setting, storage_url
from cutscore.sweep.cache import experiment_cache
from cutscore.sweep.cells import SweepRequest
from cutscore.sweep.launcher import ray_settings
from cutscore.sweep.on_submitit import LAUNCHER, SUBMITIT


def cluster_of(request: SweepRequest) -> tuple[RaySettings, RayWords] | None:
    """Return the settings of a request's cluster and what names them; None without a cluster."""
    if request.multirun and (launcher := ray_settings(request.launcher_config)) is not None:
        return launcher, CELLS
    for cell in request.cells:
        if cell.plan.search is not None and cell.plan.search.engine == "ray":
            return ray_settings_of(cell.plan), TRIALS
    return None


@contextmanager
def request_cluster(request: SweepRequest) -> Iterator[Sharing | None]:
    """Use a request's cluster for the length of the context; yields what shares tables on it.

    Workers of a search share them by themselves: here it is only seen that they fit.

    Raises
    ------
    RequestError
        If it cannot be connected to, or a node is not fit for the request.
    """
    found = cluster_of(request)
    if found is None:
        _check_submitit(request)
        yield None
        return
    settings, words = found
    plans = _plans(request)
    with fit_cluster(plans, settings, words) as nodes:
        experiments = [plan.experiment for plan in plans] if words is CELLS else None
        yield Sharing(experiment_cache(), nodes, words, experiments) if settings.share else None


def check_cluster(request: SweepRequest) -> list[ClusterNode]:
    """Connect to a request's cluster, check it, and return its nodes; nothing is begun.

    Raises
    ------
    RequestError
        With all that is wrong with it.
    """
    found = cluster_of(request)
    if found is None:
        raise RequestError(
            Fault(LAUNCHER, "this request uses no cluster.", "Add hydra/launcher=ray.")
        )
    with fit_cluster(_plans(request), *found) as nodes:
        return nodes


@contextmanager
def fit_cluster(
    plans: Sequence[Plan], settings: RaySettings, words: RayWords
) -> Iterator[list[ClusterNode]]:
    """Use a cluster whose nodes are fit for plans for the length of the context; yields them.

    Raises
    ------
    RequestError
        If it cannot be connected to, or with all that is wrong with any node.
    """
    with connected(settings, words):
        yield check_nodes(_needs_of(plans, settings), words)


def _plans(request: SweepRequest) -> list[Plan]:
    return [cell.plan for cell in request.cells]


def _check_submitit(request: SweepRequest) -> None:
    """Check that jobs of submitit, if there are to be any, can share what they are told."""
    name = str(request.launcher_config.hydra.runtime.choices.get(LAUNCHER))
    if request.multirun and name in SUBMITIT and (faults := list(_submitit_faults(request, name))):
        raise RequestError(faults)


def _submitit_faults(request: SweepRequest, name: str) -> Iterator[Fault]:
    words = {text for cell in request.cells for text in texts_of(cell.overrides)}
    for key in sorted({word.partition("=")[0] for word in words if redact(word) != word}):
        problem = "it holds a password, which submitit would write into the files of its jobs."
        yield Fault(key, problem, "Leave it out, and have it in ~/.pgpass or PGPASSWORD.")
    if SUBMITIT[name] == "slurm":
        yield from file_faults(_databases_of(_plans(request)), "the nodes of Slurm")


def _needs_of(plans: Sequence[Plan], settings: RaySettings) -> NodeNeeds:
    """Return what plans need on the nodes that they are run on.

    A search may have to read its data itself, where features are searched.
    """
    paths = {"hydra.run.dir": Path.cwd()}
    for plan in plans:
        file = getattr(plan.experiment.data, "path", None)
        if file and (plan.search is not None or not settings.share):
            paths["data.path"] = Path(file).expanduser().absolute()
    files = files_place(plans[0].tracking)
    return NodeNeeds(settings.num_cpus, _databases_of(plans), files, paths)


def _databases_of(plans: Sequence[Plan]) -> dict[str, str]:
    """Return the addresses of the databases that plans write, by what names them."""
    tracking = plans[0].tracking
    searches = [plan.search for plan in plans if plan.search is not None]
    studies = {storage_setting(search): storage_url(search, tracking) for search in searches}
    return {tracking.setting: tracking.address().uri, **studies}
