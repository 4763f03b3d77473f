"""Declarative experiments for rare events whose mistakes cost unequal amounts."""

__version__ = "0.1.0"
