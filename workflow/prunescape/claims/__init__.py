"""What a study states: claims with their intervals, in words, on pages, and as the ledger of a run."""
