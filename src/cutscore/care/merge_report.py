"""What a merge did, or would do."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Collision:
    """Something that both stores have, and what was done about it."""

    kind: str
    name: str
    policy: str


@dataclass
class SourceReport:
    """What came of one source.

    Runs and models: `added`, `updated` (the target had an earlier state), `skipped` (the target
    has the same, or a later state), `kept` (they differ, and the target's stay). `missing` names,
    by run or model, the files that were not there, `unread` those that may be there and were not
    followed. `left_out` counts what concerns no run, `lost`
    tells the entries of a file store that could not be read as they stand.
    """

    path: str
    name: str
    upgraded: bool = False
    lost: tuple[str, ...] = ()
    runs: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    experiments: list[str] = field(default_factory=list)
    datasets: int = 0
    registered_models: list[str] = field(default_factory=list)
    versions: int = 0
    files: int = 0
    bytes: int = 0
    remote: int = 0
    collisions: list[Collision] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    compared: int = 0
    equal: int = 0

    def collide(self, kind: str, name: str, policy: str) -> None:
        """Note a collision and the policy applied."""
        self.collisions.append(Collision(kind, name, policy))


@dataclass(frozen=True)
class MergeReport:
    """What a merge did (`dry_run`: would do) to the target."""

    target: str
    dry_run: bool
    changed: bool
    created: bool
    backup: str | None
    sources: tuple[SourceReport, ...]
    seconds: float

    @property
    def whole(self) -> bool:
        """Return whether everything is equal before and after, and no file was left behind."""
        return all(source.equal == source.compared and not source.unread for source in self.sources)
