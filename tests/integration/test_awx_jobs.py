# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks for job templates, in jobs like those of AWX."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration._awx import Project
from integration._playbook import KEY, MODULE, NUMBER, PASSWORD, Ansible
from simulator import Simulator

ROOT = Path(__file__).parents[2]
SURVEYS = ROOT / "extensions" / "awx" / "surveys"
TRUNK = "sip:trunk.example.com:5060"
ODD_PASSWORD = "Xyzzy {{ 7 * 6 }} {% raw \" ' \\ 한"


def answers(survey: str, **given: Any) -> dict[str, Any]:
    """Return the extra variables of AWX: each question's answer or default."""
    spec = yaml.safe_load((SURVEYS / f"{survey}.yml").read_text(encoding="utf-8"))["spec"]
    variables = {question["variable"]: question["default"] for question in spec}
    assert given.keys() <= variables.keys()
    return variables | given


@pytest.fixture(scope="module")
def project(core: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(Ansible(core.bin, core.collections_path, core.root, tmp_path_factory.mktemp("awx")))


@pytest.fixture
def credential(sim: Simulator) -> dict[str, str]:
    return {"api_key": KEY, "api_url": sim.url, "sip_username": "vox-customer-12", "sip_password": PASSWORD}


def test_a_number_is_registered(project: Project, sim: Simulator, credential: dict[str, str]) -> None:
    agents = {name: sim.add_agent(name)["agent_id"] for name in ("Front desk", "Night desk")}
    job = project.launch(
        "register.yml",
        answers(
            "register",
            vox_number="070-1111-2222",
            vox_address=f" {TRUNK} ",
            vox_memo="본사 {{ 7 * 6 }} \"'",
            vox_inbound_agent="Front desk",
            vox_outbound_agent=" Night desk",
            vox_agent_version="production",
        ),
        credential=credential | {"sip_password": ODD_PASSWORD},
        diff_mode=True,
        verbosity=5,
    )
    assert job.status == "successful", job.stdout
    (record,) = sim.numbers()
    assert record["number"] == NUMBER
    assert record["address"] == TRUNK
    assert record["memo"] == "본사 {{ 7 * 6 }} \"'"
    assert record["inbound_agent"] == {"agent_id": agents["Front desk"], "agent_version": "production"}
    assert record["outbound_agent"] == {"agent_id": agents["Night desk"], "agent_version": "production"}
    assert record["sms_inbound_agent"] is None
    assert sim.credentials(record["id"]) == ("vox-customer-12", ODD_PASSWORD)
    assert job.changed
    assert job.artifacts == {"vox_telephone_number": record, "vox_actions": ["registered", "agents_updated"]}
    assert f"{NUMBER}: registered, agents_updated" in job.stdout


@pytest.mark.parametrize("written", ["070-1111-2222", "07011112222", "+82 70 1111 2222", "", None])
def test_answers(
    project: Project, sim: Simulator, credential: dict[str, str], core_version: tuple[int, ...], written: str | None
) -> None:
    """Only the question for the number is answered. The number is held."""
    sim.add(NUMBER, memo="kept", address="sip:kept")
    job = project.launch("register.yml", answers("register", vox_number=written), credential=credential)
    assert not job.changed
    assert sim.writes == []
    if not written:
        assert "vox_number is blank: write the telephone number, such as 070-1111-2222" in job.failure
    elif written == NUMBER and core_version >= (2, 19):
        assert job.failure.startswith(
            "vox_number arrived as the integer 941921426, which is not the text that was entered"
        )
        assert "with hyphens, such as 070-1111-2222" in job.failure
        assert sim.requests == []
    else:
        assert job.status == "successful", job.stdout
        assert job.artifacts == {"vox_telephone_number": sim.numbers()[0], "vox_actions": []}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"vox_number": "070-1111"},
            "number '070-1111' has 7 digits, but numbers with this prefix are written 070-XXXX-XXXX",
        ),
        ({"vox_number": "70-1111-2222"}, "number '70-1111-2222' lacks the leading 0: write '070-1111-2222'"),
        ({"vox_number": "desk"}, "number is not a telephone number: write digits"),
        (
            {"vox_number": "070-1111-2222", "vox_update_password": "always"},
            "vox_update_password is always, but there is no SIP password",
        ),
    ],
    ids=["cut", "without its 0", "no number", "no password"],
)
def test_refused_answers(
    project: Project, sim: Simulator, credential: dict[str, str], given: dict[str, str], message: str
) -> None:
    """In the job for one number and in that for a list. Users would overlook the warnings of a successful job."""
    job = project.launch("register.yml", answers("register", **given), credential=credential | {"sip_password": ""})
    assert job.failure.startswith(message)
    assert sim.requests == []


