"""What tests of figures share: tables of a study, and looks at what was drawn."""

from itertools import product

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from prunescape.figures import landscape
from variant_samples import with_columns

VARIANTS = ["dense", "uniform-0.6", "uniform-0.2", "non_uniform-0.6", "non_uniform-0.2"]
ROIS = (0.5, 1.0)


def ridge(variants=("dense", "non_uniform-0.4"), rows=5, columns=5, step=0.2, metric_noise=0.1):
    """A landscape with the diagonal ridge that weight decay and learning rate make."""
    generator = np.random.default_rng(1)
    table = []
    for number, variant in enumerate(variants):
        for i, j in product(range(-(rows // 2), rows - rows // 2), range(-(columns // 2), columns - columns // 2)):
            f = 92 - number - 8 * (step * (i + j)) ** 2 - (step * (i - j)) ** 2
            f += metric_noise * generator.normal()
            table.append(("resnet56", variant, i, j, 10 ** (-1 + step * i), 10 ** (-4 + step * j), f))
    columns_ = ["model", "variant", "i", "j", "learning_rate", "weight_decay", "f"]
    return with_columns(pd.DataFrame(table, columns=columns_))


def ellipses_of(variants, fitted=True, **changes):
    row = {
        "model": "resnet56", "metric": "top1", "n_cells": 9, "fitted": fitted,
        "centre_log10_weight_decay": -4.1, "centre_log10_learning_rate": -0.9,
        "length": 1.2, "width": 0.4, "angle_degrees": -40.0,
    }  # fmt: skip
    rows = [row | {"variant": variant, "roi": roi} | changes for variant in variants for roi in ROIS]
    return with_columns(pd.DataFrame(rows))


def risks_of(variants, cells=6):
    generator = np.random.default_rng(2)
    rows = [
        ("resnet56", variant, "top1", i, 0, d, d / 90)
        for number, variant in enumerate(variants)
        for i, d in enumerate(generator.uniform(0, 0.5 + number, cells))
    ]
    return with_columns(pd.DataFrame(rows, columns=["model", "variant", "metric", "i", "j", "d", "d_relative"]))


def histories_of(variants, cells=((0, 0), (1, -1)), epochs=6):
    rows = [
        ("resnet56", variant, seed, i, j, epoch, 0.1 if epoch < 4 else 0.01, 2 / epoch, 50 + 5 * epoch + i, np.nan)
        for variant in variants
        for (i, j), seed, epoch in product(cells, range(2), range(1, epochs + 1))
    ]
    start = ["model", "variant", "seed", "i", "j", "epoch"]
    return with_columns(pd.DataFrame(rows, columns=[*start, "learning_rate", "train_loss", "top1", "top5"]))


def landscape_figure(cells, ellipses=None, metric="top1", **look):
    ellipses = ellipses_of(cells["variant"].unique()) if ellipses is None else ellipses
    return landscape.draw_means(cells, ellipses, metric, "resnet56", **look)


def no_titles_overlap(figure: Figure) -> bool:
    """Whether all titles of panels, and the heading, keep clear of each other and of the figure's edges."""
    figure.draw_without_rendering()
    titles = [axes._left_title for axes in figure.axes] + [figure._suptitle]
    boxes = [title.get_window_extent() for title in titles if title.get_text().strip()]
    inside = all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1 for box in boxes)
    apart = not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[number + 1 :])
    return inside and apart
