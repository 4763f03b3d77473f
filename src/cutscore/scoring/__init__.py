"""The kept model: from a table's rows to scores, probabilities and decisions, as in the run."""
