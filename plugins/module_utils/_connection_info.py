# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: the task ``vox_connection_info``, from options to result."""

from __future__ import annotations

import platform
import re
import ssl
import time
import typing as t
from urllib.parse import urlsplit

from ansible_collections.voxai.telephony.plugins.module_utils._api import HELD, Api, ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._connection import CONNECTION_SPEC, check_given
from ansible_collections.voxai.telephony.plugins.module_utils._http import proxy_of, versions
from ansible_collections.voxai.telephony.plugins.module_utils._task import (
    Connect,
    Options,
    Report,
    Result,
    Task,
    failure_of,
)
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

_VENDOR_HOST = "client-api.tryvox.co"
_PLAIN_CODE = re.compile(r"[A-Z][A-Z_]{0,59}")
_PLAIN_NAME = re.compile(r"[A-Za-z-]{1,60}")
_PLAIN_VALUE = re.compile(r"(?=.*[0-9])[0-9wqrt;=, .]{1,40}")
"""Numbers, and the one-letter parameters of RateLimit-Policy. Words are not shown, because they may name a customer."""
_UNKNOWN = "not checked"


def run(written: Options, options: Options, connect: Connect, check_mode: bool, report: Report) -> Result:
    """Check the connection part by part. Check mode does the same."""
    result: Result = {"changed": False, "warnings": []}
    lines = {"API": _UNKNOWN, "Proxy": _UNKNOWN, "TLS": _UNKNOWN, "Key": _UNKNOWN, "Organization": _UNKNOWN}
    lines["Rate limit"] = _own_limits(options)
    requests_sent: t.Callable[[], int] = int
    failed_part = None
    try:
        check_given(written.get("api_key"))
        # Report the first failure without retries.
        api = connect({**options, "retries": 0}).api
        api.max_refused = 0.0
        requests_sent = api.counter()
        _describe(options, lines)
        _ask(api, lines)
        lines["Rate limit"] = f"{_limits(api)}; {_own_limits(options)}"
        result["msg"] = "The connection works."
    except (InputError, ApiError) as error:
        failed_part, why = _failure(error, options, lines)
        result.update(failed=True, failure=failure_of(error), msg=f"The connection failed ({failed_part}): {why}")
    lines["Versions"] = f"Python {platform.python_version()}, {versions()}, {ssl.OPENSSL_VERSION}"
    report_lines = [result["msg"], *(f"{name}: {text}" for name, text in lines.items())]
    return {**result, "report": report_lines, "failed_part": failed_part, "api_requests": requests_sent()}


def _describe(options: Options, lines: dict[str, str]) -> None:
    url = urlsplit(options["api_url"])
    lines["API"] = "the vendor's address" if url.hostname == _VENDOR_HOST else "another address than the vendor's"
    lines["Proxy"] = "used, from the environment" if proxy_of(options["api_url"]) else "none"
    if url.scheme == "http":
        lines["TLS"] = "not used (loopback)"
    elif not options["validate_certs"]:
        lines["TLS"] = "certificate check is off (validate_certs is false)"
    else:
        lines["TLS"] = "certificate check is on" + (", with ca_path" if options["ca_path"] else "")


def _ask(api: Api, lines: dict[str, str]) -> None:
    start = time.monotonic()
    counts = {HELD[0]: api.held(HELD[0])}
    lines["API"] += f", answers in {round((time.monotonic() - start) * 1000)} ms"
    lines["Key"] = "accepted"
    counts.update((status, api.held(status)) for status in HELD[1:])
    agents = api.agent_count()
    numbers = ", ".join(f"{_count(count)} {status}" for status, count in counts.items())
    lines["Organization"] = f"numbers: {numbers}; agents: {_count(agents)} (as the API counts them)"


def _count(count: int | None) -> str:
    return "an unknown number of" if count is None else str(count)


def _limits(api: Api) -> str:
    shown = [
        f"{name}: {value if _PLAIN_VALUE.fullmatch(value) else '(not shown)'}"
        for name, value in sorted(api.limit_headers.items())
        if _PLAIN_NAME.fullmatch(name)
    ]
    return f"headers of the API: {', '.join(shown)}" if shown else "no headers of the API"


def _own_limits(options: Options) -> str:
    per = ", ".join(
        f"{options[f'requests_per_{window}'] or 'no limit'} per {window}" for window in ("second", "minute")
    )
    return f"client: {per}"


def _failure(error: Exception, options: Options, lines: dict[str, str]) -> tuple[str, str]:
    """The part that failed, and why, without host names, paths and texts of a server."""
    if isinstance(error, InputError):
        part = "Key" if "api_key" in str(error) else "TLS" if "ca_path" in str(error) else "API"
        if "api_key" not in str(error) and "ca_path" not in str(error) and "api_url" not in str(error):
            part = "options"
        why = str(error)
    elif isinstance(error, ApiError) and error.http_status:
        code = f", code {error.code}" if error.code and _PLAIN_CODE.fullmatch(error.code) else ""
        part = {401: "Key", 403: "Key", 429: "Rate limit"}.get(error.http_status, "API")
        why = f"HTTP {error.http_status}{code}. " + (
            error.hint or ("" if error.from_api else "The answer is not from the API")
        )
    else:
        part = {"proxy": "Proxy", "TLS": "TLS"}.get(getattr(error, "part", ""), "API")
        why = str(error)
    for secret in (
        proxy_of(options["api_url"]),
        urlsplit(options["api_url"]).netloc,
        options["api_url"],
        options["ca_path"],
    ):
        # The scheme of a proxy is shown, because it helps to find the error.
        why = why.replace((secret or "").rpartition("://")[2] or "\0", "(hidden)")
    why = why.strip()
    if part in lines:
        known = "" if lines[part] == _UNKNOWN else f"{lines[part]}; "
        lines[part] = f"{known}FAILED: {why}"
    return part, why


TASK = Task(
    spec={**CONNECTION_SPEC},
    constraints={},
    run=run,
    empty={"changed": False, "report": [], "failed_part": None, "api_requests": 0},
)
