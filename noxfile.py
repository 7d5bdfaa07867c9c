# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks and tests of the collection.

`nox` runs the sessions of `make test`. `make test-all` adds those with the tag `matrix`. Sessions are independent, so
that several can run at once.

pytest, the simulator, ruff, mypy and molecule run in nox's own environment. Sessions that need an ansible-core have an
environment with that core. The sessions of antsibull-nox create their own.
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

# Packages for running playbooks, in addition to ansible-core.
CONTROLLER = "tests/requirements/controller.txt"

# Replaces the get-pip scripts that ansible-test downloads under these names. It uses the pip that Python includes.
GET_PIP = """\
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "ensurepip"])
options = [option for option in sys.argv[1:] if option not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "pip", "install"] + options)
"""
GET_PIP_VERSIONS = ("23_1_2", "24_2", "25_2")

# The body of a session takes its ansible-core and its Python version.
Body = Callable[[nox.Session, str, str], None]

nox.needs_version = ">=2026.10.20"
nox.options.default_venv_backend = "venv"
nox.options.allow_parallel = True
# SIGTERM ends nox and its child processes, like Ctrl-C.
signal.signal(signal.SIGTERM, signal.default_int_handler)
HERE = Path(__file__).resolve().parent

# ansible-test and Ansible's modules do not start from a path with blanks. In this case, a link to the environments
# exists while nox runs. Their scripts contain its path, so it does not depend on TMPDIR, which can change between runs.
if " " in str(HERE):
    environments = HERE / ".nox"
    environments.mkdir(exist_ok=True)
    link = Path("/tmp", f"voxai.telephony-{sha256(bytes(HERE)).hexdigest()[:16]}")
    try:
        link.symlink_to(environments)
    except FileExistsError:
        # The nox process that started this one may have created it.
        if link.resolve() != environments:
            sys.exit(f"{link} exists already, and is not a link to {environments}")
    else:
        atexit.register(link.unlink)
    nox.options.envdir = str(link)

# Find the tools of the main environment first, even if it is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


@cache
def interpreter(version: str) -> str | None:
    """Return the path of a working Python of that version. A Python on PATH may be a shim that does not work."""
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
    """Return the version of the Python that ansible-core is tested with on this machine."""
    return next((version for version in CORES[core] if interpreter(version)), None)


def with_core(name: str, core: str, *packages: str, **options: Any) -> Callable[[Body], Body]:
    """Register the function as a session with that name, in a separate environment with that ansible-core.

    `options`: further options of nox.session. Without a suitable Python, the session is skipped with the reason.
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
                    session.error(f"ansible-core {release} is a pre-release. It may be broken, or need a change here.")
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
    """Copy the collection for ansible-test to a real path, outside of a git repository that would ignore it."""
    listing = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], capture_output=True, check=True)
    with TemporaryDirectory(prefix="voxai.telephony-") as directory:
        root = Path(directory, "ansible_collections", "voxai", "telephony").resolve()
        for name in filter(None, listing.stdout.decode().split("\0")):
            # git still lists a file that was removed, until this is committed.
            if Path(name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(name, root / name)
        yield root


def home_of(session: nox.Session) -> Path:
    """Return a home directory in the session's environment, so that files of tools stay in the checkout."""
    home = Path(session.virtualenv.location, "home").resolve()
    home.mkdir(exist_ok=True)
    return home


def at_home(body: Callable[[nox.Session], None]) -> Callable[[nox.Session], None]:
    """Run a session with a separate home directory, but with the user's pip settings and cache."""

    @wraps(body)
    def run(session: nox.Session) -> None:
        user = {"XDG_CONFIG_HOME": Path.home() / ".config", "XDG_CACHE_HOME": Path.home() / ".cache"}
        environment = {variable: os.environ.get(variable) or str(default) for variable, default in user.items()}
        with patch.dict(os.environ, environment, HOME=str(home_of(session))):
            body(session)

    return run


def ansible_test(session: nox.Session, *arguments: str, **environment: str) -> None:
    """Run ansible-test with a separate home, so that its environments stay in the checkout."""
    home = home_of(session)
    downloads = home / ".ansible" / "test" / "cache"
    downloads.mkdir(parents=True, exist_ok=True)
    for version in GET_PIP_VERSIONS:
        (downloads / f"get_pip_{version}.py").write_text(GET_PIP)
    # A pre-release may require a package from GitHub. The package on PyPI is sufficient.
    for requirements in Path(session.virtualenv.location).glob("lib/*/*/ansible_test/_data/requirements/*.txt"):
        requirements.write_text(re.sub(r"(?m)^(\S+) @ https://.*", r"\1", requirements.read_text()))
    with staged() as root, session.chdir(root):
        session.run("ansible-test", *arguments, "--color", "no", env={"HOME": str(home), **environment})


