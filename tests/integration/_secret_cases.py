# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks with secrets, and the responses or mistakes that may leak them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from integration._playbook import BULK, COLLECTION, MODULE, NUMBER
from integration._traces import SECRETS, ways_to_write
from simulator import Simulator

INFO = COLLECTION + "vox_telephone_number_info"
CONNECTION = COLLECTION + "vox_connection_info"
AGENTS = COLLECTION + "vox_agent_info"
AUDIT = COLLECTION + "vox_audit_info"
SIP = COLLECTION + "vox_sip_trunk_info"
ROLE = COLLECTION + "telephone_numbers"
LIST_PATH = "/organization-telephone-numbers"
EMPTY_PAGE = {"items": [], "total_count": 0, "next_cursor": None}
MASK = 8 * "*"
"""Ansible's replacement of a secret within a text."""

Prepare = Callable[[Simulator], object]


@dataclass(frozen=True)
class Case:
    """A task, and a part of the message of its result, which shows that the case was really tested.

    `url`: the URL of the API, with URL and HOST as placeholders for those of the case's simulator.
    `waits`: whether the first response is delayed, to inspect the processes.
    """

    action: str
    arguments: Mapping[str, Any]
    message: str
    prepare: Prepare = lambda sim: None
    url: str = "URL"
    tls: bool = False
    waits: bool = False
    keywords: Mapping[str, Any] = field(default_factory=dict)

    def api_url(self, sim: Simulator) -> str:
        return self.url.replace("URL", sim.url).replace("HOST", urlsplit(sim.url).netloc)

    def task(self, name: str, url: str, result: str) -> dict[str, Any]:
        """Return the task. It registers its result, and its failure does not end the play."""
        common = {"name": name, "vars": {"url": url}, "ignore_errors": True, "register": result, **self.keywords}
        if self.action != ROLE:
            return common | {self.action: self.arguments}
        del common["ignore_errors"], common["register"]
        common["vars"] |= {f"vox_{name}": value for name, value in self.arguments.items()}
        return common | {"ansible.builtin.include_role": {"name": ROLE, "apply": {"ignore_errors": True}}}


TRUNK = {"number": NUMBER, "address": "sip:trunk.example.com:5060", "auth_username": "vox-customer-12"}
ASKED = {"address": "sip:127.0.0.1:1", "auth_username": "vox-customer-12", "auth_password": "{{ plain }}"}
PASSWORDS = ("plain", "longer", "odd", "short")
EVERY_PASSWORD = [
    {**TRUNK, "number": f"070400000{index}0", "auth_password": f"{{{{ {name} }}}}"}
    for index, name in enumerate(PASSWORDS)
]


def one(message: str, prepare: Prepare = lambda sim: None, **options: Any) -> Case:
    """Return a case with one number."""
    keywords: dict[str, Any] = {name: options.pop(name) for name in ("check_mode", "async", "poll") if name in options}
    rest: dict[str, Any] = {name: options.pop(name) for name in ("url", "tls", "waits") if name in options}
    arguments = {**TRUNK, "auth_password": "{{ plain }}", **options}
    return Case(MODULE, arguments, message, prepare, keywords=keywords, **rest)


def many(message: str, entries: Any, prepare: Prepare = lambda sim: None, url: str = "URL", **keywords: Any) -> Case:
    """Return a case with many numbers."""
    return Case(BULK, {"telephone_numbers": entries}, message, prepare, url, keywords=keywords)


def fault(action: str, *request: str, **parameters: Any) -> Prepare:
    """Apply a fault to the first request (of a kind)."""
    method, path = request or ("GET", LIST_PATH)
    return lambda sim: sim.fault(action, method, path, **parameters)


def refused(status: int, *quoted: str) -> Prepare:
    """Refuse a registration, and quote its secrets.

    In the message, and in the details as a text, in lists and as a key; each in every encoding.
    """
    ways = [way for name in quoted for way in sorted(ways_to_write(SECRETS[name]))]
    details = {
        "field": "auth_password",
        "reason": ways,
        "allowed_values": [[ways]],
        **{way: {"a": ways} for way in ways},
    }
    body = {"error": {"code": "QUOTED", "message": f"not {', '.join(ways)}", "details": details}}
    return lambda sim: sim.fault("answer", None, "/{any}", 0, status=status, body=body)


def known(sim: Simulator) -> None:
    """Add the number."""
    sim.add(NUMBER, auth_password="before")


