# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 3, the domain: bring one number to its wanted state, exactly once.

What a plan says is done step by step. Where the world has moved on since the
record was read, or the fate of a write is unknown, the number is read again
and planned again; nothing is ever sent twice on a guess.
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
"""Which of them a duplicate registration is answered with is not documented."""


_AIMS = {"delete": ("expired", "cancel_requested"), "revoke_cancel": ("active", "scheduled")}
"""The statuses of a number that show that a call was carried out."""

_IN_WORDS = {
    "delete": "the deletion",
    "revoke_cancel": "taking the cancellation back",
    "update_sip": "the change of the SIP trunk",
    "update_memo": "the change of the memo",
    "update_agents": "the change of the agents",
}

_TRUNK = dict.fromkeys(("inbound_trunk_id", "outbound_trunk_id"), "a registered number has one")
"""What is known of a number before it is registered."""


@dataclass
class Outcome:
    """What has come of one number so far; complete after a failure, too.

    ``plan``: the first plan, or one made anew. Its ``before`` is what the diff shows.
    ``record``: what the number is now; None if it is not held, and also if a failure has left that unknown.
    ``assumed``: what the diff shows where it is unknown: the last record seen, with what was answered as done.
    ``credentials``: what was sent and is never returned, as the diff shows it.
    ``warnings``: what the API has made of what was sent, and what else happened to the number meanwhile.
    ``stop``: why nothing else may be sent for this number, if so.
    ``asked``: when the record was asked for.
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
        """Take note of a step that was done."""
        self.actions.extend(step.actions)
        self.credentials.update(step.credentials)

    def lose_sight(self, assumed: Record | None) -> None:
        """Take note that it is not known what the number is now."""
        self.record, self.assumed = None, assumed

    def diff(self) -> dict[str, dict[str, t.Any]]:
        """What was done, or in check mode would be: where nothing was, there is no difference."""
        if self.plan is None:
            return make_diff(None, None)
        if not self.actions:
            return make_diff(self.record, self.record)
        return make_diff(self.plan.before, self.record or self.assumed, self.credentials)


class Look(t.NamedTuple):
    """A number that is to be looked for: its registration is in doubt, or its record has vanished.

    ``times``: how often, if it is not found: a list may lag behind writes.
    ``error``: what the registration was answered with, if that is it.
    """

    number: str
    times: int
    error: ApiError | None = None


Found = t.Union[Record, ApiError, None]
"""What came of a look: the record, or why there could be none, or None if the number is not there."""

Work = t.Generator[Look, Found, None]
"""Work on a number. Where it yields, it waits to be sent what was found."""


class _Outdated(Exception):
    """The number is not what it was when the plan was made, or what a write has come to is not known.

    ``record``: what it is now, if that is known.
    ``error``: what the write was answered with, if it is the API that failed, and not the number that has changed.
    """

    def __init__(self, record: Record | None = None, error: ApiError | None = None) -> None:
        super().__init__()
        self.record = record
        self.error = error


def converge(api: Api, ledger: Ledger, desired: Desired, check_mode: bool, outcome: Outcome) -> None:
    """Plan, and unless in check mode, do. Keeps ``outcome`` up to date all along.

    Raises InputError before anything is written, ApiError at any time.
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
    """Do the work, and look at once for what is to be looked for."""
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
    """Take the plan for done."""
    plan = t.cast(Plan, outcome.plan)
    outcome.record = plan.after
    for step in plan.steps:
        outcome.done(step)