@nox.session(python=False)
def ruff(session: nox.Session) -> None:
    """Check style and formatting of the code."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session(python=False)
def changelog(session: nox.Session) -> None:
    """Check the fragments of the next release, and that CHANGELOG.md matches the released fragments."""
    session.run("antsibull-changelog", "lint")
    session.run("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    with TemporaryDirectory() as directory:
        made = Path(directory, "CHANGELOG.md")
        session.run("antsibull-changelog", "generate", "--output", str(made), silent=True)
        # If it differs, run antsibull-changelog generate.
        session.run("diff", "-u", "CHANGELOG.md", str(made), external=True)


@nox.session
def github(session: nox.Session) -> None:
    """Check GitHub's workflows and issue forms."""
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
# Coverage doubles the time of the playbook tests, so it is measured with a core that `make test` does not use.
MEASURED = list(CORES)[1]

for core in CORES:

    @with_core(f"sanity-{core}", core, tags=[] if core in (NEWEST, OLDEST) else ["matrix"])
    def sanity(session: nox.Session, core: str, python: str) -> None:
        """Run ansible-test's sanity tests."""
        # Tests are not published, and ruff and mypy check them. They would take two thirds of the time.
        ansible_test(session, "sanity", "--python", python, "--exclude", "tests/")


@with_core("sanity-tests", NEWEST, tags=["matrix"])
def sanity_of_tests(session: nox.Session, core: str, python: str) -> None:
    """Run ansible-test's sanity tests of the tests themselves."""
    ansible_test(session, "sanity", "--python", python, "tests/")


@with_core(f"python-{OLDEST_TARGET}", NEWEST)
def oldest_target(session: nox.Session, core: str, python: str) -> None:
    """Compile and import the modules and their imports with the oldest supported Python of a target."""
    target = interpreter(OLDEST_TARGET)
    if not target:
        session.skip(f"needs Python {OLDEST_TARGET}, which does not work here")
    # ansible-test uses the given path for one of the tests, and PATH for the other.
    path = os.pathsep.join([str(Path(target).parent), os.environ["PATH"]])
    controller, oldest = f"origin:python={python}", f"{OLDEST_TARGET}@{target}"
    tests = ("--test", "compile", "--test", "import")
    ansible_test(session, "sanity", *tests, "--controller", controller, "--target-python", oldest, PATH=path)


@with_core("docs", NEWEST, "-r", "tests/requirements/docs.txt")
def docs(session: nox.Session, core: str, python: str) -> None:
    """Build the documentation site in .cache/docs. Warnings are errors."""
    site = Path(".cache", "docs").resolve()
    shutil.rmtree(site, ignore_errors=True)
    with staged() as root, TemporaryDirectory() as doctrees:
        shutil.copytree(root / "docs" / "docsite" / "site", root, dirs_exist_ok=True)
        environment = {"ANSIBLE_COLLECTIONS_PATH": str(root.parents[2]), "HOME": str(home_of(session))}
        pages = ("--use-current", "--fail-on-error", "--no-add-antsibull-docs-version", "--dest-dir", str(root))
        session.run("antsibull-docs", "collection", *pages, "voxai.telephony", env=environment)
        session.run("sphinx-build", "-q", "-n", "-W", "--keep-going", "-d", doctrees, str(root), str(site))
    session.run("python", "tests/check_site.py", str(site))
    session.log(f"The site is in {site}/index.html")


@with_core("units", NEWEST)
def units(session: nox.Session, core: str, python: str) -> None:
    """Run the unit tests of the plugins with ansible-test."""
    ansible_test(session, "units", "--requirements", "--python", python, "tests/unit/plugins/")


