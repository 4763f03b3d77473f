"""Pictures of a run: pure functions from small arrays to matplotlib figures.

Figures are made without pyplot, so nothing is shared between them and nothing has to be closed.
"""
