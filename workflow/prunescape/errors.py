"""The exceptions that users are meant to read, and the commonest reason for one: a name that is not known."""

import difflib
from collections.abc import Mapping
from typing import TypeVar

Entry = TypeVar("Entry")


class UserError(Exception):
    """A mistake that the user can mend: one line saying what is wrong, where, and how to mend it."""


class Interrupted(Exception):  # noqa: N818 - no mistake of anybody's
    """A job was asked to stop and has saved its state; running it again goes on from there."""


def known(catalog: Mapping[str, Entry], kind: str, name: str) -> Entry:
    """The entry of `catalog` called `name`.

    Raises:
        UserError: there is none; the message names the nearest one.
    """
    if name in catalog:
        return catalog[name]
    near = difflib.get_close_matches(name, catalog, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(catalog)}"
    raise UserError(f"unknown {kind} {name!r}; {hint}")
