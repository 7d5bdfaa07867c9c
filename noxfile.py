# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks and tests of the collection.

pytest, the simulator, ruff, mypy and molecule run in the environment nox itself runs in; a session that drives
an ansible-core has an environment with that core; the sessions of antsibull-nox bring their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import antsibull_nox
import nox

# ansible-core releases that are tested, the newest first, each with the Pythons it may run on, the preferred one first.
CORES = {
    "2.21": ("3.13", "3.12", "3.14"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.16": ("3.10", "3.11", "3.12"),
}
# The oldest Python of the machines a module may run on.
OLDEST_TARGET = "3.9"

# ansible-test fetches get-pip from a host of its own, under these names. The pip that comes with Python does as well.
GET_PIP = """\
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "ensurepip"])
options = [option for option in sys.argv[1:] if option not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "pip", "install"] + options)
"""
GET_PIP_VERSIONS = ("23_1_2", "24_2", "25_2")

# A session's body gets the ansible-core and the Python it is for.
Body = Callable[[nox.Session, str, str], None]

nox.needs_version = ">=2026.10.20"
nox.options.default_venv_backend = "venv"
# The tools of the main environment come first, whether or not it was activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


@cache
def interpreter(version: str) -> str | None:
    """Path of a Python of that version that works. Being on PATH proves nothing: it may be a shim for nothing."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for candidate in (f"python{version}", *map(str, pyenv.glob(f"versions/{version}.*/bin/python"))):
        try:
            probe = subprocess.run(
                [candidate, "-c", "import ensurepip, sys; print(sys.executable)"],
                capture_output=True,
                check=False,
                text=True,
            )
        except OSError:
            continue
        if probe.returncode == 0:
            return probe.stdout.strip()
    return None


def python_for(core: str) -> str | None:
    """Version of the Python that ansible-core is tested with on this machine."""
    return next((version for version in CORES[core] if interpreter(version)), None)


def with_core(name: str, core: str, *packages: str) -> Callable[[Body], Body]:
    """Register the function as session ``name-core``, with the tag ``name``, in an environment with that ansible-core.

    Without a Python for it the session is reported as skipped, with the reason.
    """

    def register(body: Body) -> Body:
        version = python_for(core)

        def run(session: nox.Session) -> None:
            session.install(f"ansible-core=={core}.*", *packages)
            body(session, core, str(version))

        def skip(session: nox.Session) -> None:
            session.skip(f"needs one of Python {', '.join(CORES[core])}: none of them works here")

        chosen = run if version else skip
        chosen.__doc__ = body.__doc__
        nox.session(name=f"{name}-{core}", python=interpreter(version) if version else False, tags=[name])(chosen)
        return body

    return register


@contextmanager
def staged() -> Iterator[Path]:
    """A copy of the collection for ansible-test: at a real path, outside of a git repository that would ignore it."""
    listing = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], capture_output=True, check=True)
    with TemporaryDirectory(prefix="voxai.telephony-") as directory:
        root = Path(directory, "ansible_collections", "voxai", "telephony").resolve()
        for name in filter(None, listing.stdout.decode().split("\0")):
            # git goes on listing a file that was removed and not yet committed.
            if Path(name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(name, root / name)
        yield root


def ansible_test(session: nox.Session, *arguments: str, **environment: str) -> None:
    """Run ansible-test with a home of its own: its environments stay in the checkout, and the user's are left alone."""
    home = Path(session.virtualenv.location, "home").resolve()
    downloads = home / ".ansible" / "test" / "cache"
    downloads.mkdir(parents=True, exist_ok=True)
    for version in GET_PIP_VERSIONS:
        (downloads / f"get_pip_{version}.py").write_text(GET_PIP)
    with staged() as root, session.chdir(root):
        session.run("ansible-test", *arguments, "--color", "no", env={"HOME": str(home), **environment})


@nox.session(python=False)
def ruff(session: nox.Session) -> None:
    """Check the code's style and its formatting."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session(python=False)
def changelog(session: nox.Session) -> None:
    """Check the fragments of the next release, and that CHANGELOG.md is what the former releases' make."""
    session.run("antsibull-changelog", "lint")
    session.run("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    with TemporaryDirectory() as directory:
        made = Path(directory, "CHANGELOG.md")
        session.run("antsibull-changelog", "generate", "--output", str(made), silent=True)
        # Where it differs: run antsibull-changelog generate.
        session.run("diff", "-u", "CHANGELOG.md", str(made), external=True)


@nox.session
def github(session: nox.Session) -> None:
    """Check what GitHub reads: workflows and the forms of issues."""
    session.install("check-jsonschema>=0.37,<1")
    forms = Path(".github", "ISSUE_TEMPLATE")
    for schema, files in {
        "github-workflows": Path(".github", "workflows").glob("*.yml"),
        "github-issue-config": [forms / "config.yml"],
        "github-issue-forms": set(forms.glob("*.yml")) - {forms / "config.yml"},
    }.items():
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files))


