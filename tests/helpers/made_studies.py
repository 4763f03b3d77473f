"""Made searches, ordinary and awkward ones."""

import math
from dataclasses import replace

import numpy as np

from cutscore.search.records import Scale, StudyRecord, TrialRecord, best_of

COST = (("crossfit_cost", "minimize"),)
COST_AND_TIME = (*COST, ("seconds_fit", "minimize"))
RATE, LEAVES, SAMPLING = "model.params.learning_rate", "model.params.num_leaves", "sampling"
SPACE = {
    RATE: Scale("float", log=True, low=0.01, high=0.3),
    LEAVES: Scale("int", low=20, high=149),
    SAMPLING: Scale("categorical", choices=("none", "balanced", None)),
}


def drawn(scale, rng):
    """Draw a value of a setting."""
    if scale.kind == "categorical":
        return scale.choices[rng.integers(len(scale.choices))]
    if scale.log:
        return math.exp(rng.uniform(math.log(scale.low), math.log(scale.high)))
    value = rng.uniform(scale.low, scale.high)
    return int(value) if scale.kind == "int" else value


def made_study(trials=20, space=SPACE, goals=COST, name="made-study", lost=True, same=False):
    """Return a search in which the learning rate decides; every fifth trial is pruned or failed."""
    rng = np.random.default_rng(3)
    records = []
    for i in range(trials):
        params = {key: drawn(scale, rng) for key, scale in space.items()}
        rate = params.get(RATE, 0.05)
        cost = 50_000 if same else 50_000 + 900 * math.log(rate / 0.05) ** 2 + rng.normal(0, 10)
        state = ("PRUNED" if i % 2 else "FAIL") if lost and i % 5 == 4 else "COMPLETE"
        records.append(
            TrialRecord(
                number=i,
                state=state,
                values=(cost, 10 * rng.random())[: len(goals)] if state == "COMPLETE" else None,
                params=params,
                run_id=f"{i:032x}",
                name=f"opt01_trial{i:03d}_baseline_none",
                seconds=None if state == "FAIL" else 2.5,
                partial={0: 0.35, 1: 0.34},
                reason="" if state == "COMPLETE" else f"it was {state}",
                metrics={"threshold": 0.08, "crossfit_savings": 0.5},
            )
        )
    return StudyRecord(name, goals, tuple(records), space, best_of(records, goals))


def failed_study():
    """Return a search in which nothing came to its end."""
    trials = [TrialRecord(i, "FAIL", reason="ValueError: no") for i in range(3)]
    return StudyRecord("all-failed", COST, tuple(trials), SPACE)


def awkward_studies():
    """Yield names and searches that a picture could stumble over."""
    yield "none", made_study(0)
    yield "one", made_study(1, lost=False)
    yield "failed", failed_study()
    ended = [replace(trial, state="PRUNED", values=None) for trial in made_study(4).trials]
    yield "all pruned", StudyRecord("all-pruned", COST, tuple(ended), SPACE)
    yield "one setting", made_study(6, {RATE: SPACE[RATE]})
    yield "constant", made_study(6, {"a.x": Scale("float", low=1, high=1)}, same=True)
    yield "several", made_study(12, goals=COST_AND_TIME, lost=False)
    many = {f"model.params.a_rather_long_name_{i}": SPACE[RATE] for i in range(27)}
    yield "thirty settings", made_study(8, SPACE | many, name="x" * 400 + "<script>")
    lame = TrialRecord(1, "COMPLETE", (math.nan,), {RATE: None, LEAVES: math.nan})
    good = TrialRecord(0, "COMPLETE", (5.0,), {RATE: 0.1})
    running = TrialRecord(2, "RUNNING", None, {RATE: 0.2, SAMPLING: "gone"})
    yield "missing values", StudyRecord("lame", COST, (lame, good, running), SPACE, good)
