# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks one after the other in one run: each uses only its own variables."""

from __future__ import annotations

import json
from typing import Any

from integration._playbook import BULK, COLLECTION, KEY, MODULE, PASSWORD, Ansible
from simulator import Simulator

TRUNK = "sip:trunk.example.com"
A, B, C, D, E, UNLISTED = (f"0701111{index}000" for index in range(6))


def imported(playbook: str, **variables: Any) -> dict[str, Any]:
    return {"ansible.builtin.import_playbook": COLLECTION + playbook, "vars": variables}


def applied(*numbers: str, **variables: Any) -> dict[str, Any]:
    """Return a play that applies the role."""
    prefixed = {f"vox_telephone_numbers_{name}": value for name, value in variables.items()}
    return {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"vox_telephone_numbers": [{"number": number} for number in numbers], **prefixed},
        "roles": [COLLECTION + "telephone_numbers"],
    }


def test_each_playbook_uses_only_its_own_variables(ansible: Ansible, sim: Simulator) -> None:
    for number in (B, UNLISTED):
        sim.add(number)
    ansible.home.mkdir()
    for name, number in (("a", A), ("c", C), ("e", E)):
        (ansible.home / f"{name}.csv").write_text(f"number,address\n{number},{TRUNK}\n")
    # Artifacts of an earlier job of a workflow.
    artifacts = {
        "vox_export": {"localhost": "no export"},
        "vox_summary": {},
        "vox_actions": [],
        "vox_telephone_number": {"number": UNLISTED},
    }
    run = ansible.run(
        [
            imported("register_many", vox_numbers_file="~/a.csv"),
            # Prunes the number that is in neither list, and keeps those of its own list.
            applied(A, B, defaults={}, prune=True, max_deletions=1),
            imported("register_many", vox_numbers_file="~/c.csv"),
            imported("register", vox_number=D, vox_address=TRUNK),
            imported("register_many", vox_numbers=E, vox_address=TRUNK),
            imported("register", vox_number=A),
            applied(A, defaults={}, prune=False),
            imported("export", vox_export_file="~/export.yml"),
        ],
        # The playbooks ignore the role's variables.
        {
            "localhost": ansible.host(
                "action",
                vox_telephone_numbers=[],
                vox_telephone_numbers_defaults={"memo": "the role's"},
                vox_telephone_numbers_prune=True,
                vox_telephone_numbers_max_deletions=9,
            )
        },
        "-e",
        json.dumps(artifacts),
        VOX_API_KEY=KEY,
        VOX_API_URL=sim.url,
        VOX_SIP_PASSWORD=PASSWORD,
        ANSIBLE_SHOW_CUSTOM_STATS="1",
    )
    assert run.code == 0, run.output
    # The artifacts are those of the last play only.
    assert '"vox_actions": []' in run.output.partition("CUSTOM STATS")[2]
    changing = [task for task in run.tasks if task.action in (BULK, MODULE)]
    body = {"address": TRUNK, "auth_password": PASSWORD}
    assert [
        [(request.method, request.body) for request in task.logged(sim) if request.method != "GET"] for task in changing
    ] == [
        [("POST", {"number": A, **body})],
        [("DELETE", None)],
        [("POST", {"number": C, **body})],
        [("POST", {"number": D, **body})],
        [("POST", {"number": E, **body})],
        [],
        [],
    ]
    assert [entry["number"] for entry in changing[1].result["pruned"]] == [UNLISTED]
    held = [record["number"] for record in sim.numbers() if record["status"] == "active"]
    assert sorted(held) == [A, B, C, D, E]
    exported = (ansible.home / "export.yml").read_text()
    assert all(f'- number: "{number}"' in exported for number in (A, B, C, D, E))
