# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 3, domain: the desired state of a number, and the plan to reach it.

A plan is a value, computed before any write. Check mode, the diff and the
writes use the same plan, so that they cannot contradict each other.
"""

from __future__ import annotations

import typing as t
import unicodedata
from dataclasses import dataclass, field, replace

from ansible_collections.voxai.telephony.plugins.module_utils._api import RECORD_FIELDS, Record
from ansible_collections.voxai.telephony.plugins.module_utils._numbering_plan import parse_number
from ansible_collections.voxai.telephony.plugins.module_utils._values import (
    HIDDEN,
    DesiredAgent,
    InputError,
    check_text,
    is_private,
    nfc,
    parse_address,
    parse_agent,
    parse_id,
    same_address,
)

AGENT_OPTIONS = ("inbound_agent", "outbound_agent", "sms_inbound_agent")
MAX_MEMO = 200

_DIFF_FIELDS = ("number", "provider", "status", "address", "memo", *AGENT_OPTIONS)


@dataclass(frozen=True)
class Desired:
    """The desired state of one number. None means that the option is left out and the field stays unchanged."""

    number: str | None = None
    record_id: str | None = None
    absent: bool = False
    address: str | None = None
    auth_username: str | None = None
    auth_password: str | None = field(default=None, repr=False)
    always_password: bool = False
    memo: str | None = None
    agents: dict[str, DesiredAgent | None] = field(default_factory=dict)
    cancel_vox_number: bool = False

    @property
    def label(self) -> str:
        """The name of the number in messages."""
        return self.number or f"id {self.record_id}"


def parse_desired(options: t.Mapping[str, t.Any]) -> Desired:
    """The desired state from a module's options. Raises InputError."""
    number = None if options.get("id") is not None else parse_number(options["number"])
    record_id = parse_id(options.get("id"))
    for option in ("auth_username", "auth_password"):
        if options[option] is not None and not options[option].strip():
            raise InputError(
                f"{option} is empty: check the variable. If the trunk has no such value, leave the option out, or use"
                " default(omit, true)"
            )
        check_text(option, options[option] or "")
    always = options["update_password"] == "always"
    if always and options["auth_password"] is None and options["state"] == "present":
        raise InputError("update_password is always, but auth_password is missing: add auth_password, or use on_create")
    memo = options["memo"]
    check_text("memo", memo or "", multiline=True)
    if memo and not memo.strip():
        raise InputError('memo is blank: write "" to clear it, or leave it out to keep the current memo')
    if memo is not None and len(memo) > MAX_MEMO:
        raise InputError(f"memo has {len(memo)} characters: write at most {MAX_MEMO}")
    address = options["address"]
    return Desired(
        number=number,
        record_id=record_id,
        absent=options["state"] == "absent",
        address=None if address is None else parse_address(address),
        auth_username=options["auth_username"],
        auth_password=options["auth_password"],
        always_password=always,
        memo=memo,
        agents={
            option: parse_agent(option, options[option]) for option in AGENT_OPTIONS if options[option] is not None
        },
        cancel_vox_number=options["cancel_vox_number"],
    )


def resolve_agents(desired: Desired, agent_id: t.Callable[[str], str]) -> Desired:
    """The desired state with the id of each agent. ``agent_id`` looks up a name."""
    return replace(
        desired,
        agents={
            option: agent._replace(agent_id=agent_id(agent.agent_name)) if agent and agent.agent_name else agent
            for option, agent in desired.agents.items()
        },
    )


@dataclass(frozen=True)
class Step:
    """One write request, and the items of the result's ``actions`` that it stands for."""

    call: t.Literal["register", "revoke_cancel", "update_sip", "update_memo", "update_agents", "delete"]
    actions: tuple[str, ...]
    body: dict[str, t.Any] = field(default_factory=dict, repr=False)

    @property
    def credentials(self) -> dict[str, str]:
        """The credentials that it sends, as the diff shows them. The API never returns them."""
        if not {"registered", "sip_updated"} & set(self.actions):
            return {}
        shown = {"auth_username": str(self.body.get("auth_username")), "auth_password": HIDDEN}
        return {option: text for option, text in shown.items() if self.body.get(option) is not None}

    def without(self, fields: t.Collection[str]) -> Step:
        """The step without the actions that the API did not do, because it ignored these fields or refused the step."""
        return replace(
            self, actions=tuple(action for action in self.actions if not self._sent_by(action) <= set(fields))
        )

    def _sent_by(self, action: str) -> set[str]:
        """The fields that show whether the action was done."""
        return _SHOWN_BY.get(action, set()) & set(self.body)


