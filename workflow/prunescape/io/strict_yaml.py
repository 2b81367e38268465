"""YAML and JSON, read strictly: no key twice, and nothing that takes long however short the text.

Aliases can make a few lines stand for billions of values, and aliases of sections (also by the merge key `<<`) are
written out by whoever goes through what was read. So the values are counted first, on the graph of the text's nodes,
where every alias is one edge. Light: used while the Snakefile is parsed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from prunescape.config.messages import shown
from prunescape.errors import UserError

MOST_VALUES = 5_000  # with keys, once aliases are written out; the largest config of this project has 263
TOO_MANY = f"has more than {MOST_VALUES} values once its aliases are written out; write fewer"
_MOST_BYTES = 2**20
_MOST_DIGITS = 100  # Python takes a time that grows with the square of the digits, and refuses thousands of them
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_DEEP = "is nested too deeply; write fewer levels"


class YamlError(UserError):
    """A file cannot be read, or not as its writer meant it.

    Attributes:
        mistakes: one line each, beginning with the file's name.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def load(path: str | Path) -> Any:
    """The value in a file of YAML or JSON, which is data and no code.

    Raises:
        YamlError: the file cannot be read or is neither; a key is given twice; or there is too much in it.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise YamlError([f"is larger than {_MOST_BYTES} bytes; write less"])
        return _value(content.decode("utf-8"))
    except OSError as error:
        told = [str(error.strerror)]
    except YamlError as error:
        told = error.mistakes
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f" in line {mark.line + 1}"
        told = [f"no YAML{line} ({' '.join(str(error).split())[:200]})"]
    except RecursionError:
        told = [_DEEP]
    except (ValueError, OverflowError) as error:  # other encodings, 2024-13-45
        told = [f"cannot be read ({' '.join(str(error).split())[:200]})"]
    raise YamlError([f"{path}: {line}" for line in told])


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
        text, is_json = text.replace("\t", " "), True  # in JSON a tab is only space, in YAML it is refused
    except (ValueError, RecursionError):
        value, is_json = None, False
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:  # nothing but comments
            return None
        mistakes = _mistakes(root)
        if mistakes:
            raise YamlError(mistakes)
        return value if is_json else loader.construct_document(root)
    finally:
        loader.dispose()


def _mistakes(root: yaml.Node) -> list[str]:
    """Mistakes that YAML allows and this project refuses, one line each, in the order of the lines."""
    sizes: dict[yaml.Node, int] = {}  # of the nodes that have been counted; 0 while one is being counted
    mistakes: list[tuple[int, str]] = []

    def size(node: yaml.Node) -> int:
        if node in sizes:
            if sizes[node] == 0:
                raise YamlError([f"line {_line(node)}: holds itself through an alias; remove the alias"])
            return sizes[node]
        sizes[node] = 0
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            mistakes.extend(_given_twice(node))
            children = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        elif node.tag in _NUMBERS and len(node.value) > _MOST_DIGITS:
            mistakes.append(
                (_line(node), f"line {_line(node)}: a number of {len(node.value)} digits; write a shorter one")
            )
        sizes[node] = min(1 + sum(size(child) for child in children), MOST_VALUES + 1)
        return sizes[node]

    if size(root) > MOST_VALUES:
        return [TOO_MANY]
    return [text for _, text in sorted(mistakes)]


def _given_twice(mapping: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    """The keys that one mapping gives twice: the later ones would win without a word.

    A key that is also in what `<<` merges is given once, and rightly overrides it.
    """
    first: dict[Any, int] = {}
    for node, _ in mapping.value:
        if not isinstance(node, yaml.ScalarNode):
            continue  # a list or a mapping cannot be a key of a dict, and is refused as such
        if node.tag in _NUMBERS and len(node.value) > _MOST_DIGITS:
            continue
        is_merge = node.tag == "tag:yaml.org,2002:merge"
        key = node.value if is_merge else yaml.constructor.SafeConstructor().construct_object(node)
        # 1 and 1.0 are one key to Python; 1 and '1' are one to the config, which knows names only.
        same = {key, key if isinstance(key, str) else shown(key)}
        line = _line(node)
        before = next((first[name] for name in same if name in first), None)
        if before is None:
            first |= dict.fromkeys(same, line)
        else:
            lines = f"twice in line {line}" if before == line else f"in line {before} and again in line {line}"
            yield line, f"{shown(key)} is given {lines}; remove one"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
