# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks that only read."""

from __future__ import annotations

import math
import re
import statistics
import uuid
from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

from ._client import NOT_JSON, Answer, Client, Stop, retry_after
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
"""The API added this field later."""
NULLABLE = {name for name, types in FIELDS.items() if _NULL in types}
"""Fields that may be missing, because it is not documented whether null fields are returned."""
TIMES = tuple(name for name in FIELDS if name.endswith("_at"))
MAPPINGS = ("inbound_agent", "outbound_agent", "sms_inbound_agent")
AGENT_FIELDS = ("agent_id", "name", "type", "production_version")
_CREDENTIAL = re.compile("auth_user|password|passwd|secret", re.IGNORECASE)
_EARLIEST_MS = 946_684_800_000
_FORM_STATUSES = (401, 403, 404, 409, 422, 429)
_AB_TEST = re.compile("ab_?test|experiment|variant|traffic_split", re.IGNORECASE)


def _is_integer(value: Any) -> TypeGuard[int]:
    """Whether a JSON value is an integer. In Python, booleans are integers too."""
    return isinstance(value, int) and not isinstance(value, bool)


def plain_id(item: Any, name: str = "id") -> str | None:
    """Return the id of an item if it can be part of a path."""
    value = item.get(name) if isinstance(item, dict) else None
    return value if isinstance(value, str) and PLAIN_ID.fullmatch(value) else None


def ids(answer: Answer, name: str = "id") -> list[str]:
    found = (plain_id(item, name) for item in answer.records)
    return [one for one in found if one]


def names(values: Any, findings: Findings) -> str:
    """Return names from the server as a text for the table."""
    plain = sorted({findings.scrubber.name(value) for value in values})
    return ", ".join(plain[:12]) + (f" and {len(plain) - 12} more" if len(plain) > 12 else "") or "none"


def look_at_errors(answers: list[Answer], findings: Findings) -> None:
    """Check the form, codes and headers of the error responses."""
    bodies: dict[int, str] = {}
    codes: dict[int, str] = {}
    for answer in answers:
        status, error = answer.status, answer.error
        if status is None or not 400 <= status < 500:
            continue
        if status in _FORM_STATUSES:
            json_body = "envelope" if error else "other"
            bodies.setdefault(
                status, "empty" if answer.empty else "no JSON" if answer.content is NOT_JSON else json_body
            )
            if error:
                codes.setdefault(status, findings.scrubber.name(error.get("code"), "code"))
        if status == 400:
            missing = {"code", "message", "details"} - set(error)
            findings.check(
                "C4", not missing, f"{answer} without {names(missing, findings)}" if missing else "all three"
            )
            code = findings.scrubber.name(error.get("code"), "code")
            findings.check("C5", code == "VALIDATION_ERROR", code)
        if isinstance(error.get("message"), str):
            korean = bool(re.search("[가-힣]", error["message"]))
            findings.check("C6", korean, "Korean" if korean else f"another language (HTTP {status})")
        if status == 429:
            written, seconds = answer.headers.get("Retry-After"), retry_after(answer)
            if written is None or seconds is not None:
                findings.value("C13", "retry_after", seconds, written or "no header")
            else:
                findings.check("C13", False, "not a number of seconds")
    if bodies:
        seen = ", ".join(f"{one} {bodies[one]}" for one in sorted(bodies))
        if "no JSON" in bodies.values():
            findings.check("C7", False, seen)
        else:
            findings.value("C7", "error_bodies", bodies, seen)
    if codes:
        seen = ", ".join(f"{one} {codes[one]}" for one in sorted(codes))
        if all(re.fullmatch("[A-Z][A-Z0-9_]*", code) for code in codes.values()):
            findings.value("C8", "error_codes", codes, seen)
        else:
            findings.check("C8", False, seen)
    _look_at_limits([one for one in answers if one.ok and one.key == "right" and one.of_api], findings)


