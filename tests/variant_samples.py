"""Variants by name, as tests write them, and their columns beside the names in made-up tables."""

from itertools import product

import pandas as pd

from prunescape.variant import COLUMNS, DENSE, Variant

RATIOS = (0.05, 0.1, 0.125, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8)
KNOWN = {
    variant.name: variant
    for variant in (
        DENSE,
        *(
            Variant(method, ratio, criterion, pipeline, target)
            for method, ratio, criterion, pipeline, target in product(
                ("uniform", "non_uniform"),
                RATIOS,
                ("norm", "l1", "l2", "fpgm", "bn_scale", "taylor", "lamp", "random"),
                ("scratch", "fine_tuning", "rate_rewinding", "weight_rewinding", "prune_at_init"),
                ("flops", "parameters", "latency"),
            )
        ),
    )
}


def with_columns(table: pd.DataFrame) -> pd.DataFrame:
    """A table with the five columns of its variants behind their names."""
    wider = table.copy()
    for place, name in enumerate(COLUMNS, 1 + list(table.columns).index("variant")):
        wider.insert(place, name, [getattr(KNOWN[variant], name) for variant in table["variant"]])
    return wider
