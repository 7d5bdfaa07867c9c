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

from ansible_collections.voxai.telephony.plugins.module_utils._api import HELD, Api, ApiError, Record
from ansible_collections.voxai.telephony.plugins.module_utils._holdings import Holdings
from ansible_collections.voxai.telephony.plugins.module_utils._plan import (
    Desired,
    Plan,
    Step,
    make_diff,
    make_plan,
    not_as_sent,
    resolve_agents,
    up_to_failure,
)

_REFUSED_AS_DUPLICATE = (400, 409, 422)
"""Which of them a duplicate registration is answered with is not documented."""


_AIMS = {"delete": ("expired", "cancel_requested"), "revoke_cancel": ("active", "scheduled")}
"""The statuses of a number that show that a call was carried out."""


@dataclass
class Outcome:
    """What has come of one number so far; complete after a failure, too.

    ``plan``: what the diff shows: the first plan, the one made anew if nothing had been done by then, or else both.
    ``warnings``: what the API has made of what was sent.
    ``stop``: why nothing else may be sent for this number, if so.
    """

    plan: Plan | None = None
    record: Record | None = None
    actions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stop: ApiError | None = None

    def diff(self, failed: bool) -> dict[str, dict[str, t.Any]]:
        """What was done, or in check mode would be: where nothing was, there is no difference."""
        if self.plan is None:
            return {"before": {}, "after": {}}
        if not self.actions:
            return make_diff(Plan(self.record, self.record, ()))
        return make_diff(up_to_failure(self.plan, self.actions, self.record) if failed else self.plan)


class Look(t.NamedTuple):
    """A number whose registration is in doubt, to be looked for.

    ``times``: how often, if it is not found: a list may lag behind writes.
    ``error``: what the registration was answered with.
    """

    number: str
    times: int
    error: ApiError


Found = t.Union[Record, ApiError, None]
"""What came of a look: the record, or why there could be none, or None if the number is not there."""

Work = t.Generator[Look, Found, None]
"""Work on a number. Where it yields, it waits to be sent what was found."""


class _Outdated(Exception):
    """The number is not what it was when the plan was made.

    ``record``: what it is now, if that is known.
    """

    def __init__(self, record: Record | None = None) -> None:
        super().__init__()
        self.record = record


def converge(api: Api, holdings: Holdings, desired: Desired, check_mode: bool, outcome: Outcome) -> None:
    """Plan, and unless in check mode, do. Keeps ``outcome`` up to date all along.

    Raises InputError before anything is written, ApiError at any time.
    """
    record = _look_up(api, holdings, desired)
    outcome.record = record
    if not desired.absent:
        desired = resolve_agents(desired, holdings.agent_id)
    outcome.plan = make_plan(desired, record)
    if check_mode:
        predict(outcome)
    else:
        _finish(api, holdings, apply_plan(api, holdings, desired, outcome))


def _finish(api: Api, holdings: Holdings, work: Work) -> None:
    """Do the work, and look at once for what is in doubt."""
    with suppress(StopIteration):
        look = next(work)
        while True:
            look = work.send(_look_for(api, holdings, look))


def _look_for(api: Api, holdings: Holdings, look: Look) -> Found:
    for attempt in range(look.times):
        if attempt:
            api.pace.sleep(api.backoff(attempt - 1))
        try:
            found = holdings.read_again(look.number)
        except ApiError as error:
            return error
        if found:
            return found
    return None


def predict(outcome: Outcome) -> None:
    """Take the plan for done."""
    plan = t.cast(Plan, outcome.plan)
    outcome.record, outcome.actions = plan.after, plan.actions


def apply_plan(api: Api, holdings: Holdings, desired: Desired, outcome: Outcome) -> Work:
    """Do what is planned; plan anew, once, if the number is not what it was then. Raises ApiError, InputError."""
    try:
        yield from _apply_steps(api, holdings, t.cast(Plan, outcome.plan), outcome)
    except _Outdated as outdated:
        outcome.record = outdated.record or _look_up(api, holdings, desired)
        # It may be somebody else's registration that was found. Nobody can see whose credentials are there, so they are
        # sent once more.
        if "registered" in outcome.actions and desired.auth_password is not None:
            desired = replace(desired, always_password=True)
        plan = make_plan(desired, outcome.record)
        first = t.cast(Plan, outcome.plan)
        # What was done by the first plan is a part of the diff.
        outcome.plan = Plan(first.before, plan.after, (*first.steps, *plan.steps)) if outcome.actions else plan
        try:
            yield from _apply_steps(api, holdings, plan, outcome)
        except _Outdated:
            raise ApiError("the number keeps changing while it is worked on: is something else managing it?") from None


def _look_up(api: Api, holdings: Holdings, desired: Desired) -> Record | None:
    if desired.record_id is not None:
        # Without a record, a number can't be present: an error either way.
        return api.number(desired.record_id, sure=desired.absent)
    return holdings.look_up(str(desired.number))


def _apply_steps(api: Api, holdings: Holdings, plan: Plan, outcome: Outcome) -> Work:
    if not plan.steps:
        outcome.record = plan.after
    for step in plan.steps:
        if outcome.stop:
            raise outcome.stop
        if step.call == "register":
            outcome.record = yield from _register(api, step, outcome)
        else:
            outcome.record = _change(api, holdings, t.cast(Record, outcome.record), step, outcome)
        if outcome.record:
            holdings.keep(outcome.record)
            outcome.warnings.extend(not_as_sent(step, outcome.record, api.hide))


