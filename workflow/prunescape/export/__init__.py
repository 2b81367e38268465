"""Results for others: tables with a dictionary, networks in open formats with a model card, and provenance."""
