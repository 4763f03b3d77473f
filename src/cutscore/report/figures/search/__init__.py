"""Charts of a search: what its trials tried and what came of it.

Each is said once, as a pure function from `Searched` (the trials as arrays) to a description in
`plot`, which names no library. `drawing` makes pictures of descriptions; the page of a search
draws the same ones.
"""