def apply_plan(api: Api, ledger: Ledger, desired: Desired, outcome: Outcome) -> Work:
    """Do what is planned; plan anew, once, if the number is not what it was then. Raises ApiError, InputError.

    Whoever lets it go on has claimed the number.
    """
    plan = t.cast(Plan, outcome.plan)
    number = plan.before["number"] if plan.before else str(desired.number)
    while True:
        written = ledger.written_since(number, outcome.asked)
        if not written:
            break
        outcome.asked = ledger.now()
        # By another task of the same run; maybe another record of the number than the one that was asked for.
        if desired.record_id is not None:
            outcome.record = _by_id(api, desired)
        elif written["known"]:
            outcome.record = written["record"]
        else:
            # It failed, or was killed.
            outcome.record = yield from _look_again(number)
        plan = outcome.plan = make_plan(desired, outcome.record)
    try:
        yield from _apply_steps(api, ledger, desired, plan, outcome)
    except _Outdated as outdated:
        gone, outcome.record = outcome.record, outdated.record
        # To who wants it gone, nothing is lost.
        lost = outdated.record is None and not desired.absent
        if lost:
            _start_over(outcome, t.cast(Record, gone))
        if outdated.record is None:
            by_id = desired.record_id is not None
            outcome.record = _by_id(api, desired) if by_id else (yield from _look_again(number))
        # It may be somebody else's registration that was found. Nobody can see whose credentials are there, so they are
        # sent once more.
        if "registered" in outcome.actions and desired.auth_password is not None:
            desired = replace(desired, always_password=True)
        plan = make_plan(desired, outcome.record)
        # What was done by the first plan is a part of the diff, and so is a record that is gone.
        first = t.cast(Plan, outcome.plan)
        outcome.plan = replace(plan, before=first.before) if outcome.actions or lost else plan
        try:
            yield from _apply_steps(api, ledger, desired, plan, outcome)
        except _Outdated as again:
            raise again.error or ApiError(
                "the number keeps changing while it is worked on: is something else managing it?"
            ) from None


def _start_over(outcome: Outcome, gone: Record) -> None:
    """Take note that a record is gone, and with it what was done to it."""
    outcome.actions.clear()
    outcome.credentials.clear()
    outcome.warnings[:] = [
        f"the record {gone['id']} expired or was deleted while the task was working on it, and what the task had done"
        " to it is lost: the line was down until the number was registered again"
    ]


def _look_again(number: str) -> t.Generator[Look, Found, Record | None]:
    found = yield Look(number, 1)
    if isinstance(found, ApiError):
        raise found
    return found


def _by_id(api: Api, desired: Desired) -> Record | None:
    # Without a record, a number can't be present: an error either way.
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
    """Register, at most twice, and the second time only after the first surely left nothing behind.

    Raises _Outdated with the record if the number turns out to be held: by an answer
    that was lost, or because somebody else was faster.
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
            error = ApiError(f"the answer is no whole record of a number that is held ({answer.text})", uncertain=True)
        maybe_ours = maybe_ours or error.uncertain
        if not maybe_ours and error.http_status not in _REFUSED_AS_DUPLICATE:
            raise error
        # A conflict, or a refusal because of the number, is likely a duplicate, so it is worth waiting for a list that
        # lags. Other refusals are more likely just that: one more look is enough, unless an answer was lost.
        likely_duplicate = error.http_status == 409 or error.field == "number"
        times = api.retries + 1 if maybe_ours or likely_duplicate else 2
        found = yield Look(step.body["number"], times, error)
        if isinstance(found, dict):
            if maybe_ours:
                outcome.done(step)
            raise _Outdated(found)
        if named:
            # It was registered: that is what the API has said.
            outcome.done(step)
            outcome.lose_sight(_expected({"id": named, "provider": "custom", "status": answer.status or None}, step))
        if found:
            raise _in_doubt(found, f"Before that, the registration was answered with: {error}")
        if not maybe_ours:
            raise error
        if named or last or outcome.stop or not error.uncertain:
            stopped = f" ({outcome.stop})" if outcome.stop else ""
            raise _in_doubt(error, f"The number could not be found afterwards{stopped}, but may appear later")
        last = True


def _in_doubt(error: ApiError, why: str) -> ApiError:
    """The error of something that may have been done all the same. It may be that of many numbers, so it is a copy."""
    error = copy(error)
    error.hint = " ".join(
        sentence if sentence.endswith((".", "?")) else f"{sentence}."
        for sentence in (error.hint, why, "Run the task again: it looks before it writes")
        if sentence
    ).rstrip(".")
    return error


def _change(api: Api, ledger: Ledger, desired: Desired, record: Record, step: Step, outcome: Outcome) -> Record | None:
    """Do a step to a number that is there. Returns the record after it, None when it was given up."""
    ledger.writing(record["number"])
    changes_status = step.call in _AIMS
    if changes_status:
        # Before and after: it may take effect at any time in between, or later than it is answered.
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
    """The record after a step that was not refused; read, where the answer does not show it.

    Raises _Outdated if the number is not held any more, and ApiError if the step was not done, or can't be seen.
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
            # What answers may lag behind what was done.
            api.limiter.sleep(api.backoff(0))
            after = _read(api, ledger, before)
            undone = _undone(step, before, after)
    except ApiError as unread:
        # It was done, as far as the API has said, unless it has shown something else.
        if not undone:
            outcome.done(step)
        outcome.lose_sight(before if undone else _expected(before, step))
        what = f"{_IN_WORDS[step.call]} was answered with {answer.text}"
        raise _in_doubt(unread, f"Before that, {what}. What came of it could not be read") from None
    if step.call not in _AIMS and _status(after) not in HELD:
        raise _Outdated
    if undone:
        outcome.done(step.without(ignored_fields(step, before, after or {})))
        outcome.record = after
        raise ApiError(f"the API answered as if it were done, but {api.hide(undone)}")
    outcome.done(step)
    return after if _status(after) in HELD else None


