# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part that only reads."""

from __future__ import annotations

import math
import re
import statistics
import uuid
from collections.abc import Callable
from typing import Any, TypeGuard

from ._client import Answer, Client, Stop, retry_after
from ._findings import Findings

NUMBERS = "/organization-telephone-numbers"
STATUSES = ("active", "scheduled", "cancel_requested", "expired")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_TEXT, _NULL, _INT = str, type(None), int
FIELDS: dict[str, tuple[type, ...]] = {
    "id": (_TEXT,),
    "number": (_TEXT,),
    "provider": (_TEXT,),
    "status": (_TEXT,),
    "start_at": (_INT, _NULL),
    "created_at": (_INT,),
    "updated_at": (_INT,),
    "monthly_fee": (_INT, _NULL),
    "address": (_TEXT, _NULL),
    "inbound_trunk_id": (_TEXT, _NULL),
    "outbound_trunk_id": (_TEXT, _NULL),
    "inbound_agent": (dict, _NULL),
    "outbound_agent": (dict, _NULL),
    "sms_inbound_agent": (dict, _NULL),
    "memo": (_TEXT, _NULL),
    "end_at": (_INT, _NULL),
    "cancel_requested_at": (_INT, _NULL),
}
RECENT = "sms_inbound_agent"
NULLABLE = {name for name, types in FIELDS.items() if _NULL in types}
"""Whether fields that are null are shown is not documented."""
"""The API has not always had it."""
TIMES = tuple(name for name in FIELDS if name.endswith("_at"))
MAPPINGS = ("inbound_agent", "outbound_agent", "sms_inbound_agent")
AGENT_FIELDS = ("agent_id", "name", "type", "production_version")
CREDENTIALS = ("auth_username", "auth_password")
_EARLIEST_MS = 946_684_800_000
_FORM_STATUSES = (401, 403, 404, 409, 422, 429)
_AB_TEST = re.compile("ab_?test|experiment|variant|traffic_split", re.IGNORECASE)


def _is_integer(value: Any) -> TypeGuard[int]:
    """Whether JSON has an integer there. A boolean is one to Python."""
    return isinstance(value, int) and not isinstance(value, bool)


def plain_id(item: Any, name: str = "id") -> str | None:
    """An id that can be a part of a path."""
    value = item.get(name) if isinstance(item, dict) else None
    return value if isinstance(value, str) and PLAIN_ID.fullmatch(value) else None


def ids(answer: Answer, name: str = "id") -> list[str]:
    found = (plain_id(item, name) for item in answer.records)
    return [one for one in found if one]


def names(values: Any, findings: Findings) -> str:
    """Names of the server's, for the table."""
    plain = sorted({findings.scrubber.name(value) for value in values})
    return ", ".join(plain[:12]) + (f" and {len(plain) - 12} more" if len(plain) > 12 else "") or "none"


def look_at_errors(answers: list[Answer], findings: Findings) -> None:
    """Form and code of the errors seen, and headers."""
    bodies: dict[int, str] = {}
    codes: dict[int, str] = {}
    shown: set[str] = set()
    for answer in answers:
        status = answer.status
        for name in answer.headers:
            if re.search("rate-?limit", name, re.IGNORECASE):
                value = answer.headers[name]
                plain = re.fullmatch(r"[\w;=,. -]{1,40}", value)
                # What is left of the limit, and when it is reset, changes all the time.
                changing = re.search("remaining|reset", name, re.IGNORECASE)
                shown.add(findings.scrubber.name(name) + (f": {value}" if plain and not changing else ""))
        if status is None or status < 400 or status >= 500:
            continue
        error = answer.error
        whole = {"code", "message", "details"} <= set(error)
        if status in _FORM_STATUSES:
            bodies.setdefault(status, "empty" if answer.empty else "envelope" if error else "other")
            if error:
                codes.setdefault(status, findings.scrubber.name(error.get("code"), "code"))
        if status == 400:
            missing = {"code", "message", "details"} - set(error)
            findings.check("C4", whole, "all three" if whole else f"{answer} without {names(missing, findings)}")
            code = findings.scrubber.name(error.get("code"), "code")
            findings.check("C5", code == "VALIDATION_ERROR", code)
        if error and isinstance(error.get("message"), str):
            korean = bool(re.search("[가-힣]", error["message"]))
            findings.check("C6", korean, "Korean" if korean else f"another language (HTTP {status})")
        if status == 429:
            findings.value("C13", "retry_after", retry_after(answer), answer.headers.get("Retry-After") or "no header")
    if bodies:
        findings.value("C7", "error_bodies", bodies, ", ".join(f"{one} {bodies[one]}" for one in sorted(bodies)))
    if codes:
        findings.value("C8", "error_codes", codes, ", ".join(f"{one} {codes[one]}" for one in sorted(codes)))
    if answers:
        findings.value("C12", "limit_headers", bool(shown), "; ".join(sorted(shown)) or "none")
        limits = [
            re.search(rf"(?i)limit-{window}: (\d{{1,6}})(;|$)", "; ".join(sorted(shown)))
            for window in ("second", "minute")
        ]
        if all(limits):
            findings.switches["rate_limit"] = [int(limit[1]) for limit in limits if limit]


