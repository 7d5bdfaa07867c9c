# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the HTML of the documentation site.

Internal links have a target, nothing is loaded from other hosts, Korean text is not escaped, and the search finds the
page that explains a word.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Resources that a browser loads with the page, unlike links.
LOADED = {("img", "src"), ("link", "href"), ("object", "data"), ("script", "src"), ("source", "src"), ("iframe", "src")}

# Search words of users, and the page that must be found first.
SEARCHED = {
    "429": "docs/rate-limits",
    "dry run": "docs/check-mode",
    "quick start": "docs/start",
    "rate limit": "docs/rate-limits",
    "throttling": "docs/rate-limits",
    "unregister": "docs/start",
}
ESCAPED = re.compile(r"\\u[0-9a-f]{4}")


@dataclass
class Page(HTMLParser):
    """The anchors of an HTML page, its links with their lines, and the lines with escaped characters."""

    anchors: set[str] = field(default_factory=set)
    links: list[tuple[int, str]] = field(default_factory=list)
    loaded: list[tuple[int, str]] = field(default_factory=list)
    escaped: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name == "id":
                self.anchors.add(value)
            elif value and (tag, name) in LOADED:
                self.loaded.append((self.getpos()[0], value))
            elif value and (tag, name) == ("a", "href"):
                self.links.append((self.getpos()[0], value))

    def handle_data(self, data: str) -> None:
        if ESCAPED.search(data):
            self.escaped.append(self.getpos()[0])


@cache
def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def faults(site: Path) -> list[str]:
    found = []
    for path in sorted(site.rglob("*.html")):
        page = read(path)
        found += [f"{path}:{line}: escaped characters" for line in page.escaped]
        for line, address in page.loaded + page.links:
            url = urlsplit(address)
            if url.scheme == "data":
                continue
            if url.scheme or url.netloc:
                if (line, address) in page.loaded:
                    found.append(f"{path}:{line}: loads {address} from outside")
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not target.is_file():
                found.append(f"{path}:{line}: {address} leads nowhere")
            elif url.fragment and target.suffix == ".html" and unquote(url.fragment) not in read(target).anchors:
                found.append(f"{path}:{line}: {address}: no such anchor")
    return found


def search_faults(site: Path) -> list[str]:
    """Return the words that are not a main index entry of their page. The search shows main entries first."""
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    found = []
    for word, page in SEARCHED.items():
        pages = [index["docnames"][number] for number, _anchor, main in index["indexentries"].get(word, []) if main]
        if pages != [page]:
            found.append(f"{site}: a search for {word} finds {pages or 'no page'} first, not {page}")
    return found


def main() -> int:
    site = Path(sys.argv[1]).resolve()
    assert (site / "index.html").is_file(), f"no site in {site}"
    found = faults(site) + search_faults(site)
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
