# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The double as tests use it, and the calls that it answers."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from simulator._server import Server

from ._definitions import Survey
from ._resources import REFERENCES, RESOURCES, playbooks

API = "/api/v2"
TOKEN = "awx-token-Xyzzy"
PRODUCT = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}

Item = dict[str, Any]


class AwxDouble:
    """AWX's API on a free port of 127.0.0.1 while the `with` block lasts, with an organization named Default.

    It has what the modules of awx.awx call for the setup, and is as strict about it as AWX is, or stricter.
    A project's repository is a directory.
    """

    def __init__(self) -> None:
        self.items: dict[str, dict[int, Item]] = {kind: {} for kind in RESOURCES}
        self.requests: list[tuple[str, str]] = []
        """Method and path of each request, oldest first."""
        self._ids = itertools.count(1)
        self._surveys: dict[int, Any] = {}
        self._credentials: dict[int, list[int]] = {}
        self._updates: dict[int, Item] = {}
        self._server = Server(self._app(), {})
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._create("organizations", {"name": "Default"})

    def __enter__(self) -> AwxDouble:
        self._server.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.stop()

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests whose method is not GET."""
        return [request for request in self.requests if request[0] != "GET"]

    def one(self, kind: str, name: str) -> Item:
        """The only item of that kind and name, secrets included."""
        (item,) = (item for item in self.items[kind].values() if item["name"] == name)
        return item

    def survey(self, template: str) -> Any:
        """A job template's survey, an empty one if it has none."""
        return self._surveys.get(self.one("job_templates", template)["id"], {})

    def credentials(self, template: str) -> list[str]:
        """The names of a job template's credentials."""
        ids = self._credentials.get(self.one("job_templates", template)["id"], [])
        return [self.items["credentials"][number]["name"] for number in ids]

    # --- calls ---

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None, redirect_slashes=False)
        app.middleware("http")(self._exchange)
        app.add_exception_handler(ValidationError, _invalid)
        app.get(API + "/project_updates/{number}/")(self._project_update)
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
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"detail": "Authentication credentials were not provided."}, 401)
        response: Response = await call_next(request)
        response.headers.update(PRODUCT)
        return response

    async def _list(self, kind: str, request: Request) -> Item:
        items = list(self._kept(kind).values())
        for field, value in request.query_params.items():
            if field != "name" and (field not in REFERENCES or field not in RESOURCES[kind].model_fields):
                raise HTTPException(400, f"{kind} has no field named {field}")
            items = [item for item in items if str(item[field]) == value]
        return _page([self._shown(kind, item) for item in items])

    async def _post(self, kind: str, request: Request) -> Item:
        self._kept(kind)
        return self._shown(kind, self._create(kind, await request.json()))

    async def _patch(self, kind: str, number: int, request: Request) -> Item:
        item = self._kept(kind)[number]
        changes = await request.json()
        if (
            kind == "credential_types"
            and self._in_use(number)
            and changes.get("inputs", item["inputs"]) != item["inputs"]
        ):
            raise HTTPException(403, "Modifications to inputs are not allowed for credential types that are in use")
        item.update(self._checked(kind, {**_given(kind, item), **changes}))
        return self._shown(kind, item)

    async def _project_update(self, number: int) -> Item:
        """Running when it is asked for first, and then over."""
        update = self._updates[number]
        shown = dict(update)
        update["status"] = "successful"
        return shown

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
        else:
            associated.append(self.items["credentials"][body["id"]]["id"])
        return Response(status_code=204)

    # --- what is kept ---

    def _kept(self, kind: str) -> dict[int, Item]:
        if kind not in self.items:
            raise HTTPException(404, "The requested resource could not be found.")
        return self.items[kind]

    def _create(self, kind: str, fields: Item) -> Item:
        checked = self._checked(kind, fields)
        owner = checked.get("organization", checked.get("inventory"))
        if any(
            (item["name"], item.get("organization", item.get("inventory"))) == (checked["name"], owner)
            for item in self.items[kind].values()
        ):
            raise HTTPException(400, f"{kind} with this name already exists.")
        number = next(self._ids)
        item = self.items[kind][number] = {"id": number, **checked}
        if kind == "projects":
            self._updates[number] = {"id": number, "status": "running"}
        return item

    def _checked(self, kind: str, fields: Item) -> Item:
        """All fields of a resource, the defaults included, as JSON that is kept as it came."""
        model = RESOURCES[kind]
        validated = model.model_validate(fields)
        checked = {
            name: fields[name] if name in fields else _plain(getattr(validated, name)) for name in model.model_fields
        }
        for field, other in REFERENCES.items():
            if checked.get(field) is not None and checked[field] not in self.items[other]:
                raise HTTPException(400, f"Invalid pk {checked[field]} - object does not exist: {field}")
        if kind == "credential_types":
            # What a client leaves out here, it is shown all the same.
            for field in checked["inputs"].get("fields", []):
                field.setdefault("type", "string")
        if kind == "credentials":
            known = {field["id"] for field in self._fields_of(checked)}
            if not checked["inputs"].keys() <= known:
                raise HTTPException(400, f"inputs has other fields than {known}")
        if kind == "job_templates":
            project = self.items["projects"][checked["project"]]
            checked["organization"] = project["organization"]
            if checked["playbook"] not in playbooks(Path(project["scm_url"])):
                raise HTTPException(400, "Playbook not found for project.")
        return checked

    def _fields_of(self, credential: Item) -> list[Item]:
        fields: list[Item] = self.items["credential_types"][credential["credential_type"]]["inputs"]["fields"]
        return fields

    def _in_use(self, credential_type: int) -> bool:
        return any(item["credential_type"] == credential_type for item in self.items["credentials"].values())

    def _shown(self, kind: str, item: Item) -> Item:
        """An item as the API shows it."""
        url = f"{API}/{kind}/{item['id']}/"
        shown = {**copy.deepcopy(item), "url": url, "related": {}, "summary_fields": {}}
        if kind == "credentials":
            for field in self._fields_of(item):
                if field.get("secret") and field["id"] in shown["inputs"]:
                    shown["inputs"][field["id"]] = "$encrypted$"
        if kind == "job_templates":
            shown["related"]["survey_spec"] = f"{url}survey_spec/"
        if kind == "projects":
            shown["scm_revision"] = ""
            if self._updates[item["id"]]["status"] == "running":
                shown["summary_fields"]["current_update"] = {"id": item["id"]}
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
