"""Items to MLflow, and runs read back from it."""
