"""What the thesis' whole CIFAR-10 study would take on this machine, from the rates that throughput.py measured.

hours = cells x epochs x (training images + validation images / 3) / (lane-images a second) / 3600: validation is a
forward pass, a third of a training step. The upper figure takes every pruned network for as slow as the dense one, the
lower one for as much faster as it has fewer FLOPs; the truth lies between.
"""

import argparse
import csv
import sys

import yaml
from common import PROJECT, STEP_PASSES, options, save

TRAINING_IMAGES, VALIDATION_IMAGES = 50_000, 10_000  # CIFAR-10


def main(arguments: argparse.Namespace) -> None:
    measured = arguments.output / f"throughput_{arguments.device}.csv"
    if not measured.is_file():
        sys.exit(f"{measured}: no such file; run throughput.py --device {arguments.device} first")
    with measured.open(encoding="utf-8") as file:
        measurements = {row["model"]: row for row in csv.DictReader(file)}
    rates = {model: float(row["engine_lane_images_per_second"]) for model, row in measurements.items()}
    study = yaml.safe_load((PROJECT / "workflow" / "studies" / "thesis_cifar10.yaml").read_text(encoding="utf-8"))
    cells = study["grid"]["size"][0] * study["grid"]["size"][1] * len(study["seeds"])
    images = study["recipe"]["epochs"] * (TRAINING_IMAGES + VALIDATION_IMAGES / STEP_PASSES)
    rows = []
    for model, section in study["models"].items():
        if model not in rates:
            sys.exit(f"{measured}: has no row for {model}; run throughput.py --models {' '.join(study['models'])}")
        parts = [1.0, *(ratio for _ in section["methods"] for ratio in section["ratios"])]
        upper = len(parts) * cells * images / rates[model] / 3600
        rows.append(
            {
                "model": model,
                "measured_with": measurements[model]["strategy"],
                "networks": len(parts),
                "cells": len(parts) * cells,
                "images_a_cell": images,
                "lane_images_per_second": rates[model],
                "hours_at_most": upper,
                "hours_by_flops": upper * sum(parts) / len(parts),
            }
        )
    total = {key: sum(row[key] for row in rows) for key in ("networks", "cells", "hours_at_most", "hours_by_flops")}
    rows.append({key: total.get(key) for key in rows[0]} | {"model": "whole study"})
    save(arguments, "study_cost", rows)


if __name__ == "__main__":
    main(options(__doc__))
