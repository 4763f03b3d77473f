"""Searches: Optuna proposes settings, and every trial is a whole run."""
