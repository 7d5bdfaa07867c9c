# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.voxai.telephony.plugins.module_utils import _connection
from ansible_collections.voxai.telephony.plugins.module_utils._connection import CONNECTION_SPEC, connect
from ansible_collections.voxai.telephony.plugins.module_utils._store import MemoryStore
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

GOOD: dict[str, t.Any] = {
    "api_key": "the-key",
    "api_url": "https://client-api.tryvox.co/v3",
    "validate_certs": True,
    "ca_path": None,
    "timeout": 30,
    "retries": 5,
    "requests_per_second": 5,
    "requests_per_minute": 120,
}


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://client-api.tryvox.co/v3/", "https://client-api.tryvox.co/v3"),
        ("https://127.0.0.1:8443/v3", None),
        ("http://127.0.0.1:8080/v3", None),
        ("http://localhost:8080", "http://localhost:8080/v3"),
        # The vendor's client uses the base URL without the path.
        ("https://client-api.tryvox.co", "https://client-api.tryvox.co/v3"),
        ("https://client-api.tryvox.co/", "https://client-api.tryvox.co/v3"),
        ("https://client-api.tryvox.co//", "https://client-api.tryvox.co/v3"),
        ("http://[::1]:8080", "http://[::1]:8080/v3"),
        ("https://gateway.example.com/vox", None),
        ("https://gateway.example.com/vox/", "https://gateway.example.com/vox"),
        ("https://client-api.tryvox.co/v4", None),
        ("http://[::1]:8080/v3", None),
    ],
)
def test_valid_urls_of_the_api(monkeypatch: pytest.MonkeyPatch, url: str, base: str | None) -> None:
    made: list[t.Any] = []

    def session(*arguments: t.Any) -> t.Any:
        made.append(arguments)
        return SimpleNamespace()

    monkeypatch.setattr(_connection, "HttpSession", session)
    connect({**GOOD, "api_url": url})
    monkeypatch.setenv("VOX_API_URL", url)
    connect(validated(api_key="the-key").validated_parameters)
    assert made == [(base or url, "the-key", True, 30)] * 2


