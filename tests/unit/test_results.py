"""Results know what they are: seals with identities, who reads them, and what the plan makes of other ones.

The results are files that nothing has computed, with the seals that their jobs would give them.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from finished import seal_results, write_rounds
from plan_graph import edited
from project_copy import TINY, merged
from prunescape.errors import UserError
from prunescape.io.files import read_csv, read_json, write_json, write_text
from prunescape.io.html import page
from prunescape.io.seals import accepted, place_of, read_seal, seal
from prunescape.overview.stale import accept_page, explain_page
from prunescape.overview.status import State, survey
from prunescape.overview.study import Study
from prunescape.plan.codes import Codes
from prunescape.plan.plan import Plan
from prunescape.plan.results import Results
from prunescape.runtime import fingerprint, versions
from prunescape.runtime.logs import logged

TILE = "results/tiny/hpspace/tiles/small_resnet/{}/seed-{}/-1_-1"
DENSE, PRUNED, OTHER = TILE.format("dense", 0), TILE.format("uniform-0.4", 0), TILE.format("dense", 1)
CELLS, PAGE = "results/tiny/hpspace/cells.csv", "results/tiny/hpspace/explore.html"
META = "results/tiny/data/digits-68cffd6d/meta.json"


def plan(**changes: Any) -> Plan:
    return Plan(merged(TINY, changes), 2)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of the tiny study, none of them computed; each has a content of its own."""
    folder = tmp_path_factory.mktemp("finished")
    with chdir(folder):
        study = plan()
        write_rounds(study)
        for path in (path for job in list(study.jobs()) for path in job.outputs.values()):
            if path not in study.hpspace.confirmation.plan_files:
                write_text(path, path)
        seal_results(study, *(job.result for job in study.jobs()))
    return folder


@pytest.fixture(autouse=True)
def here(finished: Path, tmp_path: Path) -> Iterator[Path]:
    folder = Path(shutil.copytree(finished, tmp_path / "study"))
    with chdir(folder):
        yield folder


def stale(study: Plan) -> set[str]:
    """Names of the rules of jobs that would run; of those that `snakemake all` needs."""
    results = Results(study)
    wanted = {*study.main, *study.hpspace.train_tile.files()} - {study.index, *study.ledger.values()}
    return {results._jobs[path].step.name for path in wanted if results.reasons(path)}


TELLING = {
    "give_verdict",
    "state_hpspace",
    "explore_hpspace",
}  # whose pages tell of accepted results: made again for that
AFTER_TILES = {"table_hpspace_cells", "table_hpspace_ellipses", "table_hpspace_risk", "give_verdict", "explore_hpspace"}


def test_nothing_is_stale_in_a_finished_study_whatever_it_is_called_and_wherever_it_is(here: Path) -> None:
    assert not stale(plan())
    Path("results/tiny").rename("results/other")
    assert not stale(plan(run="other"))
    shutil.copytree(here, here.parent / "elsewhere")
    with chdir(here.parent / "elsewhere"):
        assert not stale(plan(run="other"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"recipe": {"epochs": 4}}, {"train_dense", "prune", "train_tile"} | AFTER_TILES),
        ({"data": {"train_size": 99}}, {"describe_dense", "train_tile", "figure_hpspace_samples"} | AFTER_TILES),
        ({"analysis": {"sigma": 3.0}}, {"table_hpspace_ellipses", "explore_hpspace"}),
        ({"figures": {"dpi": 99}}, {"figure_hpspace_risk", "explore_hpspace"}),
        ({"engine": {"threads": 2}}, set()),
    ],
)
def test_results_of_other_settings_are_stale_and_so_is_what_is_made_of_them(changes: dict, expected: set[str]) -> None:
    """With nothing but the results: what Snakemake recorded is not asked."""
    found = stale(plan(**changes))
    assert expected <= found
    assert bool(found) == bool(expected)
    if "analysis" in changes:
        assert "train_tile" not in found
    if "figures" in changes:
        assert found == {rule for rule in found if rule.startswith("figure_")} | {"explore_hpspace"}


