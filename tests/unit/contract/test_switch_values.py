# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The suite reports each value of each switch, and observed.yml restores it."""

from __future__ import annotations

import dataclasses
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from contract._statements import STATEMENTS
from simulator import Simulator, Switches, observed_switches
from unit.contract.running import HELD, KEY, left, populate, start, touched

HIDDEN = {"delete_cancel_requested", "patch_cancel_requested", "patch_ends_ab_test"}
"""Switches that no request of the suite can detect."""

SAMPLES: dict[str, tuple[Any, ...]] = {
    "error_bodies": ({}, {403: "other", 422: "empty"}, {401: "empty"}),
    "error_codes": ({}, {403: "KEY_UNKNOWN", 404: "TELEPHONE_NUMBER_NOT_FOUND"}),
    "list_lag": (0, 0.3),
    # Without a limit, there is no header to read it from.
    "rate_limit": ((1000, 10_000),),
    "retry_after": (None, 3.0),
    "latency": (0, 0.01),
}


def values(name: str) -> tuple[Any, ...]:
    hint = get_type_hints(Switches)[name]
    if get_origin(hint) is Literal:
        return get_args(hint)
    return SAMPLES.get(name, (True, False))


ALL = {switch.name: values(switch.name) for switch in dataclasses.fields(Switches)}
ROWS = [{name: some[index % len(some)] for name, some in ALL.items()} for index in range(max(map(len, ALL.values())))]
"""A few combinations that contain each value of each switch."""


def test_combinations_contain_each_value_of_each_switch() -> None:
    for name, some in ALL.items():
        assert [value for value in some if all(row[name] != value for row in ROWS)] == []
    assert len(ROWS) < 8


@pytest.mark.parametrize("index", range(len(ROWS)))
def test_each_value_is_reported(sim: Simulator, tmp_path: Path, index: int) -> None:
    row = ROWS[index]
    sim.switches = Switches(**row)
    # The only way to see the header of a 429 without exceeding the limit.
    sim.fault("rate_limited", "GET", "/agents", retry_after=row["retry_after"])
    ran = start(sim.url, tmp_path, write=True)
    assert ran.differing == {}
    assert ran.code == 0, ran.output
    seen = ran.observed["switches"]
    assert set(ran.observed["not_seen"]) == HIDDEN | set(ALL) - set(seen)
    for name in set(ALL) - HIDDEN:
        if name == "list_lag":
            assert seen[name] == 0 if row[name] == 0 else row[name] - 0.1 <= seen[name] < 2
        elif name == "latency":
            assert row[name] <= seen[name] < row[name] + 1
        elif name == "rate_limit":
            assert seen.get(name) == (list(row[name]) if row["limit_headers"] else None)
        elif name == "show_ab_test":
            assert seen.get(name) == (True if row[name] else None)
        elif name == "error_bodies":
            assert seen[name] == {status: row[name].get(status, "envelope") for status in seen[name]}
            assert not row[name] or set(row[name]) & set(seen[name])
        elif name == "error_codes":
            enveloped = {status: code for status, code in row[name].items() if row["error_bodies"].get(status) is None}
            assert enveloped.items() <= seen[name].items()
        else:
            assert (seen[name], type(seen[name])) == (row[name], type(row[name])), name
    # The simulator accepts the file, and behaves as observed.
    again = observed_switches(ran.observed)
    assert {name: getattr(again, name) for name in set(seen) - set(SAMPLES)} == {
        name: row[name] for name in set(seen) - set(SAMPLES)
    }
    assert set(left(sim)) == {"expired"}
    assert not touched(sim) & {record["id"] for record in sim.numbers() if record["number"] in HELD}


def test_each_switch_belongs_to_one_statement() -> None:
    decided = [name for one in STATEMENTS.values() for name in one.switches]
    assert sorted(decided) == sorted(ALL)
    for one in STATEMENTS.values():
        for name, allowed in one.switches.items():
            assert not allowed or set(map(repr, allowed)) == set(map(repr, ALL[name])), name
    for path, _comma, name in (one.place.partition(", ") for one in STATEMENTS.values()):
        text = (Path(__file__).parents[3] / path).read_text(encoding="utf-8")
        assert name.rpartition(".")[2] in text, (path, name)


def test_reads_are_limited(sim: Simulator, tmp_path: Path) -> None:
    ran = start(sim.url, tmp_path)
    assert ran.code == 0
    assert len(sim.requests) <= 40
    assert sim.writes == []
    assert ran.observed["mode"] == "read"
    assert "register_status" in ran.observed["not_seen"]
    assert "checked only with WRITE=yes" in ran.output
    # With few numbers or none, nothing differs, and few statements are seen.
    with Simulator(keys=(KEY,)) as empty:
        ran = start(empty.url, tmp_path)
    assert (ran.code, ran.differing) == (0, {})
    assert "there are no numbers" in ran.output


def test_existing_observed_file_is_overwritten_in_place(sim: Simulator, tmp_path: Path) -> None:
    kept = tmp_path / "kept.yml"
    kept.write_text("before", encoding="utf-8")
    (tmp_path / "observed.yml").symlink_to(kept)
    start(sim.url, tmp_path)
    assert (tmp_path / "observed.yml").is_symlink()
    assert kept.read_text(encoding="utf-8").startswith("---")


def test_many_numbers(tmp_path: Path) -> None:
    with Simulator(keys=(KEY,)) as sim:
        populate(sim)
        for index in range(150):
            sim.add(f"07055{index:06}")
        ran = start(sim.url, tmp_path, write=True)
        assert (ran.code, ran.differing) == (0, {})
        assert "holds" in ran.row("L10") and "holds" in ran.row("L11")


def test_rate_limit_is_respected() -> None:
    from contract._client import Client

    now = [0.0]
    sent: list[float] = []

    class Fake:
        def exchange(self, *_arguments: Any) -> Any:
            sent.append(now[0])
            raise ValueError

    def sleep(seconds: float) -> None:
        now[0] += seconds

    client = Client("http://127.0.0.1:1/v3", KEY, clock=lambda: now[0], sleep=sleep)
    client._sessions = dict.fromkeys(client._sessions, Fake())  # type: ignore[arg-type]
    client.most = None
    for _index in range(300):
        client._useless = 0
        client.get("/agents")
    for window, most in ((1, 5), (60, 120)):
        assert all(len([at for at in sent if start <= at < start + window]) <= most for start in sent)


def test_all_statements_are_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    documented = {
        row[0].strip("| "): tuple(cell.strip().replace("\\_", "_") for cell in row[1:4])
        for row in rows
        if row[0].strip("| ") in STATEMENTS
    }
    assert documented == {key: (one.mark, one.text, one.expected) for key, one in STATEMENTS.items()}
    switches = set(chain.from_iterable(one.switches for one in STATEMENTS.values()))
    assert {name for name in switches if f"`{name}`" not in text} == set()