def _after_error(
    api: Api, ledger: Ledger, desired: Desired, before: Record, step: Step, error: ApiError, outcome: Outcome
) -> Record | None:
    """See what the number is now: a refusal may be the echo of an own lost answer, or of somebody else's change.

    Returns the record if the step's aim is reached all the same (None: given up).
    """
    maybe_done = error.uncertain or error.repeated
    if not maybe_done and (error.unanswered or error.http_status in (401, 403, 429)):
        raise error
    lost = f"{'An earlier try of the request' if error.repeated else 'The request'} may have taken effect"
    try:
        now = _read(api, ledger, before)
    except ApiError as unread:
        if not maybe_done:
            # Where the refusal is that there is no such record, it is the look that has found out why.
            raise (unread if error.http_status in (404, 410) else error) from None
        outcome.lose_sight(before)
        raise _in_doubt(error, f"{lost}, and what the number is now could not be read ({unread})") from None
    held = now if _status(now) in HELD else None
    if step.call in _AIMS and not _undone(step, before, now):
        if maybe_done:
            outcome.done(step)
        elif held is None and desired.record_id is None:
            # Somebody else's doing. The number may be held again, under another id.
            raise _Outdated
        else:
            # Somebody else's doing: no action, and no part of the diff.
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
        error.hint = "The API asks for the password whenever address changes: give auth_password, too"
    raise error


def _read(api: Api, ledger: Ledger, known: Record) -> Record | None:
    record = api.number(known["id"], known["number"])
    if record and _status(record) == "expired":
        ledger.gone(record)
    return record


def _undone(step: Step, before: Record, after: Record | None) -> str:
    """What shows that a step was not done, in words; empty if nothing does."""
    if step.call in _AIMS:
        return "" if _status(after) in _AIMS[step.call] else f"the number is {_status(after)}"
    still = ignored_fields(step, before, after) if after and _status(after) in HELD else []
    return ", and ".join(f"{name} is still {before.get(name)!r}" for name in still)


def _expected(record: Record, step: Step) -> Record | None:
    """The record as a step makes it, as far as that is sure before anything has shown it."""
    if step.actions == ("deleted",):
        return None
    if step.call == "delete":
        return {**record, "status": "cancel_requested"}
    if step.call == "revoke_cancel":
        return {**record, "status": "active", "end_at": None, "cancel_requested_at": None}
    return {**record, **{name: value for name, value in step.body.items() if name in RECORD_FIELDS}}


def _status(record: Record | None) -> str:
    return str(record.get("status")) if record else "expired"
