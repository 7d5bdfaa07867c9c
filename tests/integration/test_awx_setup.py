# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook awx_setup, with the modules of awx.awx against a double of AWX."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
import yaml

from awx_collection import awx_collection_path
from awx_double import ORGANIZATION_TOKEN, READ_TOKEN, TOKEN, USER, AwxDouble
from awx_double import PASSWORD as USER_PASSWORD
from integration._playbook import KEY, PASSWORD, SECRET, Ansible, Run
from integration._warm_python import warm_python

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "extensions" / "awx"
PROJECT = ROOT / "docs" / "examples" / "awx"
SETUP = Path("voxai.telephony.awx_setup")
TEMPLATES = {
    "vox.ai: register a number": ("register.yml", "register.yml"),
    "vox.ai: register many numbers": ("register_many.yml", "register_many.yml"),
    "vox.ai: export": ("export.yml", None),
    "vox.ai: audit": ("audit.yml", None),
}
EVERYTHING = {
    "vox_awx_scm_url": str(PROJECT),
    "vox_awx_scm_branch": "main",
    "vox_awx_scm_credential": "vox.ai Seoul",
    "vox_awx_image": "registry.example.com/vox-ee:0.1.0",
    "vox_awx_credential": "vox.ai Seoul",
}


def set_up(ansible: Ansible, python: str, awx: AwxDouble, *options: str, **given: str) -> Run:
    """Run the playbook with variables (in lower case) and an environment, to which a token and an API key are added."""
    variables = json.dumps({name: value for name, value in given.items() if name.islower()})
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(ansible.collections_path), str(awx_collection_path())]),
        "CONTROLLER_HOST": awx.url,
        "CONTROLLER_OAUTH_TOKEN": TOKEN,
        "VOX_API_KEY": KEY,
        "VOX_SIP_PASSWORD": PASSWORD + "{{ x }}",
        **{name: value for name, value in given.items() if name.isupper()},
    }
    hosts = {"localhost": ansible.host("action", ansible_python_interpreter=python)}
    run = ansible.run(SETUP, hosts, *options, f"-e{variables}", **environment)
    assert SECRET not in run.output
    return run


def changed(run: Run) -> list[str]:
    """Return the modules of the tasks that changed something."""
    assert run.code == 0, run.output
    return [task.action for task in run.tasks if task.result.get("changed")]


def updates(awx: AwxDouble) -> list[tuple[str, str]]:
    """Return the only write of an unchanged run: the project is always updated."""
    return [("POST", f"/api/v2/projects/{project}/update/") for project in awx.items["projects"]]


def launch(awx: AwxDouble, template: str, **body: Any) -> requests.Response:
    """Launch a job over the API with the token."""
    url = f"{awx.url}/api/v2/job_templates/{awx.one('job_templates', template)['id']}/launch/"
    return requests.post(url, json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)


@pytest.fixture(scope="module")
def python(core: Ansible) -> Iterator[str]:
    """The interpreter for the modules of awx.awx. A run starts about 24 of them."""
    with warm_python(core.python) as path:
        yield path


