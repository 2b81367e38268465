"""Every figure of the project: one module a figure, each with one `draw` that returns a matplotlib Figure."""
