"""The run store kept in MLflow: the one place that speaks to it of runs."""