def with_password(sim: Simulator) -> None:
    """Add the number, with a password in its record, which the reference excludes."""
    sim.add(NUMBER, unknown={"auth_password": SECRETS["plain"]})


def redirected(sim: Simulator) -> None:
    """Redirect to a host with another name."""
    sim.fault("redirect", "GET", LIST_PATH, location=sim.url.replace("127.0.0.1", "localhost") + LIST_PATH)


ASYNC: dict[str, Any] = {"async": 60, "poll": 1}
LONG = fault("slow", seconds=3)

EITHER_WAY = {
    "registers": one("registered", LONG, waits=True),
    "would register": one("would be registered", check_mode=True),
    "finds": one("up to date", known),
    "moves": one("sip_updated", known, address="sip:other.example.com"),
    "sends the password again": one("sip_updated", known, update_password="always"),
    "would send the password again": one("would be sip_updated", known, update_password="always", check_mode=True),
    "releases": one("deleted", known, state="absent"),
    "receives a password": Case(MODULE, {"number": NUMBER}, "up to date", with_password),
    # The API refuses
    **{
        f"is refused, {name}": one(f"QUOTED: not {MASK}", refused(400, name), auth_password=f"{{{{ {name} }}}}")
        for name in PASSWORDS
    },
    "is refused, key": one("QUOTED: not ", refused(401, "key")),
    "is failed": one("QUOTED: not ", refused(500, "key", "plain")),
    "receives HTML": one("no message", fault("answer", status=400, body=f"<p>{SECRETS['plain']} {SECRETS['key']}</p>")),
    "is redirected": one("the server redirects", redirected),
    # Mistakes
    "a password in address": one("contains a password", address="sip:me:{{ plain }}:{{ key }}@trunk.example.com"),
    "a password with spaces in address": one("is not a SIP address", address="me:{{ odd }}@trunk.example.com"),
    "a key as the user of api_url": one(
        "must not contain a user or password", url="https://{{ odd }}@HOST/v3", api_key="other"
    ),
    "a key as the password of api_url": one(
        "must not contain a user or password", url="https://me:{{ short }}@HOST", api_key="other"
    ),
    "a key in the query of api_url": one(
        "must not have a query or a fragment", url="URL?key={{ key }}", api_key="other"
    ),
    "a key in a fragment of api_url": one(
        "must not have a query or a fragment", url="URL#{{ short }}", api_key="other"
    ),
    "a key of two words": one("api_key has invalid characters", api_key="{{ key }} {{ odd }}"),
    "a password that is a list": one("auth_password must be a string", auth_password=["{{ plain }}", ["{{ odd }}"]]),
    "a password that is a dictionary": one("auth_password must be a string", auth_password={"secret": "{{ plain }}"}),
    "a password in a misspelt option": Case(MODULE, TRUNK | {"sip_password": "{{ odd }}"}, "Unsupported parameters"),
    "a password as an option of an audit": Case(AUDIT, {"sip_password": "{{ odd }}"}, "Unsupported parameters"),
    "a key as a rule": Case(AUDIT, {"rules": ["{{ key }}"]}, "value of rules must be one"),
    "a password of an agent": one("Unsupported parameters", inbound_agent={"auth_password": "{{ odd }}"}),
    "meets an unexpected error": one("RuntimeError", url="URL/unforeseen"),
    # Many numbers
    "registers many": many("4 registered", EVERY_PASSWORD),
    "would register many": many("would be: 4 registered", EVERY_PASSWORD, check_mode=True),
    "is refused many": many("QUOTED: not ", EVERY_PASSWORD, refused(400, "key", *PASSWORDS)),
    "many with a misspelt option": many("Unsupported parameters", [TRUNK | {"password": "{{ odd }}"}]),
    "many of the wrong type": many("auth_password must be a string", [TRUNK | {"auth_password": [["{{ odd }}"]]}]),
    "many, twice": many("listed twice", [EVERY_PASSWORD[0], EVERY_PASSWORD[0]]),
    "many as a text": many("1 registered", "number=07011112222 address=sip:a auth_password={{ short }}"),
    "many as a dictionary": many("cannot be converted to a list", EVERY_PASSWORD[2]),
    "many as JSON": many("", '[{"number": "07040000009", "auth_password": "{{ plain }}"}]'),
    "an entry as a text": many("1 registered", ["number=07011112222 address=sip:a auth_password={{ short }}"]),
    "an entry as JSON": many("not held yet", ['{"number": "07040000009", "auth_password": {{ odd | to_json }}}']),
    "an unreadable entry": many("must be a dictionary", ["number: 070, auth_password: {{ odd }}"]),
    "an unreadable list": many("is a text: write a list", "number: 070, auth_password: {{ short }}"),
    "many with an unexpected error": many("RuntimeError", EVERY_PASSWORD, url="URL/unforeseen"),
    "many with an unexpected error each": many("RuntimeError", EVERY_PASSWORD, url="URL/later"),
    # The connection
    "checks the connection": Case(
        CONNECTION,
        {},
        "The connection works",
        fault("answer", body=EMPTY_PAGE, headers={"X-RateLimit-Limit": SECRETS["key"], "X-RateLimit-Name": "Xyzzy 1"}),
    ),
    "checks the connection and is refused": Case(CONNECTION, {}, "(Key): HTTP 403", refused(403, "key")),
    "checks a key in the query of api_url": Case(
        CONNECTION, {"api_key": "other"}, "a query or a fragment", url="URL?key={{ key }}"
    ),
    "checks the connection with an unexpected error": Case(CONNECTION, {}, "RuntimeError", url="URL/unforeseen"),
    # The role
    "applies": Case(ROLE, {"telephone_numbers": EVERY_PASSWORD}, "4 registered"),
    "applies and is refused": Case(
        ROLE, {"telephone_numbers": EVERY_PASSWORD}, "QUOTED: not ", refused(400, "key", *PASSWORDS)
    ),
    "applies defaults": Case(
        ROLE,
        {
            "telephone_numbers": [{"number": NUMBER}],
            "telephone_numbers_defaults": {**TRUNK, "auth_password": ["{{ odd }}"]},
        },
        "auth_password must be a string",
    ),
    "applies a misspelt option": Case(
        ROLE, {"telephone_numbers": [TRUNK | {"password": "{{ odd }}"}]}, "Unsupported parameters"
    ),
}
"""Cases that run in the controller and as a module."""