@dataclass(frozen=True)
class Plan:
    """The steps, in order, from the record ``before`` to the record ``after``. None means not held."""

    before: Record | None
    after: Record | None
    steps: tuple[Step, ...]

    @property
    def actions(self) -> list[str]:
        return [action for step in self.steps for action in step.actions]

    @property
    def warnings(self) -> list[str]:
        """Warnings about changes that may not work."""
        setting = [step for step in self.steps if "address" in step.body]
        warnings = []
        if any(step.call == "update_sip" and "auth_password" not in step.body for step in setting):
            warnings.append(
                "address changes, but auth_password is missing: the API requires it and may refuse the change. Add"
                " auth_password"
            )
        if any(is_private(step.body["address"]) for step in setting):
            warnings.append(
                "address cannot be reached from the internet (a loopback, private, link-local or reserved address, or a"
                " name of a local network): without a private link to vox.ai, calls will not arrive"
            )
        return warnings


def make_plan(desired: Desired, record: Record | None) -> Plan:
    """Compare the desired state with the record. Pure. Raises InputError."""
    if desired.absent:
        return _plan_absent(desired, record)
    if record is None:
        return _plan_registration(desired)
    return _plan_update(desired, record)


def _plan_absent(desired: Desired, record: Record | None) -> Plan:
    if record is None or record.get("status") == "expired":
        return Plan(None, None, ())
    if record.get("status") == "cancel_requested":
        return Plan(record, record, ())
    if record.get("provider") == "custom":
        return Plan(record, None, (Step("delete", ("deleted",)),))
    if not desired.cancel_vox_number:
        raise InputError(
            "the number was bought from vox.ai, and releasing it ends a paid contract: set cancel_vox_number to true to"
            " do so"
        )
    after = {**record, "status": "cancel_requested"}
    return Plan(record, after, (Step("delete", ("cancel_requested",)),))


def _plan_registration(desired: Desired) -> Plan:
    if desired.number is None:
        raise InputError("no record has this id: check id and api_url, or use number and address to register a number")
    if desired.address is None:
        raise InputError(
            "the number is not held yet: add address, the SIP trunk to register it with. (If the number was bought from"
            " vox.ai, the API key belongs to another organization.)"
        )
    fields = {
        "number": desired.number,
        "address": desired.address,
        "auth_username": desired.auth_username,
        "auth_password": desired.auth_password,
        "memo": desired.memo or None,
    }
    body = {option: value for option, value in fields.items() if value is not None}
    registered = {
        **dict.fromkeys(RECORD_FIELDS),
        "number": desired.number,
        "provider": "custom",
        "status": "active",
        "address": desired.address,
        "memo": desired.memo or None,
    }
    return _with_agents(desired, None, registered, [Step("register", ("registered",), body)])


def _plan_update(desired: Desired, record: Record) -> Plan:
    if record.get("status") == "expired":
        raise InputError("the record with this id has expired: use number instead of id to register the number again")
    if record.get("provider") == "vox" and (desired.address is not None or desired.always_password):
        raise InputError(
            "the number was bought from vox.ai and has no SIP trunk of its own: leave address out, and leave"
            " update_password at on_create (with a default address in the role, write a null, address:, in the entry)"
        )
    steps: list[Step] = []
    after = dict(record)
    if record.get("status") == "cancel_requested":
        steps.append(Step("revoke_cancel", ("cancel_revoked",)))
        after.update(status="active", cancel_requested_at=None, end_at=None)

    memo: dict[str, t.Any] = {}
    if desired.memo is not None and desired.memo != (record.get("memo") or ""):
        memo = {"memo": desired.memo or None}
    sip: dict[str, t.Any] = {}
    if desired.address is not None and not same_address(desired.address, record.get("address")):
        sip = {"address": desired.address}
    after.update(memo)
    after.update(sip)
    if sip or desired.always_password:
        # The API never returns credentials, so they are sent when the address changes, or always.
        credentials = {"auth_username": desired.auth_username, "auth_password": desired.auth_password}
        sip.update({option: value for option, value in credentials.items() if value is not None})
        # The same request can change the memo.
        steps.append(Step("update_sip", ("sip_updated", *(["memo_updated"] if memo else [])), {**sip, **memo}))
    elif memo:
        steps.append(Step("update_memo", ("memo_updated",), memo))

    return _with_agents(desired, record, after, steps)


