"""Logged runs again, from their own stored configs, and whether the figures are equal."""
