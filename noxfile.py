# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks and tests of the collection.

`nox` runs the sessions of `make test`; those with the tag `matrix` are what `make test-all` adds. Sessions do not
compete, so that several can run at once.

pytest, the simulator, ruff, mypy and molecule run in the environment nox itself runs in; a session that drives
an ansible-core has an environment with that core; the sessions of antsibull-nox bring their own.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import antsibull_nox
import nox
from nox.command import CommandFailed

sys.path.insert(0, str(Path(__file__).parent / "tests"))

from cores import CORES, OLDEST_TARGET, requirement

# What is installed beside ansible-core to run playbooks.
CONTROLLER = "tests/requirements/controller.txt"

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
nox.options.allow_parallel = True
# Asked to end, nox ends all that it started, as at Ctrl-C.
signal.signal(signal.SIGTERM, signal.default_int_handler)
HERE = Path(__file__).resolve().parent

# ansible-test and Ansible's modules do not start from a path with blanks. Then a link leads to the environments, as
# long as nox runs. Their scripts name it, so it does not depend on TMPDIR, which may differ from run to run.
if " " in str(HERE):
    environments = HERE / ".nox"
    environments.mkdir(exist_ok=True)
    link = Path("/tmp", f"voxai.telephony-{sha256(bytes(HERE)).hexdigest()[:16]}")
    try:
        link.symlink_to(environments)
    except FileExistsError:
        # By the nox that started this one for a session.
        if link.resolve() != environments:
            sys.exit(f"{link} is in the way")
    else:
        atexit.register(link.unlink)
    nox.options.envdir = str(link)

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


def with_core(name: str, core: str, *packages: str, **options: Any) -> Callable[[Body], Body]:
    """Register the function as a session with that name, in an environment of its own with that ansible-core.

    `options`: more of nox.session's. Without a Python for it the session is reported as skipped, with the reason.
    """

    def register(body: Body) -> Body:
        version = python_for(core)

        def run(session: nox.Session) -> None:
            session.install(requirement(core), *packages)
            try:
                body(session, core, str(version))
            except CommandFailed:
                ask = "from ansible.release import __version__; print(__version__)"
                release = str(session.run("python", "-c", ask, silent=True)).strip()
                if not release.replace(".", "").isdigit():
                    session.error(f"ansible-core {release} is a pre-release: its fault, or a change to prepare for")
                raise

        def skip(session: nox.Session) -> None:
            session.skip(f"needs one of Python {', '.join(CORES[core])}: none of them works here")

        chosen = run if version else skip
        chosen.__doc__ = body.__doc__
        nox.session(name=name, python=interpreter(version) if version else False, **options)(chosen)
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


def home_of(session: nox.Session) -> Path:
    """A home directory in the session's environment: what tools leave there stays in the checkout."""
    home = Path(session.virtualenv.location, "home").resolve()
    home.mkdir(exist_ok=True)
    return home


def at_home(body: Callable[[nox.Session], None]) -> Callable[[nox.Session], None]:
    """Run a session with a home directory of its own. pip's settings and its cache are the user's."""

    @wraps(body)
    def run(session: nox.Session) -> None:
        user = {"XDG_CONFIG_HOME": Path.home() / ".config", "XDG_CACHE_HOME": Path.home() / ".cache"}
        environment = {variable: os.environ.get(variable) or str(default) for variable, default in user.items()}
        with patch.dict(os.environ, environment, HOME=str(home_of(session))):
            body(session)

    return run


def ansible_test(session: nox.Session, *arguments: str, **environment: str) -> None:
    """Run ansible-test with a home of its own: its environments stay in the checkout, and the user's are left alone."""
    home = home_of(session)
    downloads = home / ".ansible" / "test" / "cache"
    downloads.mkdir(parents=True, exist_ok=True)
    for version in GET_PIP_VERSIONS:
        (downloads / f"get_pip_{version}.py").write_text(GET_PIP)
    # A pre-release may take a package from GitHub. The one on PyPI does as well.
    for requirements in Path(session.virtualenv.location).glob("lib/*/*/ansible_test/_data/requirements/*.txt"):
        requirements.write_text(re.sub(r"(?m)^(\S+) @ https://.*", r"\1", requirements.read_text()))
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
# These write to ~/antsibull.log and ~/.ansible.
for name in ("ansible-lint", "build-import-check", "docs-check"):
    written = nox.registry.get()[name]
    written.func = at_home(written.func)

NEWEST = next((core for core in CORES if python_for(core)), next(iter(CORES)))
OLDEST = list(CORES)[-1]
# Playbook tests under coverage take twice as long, so that is done on a core that `make test` leaves out.
MEASURED = list(CORES)[1]

for core in CORES:

    @with_core(f"sanity-{core}", core, tags=[] if core in (NEWEST, OLDEST) else ["matrix"])
    def sanity(session: nox.Session, core: str, python: str) -> None:
        """Run ansible-test's sanity tests."""
        ansible_test(session, "sanity", "--python", python)


