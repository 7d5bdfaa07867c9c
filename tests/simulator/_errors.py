# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's error envelope and its messages."""

from __future__ import annotations

from typing import Any

_DEFAULTS = {
    400: ("VALIDATION_ERROR", "요청 값이 올바르지 않습니다."),
    401: ("UNAUTHORIZED", "API 키가 없거나 올바르지 않습니다."),
    403: ("FORBIDDEN", "접근 권한이 없습니다."),
    404: ("NOT_FOUND", "요청한 리소스를 찾을 수 없습니다."),
    405: ("METHOD_NOT_ALLOWED", "허용되지 않은 메서드입니다."),
    409: ("CONFLICT", "현재 상태에서는 요청을 처리할 수 없습니다."),
    422: ("UNPROCESSABLE_ENTITY", "요청을 처리할 수 없습니다."),
    429: ("RATE_LIMIT_EXCEEDED", "요청 한도를 초과했습니다. 잠시 후 다시 시도해 주세요."),
}
_INTERNAL = ("INTERNAL_ERROR", "서버 내부 오류가 발생했습니다.")


def envelope(status: int, message: str | None = None, **details: Any) -> dict[str, Any]:
    """Return the error body for an HTTP status, with the code of that status."""
    code, default_message = _DEFAULTS.get(status, _INTERNAL)
    return {"error": {"code": code, "message": message or default_message, "details": details}}


def other_body(status: int) -> dict[str, Any]:
    """Return an error body in another form than the envelope, like that of a web framework or a gateway."""
    return {"statusCode": status, "message": "Error"}


class ApiError(Exception):
    """The API refuses a request: HTTP status, Korean message (None: the default of the status) and details."""

    def __init__(self, status: int, message: str | None = None, **details: Any) -> None:
        super().__init__(status, message)
        self.status = status
        self.body = envelope(status, message, **details)
