"""Take the results of runs into docs/results/, and write the tables of docs/results.md from what is there.

    python docs/tools/results.py results/fashion_mnist results/demo   # take these runs, then write the tables
    python docs/tools/results.py                                     # write the tables alone

Of each study of a run its claims, verdict, page and tables are taken, no weights and nothing of single jobs; of the
demos no page, as it is made in minutes, of the others one with smaller pictures. Tables above `PACKED` bytes are packed
by gzip; those that are above `LARGEST` even then stay where they are, and are named. `run.json` tells the command,
times and machines, and code and libraries as the page of the study has them. A study without claims is not finished:
what it has so far is taken, and `run.json` says so.
"""

import base64
import gzip
import html
import io
import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "workflow"))

from prunescape.claims.claim import Claim  # noqa: E402
from prunescape.claims.judgement import ANSWERS  # noqa: E402
from prunescape.claims.study import StudyClaims  # noqa: E402
from prunescape.io.files import write_text  # noqa: E402
from prunescape.pages.provenance import code_version, libraries  # noqa: E402

RESULTS, PAGE = PROJECT / "docs" / "results", PROJECT / "docs" / "results.md"
DEMO, ADAPTIVE = "demo", "demo_adaptive"  # the run on digits, and that which explores it by few trainings
CHANGES = {ADAPTIVE: f"--config exploration='{{method: adaptive}}' run={ADAPTIVE}"}  # of a config, on the command line
RUNS = {  # by study, the run on digits and that on Fashion-MNIST
    "hpspace": (DEMO, "fashion_mnist"),
    "stochastic": (DEMO, "fashion_mnist_stochastic"),
    "mechanism": (DEMO, "fashion_mnist_mechanism"),
    "coherence": (DEMO, "fashion_mnist_coherence"),
}
PACKED, LARGEST = 10_000, 800_000  # bytes of a table
TAKEN = ("*.csv", "*.txt", "claims.json", "explore.html")
SPENT = re.compile(r"([\d.]+) s of processor time, its start included$", re.MULTILINE)
TOOK = re.compile(r"finished after ([\d.]+) s, and ([\d.]+) s to start, on (.+)$", re.MULTILINE)
PICTURE, WIDTH, QUALITY = re.compile(rb"(?<=data:image/webp;base64,)[\w+/=]+"), 1000, 50  # of pages; in pixels
FACT = r'<th scope="row">{}</th><td>(.*?)</td>'  # of a page
BLOCK = re.compile(r"(<!-- (runs|claims|differences): ?([\w ]*) -->\n).*?(<!-- end -->)", re.DOTALL)
NOTHING, UNFINISHED, NO_ROW = "–", "not finished", "There is none."


def take(results: Path, destination: Path = RESULTS) -> None:
    """Copy what is to be read of a run, in place of what was taken of it before."""
    there = [study for study in RUNS if any((results / study).glob("*.csv"))]
    if not there:
        sys.exit(f"{results}: no table of a study is there yet; make one with `snakemake`")
    for study in there:
        folder = destination / results.name / study
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        left_out = []
        for path in sorted(path for pattern in TAKEN for path in (results / study).glob(pattern)):
            content = path.read_bytes()
            if path.suffix == ".html":
                content = PICTURE.sub(_smaller, content)
            packs = path.suffix == ".csv" and len(content) > PACKED
            if packs:
                content = gzip.compress(content, mtime=0)
            if path.suffix == ".csv" and len(content) > LARGEST:
                left_out.append(path.name)
            elif path.suffix != ".html" or results.name not in (DEMO, ADAPTIVE):
                (folder / f"{path.name}{'.gz' if packs else ''}").write_bytes(content)
        text = json.dumps(_run(results.resolve(), study, left_out), indent=2)
        write_text(folder / "run.json", f"{text}\n")


def _smaller(picture: re.Match[bytes]) -> bytes:
    """The picture of a page, at most `WIDTH` wide."""
    with Image.open(io.BytesIO(base64.b64decode(picture[0]))) as image:
        whole = image.convert("RGB")
    if whole.width <= WIDTH:
        return picture[0]
    made = io.BytesIO()
    whole = whole.resize((WIDTH, round(whole.height * WIDTH / whole.width)), Image.Resampling.LANCZOS)
    whole.save(made, "WEBP", quality=QUALITY, method=6)
    return base64.b64encode(made.getvalue())


def _run(results: Path, study: str, left_out: Sequence[str]) -> dict[str, Any]:
    """Facts on a study of a run: command, whether it is finished, times and machines, as its logs tell them.

    Code and libraries are those of its page; where there is none yet, those that are here.
    """
    project = results.parents[1]
    preset = f"workflow/studies/{results.name}.yaml"
    config = f"--configfile {preset}" if (project / preset).is_file() else CHANGES.get(results.name, "")
    logs = [log for part in ("data", "models", study) for log in sorted((results / "logs" / part).rglob("*.log"))]
    spent = [float(found[-1]) for log in logs if (found := SPENT.findall(log.read_text(encoding="utf-8")))]
    took = {log: found[-1] for log in logs if (found := TOOK.findall(log.read_text(encoding="utf-8")))}
    ends = {log: log.stat().st_mtime for log in took}
    at_work = [(ends[log] - float(seconds) - float(start), ends[log]) for log, (seconds, start, _) in took.items()]
    page = results / study / "explore.html"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    code = re.search(FACT.format("code"), text)
    software = re.search(FACT.format("software, where this page was made"), text)
    return {
        "command": f"snakemake {study} {config}".rstrip(),
        "finished": (results / study / "claims.json").is_file(),
        "jobs": len(spent),
        "processor_minutes": round(sum(spent) / 60, 1),
        "wall_minutes": round(_covered(at_work) / 60, 1),
        "machines": sorted({machine for *_, machine in took.values()}),
        "code": html.unescape(code[1]) if code else code_version(project),
        "libraries": html.unescape(software[1]) if software else libraries(),
        "tables_left_out": left_out,
    }


