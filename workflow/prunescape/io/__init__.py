"""Files: atomic writes, tables, tensors, YAML."""
