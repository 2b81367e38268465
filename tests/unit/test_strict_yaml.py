"""YAML is read strictly: keys given twice are told, and short texts that stand for much are refused at once."""

import json
import time
from pathlib import Path

import pytest
import yaml

from prunescape.io.strict_yaml import MOST_VALUES, YamlError, load

ROOT = Path(__file__).parents[2]
LEVELS = 9
# Nine lines that stand for a billion values, each in its way.
LISTS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, LEVELS)
)
SECTIONS = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{{', '.join(f'k{k}: *a{i - 1}' for k in range(10))}}}\n" for i in range(1, LEVELS)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, LEVELS)
)
KEYS = "? &a0 [x, x]\n: 1\n" + "".join(f"? &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n: 1\n" for i in range(1, LEVELS))


def told(folder: Path, text: str) -> list[str]:
    """The mistakes in a file, without its name."""
    path = folder / "config.yaml"
    path.write_text(text)
    with pytest.raises(YamlError) as caught:
        load(path)
    assert all(line.startswith(f"{path}: ") and "\n" not in line and len(line) < 500 for line in caught.value.mistakes)
    return [line.removeprefix(f"{path}: ") for line in caught.value.mistakes]


def loaded(folder: Path, text: str):
    path = folder / "config.yaml"
    path.write_text(text)
    return load(path)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("run: a\nseeds: [0]\nrun: b\n", ["'run' is given in line 1 and again in line 3; remove one"]),
        ("data:\n  name: x\n  name: x\n", ["'name' is given in line 2 and again in line 3; remove one"]),
        ("data: {name: x, name: y}\n", ["'name' is given twice in line 1; remove one"]),
        ("- {a: 1}\n- a: 1\n  'a': 2\n", ["'a' is given in line 2 and again in line 3; remove one"]),
        ('a: 1\n"\\x61": 2\n', ["'a' is given in line 1 and again in line 2; remove one"]),
        ("1: a\n1.0: b\n", ["1.0 is given in line 1 and again in line 2; remove one"]),
        ("1: a\n'1': b\n", ["'1' is given in line 1 and again in line 2; remove one"]),
        ("yes: a\non: b\n", ["true is given in line 1 and again in line 2; remove one"]),
        ('{"a": 1,\n\t"b": {"c": 1,\n\t"c": 2}}', ["'c' is given in line 2 and again in line 3; remove one"]),
        ("&k a: 1\n*k : 2\n", ["'a' is given twice in line 1; remove one"]),  # an alias is the node it stands for
        ("x: &x {a: 1}\ny: {<<: *x, <<: *x}\n", ["'<<' is given twice in line 2; remove one"]),
        (
            "a: 1\nb: 1\na: 2\nb: 2\na: 3\n",
            [
                "'a' is given in line 1 and again in line 3; remove one",
                "'b' is given in line 2 and again in line 4; remove one",
                "'a' is given in line 1 and again in line 5; remove one",
            ],
        ),
    ],
)
def test_keys_given_twice_are_told_with_both_lines(tmp_path: Path, text: str, lines: list[str]) -> None:
    assert told(tmp_path, text) == lines


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x: &x {a: 1, b: 2}\ny: {<<: *x, a: 3}\n", {"x": {"a": 1, "b": 2}, "y": {"a": 3, "b": 2}}),
        ("x: &x {a: 1}\nz: &z {a: 2}\ny: {<<: [*x, *z]}\n", {"x": {"a": 1}, "z": {"a": 2}, "y": {"a": 1}}),
        ("x: &x {a: 1}\ny: *x\nz: *x\n", {"x": {"a": 1}, "y": {"a": 1}, "z": {"a": 1}}),
        ("a: {b: 1}\nb: {b: 1}\n", {"a": {"b": 1}, "b": {"b": 1}}),
        ('{"a":1e-3,\t"b":"\\u00e9\\/"}', {"a": 0.001, "b": "é/"}),  # JSON, as Snakemake reads it
        ("# nothing\n", None),
    ],
)
def test_what_is_right_is_read_as_it_was(tmp_path: Path, text: str, value) -> None:
    assert loaded(tmp_path, text) == value


@pytest.mark.parametrize("text", [LISTS, SECTIONS, MERGES, KEYS], ids=["lists", "sections", "merges", "keys"])
def test_aliases_that_stand_for_a_billion_values_are_refused_at_once(tmp_path: Path, text: str) -> None:
    before = time.process_time()
    assert told(tmp_path, text) == [f"has more than {MOST_VALUES} values once its aliases are written out; write fewer"]
    assert time.process_time() - before < 2


def test_the_bound_is_on_what_is_written_out(tmp_path: Path) -> None:
    line = f"[{', '.join('0' * (MOST_VALUES // 10))}]"
    assert len(loaded(tmp_path, f"a: &a {line}\nb: [*a, *a, *a, *a, *a, *a, *a, *a]\n")["b"]) == 8
    assert told(tmp_path, f"a: &a {line}\nb: [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n")
    assert told(tmp_path, f"a: [{', '.join('0' * MOST_VALUES)}]\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: &b [*b]\n", "line 2: holds itself through an alias; remove the alias"),
        ("a: &a {<<: *a}\n", "line 1: holds itself through an alias"),
        ("[" * 100_000, "is nested too deeply"),
        ("[" * 5000 + "]" * 5000, "is nested too deeply"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "is nested too deeply"),
        ("a: 1\nseeds: [" + "9" * 5000 + "]", "line 2: a number of 5000 digits; write a shorter one"),
        ('{"seeds":\n[' + "9" * 5000 + "]}", "line 2: a number of 5000 digits; write a shorter one"),
        ("a: " + "1:" * 100_000 + "1", "line 1: a number of 200001 digits"),
        ("a: 0x" + "f" * 5000, "line 1: a number of 5002 digits"),
        ("9" * 500 + ": 1", "line 1: a number of 500 digits"),
        ("a: " + "x" * 2**20, "is larger than 1048576 bytes"),
        ("a: 2024-13-45", "cannot be read (month must be in 1..12)"),
        ("a: [1", "no YAML in line 1"),
        ("a: 1\n--- 2\n", "no YAML in line 2"),
        ("a: !!python/name:os.system x\n", "no YAML in line 1"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    before = time.process_time()
    (line,) = told(tmp_path, text)
    assert words in line
    assert time.process_time() - before < 20


def test_json_is_read_as_json_reads_it(tmp_path: Path) -> None:
    value = {"run": "x", "models": {"a": [1, 2.5, None, True, '\t"é\\']}}
    for indent in (None, 2, "\t"):
        assert loaded(tmp_path, json.dumps(value, indent=indent)) == value


def test_every_yaml_file_of_the_project_is_strict() -> None:
    paths = [*ROOT.glob("workflow/**/*.yaml"), *ROOT.glob("profiles/*/*.yaml"), *ROOT.glob("examples/**/*.yaml")]
    paths += [ROOT / "config.yaml", ROOT / "envs/prunescape.yaml"]
    assert len(paths) > 15
    for path in paths:
        assert load(path) == yaml.safe_load(path.read_text())
