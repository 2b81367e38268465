"""What an HTML page names as an address."""

from html.parser import HTMLParser


class Addresses(HTMLParser):
    """What a page names as an address, and whether its elements close in the order in which they open."""

    VOID = ("meta", "link", "img", "input", "br", "wbr")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.found += [value for name, value in attributes if name in ("src", "href", "srcset", "action", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag
