"""Claims of a study: statements with their intervals, in words, on pages, and as the ledger of a run."""
