"""The registry of studies: what each asks, which tables and figures it makes, and what is said of them."""
