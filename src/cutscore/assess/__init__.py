"""The threshold step alone, on scores from anywhere: what `cutscore threshold` does."""