def test_a_result_in_the_place_of_another_one_is_stale_and_not_read() -> None:
    for suffix in (".csv", ".history.csv", ".timing.csv"):
        for path in (Path(OTHER + suffix), seal(OTHER + suffix)):
            shutil.copy2(path.parents[1] / "seed-0" / path.name, path)
    results = Results(plan())
    told = results.reasons(f"{OTHER}.csv")
    assert "it was made as hpspace/tiles/small_resnet/dense/seed-0/-1_-1.csv" in told
    assert "seed: 0, now 1" in told
    assert not results.reasons(f"{DENSE}.csv")
    with pytest.raises(UserError, match=r"seed-1/-1_-1\.csv: was written as \S+seed-0/-1_-1\.csv and put here"):
        read_csv(f"{OTHER}.csv")


def test_another_content_of_what_a_result_was_made_of_is_seen() -> None:
    """As where a file was restored from a backup, with its seal, whatever its time."""
    write_text(f"{DENSE}.csv", "restored")
    before = read_seal(f"{DENSE}.csv")
    assert before is not None
    seal_results(plan(), f"{DENSE}.csv")
    assert Results(plan()).reasons(CELLS) == ["hpspace/tiles/small_resnet/dense/seed-0/-1_-1.csv: has another content"]
    more = Results(plan(seeds=[0, 1, 2])).reasons(CELLS)
    assert any("was not among its inputs" in words for words in more)
    fewer = Results(plan(seeds=[0])).reasons(CELLS)
    assert any("is no input any more" in words for words in fewer)


def test_another_version_of_a_library_is_seen_where_it_makes_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(versions._pins, "torch", "9.9.9")
    found = stale(plan())
    assert {"train_tile", "train_dense", "prune"} <= found
    assert "prepare" not in found
    assert any("torch: " in words and 'now "9.9.9"' in words for words in Results(plan()).reasons(f"{DENSE}.csv"))
    monkeypatch.setitem(versions._pins, "torch", versions._installed("torch"))
    monkeypatch.setitem(versions._pins, "seaborn", "9.9.9")
    assert stale(plan()) <= {"figure_hpspace_landscape", "figure_hpspace_curves", "explore_hpspace"}
    for name in ("rich", "psutil", "pydantic"):
        monkeypatch.setitem(versions._pins, name, "9.9.9")
    assert "train_tile" not in stale(plan())


def test_status_counts_what_is_stale_as_not_finished() -> None:
    def explored(study: Study) -> dict[Path, State]:
        """Without those with fresh seeds, which are to come."""
        return {item.training.result: item.state for item in survey(study) if item.training.row not in study.fresh}

    assert set(explored(Study(plan())).values()) == {State.FINISHED}
    assert set(explored(Study(plan(recipe={"epochs": 4}))).values()) == {State.STALE}
    seal(f"{PRUNED}.csv").unlink()
    found = explored(Study(plan()))
    assert [path for path, state in found.items() if state is not State.FINISHED] == [Path(f"{PRUNED}.csv")]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(fingerprint.LIBRARY.parent, tmp_path / "copy" / "workflow", ignore=ignored)
    return tmp_path / "copy"


def edit(library: Path, file: str, old: str, new: str) -> None:
    path = library / "workflow" / "prunescape" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_it_is_told_which_function_of_which_module_has_changed(library: Path) -> None:
    plan().hpspace.train_tile.all_jobs()[0].identity  # noqa: B018 - so that its code is known
    Results(plan()).reasons(CELLS)
    Codes("results/tiny").remember()
    edit(library, "lanes/optimiser.py", "velocity.mul_(self.momentum)", "velocity.mul_(2 * self.momentum)")
    with edited(library):
        text = "\n".join(explain_page(Results(plan())))
    assert f"train_tile: 6 jobs, such as that of {DENSE}.csv\n" in text
    assert "    the code of prunescape/lanes/optimiser.py: LaneSGD\n" in text
    assert "prune (2)" in text
    assert "table_hpspace_cells" in text.splitlines()[-2]
    assert "figure_hpspace_samples" not in text


