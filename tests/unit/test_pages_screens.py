"""Every kind of page on a desktop and on a phone, in a real browser: nothing is cut, all can be read, nobody is asked.

Skipped where there is no Chromium.
"""

import pytest

from browser import find_browser
from companion_page_samples import STUDIES

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no Chromium on this machine (Debian package chromium)")
KINDS = ["hpspace", *STUDIES, "index", "claims"]
OPENED = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"
# Elements that reach beyond the screen where nothing can be moved to see the rest.
CUT = """
[...document.querySelectorAll("body *")].filter((element) => {
  const box = element.getBoundingClientRect();
  if (!box.width || box.right <= %d + 1) return false;
  for (let parent = element.parentElement; parent; parent = parent.parentElement) {
    if (["auto", "scroll"].includes(getComputedStyle(parent).overflowX) || parent.tagName === "svg") return false;
  }
  return true;
}).map((element) => element.outerHTML.slice(0, 100))
"""
# Texts whose contrast with what is behind them is below 4.5, as WCAG 2 defines it.
PALE = """
(() => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = numbers(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const unseen = ["SCRIPT", "STYLE", "NOSCRIPT", "OPTION"].includes(element.tagName);
    if (unseen || !element.getClientRects().length || !node.data.trim()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(numbers(element.closest("svg") ? style.fill : style.color)), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen += 1;
    if (contrast < 4.5) found.push([contrast, node.data.trim()]);
  }
  return [seen, found];
})()
"""


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_quiet_asks_nobody_fits_the_screen_and_can_be_read(kind: str, width: int, browser, addresses) -> None:
    browser.open(addresses[kind], width)
    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    browser.evaluate(OPENED)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(CUT % width) == []
    seen, pale = browser.evaluate(PALE)
    assert seen > 20
    assert pale == []
    assert browser.messages == []
    assert [request for request in browser.requests if not request.startswith("data:")] == [addresses[kind]]


def test_pale_text_and_what_is_cut_are_seen(browser, addresses) -> None:
    """Else the test above could not fail."""
    browser.open(addresses["claims"], 390)
    browser.evaluate("document.querySelector('h1').style.color = '#888'")
    assert [round(contrast, 1) for contrast, _ in browser.evaluate(PALE)[1]] == [3.5]
    browser.evaluate("document.querySelector('h1').style.width = '900px'")
    assert [text[:3] for text in browser.evaluate(CUT % 390)] == ["<h1"]


# Names of networks that go on in a second line.
BROKEN = """
[...document.querySelectorAll("#verdict tbody td:first-child, .scroll td.named")].filter((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].filter((box) => box.width).map((box) => box.top)).size > 1;
}).map((cell) => cell.textContent)
"""


def test_names_of_networks_stay_in_one_line_on_a_desktop(browser, addresses) -> None:
    browser.open(addresses["hpspace"], 1400)
    browser.evaluate(OPENED)
    assert browser.evaluate("document.querySelectorAll('.scroll td.named').length") > 10
    assert browser.evaluate(BROKEN) == []
    browser.evaluate("document.querySelector('#verdict tbody td').textContent = 'non_uniform_fine_tuning-0.25'")
    assert browser.evaluate(BROKEN) == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= 1400
    browser.evaluate("document.querySelector('#verdict tbody td').innerHTML = 'non_<br>uniform-0.4'")
    assert browser.evaluate(BROKEN) == ["non_uniform-0.4"]


def test_pictures_are_small_ones_side_by_side_that_open_large(browser, addresses) -> None:
    columns = "getComputedStyle(document.querySelector('.pictures')).gridTemplateColumns.split(' ').length"
    for width, beside in ((390, 2), (1400, 3)):
        browser.open(addresses["hpspace"], width)
        assert browser.evaluate(columns) == beside
        assert browser.evaluate("document.querySelector('.pictures .enlarge img').naturalWidth") > 1400