def look_at_records(records: list[dict[str, Any]], findings: Findings) -> None:
    """Fields and types of telephone numbers."""
    for record in records:
        left_out = set(FIELDS) - set(record) - {RECENT}
        missing = left_out - NULLABLE
        findings.check(
            "R1", not missing, f"missing: {names(missing, findings)}" if missing else f"all of {len(record)}"
        )
        if left_out & NULLABLE:
            findings.value("R14", "show_nulls", False, f"left out: {names(left_out & NULLABLE, findings)}")
        elif None in record.values():
            findings.value("R14", "show_nulls", True, "shown")
        wrong = {
            name
            for name, types in FIELDS.items()
            if name in record and (isinstance(record[name], bool) or not isinstance(record[name], types))
        }
        findings.check("R2", not wrong, f"another type: {names(wrong, findings)}" if wrong else "as documented")
        secret = set(record) & set(CREDENTIALS)
        findings.check("R4", not secret, f"returned: {names(secret, findings)}" if secret else "never")
        identity = record.get("id")
        findings.check(
            "R5",
            isinstance(identity, str) and bool(UUID.fullmatch(identity)),
            "a UUID" if isinstance(identity, str) and UUID.fullmatch(identity) else "something else",
        )
        times = {name: record[name] for name in TIMES if record.get(name) is not None}
        odd = {name for name, value in times.items() if not _is_integer(value) or value < _EARLIEST_MS}
        findings.check("R6", not odd, f"others: {names(odd, findings)}" if odd else "milliseconds")
        for name in ("inbound_trunk_id", "outbound_trunk_id"):
            if isinstance(record.get(name), str):
                begins = record[name].startswith("ST_")
                findings.check("R7", begins, "ST_" if begins else f"{name} begins otherwise")
        for name in MAPPINGS:
            if isinstance(record.get(name), dict):
                lacking = {"agent_id", "agent_version"} - set(record[name])
                findings.check("R8", not lacking, f"{name} lacks {names(lacking, findings)}" if lacking else "both")
        if isinstance(record.get("address"), str) and record["address"].lower().startswith("sip:"):
            findings.value("W4", "echo_sip", True, "with sip: in a record")
    if records:
        unknown = set().union(*(set(record) for record in records)) - set(FIELDS) - set(CREDENTIALS)
        findings.note("R3", "holds", names(unknown, findings))
        tests = {name for name in unknown if _AB_TEST.search(str(name))}
        if tests:
            findings.value("R13", "show_ab_test", True, names(tests, findings))
        else:
            findings.unseen("R13", "no field looks like it; no number may run a test")