def test_clones_of_other_code_do_not_make_each_others_data_anew(library: Path) -> None:
    """In a folder that they share each has its own; what is made of these is the same, by place and content."""

    def where(folder: str) -> str:
        run = plan(data={"prepared": folder}).run
        assert run.place(run.meta) == "digits-68cffd6d/meta.json"
        return run.meta

    shared = {folder: where(folder) for folder in ("/shared", "../shared")}
    assert where("results/tiny/data") == META  # in this clone there is one code
    edit(library, "lanes/optimiser.py", "velocity.mul_(self.momentum)", "velocity.mul_(2 * self.momentum)")
    with edited(library):
        assert {folder: where(folder) for folder in shared} == shared
    edit(library, "data/stratify.py", "int", "float")
    with edited(library):
        assert where("results/tiny/data") == META
        for folder, before in shared.items():
            assert where(folder) != before
            assert where(folder).startswith(f"{folder}/code-")


def test_it_is_told_which_setting_has_changed() -> None:
    text = "\n".join(explain_page(Results(plan(recipe={"epochs": 4, "momentum": 0.8}))))
    assert "    recipe.epochs: 3, now 4\n    recipe.momentum: 0.9, now 0.8\n" in text
    assert explain_page(Results(plan())) == [
        "All results that are there are those of this config, this code and these libraries."
    ]


def test_accepted_results_are_right_and_say_so_for_ever() -> None:
    changed = plan(recipe={"epochs": 4})
    content = Path(f"{DENSE}.csv").read_bytes()
    text = "\n".join(accept_page(Results(changed), []))
    assert "train_tile: recipe.epochs: 3, now 4 (6 jobs)" in text
    assert Path(f"{DENSE}.csv").read_bytes() == content
    assert stale(changed) == TELLING
    note = "train_tile: recipe.epochs: 3, now 4"
    assert note in read_seal(f"{DENSE}.csv").identity.accepted
    for path in (CELLS, "results/tiny/hpspace/risk.csv"):
        assert note in read_seal(path).identity.upon
    assert stale(plan()) >= {"train_tile"}  # they are not those of the settings before
    again = accept_page(Results(plan()), [])
    assert "recipe.epochs: 4, now 3" in "\n".join(again)
    assert len(read_seal(f"{DENSE}.csv").identity.accepted) == 2


def test_one_result_is_accepted_by_itself() -> None:
    changed = plan(recipe={"epochs": 4})
    accept_page(Results(changed), [f"{DENSE}.csv"])
    results = Results(changed)
    assert not results.reasons(f"{DENSE}.csv") or results.reasons(f"{DENSE}.csv") == []
    assert results.reasons(f"{OTHER}.csv") == ["recipe.epochs: 3, now 4"]


def test_damaged_results_are_not_accepted_and_those_without_a_seal_are() -> None:
    write_text(f"{DENSE}.csv", "another digit")
    with pytest.raises(UserError, match=r"-1_-1\.csv: damaged, or changed by hand; make it anew"):
        accept_page(Results(plan(recipe={"epochs": 4})), [])
    seal(f"{DENSE}.csv").unlink()
    assert "it has no identity" in "\n".join(accept_page(Results(plan()), []))
    with pytest.raises(UserError, match=r"results/tiny/x\.csv: no finished result of this config"):
        accept_page(Results(plan()), ["results/tiny/x.csv"])


def test_what_was_accepted_without_identities_is_told_by_the_page() -> None:
    for path in Path("results").rglob(".*.sha256"):
        path.unlink()
    accept_page(Results(plan()), [])
    assert stale(plan()) == TELLING


def test_results_are_not_accepted_before_the_data_are_there() -> None:
    """Else Snakemake would prepare these, and make again in one run all that was accepted."""
    Path(META).unlink()
    with pytest.raises(UserError, match=r"meta\.json: is missing, .*run `snakemake prepare` first, and accept then"):
        accept_page(Results(plan(recipe={"epochs": 4})), [])


def test_nothing_is_accepted_while_a_run_is_under_way() -> None:
    write_text(".snakemake/locks/0.input.lock", "")
    with pytest.raises(UserError, match="a run is under way"):
        accept_page(Results(plan()), [])


# What jobs do.


def job(inputs: list[str], output: str, **settings: Any) -> SimpleNamespace:
    """What Snakemake gives a script."""
    params = {"settings": settings, "roots": ["results/tiny/data", "results/tiny"]}
    return SimpleNamespace(log=["job.log"], input=inputs, output=[output], params=params)


def run(given: SimpleNamespace, content: Callable[[], Any] = lambda: {"a": 1}) -> None:
    with logged(given):
        write_json(given.output[0], content())


