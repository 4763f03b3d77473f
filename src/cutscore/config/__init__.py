"""Composing configs and turning them into plain objects, all faults at once."""
