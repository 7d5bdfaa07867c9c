# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: the task ``vox_audit_info``, from options to result."""

from __future__ import annotations

import typing as t

from ansible_collections.voxai.telephony.plugins.module_utils._audit import (
    RULES,
    Finding,
    audit,
    describe,
    summarize,
)
from ansible_collections.voxai.telephony.plugins.module_utils._connection import CONNECTION_SPEC
from ansible_collections.voxai.telephony.plugins.module_utils._ids import canonical_id
from ansible_collections.voxai.telephony.plugins.module_utils._task import (
    Connect,
    Options,
    Report,
    Result,
    Task,
    read_only,
)

_EMPTY: Result = {
    "changed": False,
    "findings": [],
    "summary": summarize([], []),
    "telephone_numbers": [],
    "api_requests": 0,
}


@read_only(_EMPTY)
def run(result: Result, written: Options, options: Options, connect: Connect, report: Report) -> None:
    """Read all numbers and agents, and apply the rules."""
    api, ledger = connect(options)
    # From the ledger, which has the writes of earlier tasks of the run even if the API's list lags. If any number
    # was looked up before, all are listed again. A number that changes its status meanwhile is listed twice.
    listed = {canonical_id(record["id"]): record for record in ledger.records(api, None)}
    numbers = sorted(listed.values(), key=lambda record: (record["number"], record["id"]))
    report(f"{len(numbers)} numbers read")
    # After the numbers, so that an agent that is created meanwhile does not count as unknown.
    agents = {canonical_id(agent["agent_id"]): agent for agent in api.agents()}
    findings = audit(numbers, agents, options["rules"] or RULES)
    summary = summarize(numbers, findings)
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.id, []).append(finding)
    result.update(
        findings=[finding._asdict() for finding in findings],
        summary=summary,
        telephone_numbers=[describe(record, agents, found.get(record["id"], [])) for record in numbers],
        msg=_in_words(summary),
    )


def _in_words(summary: t.Mapping[str, t.Any]) -> str:
    counts = [f"{summary[name]} {name}" for name in ("numbers", "errors", "warnings", "notices")]
    return f"{counts[0]}: {', '.join(counts[1:])}"


TASK = Task(
    spec={**CONNECTION_SPEC, "rules": {"type": "list", "elements": "str", "choices": list(RULES)}},
    constraints={},
    run=run,
    empty=_EMPTY,
)
