"""Which channels, or which weights, a pruned network keeps, and making it so."""
