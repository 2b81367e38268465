"""What mkdocs does to the pages before it renders them (mkdocs.yml names this file).

A line `<!-- README.md: Heading -->` is replaced by what stands under that heading of the file, and `<!-- FILE.md -->`
by the whole file, so that nothing is written twice. Links to files of the project outside docs/ become their names.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

PROJECT = Path(__file__).parents[2]
TAKEN_IN = re.compile(r"^<!-- (\w+\.md)(?:: (.+))? -->$", flags=re.MULTILINE)
IMAGE = re.compile(r'(<img src=")docs/')  # of the README
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+:|#)([^)#]+)(#[^)]*)?\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """A page's text, complete, with links that work on the site."""
    text = _links(markdown, "docs", page.file.src_uri)
    return TAKEN_IN.sub(lambda match: _links(_section(match[1], match[2]), "", page.file.src_uri), text)


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """A rendered page; assets/site.css folds the config reference's tables on a phone."""
    return f'<div class="config">{html}</div>' if page.file.src_uri == "config.md" else html


def _section(name: str, heading: str | None) -> str:
    text = (PROJECT / name).read_text(encoding="utf-8")
    if heading is None:
        return text
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    if found is None:
        raise PluginError(f"{name} has no heading '{heading}'")
    return found[1]


def _links(text: str, folder: str, page: str) -> str:
    """Links of a file in `folder`, as they are from a page in docs/."""

    def link(match: re.Match[str]) -> str:
        words, target, anchor = match[1], posixpath.normpath(posixpath.join(folder, match[2])), match[3] or ""
        if not (PROJECT / target).exists():
            raise PluginError(f"{page}: there is no {target}")
        if target in PAGES:
            target = f"docs/{PAGES[target]}"
        if target.startswith("docs/") and (PROJECT / target).is_file():
            return f"[{words}]({target.removeprefix('docs/')}{anchor})"
        return words if words.startswith("`") else f"`{target}`"

    # Never inside code blocks: what is copied from there must be whole.
    return "".join(
        part if part.startswith("```") else LINK.sub(link, IMAGE.sub(r"\1", part))
        for part in re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    )


# Files that are pages under another name.
PAGES = {"CHANGELOG.md": "changes.md"}
