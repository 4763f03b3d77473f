"""Pictures of a search: what its trials tried and what came of it.

All are pure functions of `Searched`, which holds the trials as arrays.
"""
