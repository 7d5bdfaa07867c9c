# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path of the collection in this checkout. As a program, prints the path."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def collections_path() -> Path:
    """The directory above ansible_collections/voxai/telephony, for ANSIBLE_COLLECTIONS_PATH and sys.path.

    If the checkout has another path, this is a link below its .cache. Only ansible-test does not follow such a link.
    """
    checkout = Path(__file__).absolute().parents[1]
    if checkout.parts[-3:] == ("ansible_collections", "voxai", "telephony"):
        return checkout.parents[2]
    path = checkout / ".cache" / "collections"
    namespace = path / "ansible_collections" / "voxai"
    namespace.mkdir(parents=True, exist_ok=True)
    # Parallel runs in one checkout create the same link.
    with contextlib.suppress(FileExistsError):
        (namespace / "telephony").symlink_to(os.path.relpath(checkout, namespace), target_is_directory=True)
    return path


if __name__ == "__main__":
    print(collections_path())
