# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks that write. They register a number of the user, change it, delete it, and register it again.

Only records that this run has registered are changed or deleted. All of them are deleted at the end, also if the
run is interrupted.
"""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from ._client import NOT_JSON, Answer, Client, SettingsError, Stop
from ._findings import Findings, mask_number
from ._reading import FIELDS, NULLABLE, NUMBERS, guarded, look_at_errors, look_at_records, plain_id

REGISTER = "/telephone-numbers/register"
HELD = ("active", "scheduled", "cancel_requested")
_MOST_PAGES = 100
_TRIES = 5
_MOST_SECONDS = 300.0
"""For the clean-up."""
_ADDRESS = re.compile(r"(?:sip:)?([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::([0-9]{1,5}))?")


class Refused(Exception):
    """The run is refused before the first write. The text says why."""


def checked_number(written: str) -> str:
    """Return the digits of NUMBER. Raises SettingsError, without the number."""
    number = re.sub(r"(?<=\d)[- ](?=\d)", "", written.strip())
    if not re.fullmatch("[0-9]{7,20}", number):
        raise SettingsError("NUMBER must be 7 to 20 digits, with or without hyphens, such as 070-1111-2222")
    return number


def checked_address(written: str) -> tuple[str, str]:
    """Return ADDRESS with its scheme, and with another port. Raises SettingsError, without the address."""
    match = _ADDRESS.fullmatch(written.strip())
    if not match or not 1 <= int(match[2] or 5060) <= 65535:
        raise SettingsError(
            "ADDRESS must be a SIP address without user and parameters, such as sip:trunk.example.com:5060"
        )
    port = int(match[2] or 5060)
    return f"sip:{match[1]}:{port}", f"sip:{match[1]}:{port + 1 if port < 65535 else 5060}"


def _digits(value: Any) -> str:
    """Return the digits of a record's number, in any notation."""
    digits = re.sub(r"\D", "", str(value))
    return "0" + digits[2:].lstrip("0") if digits.startswith("82") and len(digits) > 10 else digits


