# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 1: ids of the API's resources."""

from __future__ import annotations

import re
import typing as t

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UUID = re.compile("-?".join(["([0-9a-f]{8})", *["([0-9a-f]{4})"] * 3, "([0-9a-f]{12})"]), re.IGNORECASE)


def is_id(value: t.Any) -> bool:
    """Whether ``value`` is a valid id of a resource. It becomes a part of a URL path."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def canonical_id(value: t.Any) -> str:
    """An id in canonical form, for comparison: a UUID in lower case with hyphens. Other ids are unchanged."""
    uuid = _UUID.fullmatch(str(value))
    return "-".join(uuid.groups()).lower() if uuid else str(value)


def same_id(one: t.Any, other: t.Any) -> bool:
    return canonical_id(one) == canonical_id(other)
