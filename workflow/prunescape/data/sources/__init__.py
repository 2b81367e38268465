"""Where data sets come from: one module a kind of source, each with a function `open_source`."""
