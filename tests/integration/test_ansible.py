# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's features work in the same way for tasks in the controller and as modules."""

from __future__ import annotations

import getpass
import json
from textwrap import indent
from typing import Any

import pytest

from integration._playbook import (
    GET,
    HIDDEN,
    KEY,
    LIST,
    NUMBER,
    OTHER_KEY,
    PASSWORD,
    REGISTER,
    SECRET,
    UNKNOWN,
    VENDOR_EXAMPLE,
    Ansible,
    vox,
)
from integration._scenario import BOTH, CONTROLLER, Script, scenario
from simulator import Simulator

VAULT_PASSWORD = "open sesame"
# "vaulted-Xyzzy", made by ansible-vault encrypt_string.
VAULTED = """\
$ANSIBLE_VAULT;1.1;AES256
35383831366137666335353435623666363438666637393034653164303030356332343237336637
3665396531633030333062613765333036616230633430310a626631373365323831343934376139
30336136353431643531383662656463663533346534373236333662333034376563643638616661
6231346638306333340a633836393232383761326136303865333937306135373138353838643565
3562"""


@scenario(api_key="{{ omit }}", key=KEY, other=OTHER_KEY)
def test_environment(sim: Simulator) -> Script:
    sim.add(NUMBER, memo="first")
    sim.add(NUMBER, memo="second", key=OTHER_KEY)
    first, second, empty = yield [
        # Ansible prints a secret in `environment:`, so no_log hides it.
        vox({"number": NUMBER}, environment={"VOX_API_KEY": "{{ key }}"}, no_log=True),
        vox(
            {"number": NUMBER}, environment=[{"VOX_API_KEY": "{{ key }}"}, {"VOX_API_KEY": "{{ other }}"}], no_log=True
        ),
        vox({"number": NUMBER}, environment={"VOX_API_KEY": "{{ key }}", "VOX_TIMEOUT": "0"}, no_log=True),
    ]
    assert [request.key for request in sim.requests] == [KEY, OTHER_KEY]
    assert "censored" in first.result and "censored" in second.result
    assert not first.failed and not second.failed and empty.failed


@scenario()
def test_no_log(sim: Simulator) -> Script:
    (seen,) = yield [vox(VENDOR_EXAMPLE, no_log=True)]
    assert "censored" in seen.result
    assert "telephone_number" not in seen.result
    assert len(sim.writes) == 1


@scenario(alike=False)
def test_timeout(sim: Simulator) -> Script:
    sim.switches.latency = 600
    (seen,) = yield [vox({"number": NUMBER}, timeout=2)]
    assert seen.failed
    # On a machine with other work, the module starts late.
    assert seen.end - seen.start < 300
    assert "2" in seen.message


@scenario()
def test_module_defaults(sim: Simulator) -> Script:
    seen = yield """\
- module_defaults:
    voxai.telephony.vox_telephone_number: {number: '07011112222', address: sip:a}
  block:
    - {voxai.telephony.vox_telephone_number: {memo: new}}
- module_defaults:
    group/voxai.telephony.vox: {number: 070-1111-2222}
  voxai.telephony.vox_telephone_number: {}
"""
    registered, _found = seen
    assert registered.bodies(sim) == [{"number": NUMBER, "address": "sip:a", "memo": "new"}]
    assert _found.result["changed"] is False


@scenario()
def test_templates(sim: Simulator) -> Script:
    (seen,) = yield """\
- voxai.telephony.vox_telephone_number:
    number: "{{ line.number }}"
    address: "{{ line.trunk }}"
    auth_username: "{{ nothing | default(omit) }}"
    auth_password: "{{ sip_password }}"
    memo: "{{ line.note | default(omit) }}"
    inbound_agent: "{{ line.agent | default(omit) }}"
  diff: true
  vars:
    line: {number: '070-1111-2222', trunk: 'sip:a'}
"""
    assert seen.bodies(sim) == [{"number": NUMBER, "address": "sip:a", "auth_password": PASSWORD}]
    assert seen.result["diff"]["after"]["auth_password"] == HIDDEN


@scenario(CONTROLLER)
def test_become_the_same_user(sim: Simulator) -> Script:
    # In the controller: _check_always asserts that no module ran.
    (seen,) = yield [vox({"number": NUMBER}, become=True, become_user=getpass.getuser(), check_mode=True)]
    assert seen.requests(sim) == UNKNOWN


