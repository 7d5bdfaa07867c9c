# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: the task ``vox_agent_info``, from options to result."""

from __future__ import annotations

from ansible_collections.voxai.telephony.plugins.module_utils._connection import CONNECTION_SPEC
from ansible_collections.voxai.telephony.plugins.module_utils._ids import canonical_id, same_id
from ansible_collections.voxai.telephony.plugins.module_utils._task import (
    Connect,
    Options,
    Report,
    Result,
    Task,
    read_only,
)
from ansible_collections.voxai.telephony.plugins.module_utils._values import (
    InputError,
    check_agent_id,
    check_quoted,
    check_text,
    nfc,
)

_EMPTY: Result = {"changed": False, "agents": [], "api_requests": 0}


@read_only(_EMPTY)
def run(result: Result, written: Options, options: Options, connect: Connect, report: Report) -> None:
    """Read agents."""
    name, agent_id, types = options["agent_name"], options["agent_id"], options["type"]
    for option in ("agent_name", "agent_id"):
        check_quoted(option, written.get(option))
        if options[option] is not None and not options[option].strip():
            raise InputError(f"{option} is empty: write a value, or leave the option out to read all agents")
    check_text("agent_name", name or "")
    if agent_id is not None:
        check_agent_id("agent_id", agent_id)
    api = connect(options).api
    # An agent that changes during the listing may be listed twice.
    listed = {canonical_id(agent["agent_id"]): agent for agent in api.agents(name)}
    agents = [
        agent
        for agent in listed.values()
        if (name is None or nfc(agent.get("name")) == nfc(name))
        and (agent_id is None or same_id(agent["agent_id"], agent_id))
        and (not types or agent.get("type") in types)
    ]
    result.update(agents=agents, msg=f"{len(agents)} found")


TASK = Task(
    spec={
        **CONNECTION_SPEC,
        "agent_name": {"type": "str"},
        "agent_id": {"type": "str"},
        "type": {"type": "list", "elements": "str"},
    },
    constraints={},
    run=run,
    empty=_EMPTY,
)
