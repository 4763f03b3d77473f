"""Care of stores: making them, and checking that they can be used."""
