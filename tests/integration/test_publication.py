# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The published tarball, and the collection that is installed from it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from integration._playbook import KEY, NUMBER, VENDOR_EXAMPLE, Ansible, vox
from simulator import Simulator

# All that users need. The tarball contains exactly the files at these places.
PUBLISHED = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "LICENSES",
    "README.md",
    "REUSE.toml",
    "changelogs/changelog.yaml",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "roles",
    "tests/config.yml",
)
EXCEPT = ("docs/docsite/site", "extensions/molecule")
# Files that tools create in a checkout.
LITTER = (
    ".ansible/collections/x.yml",
    ".cache/docs/index.html",
    ".hypothesis/examples/x",
    ".mypy_cache/x.json",
    ".nox/ready",
    ".pytest_cache/x",
    ".ruff_cache/x",
    ".venv-demo/ready",
    ".venv/ready",
    "changelogs/.plugin-cache.yaml",
    "plugins/modules/__pycache__/x.cpython-39.pyc",
    "plugins/x.pyc",
    "tests/output/x.json",
    "tests/simulator/__pycache__/x.cpython-313.pyc",
    "voxai-telephony-0.0.1.tar.gz",
)
# Kinds of plugins that ansible-doc does not support.
UNDOCUMENTED = {"action", "doc_fragments", "module_utils", "plugin_utils"}


def run(ansible: Ansible, command: str, *arguments: str | Path, directory: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(ansible.bin / command), *map(str, arguments)],
        env={
            "PATH": os.pathsep.join([str(ansible.bin), os.defpath]),
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "ANSIBLE_HOME": str(directory / ".ansible"),
            **environment,
        },
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Ansible only warns if a file of the collection cannot be read.
    assert "voxai" not in done.stderr.replace(str(ansible.bin.parent), ""), done.stderr
    return done.stdout


def files_of_the_checkout(root: Path) -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True
    )
    return [name for name in listing.stdout.split("\0") if name and (root / name).is_file()]


def within(name: str, places: tuple[str, ...]) -> bool:
    return any(PurePosixPath(name).is_relative_to(place) for place in places)


@pytest.fixture(scope="module")
def tarball(core: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a checkout with files of tools and editors."""
    directory = tmp_path_factory.mktemp("build")
    checkout = directory / "checkout"
    for name in files_of_the_checkout(core.root):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(core.root / name, checkout / name)
    for name in LITTER:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("litter")
    run(core, "ansible-galaxy", "collection", "build", checkout, "--output-path", directory, directory=directory)
    (built,) = directory.glob("voxai-telephony-*.tar.gz")
    return built


@pytest.fixture(scope="module")
def installed(core: Ansible, tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of collections where it is installed."""
    path = tmp_path_factory.mktemp("collections")
    # ansible-galaxy warns of a path that is not configured.
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(path)}
    install = ("collection", "install", "--offline", tarball, "--collections-path", path)
    run(core, "ansible-galaxy", *install, directory=path, **environment)
    return path


def test_the_tarball_contains_only_what_users_need(core: Ansible, tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        held = {member.name for member in archive.getmembers() if member.isfile()}
    published = {
        name for name in files_of_the_checkout(core.root) if within(name, PUBLISHED) and not within(name, EXCEPT)
    }
    assert held == published | {"MANIFEST.json", "FILES.json"}


def test_each_place_exists(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        held = archive.getnames()
    assert [place for place in PUBLISHED if not any(within(name, (place,)) for name in held)] == []


def test_ansible_doc_shows_all_of_it(core: Ansible, installed: Path) -> None:
    root = installed / "ansible_collections" / "voxai" / "telephony"
    contents = {"role": [f"voxai.telephony.{role.name}" for role in root.glob("roles/*")]}
    for folder in root.glob("plugins/*"):
        if folder.name not in UNDOCUMENTED:
            kind = folder.name.removesuffix("s")
            contents[kind] = [f"voxai.telephony.{plugin.stem}" for plugin in folder.glob("[!_]*.py")]
    assert contents["module"]
    for kind, names in contents.items():
        text = run(
            core,
            "ansible-doc",
            *("--type", kind, "--json", *names),
            directory=installed,
            ANSIBLE_COLLECTIONS_PATH=str(installed),
        )
        shown: dict[str, Any] = json.loads(text)
        assert sorted(shown) == sorted(names)
        for name in names:
            described = shown[name]["entry_points"]["main"] if kind == "role" else shown[name]["doc"]
            assert described["short_description"]
            assert kind != "module" or {"examples", "return"} <= set(shown[name])


def test_the_installed_collection_works(core: Ansible, installed: Path, sim: Simulator, tmp_path: Path) -> None:
    ansible = Ansible(core.bin, installed, core.root, tmp_path)
    hosts = {way: ansible.host(way) for way in ("action", "module")}
    environment = {"VOX_API_URL": sim.url, "VOX_API_KEY": KEY}
    done = ansible.run(
        [{"hosts": "all", "gather_facts": False, "serial": 1, "tasks": [vox(VENDOR_EXAMPLE)]}], hosts, **environment
    )
    assert [task.result["actions"] for task in done.tasks] == [["registered"], []], done.output
    assert str(installed) in done.output
    assert done.modules("module") > 0

    exported = tmp_path / "numbers.yml"
    done = ansible.run(
        Path("voxai.telephony.export"),
        {"localhost": {**ansible.host("action"), "vox_export_file": str(exported)}},
        **environment,
    )
    assert done.code == 0, done.output
    assert f'number: "{NUMBER}"' in exported.read_text(encoding="utf-8")
