# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a documentation site as a browser gets it: links within it lead somewhere, and nothing comes from outside."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser loads by itself, and not when somebody follows it.
LOADED = {("img", "src"), ("link", "href"), ("object", "data"), ("script", "src"), ("source", "src"), ("iframe", "src")}


@dataclass
class Page(HTMLParser):
    """The anchors of an HTML page, and its links with the line they are in."""

    anchors: set[str] = field(default_factory=set)
    links: list[tuple[int, str]] = field(default_factory=list)
    loaded: list[tuple[int, str]] = field(default_factory=list)

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


@cache
def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def faults(site: Path) -> list[str]:
    found = []
    for path in sorted(site.rglob("*.html")):
        page = read(path)
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
                found.append(f"{path}:{line}: {address} names an anchor that isn't there")
    return found


def main() -> int:
    site = Path(sys.argv[1]).resolve()
    assert (site / "index.html").is_file(), f"no site in {site}"
    found = faults(site)
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