def test_rows_are_cards_on_a_phone_with_the_name_of_each_cell(browser, addresses) -> None:
    shown = "getComputedStyle(document.querySelector('#verdict td:nth-child(2)')).display"
    named = "getComputedStyle(document.querySelector('#verdict td:nth-child(3)'), '::before').content"
    for width, display, name in ((390, "block", '"use: learning rate: "'), (1400, "table-cell", "none")):
        browser.open(addresses["hpspace"], width)
        assert browser.evaluate(shown) == display
        assert browser.evaluate(named) == name


def test_an_overview_has_picture_date_and_cost_and_folds_many_claims(browser, addresses) -> None:
    browser.open(addresses["index"], 1400)
    pictures = browser.evaluate("[...document.images].map((image) => image.closest('a').getAttribute('href'))")
    assert pictures == ["mechanism/explore.html"]
    told = browser.evaluate("document.querySelector('#mechanism').innerText")
    assert "Claims of 20" in told
    assert "no log is left" in browser.evaluate("document.body.innerText")
    folded = browser.evaluate(
        "[...document.querySelectorAll('summary')].map((one) => [one.innerText.slice(0, 3), one.parentElement.open])"
    )
    assert folded == [["How", False], ["5 c", True], ["How", False], [folded[3][0], False]]
    assert browser.evaluate("document.querySelectorAll('.ledger td').length > 100")


@pytest.mark.parametrize("width", [390, 1400])
def test_the_name_of_a_row_and_what_decides_stay_in_view(width: int, browser, addresses) -> None:
    """Of a table that is wider than the screen, wherever it is moved to."""
    browser.open(addresses["hpspace"], width)
    place = """
    (() => {
      const scroll = document.querySelector("#tables .scroll"), edge = scroll.getBoundingClientRect();
      scroll.scrollLeft = %s;
      return [scroll.scrollWidth > scroll.clientWidth, scroll.scrollLeft, ...["named", "decides"].map((kind) => {
        const box = scroll.querySelector(`tbody .${kind}`).getBoundingClientRect();
        return box.left >= edge.left - 1 && box.left < edge.right - 20;
      })];
    })()"""
    for left in (0, 300, 99999):
        wide, moved, *stays = browser.evaluate(place % left)
        assert wide
        assert (moved > 0) == (left > 0)
        assert stays == [True, True]


def test_controls_stay_in_view_beside_what_they_change(browser, addresses) -> None:
    for width, most in ((390, 260), (1400, 160)):
        browser.open(addresses["hpspace"], width, 800)
        browser.evaluate("document.getElementById('now').scrollIntoView({ block: 'end' })")
        top, bottom = browser.evaluate(
            "['top', 'bottom'].map((end) => document.querySelector('.controls').getBoundingClientRect()[end])"
        )
        assert 0 <= top < 1
        assert bottom < most


def test_a_picture_opens_large_and_closes_by_keyboard(browser, addresses) -> None:
    browser.open(addresses["hpspace"], 390)
    browser.evaluate("document.querySelector('#pictures .enlarge').focus()")
    browser.press("Enter")
    assert browser.evaluate("document.querySelector('dialog').open")
    assert browser.evaluate("document.querySelector('dialog img').getBoundingClientRect().width") == 1600
    browser.press("Enter")  # on the button that closes
    assert not browser.evaluate("document.querySelector('dialog').open")
    assert browser.evaluate("document.activeElement.className") == "enlarge"


def test_meanings_of_columns_stand_in_the_page(browser, addresses) -> None:
    browser.open(addresses["hpspace"], 1400)
    told = browser.evaluate("document.querySelector('#tables .meanings').textContent")
    assert "answer`keep`".replace("`", "") in told.replace("\n", "")
    assert browser.evaluate("document.querySelector('#tables th.decides').title").startswith("keep the other setting")


def test_landscapes_have_the_ticks_of_the_figures(browser, addresses) -> None:
    browser.open(addresses["hpspace"], 1400)
    ticks = "[...document.querySelectorAll('#map-dense text')].map((text) => text.textContent)"
    assert browser.evaluate(ticks) == [
        "0.001",
        "0.003",
        "0.01",
        "0.03",
        "0.03",
        "0.1",
        "0.3",
        "weight decay",
        "learning rate",
    ]
