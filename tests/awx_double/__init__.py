# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stateful test double of the parts of AWX's API that the collection's setup and the launch of its jobs use."""

from __future__ import annotations

from ._definitions import CredentialType, Survey
from ._double import ORGANIZATION_TOKEN, PASSWORD, READ_TOKEN, TOKEN, USER, AwxDouble

__all__ = ["ORGANIZATION_TOKEN", "PASSWORD", "READ_TOKEN", "TOKEN", "USER", "AwxDouble", "CredentialType", "Survey"]
