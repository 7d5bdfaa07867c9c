# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: the task ``vox_telephone_number_info``, from options to result."""

from __future__ import annotations

import typing as t

from ansible_collections.voxai.telephony.plugins.module_utils._api import HELD, Api, Record
from ansible_collections.voxai.telephony.plugins.module_utils._connection import CONNECTION_SPEC
from ansible_collections.voxai.telephony.plugins.module_utils._ledger import Ledger, read_numbers
from ansible_collections.voxai.telephony.plugins.module_utils._numbering_plan import number_warning, parse_number
from ansible_collections.voxai.telephony.plugins.module_utils._task import (
    Connect,
    Options,
    Report,
    Result,
    Task,
    read_only,
)
from ansible_collections.voxai.telephony.plugins.module_utils._values import (
    check_quoted,
    parse_id,
)

_FILTERS = ("number", "provider", "status")


_EMPTY: Result = {"changed": False, "telephone_numbers": [], "api_requests": 0}


@read_only(_EMPTY)
def run(result: Result, written: Options, options: Options, connect: Connect, report: Report) -> None:
    """Read numbers."""
    check_quoted("id", written.get("id"))
    numbers = _parse_numbers(options["number"])
    record_id = parse_id(options["id"])
    result["warnings"] = [warning for warning in map(number_warning, numbers or ()) if warning]
    api, ledger = connect(options)
    if record_id is not None:
        record = api.number(record_id)
        found = [record] if record else []
    elif options["status"]:
        records = read_numbers(api, numbers, options["provider"], options["status"])
        found = list({record["id"]: record for record in records}.values())
    else:
        found = _held(api, ledger, numbers)
        found = [record for record in found if options["provider"] in (None, record["provider"])]
    result.update(telephone_numbers=found, msg=f"{len(found)} found")


def _held(api: Api, ledger: Ledger, numbers: list[str] | None) -> list[Record]:
    if numbers is None or len(set(numbers)) > 1:
        return ledger.records(api, numbers)
    record = ledger.look_up(api, numbers[0]) if numbers else None
    return [record] if record else []


def _parse_numbers(written: t.Any) -> list[str] | None:
    if written is None:
        return None
    return [parse_number(number) for number in (written if isinstance(written, list) else [written])]


TASK = Task(
    spec={
        **CONNECTION_SPEC,
        "id": {"type": "str"},
        "number": {"type": "raw"},
        "provider": {"type": "str", "choices": ["vox", "custom"]},
        "status": {"type": "list", "elements": "str", "choices": [*HELD, "expired"]},
    },
    constraints={"mutually_exclusive": [("id", name) for name in _FILTERS]},
    run=run,
    empty=_EMPTY,
)
