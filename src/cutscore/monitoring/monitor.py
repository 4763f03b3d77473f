"""A model's later rows held against its reference, from files to verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cutscore.batch.scored_rows import ROWS, RowRequest, read_scored
from cutscore.data.relational.new_folder import FolderSettings
from cutscore.data.texts import in_order
from cutscore.errors import Fault, RequestError
from cutscore.monitoring.counting import Counting, PeriodCounts
from cutscore.monitoring.decision_log import TIME, LogReading, log_files
from cutscore.monitoring.estimates import Estimates, estimates_of
from cutscore.monitoring.labelled import LabelledFigures, figures_of, labelled_findings
from cutscore.monitoring.labels import Labels, read_labels
from cutscore.monitoring.limits import MonitorLimits
from cutscore.monitoring.periods import Periods
from cutscore.monitoring.verdicts import BY_LABELS, DriftFinding, judged, look
from cutscore.records import RawColumn, Undefined, is_stretch
from cutscore.scoring.drift_reference import DriftReference, ScoredReference
from cutscore.scoring.scorer import Scorer


@dataclass(frozen=True)
class MonitorRequest:
    """What is to be looked at; `target` without `labels` is a column of the rows themselves."""

    rows: Sequence[Path]
    period: str | None = None
    time: str | None = None
    labels: Path | None = None
    target: str | None = None
    id_column: str | None = None
    settings: FolderSettings = field(default_factory=FolderSettings)
    limits: MonitorLimits = field(default_factory=MonitorLimits)


@dataclass(frozen=True)
class Monitored:
    """What was found.

    Attributes
    ----------
    reference, scored : what rows were held against
    periods : the counts of each period, in order of their names
    findings : all that was tested, with verdicts
    estimates : by period, without labels
    labelled : by period, of rows whose class is known
    notes : what was passed over, and why
    """

    model: str
    reference: DriftReference
    scored: ScoredReference
    periods: Mapping[str, PeriodCounts]
    findings: Sequence[DriftFinding]
    estimates: Mapping[str, Estimates]
    labelled: Mapping[str, LabelledFigures] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return sum(each.rows for each in self.periods.values())

    @property
    def judged(self) -> bool:
        """Whether any period has labels enough to judge decisions by."""
        return any(each.kind in BY_LABELS for each in self.findings)

    @property
    def alarms(self) -> list[DriftFinding]:
        """The findings that are alarms, the latest period and the largest first."""
        found = [each for each in self.findings if each.verdict == "alarm"]
        place = {name: at for at, name in enumerate(self.periods)}
        return sorted(found, key=lambda each: (place[each.period], each.value), reverse=True)


def monitor(
    scorer: Scorer, request: MonitorRequest, advance: Callable[[int], None] = lambda _rows: None
) -> Monitored:
    """Read rows, and say what has changed since training.

    Raises
    ------
    RequestError
        With all that is wrong with the request or any row.
    """
    reference = reference_of(scorer)
    scored = reference.scored
    assert scored is not None  # noqa: S101  # `reference_of` has looked
    logs = [log_files(path) for path in request.rows]
    if faults := list(_faults(scorer, request, reference, logs)):
        raise RequestError(faults)
    labels = _labels(scorer, request)
    reading, whole, of_tables = LogReading(scorer), None, list[str]()
    for path, log in zip(request.rows, logs, strict=True):
        periods = _periods(request, reference, is_log=bool(log))

        def begin(periods: Periods = periods) -> Counting:
            return Counting(reference, scored, periods, labels, request.target, advance)

        asked = _asked(scorer, request, periods)
        if log:
            made = reading.read(log, {s: each.name for s, each in asked.beside.items()}, begin)
        else:
            made, told = read_scored(scorer, path, asked, begin)
            of_tables += told
        if whole is None:
            whole = made
        else:
            whole.join(made)
    if whole is None or not whole.periods:
        raise RequestError(Fault(ROWS, "there is no row to look at."))
    if labels is not None:
        labels.check_found()
    notes = [*_notes(reading, whole, labels), *dict.fromkeys(of_tables)]
    return _concluded(scorer, reference, scored, whole, request, notes)


def reference_of(scorer: Scorer) -> DriftReference:
    """Return a model's reference; RequestError where it has none, or no scores in it."""
    reference = scorer.model.reference
    if reference is None or reference.scored is None:
        run = scorer.tags.get("run", "RUN")
        problem = f'the model "{scorer.name}" carries no reference: an older version kept it.'
        raise RequestError(Fault("MODEL", problem, f"Make it again: cutscore deliver {run}."))
    return reference


