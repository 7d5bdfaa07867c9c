# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook export: the role accepts its unchanged file, and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from integration._playbook import KEY, NUMBER, OTHER_KEY, Ansible, Run
from simulator import Simulator

EXPORT = Path("voxai.telephony.export")
APPLY = """\
- hosts: all
  gather_facts: false
  vars_files: ["{{ vox_export_file }}"]
  roles: [voxai.telephony.telephone_numbers]
"""
MEMOS = (
    "본사 대표번호",
    "'single' \"double\" \\backslash",
    "two\nlines\n",
    "tab\there",
    "{{ x }}",
    "{% raw %} {# no comment #}",
    "# no comment",
    "- a: [b, {c: d}]",
    "yes",
    "2024",
    "0o17",
    "2024-01-02",
    "null",
    "~",
    " padded ",
    "!vault $ANSIBLE_VAULT;1.1;AES256",
    "📞\u00a0\ufeff\u200b",
    "line\u2028separator, and a noncharacter \uffff",
    "200 " + "가" * 196,
)
UNWRITABLE_MEMOS = (
    " \n",
    "bell\x07",
    "carriage\rreturn",
    "delete\x7f",
    "next\x85line",
    "가" * 201,
)
UNWRITABLE_ADDRESSES = (
    "sip:user:hunter2@trunk.example.com",
    "sip:trunk.example.com:sip",
    "sip:trunk/hunter2",
    "sip:trunk.example.com:0",
    "sip:1.2.3",
    "sip:none",
)
ADDRESSES = (
    "trunk.example.com",
    "sips:line-1@trunk.example.com:5061;transport=tls",
    "sip:[2001:db8::1]:5060",
    "sip:192.0.2.1;x={{y}}",
)


class Exporting:
    """Exports an organization to a file, and applies the file."""

    def __init__(self, ansible: Ansible, sim: Simulator) -> None:
        self.file = ansible.directory / "numbers.yml"
        self._ansible, self._sim = ansible, sim

    def run(self, playbook: Path | str, *options: str) -> Run:
        """Run a playbook, and check that it succeeds without a write."""
        host = self._ansible.host("action", vox_export_file=str(self.file))
        run = self._ansible.run(playbook, {"localhost": host}, *options, VOX_API_URL=self._sim.url, VOX_API_KEY=KEY)
        assert run.code == 0, run.output
        assert self._sim.writes == []
        return run

    def export(self, *options: str) -> bool:
        """Export, and return whether the file was changed, or would be in check mode."""
        (written,) = (task for task in self.run(EXPORT, *options).tasks if "template" in task.action)
        changed: bool = written.result["changed"]
        return changed

    def apply(self, *options: str) -> dict[str, Any]:
        """Apply the file, and return the result of the role."""
        return self.run(APPLY, *options).tasks[-1].result


def numbers() -> list[str]:
    """Return different numbers. Some are octal in YAML, some look like years or floats."""
    return ["07088889999", "07000000000", "15880000", *(f"070{index:08}" for index in range(100, 1000))]


def test_applying_an_export_changes_nothing(ansible: Ansible, sim: Simulator) -> None:
    give = iter(numbers())
    agents = [sim.add_agent(name)["agent_id"] for name in ("Front desk", "Night desk")]
    for memo in (*MEMOS, None, *UNWRITABLE_MEMOS):
        sim.add(next(give), memo=memo)
    for address in (*ADDRESSES, None, *UNWRITABLE_ADDRESSES):
        sim.add(next(give), address=address)
    sim.add(next(give), status="scheduled", inbound_agent={"agent_id": agents[0], "agent_version": "v3"})
    sim.add(
        next(give),
        provider="vox",
        memo="bought",
        outbound_agent={"agent_id": agents[0], "agent_version": "current"},
        sms_inbound_agent={"agent_id": agents[1], "agent_version": "production"},
    )
    pending, custom_pending, expired = next(give), next(give), next(give)
    sim.add(pending, provider="vox", status="cancel_requested")
    sim.add(custom_pending, status="cancel_requested")
    sim.add(expired, status="expired")
    sim.add("+827011112222")
    exporting = Exporting(ansible, sim)

    assert exporting.export() is True
    text = exporting.file.read_text(encoding="utf-8")
    lines = text.splitlines()
    listed = [line for line in lines if line.startswith("  - number: ")]
    assert listed == sorted(f'  - number: "{number}"' for number in numbers()[: len(listed)])
    for memo in ("본사 대표번호", "2024", "📞\u00a0\ufeff\u200b"):
        assert f'    memo: "{memo}"' in lines
    assert '    memo: !unsafe "{{ x }}"' in lines
    assert text.count("# Its memo is left out") == len(UNWRITABLE_MEMOS)
    assert text.count("# Its address is left out") == len(UNWRITABLE_ADDRESSES)
    for number in (pending, custom_pending):
        assert (
            f'  # "{number}" is left out: its cancellation is pending, and an entry would revoke the cancellation.'
            in lines
        )
    assert expired not in text
    assert '  # "+827011112222" is left out: the module does not accept it.' in lines
    assert "hunter2" not in text

    result = exporting.apply()
    assert result["changed"] is False
    assert result["summary"]["unchanged"] == len(result["telephone_numbers"]) == len(listed)

    assert exporting.export() is False
    assert exporting.file.read_text(encoding="utf-8") == text