def _with_agents(desired: Desired, before: Record | None, after: Record, steps: list[Step]) -> Plan:
    """The plan with these steps, and a step for the agents that differ, if any."""
    changed = {name: agent for name, agent in desired.agents.items() if _differs(agent, after.get(name))}
    if changed:
        body = {name: agent.as_body() if agent else None for name, agent in changed.items()}
        steps = [*steps, Step("update_agents", ("agents_updated",), body)]
        # Without a version, the API uses the draft.
        after = {**after, **{name: {"agent_version": "current", **new} if new else None for name, new in body.items()}}
    # Most of thousands of numbers are up to date. Their records are kept in memory only once.
    return Plan(before, after if steps else before, tuple(steps))


def _differs(agent: DesiredAgent | None, assigned: t.Any) -> bool:
    return bool(assigned) if agent is None else not agent.matches(assigned)


_SHOWN_BY = {"sip_updated": {"address"}, "memo_updated": {"memo"}, "agents_updated": set(AGENT_OPTIONS)}


def not_as_sent(step: Step, record: Record, hide: t.Callable[[t.Any], t.Any]) -> list[str]:
    """Warnings about fields that the API returns with a different value. Each run reports them as changed.

    ``hide``: masks secrets in a value. It comes before the value is shortened, because a part of a secret is secret.
    """
    return [
        f"{name} was sent as {_quoted(hide(sent))}, and the API returned {_quoted(hide(record.get(name)))}"
        f"{', which only differs in its Unicode normalization' if nfc(sent) == nfc(record.get(name)) else ''}."
        f" {_NO_REMEDY if name in AGENT_OPTIONS else _REMEDY}"
        for name, sent in _returned(step)
        if not _RETURNED[name](sent, record.get(name))
    ]


def took_effect(step: Step, record: Record) -> bool:
    """Whether the record shows that the step was done. Credentials are never in a record."""
    sent = _returned(step)
    return bool(sent) and all(_is_echo(name, value, record.get(name)) for name, value in sent)


def ignored_fields(step: Step, before: Record, after: Record) -> list[str]:
    """The fields that the step has sent, but that did not change."""
    return [
        name
        for name, sent in _returned(step)
        if not _is_echo(name, sent, after.get(name)) and _is_same(name, before.get(name), after.get(name))
    ]


def _returned(step: Step) -> list[tuple[str, t.Any]]:
    """The fields that the step sends and that records have."""
    return [(name, sent) for name, sent in step.body.items() if name in _RETURNED]


def _is_echo(name: str, sent: t.Any, returned: t.Any) -> bool:
    """Whether a value is what was sent, or the same text in another form, such as trimmed or normalized."""
    if _RETURNED[name](sent, returned):
        return True
    return isinstance(sent, str) and isinstance(returned, str) and _bare(sent) == _bare(returned)


def _is_same(name: str, one: t.Any, other: t.Any) -> bool:
    return one == other or (name not in AGENT_OPTIONS and _RETURNED[name](one, other))


def _same_memo(sent: t.Any, returned: t.Any) -> bool:
    return (sent or "") == (returned or "")


def _same_agent(sent: dict[str, str] | None, returned: t.Any) -> bool:
    agent = DesiredAgent(sent["agent_id"], None, sent.get("agent_version")) if sent else None
    return not _differs(agent, returned)


_RETURNED: dict[str, t.Callable[[t.Any, t.Any], bool]] = {
    "memo": _same_memo,
    "address": same_address,
    **dict.fromkeys(AGENT_OPTIONS, _same_agent),
}
"""The fields that are sent and returned, with the functions that compare both values."""

_REMEDY = "Write it as the API returns it. Otherwise each run sends it and reports a change"
_NO_REMEDY = "Each run sends it and reports a change"


def _quoted(value: t.Any) -> str:
    return repr(value[:MAX_MEMO] if isinstance(value, str) else value)[: 2 * MAX_MEMO]


def _bare(text: str) -> str:
    """A text without the differences that an API may make: blanks, letter case and Unicode form."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def make_diff(
    before: Record | None, after: Record | None, credentials: t.Mapping[str, str] | None = None
) -> dict[str, dict[str, t.Any]]:
    """``before`` and ``after``: the fields that the collection manages, without secrets.

    ``credentials``: the credentials that were sent, masked. If the number has a new record, both ids are included.
    """
    replaced = before and after and before.get("id") != after.get("id")
    names = ("id", *_DIFF_FIELDS) if replaced else _DIFF_FIELDS

    def shown(record: Record | None) -> dict[str, t.Any]:
        return {name: record.get(name) for name in names} if record else {}

    return {"before": shown(before), "after": {**shown(after), **((after and credentials) or {})}}
