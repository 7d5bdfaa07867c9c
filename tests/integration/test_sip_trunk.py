# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vox_sip_trunk_info with real SIP software."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from integration._playbook import COLLECTION, KEY, SECRET, Ansible
from integration._sip import KAMAILIO, PASSWORD, SIPP, USERNAME, free_ports, reply, running_kamailio, running_sipp
from simulator import Simulator

pytest.importorskip("sipmessage", reason="sipmessage is not installed")
needs_sipp = pytest.mark.skipif(not SIPP, reason="sipp is not installed")
needs_kamailio = pytest.mark.skipif(not KAMAILIO, reason="kamailio is not installed")

from ansible_collections.voxai.telephony.plugins.module_utils import _sip
from ansible_collections.voxai.telephony.plugins.module_utils._sip import NoAnswer, Server
from ansible_collections.voxai.telephony.plugins.module_utils._sip_trunk_info import TASK, run

GIVEN = {"auth_username": USERNAME, "auth_password": PASSWORD}
WRONG = {"auth_username": USERNAME, "auth_password": "wrong"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sip")


@pytest.fixture(scope="module")
def ports(directory: Path) -> Iterator[dict[str, int]]:
    with running_kamailio(directory) as ports:
        yield ports


def ask(address: str, **options: Any) -> dict[str, Any]:
    defaults = {name: spec.get("default") for name, spec in TASK.spec.items()}
    written = {"address": address, **options}
    result = run(written, {**defaults, **written}, lambda options: pytest.fail(), False, print)
    assert not result.get("failed"), result
    assert result["changed"] is False
    assert result["reachable"] is (result["problem"] is None)
    return result


@needs_kamailio
@pytest.mark.parametrize(
    ("behaviour", "options", "expected"),
    [
        ("ok", {}, (200, "udp", "not_asked")),
        ("ok", {"transport": "tcp"}, (200, "tcp", "not_asked")),
        ("ok", GIVEN, (200, "udp", "not_asked")),
        ("www", {}, (401, "udp", "not_tried")),
        ("www", GIVEN, (200, "udp", "accepted")),
        ("www", {**GIVEN, "transport": "tcp"}, (200, "tcp", "accepted")),
        ("www", WRONG, (401, "udp", "refused")),
        ("proxy", GIVEN, (200, "udp", "accepted")),
        ("proxy", WRONG, (407, "udp", "refused")),
        ("both", GIVEN, (200, "udp", "accepted")),
        ("missing", {}, (404, "udp", "not_asked")),
        ("busy", {}, (503, "udp", "not_asked")),
    ],
)
def test_answers(ports: dict[str, int], behaviour: str, options: dict[str, Any], expected: tuple[Any, ...]) -> None:
    result = ask(f"sip:127.0.0.1:{ports[behaviour]}", **options)
    assert (result["status"], result["transport"], result["authentication"]) == expected
    assert result["reachable"] is True
    assert result["ok"] is (expected[0] == 200)
    assert result["remote"] == f"127.0.0.1:{ports[behaviour]}"
    assert result["resolved"] == ["127.0.0.1"]
    assert "kamailio" in result["server"]
    assert 0 < result["round_trip_ms"] < 5000
    assert str(expected[0]) in result["msg"]


@needs_kamailio
@pytest.mark.parametrize(("options", "expected"), [(GIVEN, (200, "accepted")), (WRONG, (401, "refused"))])
def test_sha_256(tmp_path: Path, options: dict[str, Any], expected: tuple[int, str]) -> None:
    with running_kamailio(tmp_path, "SHA-256") as ports:
        result = ask(f"sip:127.0.0.1:{ports['www']}", **options)
    assert (result["status"], result["authentication"]) == expected


@needs_kamailio
@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("sips:localhost:{tls}", {}),
        ("sip:127.0.0.1:{tls};transport=tls", {}),
        ("127.0.0.1:{tls}", {"transport": "tls"}),
        ("127.0.0.1:{tls}", {"transport": "tls", "validate_certs": False, "ca_path": None}),
    ],
)
def test_tls(ports: dict[str, int], directory: Path, address: str, options: dict[str, Any]) -> None:
    result = ask(address.format(**ports), **{"ca_path": str(directory / "ca.pem"), **options})
    assert (result["status"], result["transport"]) == (200, "tls")


