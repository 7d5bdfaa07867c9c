# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook awx_setup, with the modules of awx.awx against a double of AWX."""

from __future__ import annotations

import json
import os
from pathlib import Path

import yaml

from awx_collection import awx_collection_path
from awx_double import TOKEN, AwxDouble
from integration._playbook import KEY, PASSWORD, SECRET, Ansible, Run

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
    "vox_awx_image": "registry.example.com/vox-ee:0.1.0",
    "vox_awx_credential": "vox.ai Seoul",
}


def set_up(ansible: Ansible, awx: AwxDouble, *options: str, **given: str) -> Run:
    """Run the playbook with variables (in lower case) and an environment, which has a token and an API key anyway."""
    variables = json.dumps({name: value for name, value in given.items() if name.islower()})
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(ansible.collections_path), str(awx_collection_path())]),
        "CONTROLLER_HOST": awx.url,
        "CONTROLLER_OAUTH_TOKEN": TOKEN,
        "VOX_API_KEY": KEY,
        "VOX_SIP_PASSWORD": PASSWORD + "{{ x }}",
        **{name: value for name, value in given.items() if name.isupper()},
    }
    run = ansible.run(SETUP, {"localhost": ansible.host("action")}, *options, f"-e{variables}", **environment)
    assert SECRET not in run.output
    return run


def changed(run: Run) -> list[str]:
    """The tasks that changed something, by their modules."""
    assert run.code == 0, run.output
    return [task.action for task in run.tasks if task.result.get("changed")]


def test_twice(ansible: Ansible) -> None:
    with AwxDouble() as awx:
        tried = set_up(ansible, awx, "--check", **EVERYTHING)
        assert changed(tried) == ["credential_type", "project", "inventory", "execution_environment"]
        assert awx.writes == []

        assert len(changed(set_up(ansible, awx, **EVERYTHING))) == 7
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
        assert awx.one("credentials", "vox.ai Seoul")["inputs"] == inputs
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

        # New secrets are entered in AWX, and stay.
        awx.one("credentials", "vox.ai Seoul")["inputs"] = {"api_key": "another"}
        awx.requests.clear()
        assert changed(set_up(ansible, awx, **EVERYTHING)) == []
        assert awx.writes == []


def test_little_is_needed(ansible: Ansible) -> None:
    """A repository alone. With the collection that Automation Controller has: the same modules by another name."""
    collections = ansible.directory / "controller"
    namespace = collections / "ansible_collections" / "ansible"
    namespace.mkdir(parents=True)
    (namespace / "controller").symlink_to(awx_collection_path() / "ansible_collections" / "awx" / "awx")
    paths = os.pathsep.join([str(ansible.collections_path), str(collections)])
    with AwxDouble() as awx:
        run = set_up(ansible, awx, vox_awx_scm_url=str(PROJECT), ANSIBLE_COLLECTIONS_PATH=paths)
        assert len(changed(run)) == 5
        assert awx.items["execution_environments"] == {} and awx.items["credentials"] == {}
        for name in TEMPLATES:
            assert awx.one("job_templates", name)["execution_environment"] is None
            assert awx.credentials(name) == []


def test_what_is_missing_is_told(ansible: Ansible) -> None:
    with AwxDouble() as awx:
        run = set_up(ansible, awx)
        assert "vox_awx_scm_url is not set: give a git repository" in run.output
        nothing = str(ansible.collections_path)
        run = set_up(ansible, awx, vox_awx_scm_url=str(PROJECT), ANSIBLE_COLLECTIONS_PATH=nothing)
        assert "neither awx.awx nor ansible.controller is installed" in run.output
        assert "ansible-galaxy collection install awx.awx" in run.output
        assert awx.requests == []
        run = set_up(ansible, awx, vox_awx_scm_url=str(PROJECT), vox_awx_credential="Busan", VOX_API_KEY="")
        assert "there is no credential Busan of the type vox.ai: export VOX_API_KEY" in run.output
        assert awx.items["credentials"] == {} and awx.items["job_templates"] == {}
