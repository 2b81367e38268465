"""Pages to explore a run in a browser, and its overview. Templates, scripts and styles lie beside the modules."""
