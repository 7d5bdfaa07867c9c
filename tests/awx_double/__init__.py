# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A double of AWX: its rules for credential types and surveys."""

from __future__ import annotations

from ._definitions import CredentialType, Survey

__all__ = ["CredentialType", "Survey"]