def test_what_a_job_writes_carries_settings_inputs_and_place() -> None:
    target = "results/tiny/hpspace/new.json"
    run(job([CELLS, META], target, code="feed", recipe={"epochs": 3}))
    found = read_seal(target)
    assert found is not None
    assert found.identity is not None
    assert found.identity.place == "hpspace/new.json"
    assert found.identity.settings == {"code": "feed", "recipe": {"epochs": 3}}
    contents = {path: read_seal(path).checksum for path in (CELLS, META)}
    assert {place: contents[path].startswith(str(found.identity.inputs[place])) for path, place in
            ((CELLS, "hpspace/cells.csv"), (META, "digits-68cffd6d/meta.json"))} == {
        "hpspace/cells.csv": True, "digits-68cffd6d/meta.json": True}  # fmt: skip
    assert read_json(target) == {"a": 1}
    checked = subprocess.run(["sha256sum", "--strict", "-c", ".new.json.sha256"], cwd=Path(target).parent, check=False)
    assert checked.returncode == 0
    write_json("results/tiny/hpspace/aside.json", {})  # by no job
    assert read_seal("results/tiny/hpspace/aside.json").identity is None


def test_what_a_job_has_accepted_before_it_is_told_to_what_it_makes() -> None:
    accept_page(Results(plan(recipe={"epochs": 4})), [])
    notes, pages = [], []

    def content() -> None:
        notes.extend(accepted())
        pages.append(page("title", "question", "body"))

    run(job([CELLS], "results/tiny/hpspace/new.json"), content)
    assert "train_tile: recipe.epochs: 3, now 4" in notes
    assert "train_tile: recipe.epochs: 3, now 4" in pages[0]
    assert accepted() == []
    assert "accepted" not in page("title", "question", "body")
    assert list(read_seal("results/tiny/hpspace/new.json").identity.upon) == notes


@pytest.mark.parametrize("path", [f"{DENSE}.csv", META])
def test_a_job_reads_nothing_without_identity(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = seal(path).read_text()
    for damage in (
        text.splitlines()[0] + "\n",
        f"{text[:-9]}x{text[-8:]}",
        text.replace('"place"', '"Place"'),
        text[:100],
        "",
    ):
        seal(path).write_text(damage)
        with pytest.raises(SystemExit) as ended:
            run(job([path], "results/tiny/hpspace/new.json"))
        assert f"{path} has no identity" in str(ended.value)
        assert f"`snakemake accept {path}`" in str(ended.value)
    seal(path).unlink()
    with pytest.raises(SystemExit, match="has no identity"):
        run(job([path], "results/tiny/hpspace/new.json"))
    assert not Path("results/tiny/hpspace/new.json").exists()
    assert "Traceback" not in capsys.readouterr().err


def test_files_from_elsewhere_are_the_users_own_business() -> None:
    write_text("mine.csv", "a\n1\n")
    run(job(["mine.csv"], "results/tiny/hpspace/new.json"))
    assert dict(read_seal("results/tiny/hpspace/new.json").identity.inputs) == {"mine.csv": None}


def test_a_job_with_other_libraries_than_the_plan_ends_before_it_works() -> None:
    given = job([], "results/tiny/hpspace/new.json", libraries={"numpy": "0.0.1"})
    with pytest.raises(SystemExit, match=r"numpy: 0\.0\.1 where snakemake runs, .* use one environment"):
        run(given)


def test_places_do_not_depend_on_the_run_or_on_folders_above_it() -> None:
    for run_folder, data in (("results/a", "results/a/data"), ("results/b.c", "/scratch/prepared")):
        roots = [data, run_folder]
        assert place_of(f"{run_folder}/hpspace/cells.csv", roots) == "hpspace/cells.csv"
        assert place_of(f"above/{run_folder}/hpspace/cells.csv", roots) == "hpspace/cells.csv"
        assert place_of(f"{data}/digits-1/meta.json", roots) == "digits-1/meta.json"
        assert place_of("mine/cells.csv", roots) == "mine/cells.csv"


def test_seals_are_small() -> None:
    """There are three of them for each tile, of which a study may have ten thousand."""
    assert len(seal(f"{DENSE}.csv").read_bytes()) < 3000
    assert "lanes/optimiser.py" not in json.dumps(seal(f"{DENSE}.csv").read_text())
