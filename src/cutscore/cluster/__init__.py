"""A Ray cluster: connected to, checked, and given work that survives the death of a node."""
