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

    Runs, models and traces: `added`, `updated` (the target had an earlier state), `skipped` (the
    target has the same), `kept` (they differ, and the target's stay). `missing` names,
    by run or model, the files that were not there, `unread` those that may be there and were not
    followed. `rows` counts by table what else is new or later,
    `left_out` what concerns nothing that is there, `left_behind` what the user left out, `lost`
    tells the entries of a file store that could not be read as they stand.
    """

    path: str
    name: str
    upgraded: bool = False
    lost: tuple[str, ...] = ()
    runs: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    traces: dict[str, int] = field(default_factory=dict)
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
    left_behind: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    compared: int = 0
    equal: int = 0

    def collide(self, kind: str, name: str, policy: str) -> None:
        """Note a collision and the policy applied."""
        self.collisions.append(Collision(kind, name, policy))

    def add(self, table: str, label: str) -> None:
        """Count a row of a table that is new in the target, or has replaced the target's."""
        if table == "datasets":
            self.datasets += 1
        elif table == "registered_models":
            self.registered_models.append(label)
        elif table == "model_versions":
            self.versions += 1
        else:
            self.rows[table] = self.rows.get(table, 0) + 1

    def leave(self, table: str, count: int = 1) -> None:
        """Count rows of a table that concern nothing that is there."""
        if count:
            self.left_out[table] = self.left_out.get(table, 0) + count


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
