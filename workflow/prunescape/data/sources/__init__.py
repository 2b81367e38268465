"""Sources of data sets: one module a kind of source, each with a function `open_source`."""
