"""`cutscore promote` and `cutscore models`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutscore.cli.runs import JsonOption
from cutscore.cli.store import StoreOption
from cutscore.cli.viewing import run_store
from cutscore.errors import Fault, RequestError, blaming

if TYPE_CHECKING:
    from cutscore.delivery.promoting import Promotion

NameOption = Annotated[
    str | None,
    typer.Option("--name", help="The registered model. [that of the run's experiment]"),
]

app = typer.Typer(
    help="Read the registry of models: list, show, compare, history.", no_args_is_help=True
)


def promote(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN|VERSION",
            help="A run that kept a model (id, beginning of one, or name), a version (credit/3) "
            "or an alias (credit@challenger).",
            show_default=False,
        ),
    ] = None,
    alias: Annotated[str, typer.Option("--as", help="The alias that it gets.")] = "champion",
    name: NameOption = None,
    gate: Annotated[
        str, typer.Option(help="What is asked of it: an option of conf/promote.")
    ] = "default",
    reason: Annotated[str, typer.Option(help="Why; kept in the history.")] = "",
    force: Annotated[
        str,
        typer.Option(
            metavar="REASON",
            help="Let it pass though it is worse than the champion, or cannot be compared with "
            "it; the reason is kept in the history.",
        ),
    ] = "",
    on: Annotated[
        Path | None,
        typer.Option("--on", help="Labelled rows that it and the champion decide to be compared."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Their column of true classes, 0 or 1.")
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Give the alias back to who had it before.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; change nothing.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a run's model the champion, if it passes the gate.

    The gate looks at the run and its record, loads the model in a process of its own, has it
    repeat the answers that were kept with it, and compares it with the present champion: by their
    records, or with --on by what both cost on the same rows; --gate none does not compare. If all
    is well, the model becomes a version in the registry and gets the alias.

    Example: cutscore promote final_credit

    Example: cutscore promote credit/3 --as challenger --dry-run

    Example: cutscore promote credit/3 --on matured.parquet --target bad

    Example: cutscore promote final_credit --force "the costs were agreed anew"

    Example: cutscore promote --rollback --reason "too many complaints"
    """
    from cutscore.delivery.gate import read_gate
    from cutscore.delivery.promoting import Wish, roll_back
    from cutscore.delivery.promoting import promote as carry_out
    from cutscore.runs.settings import SETTING

    faults = []
    if (model is None) != rollback:
        problem = "name a run or a version, or say --rollback" + (", not both." if model else ".")
        faults.append(Fault("RUN|VERSION", problem))
    if rollback and force:
        faults.append(Fault("--force", "a rollback is compared with nobody.", "Say --reason."))
    if (on is None) != (target is None):
        problem = "labelled rows need both: --on ROWS --target COLUMN."
        faults.append(Fault("--target" if target is None else "--on", problem))
    if faults:
        raise RequestError(faults)
    asked = read_gate(gate)
    words = (alias, name or "", reason.strip(), force.strip(), dry_run)
    wish = Wish(*words, rows=None if on is None else on.expanduser(), target=target or "")
    with blaming("--store", SETTING), blaming("--on", "ROWS"):
        kept = run_store(store)
        if model is None:
            found = roll_back(kept, asked, wish)
        else:
            found = carry_out(kept, model, asked, wish)
    _tell(found, dry_run=dry_run, as_json=as_json)


def _tell(found: Promotion, *, dry_run: bool, as_json: bool) -> None:
    """Print what came of it; raise RequestError with the checks that were not passed."""
    from cutscore.cli.promote_text import print_promotion
    from cutscore.delivery.gate import CHECK_ROWS, COMPARISON

    if as_json:
        print(json.dumps({**asdict(found), "dry_run": dry_run}, indent=2))
    else:
        print_promotion(found, dry_run=dry_run)
    if found.refused:
        remedies = {
            CHECK_ROWS: "Deliver it anew, or choose a gate with check_rows: false.",
            COMPARISON: "If that is meant: --force REASON, which the history keeps.",
        }
        raise RequestError(
            Fault(check.name, f"{check.found}.", remedies.get(check.name, ""))
            for check in found.refused
        )


