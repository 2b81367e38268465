"""Data sets: one prepared form for all of them, and the batches that networks are trained on."""
