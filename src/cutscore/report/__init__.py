"""From the results of a run to a stream of typed items, and from items to files."""
