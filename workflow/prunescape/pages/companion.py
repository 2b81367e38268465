"""A companion study's results as one page: claims, pictures, tables, provenance."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from prunescape.claims.page import STYLE, claims_section
from prunescape.claims.study import StudyClaims
from prunescape.figures.names import model_title
from prunescape.pages.pictures import inside
from prunescape.pages.provenance import Job, of_jobs
from prunescape.pages.study import NO_EXTRA, Answer, study_page
from prunescape.pages.tables import shown

# What the tables are called that have no title of their own in Snakemake's report.
TITLES = {
    "stochastic": {
        "sweep_intervals": "The sweep: gains over pruning rate and noise, with intervals",
        "crossovers": "The sweep: from which pruning rate on noise wins",
        "grid_intervals": "The grid: gains with intervals",
        "grid_tests": "The grid: tests of every cell and seed",
        "sweep": "The sweep: every network",
        "grid": "The grid: every network",
        "best_draws": "Single networks at the best setting",
        "transfer": "Masks and weights exchanged",
        "weight_cdf": "How many weights are smaller than a magnitude",
        "feature_variance": "Feature variance by layer",
        "variances": "Feature variance V, before and after fine-tuning",
        "fine_tuning": "Fine-tuned networks",
        "fronts": "Pareto fronts of the searches",
        "search_progress": "Hypervolume of the searches",
        "search": "Every candidate of the searches",
        "structured": "Whole filters removed",
    },
    "mechanism": {
        "utility_epochs_summary": "Utility over training: imbalance, mean, extremes",
        "utility_sizes_summary": "Utility by network size: imbalance, mean, extremes",
        "utility_pruned_summary": "Utility when pruned and retrained: imbalance, mean, extremes",
        "rank_correlations": "What utility predicts",
        "barriers": "Barriers between networks",
        "retrained": "Networks pruned at once and retrained",
        "cycles": "Networks after each cycle",
        "distances": "Distances between networks",
        "marks": "Networks on the planes",
        "utility_bands": "Utility of weights of like magnitude",
        "utility_channels": "Utility of single channels",
        "utility_epochs": "Utility over training: every subset",
        "utility_sizes": "Utility by network size: every subset",
        "utility_pruned": "Utility when pruned and retrained: every subset",
        "lines": "Points on the lines between networks",
        "surface": "Points of the planes",
    },
    "coherence": {
        "epochs": "Trainings: coherence, losses and accuracies over epochs",
        "widths": "Fully connected networks over width",
        "children": "Masked networks, trained again",
        "densities": "What masks keep of each layer",
        "mask_overlap": "How alike the masks of all epochs are",
        "early_masks": "Masks of early epochs",
        "matched": "Random masks of equal layer densities",
        "trajectories": "Single weights over training",
        "diff_histogram": "Histograms of diffs",
        "weight_histogram": "Histograms of weights",
        "width_diffs": "Histograms of diffs over width",
    },
}


class Caption(NamedTuple):
    """The caption of a figure or table.

    Attributes:
        place: in the order of the report.
        title: what it shows.
        model: that it is of; empty where it is of all.
        text: a few sentences.
    """

    place: int
    title: str
    model: str
    text: str


def companion_page(
    stated: StudyClaims,
    tables: Mapping[str, tuple[pd.DataFrame, Caption | None]],
    pictures: Sequence[tuple[str, Caption]],
    jobs: Sequence[Job],
    config: Mapping[str, Any],
    root: Path,
) -> str:
    """The page of a companion study, as HTML.

    Args:
        stated: the study's claims.
        tables: by name, with what is said of them, if anything; those that have captions come first, in their order,
            then those of `TITLES`.
        pictures: figures, PNG files, with what is said of them.
        jobs: those that train and measure.
        config: as resolved.
        root: the project's folder, which tells the code's version.
    """
    study = stated.study
    return study_page(
        f"{config['run']}: {study}",
        stated.question,
        Answer("Claims", claims_section(stated)),
        [inside(path, _titled(caption), caption.text) for path, caption in sorted(pictures, key=_order)],
        [_table(study, name, *tables[name]) for name in _ordered(study, tables)],
        f"docs/{study}.md in the project",
        of_jobs(jobs, config, root),
        NO_EXTRA._replace(style=STYLE),
    )


def _order(picture: tuple[str, Caption]) -> tuple[int, str]:
    return picture[1].place, picture[1].model


def _titled(caption: Caption) -> str:
    return f"{caption.title}: {model_title(caption.model)}" if caption.model else caption.title


def _ordered(study: str, tables: Mapping[str, tuple[pd.DataFrame, Caption | None]]) -> list[str]:
    captioned = {name: caption.place for name, (_, caption) in tables.items() if caption}
    known = [name for name in TITLES[study] if name in tables]
    return list(dict.fromkeys([*sorted(captioned, key=lambda name: captioned[name]), *known, *tables]))


def _table(study: str, name: str, table: pd.DataFrame, caption: Caption | None) -> dict[str, Any]:
    if caption:
        return {**shown(name, caption.title, table), "caption": caption.text}
    return shown(name, TITLES[study].get(name, name.replace("_", " ").capitalize()), table)
