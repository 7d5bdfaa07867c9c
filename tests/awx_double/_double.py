# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of the double for tests, and the calls of the API."""

from __future__ import annotations

import base64
import copy
import hashlib
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from simulator._server import Server

from ._definitions import Survey
from ._launch import Launch, has_input
from ._resources import REFERENCES, RESOURCES, UNIQUE, playbooks

API = "/api/v2"
TOKEN = "awx-token-Xyzzy"
"""Token of a system administrator, scope Write."""
READ_TOKEN = "awx-read-token-Xyzzy"
"""Token of a system administrator, scope Read."""
ORGANIZATION_TOKEN = "awx-organization-token-Xyzzy"
"""Token of an administrator of organizations, scope Write."""
USER, PASSWORD = "admin", "awx-password-Xyzzy"
"""Password of a system administrator."""
PRODUCT = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}

Item = dict[str, Any]

_STATE = ("branches", "galaxy_answers", "items", "_surveys", "_credentials", "_updates", "_current_updates", "_synced")
"""The attributes that contain AWX's state. Each double has its own log of requests."""


class AwxDouble:
    """AWX's API on a free port of 127.0.0.1, for the duration of a `with` block.

    It contains the calls that the modules of awx.awx use for the setup, the launch of a job, and the organizations
    Default and Second. It is as strict as AWX, or stricter. A project's repository is a directory.
    """

    def __init__(self, like: AwxDouble | None = None) -> None:
        """`like`: another double, whose state is copied."""
        self.branches = {"", "main"}
        """The existing branches of repositories. The update of a project with another branch fails."""
        self.galaxy_answers = True
        """Whether a project's requirements can be installed. If not, its update fails."""
        self.items: dict[str, dict[int, Item]] = {kind: {} for kind in RESOURCES}
        self.requests: list[tuple[str, str]] = []
        """Method and path of each request, oldest first."""
        self._ids = itertools.count(1)
        self._surveys: dict[int, Any] = {}
        self._credentials: dict[int, list[int]] = {}
        self._updates: dict[int, Item] = {}
        self._current_updates: dict[int, int] = {}
        """By project, the unfinished update."""
        self._synced: dict[int, tuple[str, list[str]]] = {}
        """By project, the revision and the playbooks of its last successful update."""
        self._server = Server(self._app(), {})
        self.url = f"http://127.0.0.1:{self._server.port}"
        if like:
            self._ids = itertools.count(next(like._ids))
            for name in _STATE:
                setattr(self, name, copy.deepcopy(getattr(like, name)))
            return
        for name in ("Default", "Second"):
            self.create("organizations", {"name": name})
        scm = {"name": "Source Control", "kind": "scm", "inputs": {"fields": [{"id": "username", "label": "Username"}]}}
        self._built_in("credential_types", scm)

    def __enter__(self) -> AwxDouble:
        self._server.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.stop()

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests whose method is not GET."""
        return [request for request in self.requests if request[0] != "GET"]

    def one(self, kind: str, name: str, **fields: Any) -> Item:
        """Return the only item of that kind and name, and with these fields, secrets included."""
        wanted = {"name": name, **fields}
        (item,) = (item for item in self.items[kind].values() if wanted.items() <= item.items())
        return item

    def survey(self, template: str) -> Any:
        """Return a job template's survey, or an empty one."""
        return self._surveys.get(self.one("job_templates", template)["id"], {})

    def credentials(self, template: str, **fields: Any) -> list[str]:
        """Return the names of a job template's credentials."""
        ids = self._credentials.get(self.one("job_templates", template, **fields)["id"], [])
        return [self.items["credentials"][number]["name"] for number in ids]

    def attach(self, template: str, credential: int) -> None:
        """Add a credential to a job template, like a user in the web interface."""
        self._credentials.setdefault(self.one("job_templates", template)["id"], []).append(credential)

    # --- calls ---

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None, redirect_slashes=False)
        app.middleware("http")(self._exchange)
        app.add_exception_handler(ValidationError, _invalid)
        app.get(API + "/project_updates/{number}/")(self._project_update)
        app.post(API + "/projects/{number}/update/", status_code=202)(self._update_project)
        app.post(API + "/tokens/", status_code=201)(self._post_token)
        app.delete(API + "/tokens/{number}/", status_code=204)(self._delete_token)
        app.post(API + "/job_templates/{number}/launch/")(self._launch)
        app.get(API + "/job_templates/{number}/survey_spec/")(self._get_survey)
        app.post(API + "/job_templates/{number}/survey_spec/")(self._set_survey)
        app.get(API + "/job_templates/{number}/credentials/")(self._list_credentials)
        app.post(API + "/job_templates/{number}/credentials/")(self._associate)
        app.get(API + "/{kind}/")(self._list)
        app.post(API + "/{kind}/", status_code=201)(self._post)
        app.patch(API + "/{kind}/{number}/")(self._patch)
        return app

    async def _exchange(self, request: Request, call_next: Any) -> Response:
        self.requests.append((request.method, request.url.path))
        scheme, _blank, secret = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic" and "/tokens/" in request.url.path:
            known = secret == base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        else:
            known = scheme == "Bearer" and secret in (TOKEN, READ_TOKEN, ORGANIZATION_TOKEN)
        if not known:
            return JSONResponse({"detail": "Authentication credentials were not provided."}, 401)
        if secret == READ_TOKEN and request.method != "GET":
            return JSONResponse({"detail": "You do not have permission to perform this action."}, 403)
        response: Response = await call_next(request)
        response.headers.update(PRODUCT)
        return response

    async def _list(self, kind: str, request: Request) -> Item:
        items = list(self._kept(kind).values())
        alternatives: dict[str, str] = {}
        for field, value in request.query_params.items():
            column = field.removeprefix("or__")
            known = column in ("id", "name") or (column in REFERENCES and column in RESOURCES[kind].model_fields)
            if not known:
                raise HTTPException(400, f"{kind} has no field named {column}")
            if field != column:
                alternatives[column] = value
            else:
                items = [item for item in items if str(item[field]) == value]
        if alternatives:
            items = [item for item in items if any(str(item[name]) == value for name, value in alternatives.items())]
        return _page([self._shown(kind, item) for item in items])

    async def _post(self, kind: str, request: Request) -> Item:
        self._kept(kind)
        fields = await request.json()
        self._permit(kind, request, fields)
        return self._shown(kind, self.create(kind, fields))

    async def _patch(self, kind: str, number: int, request: Request) -> Item:
        item = self._kept(kind)[number]
        changes = await request.json()
        self._permit(kind, request, item)
        if (
            kind == "credential_types"
            and self._in_use(number)
            and changes.get("inputs", item["inputs"]) != item["inputs"]
        ):
            raise HTTPException(403, "Modifications to inputs are not allowed for credential types that are in use")
        if kind == "execution_environments" and changes.get("organization") not in (None, item["organization"]):
            raise HTTPException(400, "Cannot change the organization of an execution environment")
        before = dict(item)
        item.update(self._checked(kind, {**_given(kind, item), **changes}))
        if kind == "projects" and any(before[field] != item[field] for field in ("scm_type", "scm_url", "scm_branch")):
            self._begin_update(item)
        return self._shown(kind, item)

    def _permit(self, kind: str, request: Request, fields: Mapping[str, Any]) -> None:
        """Refuse writes of an organization's administrator to global resources."""
        if request.headers["authorization"] == f"Bearer {ORGANIZATION_TOKEN}" and (
            kind == "credential_types" or (kind == "execution_environments" and fields.get("organization") is None)
        ):
            raise HTTPException(403, "You do not have permission to perform this action.")

    async def _post_token(self) -> Item:
        return {"id": next(self._ids), "token": TOKEN}

    async def _delete_token(self, number: int) -> Response:
        return Response(status_code=204)

    async def _project_update(self, number: int) -> Item:
        """Return the update, which is finished by the first query."""
        self._finish_update(number)
        return self._updates[number]

    async def _update_project(self, number: int) -> Item:
        return dict(self._begin_update(self.items["projects"][number]))

    async def _get_survey(self, number: int) -> Any:
        return self._surveys.get(number, {})

    async def _set_survey(self, number: int, request: Request) -> Any:
        survey = await request.json()
        try:
            Survey.model_validate(survey)
        except ValidationError as error:
            return JSONResponse({"error": str(error)}, 400)
        self._surveys[number] = survey
        return {}

    async def _list_credentials(self, number: int) -> Item:
        found = [self.items["credentials"][other] for other in self._credentials.get(number, [])]
        return _page([self._shown("credentials", item) for item in found])

    async def _associate(self, number: int, request: Request) -> Response:
        body = await request.json()
        associated = self._credentials.setdefault(number, [])
        if body.get("disassociate"):
            associated.remove(body["id"])
            return Response(status_code=204)
        types = self.items["credential_types"]
        added = types[self.items["credentials"][body["id"]]["credential_type"]]
        if added["id"] in (self.items["credentials"][other]["credential_type"] for other in associated):
            return JSONResponse({"error": f"Cannot assign multiple {added['name']} credentials."}, 400)
        if added["kind"] not in ("ssh", "vault", "cloud", "net", "kubernetes"):
            return JSONResponse({"error": f"Cannot assign a Credential of kind `{added['kind']}`."}, 400)
        associated.append(body["id"])
        return Response(status_code=204)

    async def _launch(self, number: int, request: Request) -> Response:
        template = self.items["job_templates"][number]
        attached = [self.items["credentials"][other] for other in self._credentials.get(number, [])]
        launch = Launch(template, self._surveys.get(number, {}), attached, self.items)
        errors = launch.receive(await request.json())
        if errors:
            return JSONResponse(errors, 400)
        job = {"job": next(self._ids), "ignored_fields": launch.ignored, "extra_vars": launch.variables}
        explanation = self._obstacle(template, launch.credentials)
        status = "failed" if explanation else "successful"
        return JSONResponse({**job, "status": status, "job_explanation": explanation}, 201)

    def _obstacle(self, template: Item, credentials: list[Item]) -> str:
        """Return the reason why a job fails before it starts, without output. Empty if it starts."""
        for credential in credentials:
            required = self.items["credential_types"][credential["credential_type"]]["inputs"].get("required", [])
            missing = [field for field in sorted(required) if not has_input(credential, field)]
            if missing:
                return (
                    f"Job cannot start because Credential {credential['name']} does not provide one or more required"
                    f" fields ({', '.join(missing)})."
                )
        project = self.items["projects"][template["project"]]
        if project["scm_update_on_launch"]:
            update = self._begin_update(project)
            self._finish_update(update["id"])
            if update["failed"]:
                return (
                    f'Previous Task Failed: {{"job_type": "project_update", "job_name": "{project["name"]}",'
                    f' "job_id": "{update["id"]}"}}'
                )
        return ""

    # --- state ---

    def _kept(self, kind: str) -> dict[int, Item]:
        if kind not in self.items:
            raise HTTPException(404, "The requested resource could not be found.")
        return self.items[kind]

    def create(self, kind: str, fields: Item) -> Item:
        """Create an item for a client. References are ids."""
        checked = self._checked(kind, fields)
        unique = UNIQUE[kind]
        if any(all(item[field] == checked[field] for field in unique) for item in self.items[kind].values()):
            raise HTTPException(400, f"{kind} with this {', '.join(unique)} already exists.")
        number = next(self._ids)
        item = self.items[kind][number] = {"id": number, **checked}
        if kind == "projects":
            self._begin_update(item)
        return item

    def _built_in(self, kind: str, fields: Item) -> None:
        """Create an item that every AWX contains, and that a client cannot create."""
        defaults = {name: _plain(field.get_default()) for name, field in RESOURCES[kind].model_fields.items()}
        number = next(self._ids)
        self.items[kind][number] = {**defaults, **fields, "id": number, "managed": True}

    def _begin_update(self, project: Item) -> Item:
        number = next(self._ids)
        url = f"{API}/project_updates/{number}/"
        begun = {"status": "pending", "failed": False, "finished": None, "scm_revision": ""}
        self._updates[number] = {"id": number, "url": url, "project": project["id"], **begun}
        self._current_updates[project["id"]] = number
        return self._updates[number]

    def _finish_update(self, number: int) -> None:
        """Update a project from its repository. A failed update does not change it."""
        update = self._updates[number]
        if update["finished"]:
            return
        project = self.items["projects"][update["project"]]
        repository = Path(project["scm_url"])
        failed = project["scm_branch"] not in self.branches
        failed |= not self.galaxy_answers and (repository / "collections" / "requirements.yml").exists()
        if not failed:
            files = sorted(path for path in repository.rglob("*") if path.is_file())
            content = repr([(path.name, path.read_bytes()) for path in files]) + project["scm_branch"]
            self._synced[project["id"]] = (hashlib.sha1(content.encode()).hexdigest(), playbooks(repository))
        revision, _files = self._synced.get(project["id"], ("", []))
        status = "failed" if failed else "successful"
        update.update(status=status, failed=failed, finished="2026-01-01T00:00:00Z", scm_revision=revision)
        if self._current_updates.get(project["id"]) == number:
            del self._current_updates[project["id"]]

    def _checked(self, kind: str, fields: Item) -> Item:
        """Return all fields of a resource, with defaults, as unchanged JSON."""
        model = RESOURCES[kind]
        validated = model.model_validate(fields)
        checked = {
            name: fields[name] if name in fields else _plain(getattr(validated, name)) for name in model.model_fields
        }
        for field, other in REFERENCES.items():
            if checked.get(field) is not None and checked[field] not in self.items[other]:
                raise HTTPException(400, f"Invalid pk {checked[field]} - object does not exist: {field}")
        if kind == "credential_types":
            # The API also returns the fields that a client omits here.
            for field in checked["inputs"].get("fields", []):
                field.setdefault("type", "string")
        if kind == "credentials":
            known = {field["id"] for field in self._fields_of(checked)}
            if not checked["inputs"].keys() <= known:
                raise HTTPException(400, f"inputs has other fields than {known}")
        if kind == "job_templates":
            project = self.items["projects"][checked["project"]]
            checked["organization"] = project["organization"]
            _revision, files = self._synced.get(project["id"], ("", []))
            if checked["playbook"] not in files:
                raise HTTPException(400, "Playbook not found for project.")
        return checked

    def _fields_of(self, credential: Item) -> list[Item]:
        fields: list[Item] = self.items["credential_types"][credential["credential_type"]]["inputs"].get("fields", [])
        return fields

    def _in_use(self, credential_type: int) -> bool:
        return any(item["credential_type"] == credential_type for item in self.items["credentials"].values())

    def _shown(self, kind: str, item: Item) -> Item:
        """Return an item as the API returns it."""
        url = f"{API}/{kind}/{item['id']}/"
        shown = {**copy.deepcopy(item), "url": url, "related": {}, "summary_fields": {}}
        if kind == "credentials":
            for field in self._fields_of(item):
                if field.get("secret") and field["id"] in shown["inputs"]:
                    shown["inputs"][field["id"]] = "$encrypted$"
        if kind == "job_templates":
            shown["related"]["survey_spec"] = f"{url}survey_spec/"
        if kind == "projects":
            shown["scm_revision"], _files = self._synced.get(item["id"], ("", []))
            shown["related"]["update"] = f"{url}update/"
            if item["id"] in self._current_updates:
                shown["summary_fields"]["current_update"] = {"id": self._current_updates[item["id"]]}
        return shown


def _page(items: list[Item]) -> Item:
    return {"count": len(items), "next": None, "previous": None, "results": items}


def _given(kind: str, item: Item) -> Item:
    return {name: item[name] for name in RESOURCES[kind].model_fields}


def _plain(value: Any) -> Any:
    return value.model_dump(exclude_unset=True) if isinstance(value, BaseModel) else value


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ValidationError)
    return JSONResponse({str(problem["loc"]): [problem["msg"]] for problem in error.errors()}, 400)