def _covered(spans: Sequence[tuple[float, float]]) -> float:
    """How long at least one of some spans of time lasted, so that pauses of a run do not count."""
    covered, until = 0.0, 0.0
    for start, end in sorted(spans):
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return covered


def written(page: str, results: Path = RESULTS) -> str:
    """The page with its tables written anew, from what was taken."""

    def write(kind: str, arguments: Sequence[str]) -> str:
        if kind == "runs":
            return _runs(results)
        if kind == "claims":
            return _claims(arguments, results)
        (study,) = arguments
        claims = [found.split() for _, other, found, _ in BLOCK.findall(page) if other == "claims"]
        shown = {key for of, *keys in claims if of == study for key in keys}
        return _claims([study, *(key for key in differing(study, results) if key not in shown)], results)

    return BLOCK.sub(lambda found: f"{found[1]}{write(found[2], found[3].split())}{found[4]}", page)


def differing(study: str, results: Path = RESULTS) -> list[str]:
    """Keys of the questions that digits and Fashion-MNIST answer differently, in a case that both have."""
    both = [_read(results / run / study / "claims.json") or [] for run in RUNS[study]]
    outcomes = [{claim.id: claim.outcome for claim in claims if claim.outcome in ANSWERS} for claims in both]
    other = [name for name in outcomes[0] if outcomes[1].get(name, outcomes[0][name]) != outcomes[0][name]]
    return list(dict.fromkeys(name.split(".")[1] for name in other))


def _runs(results: Path) -> str:
    """Each run that was taken: its command and time, with links to its page and to `run.json`."""
    lines = ["| study | data | command | time | processor time | results |", "|---|---|---|---|---|---|"]
    for study, runs in RUNS.items():
        for data, run in zip(("digits", "Fashion-MNIST"), runs, strict=True):
            folder = results / run / study
            if not (folder / "run.json").is_file():
                continue
            told = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            wall = f"{told['wall_minutes']:g} min" if "wall_minutes" in told else NOTHING
            time = f"{wall} | {told['processor_minutes']:g} min, {told['jobs']} jobs"
            files = ("explore.html", "claims.txt", "verdict.txt", "run.json")
            links = ", ".join(f"[{name}](results/{run}/{study}/{name})" for name in files if (folder / name).is_file())
            state = "" if told["finished"] else f" ({UNFINISHED})"
            lines.append(f"| `{study}` | {data}{state} | `{told['command']}` | {time} | {links} |")
    return "\n".join(lines) + "\n" if len(lines) > 2 else "**No run is finished yet: nothing is decided below.**\n"


def _claims(arguments: Sequence[str], results: Path) -> str:
    """The claims of a study on some questions: what the source says, on digits, on Fashion-MNIST.

    Args:
        arguments: the study, then keys of questions.
        results: where runs were taken to.
    """
    study, *keys = arguments
    both = [_read(results / run / study / "claims.json") for run in RUNS[study]]
    lines = ["| the source | digits | Fashion-MNIST |", "|---|---|---|"]
    for key in keys:
        cells = [[claim for claim in claims or [] if claim.id.split(".")[1] == key] for claims in both]
        asked = [claim for found in cells for claim in found]
        if not asked:
            continue
        told = [UNFINISHED if claims is None else _cell(found) for claims, found in zip(both, cells, strict=True)]
        lines.append(f"| {asked[0].statement} ({asked[0].source}) | {' | '.join(told)} |")
    return "\n".join(lines) + "\n" if len(lines) > 2 else f"{NO_ROW}\n"


def _read(path: Path) -> list[Claim] | None:
    return list(StudyClaims.read(path).claims) if path.is_file() else None


def _cell(claims: Sequence[Claim]) -> str:
    """The outcomes of a question, case by case, and network by network where there are several."""
    networks = len({claim.model for claim in claims}) > 1
    several = len(claims) > 1
    cases = []
    for claim in claims:
        name = ", ".join(filter(None, [claim.model if networks else "", claim.case if several else ""]))
        cases.append(f"{name}: {_told(claim)}" if name else _told(claim))
    return "<br>".join(cases) or NOTHING


def _told(claim: Claim) -> str:
    """An outcome with the number and the interval that it follows from."""
    numbers = [value for value in (claim.effect, claim.low, claim.high) if value is not None]
    if len(numbers) < 3:
        return f"**{claim.outcome}**"
    effect, low, high = (f"{value:.2f}" for value in numbers)
    theirs = "" if claim.published is None else f"; the source: {claim.published:.2f} ({claim.published_in})"
    return f"**{claim.outcome}**, {effect} [{low}, {high}]{f' {claim.unit}' if claim.unit else ''}{theirs}"


if __name__ == "__main__":
    for run in sys.argv[1:]:
        take(Path(run))
    write_text(PAGE, written(PAGE.read_text(encoding="utf-8")))