def test_the_interpreter_behaves_like_python(python: str, tmp_path: Path) -> None:
    """It passes on environment, directory, output and exit status, and does not contain the controller's modules."""
    program = (
        "import atexit, importlib.util, os, sys\n"
        "atexit.register(print, 'bye')\n"
        "print(os.environ['A'], os.getcwd(), importlib.util.find_spec('ansible.cli'))\n"
        "sys.exit('wrong' if len(sys.argv) > 1 else 3)\n"
    )

    def run(program: str) -> tuple[int, str, str]:
        environment = {"A": "한", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [python], env=environment, cwd=tmp_path, input=program, text=True, capture_output=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    assert run(program) == (3, f"한 {tmp_path} None\nbye\n", "")
    assert run("import sys; sys.exit('text')") == (1, "", "text\n")
    code, _output, errors = run("1 / 0")
    assert code == 1 and "ZeroDivisionError" in errors


class Begun(NamedTuple):
    """The state after the first run, and the run in check mode before it."""

    tried: Run
    written_when_tried: list[tuple[str, str]]
    done: Run
    awx: AwxDouble


@pytest.fixture(scope="module")
def begun(core: Ansible, python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    """An AWX that was set up with all options. Other tests continue with a copy of it."""
    ansible = Ansible(core.bin, core.collections_path, core.root, tmp_path_factory.mktemp("begun"))
    with AwxDouble() as awx:
        first, second = (awx.one("organizations", name)["id"] for name in ("Default", "Second"))
        scm = awx.one("credential_types", "Source Control")["id"]
        # One with the name of the credential of type vox.ai, and one that belongs to no organization.
        for name, organization in (("vox.ai Seoul", first), ("vox.ai Seoul", second), ("Shared", None)):
            awx.create("credentials", {"name": name, "organization": organization, "credential_type": scm})
        tried = set_up(ansible, python, awx, "--check", **EVERYTHING)
        written_when_tried = list(awx.writes)
        yield Begun(tried, written_when_tried, set_up(ansible, python, awx, **EVERYTHING), awx)


@pytest.fixture
def awx(begun: Begun) -> Iterator[AwxDouble]:
    """A copy of the configured AWX."""
    with AwxDouble(begun.awx) as awx:
        yield awx


def vox_credential(awx: AwxDouble, organization: str) -> dict[str, Any]:
    """Return the credential of type vox.ai. Others have the same name."""
    return awx.one(
        "credentials",
        "vox.ai Seoul",
        credential_type=awx.one("credential_types", "vox.ai")["id"],
        organization=awx.one("organizations", organization)["id"],
    )


def test_the_first_run(begun: Begun) -> None:
    awx = begun.awx
    assert changed(begun.tried) == ["credential_type", "project", "inventory", "execution_environment"]
    assert begun.written_when_tried == []

    assert len(changed(begun.done)) == 7
    credential_type = yaml.safe_load((EXTENSION / "credential_type.yml").read_text(encoding="utf-8"))
    made = awx.one("credential_types", "vox.ai")
    assert {name: made[name] for name in credential_type} == credential_type
    project = awx.one("projects", "vox.ai")
    assert (project["scm_url"], project["scm_branch"]) == (str(PROJECT), "main")
    inventory, environment = awx.one("inventories", "vox.ai"), awx.one("execution_environments", "vox.ai")
    assert environment["image"] == "registry.example.com/vox-ee:0.1.0"
    host = awx.one("hosts", "localhost")
    assert host["inventory"] == inventory["id"]
    assert yaml.safe_load(host["variables"]) == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    }
    inputs = {"api_key": KEY, "sip_password": PASSWORD + "{{ x }}"}
    assert vox_credential(awx, "Default")["inputs"] == inputs
    for name, (playbook, survey) in TEMPLATES.items():
        template = awx.one("job_templates", name)
        assert template["playbook"] == playbook
        assert (template["project"], template["inventory"]) == (project["id"], inventory["id"])
        assert template["execution_environment"] == environment["id"]
        assert awx.credentials(name) == ["vox.ai Seoul"]
        asked = {asked for asked in template if asked.startswith("ask_") and template[asked]}
        assert asked == {"ask_credential_on_launch", "ask_diff_mode_on_launch", "ask_job_type_on_launch"}
        assert template["survey_enabled"] is bool(survey)
        spec = yaml.safe_load((EXTENSION / "surveys" / survey).read_text(encoding="utf-8")) if survey else {}
        assert awx.survey(name) == spec


def test_removed_variables_are_undone(ansible: Ansible, python: str, awx: AwxDouble) -> None:
    """But manual additions are kept."""
    environment = awx.one("execution_environments", "vox.ai")
    other_type = awx.create("credential_types", {"name": "Other", "kind": "net"})["id"]
    by_hand = {"name": "By hand", "organization": 1, "credential_type": other_type}
    awx.attach("vox.ai: export", awx.create("credentials", by_hand)["id"])
    tried = set_up(ansible, python, awx, "--check", vox_awx_scm_url=str(PROJECT))
    assert changed(tried) == ["project", "job_template"]
    assert awx.writes == []
    run = set_up(ansible, python, awx, vox_awx_scm_url=str(PROJECT))
    assert changed(run) == ["project", "job_template"]
    assert awx.one("projects", "vox.ai")["scm_branch"] == ""
    assert [awx.credentials(name) for name in TEMPLATES] == [[], [], ["By hand"], []]
    assert (
        "The credential vox.ai Seoul is removed from vox.ai: export, because vox_awx_credential is not set"
        in run.output
    )
    # The modules cannot undo some changes. The playbook reports these.
    assert awx.one("job_templates", "vox.ai: export")["execution_environment"] == environment["id"]
    assert "vox_awx_image is not set, and the job templates keep the execution environment vox.ai" in run.output
    run = set_up(ansible, python, awx, vox_awx_scm_url=str(PROJECT), vox_awx_credential="vox.ai Seoul")
    assert changed(run) == ["job_template"]
    assert awx.credentials("vox.ai: export") == ["By hand", "vox.ai Seoul"]


def test_a_project_recovers(ansible: Ansible, python: str, tmp_path: Path) -> None:
    """Each run updates the project, so that a run fails if its jobs would fail, and succeeds if they would succeed."""
    repository = tmp_path / "repository"
    shutil.copytree(PROJECT, repository)
    (repository / "export.yml").unlink()
    with AwxDouble() as awx:
        awx.galaxy_answers = False
        for branch, message in (
            ("nosuch", "Project update failed"),
            ("nosuch", "The Project Update - vox.ai, failed"),
            ("", "Project update failed"),
        ):
            run = set_up(ansible, python, awx, vox_awx_scm_url=str(repository), vox_awx_scm_branch=branch)
            assert run.code != 0 and message in run.output, run.output
            assert awx.items["job_templates"] == {}
        awx.galaxy_answers = True
        run = set_up(ansible, python, awx, vox_awx_scm_url=str(repository))
        assert "Playbook not found for project" in run.output
        (repository / "export.yml").write_text((PROJECT / "export.yml").read_text())
        awx.requests.clear()
        assert changed(set_up(ansible, python, awx, "--check", vox_awx_scm_url=str(repository))) == ["job_template"]
        assert awx.writes == []
        assert changed(set_up(ansible, python, awx, vox_awx_scm_url=str(repository))) == ["project", "job_template"]
        awx.requests.clear()
        assert changed(set_up(ansible, python, awx, vox_awx_scm_url=str(repository))) == []
        assert awx.writes == updates(awx)


def test_two_organizations(ansible: Ansible, python: str, awx: AwxDouble) -> None:
    """Each has its own resources with the same names, and neither run affects the other's.

    The administrator of an organization may do everything except create the credential type.
    """
    busan = EVERYTHING | {
        "vox_awx_organization": "Second",
        "vox_awx_image": "registry.example.com/vox-ee:0.2.0",
        "vox_awx_scm_credential": "Shared",
    }
    first, second = (awx.one("organizations", name)["id"] for name in ("Default", "Second"))
    scm = awx.one("credential_types", "Source Control")["id"]
    seoul_s_update = updates(awx)
    assert len(changed(set_up(ansible, python, awx, CONTROLLER_OAUTH_TOKEN=ORGANIZATION_TOKEN, **busan))) == 6
    # Secrets that are changed in AWX are kept.
    vox_credential(awx, "Default")["inputs"] = {"api_key": "another"}
    awx.requests.clear()
    assert changed(set_up(ansible, python, awx, **EVERYTHING)) == []
    assert awx.writes == seoul_s_update
    assert vox_credential(awx, "Default")["inputs"] == {"api_key": "another"}
    assert changed(set_up(ansible, python, awx, **busan)) == []
    for organization, environment, image, scm_credential in (
        (first, "vox.ai", "registry.example.com/vox-ee:0.1.0", ("vox.ai Seoul", first)),
        (second, "vox.ai (Second)", "registry.example.com/vox-ee:0.2.0", ("Shared", None)),
    ):
        project = awx.one("projects", "vox.ai", organization=organization)
        used = awx.items["credentials"][project["credential"]]
        assert (used["credential_type"], used["name"], used["organization"]) == (scm, *scm_credential)
        inventory = awx.one("inventories", "vox.ai", organization=organization)["id"]
        assert awx.one("hosts", "localhost", inventory=inventory)
        made = awx.one("execution_environments", environment, organization=organization)
        assert made["image"] == image
        for name in TEMPLATES:
            template = awx.one("job_templates", name, organization=organization)
            assert (template["project"], template["inventory"]) == (project["id"], inventory)
            assert template["execution_environment"] == made["id"]
            assert awx.credentials(name, organization=organization) == ["vox.ai Seoul"]
    for given, message in (
        ({"vox_awx_organization": "Third"}, "AWX has no organization Third"),
        ({"vox_awx_scm_credential": "Nowhere"}, "AWX has no credential Nowhere of the type Source Control"),
    ):
        assert message in set_up(ansible, python, awx, vox_awx_scm_url=str(PROJECT), **given).output


def test_a_launch(awx: AwxDouble) -> None:
    """AWX passes on the variables of the survey, and does not start an incomplete job."""
    answers = {"vox_agent_version": "keep", "vox_update_password": "on_create", "vox_memo": "본사"}
    incomplete = launch(awx, "vox.ai: register many numbers", extra_vars={"vox_numbers": "070-1111-2222"})
    assert incomplete.json() == {
        "variables_needed_to_start": [
            "'vox_agent_version' value missing",
            "'vox_update_password' value missing",
        ]
    }
    answers["vox_numbers"] = "070-1111-2222"
    job = launch(awx, "vox.ai: register many numbers", extra_vars={**answers, "vox_number": "1"}).json()
    assert job["ignored_fields"] == {"extra_vars": {"vox_number": "1"}}
    assert answers.items() <= job["extra_vars"].items()
    assert job["status"] == "successful"
    guide = (ROOT / "docs" / "awx.md").read_text(encoding="utf-8")
    (documented,) = re.findall("```json\n(.*?)```", guide, re.DOTALL)
    job = launch(awx, "vox.ai: register a number", **json.loads(documented)).json()
    assert (job["status"], job["ignored_fields"]) == ("successful", {})
    assert (job["extra_vars"]["vox_number"], job["extra_vars"]["vox_memo"]) == ("070-1111-2222", "")
    without = launch(awx, "vox.ai: export", credentials=[])
    assert without.status_code == 400
    assert "Removing vox.ai credential at launch time without replacement is not supported" in without.text
    awx.branches.clear()
    assert (
        'Previous Task Failed: {"job_type": "project_update"' in launch(awx, "vox.ai: export").json()["job_explanation"]
    )
    vox_credential(awx, "Default")["inputs"] = {"api_key": ""}
    job = launch(awx, "vox.ai: export").json()
    assert job["status"] == "failed"
    assert job["job_explanation"] == (
        "Job cannot start because Credential vox.ai Seoul does not provide one or more required fields (api_key)."
    )


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"CONTROLLER_OAUTH_TOKEN": "expired"}, "Invalid authentication credentials for /api/v2/organizations/"),
        (
            {"CONTROLLER_OAUTH_TOKEN": READ_TOKEN},
            "You don't have permission to POST to /api/v2/credential_types/ (HTTP 403)",
        ),
        (
            {"CONTROLLER_OAUTH_TOKEN": ORGANIZATION_TOKEN},
            "You don't have permission to POST to /api/v2/credential_types/ (HTTP 403)",
        ),
        (
            {"CONTROLLER_OAUTH_TOKEN": "", "CONTROLLER_USERNAME": USER, "CONTROLLER_PASSWORD": "wrong"},
            "Failed to get token: HTTP Error 401: Unauthorized",
        ),
    ],
    ids=["expired", "read only", "no system administrator", "wrong password"],
)
def test_no_permission(ansible: Ansible, python: str, environment: dict[str, str], message: str) -> None:
    with AwxDouble() as awx:
        run = set_up(ansible, python, awx, vox_awx_scm_url=str(PROJECT), **environment)
        assert run.code != 0 and message in run.output, run.output
        assert "vox.ai" not in str(awx.items)