def test_odd_records_do_not_stop_the_others(ansible: Ansible, sim: Simulator) -> None:
    """Values that cannot be applied are left out, with a comment."""
    desk = sim.add_agent()["agent_id"]
    sim.add("07000000001", unknown={"memo": 42})
    sim.add("07000000002", unknown={"memo": ["a"]})
    sim.add("07000000003", unknown={"address": 5060})
    sim.add("07000000004", unknown={"inbound_agent": desk})
    sim.add("07000000005", unknown={"inbound_agent": {"agent_id": desk, "agent_version": None}})
    sim.add("07000000006", unknown={"inbound_agent": {"agent_id": None, "agent_version": "v1"}})
    sim.add("07000000007", memo="a", unknown={"inbound_agent": {"agent_id": desk}, "address": {}})
    sim.add("07000000008", unknown={"memo": 0, "outbound_agent": {"agent_id": desk, "agent_version": 3}})
    exporting = Exporting(ansible, sim)
    assert exporting.export() is True
    _head, *entries = exporting.file.read_text(encoding="utf-8").split("  - number: ")
    odd = [
        [line.strip() for line in entry.splitlines()[1:] if not line.strip().startswith("address: ")]
        for entry in entries
    ]
    address = "# Its address is left out: the module does not accept it."
    memo = "# Its memo is left out: the module does not accept it."
    agent = "# Its inbound_agent is left out: the module does not accept it."
    mapped = f'agent_id: "{desk}"'
    assert odd == [
        [memo],
        [memo],
        [address],
        [agent],
        ["inbound_agent:", mapped],
        [agent],
        [address, 'memo: "a"', "inbound_agent:", mapped],
        [memo, "outbound_agent:", mapped],
    ]
    assert exporting.apply()["summary"]["unchanged"] == 8


def test_default_address_does_not_apply_to_bought_numbers(ansible: Ansible, sim: Simulator) -> None:
    sim.add(NUMBER, provider="vox")
    exporting = Exporting(ansible, sim)
    exporting.export()
    defaults = '{"vox_telephone_numbers_defaults": {"address": "sip:trunk.example.com"}}'
    assert exporting.apply("-e", defaults)["summary"]["unchanged"] == 1


def test_drift_since_the_last_export(ansible: Ansible, sim: Simulator) -> None:
    """Check mode shows it, and the overwritten file is kept as a backup."""
    exporting = Exporting(ansible, sim)
    assert exporting.export() is True
    before = exporting.file.read_text(encoding="utf-8")
    assert "vox_telephone_numbers: []" in before
    assert exporting.apply()["telephone_numbers"] == []
    exporting.file.chmod(0o600)
    sim.add(NUMBER)
    run = exporting.run(EXPORT, "--check", "--diff")
    assert f'+  - number: "{NUMBER}"' in run.stdout
    assert exporting.file.read_text(encoding="utf-8") == before
    assert exporting.export() is True
    assert NUMBER in exporting.file.read_text(encoding="utf-8")
    assert exporting.file.stat().st_mode & 0o777 == 0o600
    (backup,) = exporting.file.parent.glob("numbers.yml.*~")
    assert backup.read_text(encoding="utf-8") == before


def test_a_file_for_each_organization(ansible: Ansible, sim: Simulator) -> None:
    """With the organization's own key, in the working directory of the command."""
    sim.add(NUMBER)
    sim.add("07033334444", key=OTHER_KEY)
    here = ansible.directory / "here"
    here.mkdir()
    hosts = {
        "seoul": ansible.host("action", vox_api_key=KEY),
        "busan": ansible.host("action", vox_api_key=OTHER_KEY),
    }
    run = replace(ansible, root=here).run(EXPORT, hosts, "-evox_export_hosts=all", VOX_API_URL=sim.url)
    assert run.code == 0, run.output
    written = {path.name: path.read_text(encoding="utf-8") for path in here.iterdir()}
    assert sorted(written) == ["telephone_numbers_busan.yml", "telephone_numbers_seoul.yml"]
    assert NUMBER in written["telephone_numbers_seoul.yml"] and "07033334444" in written["telephone_numbers_busan.yml"]
    assert NUMBER not in written["telephone_numbers_busan.yml"]


def test_no_organization_uses_the_key_of_another(ansible: Ansible, sim: Simulator) -> None:
    hosts = {"seoul": ansible.host("action", vox_api_key=KEY), "busan": ansible.host("action")}
    options = ("-evox_export_hosts=all", f"-evox_export_file={ansible.directory}/{{{{ inventory_hostname }}}}.txt")
    run = ansible.run(EXPORT, hosts, *options, VOX_API_URL=sim.url, VOX_API_KEY=OTHER_KEY)
    assert "busan has no vox_api_key" in run.output
    assert [path.name for path in ansible.directory.glob("*.txt")] == ["seoul.txt"]
    assert {request.key for request in sim.requests} == {KEY}


def test_a_thousand_numbers(ansible: Ansible, sim: Simulator) -> None:
    agent = {"agent_id": sim.add_agent()["agent_id"], "agent_version": "v3"}
    for index in range(1000):
        sim.add(f"070{index:08}", memo=f"회선 {index}", inbound_agent=agent)
    exporting = Exporting(ansible, sim)
    assert exporting.export() is True
    assert exporting.apply()["summary"]["unchanged"] == 1000
    assert len(sim.requests) == 12 + 10
