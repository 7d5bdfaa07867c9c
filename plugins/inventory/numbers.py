# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: numbers
short_description: Telephone numbers of a vox.ai organization as hosts
version_added: 0.2.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Creates a host for each telephone number that a vox.ai organization holds. The name of the host is the number in
    digits.
  - The variables of the host are the fields of its record with the prefix C(vox_), such as C(vox_number), C(vox_id),
    C(vox_status), C(vox_memo) and C(vox_inbound_agent). C(ansible_connection) is V(local).
  - The plugin only creates groups with O(keyed_groups) and O(groups).
  - The inventory is a YAML file whose name ends in C(vox.yml) or C(vox.yaml).
notes:
  - Values that the API returns are never templated.
  - If the numbers cannot be read, Ansible only warns, and runs the play without them. To make this an error, set
    C(any_unparsed_is_failed) in the section C([inventory]) of C(ansible.cfg).
  - If the organization has more than one record of a number, the host is the first one, in the order of O(status),
    newest first.
extends_documentation_fragment:
  - voxai.telephony._connection
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: The name of this plugin, V(voxai.telephony.numbers).
    type: str
    required: true
    choices:
      - voxai.telephony.numbers
  api_key:
    description:
      - The organization's API key. It may be a template, such as V({{ lookup('ansible.builtin.env', 'BUSAN_KEY'\) }}).
      - It is only sent to the host of O(api_url).
      - Required as an option or as the environment variable E(VOX_API_KEY). An empty variable counts as unset.
    required: false
  status:
    description:
      - Only numbers with one of these statuses.
      - If left out, all numbers that are held, that is, all except V(expired).
    type: list
    elements: str
    choices:
      - active
      - scheduled
      - cancel_requested
      - expired
  provider:
    description: Only your own numbers, V(custom), or only numbers bought from vox.ai, V(vox).
    type: str
    choices:
      - vox
      - custom
  agent_names:
    description:
      - Whether to add the names of the agents, as C(vox_inbound_agent_name), C(vox_outbound_agent_name) and
        C(vox_sms_inbound_agent_name). Null if no agent is assigned, or if the organization has no such agent.
      - This needs one more request per 100 agents.
    type: bool
    default: false
seealso:
  - module: voxai.telephony.vox_telephone_number
  - module: voxai.telephony.vox_telephone_number_info
  - name: One host, one number
    description: Guide to hosts that each manage one number.
    link: https://github.com/voxai/telephony/blob/main/docs/one-host-one-number.md
  - name: vox.ai API reference
    description: The vendor's reference (Korean).
    link: https://docs.tryvox.co/api-reference/v3
"""

EXAMPLES = r"""
# A file such as lines.vox.yml. Only this line is required: all numbers of the organization of VOX_API_KEY.
plugin: voxai.telephony.numbers

# Groups by the name of the inbound agent, such as agent_Front_desk, and a group for the numbers of a branch
agent_names: true
keyed_groups:
  - prefix: agent
    key: vox_inbound_agent_name | default('none', true)
groups:
  busan: vox_number.startswith('051')

