"""A kept model on tables of any length, in batches: all is checked before anything is final."""