@needs_kamailio
def test_an_untrusted_certificate(ports: dict[str, int]) -> None:
    result = ask(f"sips:127.0.0.1:{ports['tls']}")
    assert (result["reachable"], result["problem"]) == (False, "tls")
    assert "certificate" in result["msg"]


@needs_kamailio
@pytest.mark.parametrize(("name", "words"), [("localhost.", None), ("pbx.example.com", "pbx.example.com")])
def test_the_name_in_a_certificate(ports: dict[str, int], directory: Path, name: str, words: str | None) -> None:
    context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    server = Server(name, ports["tls"], "tls", f"sips:{name}", context)
    with nullcontext() if words is None else pytest.raises(NoAnswer, match=words):
        assert _sip.ask(server, [(socket.AF_INET, ("127.0.0.1", ports["tls"]))], None, 5).status == 200


@needs_kamailio
def test_ipv6(ports: dict[str, int]) -> None:
    result = ask(f"sip:[::1]:{ports['ok']}")
    assert (result["status"], result["remote"]) == (200, f"[::1]:{ports['ok']}")


@needs_kamailio
def test_the_transport_of_the_address(ports: dict[str, int]) -> None:
    assert ask(f"sip:127.0.0.1:{ports['ok']};transport=TCP")["transport"] == "tcp"


@needs_kamailio
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_silence(ports: dict[str, int], transport: str) -> None:
    started = time.monotonic()
    result = ask(f"sip:127.0.0.1:{ports['silent']}", transport=transport, timeout=0.7)
    assert time.monotonic() - started < 1.7
    assert (result["reachable"], result["problem"], result["status"]) == (False, "silent", None)


@pytest.mark.parametrize("transport", ["auto", "udp", "tcp", "tls"])
def test_a_closed_port(transport: str) -> None:
    (port,) = free_ports(1)
    result = ask(f"sip:127.0.0.1:{port}", transport=transport)
    assert (result["reachable"], result["problem"]) == (False, "refused")
    assert f"127.0.0.1:{port}" in result["msg"]


def test_an_empty_address() -> None:
    options = {name: spec.get("default") for name, spec in TASK.spec.items()}
    result = run({"address": " "}, {**options, "address": " "}, lambda options: pytest.fail(), False, print)
    assert result["failed"] and result["msg"] == "address is empty: write one, such as 'sip:trunk.example.com:5060'"


def test_a_name_that_does_not_resolve() -> None:
    result = ask("sip:trunk.invalid")
    assert (result["reachable"], result["problem"], result["resolved"]) == (False, "unresolved", [])
    assert "trunk.invalid does not resolve" in result["msg"]


PAUSE = '<pause milliseconds="200"/>'
OTHER_BRANCH = reply("200 Other", via="Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKother")
OTHER_CALL = reply("200 Other", call_id="Call-ID: other")
ENDLESS = "Content-Length: 999999999\n\nand so on"
SHORT = "Content-Length: 4\n\nbody"


