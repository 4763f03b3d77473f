"""Kept models leave the store: found, delivered, promoted, and put to use."""
