"""Networks, dense or pruned, and their weights on disk. Importing the package itself imports nothing heavy."""
