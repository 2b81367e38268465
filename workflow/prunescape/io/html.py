"""Pages of answers for people to look at, in one look, without anything from elsewhere."""

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from prunescape.io.seals import accepted

# The policy makes browsers refuse whatever would come from elsewhere.
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>{{ title }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 80rem; margin: 1.5rem auto; padding: 0 1rem;
 overflow-wrap: break-word; }
h1, p, ul, summary, dl { max-width: 62rem; }
a { color: #0b4f8a; }
:is(a, button, summary, select, input, [tabindex]):focus-visible { outline: 2px solid #0b4f8a; outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
.numbers th, .numbers td { text-align: right; }
.numbers .words { text-align: left; min-width: 12rem; }
.numbers th:first-child, .numbers td:first-child, .numbers th:last-child, .numbers td:last-child { text-align: left; }
.numbers td:first-child { overflow-wrap: anywhere; }
.good { color: #00634a; } .doubtful { color: #8a5a00; } .bad { color: #a3260f; } .note { color: #555; }
b { text-transform: uppercase; }
@media (min-width: 75rem) { .numbers td:first-child { white-space: nowrap; } }
@media (max-width: 40rem) {
 table { display: block; overflow-x: auto; }
 /* Where each cell tells its column, a row is a card, and nothing lies beside the screen. */
 .cards, .cards tbody, .cards tr, .cards th, .cards td { display: block; text-align: left !important;
  width: auto !important; min-width: 0 !important; }
 .cards thead { display: none; }
 .cards tr { border-bottom: 2px solid #ccc; padding: .4rem 0; } .cards th, .cards td { border: 0; padding: .1rem 0; }
 .cards td:empty { display: none; }
 .cards [data-label]::before { content: attr(data-label) ": "; color: #555; font-weight: normal; }
}
{{ style }}</style></head><body>
<h1>{{ question }}</h1>
{% if notes %}<p class="note">Some results below were accepted as they are, by <code>snakemake accept</code>, though
something was different: {{ notes | join("; ") }}.</p>
{% endif %}{{ body }}{% if script %}<script>
{{ script }}</script>
{% endif %}</body></html>
"""
_TEMPLATES = Environment(autoescape=True, trim_blocks=True)


def page(
    title: str,
    question: str,
    body: str,
    style: str = "",
    script: str = "",
    notes: Sequence[str] | None = None,
    **values: Any,
) -> str:
    """An HTML page with a heading and a body.

    Args:
        title: of the browser's window.
        question: its heading.
        body: a Jinja template of what is below; classes "good", "doubtful", "bad" and "note" colour text, and tables of
            class "numbers" align to the right all but their first and last column.
        style, script: CSS and JavaScript of ours; they go in as they are.
        notes: what was different of results that were accepted as they are; None takes what this job's inputs say.
        values: what the template uses.
    """
    parts = {"body": section(body, **values), "style": Markup(style), "script": Markup(script)}
    told = accepted() if notes is None else notes
    return str(section(_PAGE, title=title, question=question, notes=told, **parts))


def breaking(name: str) -> Markup:
    """A name that may go on in the next line after each underscore, where there is no room for it."""
    return Markup("_<wbr>").join(name.split("_"))


def section(template: str, /, **values: Any) -> Markup:
    """A part of a page, from a Jinja template; other templates take it in as it is."""
    return Markup(_TEMPLATES.from_string(template).render(**values))