@app.command("list")
def list_(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the versions of all registered models, with their aliases.

    Example: cutscore models list
    """
    registry = run_store(store).registry
    models = registry.models()
    versions = [(model, version) for model in models for version in registry.versions(model.name)]
    told = [
        {
            "version": version.title,
            "aliases": [alias for alias, at in model.aliases.items() if at == version.version],
            "run_id": version.run_id,
            "created": version.created,
            **{key: version.tags.get(key) for key in ("run", "threshold", "costs", "data_digest")},
        }
        for model, version in versions
    ]
    if as_json:
        print(json.dumps(told, indent=2))
        return
    from cutscore.cli.promote_text import print_versions

    print_versions(told)


@app.command("show")
def show(
    model: Annotated[str, typer.Argument(metavar="VERSION|ALIAS", help="credit/3, or champion.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a version: its run, threshold and costs, its aliases, and when it had them.

    Example: cutscore models show champion
    """
    from cutscore.delivery.history import history
    from cutscore.delivery.registry import MODEL, resolve

    kept = run_store(store)
    version = resolve(kept, model).version
    if version is None:
        problem = f'"{model}" is a run, not a version.'
        raise RequestError(Fault(MODEL, problem, f"See `cutscore runs show {model}`."))
    registered = kept.registry.model(version.name)
    aliases = registered.aliases if registered else {}
    now = [alias for alias, number in aliases.items() if number == version.version]
    times = [
        {"alias": alias, "since": reign.since, "until": reign.until, "kind": reign.kind}
        for alias in aliases
        for reign in history(kept.registry, version.name, alias)
        if reign.version == version.title
    ]
    own = {key: value for key, value in version.tags.items() if not key.startswith("cutscore.")}
    told = {
        "version": version.title,
        "aliases": now,
        "run_id": version.run_id,
        "model_id": version.model_id,
        "created": version.created,
        **own,
        "times": times,
    }
    if as_json:
        print(json.dumps(told, indent=2))
        return
    from cutscore.cli.promote_text import print_version

    print_version(told)


@app.command("compare")
def compare(
    first: Annotated[str, typer.Argument(help="A model: folder, version, alias or run.")],
    second: Annotated[str, typer.Argument(help="Another, such as the champion.")],
    rows: Annotated[
        Path,
        typer.Argument(metavar="ROWS", help="Labelled rows, as `cutscore predict` takes them."),
    ],
    target: Annotated[str, typer.Option(help="Their column of true classes, 0 or 1.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="How the file is made up: data.delimiter=';'", show_default=False),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let two models decide the same labelled rows: which is cheaper, and who is decided otherwise.

    The difference of costs comes with a 95 % interval of rows drawn in pairs. The swap set are the
    rows that only one of them flags, with their share of positives.

    Example: cutscore models compare credit/3 credit@champion matured.parquet --target bad
    """
    from cutscore.cli.promote_text import print_side_by_side
    from cutscore.delivery.finding import load
    from cutscore.delivery.row_settings import row_settings
    from cutscore.delivery.side_by_side import side_by_side

    settings = row_settings(overrides or [])
    scorers = [load(each, store=store) for each in (first, second)]
    with blaming("ROWS", "--on"):
        made = side_by_side(scorers[0], scorers[1], rows.expanduser(), target, settings)
    if as_json:
        print(json.dumps(made.to_json(), indent=2, allow_nan=False))
    else:
        print_side_by_side(made)


@app.command("history")
def history_(
    alias: Annotated[
        str, typer.Argument(help="An alias: champion, or credit@champion.")
    ] = "champion",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell who had an alias when, and why.

    Example: cutscore models history

    Example: cutscore models history credit@champion --json
    """
    from cutscore.delivery.history import history
    from cutscore.delivery.promoting import owner_of

    registry = run_store(store).registry
    name, _, word = alias.rpartition("@")
    name = name or owner_of(registry, word)
    reigns = history(registry, name, word)
    if not reigns:
        problem = f'no registered model "{name}" ever had the alias "{word}".'
        raise RequestError(Fault("ALIAS", problem, "See `cutscore models list`."))
    if as_json:
        told = [{k: v for k, v in asdict(reign).items() if k != "previous"} for reign in reigns]
        print(json.dumps(told, indent=2))
        return
    from cutscore.cli.promote_text import print_history

    print_history(f"{name}@{word}", reigns)
