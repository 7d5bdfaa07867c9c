# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Sphinx builds the documentation site.

Its source is a copy of the checkout, in which antsibull-docs has written the pages of the plugins below collections/.
So texts stay where they are read without a site, and link to each other as they do there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

SOURCE = Path(__file__).parent
GALAXY = yaml.safe_load((SOURCE / "galaxy.yml").read_text(encoding="utf-8"))
CONTENT = f"collections/{GALAXY['namespace']}/{GALAXY['name']}"

project = f"{GALAXY['namespace']}.{GALAXY['name']}"
author = GALAXY["authors"][0]
project_copyright = f"2026, {author}"
version = release = GALAXY["version"]

extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinx_copybutton"]
include_patterns = [
    "index.rst",
    "collections/index.rst",
    "collections/*/index.rst",
    f"{CONTENT}/*",
    f"{CONTENT}/docsite/*",
    "docs/**.md",
    "roles/*/README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
]
nitpicky = True
myst_heading_anchors = 3
# The language of a code block is not guessed: its fence names it.
highlight_language = "none"
# The copy button copies commands, without their prompt and their output.
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
# site.css has the theme's colours, light and dark, for the pages of antsibull-docs.
antsibull_ext_color_scheme = "none"

# Labels of Ansible's documentation that the pages of antsibull-docs use.
ANSIBLE_DOCS = "https://docs.ansible.com/projects/ansible/latest/"
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
# Links to the repository's files, which the README uses. On the site they lead to its own pages.
REPOSITORY_FILE = re.compile(re.escape(GALAXY["repository"]) + r"/blob/main/(?P<path>[^#]*)\.md(?P<anchor>#.*)?")
# Not of roles: an option has the same name.
PLUGIN_PAGE = re.compile(rf"{CONTENT}/(?P<name>\w+)_(module|filter|inventory)")
# Short names of plugins that are also variables, of the role and in the artifacts of a job, or plain words.
AMBIGUOUS = {"numbers", "vox_telephone_number", "vox_telephone_numbers"}
# Words that users search for, with the page that explains them. The search shows an index entry first.
KEYWORDS = {
    "CHANGELOG": ("changelog",),
    "docs/check-mode": ("check mode", "diff", "drift", "dry run"),
    "docs/installation": ("api key", "connection options", "install"),
    "docs/many-numbers": ("bulk", "prune", "release"),
    "docs/one-host-one-number": ("forks", "inventory"),
    "docs/rate-limits": ("429", "backoff", "rate limit", "retries", "slow", "throttling"),
    "docs/security": ("no_log", "password", "secrets"),
    "docs/start": ("delete", "quick start", "register", "unregister"),
    "docs/upgrading": ("breaking changes", "upgrade"),
}
# The text of a literal or of a page's title in HTML.
NAMES = re.compile(r'(?<=<span class="pre">)[^<]+|(?<=<h1>)[^<]+')
# A character that JSON has escaped, as antsibull-docs does in samples.
ESCAPE = re.compile(r"\\u([0-9a-f]{4})")


def adapt_pages(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Add index entries to guides, and fit the pages of antsibull-docs to the theme."""
    if docname in KEYWORDS:
        entries = ", ".join(f"!{word}" for word in KEYWORDS[docname])
        source[0] = re.sub(r"(?m)^(# .*)$", rf"\1\n\n```{{index}} {entries}\n```", source[0], count=1)
    if docname.startswith("collections/"):
        # The theme shows the page's contents beside it.
        source[0] = re.sub(r"(?m)^\.\. contents::\n(   .*\n)*", "", source[0])
        source[0] = ESCAPE.sub(lambda match: chr(int(match[1], 16)), source[0])
    if docname == f"{CONTENT}/index":
        source[0] = re.sub(r"(?m)^\w+\.\w+\n=+$", "Modules and plugins\n===================", source[0], count=1)
        # In the menu, plugins have their names only, without a description.
        source[0] = re.sub(r"(?m)^    (\w+)_(module|role|filter|inventory)$", r"    \1 <\1_\2>", source[0])


def find_in_ansible_docs(
    _app: Sphinx, _env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    target = node["reftarget"]
    page = ANSIBLE_LABELS.get(target)
    if node["reftype"] == "envvar" and target.startswith("ANSIBLE_"):
        page = f"reference_appendices/config.html#envvar-{target}"
    return nodes.reference("", "", content, refuri=ANSIBLE_DOCS + page) if page else None


def link_pages(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link names of plugins, and links to files of the repository, to the pages of this site."""
    pages = app.env.all_docs
    plugins = {match["name"]: page for page in pages if (match := PLUGIN_PAGE.fullmatch(page))}
    names = {f"{project}.{name}": page for name, page in plugins.items()}
    names.update((name, page) for name, page in plugins.items() if name not in AMBIGUOUS)

    def uri(page: str) -> str:
        return app.builder.get_relative_uri(docname, page)

    for link in doctree.findall(nodes.reference):
        if file := REPOSITORY_FILE.fullmatch(link.get("refuri", "")):
            page = "index" if file["path"] == "README" else file["path"]
            if page in pages:
                link["refuri"] = uri(page) + (file["anchor"] or "")
    if docname.startswith("collections/"):
        return
    for literal in list(doctree.findall(nodes.literal)):
        plugin = names.get(literal.astext())
        if plugin and not isinstance(literal.parent, (nodes.reference, nodes.title)):
            literal.replace_self(nodes.reference("", "", literal.deepcopy(), refuri=uri(plugin), internal=True))


def allow_breaks(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: nodes.document) -> None:
    """Let a name break after an underscore: on a phone, a column is narrower than many names."""
    if "body" in context:
        context["body"] = NAMES.sub(lambda match: re.sub(r"(?<=[^\W_])_", "_<wbr>", match[0]), context["body"])


def setup(app: Sphinx) -> None:
    app.connect("source-read", adapt_pages)
    app.connect("missing-reference", find_in_ansible_docs)
    app.connect("doctree-resolved", link_pages)
    app.connect("html-page-context", allow_breaks)