def _register(api: Api, step: Step, outcome: Outcome) -> t.Generator[Look, Found, Record]:
    """Register, at most twice, and the second time only after the first surely left nothing behind.

    Raises _Outdated with the record if the number turns out to be held: by an answer
    that was lost, or because somebody else was faster.
    """
    maybe_ours = last = False
    while True:
        try:
            record = api.register(step.body)
        except ApiError as refusal:
            error = refusal
        else:
            outcome.actions.extend(step.actions)
            return record
        maybe_ours = maybe_ours or error.uncertain
        if not error.uncertain and error.http_status not in _REFUSED_AS_DUPLICATE:
            raise error
        # A conflict, or a refusal because of the number, is likely a duplicate, so it is worth waiting for a list that
        # lags. Other refusals are more likely just that: one more look is enough, unless an answer was lost.
        likely_duplicate = error.http_status == 409 or error.field == "number"
        times = api.retries + 1 if maybe_ours or likely_duplicate else 2
        found = yield Look(step.body["number"], times, error)
        if isinstance(found, ApiError):
            raise _unread(found, error)
        if found:
            if maybe_ours:
                outcome.actions.extend(step.actions)
            raise _Outdated(found)
        if not maybe_ours:
            raise error
        if last or outcome.stop or not error.uncertain:
            stopped = f" ({outcome.stop})" if outcome.stop else ""
            error.hint = (
                f"The number could not be found afterwards{stopped}, but may appear later."
                " Run the task again: it looks before it registers"
            )
            raise error
        last = True


def _unread(unread: ApiError, lost: ApiError) -> ApiError:
    """The error of a look, with what came before it. One look may be for many numbers, so this is a copy."""
    error = copy(unread)
    error.hint = (
        f"Before that, the registration was answered with: {lost}. Whether it took effect could not be"
        " found out. Run the task again: it looks before it registers"
    )
    return error


def _change(api: Api, holdings: Holdings, record: Record, step: Step, outcome: Outcome) -> Record | None:
    """Do a step to a number that is there. Returns the record after it, None when it was given up."""
    try:
        answer = _send(api, record["id"], step)
    except ApiError as error:
        after = _after_error(api, record["id"], step, error, outcome)
    else:
        after = _after_answer(api, record["id"], step, answer, outcome)
    if step.call in _AIMS:
        holdings.status_changed()
        if after is None:
            holdings.drop(record)
    return after


def _send(api: Api, record_id: str, step: Step) -> Record | bool | None:
    """Returns the record if the answer shows it, or else whether the answer is about this number."""
    if step.call == "delete":
        return api.delete(record_id)
    if step.call == "revoke_cancel":
        return api.revoke_cancel(record_id)
    return t.cast("Record | None", getattr(api, step.call)(record_id, step.body))


def _after_answer(
    api: Api, record_id: str, step: Step, answer: Record | bool | None, outcome: Outcome
) -> Record | None:
    """The record after a step that was not refused; read, where the answer does not show it."""
    aims = _AIMS.get(step.call, HELD)
    if isinstance(answer, dict) and answer["status"] in aims:
        outcome.actions.extend(step.actions)
        return answer
    # A PATCH may be answered with anything. Of the other calls, only an answer that shows it proves that it was done.
    done = answer is True or step.call not in _AIMS
    if done and step.actions == ("deleted",):
        outcome.actions.extend(step.actions)
        return None
    try:
        now = api.number(record_id)
    except ApiError:
        if done:
            outcome.actions.extend(step.actions)
        raise
    if step.call in _AIMS and _status(now) not in aims:
        raise ApiError(f"the API answered as if it were done, but the number is {_status(now)}")
    outcome.actions.extend(step.actions)
    if step.call not in _AIMS and _status(now) not in aims:
        raise _Outdated
    return now if _status(now) in HELD else None


def _after_error(api: Api, record_id: str, step: Step, error: ApiError, outcome: Outcome) -> Record | None:
    """See what the number is now: a refusal may be the echo of an own lost answer, or of somebody else's change.

    Returns the record if the step's aim is reached all the same (None: given up).
    """
    if error.http_status in (401, 403, 429):
        raise error
    if error.uncertain and step.call != "revoke_cancel":
        error.hint = error.hint or "Whether it took effect is not known. Run the task again: it looks first"
        raise error
    try:
        now = api.number(record_id)
    except ApiError:
        raise error from None
    if _status(now) in _AIMS.get(step.call, ()):
        after = now if _status(now) in HELD else None
        if error.repeated or error.uncertain:
            outcome.actions.extend(step.actions)
        else:
            # Somebody else's doing: no action, and no part of the diff.
            outcome.plan = replace(t.cast(Plan, outcome.plan), before=after)
        return after
    if _status(now) not in HELD:
        raise _Outdated
    if error.uncertain:
        raise _Outdated(now)
    if step.call == "update_sip" and "auth_password" not in step.body:
        error.hint = "The API asks for the password whenever address changes: give auth_password, too"
    raise error


def _status(record: Record | None) -> str:
    return str(record.get("status")) if record else "expired"
