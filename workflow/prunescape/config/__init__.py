"""The config: a typed section a file, checks across them, messages, the reference page and the editor's schema.

Light: each cluster job parses the Snakefile, and with it this. Jobs take what sections say as values, and make sections
of these again.
"""