def test_other_options_for_the_same_organization_share_the_store_but_no_connection() -> None:
    stores: dict[str, t.Any] = {}

    def store_of(name: str) -> t.Any:
        return stores.setdefault(name, MemoryStore())

    first = connect(GOOD, store_of)
    second = connect({**GOOD, "retries": 3}, store_of)
    assert second.api is not first.api and second.api.retries == 3
    assert len(stores) == 1
    assert not second.api.recognized
    next(iter(stores.values())).do(lambda facts: facts.put("listing", {"state": {}}))
    assert connect(GOOD, store_of).api.recognized
    assert GOOD["api_key"] not in str(stores)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://CLIENT-api.tryvox.co:443/v3/", True),
        ("https://client-api.tryvox.co", True),
        ("https://client-api.tryvox.co/v4", False),
        ("https://client-api.tryvox.co:8443/v3", False),
    ],
)
def test_spellings_of_a_url_are_the_same_organization(url: str, same: bool) -> None:
    names: list[str] = []

    def store_of(name: str) -> t.Any:
        names.append(name)
        return MemoryStore()

    for api_url in ("https://client-api.tryvox.co/v3", url):
        connect({**GOOD, "api_url": api_url}, store_of)
    connect({**GOOD, "api_key": "another"}, store_of)
    assert (names[0] == names[1]) is same
    assert names[2] not in names[:2]


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("api_key", "", "api_key is missing"),
        ("api_key", "the-key\n", "api_key has invalid characters"),
        ("api_key", "the key", "api_key has invalid characters"),
        ("api_key", "the\r\nX-Header: key", "api_key has invalid characters"),
        ("api_key", "열쇠", "api_key has invalid characters"),
        ("api_url", "", "is not a URL"),
        ("api_url", "client-api.tryvox.co/v3", "is not a URL"),
        ("api_url", "ftp://client-api.tryvox.co", "is not a URL"),
        ("api_url", "https://", "is not a URL"),
        ("api_url", "https://host:port/v3", "is not a URL"),
        ("api_url", "https://[::1", "is not a URL"),
        ("api_url", "https://client-api.tryvox.co/v3 ", "is not a URL"),
        ("api_url", "https://client-api.tryvox.co/v3\0", "is not a URL"),
        ("api_url", "https://client-api.tryvox.co/v3/\x1b[2J", "is not a URL"),
        ("api_url", "https://client-api.tryvox.co/\ud800", "is not a URL"),
        ("api_url", "https://client-api.tryvox.co\\.example.com", "is not a URL"),
        ("api_url", "https://" + "x" * 10**6, "is not a URL.{1,99}$"),
        ("api_url", "https://someone:s3cret@client-api.tryvox.co/v3", "must not contain a user or password"),
        ("api_url", "https://client-api.tryvox.co/v3?key=s3cret", "query"),
        ("api_url", "http://client-api.tryvox.co/v3", "use https"),
        ("api_url", "http://10.0.0.1/v3", "use https"),
        ("api_url", "http://127.0.0.1.example.com/v3", "use https"),
        ("api_url", "https://client-api.tryvox.co/v3?", "query"),
        ("api_url", "https://client-api.tryvox.co/v3#", "query"),
        ("timeout", 0, "timeout is 0: write a number from 1 to 3600"),
        ("timeout", 3601, "timeout is 3601"),
        ("timeout", True, "timeout is True"),
        ("retries", -1, "retries is -1: write a number from 0"),
        ("ca_path", "a\0b", "it is not a path"),
        ("requests_per_second", -1, "requests_per_second is -1"),
        ("requests_per_minute", 10**20, "requests_per_minute is 1000"),
        ("ca_path", "/does/not/exist.pem", "No such file"),
    ],
)
def test_invalid_options_are_refused(option: str, value: t.Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        connect({**GOOD, option: value})
    assert "s3cret" not in str(caught.value)
    assert "the-key" not in str(caught.value)


def test_a_bundle_without_certificates_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "empty.pem"
    bundle.write_text("no certificate\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no PEM certificates"):
        connect({**GOOD, "ca_path": str(bundle)})


def test_a_bundle_is_ignored_without_validation() -> None:
    connect({**GOOD, "ca_path": "/does/not/exist.pem", "validate_certs": False})


ENVIRONMENT = {
    "VOX_API_KEY": ("api_key", "env-key"),
    "VOX_API_URL": ("api_url", "https://localhost/v3"),
    "VOX_VALIDATE_CERTS": ("validate_certs", False),
    "VOX_CA_PATH": ("ca_path", "/ca.pem"),
    "VOX_TIMEOUT": ("timeout", 7),
    "VOX_RETRIES": ("retries", 0),
    "VOX_REQUESTS_PER_SECOND": ("requests_per_second", 9),
    "VOX_REQUESTS_PER_MINUTE": ("requests_per_minute", 0),
}


def validated(**given: t.Any) -> t.Any:
    return ArgumentSpecValidator(CONNECTION_SPEC).validate(given)


@pytest.mark.parametrize("variable", ENVIRONMENT)
def test_the_environment_provides_missing_options(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    option, value = ENVIRONMENT[variable]
    monkeypatch.setenv(variable, str(value))
    assert validated().validated_parameters[option] == value


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ENVIRONMENT:
        monkeypatch.setenv(variable, " ")
    result = validated()
    assert {**result.validated_parameters, "api_key": "the-key"} == GOOD
    with pytest.raises(InputError, match=r"api_key is missing: set .* VOX_API_KEY"):
        connect(result.validated_parameters)


def test_a_key_from_the_environment_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_API_KEY", "env-key")
    assert "env-key" in validated()._no_log_values
