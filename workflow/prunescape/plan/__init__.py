"""The plan of a run as typed objects: variants, jobs with their files, settings and costs. Rules ask it.

Light: read while the Snakefile is parsed, in every cluster job too, so nothing here imports torch or pandas.
"""