@with_core(f"python-{OLDEST_TARGET}", NEWEST)
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
        environment = {"ANSIBLE_COLLECTIONS_PATH": str(root.parents[2]), "HOME": str(home_of(session))}
        pages = ("--use-current", "--fail-on-error", "--no-add-antsibull-docs-version", "--dest-dir", str(root))
        session.run("antsibull-docs", "collection", *pages, "voxai.telephony", env=environment)
        session.run("sphinx-build", "-q", "-n", "-W", "--keep-going", "-d", doctrees, str(root), str(site))
    session.run("python", "tests/check_site.py", str(site))
    session.log(f"It is at {site}/index.html")


@with_core("units", NEWEST)
def units(session: nox.Session, core: str, python: str) -> None:
    """Run the unit tests of the plugins the way ansible-test does."""
    ansible_test(session, "units", "--requirements", "--python", python, "tests/unit/plugins/")


def run_pytest(session: nox.Session, *arguments: str, measured: bool = False) -> None:
    """Run tests with the Python nox runs with, and note how long each took. `measured`: also the plugins' coverage."""
    # pytest keeps the files of its last three runs; those of a session go with it.
    with TemporaryDirectory(prefix="voxai.telephony-") as directory:
        places = [f"--basetemp={Path(directory, 'tests')}", f"--junit-xml=.cache/junit/{session.name}.xml"]
        command = ["-m", "pytest", *places, *arguments, *session.posargs]
        if not measured:
            session.run(sys.executable, *command, external=True)
            return
        data = {"COVERAGE_FILE": str(Path(".cache", "coverage", session.name).absolute())}
        session.run(sys.executable, "-m", "coverage", "erase", env=data, external=True)
        session.run(sys.executable, "-m", "coverage", "run", *command, env=data, external=True)
        session.run(sys.executable, "-m", "coverage", "combine", "--quiet", env=data, external=True)


@nox.session(python=False)
def unit(session: nox.Session) -> None:
    """Run the unit tests, those of the simulator included, and report the plugins' coverage."""
    run_pytest(session, "tests/unit", measured=True)
    session.run("coverage", "report", "--data-file", ".cache/coverage/unit")


@nox.session(python=False)
def torture(session: nox.Session) -> None:
    """Inject faults everywhere and check the invariants, a short run."""
    # Most of it waits.
    run_pytest(session, "tests/torture", "-n", "2")


def integration_tests(session: nox.Session, *arguments: str, measured: bool = False) -> None:
    """Run playbooks with the session's ansible-core against the simulator."""
    session.run_install(sys.executable, "tests/awx_collection.py", external=True, silent=True)
    run_pytest(session, "tests/integration", "--ansible-bin", session.bin, *arguments, measured=measured)


for core in CORES:

    @with_core(f"integration-{core}", core, "-r", CONTROLLER, tags=[] if core == NEWEST else ["matrix"])
    def integration(session: nox.Session, core: str, python: str) -> None:
        """Run all playbook tests with one ansible-core."""
        integration_tests(session, measured=core == MEASURED)


@with_core(f"modules-{OLDEST}", OLDEST, "-r", CONTROLLER)
def modules(session: nox.Session, core: str, python: str) -> None:
    """Run the playbook tests of modules, action plugins and the role. `make test-all` runs the others, too."""
    others = ("awx_jobs", "awx_setup", "export", "publication", "secrets", "what_ansible_tells")
    integration_tests(session, *(f"--ignore=tests/integration/test_{name}.py" for name in others))


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


@nox.session(name="torture-long", python=False, allow_parallel=False, tags=["matrix"])
def torture_long(session: nox.Session) -> None:
    """Inject every fault everywhere, again and again."""
    run_pytest(session, "tests/torture", "-n", "auto", "--effort", "5", "-o", "faulthandler_timeout=3600")


@nox.session(python=False, requires=["unit", f"integration-{MEASURED}"], tags=["matrix"])
def coverage(session: nox.Session) -> None:
    """Report the plugins' coverage by unit tests and playbooks together."""
    parts = [f".cache/coverage/{name}" for name in ("unit", f"integration-{MEASURED}")]
    session.run("coverage", "combine", "--keep", "--quiet", *parts)
    session.run("coverage", "report")


@nox.session(python=False, tags=["matrix"])
def releases(session: nox.Session) -> None:
    """Check that the newest ansible-core on PyPI, pre-releases included, is among those that are tested."""
    ask = ("-m", "pip", "index", "versions", "ansible-core", "--pre", "--ignore-requires-python")
    newest = re.search(r"ansible-core \((\d+\.\d+)", str(session.run(sys.executable, *ask, external=True, silent=True)))
    if newest and newest[1] not in CORES:
        session.error(f"PyPI has ansible-core {newest[1]}: add it to tests/cores.py")


# What `make test` runs. Two at a time, the longest first, so that none is left alone at the end.
nox.options.sessions = [
    f"integration-{NEWEST}",
    "torture",
    f"modules-{OLDEST}",
    f"sanity-{NEWEST}",
    f"sanity-{OLDEST}",
    "unit",
    "units",
    f"python-{OLDEST_TARGET}",
    "ansible-lint",
    "build-import-check",
    "docs",
    "molecule",
    "mypy",
    "docs-check",
    "extra-checks",
    "license-check",
    "changelog",
    "yamllint",
    "antsibull-nox-config",
    "github",
    "ruff",
]
