"""The figures of the study `mechanism`: one module a figure; the utility paper is named in `prunescape.mechanism`."""
