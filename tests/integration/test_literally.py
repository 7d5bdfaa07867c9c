# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that looks like a template, from a variable with data, is sent unchanged."""

from __future__ import annotations

import pytest

from integration._playbook import KEY, Ansible
from integration._scenario import BOTH
from simulator import Simulator

UNSAFE = "{{ 1 + 1 }} {% raw %} {# no #} $(id) `id` %s \\u0041 'x' \"y\""
PLAYBOOK = """
- hosts: all
  gather_facts: false
  vars:
    text: !unsafe '{{ 1 + 1 }} {% raw %} {# no #} $(id) `id` %s \\u0041 ''x'' "y"'
  module_defaults:
    group/voxai.telephony.vox: {api_key: "{{ key }}", api_url: "{{ url }}"}
  tasks:
    - voxai.telephony.vox_telephone_number:
        number: "{{ numbers[0] }}"
        address: sip:trunk.example.com
        auth_username: "{{ text }}"
        auth_password: "{{ text }}"
        memo: "{{ text }}"
        inbound_agent: {agent_name: "{{ text }}"}
    - voxai.telephony.vox_telephone_numbers:
        telephone_numbers:
          - {number: "{{ numbers[1] }}", address: sip:trunk.example.com, auth_username: "{{ text }}",
             auth_password: "{{ text }}", memo: "{{ text }}", inbound_agent: {agent_name: "{{ text }}"}}
    - voxai.telephony.vox_telephone_number:
        number: "{{ text }}"
      ignore_errors: true
"""


@pytest.mark.parametrize("way", BOTH)
def test_data_is_not_templated(ansible: Ansible, sim: Simulator, way: str) -> None:
    agent = sim.add_agent(UNSAFE)
    numbers = ["07011112222", "07022223333"]
    run = ansible.run(PLAYBOOK, {way: ansible.host(way, key=KEY, url=sim.url, numbers=numbers)})
    assert run.code == 0, run.output
    registrations = [request.body for request in sim.writes if request.method == "POST"]
    texts = dict.fromkeys(("auth_username", "auth_password", "memo"), UNSAFE)
    assert registrations == [{"number": number, "address": "sip:trunk.example.com", **texts} for number in numbers]
    assert [one["inbound_agent"]["agent_id"] for one in sim.numbers(KEY)] == [agent["agent_id"]] * 2
    assert {query["q"] for query in (dict(request.query) for request in sim.requests) if "q" in query} == {UNSAFE}
    assert "as character" in run.of(way)[2].message