class Writing:
    """One run. `patience`: seconds to wait for the list to show a new number."""

    def __init__(
        self,
        client: Client,
        findings: Findings,
        say: Callable[[str], None],
        number: str,
        address: tuple[str, str],
        agent_id: str | None,
        url: str,
        patience: float = 10.0,
    ) -> None:
        self._client, self._findings, self._say = client, findings, say
        self._number, (self._address, self._other) = number, address
        self._agent_id, self._url, self._patience = agent_id, url, patience
        self._marker = f"contract-{secrets.token_hex(4)}"
        self._password = secrets.token_urlsafe(12)
        findings.scrubber.add(self._password)
        self._known: set[str] = set()
        self._ours: list[str] = []
        self._unresolved = 0
        """Registrations with an unknown outcome."""
        self._first = len(client.answers)
        self._parts: list[int] = []
        self._deleted_ids: set[str] = set()
        """Ids for which a DELETE succeeded."""

    # Before the run

    def check_free(self) -> None:
        """Raise Refused unless it is certain that the number is not held."""
        self._client.most = None
        for status in (*HELD, "expired"):
            for record in self._listed(status):
                identity = plain_id(record)
                if identity is None or "number" not in record or not isinstance(record.get("status"), str):
                    raise Refused(
                        "a list has a record without id, number or status: whether NUMBER is held is not certain"
                    )
                self._known.add(identity)
                if _same_number(record["number"], self._number) and record["status"] != "expired":
                    state = self._findings.scrubber.name(record["status"])
                    raise Refused(f"{mask_number(self._number)} is held (status {state}): give a number that is not")

    def plan(self) -> str:
        agent = "maps an agent of the organization to it, " if self._agent_id else ""
        return (
            f"WRITE=yes: this registers {mask_number(self._number)} at {self._findings.scrubber.scrub(self._address)}"
            f" with the memo {self._marker}, tries to register it twice, changes its memo and its trunk, {agent}deletes"
            " it, registers it once more, and deletes all of it. Deleting a custom number takes effect at once"
            " and cannot be undone. No other number is changed. Ctrl-C stops and cleans up."
        )

    def _listed(self, status: str) -> Iterator[dict[str, Any]]:
        """Yield all records in a status. Raises Refused if the list cannot be read completely."""
        cursor: list[tuple[str, str]] = []
        seen: set[str] = set()
        for _page in range(_MOST_PAGES):
            answer = self._client.get(NUMBERS, ("status", status), ("limit", "100"), *cursor)
            if answer.items is None or len(answer.records) < len(answer.items):
                raise Refused(
                    f"the numbers in status {status} cannot be listed ({answer}): whether NUMBER is held is not certain"
                )
            yield from answer.records
            if answer.is_last:
                return
            if answer.cursor is None or answer.cursor in seen:
                break
            seen.add(answer.cursor)
            cursor = [("cursor", answer.cursor)]
        raise Refused(f"the list of numbers in status {status} has no end: whether NUMBER is held is not certain")

    # The run

    def run(self) -> str:
        """Run all checks. Return why they ended early, or an empty text. `clean_up` must follow."""
        try:
            self._steps()
        except Stop as stop:
            return str(stop)
        finally:
            answers = self._client.answers[self._first :]
            records = [
                one.content for one in answers if one.ok and isinstance(one.content, dict) and "number" in one.content
            ]
            whole = [one for one in records if "effective_at" not in one and id(one) not in self._parts]
            guarded(lambda: look_at_records(whole, self._findings), self._findings)
            guarded(lambda: look_at_errors(self._client.answers, self._findings), self._findings)
            if any(self._password in json.dumps(one.content) for one in answers if one.content is not NOT_JSON):
                self._findings.check("R4", False, "the password that was sent")
        return ""

    def _steps(self) -> None:
        record = self._registered()
        path = f"{NUMBERS}/{record['id']}"
        for step in (self._shown, self._duplicate, self._memos, self._bodies, self._trunk, self._agents):
            guarded(lambda step=step: step(path, record), self._findings)  # type: ignore[misc]
        guarded(lambda: self._deleted(path), self._findings)

    def _register(self) -> tuple[Answer, dict[str, Any] | None]:
        """Register the number. The record belongs to this run if it is new and has this number."""
        body = {"number": self._number, "address": self._address, "memo": self._marker}
        # Until the response has been read.
        self._unresolved += 1
        answer = self._client.ask("POST", REGISTER, body=body)
        record = answer.content if answer.ok and isinstance(answer.content, dict) else None
        identity = plain_id(record)
        if answer.refused and answer.status != 408:
            self._unresolved -= 1
        if (
            record is None
            or identity is None
            or identity in self._known
            or not _same_number(record.get("number"), self._number)
        ):
            return answer, None
        if identity not in self._ours:
            self._ours.append(identity)
        self._unresolved -= 1
        return answer, record

    def _registered(self) -> dict[str, Any]:
        answer, record = self._register()
        if answer.useless:
            raise Stop(f"the outcome of the registration is unknown ({answer})")
        if not answer.ok:
            self._findings.unseen("W1", answer)
            code = self._findings.scrubber.name(answer.error.get("code"), "code")
            raise Stop(f"the registration failed ({answer}, code {code})")
        self._findings.value("W1", "register_status", answer.status, str(answer))
        if record is None:
            self._findings.check("W2", False, "not a new record of this number")
            raise Stop(f"the answer to the registration is not its record ({answer})")
        sent = {"number": self._number, "memo": self._marker, "provider": "custom"}
        other = [name for name, value in sent.items() if record.get(name) != value]
        self._findings.check("W2", not other, f"another {', '.join(other)}" if other else "the number as sent")
        state = record.get("status")
        self._findings.value("W3", "registered_as", state, self._findings.scrubber.name(state))
        shown = record.get("address")
        if shown == self._address:
            self._findings.value("W4", "echo_sip", True, "with sip:")
        elif shown == self._address.removeprefix("sip:"):
            self._findings.value("W4", "echo_sip", False, "without sip:")
        else:
            self._findings.check("W4", False, "another address")
        return record

    def _shown(self, path: str, record: dict[str, Any]) -> None:
        status = record["status"] if record.get("status") in HELD else "active"
        start = self._client.clock()
        first = True
        while True:
            answer = self._client.get(NUMBERS, ("status", status), ("limit", "100"))
            waited = self._client.clock() - start
            if any(plain_id(one) == record["id"] for one in answer.records):
                break
            if waited > self._patience:
                if answer.items is None or not answer.is_last:
                    return self._findings.unseen("W5", f"{answer}, not on its first page")
                return self._findings.check("W5", False, f"not within {self._patience:g} s")
            first = False
        lag = 0 if first else round(waited, 1)
        return self._findings.value("W5", "list_lag", lag, "at once" if first else f"{lag:g} s")

    def _duplicate(self, path: str, record: dict[str, Any]) -> None:
        answer, second = self._register()
        if answer.useless:
            return self._findings.unseen("W6", answer)
        if answer.refused:
            return self._findings.value("W6", "duplicate_status", answer.status, str(answer))
        if second is None or second["id"] == record["id"]:
            return self._findings.check("W6", False, f"{answer}, without a second record")
        self._findings.value("W6", "duplicate_status", 201, f"{answer}, a second record")
        return None

    def _patch(self, path: str, body: dict[str, Any]) -> tuple[Answer, dict[str, Any] | None]:
        """Change the number. If the response contains no record, read it."""
        answer = self._client.ask("PATCH", path, body=body)
        if not answer.ok:
            return answer, None
        if answer.empty:
            self._findings.value("W15", "patch_answers", "nothing", str(answer))
        elif answer.content == {}:
            self._findings.value("W15", "patch_answers", "empty", str(answer))
        elif plain_id(answer.content):
            is_whole = set(FIELDS) - NULLABLE <= set(answer.content)
            self._findings.value("W15", "patch_answers", "record" if is_whole else "part", str(answer))
            if not is_whole:
                self._parts.append(id(answer.content))
        else:
            self._findings.check("W15", False, answer)
        read = self._client.get(path.removesuffix("/sip").removesuffix("/agent"))
        return answer, read.content if read.ok and plain_id(read.content) else None

    def _is_shown(self, key: str, answer: Answer, after: dict[str, Any] | None) -> bool:
        """Whether a change was accepted, and the number was read. If not, the verdict is "differs" or "not seen"."""
        if answer.failed:
            self._findings.unseen(key, answer)
        elif not answer.ok:
            self._findings.check(key, False, answer)
        elif after is None:
            self._findings.unseen(key, "the number cannot be read")
        return answer.ok and after is not None

    def _is_refused(self, key: str, answer: Answer) -> None:
        """Check that a request is refused with 400."""
        if answer.useless:
            self._findings.unseen(key, answer)
        else:
            self._findings.check(key, answer.status == 400, answer)

    def _memos(self, path: str, record: dict[str, Any]) -> None:
        before = self._client.get(path)
        sent = " " + unicodedata.normalize("NFD", "한글 memo") + " "
        answer, after = self._patch(path, {"memo": sent})
        if self._is_shown("W7", answer, after) and after is not None:
            shown = after.get("memo")
            composed = unicodedata.normalize("NFC", sent)
            values = {sent: True, composed.strip(): False, sent.strip(): "trimmed", composed: "composed"}
            if isinstance(shown, str) and shown in values:
                self._findings.value("W7", "echo_memo", values[shown])
            else:
                self._findings.check("W7", False, "another text")
            if before.ok and plain_id(before.content) and shown != before.get("memo"):
                kept = set(FIELDS) - {"memo", "updated_at"}
                changed = sorted(one for one in kept if after.get(one) != before.get(one))
                self._findings.check("W14", not changed, f"changed: {', '.join(changed)}" if changed else "unchanged")
        # To see that a memo is cleared, there must be one.
        answer, after = self._patch(path, {"memo": None})
        if self._is_shown("W11", answer, after) and after is not None:
            cleared = after.get("memo") in ("", None)
            self._findings.check("W11", cleared, "cleared" if cleared else f"{answer}, not cleared")
        long = "가" * 200
        answer, after = self._patch(path, {"memo": long})
        if self._is_shown("W9", answer, after) and after is not None:
            whole = after.get("memo") == long
            self._findings.check("W9", whole, f"{answer}{'' if whole else ', not as sent'}")
        answer, _after = self._patch(path, {"memo": long + "가"})
        self._is_refused("W10", answer)
        answer, after = self._patch(path, {"memo": ""})
        if answer.refused:
            self._findings.value("W8", "empty_memo", "refuse", str(answer))
        elif self._is_shown("W8", answer, after) and after is not None:
            if after.get("memo") in ("", None):
                self._findings.value("W8", "empty_memo", "kept" if after.get("memo") == "" else "null")
            else:
                self._findings.check("W8", False, f"{answer}, another memo")

    def _bodies(self, path: str, record: dict[str, Any]) -> None:
        for key, body in (("W12", {}), ("W13", {"memo": "x", "contract_unknown": 1})):
            self._is_refused(key, self._client.ask("PATCH", path, body=body))

    def _trunk(self, path: str, record: dict[str, Any]) -> None:
        """Check changes of the trunk, which has no password at first."""
        at, other = self._address, self._other
        without, after = self._patch(f"{path}/sip", {"address": other})
        moved = after is not None and self._is_moved(after, record.get("address"), other)
        if without.ok:
            if moved:
                at, other = other, at
            if self._is_shown("W16", without, after):
                if moved:
                    self._findings.value("W16", "password_demanded", False, str(without))
                else:
                    self._findings.check("W16", False, f"{without}, the address is unchanged")
        before = after.get("address") if after is not None else record.get("address")
        body = {"address": other, "auth_username": "contract", "auth_password": self._password}
        answer, after = self._patch(f"{path}/sip", body)
        accepted = self._is_shown("W17", answer, after) and after is not None and self._is_moved(after, before, other)
        if answer.ok and after is not None:
            self._findings.check("W17", accepted, answer if accepted else f"{answer}, the address is unchanged")
        if without.refused and accepted:
            self._findings.value("W16", "password_demanded", True, str(without))
        elif not without.ok:
            # It may have been refused for another reason.
            self._findings.unseen("W16", f"{without}, and with a password {answer}" if without.refused else without)
        if accepted:
            answer, _after = self._patch(f"{path}/sip", {"address": at})
            self._is_refused("W18", answer)

    @staticmethod
    def _is_moved(after: dict[str, Any], before: Any, sent: str) -> bool:
        """Whether a record contains the address that was sent, or at least a different one than before."""
        shown = after.get("address")
        return shown is not None and (shown in (sent, sent.removeprefix("sip:")) or shown != before)

    def _agents(self, path: str, record: dict[str, Any]) -> None:
        answer, _after = self._patch(f"{path}/agent", {"inbound_agent": {"agent_id": str(uuid.uuid4())}})
        if answer.refused:
            self._findings.value("W20", "unknown_agent", answer.status, str(answer))
        elif answer.useless:
            self._findings.unseen("W20", answer)
        else:
            self._findings.check("W20", False, answer)
        if self._agent_id is None:
            for key in ("W19", "W21", "W22"):
                self._findings.unseen(key, "there are no agents")
            return
        answer, after = self._patch(f"{path}/agent", {"inbound_agent": {"agent_id": self._agent_id}})
        mapped: Any = None
        if self._is_shown("W19", answer, after) and after is not None:
            mapped = after.get("inbound_agent")
            version = mapped.get("agent_version") if isinstance(mapped, dict) else None
            self._findings.check(
                "W19", version == "current", f"{answer}, {self._findings.scrubber.name(version, 'version')}"
            )
        body = {"inbound_agent": {"agent_id": self._agent_id, "agent_version": None}}
        answer, _after = self._patch(f"{path}/agent", body)
        self._is_refused("W21", answer)
        answer, after = self._patch(f"{path}/agent", {"inbound_agent": None})
        if self._is_shown("W22", answer, after) and after is not None:
            if mapped:
                gone = after.get("inbound_agent") is None
                self._findings.check("W22", gone, "unmapped" if gone else f"{answer}, still mapped")
            else:
                self._findings.unseen("W22", "no agent was mapped")

    def _delete(self, path: str) -> Answer:
        answer = self._client.ask("DELETE", path)
        if answer.ok:
            self._deleted_ids.add(path.rpartition("/")[2])
        return answer

    def _deleted(self, path: str) -> None:
        identity = path.rpartition("/")[2]
        answer = self._delete(path)
        if answer.useless:
            return self._findings.unseen("W23", answer)
        fields = {"id", "number", "provider", "effective_at"}
        missing = fields - set(answer.content) if isinstance(answer.content, dict) else fields
        right = answer.ok and not missing and plain_id(answer.content) == identity
        self._findings.check(
            "W23", right, "all four" if right else f"{answer}, missing: {', '.join(sorted(missing)) or 'none'}"
        )
        if answer.ok and self._is_expired(path, identity):
            self._expired(path, identity)
        return None

    def _is_expired(self, path: str, identity: str) -> bool:
        read = self._client.get(path)
        shown = read.content if read.ok and plain_id(read.content) else None
        if read.status == 404:
            # In this case, only the list can contain it.
            listed = self._client.get(NUMBERS, ("status", "expired"), ("limit", "100"))
            shown = next((one for one in listed.records if plain_id(one) == identity), None)
        if shown is None:
            self._findings.unseen("W24", f"{read}, not shown")
        else:
            state = shown.get("status")
            self._findings.check("W24", state == "expired", self._findings.scrubber.name(state))
            if state != "expired":
                return False
        if not read.useless:
            self._findings.value("W25", "get_expired", read.status, str(read))
        return not read.useless

    def _expired(self, path: str, identity: str) -> None:
        for key, switch, end, body in (
            ("W26", "patch_expired", "", {"memo": "expired"}),
            ("W27", "agents_expired", "/agent", {"inbound_agent": None}),
        ):
            patched = self._client.ask("PATCH", path + end, body=body)
            if not patched.useless:
                status = 200 if patched.ok else patched.status
                self._findings.value(key, switch, status, str(patched))
        again = self._delete(path)
        if not again.useless:
            self._findings.value("W28", "delete_expired", again.status, str(again))
        answer, record = self._register()
        if not answer.useless:
            new = record is not None and record["id"] != identity
            self._findings.check("W29", new, "a new record" if new else f"{answer}, no new record")

    # After the run

    def clean_up(self) -> list[str]:
        """Delete all registered numbers. Return the numbers that could not be deleted, with a command for each."""
        self._client.allow(_MOST_SECONDS)
        while True:
            try:
                return self._cleaned()
            except KeyboardInterrupt:
                self._say("Still cleaning up. Please wait.")

    def _cleaned(self) -> list[str]:
        left = []
        if self._unresolved:
            left += self._search()
        for identity in list(self._ours):
            if not self._release(identity):
                left.append(
                    f"The number {mask_number(self._number)} may still be held. Its id is {identity}. Delete it with:\n"
                    f'  curl -X DELETE -H "Authorization: Bearer $VOX_API_KEY" {self._url}{NUMBERS}/{identity}'
                )
        return left

    def _try(self, ask: Callable[[], Answer]) -> Answer:
        try:
            return ask()
        except Stop as stop:
            return Answer(None, failure=str(stop))

    def _search(self) -> list[str]:
        """Find the record of a registration without a response by the memo of this run."""
        others: list[str] = []
        readable = False
        for attempt in range(_TRIES):
            others, readable = [], True
            for status in HELD:
                try:
                    records = list(self._listed(status))
                except (Refused, Stop):
                    readable = False
                    continue
                for record in records:
                    identity = plain_id(record)
                    if (
                        identity is None
                        or identity in {*self._known, *self._ours}
                        or not _same_number(record.get("number"), self._number)
                    ):
                        continue
                    if record.get("memo") == self._marker:
                        self._ours.append(identity)
                        self._unresolved -= 1
                    else:
                        others.append(identity)
            if self._unresolved <= 0:
                return []
            self._client.sleep(min(2.0**attempt, 8.0))
        why = "The API's lists could not be read" if not readable else "No list contains it so far"
        if others:
            why = f"A record of it has another memo, so it may not be this run's (id {', '.join(others[:5])})"
        return [
            f"The outcome of a registration of {mask_number(self._number)} is unknown. {why}."
            " Look for it, and delete it with:\n  ansible localhost -m voxai.telephony.vox_telephone_number"
            " -a 'number=\"$NUMBER\" state=absent'"
        ]

    def _release(self, identity: str) -> bool:
        """Delete a record. A 404 does not prove that it is deleted: it may be too new to be found."""
        path = f"{NUMBERS}/{identity}"
        for attempt in range(_TRIES):
            read = self._try(lambda: self._client.get(path))
            absent = read.status in (404, 410)
            if absent and identity in self._deleted_ids:
                return True
            if read.ok and plain_id(read.content) == identity:
                if read.get("status") == "expired":
                    return True
                if "number" in read.content and not _same_number(read.get("number"), self._number):
                    return False
            if attempt:
                self._client.sleep(min(0.5 * 2**attempt, 8.0))
            self._try(lambda: self._delete(path))
        read = self._try(lambda: self._client.get(path))
        if read.ok and plain_id(read.content) == identity:
            return bool(read.get("status") == "expired")
        return read.status in (404, 410) or (identity in self._deleted_ids and not self._is_listed(identity))

    def _is_listed(self, identity: str) -> bool:
        """Whether a list may contain the record in a status other than expired."""
        try:
            return any(plain_id(one) == identity for status in HELD for one in self._listed(status))
        except (Refused, Stop):
            return True


def _same_number(value: Any, number: str) -> bool:
    return (
        isinstance(value, (str, int))
        and not isinstance(value, bool)
        and _digits(value).lstrip("0") == number.lstrip("0")
    )
