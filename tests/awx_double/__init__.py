# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stateful double of AWX's API, as far as the collection's setup has to do with it."""

from __future__ import annotations

from ._definitions import CredentialType, Survey
from ._double import TOKEN, AwxDouble

__all__ = ["TOKEN", "AwxDouble", "CredentialType", "Survey"]
