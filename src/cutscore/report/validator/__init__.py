"""The tables and the page by which a model validator judges a run."""