def run_pytest(session: nox.Session, *arguments: str, measured: bool = False) -> None:
    """Run tests with nox's Python, and record their durations. `measured`: also the coverage of the plugins."""
    # pytest keeps the files of its last three runs; those of a session are deleted at its end.
    with TemporaryDirectory(prefix="vox-") as directory:
        places = [f"--basetemp={Path(directory, 'tests')}", f"--junit-xml=.cache/junit/{session.name}.xml"]
        command = ["-m", "pytest", *places, *arguments, *session.posargs]
        # Importing Ansible creates this directory.
        environment = {"ANSIBLE_HOME": str(Path(directory, "ansible"))}
        if not measured:
            session.run(sys.executable, *command, env=environment, external=True)
            return
        environment["COVERAGE_FILE"] = str(Path(".cache", "coverage", session.name).absolute())
        session.run(sys.executable, "-m", "coverage", "erase", env=environment, external=True)
        session.run(sys.executable, "-m", "coverage", "run", *command, env=environment, external=True)
        session.run(sys.executable, "-m", "coverage", "combine", "--quiet", env=environment, external=True)


@nox.session(python=False)
def unit(session: nox.Session) -> None:
    """Run the unit tests, including those of the simulator, and report the coverage of the plugins."""
    run_pytest(session, "tests/unit", measured=True)
    session.run("coverage", "report", "--data-file", ".cache/coverage/unit")


@nox.session(python=False)
def torture(session: nox.Session) -> None:
    """Inject faults at every request and check invariants (short run)."""
    # The tests mostly wait, so four run in parallel.
    run_pytest(session, "tests/torture", "-n", "4")


def integration_tests(session: nox.Session, *arguments: str, measured: bool = False) -> None:
    """Run the playbook tests with the session's ansible-core against the simulator."""
    session.run_install(sys.executable, "tests/awx_collection.py", external=True, silent=True)
    # Two processes: the tests of a file share a run of ansible-playbook, and others wait meanwhile.
    shared = ("-n", "2", "--dist", "loadfile", "--ansible-bin", session.bin)
    run_pytest(session, "tests/integration", *shared, *arguments, measured=measured)


for core in CORES:

    @with_core(f"integration-{core}", core, "-r", CONTROLLER, tags=[] if core == NEWEST else ["matrix"])
    def integration(session: nox.Session, core: str, python: str) -> None:
        """Run all playbook tests with one ansible-core."""
        integration_tests(session, measured=core == MEASURED)


@with_core(f"modules-{OLDEST}", OLDEST, "-r", CONTROLLER)
def modules(session: nox.Session, core: str, python: str) -> None:
    """Run the playbook tests of modules, action plugins and the role. `make test-all` also runs the others."""
    others = (
        "awx_jobs",
        "awx_setup",
        "export",
        "organizations",
        "playbooks",
        "publication",
        "secrets",
        "what_ansible_tells",
    )
    integration_tests(session, *(f"--ignore=tests/integration/test_{name}.py" for name in others))


@nox.session(python=False)
def molecule(session: nox.Session) -> None:
    """Apply the role to the simulator with molecule."""
    collections_path = str(session.run("python", "tests/checkout.py", silent=True)).strip()
    # A temporary home removes the files of molecule and Ansible, and separates parallel runs.
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
    """Inject every fault at every request, repeatedly."""
    run_pytest(session, "tests/torture", "-n", "auto", "--effort", "5", "-o", "faulthandler_timeout=3600")


@nox.session(python=False, requires=["unit", f"integration-{MEASURED}"], tags=["matrix"])
def coverage(session: nox.Session) -> None:
    """Report the combined coverage of the plugins by unit tests and playbook tests."""
    parts = [f".cache/coverage/{name}" for name in ("unit", f"integration-{MEASURED}")]
    session.run("coverage", "combine", "--keep", "--quiet", *parts)
    session.run("coverage", "report")


@nox.session(python=False, tags=["matrix"])
def releases(session: nox.Session) -> None:
    """Check that the newest ansible-core on PyPI, pre-releases included, is tested."""
    ask = ("-m", "pip", "index", "versions", "ansible-core", "--pre", "--ignore-requires-python")
    newest = re.search(r"ansible-core \((\d+\.\d+)", str(session.run(sys.executable, *ask, external=True, silent=True)))
    if newest and newest[1] not in CORES:
        session.error(f"PyPI has ansible-core {newest[1]}: add it to tests/cores.py")


# The sessions of `make test`. Two run at a time, the longest ones first, so that both slots are busy until the end.
nox.options.sessions = [
    f"integration-{NEWEST}",
    "torture",
    f"modules-{OLDEST}",
    "unit",
    f"sanity-{NEWEST}",
    f"sanity-{OLDEST}",
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