@nox.session(python=False)
def mypy(session: nox.Session) -> None:
    """Check the types of plugins and tests."""
    session.run("python", "tests/checkout.py", silent=True)
    session.run("mypy")


antsibull_nox.load_antsibull_nox_toml()

NEWEST = next((core for core in CORES if python_for(core)), next(iter(CORES)))
OLDEST = list(CORES)[-1]

for core in CORES:

    @with_core("sanity", core)
    def sanity(session: nox.Session, core: str, python: str) -> None:
        """Run ansible-test's sanity tests."""
        ansible_test(session, "sanity", "--python", python)


@with_core(f"python{OLDEST_TARGET}", NEWEST)
def oldest_target(session: nox.Session, core: str, python: str) -> None:
    """Compile and import the modules, and all they import, on the oldest Python a target may have."""
    target = interpreter(OLDEST_TARGET)
    if not target:
        session.skip(f"needs Python {OLDEST_TARGET}, which does not work here")
    # ansible-test takes the given path for one test, and what PATH says for the other.
    path = os.pathsep.join([str(Path(target).parent), os.environ["PATH"]])
    controller, oldest = f"origin:python={python}", f"{OLDEST_TARGET}@{target}"
    tests = ("--test", "compile", "--test", "import")
    ansible_test(session, "sanity", *tests, "--controller", controller, "--target-python", oldest, PATH=path)


@with_core("docs", NEWEST, "-r", "tests/requirements/docs.txt")
def docs(session: nox.Session, core: str, python: str) -> None:
    """Make the documentation site in .cache/docs. A warning is an error."""
    site = Path(".cache", "docs").resolve()
    shutil.rmtree(site, ignore_errors=True)
    with staged() as root, TemporaryDirectory() as doctrees:
        shutil.copytree(root / "docs" / "docsite" / "site", root, dirs_exist_ok=True)
        environment = {"ANSIBLE_COLLECTIONS_PATH": str(root.parents[2])}
        pages = ("--use-current", "--fail-on-error", "--no-add-antsibull-docs-version", "--dest-dir", str(root))
        session.run("antsibull-docs", "collection", *pages, "voxai.telephony", env=environment)
        session.run("sphinx-build", "-q", "-n", "-W", "--keep-going", "-d", doctrees, str(root), str(site))
    session.run("python", "tests/check_site.py", str(site))
    session.log(f"It is at {site}/index.html")


@with_core("units", NEWEST)
def units(session: nox.Session, core: str, python: str) -> None:
    """Run the unit tests of the plugins the way ansible-test does."""
    ansible_test(session, "units", "--requirements", "--python", python, "tests/unit/plugins/")


@nox.session(python=False)
def unit(session: nox.Session) -> None:
    """Run the unit tests, those of the simulator included, and measure the plugins' coverage."""
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "tests/unit", *session.posargs)


@nox.session(python=False)
def torture(session: nox.Session) -> None:
    """Let everything go wrong that can, and count what must not come of it."""
    session.run("python", "-m", "pytest", "tests/torture", "-n", "auto", *session.posargs)


for core in CORES:

    @with_core("integration", core, "-r", "tests/requirements/controller.txt")
    def integration(session: nox.Session, core: str, python: str) -> None:
        """Run playbooks with one ansible-core against the simulator."""
        session.run_install(sys.executable, "tests/awx_collection.py", external=True, silent=True)
        # A file's tests share a run of ansible-playbook.
        spread = ("-n", "auto", "--dist", "loadfile")
        # These take as long as all others together: what they are about differs between the ends, and not in between.
        ends = ("test_awx_jobs", "test_awx_setup", "test_secrets", "test_what_ansible_tells")
        ignored = [] if core in (NEWEST, OLDEST) else [f"--ignore=tests/integration/{name}.py" for name in ends]
        command = [
            "-m",
            "pytest",
            "tests/integration",
            "--ansible-bin",
            session.bin,
            *ignored,
            *spread,
            *session.posargs,
        ]
        if core == NEWEST:
            command = ["-m", "coverage", "run", *command]
        session.run(sys.executable, *command, external=True)


@nox.session(python=False)
def molecule(session: nox.Session) -> None:
    """Apply the role to the simulator with molecule."""
    collections_path = str(session.run("python", "tests/checkout.py", silent=True)).strip()
    # Whatever molecule and Ansible leave behind, goes with it; and runs side by side don't meet.
    with TemporaryDirectory(prefix="molecule-") as home, session.chdir("extensions"):
        environment = {
            "ANSIBLE_COLLECTIONS_PATH": collections_path,
            "ANSIBLE_HOME": home,
            "HOME": home,
            "MOLECULE_EPHEMERAL_DIRECTORY": str(Path(home, "scenario")),
        }
        session.run("molecule", "test", "--scenario-name", "telephone_numbers", env=environment)


@nox.session(python=False)
def coverage(session: nox.Session) -> None:
    """Report the plugins' coverage by unit tests and by playbooks of the newest ansible-core together."""
    session.run("coverage", "combine")
    session.run("coverage", "report")
