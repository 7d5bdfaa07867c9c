# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: the task ``vox_agent_info``, from options to result."""

from __future__ import annotations

import typing as t
import unicodedata

from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._connection import CONNECTION_SPEC, check_given
from ansible_collections.voxai.telephony.plugins.module_utils._ids import canonical_id, same_id
from ansible_collections.voxai.telephony.plugins.module_utils._task import (
    Connect,
    Options,
    Report,
    Result,
    Task,
    failure_of,
)
from ansible_collections.voxai.telephony.plugins.module_utils._values import (
    InputError,
    check_agent_id,
    check_quoted,
    check_text,
)


def run(written: Options, options: Options, connect: Connect, check_mode: bool, report: Report) -> Result:
    """Read agents. Check mode does the same."""
    result: Result = {"changed": False, "agents": [], "warnings": []}
    requests_sent: t.Callable[[], int] = int
    try:
        check_given(written.get("api_key"))
        name, agent_id, types = options["agent_name"], options["agent_id"], options["type"]
        for option in ("agent_name", "agent_id"):
            check_quoted(option, written.get(option))
            if options[option] is not None and not options[option].strip():
                raise InputError(f"{option} is empty: write a value, or leave the option out to read all agents")
        check_text("agent_name", name or "")
        if agent_id is not None:
            check_agent_id("agent_id", agent_id)
        api = connect(options).api
        requests_sent = api.counter()
        # An agent that changes during the listing may be listed twice.
        listed = {canonical_id(agent["agent_id"]): agent for agent in api.agents(name)}
        agents = [
            agent
            for agent in listed.values()
            if (name is None or _normalized(agent.get("name")) == _normalized(name))
            and (agent_id is None or same_id(agent["agent_id"], agent_id))
            and (not types or agent.get("type") in types)
        ]
        result.update(agents=agents, msg=f"{len(agents)} found")
    except (InputError, ApiError) as error:
        result.update(failed=True, failure=failure_of(error), msg=str(error))
    return {**result, "api_requests": requests_sent()}


def _normalized(name: t.Any) -> str:
    """A name in canonical form, for comparison (macOS decomposes Hangul)."""
    return unicodedata.normalize("NFC", str(name))


TASK = Task(
    spec={
        **CONNECTION_SPEC,
        "agent_name": {"type": "str"},
        "agent_id": {"type": "str"},
        "type": {"type": "list", "elements": "str"},
    },
    constraints={},
    run=run,
    empty={"changed": False, "agents": [], "api_requests": 0},
)