def _look_at_limits(answers: list[Answer], findings: Findings) -> None:
    """Check the headers with the rate limit."""
    shown: set[str] = set()
    without = 0
    for answer in answers:
        limiting = [name for name in answer.headers if re.search("rate-?limit", name, re.IGNORECASE)]
        without += not limiting
        for name in limiting:
            value = answer.headers[name]
            plain = re.fullmatch(r"[\w;=,. -]{1,40}", value)
            # The remaining requests and the time of the reset change with each response.
            changing = re.search("remaining|reset", name, re.IGNORECASE)
            shown.add(findings.scrubber.name(name) + (f": {value}" if plain and not changing else ""))
    if shown and without:
        findings.check("C12", False, f"on some answers only: {'; '.join(sorted(shown))}")
    elif answers:
        findings.value("C12", "limit_headers", bool(shown), "; ".join(sorted(shown)) or "none")
        limits = [
            re.search(rf"(?i)limit-{window}: (\d{{1,6}})(;|$)", "; ".join(sorted(shown)))
            for window in ("second", "minute")
        ]
        if all(limits):
            findings.switches["rate_limit"] = [int(limit[1]) for limit in limits if limit]


def look_at_records(records: list[dict[str, Any]], findings: Findings) -> None:
    """Check fields and types of telephone numbers."""
    null_left_out: set[str] = set()
    null_shown = False
    for record in records:
        left_out = set(FIELDS) - set(record) - {RECENT}
        missing = left_out - NULLABLE
        findings.check(
            "R1", not missing, f"missing: {names(missing, findings)}" if missing else f"all of {len(record)}"
        )
        if not missing:
            null_left_out |= left_out & NULLABLE
        null_shown = null_shown or any(record[name] is None for name in NULLABLE & set(record))
        wrong = {
            name
            for name, types in FIELDS.items()
            if name in record and (isinstance(record[name], bool) or not isinstance(record[name], types))
        }
        findings.check("R2", not wrong, f"another type: {names(wrong, findings)}" if wrong else "as documented")
        secret = set(_credentials(record))
        findings.check("R4", not secret, f"returned: {names(secret, findings)}" if secret else "never")
        identity = record.get("id")
        findings.check(
            "R5",
            isinstance(identity, str) and bool(UUID.fullmatch(identity)),
            "a UUID" if isinstance(identity, str) and UUID.fullmatch(identity) else "something else",
        )
        times = {name: record[name] for name in TIMES if record.get(name) is not None}
        odd = {name for name, value in times.items() if not _is_integer(value) or value < _EARLIEST_MS}
        if times:
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
    if null_left_out and null_shown:
        findings.check("R14", False, f"some shown, others left out: {names(null_left_out, findings)}")
    elif null_left_out or null_shown:
        seen = "shown" if null_shown else f"left out: {names(null_left_out, findings)}"
        findings.value("R14", "show_nulls", null_shown, seen)
    if records:
        unknown = set().union(*(set(record) for record in records)) - set(FIELDS)
        findings.note("R3", "holds", names(unknown, findings))
        tests = {name for name in unknown if _AB_TEST.search(str(name))}
        if tests:
            findings.value("R13", "show_ab_test", True, names(tests, findings))
        else:
            findings.unseen("R13", "no such field; perhaps no number runs an A/B test")


def _credentials(content: Any) -> Iterator[str]:
    """Return the names of fields, at any depth, that contain a credential."""
    if isinstance(content, dict):
        for name, value in content.items():
            if _CREDENTIAL.search(name):
                yield name
            yield from _credentials(value)
    elif isinstance(content, list):
        for one in content:
            yield from _credentials(one)


