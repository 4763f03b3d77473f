"""Searching a space of overrides with Optuna; every trial is a run."""