@pytest.mark.parametrize("way", BOTH)
def test_registered_results_are_the_same(ansible: Ansible, sim: Simulator, way: str) -> None:
    """They have the same keys and types in a playbook."""
    sim.add(NUMBER)
    arguments = {"number": NUMBER, "api_url": sim.url, "api_key": "{{ key }}"}
    always = {"changed", "msg", "telephone_number", "actions", "api_requests", "failed"}
    wanted: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
        (arguments, {}, always),
        (arguments | {"memo": "new"}, {"check_mode": True, "diff": True}, always | {"diff"}),
        (arguments | {"memo": "new", "address": ""}, {}, always | {"failure"}),
        ({"api_key": "{{ key }}"}, {"diff": True}, always | {"failure", "diff"}),
    ]
    tasks = [vox(task, register=f"r{index}", **keywords) for index, (task, keywords, _keys) in enumerate(wanted)]
    shown = {"ansible.builtin.debug": {"msg": "{{ [r0, r1, r2, r3] | to_json }}"}}
    run = ansible.run(
        [{"hosts": "all", "gather_facts": False, "tasks": [*tasks, shown]}], {way: ansible.host(way, key=KEY)}
    )
    results = json.loads(run.of(way)[-1].message)
    for result, (_task, _keywords, keys) in zip(results, wanted, strict=True):
        # Ansible's own keys, which depend on its version.
        assert set(result) - {"invocation", "exception", "ansible_parsed"} == keys
        assert isinstance(result["changed"], bool)
        assert isinstance(result["failed"], bool)
    assert [result["failed"] for result in results] == [False, False, True, True]


@scenario()
def test_a_secret_that_the_api_quotes(sim: Simulator) -> Script:
    echo = {"error": {"code": "C", "message": f"{PASSWORD} is wrong", "details": {}}}
    sim.fault("answer", status=400, body=echo)
    repeated, truthy = yield [
        vox(VENDOR_EXAMPLE),
        vox(VENDOR_EXAMPLE | {"auth_password": "True"}, check_mode=True),
    ]
    assert repeated.result["failure"]["message"] == f"{8 * '*'} is wrong"
    assert truthy.result["changed"] is True


@scenario()
def test_a_response_that_ansible_could_not_transfer(sim: Simulator) -> Script:
    record = json.dumps({"id": "a-1", "number": NUMBER, "provider": "custom", "status": "active"})
    odd = r'"memo": "\ud83d", "new": [NaN, -1e999, "\udfff"]'
    sim.fault("answer", "GET", "/organization-telephone-numbers/{id}", body=f"{record[:-1]}, {odd}}}")
    details = (r'"\ud83d"', "[" * 60 + "]" * 60, "[" * 900 + "]" * 900, '{"a":' * 5000 + "1" + "}" * 5000, "9" * 5000)
    for text in details:
        body = f'{{"error": {{"code": "C", "message": "\\ud83d", "details": {text}}}}}'
        sim.fault("answer", status=400, body=body)
    found, half, nested, *unreadable = yield [
        vox({"id": "a-1"}),
        *(vox({"number": NUMBER, "address": "sip:a"}) for _text in details),
    ]
    assert found.record["memo"] == "\ufffd" and found.record["new"] == [None, None, "\ufffd"]
    assert half.result["failure"] == {"http_status": 400, "code": "C", "message": "\ufffd", "details": "\ufffd"}
    assert nested.result["failure"]["details"] == json.loads(details[1])
    for task in unreadable:
        assert task.message == f"{NUMBER}: HTTP 400: no message in the answer"


@scenario(api_key="{{ omit }}", key=KEY)
def test_environment_of_an_item_does_not_affect_the_next(sim: Simulator) -> Script:
    sim.add(NUMBER)
    (looped,) = yield [
        vox({"number": NUMBER}, loop=[1, 0], environment="{{ {'VOX_API_KEY': key} if item else {} }}", no_log=True)
    ]
    assert [request.key for request in sim.requests] == [KEY]
    assert looped.failed