@needs_sipp
@pytest.mark.parametrize(
    ("transport", "steps", "status", "problem"),
    [
        ("udp", [reply("100 Trying"), PAUSE, reply("200 OK")], 200, None),
        ("tcp", [reply("100 Trying", rest=SHORT), PAUSE, reply("200 OK")], 200, None),
        ("udp", [reply("100 Trying")], 100, None),
        ("udp", [reply("200 OK")] * 3, 200, None),
        ("udp", [OTHER_BRANCH, OTHER_CALL, reply("486 Busy")], 486, None),
        ("tcp", [OTHER_BRANCH, OTHER_CALL, reply("486 Busy")], 486, None),
        ("udp", [OTHER_BRANCH, OTHER_CALL, PAUSE * 10], None, "silent"),
        ("tcp", [reply("200 OK", rest=ENDLESS)], 200, None),
        ("tcp", [reply("100 Trying", rest=ENDLESS)], None, "silent"),
        ("udp", [PAUSE, PAUSE, PAUSE, PAUSE, reply("200 Late")], 200, None),
    ],
)
def test_unusual_responses(
    tmp_path: Path, transport: str, steps: list[str], status: int | None, problem: str | None
) -> None:
    with running_sipp(tmp_path, *steps, transport=transport) as port:
        result = ask(f"sip:127.0.0.1:{port}", transport=transport, timeout=5 if (status or 0) >= 200 else 0.9)
    assert (result["status"], result["problem"]) == (status, problem)


@needs_kamailio
def test_the_password_is_not_printed(ansible: Ansible, ports: dict[str, int], directory: Path) -> None:
    if not has_sipmessage(ansible):
        pytest.skip("sipmessage is not installed for the ansible-core under test")
    password = {"auth_username": USERNAME, "auth_password": "{{ sip_password }}"}
    tasks = [
        {COLLECTION + "vox_sip_trunk_info": {"address": f"sip:127.0.0.1:{ports[name]}", **options}, **keywords}
        for name, options, keywords in (
            ("www", password, {}),
            ("quoting", password, {"check_mode": True, "diff": True}),
            ("ok", {**password, "timeout": 0}, {"ignore_errors": True}),
            ("ok", {"auth_password": "{{ sip_password }}"}, {"ignore_errors": True}),
            ("ok", {**password, "address": "sip:a:{{ sip_password }}@b"}, {"ignore_errors": True}),
        )
    ]
    defaults = {"group/voxai.telephony.vox": {"api_key": "key"}}
    play = {"hosts": "all", "gather_facts": False, "module_defaults": defaults, "tasks": tasks}
    done = ansible.run([play], {"trunk": ansible.host("module")}, "--diff")
    assert SECRET not in done.output
    accepted, quoting, *refused = done.tasks
    assert (accepted.result["ok"], accepted.result["authentication"]) == (True, "accepted")
    assert accepted.result["changed"] is False
    assert quoting.result["reason"] == "welcome ********"
    assert [task.failed for task in refused] == [True] * 3
    for task, words in zip(refused, ("timeout is 0", "required together", "contains a password"), strict=True):
        assert words in task.message
        assert task.result["reachable"] is False


CHECKED = """\
- hosts: all
  gather_facts: false
  vars: {vox_check_trunk: true}
  tasks:
    - ansible.builtin.include_role: {name: voxai.telephony.telephone_numbers}
"""


def has_sipmessage(ansible: Ansible) -> bool:
    return not subprocess.run([ansible.python, "-c", "import sipmessage"], capture_output=True, check=False).returncode