class Reading:
    """Puts the statements to the API that need no write."""

    def __init__(self, client: Client, findings: Findings) -> None:
        self._client, self._findings = client, findings
        self._lists: dict[str, Answer] = {}
        self.agent_id: str | None = None
        """An agent of the organization."""

    def run(self) -> str:
        """Ask all of it. Returns why it ended before, or an empty text."""
        steps: tuple[Callable[[], None], ...] = (
            self._keys, self._default, self._statuses, self._repeated, self._unknown_status, self._limits,
            self._unknown_query, self._cursors, self._order, self._providers, self._single, self._agents,
        )  # fmt: skip
        why = ""
        try:
            for step in steps:
                guarded(step, self._findings)
        except Stop as stop:
            why = str(stop)
        records = [record for answer in self._client.answers for record in [*answer.records, *self._alone(answer)]]
        guarded(lambda: look_at_records([one for one in records if "number" in one], self._findings), self._findings)
        guarded(lambda: look_at_errors(self._client.answers, self._findings), self._findings)
        if self._client.seconds:
            latency = round(statistics.median(self._client.seconds), 3)
            self._findings.value("C14", "latency", latency, f"{latency:g} s (median)")
        return why

    @staticmethod
    def _alone(answer: Answer) -> list[dict[str, Any]]:
        return (
            [answer.content] if answer.ok and isinstance(answer.content, dict) and "items" not in answer.content else []
        )

    def _useful(self, key: str, answer: Answer) -> bool:
        if answer.useless:
            self._findings.unseen(key, answer)
        return not answer.useless

    def _keys(self) -> None:
        for key, name, switch in (("C1", "none", "no_key_status"), ("C2", "wrong", "wrong_key_status")):
            answer = self._client.get(NUMBERS, ("limit", "1"), key=name)
            if self._useful(key, answer):
                if answer.refused:
                    self._findings.value(key, switch, answer.status, str(answer))
                else:
                    self._findings.check(key, False, answer)

    def _default(self) -> None:
        answer = self._client.get(NUMBERS)
        if answer.status in (401, 403):
            raise Stop(f"the API refuses the key ({answer})")
        if not self._useful("C3", answer):
            return
        self._findings.check("C3", answer.ok, answer)
        self._envelope("L1", answer)
        items = answer.items
        if items is None:
            return
        found = {record.get("status") for record in answer.records if isinstance(record.get("status"), str)}
        if items:
            self._findings.check("L3", found == {"active"}, names(found, self._findings))
            if len(items) >= 50 or answer.get("next_cursor") is not None:
                self._findings.check("L10", len(items) == 50, f"{len(items)} items")
        self._findings.unseen("L3", "there are no numbers")
        self._findings.unseen("L10", "there are less than 50 numbers")

    def _envelope(self, key: str, answer: Answer) -> None:
        content = answer.content if isinstance(answer.content, dict) else {}
        missing = {"items", "total_count", "next_cursor"} - set(content)
        right = answer.ok and not missing and answer.items is not None
        seen = (
            "all three"
            if right
            else f"{answer}, missing: {names(missing, self._findings)}"
            if missing
            else "items is no list"
        )
        self._findings.check(key, right, seen)

    def _statuses(self) -> None:
        for status in STATUSES:
            answer = self._client.get(NUMBERS, ("status", status), ("limit", "100"))
            self._lists[status] = answer
            if not self._useful("L8", answer):
                continue
            self._findings.check("L8", answer.ok, answer)
            found = {record.get("status") for record in answer.records if isinstance(record.get("status"), str)}
            if found:
                self._findings.check("L4", found == {status}, f"{status}: {names(found, self._findings)}")
            items, total, cursor = answer.items, answer.get("total_count"), answer.get("next_cursor")
            if items is None:
                continue
            if len(items) < 100:
                self._findings.check("L2", cursor is None, "null" if cursor is None else "another value")
            if cursor is None:
                self._findings.check(
                    "L13",
                    _is_integer(total) and total == len(items),
                    f"items: {len(items)}, and {'as many' if total == len(items) else 'another count'}",
                )
        self._findings.unseen("L4", "there are no numbers")

    def _repeated(self) -> None:
        other = next((one for one in ("expired", *STATUSES[1:3]) if self._lists[one].records), "expired")
        here, there = ({one} if self._lists[one].records else set() for one in ("active", other))
        pairs = [[("status", one) for one in order] for order in (("active", other), (other, "active"))]
        answers = [self._client.get(NUMBERS, ("limit", "100"), *pair) for pair in pairs]
        if any(answer.useless for answer in answers):
            return self._findings.unseen("L5", answers[0])
        if all(answer.refused for answer in answers):
            return self._findings.value("L5", "repeated_status", "refuse", str(answers[0]))
        seen = [{str(record.get("status")) for record in answer.records} for answer in answers]
        if any(answer.items is None for answer in answers):
            return self._findings.check("L5", False, f"{answers[0]}, {answers[1]}")
        expected = {"last": [there, here], "first": [here, there], "all": [here | there] * 2}
        fitting = [name for name, shown in expected.items() if shown == seen]
        if len(fitting) == 1:
            return self._findings.value("L5", "repeated_status", fitting[0], "accepted")
        if fitting:
            return self._findings.unseen("L5", "accepted; too few numbers to tell which counts")
        return self._findings.check("L5", False, "accepted, and none of these")

    def _unknown_status(self) -> None:
        answer = self._client.get(NUMBERS, ("status", "contract_unknown"), ("limit", "1"))
        if self._useful("L6", answer):
            if answer.refused:
                self._findings.value("L6", "unknown_status", "refuse", str(answer))
            elif answer.items == []:
                self._findings.value("L6", "unknown_status", "empty")
            else:
                self._findings.check("L6", False, f"{answer} with items" if answer.items else answer)

    def _limits(self) -> None:
        one, none, more = (self._client.get(NUMBERS, ("limit", limit)) for limit in ("1", "0", "101"))
        some = bool(self._lists["active"].items)
        if self._useful("L7", one):
            count = -1 if one.items is None else len(one.items)
            if some or count != 0:
                self._findings.check("L7", count == 1, f"items: {count}" if count >= 0 else one)
            else:
                self._findings.unseen("L7", "there are no numbers")
        if none.useless or more.useless:
            self._findings.unseen("L9", none if none.useless else more)
        elif none.refused and more.refused:
            self._findings.value("L9", "limit_beyond", "refuse", f"HTTP {none.status} and {more.status}")
        elif (
            none.items is not None
            and more.items is not None
            and len(none.items) == int(some)
            and len(more.items) <= 100
        ):
            self._findings.value("L9", "limit_beyond", "clamp", "accepted")
        else:
            counts = [answer if answer.items is None else f"{len(answer.items)} items" for answer in (none, more)]
            self._findings.check("L9", False, f"{counts[0]} and {counts[1]}")

    def _unknown_query(self) -> None:
        answer = self._client.get(NUMBERS, ("limit", "1"), ("contract_unknown", "1"))
        if not self._useful("C9", answer):
            return
        self._findings.check("C9", answer.status == 400, answer)
        details = answer.error.get("details")
        allowed = details.get("allowed_query_parameters") if isinstance(details, dict) else None
        listed = isinstance(allowed, list) and bool(allowed)
        if answer.refused:
            self._findings.check("C10", listed, names(allowed, self._findings) if listed else "missing")

    def _cursors(self) -> None:
        made_up = self._client.get(NUMBERS, ("limit", "100"), ("cursor", "contract-made-up"))
        first = self._lists["active"]
        if self._useful("L12", made_up):
            if made_up.refused:
                self._findings.value("L12", "unknown_cursor", "refuse", str(made_up))
            elif made_up.items is None:
                self._findings.check("L12", False, made_up)
            elif not first.items:
                self._findings.unseen("L12", "accepted; there are no numbers")
            elif not made_up.items:
                self._findings.value("L12", "unknown_cursor", "empty")
            else:
                same = ids(made_up) == ids(first)
                if same:
                    self._findings.value("L12", "unknown_cursor", "first_page")
                else:
                    self._findings.check("L12", False, "another page")
        status = max(STATUSES, key=lambda one: len(self._lists[one].items or []))
        whole = ids(self._lists[status])
        if len(whole) < 2:
            return self._findings.unseen("L11", "there are less than 2 numbers in one status")
        self._findings.check("L11", *self._walk(NUMBERS, [("status", status)], whole, self._lists[status], "id"))
        return None

    def _walk(
        self, path: str, query: list[tuple[str, str]], whole: list[str], listed: Answer, name: str
    ) -> tuple[bool, str]:
        """Follow up to three pages, and compare them with the list as it was read at once."""
        limit = math.ceil(len(whole) / 3)
        seen: list[str] = []
        cursor: list[tuple[str, str]] = []
        for page in range(1, 4):
            answer = self._client.get(path, *query, ("limit", str(limit)), *cursor)
            if answer.items is None:
                return False, f"page {page}: {answer}"
            seen += ids(answer, name)
            if len(set(seen)) < len(seen):
                return False, "an item twice"
            if answer.get("next_cursor") is None:
                break
            if answer.cursor is None:
                return False, "a next_cursor that is no text"
            cursor = [("cursor", answer.cursor)]
        else:
            if listed.get("next_cursor") is None and len(seen) >= len(whole):
                return False, "a next_cursor after the last page"
        right = seen[: len(whole)] == whole[: len(seen)] and (len(seen) >= len(whole) or len(seen) == 3 * limit)
        return right, f"{len(seen)} of {len(whole)} items, {'in the same order' if right else 'not those of the list'}"

    def _order(self) -> None:
        status = max(STATUSES, key=lambda one: len(self._lists[one].items or []))
        listed = self._lists[status]
        written = [record.get("created_at") for record in listed.records]
        times = [one for one in written if _is_integer(one)]
        if len(times) < 2 or len(times) < len(written):
            for key in ("L14", "L15"):
                self._findings.unseen(key, "there are less than 2 numbers in one status")
            return
        self._findings.check(
            "L14",
            times == sorted(times, reverse=True),
            "newest first" if times == sorted(times, reverse=True) else "another order",
        )
        answer = self._client.get(NUMBERS, ("status", status), ("limit", "100"), ("sort_order", "asc"))
        if self._useful("L15", answer):
            rising = [one for one in (record.get("created_at") for record in answer.records) if _is_integer(one)]
            right = len(rising) == len(answer.records) > 1 and rising == sorted(rising)
            self._findings.check("L15", right, "oldest first" if right else "another order" if answer.ok else answer)

    def _providers(self) -> None:
        for provider in ("custom", "vox"):
            answer = self._client.get(NUMBERS, ("provider", provider), ("limit", "100"))
            if not self._useful("L16", answer):
                continue
            found = {str(record.get("provider")) for record in answer.records}
            if found or not answer.ok:
                self._findings.check(
                    "L16", found == {provider}, f"{provider}: {names(found, self._findings) if answer.ok else answer}"
                )
        self._findings.unseen("L16", "there are no numbers")

    def _single(self) -> None:
        records = [one for status in STATUSES for one in self._lists[status].records if plain_id(one)]
        unknown = self._client.get(f"{NUMBERS}/{uuid.uuid4()}")
        if self._useful("R10", unknown):
            self._findings.check("R10", unknown.status == 404, unknown)
        malformed = self._client.get(f"{NUMBERS}/not-a-uuid")
        if self._useful("R11", malformed):
            if malformed.refused:
                self._findings.value("R11", "malformed_id", malformed.status, str(malformed))
            else:
                self._findings.check("R11", False, malformed)
        route = self._client.get("/contract-unknown-route")
        if self._useful("C11", route):
            if route.status == 404:
                self._findings.value("C11", "unknown_route", "envelope" if route.error else "other", str(route))
            else:
                self._findings.check("C11", False, route)
        if not records:
            for key in ("R9", "R12"):
                self._findings.unseen(key, "there are no numbers")
            return None
        record = records[0]
        answer = self._client.get(f"{NUMBERS}/{record['id']}")
        if self._useful("R9", answer):
            content = answer.content if answer.ok and isinstance(answer.content, dict) else None
            differing = {one for one in {*record, *(content or {})} if (content or {}).get(one) != record.get(one)}
            seen = f"differs in {names(differing, self._findings)}" if content is not None else str(answer)
            self._findings.check("R9", content is not None and not differing, seen if differing else "as in the list")
        lettered = next((str(one["id"]) for one in records if one["id"].upper() != one["id"]), None)
        if lettered is None:
            return self._findings.unseen("R12", "no id has letters")
        upper = self._client.get(f"{NUMBERS}/{lettered.upper()}")
        if self._useful("R12", upper):
            if upper.refused or (upper.ok and plain_id(upper.content)):
                self._findings.value("R12", "upper_case_id", upper.ok, str(upper))
            else:
                self._findings.check("R12", False, upper)
        return None

    def _agents(self) -> None:
        listed = self._client.get("/agents", ("limit", "100"))
        if not self._useful("A1", listed):
            return
        self._envelope("A1", listed)
        unknown = self._client.get("/agents", ("limit", "1"), ("contract_unknown", "1"))
        if self._useful("A8", unknown):
            self._findings.check("A8", unknown.status == 400, unknown)
        for agent in listed.records:
            lacking = set(AGENT_FIELDS) - set(agent)
            self._findings.check(
                "A2", not lacking, f"missing: {names(lacking, self._findings)}" if lacking else "all four"
            )
        agents = [one for one in listed.records if plain_id(one, "agent_id")]
        if not agents:
            for key in ("A2", "A3", "A4", "A5", "A6", "A7"):
                self._findings.unseen(key, "there are no agents")
            return
        self.agent_id = str(agents[0]["agent_id"])
        self._agent_names(agents)
        self._agent_types(agents)
        whole = ids(listed, "agent_id")
        if len(whole) < 2:
            self._findings.unseen("A7", "there is one agent only")
        else:
            self._findings.check("A7", *self._walk("/agents", [], whole, listed, "agent_id"))

    def _agent_names(self, agents: list[dict[str, Any]]) -> None:
        words = ((one, re.search("[A-Za-z]{2,}", one["name"])) for one in agents if isinstance(one.get("name"), str))
        agent, word = next(((one, word) for one, word in words if word), (None, None))
        if agent is None or word is None:
            for key in ("A3", "A4"):
                self._findings.unseen(key, "no agent's name has Latin letters")
            return
        part = word[0]
        answer = self._client.get("/agents", ("q", part), ("limit", "100"))
        if self._useful("A3", answer):
            shown = [str(one.get("name")) for one in answer.records]
            fitting = all(part.casefold() in name.casefold() for name in shown)
            right = fitting and (agent["agent_id"] in ids(answer, "agent_id") or answer.get("next_cursor") is not None)
            self._findings.check("A3", right, f"agents: {len(shown)}" if answer.ok else answer)
        swapped = self._client.get("/agents", ("q", part.swapcase()), ("limit", "100"))
        if self._useful("A4", swapped):
            if swapped.items is None:
                self._findings.check("A4", False, swapped)
            else:
                self._findings.value("A4", "q_ignores_case", agent["agent_id"] in ids(swapped, "agent_id"))

    def _agent_types(self, agents: list[dict[str, Any]]) -> None:
        types = sorted(
            {one["type"] for one in agents if isinstance(one.get("type"), str) and one["type"].isprintable()}
        )
        for key, chosen in (("A5", types[:1]), ("A6", types[:2])):
            if len(chosen) < (2 if key == "A6" else 1):
                self._findings.unseen(key, "agents of one type only")
                continue
            answer = self._client.get("/agents", ("limit", "100"), *(("type", one) for one in chosen))
            if self._useful(key, answer):
                found = {str(one.get("type")) for one in answer.records}
                self._findings.check(key, found == set(chosen), f"types: {len(found)}" if answer.ok else answer)


def guarded(step: Callable[[], object], findings: Findings) -> None:
    """Do a step. An answer that nobody thought of ends this step only."""
    try:
        step()
    except Stop:
        raise
    except Exception as error:
        findings.scrubber.faults.append(f"{getattr(step, '__name__', 'step')}: {type(error).__name__}")