def test_a_job_of_type_check(project: Project, sim: Simulator, credential: dict[str, str]) -> None:
    given = answers("register", vox_number="070-1111-2222", vox_address=TRUNK, vox_memo="new")
    # The SIP fields of the credential are blank.
    blank = {"api_key": KEY, "api_url": sim.url}
    job = project.launch("register.yml", given, credential=blank, job_type="check", diff_mode=True)
    assert job.status == "successful", job.stdout
    assert sim.writes == []
    (result,) = job.results(MODULE)
    assert result["changed"] is True
    assert result["diff"]["after"]["memo"] == "new"
    assert "auth_username" not in result["diff"]["after"] and "auth_password" not in result["diff"]["after"]
    assert job.artifacts["vox_actions"] == ["registered"]
    assert job.artifacts["vox_telephone_number"]["number"] == NUMBER
    assert f"{NUMBER}: would be registered" in job.stdout
    assert project.launch("register.yml", given, credential=credential).status == "successful"
    assert [request.body for request in sim.writes] == [
        {
            "number": NUMBER,
            "address": TRUNK,
            "auth_username": "vox-customer-12",
            "auth_password": PASSWORD,
            "memo": "new",
        }
    ]


def test_a_memo_that_may_have_been_converted_is_refused(
    project: Project, sim: Simulator, credential: dict[str, str], core_version: tuple[int, ...]
) -> None:
    """0042 would become 34."""
    sim.add(NUMBER)
    given = answers("register", vox_number="070-1111-2222", vox_memo="0042", vox_update_password="always")
    job = project.launch("register.yml", given, credential=credential)
    if core_version >= (2, 19):
        assert job.failure.startswith("vox_memo arrived as the integer 34, which is not the text that was entered")
        assert sim.writes == []
    else:
        assert [request.body for request in sim.writes] == [
            {"auth_username": "vox-customer-12", "auth_password": PASSWORD, "memo": "0042"}
        ]


@pytest.mark.parametrize(
    ("name", "written", "arrived"),
    [
        ("vox_inbound_agent", "0123", "the integer 83"),
        ("vox_outbound_agent", "no", "the boolean False"),
        ("vox_sms_inbound_agent", "0", "the integer 0"),
        ("vox_agent_version", "1.5", "the decimal number 1.5"),
        ("vox_numbers_file", "2024-01-02", "another value, 2024-01-02"),
    ],
)
def test_other_answers_that_may_have_been_converted(
    project: Project,
    sim: Simulator,
    credential: dict[str, str],
    core_version: tuple[int, ...],
    name: str,
    written: str,
    arrived: str,
) -> None:
    """They count neither as blank nor as another agent's name. Older ansible-core does not convert them."""
    sim.add_agent("83")
    survey = "register_many" if name == "vox_numbers_file" else "register"
    number = {} if survey == "register_many" else {"vox_number": "070-1111-2222", "vox_address": TRUNK}
    if name == "vox_agent_version":
        number["vox_inbound_agent"] = "83x"
    job = project.launch(f"{survey}.yml", answers(survey, **number, **{name: written}), credential=credential)
    if core_version >= (2, 19):
        assert job.failure.startswith(f"{name} arrived as {arrived}, which is not the text that was entered")
        assert sim.requests == []
    else:
        assert written in job.failure
        assert sim.writes == []


def test_without_a_credential(project: Project, sim: Simulator) -> None:
    for playbook, survey, given in (
        ("register.yml", "register", {"vox_number": "070-1111-2222"}),
        ("register_many.yml", "register_many", {"vox_numbers": "070-1111-2222\n"}),
    ):
        job = project.launch(playbook, answers(survey, **given))
        assert "VOX_API_KEY is not set: choose a credential of the type vox.ai" in job.failure


def test_a_pasted_list(project: Project, sim: Simulator, credential: dict[str, str]) -> None:
    desk = sim.add_agent("Front desk")["agent_id"]
    pasted = "number\taddress\tmemo\n070-1111-2222\t\t0042\n1588-0000\tsip:branch\t{{ 7 * 6 }}, 한\n02-555-1234\t\t\n"
    given = answers(
        "register_many",
        vox_numbers=pasted,
        vox_address=TRUNK,
        vox_memo="Busan",
        vox_inbound_agent="Front desk",
        vox_agent_version="production",
    )
    tried = project.launch("register_many.yml", given, credential=credential, job_type="check")
    assert tried.status == "successful", tried.stdout
    assert tried.artifacts["vox_summary"]["registered"] == 3
    assert sim.writes == []
    job = project.launch("register_many.yml", given, credential=credential | {"sip_password": ODD_PASSWORD})
    assert job.status == "successful", job.stdout
    third, first, second = sorted(sim.numbers(), key=lambda record: str(record["number"]))
    assert (first["number"], first["address"], first["memo"]) == (NUMBER, TRUNK, "0042")
    assert (second["number"], second["address"], second["memo"]) == ("15880000", "sip:branch", "{{ 7 * 6 }}, 한")
    assert (third["number"], third["address"], third["memo"]) == ("025551234", TRUNK, "Busan")
    for record in (first, second, third):
        assert record["inbound_agent"] == {"agent_id": desk, "agent_version": "production"}
        assert sim.credentials(record["id"]) == ("vox-customer-12", ODD_PASSWORD)
    summary = {"registered": 3, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 0}
    assert job.artifacts == {"vox_summary": summary}
    assert '"msg": "3 registered"' in job.stdout


