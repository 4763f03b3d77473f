"""Whether every node of a cluster is fit for the work, asked on the nodes before it begins."""

from __future__ import annotations

import platform
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import cutscore
from cutscore.cluster.connecting import ClusterNode, living_nodes
from cutscore.cluster.tasks import Surroundings
from cutscore.config.fingerprint import own_sources_digest
from cutscore.config.ray_settings import RayWords
from cutscore.errors import Fault, RequestError
from cutscore.launch.environment import shortened
from cutscore.report.redact import redact
from cutscore.runs.addresses import address_folder, sqlite_path
from cutscore.runs.elsewhere import check_writable, is_elsewhere
from cutscore.runs.server import check_reachable

ANSWER_SECONDS = 180.0
"""A node that has much else to do takes long to start Python and import the libraries."""

ARTIFACTS = "tracking.artifacts"
SERVERS = "Use a server: postgresql://user@host/name or http://host:5000."


@dataclass(frozen=True)
class NodeNeeds:
    """What work needs on the node it is done on.

    Attributes
    ----------
    num_cpus : processors of one node
    databases : addresses of store and studies, by the settings that name them
    artifacts : the address of the root for files; None where a server has them
    paths : files and folders, by the settings that name them
    """

    num_cpus: int
    databases: Mapping[str, str]
    artifacts: str | None
    paths: Mapping[str, Path]


@dataclass(frozen=True)
class NodeAnswer:
    """What a node says of itself: versions by name, paths it lacks, addresses it cannot reach."""

    versions: Mapping[str, str]
    lacking: tuple[str, ...]
    unreachable: Mapping[str, str]


def check_nodes(needs: NodeNeeds, words: RayWords) -> list[ClusterNode]:
    """Ask every node of the cluster, and return the nodes.

    Raises
    ------
    RequestError
        With all that stands in the way on any node.
    """
    nodes = living_nodes()
    faults = list(_size_faults(nodes, needs, words))
    if not all(node.here for node in nodes):
        where = ", ".join(node.address for node in nodes)
        faults += file_faults(needs.databases, f"the nodes of the cluster ({where})")
        with _mark(needs.artifacts) as mark:
            paths = {**needs.paths, **({} if mark is None else {ARTIFACTS: mark})}
            answers = _asked(nodes, replace(needs, paths=paths))
            faults += _faults_of(answers, paths, needs, words)
    if faults:
        raise RequestError(faults)
    return nodes


def answer(needs: NodeNeeds, given: Surroundings) -> NodeAnswer:
    """Say of the machine that this is called on what work needs to know."""
    given.take()
    places = dict.fromkeys(needs.databases.items(), check_reachable)
    if needs.artifacts is not None and is_elsewhere(needs.artifacts):
        places[ARTIFACTS, needs.artifacts] = check_writable
    unreachable = {}
    for (name, address), check in places.items():
        try:
            check(address)
        except RequestError as error:
            unreachable[name] = error.faults[0].problem
    lacking = tuple(name for name, path in needs.paths.items() if not path.exists())
    return NodeAnswer(_versions(), lacking, unreachable)


def _versions() -> dict[str, str]:
    """Return the versions of Python, Cutscore and the libraries that it names."""
    found = {"python": platform.python_version(), "cutscore": cutscore.__version__}
    found["Cutscore's code"] = own_sources_digest()[:12]
    for line in metadata.requires("cutscore") or ():
        name = re.split(r"[^\w.-]", line)[0]
        if "extra ==" not in line:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                found[name] = "not there"
    return found


def _asked(nodes: Sequence[ClusterNode], needs: NodeNeeds) -> dict[ClusterNode, NodeAnswer | str]:
    """Ask all nodes at once; of one that cannot answer, return why. One that dies is left out."""
    import ray
    from ray.exceptions import RayError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def ask(node: ClusterNode) -> Any:
        there = NodeAffinitySchedulingStrategy(node.id, soft=False)
        remote = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=there)(answer)
        return remote.remote(needs, Surroundings.of_this_process())

    asked = {ask(node): node for node in nodes}
    ended, silent = ray.wait(list(asked), num_returns=len(asked), timeout=ANSWER_SECONDS)
    told: dict[ClusterNode, NodeAnswer | str] = {
        asked[ref]: f"it did not answer within {ANSWER_SECONDS:.0f} s" for ref in silent
    }
    for ref in ended:
        try:
            told[asked[ref]] = ray.get(ref)
        except RayError as error:
            told[asked[ref]] = str(error).strip().splitlines()[-1]
    alive = {node.id for node in living_nodes()}
    return {node: answer for node, answer in told.items() if node.id in alive}