def _faults(
    scorer: Scorer,
    request: MonitorRequest,
    reference: DriftReference,
    logs: Sequence[Sequence[Path]],
) -> Iterator[Fault]:
    """Yield what is wrong with a request before any row is read."""
    if request.labels is not None and request.target is None:
        yield Fault("--target", "say which column of --labels holds the classes.")
    if request.labels is not None and (request.id_column or scorer.id_column) is None:
        yield Fault("--id", "say by which column labels and rows are joined.")
    undated = (request.time or reference.time) is None and not all(logs)
    if is_stretch(request.period or "") and undated:
        problem = f"by {request.period} needs a column of dates, and the model's data named none."
        yield Fault("--period", problem, "Name it: --time COLUMN.")
    if any(logs) and request.settings.where is not None:
        yield Fault("data.where", "a log of decisions is read whole.", "Leave it out.")


def _labels(scorer: Scorer, request: MonitorRequest) -> Labels | None:
    id_column = request.id_column or scorer.id_column
    if request.labels is None or request.target is None or id_column is None:
        return None
    return read_labels(request.labels, request.target, id_column)


def _periods(request: MonitorRequest, reference: DriftReference, *, is_log: bool) -> Periods:
    if request.period is None:
        return Periods()
    if not is_stretch(request.period):
        return Periods(None, request.period)
    return Periods(request.period, request.time or (TIME if is_log else reference.time))


def _asked(scorer: Scorer, request: MonitorRequest, periods: Periods) -> RowRequest:
    beside: dict[str, RawColumn] = {}
    if periods.column is not None:
        kind = "timestamp" if periods.stretch else "category"
        setting = "--time" if periods.stretch else "--period"
        beside[setting] = RawColumn(periods.column, kind)  # type: ignore[arg-type]
    if request.labels is None and request.target is not None:
        beside["--target"] = RawColumn(request.target, "category")
    joined = request.labels is not None
    id_column = (request.id_column or scorer.id_column) if joined else None
    return RowRequest(request.settings, beside, id_column)


def _notes(reading: LogReading, whole: Counting, labels: Labels | None) -> list[str]:
    notes = [
        f"Passed over: decisions of {name}, {number:,}."
        for name, number in sorted(reading.others.items())
    ]
    if whole.unlabelled:
        notes.append(f"Rows without a label so far: {whole.unlabelled:,}.")
    if labels is not None and labels.strays:
        notes.append(f"Labels of ids that no row has: {labels.strays:,}.")
    if labels is not None and labels.unknown:
        notes.append(f"Empty labels: {labels.unknown:,}.")
    if any(counts.columns is None for counts in whole.periods.values()):
        notes.append(
            "The log was kept without inputs, so only scores and decisions were looked at."
        )
    return notes


def _concluded(
    scorer: Scorer,
    reference: DriftReference,
    scored: ScoredReference,
    whole: Counting,
    request: MonitorRequest,
    notes: list[str],
) -> Monitored:
    periods = {name: whole.periods[name] for name in in_order(whole.periods)}
    limits = request.limits
    findings: list[DriftFinding] = []
    own = None if is_stretch(request.period or "") else request.period
    for name, counts in periods.items():
        seen = look(reference, scored, name, counts, limits)
        findings += [each for each in seen if each.kind != "column" or each.name != own]
    labelled: dict[str, LabelledFigures] = {}
    for name, rows in whole.judged():
        labelled[name] = figures_of(rows, scored, limits)
        findings += labelled_findings(name, rows, labelled[name], scored, limits)
    if labelled and not any(each.kind in BY_LABELS for each in findings):
        latest = list(labelled.values())[-1].regret
        why = f" ({latest.reason})" if isinstance(latest, Undefined) else ""
        notes.append(f"Labelled rows are too few to judge decisions by{why}.")
    if whole.labelled and not labelled:
        notes.append("The labelled rows have no prices: the columns of their costs are missing.")
    return Monitored(
        model=scorer.tags.get("version") or scorer.name,
        reference=reference,
        scored=scored,
        periods=periods,
        findings=judged(findings, limits),
        estimates={name: estimates_of(counts, scored) for name, counts in periods.items()},
        labelled=labelled,
        notes=notes,
    )
