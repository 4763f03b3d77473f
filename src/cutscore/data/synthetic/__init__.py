"""Look-alike data: made by a seed, with the schema and the traps of a real collection of tables."""
