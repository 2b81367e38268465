"""Put the measured tables into docs/benchmarks.md and docs/statistics.md, between the marks that name them."""

import csv
import json
import re
from pathlib import Path

from common import OUTPUT, PROJECT, shown

PAGES = [PROJECT / "docs" / name for name in ("benchmarks.md", "statistics.md")]
MARK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(name: str, folder: Path = OUTPUT) -> str:
    """A CSV file, or a machine's description, as a Markdown table."""
    if name.startswith("machine_"):
        described = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        return "\n" + ", ".join(f"{key} {value}" for key, value in described.items()) + "\n\n"
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    lines = [f"| {' | '.join(title.replace('_', ' ') for title in header)} |", "|" + "---|" * len(header)]
    lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return "\n" + "\n".join(lines) + "\n\n"


def _cell(text: str) -> str:
    try:
        return text if text.isdigit() else shown(float(text))
    except ValueError:
        return text


def filled(text: str, folder: Path = OUTPUT) -> str:
    """The page with every table as it was last measured; a table that never was keeps its words."""

    def fill(found: re.Match[str]) -> str:
        known = any((folder / f"{found[2]}{suffix}").is_file() for suffix in (".csv", ".json"))
        return f"{found[1]}{table(found[2], folder)}{found[3]}" if known else found[0]

    return MARK.sub(fill, text)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
