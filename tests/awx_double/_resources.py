# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resources of AWX that the collection's setup uses. A reference to another resource is its id."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints

from ._definitions import CredentialType, Strict

Name = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class Organization(Strict):
    name: Name
    description: str = ""


class Credential(Strict):
    name: Name
    description: str = ""
    organization: int | None = None
    credential_type: int
    inputs: dict[str, str] = {}


class Project(Strict):
    name: Name
    description: str = ""
    organization: int
    scm_type: Literal["", "git", "svn", "insights", "archive"] = ""
    scm_url: str = ""
    scm_branch: str = ""
    scm_update_on_launch: bool = False
    credential: int | None = None


class Inventory(Strict):
    name: Name
    description: str = ""
    organization: int
    kind: Literal["", "smart", "constructed"] = ""
    host_filter: str | None = None
    variables: str = ""


class Host(Strict):
    name: Name
    description: str = ""
    inventory: int
    enabled: bool = True
    variables: str = ""


class ExecutionEnvironment(Strict):
    name: Name
    description: str = ""
    organization: int | None = None
    image: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    credential: int | None = None
    pull: Literal["", "always", "missing", "never"] = ""


class JobTemplate(Strict):
    name: Name
    description: str = ""
    organization: int | None = None
    """Read only, from the project."""
    job_type: Literal["run", "check"] = "run"
    project: int
    playbook: str
    inventory: int | None = None
    execution_environment: int | None = None
    extra_vars: str = ""
    survey_enabled: bool = False
    ask_credential_on_launch: bool = False
    ask_diff_mode_on_launch: bool = False
    ask_job_type_on_launch: bool = False


RESOURCES: dict[str, type[Strict]] = {
    "credential_types": CredentialType,
    "credentials": Credential,
    "execution_environments": ExecutionEnvironment,
    "hosts": Host,
    "inventories": Inventory,
    "job_templates": JobTemplate,
    "organizations": Organization,
    "projects": Project,
}

REFERENCES = {
    "credential": "credentials",
    "credential_type": "credential_types",
    "execution_environment": "execution_environments",
    "inventory": "inventories",
    "organization": "organizations",
    "project": "projects",
}
"""Fields with the id of another resource, and the kind of that resource."""

UNIQUE = {
    "credential_types": ("name", "kind"),
    "credentials": ("organization", "name", "credential_type"),
    "execution_environments": ("name",),
    "hosts": ("name", "inventory"),
    "inventories": ("name", "organization"),
    "job_templates": ("name", "organization"),
    "organizations": ("name",),
    "projects": ("name", "organization"),
}
"""The fields that are unique together. Most names are unique only within an organization."""

_PLAYBOOK = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?(include|import_playbook)):", re.MULTILINE)


def playbooks(directory: Path) -> list[str]:
    """Return the files of a project that AWX offers as playbooks."""
    return sorted(
        str(path.relative_to(directory))
        for path in directory.rglob("*.yml")
        if _PLAYBOOK.search(path.read_text(encoding="utf-8"))
    )
