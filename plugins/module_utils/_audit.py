# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 3, domain: find problems with the numbers of an organization. Pure functions, no requests, no files.

A rule is a function that finds the records with a problem among all numbers, and a line in ``RULES``. The module
vox_audit_info documents its name.
"""

from __future__ import annotations

import typing as t
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

from ansible_collections.voxai.telephony.plugins.module_utils._api import HELD, Record
from ansible_collections.voxai.telephony.plugins.module_utils._ids import canonical_id
from ansible_collections.voxai.telephony.plugins.module_utils._numbering_plan import is_in_plan, with_hyphens
from ansible_collections.voxai.telephony.plugins.module_utils._plan import AGENT_OPTIONS
from ansible_collections.voxai.telephony.plugins.module_utils._values import is_private, shown

ERROR, WARNING, NOTICE = SEVERITIES = ("error", "warning", "notice")

Agents = t.Mapping[str, Record]
"""The organization's agents, by their ids in canonical form."""

Found = t.Iterator[tuple[Record, str]]
"""Records with a problem, each with a message about the problem and what to do."""

_PROVIDERS = ("vox", "custom")
_KOREAN_TIME = timezone(timedelta(hours=9))
"""The vendor's time zone, in which contracts end. Korea has no daylight saving time."""
_MAX_NAME = 100
"""Maximum length of an agent's name in a message."""


class Rule(t.NamedTuple):
    severity: str
    find: t.Callable[[t.Sequence[Record], Agents], Found]


class Finding(t.NamedTuple):
    """A problem that a rule has found. The fields are those of the result."""

    rule: str
    severity: str
    number: str
    id: str
    msg: str


def audit(numbers: t.Sequence[Record], agents: Agents, rules: t.Container[str]) -> list[Finding]:
    """The findings of the rules, the most severe first, then by number."""
    findings = [
        Finding(name, rule.severity, record["number"], record["id"], message)
        for name, rule in RULES.items()
        if name in rules
        for record, message in rule.find(numbers, agents)
    ]
    order = list(RULES)
    return sorted(findings, key=lambda found: (SEVERITIES.index(found.severity), *found[2:4], order.index(found.rule)))


def summarize(numbers: t.Sequence[Record], findings: t.Sequence[Finding]) -> dict[str, t.Any]:
    """The counts, and the sum of the monthly fees."""
    severities = Counter(finding.severity for finding in findings)
    return {
        "numbers": len(numbers),
        "by_status": _count(HELD, (record["status"] for record in numbers)),
        "by_provider": _count(_PROVIDERS, (record["provider"] for record in numbers)),
        "monthly_fee": sum(record["monthly_fee"] for record in numbers if _is_amount(record.get("monthly_fee"))),
        **{f"{severity}s": severities[severity] for severity in SEVERITIES},
    }


def describe(record: Record, agents: Agents, findings: t.Sequence[Finding]) -> dict[str, t.Any]:
    """A line of the report: the number, the names of its agents, the day on which it ends, and its findings."""
    line = {name: record.get(name) for name in _OF_LINE}
    line["written"] = with_hyphens(record["number"])
    for option in AGENT_OPTIONS:
        mapped = _mapped(record, option)
        line[option] = mapped and {
            "agent_id": mapped["agent_id"],
            "agent_name": agents.get(canonical_id(mapped["agent_id"]), {}).get("name"),
            "agent_version": mapped.get("agent_version"),
        }
    return {
        **line,
        "end_day": _last_day(record),
        "rules": [finding.rule for finding in findings],
        "severity": findings[0].severity if findings else None,
    }


_OF_LINE = ("number", "id", "provider", "status", "address", "memo", "monthly_fee")


# The rules


def _without_inbound_agent(numbers: t.Sequence[Record], agents: Agents) -> Found:
    for record in numbers:
        if not _mapped(record, "inbound_agent"):
            yield record, "no inbound agent: calls to it are not answered. Assign one with inbound_agent"


def _with_unknown_agent(numbers: t.Sequence[Record], agents: Agents) -> Found:
    for record in numbers:
        unknown = {
            option: mapped["agent_id"]
            for option, mapped in _all_mapped(record).items()
            if canonical_id(mapped["agent_id"]) not in agents
        }
        if unknown:
            mapped = ", ".join(f"{option} {shown(agent_id)}" for option, agent_id in unknown.items())
            yield record, f"the organization does not have an assigned agent ({mapped}). Assign another one"


def _without_trunk(numbers: t.Sequence[Record], agents: Agents) -> Found:
    for record in numbers:
        missing = [name for name in ("address", "inbound_trunk_id", "outbound_trunk_id") if not record.get(name)]
        if record["provider"] == "custom" and missing:
            yield (
                record,
                f"no SIP trunk: {' and '.join(missing)} missing. Set its address again, with auth_password",
            )


