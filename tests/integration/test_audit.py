# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook audit: its report, and the conditions of its failure."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from integration._playbook import AGENTS, KEY, LIST, NUMBER, SECRET, Ansible, Run
from integration.test_info import break_every_rule_once
from simulator import Simulator

AUDIT = Path("voxai.telephony.audit")
TEMPLATES = Path(__file__).parents[2] / "playbooks" / "templates"
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}{% raw %}"


def run(ansible: Ansible, sim: Simulator, **variables: Any) -> Run:
    environment = {"VOX_API_URL": sim.url, "VOX_API_KEY": KEY}
    done = ansible.run(AUDIT, {"localhost": ansible.host("action")}, f"-e{json.dumps(variables)}", **environment)
    assert SECRET not in done.output
    assert sim.writes == []
    return done


class Page(HTMLParser):
    """A parsed HTML page: its tags, and the texts of its cells by row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self._cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _value in attrs}
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self._cell = tag not in ("script", "style") and (tag == "td" or self._cell)

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._cell and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.rows[-1][-1] += data


def test_a_report_of_every_rule(ansible: Ansible, sim: Simulator, tmp_path: Path) -> None:
    break_every_rule_once(sim)
    hostile = sim.add_agent(HOSTILE)["agent_id"]
    mapping = {"agent_id": hostile, "agent_version": "v1"}
    sim.add("07011110009", memo=HOSTILE, inbound_agent=mapping, outbound_agent=mapping, address=f"sip:a;{HOSTILE}")
    for index, sign in enumerate("=+-@\t\r\n\uff1d"):
        sim.add(f"0701111001{index}", memo=f"{sign}1+1", inbound_agent=mapping)
    report = tmp_path / "new" / "report"
    done = run(ansible, sim, vox_audit_report=str(report))
    assert done.code == 2
    assert "4 errors and 4 warnings: see the findings above" in done.output
    assert "error 07011110001 no_inbound_agent: no inbound agent" in done.stdout
    assert [f"{request.method} {request.path.removeprefix('/v3')}" for request in sim.requests] == [LIST] * 3 + [AGENTS]

    held = json.loads((report / "audit.json").read_text(encoding="utf-8"))
    assert held["summary"]["numbers"] == len(held["telephone_numbers"]) == 19
    assert len(held["findings"]) == 9
    assert held["trunks"] == []

    page = Page((report / "audit.html").read_text(encoding="utf-8"))
    assert page.tags.count("script") == 1
    assert not {"img", "link", "iframe"} & set(page.tags)
    assert not {name for name in page.attributes if name.startswith("on")} | ({"src"} & page.attributes)
    (row,) = [cells for cells in page.rows if cells and cells[0] == "070-1111-0009"]
    assert row[2] == f"{HOSTILE} v1"
    assert row[6] == HOSTILE
    assert len([cells for cells in page.rows if len(cells) == 9]) == 19
    findings = [cells for cells in page.rows if len(cells) == 3]
    assert [cells[0] for cells in findings[:2]] == ["070-1111-0001", "070-1111-0002"]
    assert len(findings) == 9

    with (report / "audit.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["number"]: row for row in csv.DictReader(file)}
    assert rows["070-1111-0009"]["memo"] == HOSTILE
    assert rows["070-1111-0007"]["inbound_agent"] == "'=1+1"
    assert rows["941921426"]["memo"] == '\'=HYPERLINK("http://example.com")'
    assert [rows[f"070-1111-001{index}"]["memo"][0] for index in range(8)] == ["'"] * 8
    assert rows["070-1111-0008"]["rules"] == "ending"


@pytest.mark.parametrize(
    ("version", "fail_on", "code"),
    [
        ("production", "warning", 0),
        ("current", None, 0),
        ("current", "warning", 2),
        (None, "never", 0),
        ("production", "sometimes", 2),
    ],
)
def test_fail_on(ansible: Ansible, sim: Simulator, version: str | None, fail_on: str | None, code: int) -> None:
    agent = sim.add_agent()["agent_id"]
    sim.add(NUMBER, inbound_agent={"agent_id": agent, "agent_version": version} if version else None)
    done = run(ansible, sim, **{"vox_audit_fail_on": fail_on} if fail_on else {})
    assert done.code == code, done.output
    assert ("write error, warning or never" in done.output) == (fail_on == "sometimes")


def test_a_missing_library_is_named(ansible: Ansible, sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "sipmessage.py").write_text("raise ImportError", encoding="utf-8")
    sim.add(NUMBER)
    variables = json.dumps({"vox_audit_trunks": True})
    environment = {"VOX_API_URL": sim.url, "VOX_API_KEY": KEY, "PYTHONPATH": str(tmp_path)}
    done = ansible.run(AUDIT, {"localhost": ansible.host("action")}, f"-e{variables}", **environment)
    assert done.code == 2
    assert "the required Python library (sipmessage)" in done.tasks[-1].message


def test_the_template_escapes_all_values() -> None:
    """Ansible ignores Jinja's autoescape."""
    html = (TEMPLATES / "audit.html.j2").read_text(encoding="utf-8")
    expressions = re.findall(r"\{\{(.*?)\}\}", html)
    assert len(expressions) > 40
    unescaped = [shown for shown in expressions if not re.fullmatch(r" \(.*\) \| e ", shown)]
    assert {re.sub(r"line\.\w+", "line.X", shown) for shown in unescaped} == {" agent(line.X) "}