def test_a_list_of_the_project(project: Project, sim: Simulator, credential: dict[str, str]) -> None:
    """The list of the example. Without its agent, nothing is changed, but the artifacts are set anyway."""
    given = answers("register_many", vox_numbers_file="numbers.csv")
    refused = project.launch("register_many.yml", given, credential=credential)
    assert "entry 1 (07011112222): no agent is named 'Front desk'" in refused.failure
    assert refused.artifacts["vox_summary"]["failed"] == 1
    assert sim.writes == []
    sim.add_agent("Front desk")
    job = project.launch("register_many.yml", given, credential=credential)
    assert job.status == "successful", job.stdout
    assert sorted(record["number"] for record in sim.numbers()) == [NUMBER, "07033334444"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "set either vox_numbers (the list itself) or vox_numbers_file"),
        (
            {"vox_numbers": "070-1111-2222", "vox_numbers_file": "numbers.csv"},
            "set either vox_numbers (the list itself)",
        ),
        (
            {"vox_numbers": "number,memo\n070-1111-2222,a\n7011112222,b\n"},
            "the list is invalid:\n- line 3: number 7",
        ),
        ({"vox_numbers_file": "nosuch.csv"}, "vox_numbers_file: no file nosuch.csv in /"),
        ({"vox_numbers": "- {number: '0701', update_password: never}"}, "update_password"),
        # It contains the API key, so it must not be shown.
        ({"vox_numbers_file": "/proc/self/environ"}, "the list is not UTF-8 text"),
    ],
    ids=["none", "two", "mangled", "nowhere", "invalid", "secrets"],
)
def test_refused_lists(
    project: Project, sim: Simulator, credential: dict[str, str], given: dict[str, str], message: str
) -> None:
    job = project.launch("register_many.yml", answers("register_many", **given), credential=credential)
    # The message contains the error, not its place in the playbook.
    assert message in job.failure
    assert "Finalization" not in job.failure and "set_fact" not in job.failure and "summary" not in job.failure
    assert sim.requests == []


def test_a_list_of_digits_only(
    project: Project, sim: Simulator, credential: dict[str, str], core_version: tuple[int, ...]
) -> None:
    """It is used correctly, or refused."""
    given = answers("register_many", vox_numbers=NUMBER, vox_address=TRUNK)
    job = project.launch("register_many.yml", given, credential=credential)
    if core_version >= (2, 19):
        assert "the list is 941921426, which is not a text" in job.failure
        assert sim.requests == []
    else:
        assert [record["number"] for record in sim.numbers()] == [NUMBER]


EVENT_STDOUT_MAX_BYTES_DISPLAY = 1024
"""The number of characters of an event that AWX's web interface shows."""


@pytest.mark.parametrize("yaml_output", [False, True], ids=["json", "yaml"])
def test_an_export_is_available_after_the_job(
    project: Project, sim: Simulator, credential: dict[str, str], yaml_output: bool
) -> None:
    """In its artifacts, and in its output. A list pasted from either changes nothing."""
    agent = {"agent_id": sim.add_agent("Front desk")["agent_id"], "agent_version": "production"}
    agents: dict[str, Any] = {"inbound_agent": agent, "outbound_agent": agent, "sms_inbound_agent": agent}
    memo = "본사 {{ 7 * 6 }} \"' \\ 대표번호 📞" + " 가나다" * 20
    sim.add(NUMBER, memo=memo, address="sip:" + "trunk." * 10 + "example.com:5060;transport=tls", **agents)
    sim.add("0212345678", memo="0042")
    exported = project.launch("export.yml", credential=credential, yaml_output=yaml_output)
    assert exported.status == "successful", exported.stdout
    content = exported.artifacts["vox_export"]["localhost"]
    assert '- number: "07011112222"' in content
    events = [event["stdout"] for event in exported.events]
    assert max(map(len, events)) < EVENT_STDOUT_MAX_BYTES_DISPLAY
    # The web interface shows no escape sequences.
    shown = re.sub("\x1b\\[[0-9;]*m", "", "\n".join(events))
    assert "본사 {{ 7 * 6 }}" in shown
    # The format of the output does not change the artifacts.
    artifacts = [] if yaml_output else [content, json.dumps(exported.artifacts, ensure_ascii=False, indent=2)]
    task = shown[shown.index("TASK [Show the exported numbers]") : shown.index("TASK [Keep the export")]
    for pasted in (*artifacts, exported.stdout, shown, task):
        given = answers("register_many", vox_numbers=pasted)
        again = project.launch("register_many.yml", given, credential=credential)
        assert again.status == "successful", again.stdout
        assert again.artifacts["vox_summary"] == {
            "registered": 0,
            "updated": 0,
            "unchanged": 2,
            "deleted": 0,
            "failed": 0,
        }
        assert sim.writes == []


def test_an_audit_fails_if_there_are_errors(project: Project, sim: Simulator, credential: dict[str, str]) -> None:
    sim.add(NUMBER)
    audited = project.launch("audit.yml", credential=credential)
    assert audited.status == "failed"
    assert "error 07011112222 no_inbound_agent" in audited.stdout
    assert audited.artifacts["vox_audit"]["errors"] == 1
