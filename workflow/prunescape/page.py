"""Pages of answers for people to look at, in one look, without anything from elsewhere."""

from typing import Any

from jinja2 import Environment

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
.numbers th, .numbers td { text-align: right; }
.numbers th:first-child, .numbers td:first-child, .numbers th:last-child, .numbers td:last-child { text-align: left; }
.good { color: #00634a; } .doubtful { color: #8a5a00; } .bad { color: #a3260f; } .note { color: #555; }
b { text-transform: uppercase; }
@media (max-width: 40rem) { table { display: block; overflow-x: auto; } }
</style></head><body>
<h1>{{ question }}</h1>
BODY
</body></html>
"""

# Within a page, the findings of `entry`, each with question, answer and decided; `sure` says what that means.
ANSWERS = """<table>
<thead><tr><th scope="col">Question</th><th scope="col">Answer</th><th scope="col">Decided</th></tr></thead>
<tbody>
{% for finding in entry.findings %}
<tr><td>{{ finding.question }}</td><td>{{ finding.answer }}</td>
{% if finding.decided is none %}<td class="note">–</td>
{% elif finding.decided %}<td class="good">{{ sure }}</td>
{% else %}<td class="doubtful">not with these seeds</td>{% endif %}</tr>
{% endfor %}</tbody></table>
"""


def page(title: str, question: str, body: str, **values: Any) -> str:
    """An HTML page.

    Args:
        title: of the browser's window.
        question: its heading.
        body: a Jinja template of what is below; classes "good", "doubtful", "bad" and "note" colour text, and tables of
            class "numbers" align to the right all but their first and last column.
        values: what the template uses.
    """
    template = Environment(autoescape=True, trim_blocks=True).from_string(_PAGE.replace("BODY", body))
    return template.render(title=title, question=question, **values)
