"""Which channels a pruned network keeps, and making it so."""