def _with_private_trunk(numbers: t.Sequence[Record], agents: Agents) -> Found:
    for record in numbers:
        if is_private(record.get("address")):
            yield (
                record,
                f"its SIP address {shown(record['address'])} cannot be reached from the internet: set a public address,"
                " unless vox.ai has a private link to it",
            )


def _with_draft_agent(numbers: t.Sequence[Record], agents: Agents) -> Found:
    for record in numbers:
        drafts = _with_version(record, "current")
        if drafts:
            yield (
                record,
                f"the draft of an agent is assigned ({_named(drafts, agents)}), which changes while it is edited: set"
                " agent_version to production",
            )


def _without_production_version(numbers: t.Sequence[Record], agents: Agents) -> Found:
    for record in numbers:
        unpublished = {
            option: mapped
            for option, mapped in _with_version(record, "production").items()
            if not agents.get(canonical_id(mapped["agent_id"]), {}).get("production_version", "unknown")
        }
        if unpublished:
            yield (
                record,
                f"the assigned agent has no production version ({_named(unpublished, agents)}), so its draft answers:"
                " publish the agent",
            )


def _ending(numbers: t.Sequence[Record], agents: Agents) -> Found:
    for record in numbers:
        if record["status"] == "cancel_requested":
            day = _last_day(record)
            end = f"it ends on {day} (Korean time)" if day else "the API does not say when it ends"
            yield record, f"cancellation pending: {end}. To keep the number, apply state present"


def _of_odd_form(numbers: t.Sequence[Record], agents: Agents) -> Found:
    for record in numbers:
        if not is_in_plan(record["number"]):
            yield (
                record,
                "not the form of a Korean telephone number: if it was registered by mistake (without quotes, YAML"
                " converts digits to another value), release it by its id, and register the right one",
            )


def _held_twice(numbers: t.Sequence[Record], agents: Agents) -> Found:
    ids = defaultdict(list)
    for record in numbers:
        ids[record["number"]].append(record["id"])
    for record in numbers:
        own = ids.pop(record["number"], [])
        if len(own) > 1:
            yield (
                record,
                f"the organization has more than one record of it ({', '.join(own)}): compare them, and release the one"
                " that is not in use by its id",
            )


RULES = {
    "no_inbound_agent": Rule(ERROR, _without_inbound_agent),
    "unknown_agent": Rule(ERROR, _with_unknown_agent),
    "no_trunk": Rule(ERROR, _without_trunk),
    "private_trunk": Rule(WARNING, _with_private_trunk),
    "draft_agent": Rule(WARNING, _with_draft_agent),
    "no_production_version": Rule(WARNING, _without_production_version),
    "ending": Rule(WARNING, _ending),
    "odd_number": Rule(NOTICE, _of_odd_form),
    "held_twice": Rule(ERROR, _held_twice),
}


# Fields of a record


def _mapped(record: Record, option: str) -> Record | None:
    """The agent that is assigned to a number."""
    mapped = record.get(option)
    return mapped if isinstance(mapped, dict) and mapped.get("agent_id") else None


def _all_mapped(record: Record) -> dict[str, Record]:
    """The agents of a number, by the name of the field."""
    found = {option: _mapped(record, option) for option in AGENT_OPTIONS}
    return {option: mapped for option, mapped in found.items() if mapped}


def _with_version(record: Record, version: str) -> dict[str, Record]:
    return {option: mapped for option, mapped in _all_mapped(record).items() if mapped.get("agent_version") == version}


def _named(mapped: t.Mapping[str, Record], agents: Agents) -> str:
    """The agents of a number as a text, such as "inbound_agent 'Front desk'"."""
    return ", ".join(
        f"{option} {str(agents.get(canonical_id(one['agent_id']), {}).get('name', one['agent_id']))[:_MAX_NAME]!r}"
        for option, one in mapped.items()
    )


def _last_day(record: Record) -> str | None:
    """The day in Korea on which the number ends, as YYYY-MM-DD."""
    end: t.Any = record.get("end_at")
    try:
        return datetime.fromtimestamp(end / 1000, _KOREAN_TIME).date().isoformat() if _is_amount(end) else None
    except (OverflowError, OSError, ValueError):
        return None


def _is_amount(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _count(known: t.Iterable[str], values: t.Iterable[t.Any]) -> dict[str, int]:
    """How often each value occurs. Known values come first, also with 0."""
    return {**dict.fromkeys(known, 0), **Counter(map(str, values))}
