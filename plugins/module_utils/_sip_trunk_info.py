# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: the task ``vox_sip_trunk_info``, from options to result. It does not use the API."""

from __future__ import annotations

import re
import ssl
import time
import typing as t

from ansible_collections.voxai.telephony.plugins.module_utils._connection import check_bundle
from ansible_collections.voxai.telephony.plugins.module_utils._sip import (
    SILENT,
    SIPMESSAGE_IMPORT_ERROR,
    Answer,
    Credentials,
    NoAnswer,
    Server,
    ask,
    resolve,
)
from ansible_collections.voxai.telephony.plugins.module_utils._task import (
    Connect,
    Options,
    Report,
    Result,
    Task,
    failure_of,
)
from ansible_collections.voxai.telephony.plugins.module_utils._values import (
    InputError,
    TrunkAddress,
    check_quoted,
    check_text,
    shown,
    split_address,
)

_MAX_TIMEOUT = 600
_PORT, _TLS_PORT = 5060, 5061
_AUTHENTICATION = {
    "not_asked": "",
    "accepted": ", and accepted the credentials",
    "refused": ", and refused the credentials",
    "not_tried": ", and requires credentials",
}


def run(written: Options, options: Options, connect: Connect, check_mode: bool, report: Report) -> Result:
    """Check a trunk. Check mode does the same."""
    result: Result = {"changed": False, **_EMPTY, "warnings": []}
    try:
        for option in ("address", "auth_username", "auth_password"):
            check_quoted(option, written.get(option))
            check_text(option, options[option] or "")
        if not options["address"].strip():
            raise InputError("address is empty: write one, such as 'sip:trunk.example.com:5060'")
        address = split_address(options["address"])
        timeout = options["timeout"]
        if isinstance(timeout, bool) or not 0 < timeout <= _MAX_TIMEOUT:
            raise InputError(f"timeout is {shown(timeout)}: write seconds, more than 0 and at most {_MAX_TIMEOUT}")
        transports = _transports(address, options["transport"])
        context = _context(options["validate_certs"], options["ca_path"]) if "tls" in transports else None
        credentials = None
        if options["auth_username"] is not None:
            credentials = Credentials(options["auth_username"], options["auth_password"])
        _ask_over(transports, address, context, credentials, timeout, result)
    except InputError as error:
        result.update(failed=True, problem="invalid", failure=failure_of(error), msg=str(error))
    return result


def _ask_over(
    transports: t.Sequence[str],
    address: TrunkAddress,
    context: ssl.SSLContext | None,
    credentials: Credentials | None,
    timeout: float,
    result: Result,
) -> None:
    """Try one transport after another until there is an answer, and complete the result."""
    failures: list[NoAnswer] = []
    started = time.monotonic()
    port = address.port or (_TLS_PORT if context else _PORT)
    try:
        resolved = resolve(address.host, port, timeout)
    except NoAnswer as failure:
        result.update(problem=failure.problem, msg=str(failure))
        return
    result["resolved"] = [str(one[0]) for _family, one in resolved]
    left = timeout - (time.monotonic() - started)
    for transport in transports:
        result["transport"] = transport
        try:
            answer = ask(Server(address.host, port, transport, address.uri, context), resolved, credentials, left)
        except NoAnswer as failure:
            failures.append(failure)
            left = timeout
        else:
            result.update({name: value for name, value in vars(answer).items() if name in _EMPTY})
            result.update(reachable=True, ok=200 <= answer.status < 300, msg=_in_words(answer, transport))
            return
    problems = [failure.problem for failure in failures]
    # If one transport is silent, the refusal of another does not show that no server is there.
    result["problem"] = SILENT if SILENT in problems else problems[0]
    result["msg"] = "; ".join(map(str, failures))


def _transports(address: TrunkAddress, wanted: str) -> tuple[str, ...]:
    if wanted != "auto":
        return (wanted,)
    if address.scheme == "sips":
        return ("tls",)
    named = re.search(r"(?i);transport=([^;?]*)", address.parameters)
    if not named:
        return ("udp", "tcp")
    if named[1].lower() not in ("udp", "tcp", "tls"):
        raise InputError(f"address has the transport {shown(named[1])}: write udp, tcp or tls, or set transport")
    return (named[1].lower(),)


def _context(validate_certs: bool, ca_path: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=check_bundle(ca_path) if validate_certs and ca_path else None)
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _in_words(answer: Answer, transport: str) -> str:
    status = f"{answer.status} {answer.reason}".strip()
    if answer.status < 200:
        rest = ", and sent no final answer"
    elif not answer.answered_all:
        rest = ", and did not answer the request with credentials"
    else:
        rest = _AUTHENTICATION[answer.authentication]
    return f"{answer.remote} answered over {transport} with {status}{rest}"


_EMPTY: Result = {
    "reachable": False,
    "ok": False,
    "status": None,
    "reason": None,
    "transport": None,
    "remote": None,
    "resolved": [],
    "round_trip_ms": None,
    "server": None,
    "authentication": "not_asked",
    "problem": None,
}

TASK = Task(
    spec={
        "address": {"type": "str", "required": True},
        "transport": {"type": "str", "choices": ["auto", "udp", "tcp", "tls"], "default": "auto"},
        "auth_username": {"type": "str"},
        "auth_password": {"type": "str", "no_log": True},
        "timeout": {"type": "float", "default": 5},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
    },
    constraints={"required_together": [("auth_username", "auth_password")]},
    run=run,
    empty={"changed": False, **_EMPTY},
    instead_of_requests=("sipmessage", SIPMESSAGE_IMPORT_ERROR),
)
