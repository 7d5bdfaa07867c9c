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


def test_listing_stops_at_the_number(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(), next_cursor="c")
    assert ledger.look_up(api, "07011112222") == record()


def test_listing_continues_where_it_stopped(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(number="1"), record(number="2"), next_cursor="c")
    assert ledger.look_up(api, "1") and ledger.look_up(api, "2")
    conversation.expect_list("active", record(number="3"), cursor="c")
    conversation.expect_list("scheduled", record(number="4", status="scheduled"))
    assert ledger.look_up(api, "3") and ledger.look_up(api, "4")
    conversation.expect_list("cancel_requested")
    assert ledger.look_up(api, "5") is None
    assert ledger.look_up(api, "6") is None


def test_expired_record_is_ignored(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(status="expired"), record(id="id-2"))
    assert ledger.look_up(api, "07011112222") == record(id="id-2")


def test_second_lookup_reads_the_record_by_id(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    ledger.look_up(api, "07011112222")
    conversation.expect(f"GET {ONE}", record(memo="new"))
    assert ledger.look_up(api, "07011112222") == record(memo="new")


@pytest.mark.parametrize("answer", [404, "expired"])
def test_number_whose_record_is_gone_is_listed_again(conversation: t.Any, record: t.Any, answer: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    ledger.look_up(api, "07011112222")
    if answer == 404:
        conversation.refuse(f"GET {ONE}", 404)
    else:
        conversation.expect(f"GET {ONE}", record(status="expired"))
    conversation.expect_list("active", record(id="id-2"))
    assert ledger.look_up(api, "07011112222") == record(id="id-2")


def test_number_that_was_not_held_is_listed_again(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_not_held()
    assert ledger.look_up(api, "07011112222") is None
    conversation.expect_list("active", record())
    assert ledger.look_up(api, "07011112222") == record()


def test_failed_listing_is_not_complete(conversation: t.Any, record: t.Any) -> None:
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


def test_deletion_during_a_listing_hides_no_number(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(number="1"), next_cursor="c")
    ledger.look_up(api, "1")
    ledger.gone(record(number="1"))
    ledger.status_changed()
    # If a cursor is a position, number 2 has moved up to the first page, so the other pages prove nothing.
    conversation.expect_list("active", cursor="c")
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect_list("active", record(id="id-2", number="2"), next_cursor="c")
    assert ledger.look_up(api, "2") == record(id="id-2", number="2")


def test_deletion_after_a_complete_listing_needs_no_new_listing(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert ledger.look_up(api, "1") is None
    ledger.look_up(api, "07011112222")
    ledger.gone(record())
    ledger.status_changed()
    assert ledger.look_up(api, "2") is None


def test_registered_number_is_known_even_if_it_is_not_listed(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_not_held()
    assert ledger.look_up(api, "1") is None
    ledger.note(record(number="1"))
    for _index in range(2):
        conversation.expect_not_held()
        assert ledger.held(api, {"2"}, after=ledger.now()) == {}
    conversation.expect(f"GET {ONE}", record(number="1"))
    assert ledger.look_up(api, "1") == record(number="1")


def test_deleted_number_is_gone_even_if_it_is_listed(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    ledger.look_up(api, "07011112222")
    ledger.gone(record())
    conversation.expect_list("active", record())
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert ledger.look_up(api, "07011112222") is None


def test_interrupted_page_is_read_again(conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task's timeout can interrupt the code at any point."""

    class Interrupted(BaseException):
        pass

    class Page(list[t.Any]):
        def __iter__(self) -> t.Iterator[t.Any]:
            raise Interrupted

    api, ledger = conversation.organization()
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(api, "page", lambda status, position: Page([record()]))
        ledger.look_up(api, "1")
    conversation.expect_list("active", record(number="2"))
    assert ledger.look_up(api, "2") == record(number="2")


def test_first_record_of_a_number_is_used(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    conversation.expect_list(
        "scheduled", *(record(**more, status="scheduled") for more in ({"id": "id-2"}, {"id": "id-3", "number": "3"}))
    )
    assert ledger.look_up(api, "3")
    assert ledger.look_up(api, "07011112222") == record()


def test_record_with_another_number_is_an_error(conversation: t.Any, record: t.Any) -> None:
    """The record is not changed, and the number does not count as missing."""
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    ledger.look_up(api, "07011112222")
    conversation.expect(f"GET {ONE}", record(number="07099999999"))
    with pytest.raises(ApiError, match="another number"):
        ledger.look_up(api, "07011112222")


def test_deleted_record_is_recognized_in_any_form_of_its_id(conversation: t.Any, record: t.Any) -> None:
    uuid = "9b2c6c1e-7d10-4f0e-9a52-6c7d4a0b9a53"
    api, ledger = conversation.organization()
    ledger.gone(record(id=uuid))
    conversation.expect_list("active", record(id=uuid.upper()))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert ledger.look_up(api, "07011112222") is None


def test_agent_ids_are_compared_case_insensitively(conversation: t.Any) -> None:
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
        assert ledger.agent_id(api, "Desk") == found, "requested only once"
    else:
        with pytest.raises(InputError, match=found):
            ledger.agent_id(api, "Desk")


COMPOSED, DECOMPOSED = "상담", "\u1109\u1161\u11bc\u1103\u1161\u11b7"


@pytest.mark.parametrize(("written", "listed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_agent_names_are_compared_in_a_unicode_normal_form(conversation: t.Any, written: str, listed: str) -> None:
    """The API may not find decomposed Hangul by its composed form, so all agents are listed."""
    assert unicodedata.normalize("NFC", written) == unicodedata.normalize("NFC", listed)
    api, ledger = conversation.organization()
    conversation.expect("GET /agents", {"items": [OTHER, {**DESK, "name": listed}]}, query={"limit": "100"})
    assert ledger.agent_id(api, written) == "a-1"


def test_message_shows_at_most_20_similar_names(conversation: t.Any) -> None:
    api, ledger = conversation.organization()
    agents = [{"agent_id": f"a-{index}", "name": "Desks" * 10**5} for index in range(25)]
    conversation.expect("GET /agents", {"items": agents}, query={"q": "Desk", "limit": "100"})
    with pytest.raises(InputError, match=r"\(a-19\) and 5 more\. Write") as caught:
        ledger.agent_id(api, "Desk")
    assert len(str(caught.value)) < 3000


def test_missing_agent_is_requested_again(conversation: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect("GET /agents", {"items": []}, query={"q": "Desk", "limit": "100"})
    with pytest.raises(InputError):
        ledger.agent_id(api, "Desk")
    conversation.expect("GET /agents", {"items": [DESK]}, query={"q": "Desk", "limit": "100"})
    assert ledger.agent_id(api, "Desk") == "a-1"


def test_listing_is_used_for_30_seconds(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(number="1"), record(number="2"), record(number="3"), next_cursor="c")
    assert ledger.look_up(api, "1")
    conversation.now += 29
    assert ledger.look_up(api, "2")
    conversation.now += 2
    conversation.expect_list("active", record(number="3", memo="new"), next_cursor="c")
    assert ledger.look_up(api, "3") == record(number="3", memo="new")


def test_second_lookup_of_many_numbers_uses_a_new_listing(conversation: t.Any, record: t.Any) -> None:
    """The records are not read one by one."""
    api, ledger = conversation.organization()
    for memo in ("old", "new"):
        conversation.expect_list("active", *(record(id=f"id-{n}", number=f"{n}", memo=memo) for n in range(3)))
        found = ledger.held(api, {"0", "1", "2"})
        assert [found[str(n)]["memo"] for n in range(3)] == [memo] * 3


def test_stale_list_does_not_hide_own_writes(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    written = record(number="1", memo="own", updated_at=2)
    ledger.note(written)
    ledger.note(record(id="id-3", number="3"))
    conversation.expect_list("active", record(number="1", updated_at=1), record(id="id-2", number="2"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    # The listing began after the write, but does not have the record: it is stale, or the number is gone.
    conversation.expect("GET /organization-telephone-numbers/id-3", record(id="id-3", number="3"))
    found = ledger.held(api, {"1", "2", "3"})
    assert found["1"] == written
    assert sorted(found) == ["1", "2", "3"]


def test_later_change_by_another_client_replaces_an_own_write(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    ledger.note(record(number="1", memo="own", updated_at=2))
    conversation.expect_list("active", record(number="1", memo="theirs", updated_at=3), record(id="id-2", number="2"))
    assert ledger.held(api, {"1", "2"})["1"]["memo"] == "theirs"


def test_records_are_newest_first_within_each_status(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(id="a", number="1"), record(id="b", number="2"), next_cursor="c")
    conversation.expect_list("active", record(id="c", number="1"), record(id="e", number="3"), cursor="c")
    conversation.expect_list("scheduled", record(id="d", number="1", status="scheduled"))
    conversation.expect_list("cancel_requested")
    assert [one["id"] for one in ledger.records(api, None)] == ["a", "b", "c", "e", "d"]
    conversation.expect("GET /organization-telephone-numbers/b", record(id="b", number="2"))
    assert ledger.look_up(api, "2")


def test_each_caller_reads_pages_over_its_own_connection(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    other = conversation.api()
    conversation.expect_list("active", record(number="1"), next_cursor="c")
    conversation.expect_list("active", record(number="2"), cursor="c")
    assert ledger.look_up(api, "1") and ledger.look_up(other, "2")
    assert (api.requests_sent, other.requests_sent) == (1, 1)


def test_failed_listing_fails_the_workers_that_waited_for_it(conversation: t.Any, make_store: t.Any) -> None:
    """Otherwise they would try one after the other, for hours if the service is down. Later lookups try again."""
    api, ledger = conversation.organization(0)
    asked = ledger.now()
    conversation.refuse(f"GET {LIST}", 403, query={"status": "active", "limit": "100"})
    with pytest.raises(ApiError):
        ledger.look_up(api, "1")
    with pytest.raises(ApiError, match="403"):
        ledger._list(api, lambda facts: False, asked, asked, print)
    conversation.expect_not_held()
    assert ledger.look_up(api, "2") is None


def test_written_record_does_not_hide_another_record_of_the_number(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    ledger.note(record(id="id-2"))
    conversation.expect_list("active", record(), record(id="id-2"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect(f"GET {LIST}/id-2", record(id="id-2"))
    assert sorted(one["id"] for one in ledger.records(api, None)) == ["id-1", "id-2"]


def test_404_for_a_record_that_another_worker_has_listed_is_an_error(
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


def test_workers_confirm_the_404_of_listed_records_only_once(
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


def test_second_record_is_used_after_the_first_is_deleted(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(), record(id="id-2"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    assert ledger.look_up(api, "1") is None
    # It was deleted by its id, so the number has not been looked up.
    ledger.gone(record())
    assert ledger.look_up(api, "07011112222") == record(id="id-2")


def test_writes_of_other_workers_are_known(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    moment = ledger.now()

    def last_write() -> t.Any:
        written = ledger.written_since("1", moment)
        return written and (written["record"], written["known"])

    assert last_write() is None
    ledger.writing("1")
    assert last_write() == (None, False)
    ledger.note(record(number="1"))
    assert last_write() == (record(number="1"), True)
    assert not ledger.written_since("1", ledger.now())
    # A temporary 404 in another worker is not a deletion.
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_not_held()
    assert ledger.look_up(api, "1") is None
    assert last_write() == (record(number="1"), True)
    ledger.gone(record(number="1"))
    assert last_write() == (None, True)


@pytest.mark.parametrize(("answer", "complaint"), [(403, "HTTP 403"), ([], "no agent is named 'Desk'")])
def test_failed_agent_lookup_fails_the_workers_that_waited_for_it(
    conversation: t.Any, answer: t.Any, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a hundred workers would send the request one after the other, each with all retries."""
    api, ledger = conversation.organization(0)
    waiting = [True]

    @contextmanager
    def wait_long(*arguments: t.Any) -> t.Iterator[None]:
        if waiting and waiting.pop():
            # Meanwhile another worker looks up the agent.
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


def test_agents_are_cached_for_30_seconds(conversation: t.Any) -> None:
    api, ledger = conversation.organization()
    for agent in (DESK, {**DESK, "agent_id": "a-9"}):
        conversation.expect("GET /agents", {"items": [agent]}, query={"q": "Desk", "limit": "100"})
        assert ledger.agent_id(api, "Desk") == agent["agent_id"]
        conversation.now += 29
        assert ledger.agent_id(api, "Desk") == agent["agent_id"]
        conversation.now += 2
