# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of the simulator for tests and scripts."""

from __future__ import annotations

import copy
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._app import app
from ._exchange import BASE_PATH, Exchange, LoggedRequest, logger
from ._faults import ACTIONS, Fault, take
from ._server import Server, make_certificate
from ._state import Number, World, number_record
from ._switches import Switches

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class Simulator:
    """The API on a free port of 127.0.0.1, for the duration of a `with` block.

    Each key is a separate organization. Safe to use from any thread. Numbers and agents can be added, and the log
    can be read, also before and after the block.
    """

    def __init__(
        self,
        keys: Sequence[str] = ("key-a", "key-b"),
        tls: bool = False,
        switches: Switches | None = None,
        port: int = 0,
    ) -> None:
        self._keys = tuple(keys)
        self._world = World(self._keys, switches)
        self._directory = tempfile.TemporaryDirectory(prefix="simulator-") if tls else None
        self.ca_path: str | None = None
        """Path of the PEM bundle to trust, None without TLS."""
        context = None
        if self._directory:
            context, ca_path = make_certificate(Path(self._directory.name))
            self.ca_path = str(ca_path)
        self._state = {"world": self._world}
        self._server = Server(self._handle, self._state, port=port, tls=context)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.port}{BASE_PATH}"
        """The API's base URL."""

    def __enter__(self) -> Simulator:
        self._server.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.stop()
        if self._directory:
            self._directory.cleanup()

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send, app)
        try:
            await exchange.read()
        except ConnectionError:
            return
        request = exchange.request
        fault = take(self._world.faults, request.method, request.path)
        try:
            if fault:
                request.fault = fault.action
                await ACTIONS[fault.action](exchange, self._server, **fault.parameters)
            else:
                await exchange.answer(await exchange.process())
        finally:
            request.over = True
        logger.info("%s %s %s", request.method, request.path, request.status or "-")

    @property
    def switches(self) -> Switches:
        """The behaviours that the API's reference leaves open; read at each request."""
        return self._world.switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self._world.switches = switches

    def add(
        self,
        number: str = "07011112222",
        *,
        key: str | None = None,
        auth_username: str | None = None,
        auth_password: str | None = None,
        unknown: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """Add a number to an organization (the first by default) and return its record.

        `fields` are those of `number_record`; `unknown` are fields that the API may add later. They are returned like
        the others, except `ab_test`, which needs the switch `show_ab_test`. It contains a list of versions and their
        shares for each of `inbound_agent`, `outbound_agent` and `sms_inbound_agent` that runs an A/B test.
        """

        def add() -> dict[str, Any]:
            record = number_record(number, **{"created_at": self._world.now()} | fields) | dict(unknown or {})
            # The list shows it at once, whatever `list_lag` is: its history starts at minus infinity.
            history = [(float("-inf"), record)]
            self._world.organizations[key or self._keys[0]].numbers[record["id"]] = Number(
                record, auth_username, auth_password, history
            )
            return copy.deepcopy(self._world.show(record))

        return self._server.call(add)

    def change(self, number_id: str, **fields: Any) -> None:
        """Change fields of a number of any organization, like another client. Raises KeyError for an unknown id."""
        self._server.call(lambda: self._number(number_id).write(self._world.now(), **fields))

    def add_agent(
        self,
        name: str = "Front desk",
        *,
        type: str = "single_prompt",  # noqa: A002 (named as in the API)
        production_version: str | None = "v1",
        agent_id: str | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Add an agent to an organization (the first by default) and return it as the API lists it."""
        agent = {
            "agent_id": agent_id or str(uuid.uuid4()),
            "name": name,
            "type": type,
            "production_version": production_version,
        }

        def add() -> None:
            agents = self._world.organizations[key or self._keys[0]].agents
            agents[agent["agent_id"] or ""] = agent | {"created_at": self._world.now()}

        self._server.call(add)
        return dict(agent)

    def numbers(self, key: str | None = None) -> list[dict[str, Any]]:
        """Return the records of an organization's numbers, in every status, oldest first."""
        organization = self._world.organizations[key or self._keys[0]]
        return self._server.call(
            lambda: [copy.deepcopy(self._world.show(number.fields)) for number in organization.numbers.values()]
        )

    def credentials(self, number_id: str) -> tuple[str | None, str | None]:
        """Return the SIP user name and password of a number. Raises KeyError for an unknown id."""

        def find() -> tuple[str | None, str | None]:
            number = self._number(number_id)
            return number.auth_username, number.auth_password

        return self._server.call(find)

    def _number(self, number_id: str) -> Number:
        for organization in self._world.organizations.values():
            if number_id in organization.numbers:
                return organization.numbers[number_id]
        raise KeyError(number_id)

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests received, oldest first."""
        return self._server.call(lambda: list(self._world.requests))

    @property
    def writes(self) -> list[LoggedRequest]:
        """The requests received whose method is not GET, oldest first."""
        return [request for request in self.requests if request.method != "GET"]

    def fault(
        self,
        action: str,
        method: str | None = "POST",
        path: str | None = "/telephone-numbers/register",
        occurrence: int = 1,
        **parameters: Any,
    ) -> None:
        """Apply a fault to a future request; `_faults.py` describes the actions and their parameters.

        `method` and `path` match everything if None; a segment `{id}` of `path` matches any segment. `occurrence`
        counts matching requests from now on: 1 is the next one, 0 is every one. Raises ValueError for an unknown
        action or parameter.
        """
        fault = Fault(action, method, path, occurrence, parameters)
        self._server.call(lambda: self._world.faults.append(fault))

    def clear_faults(self) -> None:
        """Remove all faults, and open the port if it is closed."""

        def clear() -> None:
            self._world.faults.clear()
            self._server.listen_again()

        self._server.call(clear)

    @property
    def disturbed(self) -> bool:
        """Whether any fault is left."""
        return self._server.call(lambda: bool(self._world.faults))

    def clear_log(self) -> None:
        """Clear the log of requests."""
        self._server.call(self._world.requests.clear)

    def reset(self) -> None:
        """Restore the initial state on the same port: no numbers, agents, faults or log, and default switches."""

        def reset() -> None:
            self._world = self._state["world"] = World(self._keys)
            self._server.listen_again()

        self._server.call(reset)
