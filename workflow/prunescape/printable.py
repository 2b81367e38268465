"""Text that is safe to show, in messages, logs, figures and pages."""


def printable(text: str) -> str:
    """Text without control characters, which a terminal obeys, and bytes of no text: both are written out.

    Names and logs come from files, and may hold anything; lines stay lines.
    """
    return "".join(
        character if character.isprintable() or character in "\n\t" else _written_out(character) for character in text
    )


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