# A cache that is used for ten minutes
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/vox
cache_timeout: 600
"""

import hashlib
import json
import re
import typing as t
from contextlib import ExitStack, closing

from ansible import constants as C
from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.voxai.telephony.plugins.module_utils._api import HELD, Api, ApiError, Record
from ansible_collections.voxai.telephony.plugins.module_utils._connection import CONNECTION_SPEC, check_given, connect
from ansible_collections.voxai.telephony.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.voxai.telephony.plugins.module_utils._ids import canonical_id
from ansible_collections.voxai.telephony.plugins.module_utils._ledger import read_numbers
from ansible_collections.voxai.telephony.plugins.module_utils._plan import AGENT_OPTIONS
from ansible_collections.voxai.telephony.plugins.module_utils._secrets import Masker, find_secrets, register_secrets
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError
from ansible_collections.voxai.telephony.plugins.plugin_utils._in_controller import plain
from ansible_collections.voxai.telephony.plugins.plugin_utils._run_store import RunStore

_NUMBER = re.compile(r"[0-9]{1,20}")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_HARMLESS = re.compile(r"[\w .,:;+@/()-]*")
"""A text that cannot be a template. Brackets of any kind can begin one after ``#jinja2:``."""


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "voxai.telephony.numbers"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("vox.yml", "vox.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        if REQUESTS_IMPORT_ERROR:
            raise AnsibleParserError(
                "the Python that runs Ansible does not have the library requests: install it there"
            )
        written = {
            name: plain(self.templar.template(config[name])) for name in CONNECTION_SPEC if config.get(name) is not None
        }
        read_key, variables = CONNECTION_SPEC["api_key"]["fallback"]
        secrets = find_secrets({"api_key": read_key(*variables), **written}, CONNECTION_SPEC)
        register_secrets(secrets)
        masker = Masker(secrets)
        try:
            records = self._records(path, written, masker, cache)
        except (InputError, ApiError) as error:
            # The error is raised outside of the except block, so that it has no traceback with the arguments.
            message = masker.mask(str(error))
        else:
            self._add(records)
            return
        raise AnsibleParserError(message)

    def _records(self, path: str, written: dict[str, t.Any], masker: Masker, cache: bool) -> list[Record]:
        check_given(written.get("api_key"))
        validated = ArgumentSpecValidator(CONNECTION_SPEC).validate(written)
        if validated.error_messages:
            raise InputError(validated.errors.msg)
        with ExitStack() as stack:
            organizations: list[str] = []

            def store_of(name: str) -> RunStore:
                organizations.append(name)
                # For the rate limit. Closed again, because workers are forked from this process.
                return stack.enter_context(closing(RunStore(str(C.DEFAULT_LOCAL_TMP), name, self.display.v)))

            api = connect(validated.validated_parameters, store_of).api
            api.hide = masker.mask
            return self._read(path, api, organizations, masker, cache)

    def _read(self, path: str, api: Api, organizations: list[str], masker: Masker, cache: bool) -> list[Record]:
        wanted = {name: self.get_option(name) for name in ("status", "provider", "agent_names")}
        # The same file may be used with several API keys.
        asked = hashlib.sha256(json.dumps([organizations, wanted]).encode()).hexdigest()
        key = f"{self.get_cache_key(path)}_{asked}"
        cached = self.get_option("cache") and cache
        if cached and key in self._cache:
            return t.cast("list[Record]", self._cache[key])
        records = list(read_numbers(api, None, wanted["provider"], wanted["status"] or HELD))
        if wanted["agent_names"]:
            names = {canonical_id(agent["agent_id"]): agent.get("name") for agent in api.agents()}
            for record in records:
                for field in AGENT_OPTIONS:
                    agent = record.get(field)
                    mapped = isinstance(agent, dict) and canonical_id(agent.get("agent_id"))
                    record[f"{field}_name"] = names.get(mapped) if mapped else None
        records = [masker.mask(record) for record in records]
        if self.get_option("cache"):
            self._cache[key] = records
        return records

    def _add(self, records: list[Record]) -> None:
        ids: dict[str, str] = {}
        for record in records:
            number = record["number"]
            known = ids.setdefault(number, record["id"])
            if not _NUMBER.fullmatch(number):
                self.display.warning(f"{self.NAME}: a record is left out because {number!r} is not a telephone number")
            elif known != record["id"]:
                self.display.warning(f"{self.NAME}: {number} has more than one record. The first one is the host")
            else:
                self._add_host(number, record)

    def _add_host(self, number: str, record: Record) -> None:
        self.inventory.add_host(number)
        self.inventory.set_variable(number, "ansible_connection", "local")
        for field, value in record.items():
            if _NAME.fullmatch(field):
                self.inventory.set_variable(number, f"vox_{field}", _as_text(value))
        variables = self.inventory.get_host(number).get_vars()
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, number, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, number, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, number, strict=strict)


def _as_text(value: t.Any) -> t.Any:
    """The value, marked as not to be templated. Up to 2.18, ansible-core templates the texts of an inventory."""
    if isinstance(value, dict):
        return {name: _as_text(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_as_text(part) for part in value]
    return wrap_var(value) if isinstance(value, str) and not _HARMLESS.fullmatch(value) else value