def _size_faults(
    nodes: Sequence[ClusterNode], needs: NodeNeeds, words: RayWords
) -> Iterator[Fault]:
    largest = max((node.cpus for node in nodes), default=0)
    if largest < needs.num_cpus:
        problem = f"{needs.num_cpus} of one node are asked for, and the largest has {largest:.0f}."
        yield Fault(words.num_cpus, problem, f"Give at most {largest:.0f}.")


def file_faults(databases: Mapping[str, str], machines: str) -> Iterator[Fault]:
    """Yield the databases that are files of one machine, though several are to write them."""
    for name, address in databases.items():
        if (path := sqlite_path(address)) is not None:
            problem = f"{path} is an SQLite file, which {machines} "
            problem += "cannot write together: file locks do not hold between machines."
            files = f" and {ARTIFACTS}=, a folder that all share or s3://bucket/folder"
            remedy = SERVERS.removesuffix(".") + (files if name == "tracking.uri" else "") + "."
            yield Fault(name, problem, remedy)


def _faults_of(
    answers: Mapping[ClusterNode, NodeAnswer | str],
    paths: Mapping[str, Path],
    needs: NodeNeeds,
    words: RayWords,
) -> list[Fault]:
    """Return what is wrong with nodes; what is wrong with several is told once."""
    found: dict[Fault, list[str]] = {}
    for node, answer in answers.items():
        for fault in _node_faults(answer, paths, needs, words.address):
            found.setdefault(fault, []).append(node.address)
    return [
        replace(fault, problem=f"node {', '.join(sorted(where))} {fault.problem}")
        for fault, where in found.items()
    ]


def _node_faults(
    answer: NodeAnswer | str, paths: Mapping[str, Path], needs: NodeNeeds, setting: str
) -> Iterator[Fault]:
    """Yield what is wrong with one node, in words that go on after its name."""
    if isinstance(answer, str):
        remedy = "Install the same Cutscore there, with the extra ray, and start Ray with it."
        yield Fault(setting, f"cannot be worked on: {answer}.", remedy)
        return
    differing = [
        f"{name} {answer.versions.get(name, 'not there')} (here {version})"
        for name, version in _versions().items()
        if answer.versions.get(name) != version
    ]
    if differing:
        problem = f"has other versions, so that results may differ: {shortened(differing)}."
        remedy = "Install the same there, such as: pip install -c constraints.txt cutscore."
        yield Fault(setting, problem, remedy)
    for name, why in answer.unreachable.items():
        remedy = "Give an address that all nodes reach, not localhost, and let them in."
        if name == ARTIFACTS:
            remedy = "Install there what it needs, and let it in: credentials go along."
        yield Fault(name, f"cannot use it: {why}", remedy)
    for name in answer.lacking:
        if name == ARTIFACTS:
            problem = f"does not see what this machine writes to {redact(str(needs.artifacts))}."
            remedy = "Name a folder that all nodes share, an s3:// address, or an MLflow server."
        else:
            problem = f"has no {paths[name]}."
            remedy = "Put it there at the same path, or work in a folder that all nodes share."
        yield Fault(name, problem, remedy)


@contextmanager
def _mark(artifacts: str | None) -> Iterator[Path | None]:
    """Keep a file in the folder of artifacts, or the first above it: who shares it sees the file.

    There is none where artifacts are not in a folder.
    """
    folder = None if artifacts is None else address_folder(artifacts)
    if folder is None:
        yield None
        return
    there = next(one for one in (folder, *folder.parents) if one.exists())
    with tempfile.NamedTemporaryFile(prefix=".cutscore-", dir=there) as file:
        yield Path(file.name)