@needs_kamailio
def test_the_role_asks_each_trunk_once(ansible: Ansible, ports: dict[str, int], sim: Simulator) -> None:
    if not has_sipmessage(ansible):
        pytest.skip("sipmessage is not installed for the ansible-core under test")
    good = f"sip:127.0.0.1:{ports['ok']}"
    entries: dict[str, list[dict[str, Any]]] = {
        "good": [
            {"number": "07011110001"},
            {"number": "07011110002", "address": good.upper()},
            {"number": "07011110003", "state": "absent", "address": "sip:trunk.invalid"},
            {"number": "07011110004", "address": None},
        ],
        "bad": [{"number": "07011110005"}, {"number": "07011110006", "address": "sip:trunk.invalid"}],
        "nobody": [{"number": "07011110007", "address": f"sip:127.0.0.1:{free_ports(1)[0]}"}],
    }
    sim.add("07011110004", provider="vox")
    hosts = {
        name: ansible.host("action", vox_telephone_numbers=listed, vox_telephone_numbers_defaults={"address": good})
        for name, listed in entries.items()
    }
    done = ansible.run(CHECKED, hosts, VOX_API_URL=sim.url, VOX_API_KEY=KEY)
    by_host = {name: [task for task in done.of(name) if task.action.startswith(COLLECTION)] for name in hosts}
    asked, applied = by_host["good"]
    assert [item["item"] for item in asked.result["results"]] == [good]
    assert applied.result["summary"]["registered"] == 2, applied.message
    for name, words in (("bad", "trunk.invalid does not resolve"), ("nobody", "refuses the connection")):
        assert len(by_host[name]) == 1
        assert words in done.of(name)[-1].message
    assert {number["number"] for number in sim.numbers()} == {"07011110001", "07011110002", "07011110004"}


@pytest.mark.parametrize(
    ("playbook", "answers", "checked"),
    [
        ("register", {"vox_number": "070-1111-0001"}, "ask"),
        ("register", {"vox_number": "070-1111-0001"}, "skip"),
        ("register", {"vox_number": "070-1111-0001"}, "yes"),
        ("register_many", {"vox_numbers": "070-1111-0001"}, True),
    ],
)
def test_a_playbook_asks_before_it_writes(
    ansible: Ansible, sim: Simulator, playbook: str, answers: dict[str, str], checked: str | bool
) -> None:
    if not has_sipmessage(ansible):
        pytest.skip("sipmessage is not installed for the ansible-core under test")
    variables = {**answers, "vox_address": "sip:trunk.invalid", "vox_check_trunk": checked}
    checked = checked != "skip"
    hosts = {"localhost": ansible.host("action")}
    environment = {"VOX_API_URL": sim.url, "VOX_API_KEY": KEY}
    done = ansible.run(Path(f"voxai.telephony.{playbook}"), hosts, f"-e{json.dumps(variables)}", **environment)
    assert done.code == (2 if checked else 0), done.output
    assert ("trunk.invalid does not resolve" in done.output) is checked
    assert len(sim.writes) == (0 if checked else 1)


@needs_kamailio
def test_the_audit_asks_each_trunk(ansible: Ansible, ports: dict[str, int], sim: Simulator, tmp_path: Path) -> None:
    if not has_sipmessage(ansible):
        pytest.skip("sipmessage is not installed for the ansible-core under test")
    agent = {"agent_id": sim.add_agent()["agent_id"], "agent_version": "production"}
    addresses = [f"sip:127.0.0.1:{ports['ok']}", f"SIP:127.0.0.1:{ports['ok']}", "sip:trunk.invalid", "sip:none"]
    # The name contains a word that was once taken for a missing library.
    addresses += ["sip:sipmessage.invalid"]
    for index, address in enumerate(addresses):
        sim.add(f"0701111000{index}", address=address, inbound_agent=agent)
    variables = {"vox_audit_trunks": True, "vox_audit_report": str(tmp_path / "report")}
    environment = {"VOX_API_URL": sim.url, "VOX_API_KEY": KEY}
    hosts = {"localhost": ansible.host("action")}
    done = ansible.run(Path("voxai.telephony.audit"), hosts, f"-e{json.dumps(variables)}", **environment)
    assert done.code == 2
    assert "3 errors and 2 warnings" in done.output
    assert "error sip:trunk.invalid trunk: the host name trunk.invalid does not resolve" in done.output
    report = json.loads((tmp_path / "report" / "audit.json").read_text(encoding="utf-8"))
    assert [trunk["problem"] for trunk in report["trunks"]] == [None, "unresolved", "invalid", "unresolved"]
    assert "<h2>SIP trunks</h2>" in (tmp_path / "report" / "audit.html").read_text(encoding="utf-8")