def test_minimal_settings(ansible: Ansible, python: str) -> None:
    """Only a repository, with the collection of Automation Controller: the same modules with other names.

    A password is used instead of a token.
    """
    login = {"CONTROLLER_OAUTH_TOKEN": "", "CONTROLLER_USERNAME": USER, "CONTROLLER_PASSWORD": USER_PASSWORD}
    collections = ansible.directory / "controller"
    namespace = collections / "ansible_collections" / "ansible"
    namespace.mkdir(parents=True)
    (namespace / "controller").symlink_to(awx_collection_path() / "ansible_collections" / "awx" / "awx")
    paths = os.pathsep.join([str(ansible.collections_path), str(collections)])
    with AwxDouble() as awx:
        run = set_up(ansible, python, awx, vox_awx_scm_url=str(PROJECT), ANSIBLE_COLLECTIONS_PATH=paths, **login)
        assert len(changed(run)) == 5
        assert awx.items["execution_environments"] == {} and awx.items["credentials"] == {}
        for name in TEMPLATES:
            assert awx.one("job_templates", name)["execution_environment"] is None
            assert awx.credentials(name) == []


def test_missing_settings_are_reported(ansible: Ansible, python: str) -> None:
    with AwxDouble() as awx:
        run = set_up(ansible, python, awx)
        assert "vox_awx_scm_url is not set: set it to a git repository" in run.output
        nothing = str(ansible.collections_path)
        run = set_up(ansible, python, awx, vox_awx_scm_url=str(PROJECT), ANSIBLE_COLLECTIONS_PATH=nothing)
        assert "neither awx.awx nor ansible.controller is installed" in run.output
        assert "ansible-galaxy collection install awx.awx" in run.output
        assert awx.requests == []
        run = set_up(ansible, python, awx, vox_awx_scm_url=str(PROJECT), vox_awx_credential="Busan", VOX_API_KEY="")
        assert "AWX has no credential Busan of the type vox.ai: export VOX_API_KEY" in run.output
        assert awx.items["credentials"] == {} and awx.items["job_templates"] == {}
