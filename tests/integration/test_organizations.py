# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example with several organizations in docs/examples."""

from __future__ import annotations

from pathlib import Path

from integration._playbook import BULK, KEY, PASSWORD, SECRET, Ansible, Run, as_yaml
from simulator import Simulator

EXAMPLE = Path("docs", "examples", "organizations")
MANY = 20


def apply(ansible: Ansible, sim: Simulator, inventory: Path, keys: dict[str, str], **environment: str) -> Run:
    """Run the playbook of the example, with each organization's key in its environment variable."""
    variables = {f"VOX_API_KEY_{name.upper()}": key for name, key in keys.items()}
    return ansible.run(
        ansible.root / EXAMPLE / "site.yml",
        inventory,
        f"--forks={len(keys)}",
        VOX_API_URL=sim.url,
        SIP_PASSWORD=PASSWORD,
        **variables,
        **environment,
    )


def numbers_of(sim: Simulator, key: str) -> list[str]:
    return sorted(record["number"] for record in sim.numbers(key))


def changed(run: Run) -> dict[str, bool]:
    assert run.code == 0, run.output
    assert SECRET not in run.output
    return {task.host: task.result["changed"] for task in run.tasks if task.action == BULK}


def test_each_organization_gets_its_own_numbers(ansible: Ansible) -> None:
    keys = {f"org{index:02}": f"vox-key-Xyzzy-{index:02}" for index in range(MANY)}
    numbers = {name: [f"070{index:04}{line:04}" for line in range(3)] for index, name in enumerate(keys)}
    hosts = {name: {"vox_telephone_numbers": [{"number": number} for number in numbers[name]]} for name in keys}
    inventory = ansible.directory / "organizations.yml"
    inventory.write_text(as_yaml({"organizations": {"hosts": hosts}}))
    with Simulator(keys=tuple(keys.values())) as sim:
        assert changed(apply(ansible, sim, inventory, keys)) == dict.fromkeys(keys, True)
        for name, key in keys.items():
            assert numbers_of(sim, key) == numbers[name]
            assert all(sim.credentials(record["id"])[1] == PASSWORD for record in sim.numbers(key))
        assert len(sim.writes) == MANY * 3

        sim.clear_log()
        assert changed(apply(ansible, sim, inventory, keys)) == dict.fromkeys(keys, False)
        assert sim.writes == []
        assert sorted(str(request.key) for request in sim.requests) == sorted(keys.values())


def test_the_example(ansible: Ansible) -> None:
    """With its own inventory. Only the organization without a key fails, and does not use another key."""
    inventory = ansible.root / EXAMPLE / "inventory.yml"
    busan = KEY + "-busan"
    with Simulator(keys=(KEY, busan)) as sim:
        sim.add("07040001001", provider="vox", key=busan)
        run = apply(ansible, sim, inventory, {"seoul": "", "busan": busan}, VOX_API_KEY=KEY)
        assert {task.host: task.event for task in run.tasks if task.action == BULK} == {
            "seoul": "failed",
            "busan": "ok",
        }
        assert sim.numbers(KEY) == []
        run = apply(ansible, sim, inventory, {"seoul": KEY, "busan": busan})
        assert changed(run) == {"seoul": True, "busan": False}
        assert numbers_of(sim, KEY) == ["0212345678", "07011112222"]
        assert numbers_of(sim, busan) == ["0511234567", "07040001001"]
