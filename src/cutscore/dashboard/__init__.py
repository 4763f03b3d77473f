"""Pages over a whole store: runs, comparisons, grids, searches, models; nothing can be changed."""
