"""`cutscore cluster ...`."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Look after a Ray cluster.", no_args_is_help=True)


@app.callback()
def _cluster() -> None:
    """Look after a Ray cluster."""


@app.command("check")
def check(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="The words of the run that is to be made there, without -m."),
    ] = None,
) -> None:
    """Say whether every node of a cluster is fit for a run: nothing is begun or written.

    Versions are the same everywhere, store and studies can be reached from every node, files are
    where the run looks for them. A run checks the same before it begins.

    Example: cutscore cluster check hydra/launcher=ray hydra.launcher.address=head:6379
    """
    from cutscore.cli.console import messages, output
    from cutscore.config.compose import Composer
    from cutscore.config.layers import find_layers
    from cutscore.sweep.cells import plan_request
    from cutscore.sweep.clusters import check_cluster
    from cutscore.sweep.progress import show_status

    words = list(overrides or [])
    if not any(word.startswith(("hydra/launcher=", "search.engine=")) for word in words):
        words.append("hydra/launcher=ray")
    request = plan_request(Composer(find_layers(None)), words, multirun=True)
    with show_status("Asking every node", messages()):
        nodes = check_cluster(request)
    cpus = sum(node.cpus for node in nodes)
    lines = [f"{n.address}: {n.cpus:.0f} CPUs, {n.object_store / 1e6:.0f} MB shared" for n in nodes]
    lines.append(f"{len(nodes)} node(s), {cpus:.0f} CPUs: fit for this run.")
    output().print("\n".join(lines), highlight=False, markup=False)
