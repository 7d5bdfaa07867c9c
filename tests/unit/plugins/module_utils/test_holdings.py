# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t
import unicodedata

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

ONE = "/organization-telephone-numbers/id-1"


def test_reads_no_further_than_the_number(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record(), next_cursor="c")
    assert holdings.look_up("07011112222") == record()


def test_reads_on_where_it_stopped(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record(number="1"), record(number="2"), next_cursor="c")
    assert holdings.look_up("1") and holdings.look_up("2")
    conversation.expect_list("active", record(number="3"), cursor="c")
    conversation.expect_list("scheduled", record(number="4", status="scheduled"))
    assert holdings.look_up("3") and holdings.look_up("4")
    conversation.expect_list("cancel_requested")
    assert holdings.look_up("5") is None
    assert holdings.look_up("6") is None


def test_an_expired_record_is_not_the_number(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record(status="expired"), record(id="id-2"))
    assert holdings.look_up("07011112222") == record(id="id-2")


def test_who_asks_again_gets_news(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record())
    holdings.look_up("07011112222")
    conversation.expect(f"GET {ONE}", record(memo="new"))
    assert holdings.look_up("07011112222") == record(memo="new")


@pytest.mark.parametrize("answer", [404, "expired"])
def test_a_number_that_is_gone_is_looked_for_anew(conversation: t.Any, record: t.Any, answer: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record())
    holdings.look_up("07011112222")
    if answer == 404:
        conversation.refuse(f"GET {ONE}", 404)
        # It was listed: is that still so?
        conversation.expect_not_held()
    else:
        conversation.expect(f"GET {ONE}", record(status="expired"))
    conversation.expect_list("active", record(id="id-2"))
    assert holdings.look_up("07011112222") == record(id="id-2")