ONCE = {
    # Always a module
    "registers, asynchronously": one("registered", LONG, waits=True, **ASYNC),
    "registers without polling": one("", **ASYNC | {"poll": 0}),
    "is refused, asynchronously": one("QUOTED: not ", refused(400, "plain"), **ASYNC),
    "registers many, asynchronously": many("4 registered", EVERY_PASSWORD, **ASYNC),
    "checks the connection, asynchronously": Case(CONNECTION, {}, "The connection works", keywords=ASYNC),
    "reads": Case(INFO, {}, "1 found", known),
    "reads a password": Case(INFO, {"number": NUMBER}, "1 found", with_password),
    "reads and is refused": Case(INFO, {}, "QUOTED: not ", refused(403, "key")),
    "reads with an unexpected error": Case(INFO, {}, "RuntimeError", url="URL/unforeseen"),
    "reads agents and is refused": Case(AGENTS, {}, "QUOTED: not ", refused(403, "key")),
    "reads agents by the key": Case(AGENTS, {"agent_name": "{{ key }}"}, "0 found"),
    "audits a record with a password": Case(AUDIT, {}, "1 numbers", with_password),
    "audits and is refused": Case(AUDIT, {}, "QUOTED: not ", refused(403, "key")),
    "audits with an unexpected error": Case(AUDIT, {}, "RuntimeError", url="URL/unforeseen"),
    "asks a trunk": Case(SIP, ASKED, "refuses the connection"),
    "asks a trunk with a password in its address": Case(
        SIP, {**ASKED, "address": "sip:me:{{ plain }}@trunk"}, "contains a password"
    ),
    "asks a trunk with a list as password": Case(
        SIP, {**ASKED, "auth_password": ["{{ odd }}"]}, "auth_password must be a string"
    ),
    "asks a trunk with a misspelt option": Case(SIP, {**ASKED, "password": "{{ odd }}"}, "Unsupported parameters"),
    # Without a response, the way does not matter
    "meets an untrusted certificate": one("not trusted", tls=True),
    "finds no TLS": one("does not speak TLS", url="https://HOST/v3"),
    "finds no server": one("no connection", url="http://127.0.0.1:1/v3"),
    "gets no response": one("no complete answer", fault("slow", seconds=60), timeout=1),
    "is disconnected before the response": one("the connection broke", fault("close_before")),
    "is disconnected within the response": one("the connection broke", fault("truncated")),
}
"""Cases whose way does not matter, so they run only once."""

CASES = {"action": EITHER_WAY | ONCE, "module": EITHER_WAY}
