"""The cluster of a request: connected to, and checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutscore.cluster.checking import NodeNeeds, check_nodes, file_faults
from cutscore.cluster.connecting import ClusterNode, connected
from cutscore.cluster.sharing import Sharing
from cutscore.config.overrides import texts_of
from cutscore.config.ray_settings import CELLS, TRIALS, RaySettings, RayWords
from cutscore.errors import Fault, RequestError
from cutscore.report.redact import redact
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
    with connected(settings, words):
        nodes = check_nodes(needs_of(request, settings), words)
        shares = words is CELLS and settings.share  # workers of a search see to it themselves
        experiments = [cell.plan.experiment for cell in request.cells]
        yield Sharing(experiment_cache(), nodes, words, experiments) if shares else None


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
    settings, words = found
    with connected(settings, words):
        return check_nodes(needs_of(request, settings), words)


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
        yield from file_faults(databases_of(request), "the nodes of Slurm")


def needs_of(request: SweepRequest, settings: RaySettings) -> NodeNeeds:
    """Return what a request's cells need on the nodes that they are run on.

    A search may have to read its data itself, where features are searched.
    """
    paths = {"hydra.run.dir": Path.cwd()}
    for cell in request.cells:
        search = cell.plan.search
        file = getattr(cell.plan.experiment.data, "path", None)
        if file and (search is not None or not settings.share):
            paths["data.path"] = Path(file).expanduser().absolute()
    artifacts = request.cells[0].plan.tracking.address().artifacts
    return NodeNeeds(settings.num_cpus, databases_of(request), artifacts, paths)


def databases_of(request: SweepRequest) -> dict[str, str]:
    """Return the addresses of the databases that a request's jobs write, by what names them."""
    tracking = request.cells[0].plan.tracking
    searches = [cell.plan.search for cell in request.cells if cell.plan.search is not None]
    studies = {storage_setting(search): storage_url(search, tracking) for search in searches}
    return {tracking.setting: tracking.address().uri, **studies}
