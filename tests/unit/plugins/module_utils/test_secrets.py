# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import _secrets
from ansible_collections.voxai.telephony.plugins.module_utils._secrets import MASK, Masker
from ansible_collections.voxai.telephony.plugins.module_utils._values import HIDDEN


@pytest.mark.parametrize(
    ("secrets", "value", "masked"),
    [
        ([], "text", "text"),
        (["secret"], "secret", HIDDEN),
        (["secret"], "a secret, secret", f"a {MASK}, {MASK}"),
        (["secret"], "secre", "secre"),
        (["secret"], "secretsecret", MASK),
        (["a"], "banana", f"b{MASK}n{MASK}n{MASK}"),
        (["ab", "abcdefgh"], "abab", MASK),
        # One contains the other, or they overlap: nothing of the longer one remains.
        (["secret", "secret-and-more"], "secret-and-more.", f"{MASK}."),
        (["secret", "no-secret"], ".no-secret", f".{MASK}"),
        (["b", "abc"], "abc b", f"{MASK} {MASK}"),
        (["abcdef", "defghi"], "abcdefghi.", f"{MASK}."),
        (["비밀번호"], "나의 비밀번호!", f"나의 {MASK}!"),
        # Integers are masked as a whole. The outcome of a task is never masked.
        (["42"], 1420, HIDDEN),
        (["42"], 1.42, HIDDEN),
        (["42"], 41, 41),
        (["True", "None"], [True, None, "True"], [True, None, HIDDEN]),
        (["secret"], {"secret": ["secret", {"x": ("a secret",)}]}, {"secret": [HIDDEN, {"x": [f"a {MASK}"]}]}),
    ],
)
def test_masked(secrets: list[str], value: t.Any, masked: t.Any) -> None:
    assert Masker(secrets).mask(value) == masked


def test_keys_are_masked_on_demand() -> None:
    value = [{"a secret": {"secret": 1}}]
    assert Masker(["secret"]).mask(value, keys=True) == [{f"a {MASK}": {HIDDEN: 1}}]


def test_the_cost_does_not_grow_with_the_number_of_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test counts comparisons, not seconds."""

    class Counting(dict[str, set[int]]):
        count = 0

        def get(self, *arguments: t.Any) -> t.Any:
            self.count += 1
            return super().get(*arguments)

    def cost(secrets: int) -> int:
        masker = Masker(f"{index:05}-password" for index in range(secrets))
        masker._lengths = counting = Counting(masker._lengths)
        assert masker.mask("no secret is in this text") == "no secret is in this text"
        assert masker.mask("00003-password!") == f"{MASK}!"
        return counting.count

    assert cost(10_000) == cost(10)


def test_secrets_are_registered_if_ansible_supports_it(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[str] = []
    monkeypatch.setattr(_secrets, "_register", registered.extend)
    _secrets.register_secrets(["a", "b"])
    monkeypatch.setattr(_secrets, "_register", None)
    _secrets.register_secrets(["c"])
    assert registered == ["a", "b"]