class Reading:
    """Checks the statements that need no write."""

    def __init__(self, client: Client, findings: Findings) -> None:
        self._client, self._findings = client, findings
        self._lists: dict[str, Answer] = {}
        self.agent_id: str | None = None
        """The id of an agent of the organization."""

    def run(self) -> str:
        """Run all checks. Return why they ended early, or an empty text."""
        steps: tuple[Callable[[], None], ...] = (
            self._default, self._keys, self._statuses, self._repeated, self._unknown_status, self._limits,
            self._unknown_query, self._cursors, self._order, self._providers, self._single, self._agents,
        )  # fmt: skip
        why = ""
        try:
            for step in steps:
                guarded(step, self._findings)
        except Stop as stop:
            why = str(stop)
        answers = [
            one for one in self._client.answers if one.ok and one.key == "right" and one.path.startswith(NUMBERS)
        ]
        records = [record for answer in answers for record in [*answer.records, *self._alone(answer)]]
        guarded(lambda: look_at_records(records, self._findings), self._findings)
        guarded(lambda: look_at_errors(self._client.answers, self._findings), self._findings)
        seconds = [one.seconds for one in self._client.answers if one.of_api]
        if seconds:
            latency = round(statistics.median(seconds), 3)
            self._findings.value("C14", "latency", latency, f"{latency:g} s (median)")
        return why

    @staticmethod
    def _alone(answer: Answer) -> list[dict[str, Any]]:
        """Return the record in a response, if it has an id: a server may send an error with 200."""
        single = answer.path != NUMBERS and isinstance(answer.content, dict) and "id" in answer.content
        return [answer.content] if single else []

    def _useful(self, key: str, answer: Answer) -> bool:
        if answer.useless:
            self._findings.unseen(key, answer)
        return not answer.useless

    def _page(self, key: str, answer: Answer) -> bool:
        """Whether a response is a page of a list. If not, the verdict is "differs" or "not seen"."""
        if answer.failed:
            self._findings.unseen(key, answer)
        elif not answer.ok:
            self._findings.check(key, False, answer)
        elif answer.items is None:
            self._findings.unseen(key, f"{answer}, without items")
        return answer.items is not None

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
            self._findings.unseen("C3", answer)
            raise Stop(f"the API refuses the key ({answer})")
        if answer.refused:
            self._findings.check("C3", False, answer)
        if answer.refused or answer.useless or not answer.ok or answer.content is NOT_JSON:
            self._findings.unseen("C3", answer)
            raise Stop(f"the numbers cannot be listed ({answer})")
        self._envelope("L1", answer)
        items = answer.items
        if items is None:
            return self._findings.unseen("C3", f"{answer}, without items")
        self._findings.check("C3", True, answer)
        found = {record.get("status") for record in answer.records if isinstance(record.get("status"), str)}
        if found:
            self._findings.check("L3", found == {"active"}, names(found, self._findings))
        if len(items) >= 50 or not answer.is_last:
            self._findings.check("L10", len(items) == 50, f"{len(items)} items")
        self._findings.unseen("L3", "there are no numbers")
        return self._findings.unseen("L10", "there are fewer than 50 numbers")

    def _envelope(self, key: str, answer: Answer) -> None:
        content = answer.content if isinstance(answer.content, dict) else {}
        missing = {"items", "total_count", "next_cursor"} - set(content)
        right = answer.ok and not missing and answer.items is not None
        seen = (
            "all three"
            if right
            else f"{answer}, missing: {names(missing, self._findings)}"
            if missing
            else "items is not a list"
        )
        self._findings.check(key, right, seen)

    def _statuses(self) -> None:
        for status in STATUSES:
            answer = self._client.get(NUMBERS, ("status", status), ("limit", "100"))
            self._lists[status] = answer
            if not self._page("L8", answer):
                continue
            self._findings.check("L8", True, answer)
            found = {record.get("status") for record in answer.records if isinstance(record.get("status"), str)}
            if found:
                self._findings.check("L4", found == {status}, f"{status}: {names(found, self._findings)}")
            items, total, cursor = answer.items or [], answer.get("total_count"), answer.get("next_cursor")
            if len(items) < 100 and not answer.is_last and _is_integer(total) and total > len(items):
                self._findings.check("L8", False, f"{len(items)} items, and more pages")
            elif len(items) < 100 and "next_cursor" in answer.content:
                self._findings.check("L2", cursor is None, "null" if cursor is None else "another value")
            if "total_count" in answer.content and "next_cursor" in answer.content:
                # Of a list of several pages, it is known only that it has more items.
                right = _is_integer(total) and (total == len(items) if answer.is_last else total > len(items))
                self._findings.check(
                    "L13", right, f"items: {len(items)}, and {'as many' if right else 'another count'}"
                )
        for key in ("L4", "L13"):
            self._findings.unseen(key, "there are no numbers")
        self._findings.unseen("L2", "each list has 100 numbers or more")

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
        # The first page of several may not contain all statuses.
        pages = not all(one.is_last for one in answers)
        if fitting or (pages and seen[0] <= here | there and seen[1] <= here | there):
            why = "too many numbers" if pages else "too few numbers"
            return self._findings.unseen("L5", f"accepted; {why} to see which status is used")
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
        # With fewer numbers, a limit of 1 has no effect.
        enough = len(self._lists["active"].items or []) > 1
        if self._page("L7", one):
            count = len(one.items or [])
            if enough or count > 1:
                self._findings.check("L7", count == 1, f"items: {count}")
            else:
                self._findings.unseen("L7", "there are fewer than 2 numbers")
        if none.useless or more.useless:
            self._findings.unseen("L9", none if none.useless else more)
        elif none.refused and more.refused:
            self._findings.value("L9", "limit_beyond", "refuse", f"HTTP {none.status} and {more.status}")
        elif none.items is not None and more.items is not None and not enough:
            self._findings.unseen("L9", "accepted; there are fewer than 2 numbers")
        elif none.items is not None and more.items is not None and len(none.items) == 1 and len(more.items) <= 100:
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
            return self._findings.unseen("L11", "there are fewer than 2 numbers in one status")
        return self._walk("L11", NUMBERS, [("status", status)], whole, self._lists[status], "id")

    def _walk(
        self, key: str, path: str, query: list[tuple[str, str]], whole: list[str], listed: Answer, name: str
    ) -> None:
        """Read up to three pages, and compare them with the list from a single page."""
        limit = math.ceil(len(whole) / 3)
        seen: list[str] = []
        cursor: list[tuple[str, str]] = []
        for _page in range(3):
            answer = self._client.get(path, *query, ("limit", str(limit)), *cursor)
            if not self._page(key, answer):
                return None
            if len(answer.items or []) > limit:
                return self._findings.check(key, False, "a page with more items than its limit")
            seen += ids(answer, name)
            if len(set(seen)) < len(seen):
                return self._findings.check(key, False, "an item twice")
            if answer.is_last:
                break
            if answer.cursor is None:
                return self._findings.check(key, False, "a next_cursor that is not a text")
            cursor = [("cursor", answer.cursor)]
        else:
            if listed.is_last and len(seen) >= len(whole):
                return self._findings.check(key, False, "a next_cursor after the last page")
        right = seen[: len(whole)] == whole[: len(seen)] and (len(seen) >= len(whole) or len(seen) == 3 * limit)
        how = "in the same order" if right else "other items than in the list"
        return self._findings.check(key, right, f"{len(seen)} of {len(whole)} items, {how}")

    def _order(self) -> None:
        status = max(STATUSES, key=lambda one: len(self._lists[one].items or []))
        listed = self._lists[status]
        written = [record.get("created_at") for record in listed.records]
        times = [one for one in written if _is_integer(one)]
        if len(set(times)) < 2 or len(times) < len(written):
            for key in ("L14", "L15"):
                self._findings.unseen(key, "there are fewer than 2 numbers in one status with different created_at")
            return
        newest_first = times == sorted(times, reverse=True)
        self._findings.check("L14", newest_first, "newest first" if newest_first else "another order")
        answer = self._client.get(NUMBERS, ("status", status), ("limit", "100"), ("sort_order", "asc"))
        if self._page("L15", answer):
            rising = [one for one in (record.get("created_at") for record in answer.records) if _is_integer(one)]
            right = len(rising) == len(answer.records) > 1 and rising == sorted(rising)
            self._findings.check("L15", right, "oldest first" if right else "another order")

    def _providers(self) -> None:
        held = [one.get("provider") for one in self._lists["active"].records]
        for provider in ("custom", "vox"):
            answer = self._client.get(NUMBERS, ("provider", provider), ("limit", "100"))
            if not self._page("L16", answer):
                continue
            found = {str(record.get("provider")) for record in answer.records}
            if found or provider in held:
                self._findings.check("L16", found == {provider}, f"{provider}: {names(found, self._findings)}")
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
        if answer.failed:
            self._findings.unseen("R9", answer)
        else:
            content = answer.content if answer.ok and isinstance(answer.content, dict) else None
            differing = {one for one in {*record, *(content or {})} if (content or {}).get(one) != record.get(one)}
            seen = f"differs in {names(differing, self._findings)}" if content is not None else str(answer)
            self._findings.check("R9", content is not None and not differing, seen if differing else "as in the list")
        lettered = next((str(one["id"]) for one in records if one["id"].upper() != one["id"]), None)
        if lettered is None:
            return self._findings.unseen("R12", "no id contains a letter")
        upper = self._client.get(f"{NUMBERS}/{lettered.upper()}")
        if self._useful("R12", upper):
            if upper.refused or (upper.ok and plain_id(upper.content)):
                self._findings.value("R12", "upper_case_id", upper.ok, str(upper))
            else:
                self._findings.check("R12", False, upper)
        return None

    def _agents(self) -> None:
        listed = self._client.get("/agents", ("limit", "100"))
        if listed.failed:
            self._findings.unseen("A1", listed)
        else:
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
                self._findings.unseen(key, "there are no agents" if listed.items == [] else "no agents can be read")
            return
        self.agent_id = str(agents[0]["agent_id"])
        self._agent_names(agents)
        self._agent_types(agents)
        whole = ids(listed, "agent_id")
        if len(whole) < 2:
            self._findings.unseen("A7", "there is only one agent")
        else:
            self._walk("A7", "/agents", [], whole, listed, "agent_id")

    def _agent_names(self, agents: list[dict[str, Any]]) -> None:
        named = [(one, one["name"].casefold()) for one in agents if isinstance(one.get("name"), str)]
        words = [(one, word) for one, name in named for word in re.findall("[A-Za-z]{2,}", one["name"])]
        # A word that all names contain does not show whether q filters.
        telling = [(one, word) for one, word in words if not all(word.casefold() in name for _one, name in named)]
        if not telling:
            why = "no word with Latin letters occurs in some names but not in all"
            self._findings.unseen("A3", why)
            return self._findings.unseen("A4", why)
        agent, part = telling[0]
        answer = self._client.get("/agents", ("q", part), ("limit", "100"))
        right = False
        if self._page("A3", answer):
            shown = [str(one.get("name")) for one in answer.records]
            fitting = all(part.casefold() in name.casefold() for name in shown)
            right = fitting and (agent["agent_id"] in ids(answer, "agent_id") or not answer.is_last)
            self._findings.check("A3", right, f"agents: {len(shown)}")
        if not right:
            return self._findings.unseen("A4", "q does not select the agents")
        swapped = self._client.get("/agents", ("q", part.swapcase()), ("limit", "100"))
        if self._page("A4", swapped):
            found = agent["agent_id"] in ids(swapped, "agent_id")
            if found or not swapped.items:
                return self._findings.value("A4", "q_ignores_case", found)
            self._findings.unseen("A4", "other agents were found")
        return None

    def _agent_types(self, agents: list[dict[str, Any]]) -> None:
        types = sorted(
            {one["type"] for one in agents if isinstance(one.get("type"), str) and one["type"].isprintable()}
        )
        if len(types) < 2:
            for key in ("A5", "A6"):
                self._findings.unseen(key, "all agents have the same type")
            return
        for key, chosen in (("A5", types[:1]), ("A6", types[:2])):
            answer = self._client.get("/agents", ("limit", "100"), *(("type", one) for one in chosen))
            if self._page(key, answer):
                found = {str(one.get("type")) for one in answer.records}
                self._findings.check(key, found == set(chosen), f"types: {len(found)}")


def guarded(step: Callable[[], object], findings: Findings) -> None:
    """Run a step. An unexpected response ends only this step."""
    try:
        step()
    except Stop:
        raise
    except Exception as error:
        findings.scrubber.faults.append(f"{getattr(step, '__name__', 'step')}: {type(error).__name__}")
