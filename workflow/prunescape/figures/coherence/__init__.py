"""The figures of the study `coherence`: one module a figure; the thesis is named in `prunescape.coherence`."""
