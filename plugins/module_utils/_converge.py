# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 3, domain: bring one number to its desired state, without registering it twice.

The steps of a plan are done in order. If the number has changed since it was
read, or if the result of a write is unknown, the number is read and planned
again. A request that may have been processed is not repeated blindly.
"""

from __future__ import annotations

import typing as t
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace

from ansible_collections.voxai.telephony.plugins.module_utils._api import (
    HELD,
    RECORD_FIELDS,
    Answer,
    Api,
    ApiError,
    Record,
)
from ansible_collections.voxai.telephony.plugins.module_utils._ledger import Ledger
from ansible_collections.voxai.telephony.plugins.module_utils._plan import (
    Desired,
    Plan,
    Step,
    ignored_fields,
    make_diff,
    make_plan,
    not_as_sent,
    resolve_agents,
    took_effect,
)

_REFUSED_AS_DUPLICATE = (400, 409, 422)
"""HTTP statuses with which the API may refuse a duplicate registration. The actual one is not documented."""


_AIMS = {"delete": ("expired", "cancel_requested"), "revoke_cancel": ("active", "scheduled")}
"""The statuses of a number which show that the call was carried out."""

_IN_WORDS = {
    "delete": "the deletion",
    "revoke_cancel": "revoking the cancellation",
    "update_sip": "the change of the SIP trunk",
    "update_memo": "the change of the memo",
    "update_agents": "the change of the agents",
}

_TRUNK = dict.fromkeys(("inbound_trunk_id", "outbound_trunk_id"), "a registered number has one")
"""The fields that every registered number has."""


@dataclass
class Outcome:
    """The result for one number so far. Also complete after a failure.

    ``plan``: the latest plan. Its ``before`` is the diff's ``before``.
    ``record``: the current record. None if the number is not held, or if the record is unknown after a failure.
    ``assumed``: for the diff, if the record is unknown: the last known record with the confirmed changes.
    ``credentials``: the credentials that were sent, as the diff shows them.
    ``warnings``: warnings about values that the API returned differently, and about changes by others.
    ``stop``: the reason why no further request may be sent for this number, if any.
    ``asked``: the time at which the record was read.
    """

    plan: Plan | None = None
    record: Record | None = None
    assumed: Record | None = None
    actions: list[str] = field(default_factory=list)
    credentials: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    stop: ApiError | None = None
    asked: float = 0.0

    def done(self, step: Step) -> None:
        """Record that a step was done."""
        self.actions.extend(step.actions)
        self.credentials.update(step.credentials)

    def lose_sight(self, assumed: Record | None) -> None:
        """Record that the current record is not known."""
        self.record, self.assumed = None, assumed

    def diff(self) -> dict[str, dict[str, t.Any]]:
        """The diff of the actions that were done, or in check mode would be. No difference without actions."""
        if self.plan is None:
            return make_diff(None, None)
        if not self.actions:
            return make_diff(self.record, self.record)
        return make_diff(self.plan.before, self.record or self.assumed, self.credentials)


class Look(t.NamedTuple):
    """A number to look up, because its registration is in doubt, or because its record has disappeared.

    ``times``: how often to look, because the list may lag behind writes.
    ``error``: the error of the registration, if any.
    """

    number: str
    times: int
    error: ApiError | None = None


Found = t.Union[Record, ApiError, None]
"""The result of a look-up: the record, None if the number is not held, or the error of the look-up."""

Work = t.Generator[Look, Found, None]
"""Work on a number. It yields the look-ups that it needs, and is resumed with their results."""


class _Outdated(Exception):
    """The number has changed since it was planned, or the result of a write is not known.

    ``record``: the current record, if known.
    ``error``: the error of the write, if the API failed and the number has not changed.
    """

    def __init__(self, record: Record | None = None, error: ApiError | None = None) -> None:
        super().__init__()
        self.record = record
        self.error = error


def converge(api: Api, ledger: Ledger, desired: Desired, check_mode: bool, outcome: Outcome) -> None:
    """Plan and, except in check mode, apply the plan. ``outcome`` is always up to date.

    Raises InputError before anything is written, and ApiError at any time.
    """
    outcome.asked = ledger.now()
    record = _by_id(api, desired) if desired.record_id is not None else ledger.look_up(api, str(desired.number))
    outcome.record = record
    if not desired.absent:
        desired = resolve_agents(desired, lambda name: ledger.agent_id(api, name))
    outcome.plan = make_plan(desired, record)
    if check_mode:
        predict(outcome)
    elif outcome.plan.steps:
        number = record["number"] if record else str(desired.number)
        with ledger.claim(api, number), suppress(StopIteration):
            _finish(api, ledger, apply_plan(api, ledger, desired, outcome))


def _finish(api: Api, ledger: Ledger, work: Work) -> None:
    """Run the work, and do each look-up immediately."""
    look = next(work)
    while True:
        look = work.send(_look_for(api, ledger, look))


def _look_for(api: Api, ledger: Ledger, look: Look) -> Found:
    for attempt in range(look.times):
        if attempt:
            api.limiter.sleep(api.backoff(attempt - 1))
        try:
            found = ledger.held(api, {look.number}, after=ledger.now())
        except ApiError as error:
            return error
        if found:
            return found[look.number]
    return None


def predict(outcome: Outcome) -> None:
    """Set the outcome as if the plan were applied, for check mode."""
    plan = t.cast(Plan, outcome.plan)
    outcome.record = plan.after
    for step in plan.steps:
        outcome.done(step)


def apply_plan(api: Api, ledger: Ledger, desired: Desired, outcome: Outcome) -> Work:
    """Apply the plan. Plan again, once, if the number has changed. Raises ApiError, InputError.

    The caller must have claimed the number.
    """
    plan = t.cast(Plan, outcome.plan)
    number = plan.before["number"] if plan.before else str(desired.number)
    while True:
        written = ledger.written_since(number, outcome.asked)
        if not written:
            break
        # Another task of the same run has written it. This may be another record of the number than the given id's.
        outcome.asked = ledger.now()
        if desired.record_id is not None:
            outcome.record = _by_id(api, desired)
        elif written["known"]:
            outcome.record = written["record"]
        else:
            # The write failed, or its worker was killed.
            outcome.record = yield from _look_again(number)
        plan = outcome.plan = make_plan(desired, outcome.record)
    try:
        yield from _apply_steps(api, ledger, desired, plan, outcome)
    except _Outdated as outdated:
        gone, outcome.record = outcome.record, outdated.record
        # With state absent, nothing is lost if the record has disappeared.
        lost = outdated.record is None and not desired.absent
        if lost:
            _start_over(outcome, t.cast(Record, gone))
        if outdated.record is None:
            by_id = desired.record_id is not None
            outcome.record = _by_id(api, desired) if by_id else (yield from _look_again(number))
        # The registration may be another client's. The API does not return credentials, so they are sent again.
        if "registered" in outcome.actions and desired.auth_password is not None:
            desired = replace(desired, always_password=True)
        plan = make_plan(desired, outcome.record)
        # The diff includes what the first plan has done, and a record that has disappeared.
        first = t.cast(Plan, outcome.plan)
        outcome.plan = replace(plan, before=first.before) if outcome.actions or lost else plan
        try:
            yield from _apply_steps(api, ledger, desired, plan, outcome)
        except _Outdated as again:
            raise again.error or ApiError(
                "the number keeps changing while the task works on it: check whether something else manages it"
            ) from None


def _start_over(outcome: Outcome, gone: Record) -> None:
    """Record that a record has disappeared, with everything that was done to it."""
    outcome.actions.clear()
    outcome.credentials.clear()
    outcome.warnings[:] = [
        f"the record {gone['id']} expired or was deleted while the task was working on it, and the changes to it are"
        " lost: the number was out of service until it was registered again"
    ]


def _look_again(number: str) -> t.Generator[Look, Found, Record | None]:
    found = yield Look(number, 1)
    if isinstance(found, ApiError):
        raise found
    return found


def _by_id(api: Api, desired: Desired) -> Record | None:
    # With state present, a missing record is an error in any case.
    return api.number(str(desired.record_id), sure=desired.absent)


def _apply_steps(api: Api, ledger: Ledger, desired: Desired, plan: Plan, outcome: Outcome) -> Work:
    if not plan.steps:
        outcome.record = plan.after
    for step in plan.steps:
        if outcome.stop:
            raise outcome.stop
        if step.call == "register":
            outcome.record = yield from _register(api, ledger, step, outcome)
        else:
            outcome.record = _change(api, ledger, desired, t.cast(Record, outcome.record), step, outcome)
        if outcome.record:
            ledger.note(outcome.record)
            outcome.warnings.extend(not_as_sent(step, outcome.record, api.hide))


def _register(api: Api, ledger: Ledger, step: Step, outcome: Outcome) -> t.Generator[Look, Found, Record]:
    """Register, at most twice. The second time only after a look-up has shown that the first one had no effect.

    Raises _Outdated with the record if the number is held after all: because an answer was lost, or because another
    client has registered it.
    """
    maybe_ours = last = False
    while True:
        named = ""
        ledger.writing(step.body["number"])
        try:
            answer = api.register(step.body)
        except ApiError as refusal:
            error = refusal
        else:
            record = answer.record({**_TRUNK, **step.body})
            if not record and answer.is_about(step.body):
                named = answer.record_id
                with suppress(ApiError):
                    record = api.number(named, step.body["number"], sure=False)
            if record and record["status"] in HELD:
                outcome.done(step)
                return record
            error = ApiError(f"the answer is not a complete record of a held number ({answer.text})", uncertain=True)
        maybe_ours = maybe_ours or error.uncertain
        if not maybe_ours and error.http_status not in _REFUSED_AS_DUPLICATE:
            raise error
        # A conflict, or a refusal because of the number, is likely a duplicate, so wait for a list that may lag. After
        # other refusals, two look-ups are enough, unless an answer was lost.
        likely_duplicate = error.http_status == 409 or error.field == "number"
        times = api.retries + 1 if maybe_ours or likely_duplicate else 2
        found = yield Look(step.body["number"], times, error)
        if isinstance(found, dict):
            if maybe_ours:
                outcome.done(step)
            raise _Outdated(found)
        if named:
            # The answer had the record's id, so the number was registered.
            outcome.done(step)
            outcome.lose_sight(_expected({"id": named, "provider": "custom", "status": answer.status or None}, step))
        if found:
            raise _in_doubt(found, f"Before that, the registration was answered with: {error}")
        if not maybe_ours:
            raise error
        if named or last or outcome.stop or not error.uncertain:
            stopped = f" ({outcome.stop})" if outcome.stop else ""
            raise _in_doubt(error, f"The number was not found afterwards{stopped}, but may appear later")
        last = True


def _in_doubt(error: ApiError, why: str) -> ApiError:
    """The error of a request that may have been processed. It is a copy, because many numbers may share an error."""
    error = copy(error)
    error.hint = " ".join(
        sentence if sentence.endswith((".", "?")) else f"{sentence}."
        for sentence in (error.hint, why, "Run the task again: it reads the number before it writes")
        if sentence
    ).rstrip(".")
    return error


def _change(api: Api, ledger: Ledger, desired: Desired, record: Record, step: Step, outcome: Outcome) -> Record | None:
    """Do a step on a number that is held. Returns the record after it, or None if the number was released."""
    ledger.writing(record["number"])
    changes_status = step.call in _AIMS
    if changes_status:
        # Before and after: the step may take effect at any time in between, or after its answer.
        ledger.status_changed()
    try:
        try:
            answer = _send(api, record["id"], step)
        except ApiError as error:
            after = _after_error(api, ledger, desired, record, step, error, outcome)
        else:
            after = _after_answer(api, ledger, record, step, answer, outcome)
    finally:
        if changes_status:
            ledger.status_changed()
    if after is None and outcome.actions:
        ledger.gone(record)
    return after


def _send(api: Api, record_id: str, step: Step) -> Answer:
    if step.call == "delete":
        return api.delete(record_id)
    if step.call == "revoke_cancel":
        return api.revoke_cancel(record_id)
    return t.cast(Answer, getattr(api, step.call)(record_id, step.body))


def _after_answer(
    api: Api, ledger: Ledger, before: Record, step: Step, answer: Answer, outcome: Outcome
) -> Record | None:
    """The record after a step with a 2xx answer. It is read if the answer does not contain it.

    Raises _Outdated if the number is no longer held, and ApiError if the step was not done, or if the record cannot be
    read.
    """
    if step.actions == ("deleted",) and answer.is_about(before) and answer.status in ("", "expired"):
        outcome.done(step)
        return None
    after = answer.record(_expected(before, step) or before)
    undone = _undone(step, before, after) if after else ""
    try:
        if after is None:
            after = _read(api, ledger, before)
            undone = _undone(step, before, after)
        if undone:
            # Answers may lag behind writes.
            api.limiter.sleep(api.backoff(0))
            after = _read(api, ledger, before)
            undone = _undone(step, before, after)
    except ApiError as unread:
        # The API has confirmed it, unless a record has shown the contrary.
        if not undone:
            outcome.done(step)
        outcome.lose_sight(before if undone else _expected(before, step))
        what = f"{_IN_WORDS[step.call]} was answered with {answer.text}"
        raise _in_doubt(unread, f"Before that, {what}. The number could not be read afterwards") from None
    if step.call not in _AIMS and _status(after) not in HELD:
        raise _Outdated
    if undone:
        outcome.done(step.without(ignored_fields(step, before, after or {})))
        outcome.record = after
        raise ApiError(f"the API confirmed the change, but {api.hide(undone)}")
    outcome.done(step)
    return after if _status(after) in HELD else None


def _after_error(
    api: Api, ledger: Ledger, desired: Desired, before: Record, step: Step, error: ApiError, outcome: Outcome
) -> Record | None:
    """Read the number after an error. An own request whose answer was lost, or another client, may have caused it.

    Returns the record if the aim of the step is reached (None: released).
    """
    maybe_done = error.uncertain or error.repeated
    if not maybe_done and (error.unanswered or error.http_status in (401, 403, 429)):
        raise error
    lost = f"{'An earlier try of the request' if error.repeated else 'The request'} may have taken effect"
    try:
        now = _read(api, ledger, before)
    except ApiError as unread:
        if not maybe_done:
            # After a 404, the read has found the cause.
            raise (unread if error.http_status in (404, 410) else error) from None
        outcome.lose_sight(before)
        raise _in_doubt(error, f"{lost}, and the number could not be read afterwards ({unread})") from None
    held = now if _status(now) in HELD else None
    if step.call in _AIMS and not _undone(step, before, now):
        if maybe_done:
            outcome.done(step)
        elif held is None and desired.record_id is None:
            # Another client has done it. The number may be held again, with another id.
            raise _Outdated
        else:
            # Another client has done it, so it is not an action of this task and not in the diff.
            outcome.plan = replace(t.cast(Plan, outcome.plan), before=held)
        return held
    if held is None:
        raise _Outdated
    if maybe_done and took_effect(step, held):
        outcome.done(step)
        return held
    outcome.record = held
    if maybe_done:
        error = _in_doubt(error, f"{lost}, but the number does not show it")
        if step.call == "revoke_cancel" and error.uncertain:
            raise _Outdated(held, error)
    elif step.call == "update_sip" and "auth_password" not in step.body:
        error.hint = "The API requires the password whenever address changes: add auth_password"
    raise error


def _read(api: Api, ledger: Ledger, known: Record) -> Record | None:
    record = api.number(known["id"], known["number"])
    if record and _status(record) == "expired":
        ledger.gone(record)
    return record


def _undone(step: Step, before: Record, after: Record | None) -> str:
    """Why the record shows that a step was not done, as a text. Empty if it does not."""
    if step.call in _AIMS:
        return "" if _status(after) in _AIMS[step.call] else f"the number is {_status(after)}"
    still = ignored_fields(step, before, after) if after and _status(after) in HELD else []
    return ", and ".join(f"{name} is still {before.get(name)!r}" for name in still)


def _expected(record: Record, step: Step) -> Record | None:
    """The record that is certain after a step, before it is read."""
    if step.actions == ("deleted",):
        return None
    if step.call == "delete":
        return {**record, "status": "cancel_requested"}
    if step.call == "revoke_cancel":
        return {**record, "status": "active", "end_at": None, "cancel_requested_at": None}
    return {**record, **{name: value for name, value in step.body.items() if name in RECORD_FIELDS}}


def _status(record: Record | None) -> str:
    return str(record.get("status")) if record else "expired"
