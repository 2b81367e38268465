"""Pages of the companion studies in a real browser: quiet, on a phone and a desktop, by keyboard and by ear.

Skipped where there is no Chromium.
"""

from pathlib import Path

import pytest

from browser import find_browser
from companion_page_samples import STUDIES, sample_page

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no Chromium on this machine (Debian package chromium)")


@pytest.fixture(scope="module")
def addresses(tmp_path_factory) -> dict[str, str]:
    found = {}
    for study in STUDIES:
        path: Path = tmp_path_factory.mktemp(study) / "explore.html"
        path.write_text(sample_page(study, path.parent))
        found[study] = path.as_uri()
    return found


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("study", STUDIES)
def test_it_is_quiet_asks_nobody_and_fits_the_screen(study: str, width: int, browser, addresses) -> None:
    browser.open(addresses[study], width)
    assert browser.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    browser.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate("document.querySelector('.short').scrollWidth") <= width  # read without being moved
    assert browser.messages == []
    assert [request for request in browser.requests if not request.startswith("data:")] == [addresses[study]]


def test_claims_are_folded_until_asked_for_by_keyboard(browser, addresses) -> None:
    browser.open(addresses["coherence"], 1280)
    details = "document.querySelector('#claims details')"
    assert not browser.evaluate(f"{details}.open")
    browser.evaluate(f"{details}.querySelector('summary').focus()")
    browser.press("Enter")
    assert browser.evaluate(f"{details}.open")


def test_a_keyboard_sorts_a_table_both_ways(browser, addresses) -> None:
    browser.open(addresses["stochastic"], 1280)
    column = "[...document.querySelectorAll('#tables tbody tr')].slice(0, 3).map((row) => row.cells[1].textContent)"
    head = "document.querySelectorAll('#tables thead th')[1]"
    assert browser.evaluate(column) == ["3.25", "-1.5", ""]
    browser.evaluate("document.querySelectorAll('#tables thead button')[0].focus()")
    browser.press("Tab")
    for order, values in {"ascending": ["-1.5", "3.25", ""], "descending": ["3.25", "-1.5", ""]}.items():
        browser.press("Enter")
        assert browser.evaluate(f"{head}.getAttribute('aria-sort')") == order
        assert browser.evaluate(column) == values


@pytest.mark.parametrize("study", STUDIES)
def test_everything_to_operate_has_a_name(study: str, browser, addresses) -> None:
    browser.open(addresses[study], 1280)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "link", "image", "img", "region", "navigation", "DisclosureTriangle"}
    seen = [node for node in nodes if not node["ignored"] and node["role"]["value"] in roles]
    assert {"button", "link", "image", "region", "navigation"} <= {node["role"]["value"] for node in seen}
    assert [node["role"]["value"] for node in seen if not node.get("name", {}).get("value")] == []
    headers = [node for node in nodes if not node["ignored"] and node["role"]["value"] == "rowheader"]
    assert len(headers) > 5  # a question is the head of its row


def test_without_scripts_it_tells_the_same(browser, addresses) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(addresses["mechanism"], 1280)
        text = browser.evaluate("document.body.innerText")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert "yes in 2 of 4 small_resnet, there: +9.0 points [8.0, 10.0]" in text
    assert "Download table_1.csv" in text
