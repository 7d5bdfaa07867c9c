# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t
import unicodedata
from contextlib import contextmanager

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import _ledger
from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._store import claimed
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

ONE = "/organization-telephone-numbers/id-1"
LIST = "/organization-telephone-numbers"


@pytest.fixture(autouse=True)
def with_both_stores(conversation: t.Any, make_store: t.Any) -> None:
    conversation.make_store = make_store


def test_reads_no_further_than_the_number(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(), next_cursor="c")
    assert ledger.look_up(api, "07011112222") == record()


def test_reads_on_where_it_stopped(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(number="1"), record(number="2"), next_cursor="c")
    assert ledger.look_up(api, "1") and ledger.look_up(api, "2")
    conversation.expect_list("active", record(number="3"), cursor="c")
    conversation.expect_list("scheduled", record(number="4", status="scheduled"))
    assert ledger.look_up(api, "3") and ledger.look_up(api, "4")
    conversation.expect_list("cancel_requested")
    assert ledger.look_up(api, "5") is None
    assert ledger.look_up(api, "6") is None


def test_an_expired_record_is_not_the_number(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(status="expired"), record(id="id-2"))
    assert ledger.look_up(api, "07011112222") == record(id="id-2")


def test_who_asks_again_gets_news(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    ledger.look_up(api, "07011112222")
    conversation.expect(f"GET {ONE}", record(memo="new"))
    assert ledger.look_up(api, "07011112222") == record(memo="new")


@pytest.mark.parametrize("answer", [404, "expired"])
def test_a_number_that_is_gone_is_looked_for_anew(conversation: t.Any, record: t.Any, answer: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    ledger.look_up(api, "07011112222")
    if answer == 404:
        conversation.refuse(f"GET {ONE}", 404)
    else:
        conversation.expect(f"GET {ONE}", record(status="expired"))
    conversation.expect_list("active", record(id="id-2"))
    assert ledger.look_up(api, "07011112222") == record(id="id-2")


def test_a_number_that_was_not_held_is_looked_for_anew(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_not_held()
    assert ledger.look_up(api, "07011112222") is None
    conversation.expect_list("active", record())
    assert ledger.look_up(api, "07011112222") == record()


def test_a_listing_that_broke_off_is_not_taken_for_a_whole_one(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(number="1"), next_cursor="c")
    conversation.refuse(
        "GET /organization-telephone-numbers", 400, query={"status": "active", "limit": "100", "cursor": "c"}
    )
    with pytest.raises(ApiError):
        ledger.look_up(api, "2")
    conversation.expect_list("active", record(number="1"), next_cursor="c")
    conversation.expect_list("active", record(number="3"), cursor="c")
    assert ledger.look_up(api, "3") == record(number="3")


def test_what_was_behind_a_number_that_is_given_up_is_not_missed(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(number="1"), next_cursor="c")
    ledger.look_up(api, "1")
    ledger.gone(record(number="1"))
    ledger.status_changed()
    # Where a cursor is a position, number 2 has moved up to the first page. The rest proves nothing.
    conversation.expect_list("active", cursor="c")
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect_list("active", record(id="id-2", number="2"), next_cursor="c")
    assert ledger.look_up(api, "2") == record(id="id-2", number="2")


def test_after_a_whole_listing_a_number_given_up_costs_nothing(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert ledger.look_up(api, "1") is None
    ledger.look_up(api, "07011112222")
    ledger.gone(record())
    ledger.status_changed()
    assert ledger.look_up(api, "2") is None


def test_what_was_registered_is_known_whatever_the_list_says(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_not_held()
    assert ledger.look_up(api, "1") is None
    ledger.note(record(number="1"))
    for _index in range(2):
        conversation.expect_not_held()
        assert ledger.held(api, {"2"}, after=ledger.now()) == {}
    conversation.expect(f"GET {ONE}", record(number="1"))
    assert ledger.look_up(api, "1") == record(number="1")


def test_what_was_given_up_is_gone_whatever_the_list_says(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    ledger.look_up(api, "07011112222")
    ledger.gone(record())
    conversation.expect_list("active", record())
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert ledger.look_up(api, "07011112222") is None


def test_a_page_that_was_read_by_half_is_read_again(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task's timeout may strike anywhere."""

    class Struck(BaseException):
        pass

    class Page(list[t.Any]):
        def __iter__(self) -> t.Iterator[t.Any]:
            raise Struck

    api, ledger = conversation.organization()
    with monkeypatch.context() as patch, pytest.raises(Struck):
        patch.setattr(api, "page", lambda status, position: Page([record()]))
        ledger.look_up(api, "1")
    conversation.expect_list("active", record(number="2"))
    assert ledger.look_up(api, "2") == record(number="2")


def test_the_first_record_of_a_number_wins(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    conversation.expect_list(
        "scheduled", *(record(**more, status="scheduled") for more in ({"id": "id-2"}, {"id": "id-3", "number": "3"}))
    )
    assert ledger.look_up(api, "3")
    assert ledger.look_up(api, "07011112222") == record()


def test_a_record_that_has_become_another_number_s_is_an_error(conversation: t.Any, record: t.Any) -> None:
    """Neither is it changed, nor is the number taken for not held."""
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    ledger.look_up(api, "07011112222")
    conversation.expect(f"GET {ONE}", record(number="07099999999"))
    with pytest.raises(ApiError, match="another number"):
        ledger.look_up(api, "07011112222")


def test_what_was_given_up_is_gone_in_whatever_form_its_id_is_listed(conversation: t.Any, record: t.Any) -> None:
    uuid = "9b2c6c1e-7d10-4f0e-9a52-6c7d4a0b9a53"
    api, ledger = conversation.organization()
    ledger.gone(record(id=uuid))
    conversation.expect_list("active", record(id=uuid.upper()))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert ledger.look_up(api, "07011112222") is None


def test_an_agent_that_is_listed_twice_is_one_in_any_letter_case(conversation: t.Any) -> None:
    uuid = "9b2c6c1e-7d10-4f0e-9a52-6c7d4a0b9a53"
    api, ledger = conversation.organization()
    agents = [{"agent_id": written, "name": "Desk"} for written in (uuid.upper(), uuid)]
    conversation.expect("GET /agents", {"items": agents}, query={"q": "Desk", "limit": "100"})
    assert ledger.agent_id(api, "Desk") == uuid


DESK, OTHER = {"agent_id": "a-1", "name": "Desk"}, {"agent_id": "a-2", "name": "Desk 2"}


@pytest.mark.parametrize(
    ("agents", "found"),
    [
        ([OTHER, DESK], "a-1"),
        ([DESK, OTHER, DESK], "a-1"),
        ([OTHER], r"no agent is named 'Desk'. Similar names: 'Desk 2' \(a-2\)\. Write"),
        ([], "no agent is named 'Desk', and no agent's name contains it. Write"),
        (
            [DESK, {**DESK, "agent_id": "a-3"}, OTHER],
            r"2 agents are named 'Desk': 'Desk' \(a-1\), 'Desk' \(a-3\)\. Use",
        ),
    ],
)
def test_an_agent_is_found_by_its_exact_name(conversation: t.Any, agents: list[t.Any], found: str) -> None:
    api, ledger = conversation.organization()
    conversation.expect("GET /agents", {"items": agents}, query={"q": "Desk", "limit": "100"})
    if found == "a-1":
        assert ledger.agent_id(api, "Desk") == found
        assert ledger.agent_id(api, "Desk") == found, "asked for once"
    else:
        with pytest.raises(InputError, match=found):
            ledger.agent_id(api, "Desk")


COMPOSED, DECOMPOSED = "상담", "\u1109\u1161\u11bc\u1103\u1161\u11b7"


@pytest.mark.parametrize(("written", "listed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_an_agent_is_found_however_its_letters_are_encoded(conversation: t.Any, written: str, listed: str) -> None:
    """Whether the API finds decomposed Hangul by composed one is not known: all agents are listed."""
    assert unicodedata.normalize("NFC", written) == unicodedata.normalize("NFC", listed)
    api, ledger = conversation.organization()
    conversation.expect("GET /agents", {"items": [OTHER, {**DESK, "name": listed}]}, query={"limit": "100"})
    assert ledger.agent_id(api, written) == "a-1"


def test_agents_of_similar_names_are_shown_as_far_as_anybody_would_read(conversation: t.Any) -> None:
    api, ledger = conversation.organization()
    agents = [{"agent_id": f"a-{index}", "name": "Desks" * 10**5} for index in range(25)]
    conversation.expect("GET /agents", {"items": agents}, query={"q": "Desk", "limit": "100"})
    with pytest.raises(InputError, match=r"\(a-19\) and 5 more\. Write") as caught:
        ledger.agent_id(api, "Desk")
    assert len(str(caught.value)) < 3000


def test_an_agent_that_was_not_there_is_asked_for_again(conversation: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect("GET /agents", {"items": []}, query={"q": "Desk", "limit": "100"})
    with pytest.raises(InputError):
        ledger.agent_id(api, "Desk")
    conversation.expect("GET /agents", {"items": [DESK]}, query={"q": "Desk", "limit": "100"})
    assert ledger.agent_id(api, "Desk") == "a-1"


def test_a_listing_is_believed_for_half_a_minute(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(number="1"), record(number="2"), record(number="3"), next_cursor="c")
    assert ledger.look_up(api, "1")
    conversation.now += 29
    assert ledger.look_up(api, "2")
    conversation.now += 2
    conversation.expect_list("active", record(number="3", memo="new"), next_cursor="c")
    assert ledger.look_up(api, "3") == record(number="3", memo="new")


def test_many_numbers_that_are_asked_for_again_are_listed_anew(conversation: t.Any, record: t.Any) -> None:
    """And not read one by one."""
    api, ledger = conversation.organization()
    for memo in ("old", "new"):
        conversation.expect_list("active", *(record(id=f"id-{n}", number=f"{n}", memo=memo) for n in range(3)))
        found = ledger.held(api, {"0", "1", "2"})
        assert [found[str(n)]["memo"] for n in range(3)] == [memo] * 3


def test_a_list_that_lags_hides_no_own_write(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    written = record(number="1", memo="own", updated_at=2)
    ledger.note(written)
    ledger.note(record(id="id-3", number="3"))
    conversation.expect_list("active", record(number="1", updated_at=1), record(id="id-2", number="2"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    # The list began later, and does not know it: it may lag, or the number is gone.
    conversation.expect("GET /organization-telephone-numbers/id-3", record(id="id-3", number="3"))
    found = ledger.held(api, {"1", "2", "3"})
    assert found["1"] == written
    assert sorted(found) == ["1", "2", "3"]


def test_somebody_else_s_change_after_an_own_write_is_seen(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    ledger.note(record(number="1", memo="own", updated_at=2))
    conversation.expect_list("active", record(number="1", memo="theirs", updated_at=3), record(id="id-2", number="2"))
    assert ledger.held(api, {"1", "2"})["1"]["memo"] == "theirs"


def test_all_records_are_found_newest_first_in_each_status(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(id="a", number="1"), record(id="b", number="2"), next_cursor="c")
    conversation.expect_list("active", record(id="c", number="1"), record(id="e", number="3"), cursor="c")
    conversation.expect_list("scheduled", record(id="d", number="1", status="scheduled"))
    conversation.expect_list("cancel_requested")
    assert [one["id"] for one in ledger.records(api, None)] == ["a", "b", "c", "e", "d"]
    conversation.expect("GET /organization-telephone-numbers/b", record(id="b", number="2"))
    assert ledger.look_up(api, "2")


def test_pages_are_read_over_the_connection_of_who_asks(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    other = conversation.api()
    conversation.expect_list("active", record(number="1"), next_cursor="c")
    conversation.expect_list("active", record(number="2"), cursor="c")
    assert ledger.look_up(api, "1") and ledger.look_up(other, "2")
    assert (api.requests_sent, other.requests_sent) == (1, 1)


def test_who_waited_for_a_listing_that_failed_fails_with_it(conversation: t.Any, make_store: t.Any) -> None:
    """In order, each would try as often: a service that is down would take hours. Others try for themselves."""
    api, ledger = conversation.organization(0)
    asked = ledger.now()
    conversation.refuse(f"GET {LIST}", 403, query={"status": "active", "limit": "100"})
    with pytest.raises(ApiError):
        ledger.look_up(api, "1")
    with pytest.raises(ApiError, match="403"):
        ledger._list(api, lambda facts: False, asked, asked, print)
    conversation.expect_not_held()
    assert ledger.look_up(api, "2") is None


def test_of_two_records_that_are_listed_the_written_one_hides_no_other(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    ledger.note(record(id="id-2"))
    conversation.expect_list("active", record(), record(id="id-2"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect(f"GET {LIST}/id-2", record(id="id-2"))
    assert sorted(one["id"] for one in ledger.records(api, None)) == ["id-1", "id-2"]


def test_a_404_of_what_another_worker_has_listed_is_not_believed(
    conversation: t.Any, record: t.Any, make_store: t.Any
) -> None:
    store = make_store()
    conversation.make_store = lambda: store
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    ledger.held(api, {"07011112222"})
    other, its_ledger = conversation.organization()
    other.recognized = its_ledger.has_listed()
    its_ledger._store.do(lambda facts: facts.drop("answered", "07011112222"))
    assert its_ledger.look_up(other, "07011112222") == record()
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_list("active", record())
    with pytest.raises(ApiError, match="the API lists the record id-1"):
        other.number("id-1")


def test_workers_whose_listed_records_are_gone_make_sure_once(
    conversation: t.Any, record: t.Any, make_store: t.Any
) -> None:
    store = make_store()
    conversation.make_store = lambda: store
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(), record(id="id-2", number="07011113333"))
    ledger.held(api, {"07011112222", "07011113333"})
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_not_held()
    assert api.number("id-1") is None
    other, its_ledger = conversation.organization()
    its_ledger._store.do(lambda facts: facts.drop("answered", "07011113333"))
    assert its_ledger.look_up(other, "07011113333") == record(id="id-2", number="07011113333")
    conversation.refuse(f"GET {LIST}/id-2", 404)
    assert other.number("id-2") is None


def test_a_number_that_was_held_twice_is_held_once_more(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(), record(id="id-2"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert ledger.look_up(api, "1") is None
    # By its id, so that nobody has asked for the number.
    ledger.gone(record())
    assert ledger.look_up(api, "07011112222") == record(id="id-2")


def test_what_another_worker_wrote_is_known(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    moment = ledger.now()

    def left() -> t.Any:
        written = ledger.written_since("1", moment)
        return written and (written["record"], written["known"])

    assert left() is None
    ledger.writing("1")
    assert left() == (None, False)
    ledger.note(record(number="1"))
    assert left() == (record(number="1"), True)
    assert not ledger.written_since("1", ledger.now())
    # A passing 404, while another worker reads it, is no deletion.
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_not_held()
    assert ledger.look_up(api, "1") is None
    assert left() == (record(number="1"), True)
    ledger.gone(record(number="1"))
    assert left() == (None, True)


@pytest.mark.parametrize(("answer", "complaint"), [(403, "HTTP 403"), ([], "no agent is named 'Desk'")])
def test_an_error_about_an_agent_ends_the_workers_that_waited_for_it(
    conversation: t.Any, answer: t.Any, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise each of a hundred workers would ask one after the other, with all retries."""
    api, ledger = conversation.organization(0)
    waiting = [True]

    @contextmanager
    def wait_long(*arguments: t.Any) -> t.Iterator[None]:
        if waiting and waiting.pop():
            # Meanwhile another worker asks.
            with pytest.raises((ApiError, InputError), match=complaint):
                ledger.agent_id(api, "Desk")
        with claimed(*arguments):
            yield

    monkeypatch.setattr(_ledger, "claimed", wait_long)
    for _time in range(2):
        query = {"q": "Desk", "limit": "100"}
        if answer == 403:
            conversation.refuse("GET /agents", 403, query=query)
        else:
            conversation.expect("GET /agents", {"items": answer}, query=query)
        with pytest.raises((ApiError, InputError), match=complaint):
            ledger.agent_id(api, "Desk")


def test_agents_are_believed_for_half_a_minute(conversation: t.Any) -> None:
    api, ledger = conversation.organization()
    for agent in (DESK, {**DESK, "agent_id": "a-9"}):
        conversation.expect("GET /agents", {"items": [agent]}, query={"q": "Desk", "limit": "100"})
        assert ledger.agent_id(api, "Desk") == agent["agent_id"]
        conversation.now += 29
        assert ledger.agent_id(api, "Desk") == agent["agent_id"]
        conversation.now += 2
