"""Rows or decisions that came later, held against what a model's training promised."""
