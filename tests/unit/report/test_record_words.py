"""What cards and reports say of the rule, in words."""

from cutscore.report.record_words import rule_words

DOCUMENT = {
    "costs": {"false_negative": 10.0},
    "confusion": {"tp": 1, "fp": 2, "tn": 3, "fn": 4},
    "no_model": {"flag_nobody": 50.0, "flag_everybody": 60.0},
    "rule": "flagged when score >= threshold",
    "threshold": 0.1,
    "bootstrap": {"resamples": 10},
}


def test_the_bootstrap_interval_is_that_of_the_cost_at_the_threshold():
    metrics = {"total_cost": 2240.0, "bootstrap_cost_low": 2045.0, "bootstrap_cost_high": 2444.0}
    metrics |= {"crossfit_cost": 1349.0, "crossfit_rows": 3000.0, "crossfit_rows_left_out": 0.0}
    facts = list(rule_words(DOCUMENT, metrics)["facts"].items())
    at = facts.index(("cost at the threshold", "2,240"))
    assert facts[at + 1] == ("its bootstrap interval", "2,045 to 2,444")
    assert facts[at + 2] == ("cross-fitted cost", "1,349")
    facts = rule_words(DOCUMENT, {**metrics, "crossfit_rows_left_out": 2000.0})["facts"]
    assert facts["cross-fitted cost"] == "1,349, on 3,000 of 5,000 rows"
