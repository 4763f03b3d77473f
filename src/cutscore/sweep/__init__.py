"""Sweeps: cells planned and checked together, launched, and summed up in a leaderboard."""
