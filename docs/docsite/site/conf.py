# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Sphinx makes the documentation site.

Its source is a copy of the checkout, in which antsibull-docs has written the pages of the plugins below collections/.
So texts stay where they are read without a site, and link to each other as they do there.
"""

from __future__ import annotations

import re
from pathlib import Path

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

extensions = ["myst_parser", "sphinx_antsibull_ext"]
include_patterns = [
    "index.rst",
    "collections/index.rst",
    "collections/*/index.rst",
    f"{CONTENT}/*",
    "docs/**.md",
    "roles/*/README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
]
nitpicky = True
myst_heading_anchors = 3
# Nothing of a code block is guessed: its fence says what language it is in.
highlight_language = "none"

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
# The theme's colours, and both of its modes: site.css has them for what antsibull-docs writes.
antsibull_ext_color_scheme = "none"

# Where the pages of antsibull-docs expect the documentation of Ansible beside them.
ANSIBLE_DOCS = "https://docs.ansible.com/projects/ansible/latest/"
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
# The README's links are good anywhere. Here they lead to the site's own pages.
REPOSITORY_FILE = re.compile(re.escape(GALAXY["repository"]) + r"/blob/main/(?P<path>[^#]*)\.md(?P<anchor>#.*)?")
# A role's name is left alone: an option has the same.
PLUGIN_PAGE = re.compile(rf"{CONTENT}/(?P<name>\w+)_(module|filter)")


def adapt_pages(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Fit the pages of antsibull-docs to the theme."""
    if docname.startswith("collections/"):
        # The theme has the page's contents at its side.
        source[0] = re.sub(r"(?m)^\.\. contents::\n(   .*\n)*", "", source[0])
    if docname == f"{CONTENT}/index":
        # In the menu they are named as in a task, without their descriptions.
        source[0] = re.sub(r"(?m)^    (\w+)_(module|role|filter)$", r"    \1 <\1_\2>", source[0])


def find_in_ansible_docs(
    _app: Sphinx, _env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    page = ANSIBLE_LABELS.get(node["reftarget"])
    return nodes.reference("", "", content, refuri=ANSIBLE_DOCS + page) if page else None


def link_pages(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Lead from names of plugins, and from links to files of the repository, to the pages of this site."""
    pages = app.env.all_docs
    plugins = {match["name"]: page for page in pages if (match := PLUGIN_PAGE.fullmatch(page))}

    def uri(page: str) -> str:
        return app.builder.get_relative_uri(docname, page)

    for link in doctree.findall(nodes.reference):
        if file := REPOSITORY_FILE.fullmatch(link.get("refuri", "")):
            page = "index" if file["path"] == "README" else file["path"]
            if page in pages:
                link["refuri"] = uri(page) + (file["anchor"] or "")
    if not docname.startswith("collections/"):
        for literal in list(doctree.findall(nodes.literal)):
            plugin = plugins.get(literal.astext().removeprefix(f"{project}."))
            if plugin and not isinstance(literal.parent, (nodes.reference, nodes.title)):
                literal.replace_self(nodes.reference("", "", literal.deepcopy(), refuri=uri(plugin), internal=True))


def setup(app: Sphinx) -> None:
    app.connect("source-read", adapt_pages)
    app.connect("missing-reference", find_in_ansible_docs)
    app.connect("doctree-resolved", link_pages)
