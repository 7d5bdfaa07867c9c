# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contenders of the benchmark and their targets. To add a contender, add a row to CONTENDERS."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._service import ADDRESS, KEY, MEMO, Service

Task = dict[str, Any]
MakeTask = Callable[[Service, Sequence[str]], Task]


@dataclass(frozen=True)
class Contender:
    """``task``: a task for some held numbers, which must not change them.

    ``counts``: it is measured for these two counts of numbers; the slope between them is the time of one number.
    ``host``: ``here``, or ``elsewhere`` for a connection with another name than local.
    """

    name: str
    task: MakeTask
    counts: tuple[int, int]
    host: str = "here"


def each(action: str, arguments: Callable[[Service], Mapping[str, Any]]) -> MakeTask:
    """Return a function that creates a task with a loop over the numbers, or without a loop for one number."""

    def task(service: Service, numbers: Sequence[str]) -> Task:
        items = {"loop": list(numbers)} if len(numbers) > 1 else {"vars": {"item": numbers[0]}}
        return {action: dict(arguments(service)), **items}

    return task


def _get(service: Service) -> dict[str, Any]:
    """The cheapest possible request. A real playbook would have to read a page of 100 numbers."""
    return {
        "url": f"{service.url}/organization-telephone-numbers?limit=1",
        "headers": {"Authorization": f"Bearer {KEY}"},
        "use_proxy": False,
        **({"ca_path": service.ca_path} if service.ca_path else {}),
    }


_ours = each(
    "voxai.telephony.vox_telephone_number",
    lambda service: {"number": "{{ item }}", "address": ADDRESS, "memo": MEMO},
)

_FAST = (20, 120)
_SLOW = (2, 6)

CONTENDERS = (
    Contender("debug", each("ansible.builtin.debug", lambda service: {"msg": "{{ item }}"}), _FAST),
    Contender("empty action plugin", each("empty", lambda service: {}), _FAST),
    Contender("vox_telephone_number", _ours, _FAST),
    Contender("vox_telephone_number, as a module", _ours, _SLOW, host="elsewhere"),
    Contender("uri", each("ansible.builtin.uri", _get), _SLOW),
)


@dataclass(frozen=True)
class Target:
    """The limit of the ``quantity`` (``item`` or ``single``) of ``subject``, divided by that of ``reference``."""

    quantity: str
    subject: str
    reference: str
    compare: Callable[[float, float], bool]
    limit: float


TARGETS = (
    Target("item", "vox_telephone_number", "debug", operator.le, 1.5),
    Target("item", "uri", "vox_telephone_number", operator.ge, 40),
    Target("single", "vox_telephone_number", "debug", operator.le, 1.2),
    Target("single", "vox_telephone_number", "uri", operator.lt, 1),
)

ONE_LISTING = ("vox_telephone_number",)
"""Contenders that must read each page only once, over one connection, for all numbers of a playbook."""
