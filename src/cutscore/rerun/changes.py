"""What is not as it was when a run was made: data, code, libraries, settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cutscore.launch.environment import environment_differences, shortened
from cutscore.launch.provenance import code_tags, environment_text
from cutscore.rerun.recompose import Changes, Recomposed

_CODE = {"cutscore_version": "Cutscore's version", "git_commit": "the commit"}


def changes_of(again: Recomposed, digest: str) -> Iterator[str]:
    """Yield what differs between a run and its rerun, known before the rerun starts.

    `digest` is that of the data as they are now.
    """
    original, plan = again.original, again.plan
    tags = original.detail.summary.tags
    if again.changed:
        yield f"settings are changed on request: {', '.join(again.changed)}"
    before = tags.get("data_digest")
    if before is not None and before != digest:
        yield f"the data are not the same: digest {before[:12]} then, {digest[:12]} now"
    here = code_tags()
    for tag, words in _CODE.items():
        if tags.get(tag, "none") != here[tag]:
            yield f"{words} is another: {tags.get(tag, 'none')[:12]} then, {here[tag][:12]} now"
    known = tags.get("fingerprint")
    same_request = not again.changed and before == digest
    if known is not None and same_request and known != plan.fingerprint(digest):
        yield "the sources of Cutscore or of classes of your own have changed"
    differing = environment_differences(original.environment, environment_text())
    if original.environment and differing:
        yield f"the environment differs: {shortened(differing)}"
    if not original.environment:
        yield "the environment it was made in is not on record"


def told_once(names: Sequence[str], changes: Iterable[Iterable[str]]) -> list[str]:
    """Return changes as sentences, each once with the runs that it is true of."""
    runs: dict[str, list[str]] = {}
    for name, texts in zip(names, changes, strict=True):
        for text in texts:
            runs.setdefault(text, []).append(name)
    return [f"{_who(concerned, len(names))}: {text}" for text, concerned in runs.items()]


def fixed_seeds(changes: Changes, recomposed: Sequence[Recomposed]) -> list[str]:
    """Say which seeds do not follow an override of `seed`: stored configs hold values."""
    if not any(one.key == "seed" for one in changes.settings):
        return []
    from cutscore.rerun.recompose import leaves

    given = {one.key for one in changes.settings}
    seeds = {
        key
        for again in recomposed
        for key in leaves(again.plan.config)
        if key.rpartition(".")[2] in ("seed", "random_state") and key not in given
    }
    if not seeds:
        return []
    return [f"{', '.join(sorted(seeds))} stay as stored; only seed itself is changed"]


def _who(names: Sequence[str], total: int) -> str:
    if total > 1 and len(names) == total:
        return f"all {total} runs"
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} of {total} runs"