def test_a_number_that_was_not_held_is_looked_for_anew(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_not_held()
    assert holdings.look_up("07011112222") is None
    conversation.expect_list("active", record())
    assert holdings.look_up("07011112222") == record()


def test_a_listing_that_broke_off_is_not_taken_for_a_whole_one(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record(number="1"), next_cursor="c")
    conversation.refuse(
        "GET /organization-telephone-numbers", 400, query={"status": "active", "limit": "100", "cursor": "c"}
    )
    with pytest.raises(ApiError):
        holdings.look_up("2")
    conversation.expect_list("active", record(number="1"), next_cursor="c")
    conversation.expect_list("active", record(number="3"), cursor="c")
    assert holdings.look_up("3") == record(number="3")


def test_what_was_behind_a_number_that_is_given_up_is_not_missed(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record(number="1"), next_cursor="c")
    holdings.look_up("1")
    holdings.drop(record(number="1"))
    holdings.status_changed()
    # Where a cursor is a position, number 2 has moved up to the first page.
    conversation.expect_list("active", record(id="id-2", number="2"), next_cursor="c")
    assert holdings.look_up("2") == record(id="id-2", number="2")


def test_after_a_whole_listing_a_number_given_up_costs_nothing(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record())
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert holdings.look_up("1") is None
    holdings.look_up("07011112222")
    holdings.drop(record())
    holdings.status_changed()
    assert holdings.look_up("2") is None


def test_what_was_registered_is_known_whatever_the_list_says(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_not_held()
    assert holdings.look_up("1") is None
    holdings.keep(record(number="1"))
    for _index in range(2):
        conversation.expect_not_held()
        assert holdings.read_again("2") is None
    conversation.expect(f"GET {ONE}", record(number="1"))
    assert holdings.look_up("1") == record(number="1")


def test_what_was_given_up_is_gone_whatever_the_list_says(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record())
    holdings.look_up("07011112222")
    holdings.drop(record())
    conversation.expect_list("active", record())
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert holdings.look_up("07011112222") is None


def test_a_page_that_was_read_by_half_is_read_again(conversation: t.Any, record: t.Any) -> None:
    """A task's timeout may strike anywhere."""

    class Struck(BaseException):
        pass

    class Page(list[t.Any]):
        def __iter__(self) -> t.Iterator[t.Any]:
            raise Struck

    _api, holdings = conversation.holdings()
    holdings._pages = iter([Page([record()])])
    with pytest.raises(Struck):
        holdings.look_up("1")
    conversation.expect_list("active", record(number="2"))
    assert holdings.look_up("2") == record(number="2")


def test_the_first_record_of_a_number_wins(conversation: t.Any, record: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record())
    conversation.expect_list(
        "scheduled", *(record(**more, status="scheduled") for more in ({"id": "id-2"}, {"id": "id-3", "number": "3"}))
    )
    assert holdings.look_up("3")
    assert holdings.look_up("07011112222") == record()


def test_a_record_that_has_become_another_number_s_is_an_error(conversation: t.Any, record: t.Any) -> None:
    """Neither is it changed, nor is the number taken for not held."""
    _api, holdings = conversation.holdings()
    conversation.expect_list("active", record())
    holdings.look_up("07011112222")
    conversation.expect(f"GET {ONE}", record(number="07099999999"))
    with pytest.raises(ApiError, match="another number"):
        holdings.look_up("07011112222")


def test_what_was_given_up_is_gone_in_whatever_form_its_id_is_listed(conversation: t.Any, record: t.Any) -> None:
    uuid = "9b2c6c1e-7d10-4f0e-9a52-6c7d4a0b9a53"
    _api, holdings = conversation.holdings()
    holdings.drop(record(id=uuid))
    conversation.expect_list("active", record(id=uuid.upper()))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert holdings.look_up("07011112222") is None


def test_an_agent_that_is_listed_twice_is_one_in_any_letter_case(conversation: t.Any) -> None:
    uuid = "9b2c6c1e-7d10-4f0e-9a52-6c7d4a0b9a53"
    _api, holdings = conversation.holdings()
    agents = [{"agent_id": written, "name": "Desk"} for written in (uuid.upper(), uuid)]
    conversation.expect("GET /agents", {"items": agents}, query={"q": "Desk", "limit": "100"})
    assert holdings.agent_id("Desk") == uuid


DESK, OTHER = {"agent_id": "a-1", "name": "Desk"}, {"agent_id": "a-2", "name": "Desk 2"}


@pytest.mark.parametrize(
    ("agents", "found"),
    [
        ([OTHER, DESK], "a-1"),
        ([DESK, OTHER, DESK], "a-1"),
        ([OTHER], r"no agent is named 'Desk'. Similar names: 'Desk 2' \(a-2\)\. Write"),
        ([], "no agent is named 'Desk', and none has that in its name. Write"),
        (
            [DESK, {**DESK, "agent_id": "a-3"}, OTHER],
            r"2 agents are named 'Desk': 'Desk' \(a-1\), 'Desk' \(a-3\)\. Give",
        ),
    ],
)
def test_an_agent_is_found_by_its_exact_name(conversation: t.Any, agents: list[t.Any], found: str) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect("GET /agents", {"items": agents}, query={"q": "Desk", "limit": "100"})
    if found == "a-1":
        assert holdings.agent_id("Desk") == found
        assert holdings.agent_id("Desk") == found, "asked for once"
    else:
        with pytest.raises(InputError, match=found):
            holdings.agent_id("Desk")


COMPOSED, DECOMPOSED = "상담", "\u1109\u1161\u11bc\u1103\u1161\u11b7"


@pytest.mark.parametrize(("written", "listed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_an_agent_is_found_however_its_letters_are_encoded(conversation: t.Any, written: str, listed: str) -> None:
    """Whether the API finds decomposed Hangul by composed one is not known: all agents are listed."""
    assert unicodedata.normalize("NFC", written) == unicodedata.normalize("NFC", listed)
    _api, holdings = conversation.holdings()
    conversation.expect("GET /agents", {"items": [OTHER, {**DESK, "name": listed}]}, query={"limit": "100"})
    assert holdings.agent_id(written) == "a-1"


def test_agents_of_similar_names_are_shown_as_far_as_anybody_would_read(conversation: t.Any) -> None:
    _api, holdings = conversation.holdings()
    agents = [{"agent_id": f"a-{index}", "name": "Desks" * 10**5} for index in range(25)]
    conversation.expect("GET /agents", {"items": agents}, query={"q": "Desk", "limit": "100"})
    with pytest.raises(InputError, match=r"\(a-19\) and 5 more\. Write") as caught:
        holdings.agent_id("Desk")
    assert len(str(caught.value)) < 3000


def test_an_agent_that_was_not_there_is_asked_for_again(conversation: t.Any) -> None:
    _api, holdings = conversation.holdings()
    conversation.expect("GET /agents", {"items": []}, query={"q": "Desk", "limit": "100"})
    with pytest.raises(InputError):
        holdings.agent_id("Desk")
    conversation.expect("GET /agents", {"items": [DESK]}, query={"q": "Desk", "limit": "100"})
    assert holdings.agent_id("Desk") == "a-1"