def _play(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    defaults = {"group/voxai.telephony.vox": {"api_url": "{{ vox_url }}", "api_key": "{{ vox_key }}", "retries": 0}}
    return [{"hosts": "all", "gather_facts": False, "module_defaults": defaults, "tasks": list(tasks)}]


def test_features_that_need_the_module(ansible: Ansible, sim: Simulator) -> None:
    """async, become to another user, and another connection than local. As in a container, the user has no name."""
    sim.add(NUMBER)
    nameless = ansible.directory / "nameless"
    nameless.mkdir()
    (nameless / "sitecustomize.py").write_text(
        "import pwd\ndef getpwuid(uid):\n    raise KeyError(f'uid not found: {uid}')\npwd.getpwuid = getpwuid\n"
    )
    asked = ansible.directory / "asked"
    su = ansible.directory / "su"
    # Does not change the user, so that the test needs no password.
    su.write_text(f'#!/bin/sh\necho "$@" >> {asked}\nfor last; do :; done\nexec /bin/sh -c "$last"\n')
    su.chmod(0o755)
    hosts = {
        "here": ansible.host(
            "action",
            vox_url=sim.url,
            vox_key=KEY,
            ansible_become_exe=str(su),
            ansible_shell_allow_world_readable_temp=True,
        ),
        "there": ansible.host("module", vox_url=sim.url, vox_key=KEY),
    }
    here = "inventory_hostname == 'here'"
    run = ansible.run(
        _play(
            vox({"number": NUMBER}, when=here),
            vox({"number": NUMBER}, when=here, **{"async": 30, "poll": 1}),
            vox({"number": NUMBER}, when=here, become=True, become_method="su", become_user="nobody"),
            vox({"number": NUMBER}, when=here, delegate_to="there"),
            vox({"number": NUMBER}, when="inventory_hostname == 'there'", delegate_to="here"),
        ),
        hosts,
        PYTHONPATH=str(nameless),
        USER="somebody",
    )
    in_controller, asynchronous, as_other, delegated = run.of("here")
    (delegated_back,) = run.of("there")
    for task in (in_controller, asynchronous, as_other, delegated, delegated_back):
        assert not task.failed, task.result
        assert task.result["telephone_number"] == sim.numbers()[0]
        # A module does not share the listing of the run.
        assert task.requests(sim) == ([GET] if task is delegated_back else [LIST])
    assert asynchronous.result["finished"] in (1, True)
    assert "nobody" in asked.read_text()
    assert not [line for line in run.stdout.splitlines() if SECRET in line]
    # The delegated task ran as a module there, the one that was delegated back ran in the controller.
    assert run.modules("there") == 1
    assert run.modules("here") >= 2


def test_requests_is_missing_in_the_controller(ansible: Ansible, sim: Simulator) -> None:
    without = ansible.directory / "without"
    without.mkdir()
    (without / "requests.py").write_text("raise ImportError('no requests here')\n")
    python = ansible.directory / "python"
    python.write_text(f'#!/bin/sh\nunset PYTHONPATH\nexec {ansible.python} "$@"\n')
    python.chmod(0o755)
    sim.add(NUMBER)
    variables = {"vox_url": sim.url, "vox_key": KEY}
    hosts = {
        "with": ansible.host("action", **variables | {"ansible_python_interpreter": str(python)}),
        "without": ansible.host("action", **variables),
    }
    run = ansible.run(_play(vox({"number": NUMBER})), hosts, PYTHONPATH=str(without))
    (found,), (missing,) = run.of("with"), run.of("without")
    assert found.result["telephone_number"] == sim.numbers()[0]
    assert run.modules("with") >= 1
    assert missing.failed
    assert missing.message.startswith("Failed to import the required Python library (requests) on ")
    assert len(sim.requests) == 1


@pytest.mark.parametrize("way", BOTH)
def test_unsafe_extra_variables_and_vault(
    ansible: Ansible, sim: Simulator, core_version: tuple[int, ...], way: str
) -> None:
    extra = ansible.directory / "extra.yml"
    extra.write_text("octal: !unsafe '07011112222'\nhyphens: !unsafe '070-1111-2222'\n")
    vault = ansible.directory / "vault-password"
    vault.write_text(VAULT_PASSWORD)
    playbook = f"""\
- hosts: all
  gather_facts: false
  module_defaults:
    group/voxai.telephony.vox: {{api_url: "{{{{ vox_url }}}}", api_key: "{{{{ vox_key }}}}"}}
  tasks:
    - voxai.telephony.vox_telephone_number: {{number: "{{{{ octal }}}}", address: "sip:a"}}
      ignore_errors: true
      check_mode: true
    - voxai.telephony.vox_telephone_number:
        number: "{{{{ hyphens }}}}"
        address: sip:a
        auth_password: !vault |
{indent(VAULTED, " " * 10)}
"""
    run = ansible.run(
        playbook,
        {way: ansible.host(way, vox_url=sim.url, vox_key=KEY)},
        f"-e@{extra}",
        f"--vault-password-file={vault}",
    )
    unsafe, vaulted = run.of(way)
    if core_version >= (2, 19):
        # Ansible has already converted it to an integer.
        assert unsafe.failed
        assert "070-1111-2222" in unsafe.message
        assert unsafe.requests(sim) == []
    else:
        assert unsafe.result["telephone_number"]["number"] == NUMBER
    assert vaulted.requests(sim) == [*UNKNOWN, REGISTER]
    assert vaulted.bodies(sim) == [{"number": NUMBER, "address": "sip:a", "auth_password": "vaulted-Xyzzy"}]
    assert SECRET not in run.output
