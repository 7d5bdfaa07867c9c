# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any input is either sent correctly, or refused before anything is sent.

The correct value of an option: of `number` the ASCII digits, of `id` the last part of the path, of `api_key` the text
after "Bearer", of an agent its id or the id of the agent with that name; of every other text the unchanged text. A memo
may be a scalar, which Ansible converts to a text.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import phonenumbers
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from simulator import LoggedRequest, Simulator
from torture._cases import AGENTS, KEY, NUMBER, TRUNK, populate
from torture._task import MANY, ONE, READING, TASKS
from torture._trial import Trial
from torture._world import AGENTS as AGENT_FIELDS
from torture._world import Violation, World

Arguments = dict[str, Any]

FRONT = AGENTS["Front desk"]
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
HUGE = "x" * 10**6
HUGE_INTEGER = 10**5000
"""Python refuses to convert it to decimal digits."""
NESTED: Any = [[{"a": [{"b": [[]]}]}]]

NO_TEXT: list[Any] = [0, 83, True, 1.5, math.nan, math.inf, ["x"], {"a": "b"}, [], {}, NESTED]
NO_LINE = ["a\nb", "a\r\nX: y", "a\0", "\x1b[2J", "a\x7f", "\x85", "\ud800"]
"""Control characters, and a lone surrogate."""
NO_TRUTH = ["maybe", "", "ｙes", 2, -1, 1.5, math.nan, HUGE_INTEGER, [], {}, ["yes"], "yes\0", HUGE]
NO_COUNT: list[Any] = [
    *(-1, "-1", True, False, "soon", "", " ", 1.5, "1.5", math.nan, math.inf, "inf", "-Infinity", "nan", "1e999999999"),
    *(HUGE_INTEGER, "9" * 5000, 10**9, [], {}, ["5"], "5\0", "{{ 5 }}", HUGE),
]
NO_CHOICE = ["", "gone", "PRESENT", "present\n", "ｖox", 0, 1.5, True, {"a": 1}, "\ud800", HUGE]
NO_ID: list[Any] = [None, "", " ", "../x", f"{FRONT}\n", "a?b", "é", 5, True, [FRONT], {}, HUGE]
NO_NAME: list[Any] = [None, "", " ", *NO_LINE, *NO_TEXT]
NO_VERSION: list[Any] = ["", "v0", "v1\n", "v１", "V1", "latest", None, 1, []]
NO_AGENT: list[Any] = [
    *("text", "{", "{1}", '{"agent_id"', "=", 5, True, 1.5, HUGE_INTEGER, [], [{}], [FRONT], [None], [5], NESTED),
    *({"agent_id": value} for value in NO_ID),
    *({"agent_name": value} for value in NO_NAME),
    *({"agent_id": FRONT, "agent_version": value} for value in NO_VERSION),
    *({"agent_version": "current"}, {"agent_id": FRONT, "agent_name": "Front desk"}, {"agent_id": FRONT, "x": 1}),
    *({"agent_id": FRONT, 1: 2}, {None: FRONT}, {"\ud800": FRONT}, {"agent_id": FRONT, HUGE: 1}),
]
NO_NUMBER = [
    *(0, 941921426, 15880000, True, 1.5, math.nan, math.inf, HUGE_INTEGER, {}, {"a": 1}, NESTED),
    *("", " ", "-", "+", "()", "+82", "+1 555 1234", "0x70", "7e10", "070_1111_2222", "x07011112222", "070111122\n22"),
    *("０７０１１１１２２２２", "٠٧٠١١١١٢٢٢٢", "०७०", "070\u00a01111", "070\u20111111", "²", "\ud800", "070\0"),
    *("02-555-1234 (101)", "02-555-1234(5)", "02-555-1234 101", "070-1111-2222-3", "+82-2-555-1234-101"),
    *(
        "82-70-1111-2222",
        "827011112222",
        "7011112222.0",
        "7.01E+10",
        "070111122223",
        "0701-111-2222",
        "070\u200b11112222",
    ),
    *("0" * 21, "0" * 10**6, "((0)", "{{ number }}", "{% raw %}070{% endraw %}", "tel:07011112222", "070/1111"),
]
NO_NAME_OF_RECORD = ["", " ", ".", "..", "../x", "%2e%2e", "a/b", "a\\b", "a?b", "a#b", "a b", "a;b", "a\n", "é", "０"]
NO_NAME_OF_RECORD += ["x" * 65, HUGE, "\0", "\ud800", "{{ id }}", *NO_TEXT]

REFUSED: dict[str, Sequence[Any]] = {
    "number": NO_NUMBER,
    "id": NO_NAME_OF_RECORD,
    "state": [*NO_CHOICE, []],
    "address": [
        *(
            "",
            " ",
            "a b",
            "a\u00a0b",
            "sip:",
            "sip:@",
            "http://a.example.com",
            "sip:a:",
            "sip:a:x",
            "sip:a:65536",
            "a..b",
        ),
        *(
            "sip:user:secret@a",
            "sip:ａ.example.com",
            "sip:trun\u212a.example.com",
            "\u017fip:a.example.com",
            "sip:a:５０６０",
        ),
        *("{{ address }}", "sip:[::zz]", "sip:a;x=\ud800", "sip:a\u200b", *NO_LINE, *NO_TEXT, HUGE + "!"),
    ],
    "auth_username": ["", " ", "\u3000", *NO_LINE, *NO_TEXT],
    "auth_password": ["", " ", "\u3000", *NO_LINE, *NO_TEXT],
    "update_password": [*NO_CHOICE, []],
    "memo": [
        " ",
        "\n",
        "x" * 201,
        "\0",
        "a\rb",
        "\x1b[2J",
        "\x85",
        "\ud800",
        HUGE,
        HUGE_INTEGER,
        [],
        {},
        ["x"],
        NESTED,
    ],
    **dict.fromkeys(AGENT_FIELDS, NO_AGENT),
    "cancel_vox_number": NO_TRUTH,
    "telephone_numbers": [
        *(None, {}, {"number": NUMBER}, "", "x", 5, 1.5, True, HUGE, [None], ["x"], [[]], [5], [{}], [NESTED]),
        *(["{1}"], ["{"], [{1: 2}], [{"number": NUMBER, "id": "x"}], [{"number": NUMBER, "colour": "red"}], [HUGE]),
    ],
    "prune": NO_TRUTH,
    "max_deletions": [value for value in NO_COUNT if value not in (10**9, HUGE_INTEGER, "9" * 5000)],
    "provider": [*NO_CHOICE, []],
    "status": [value for value in NO_CHOICE if value != ""] + [["gone"], [5], [[]], ["active", None], [{}]],
    "agent_name": [value for value in NO_NAME if value is not None],
    "agent_id": [value for value in NO_ID if value is not None],
    # Any text may be valid.
    "type": [],
    "rules": [["gone"], "gone", 5, True, {"a": 1}, [None], [["ending"]], ["ending", "ENDING"], "\ud800", HUGE],
    "api_key": ["", "two words", "k\r\nX-Other: y", "k\0", "키", "ｋ", "\ud800", *NO_TEXT],
    "api_url": [
        *("", " ", "x", "https://", "https:///v3", "ftp://127.0.0.1/v3", "file:///etc/passwd", "//127.0.0.1/v3"),
        *(
            "http://example.com/v3",
            "http://127.0.0.1.example.com/v3",
            "http://localhost.example.com",
            "http://0.0.0.0/v3",
        ),
        *("http://127.0.0.1@example.com/v3", "http://u:p@127.0.0.1/v3", "http://:@127.0.0.1/v3", "http://@127.0.0.1"),
        *("http://127.0.0.1:x/v3", "http://127.0.0.1:99999/v3", "http://127.0.0.1:８0", "http://127.0.0.1 /v3"),
        *("http://127.0.0.1\\@example.com", "http://127.0.0.1\\.example.com", "http://example.com#@127.0.0.1"),
        *("http://127.0.0.1/v3?x=y", "http://127.0.0.1/v3#x", "http://127.0.0.1/v3\r\nX: y", "http://127.0.0.1/\0"),
        *("http://[::1", "http://[::zz]/v3", "http://１２７.0.0.1/v3", "http://127。0。0。1/v3", "https://\ud800/v3"),
        *("http://127.0.0.1/v3/\x1b[2J", "http://127.0.0.1/v3/\x85", "{{ url }}", "HTTP://EXAMPLE.COM/v3", *NO_TEXT),
        "https://" + HUGE,
    ],
    "validate_certs": [value for value in NO_TRUTH if value != ""],
    "ca_path": ["/nonexistent/ca.pem", "/", "/dev/null", "a\0b", "~\0", "\ud800", "{{ path }}", HUGE, *NO_TEXT],
    "timeout": [0, 3601, *NO_COUNT],
    "retries": [101, *NO_COUNT],
    "requests_per_second": [1001, *NO_COUNT],
    "requests_per_minute": [60_001, *NO_COUNT],
}
"""Invalid values of each option."""

SPECS = {module: task.spec for module, task in TASKS.items()}
ENTRY = f"{MANY}, an entry"


def _places() -> list[tuple[str, str]]:
    """Return the places of each option of each module."""
    own = [(place, option) for place, spec in SPECS.items() for option in spec]
    return own + [(ENTRY, option) for option in SPECS[MANY]["telephone_numbers"]["options"]]


def _connection(sim: Simulator) -> Arguments:
    pace = {"requests_per_second": 0, "requests_per_minute": 0}
    return {"api_key": KEY, "api_url": sim.url, "retries": 0, "timeout": 50, **pace}


def _arguments(sim: Simulator, place: str, what: Arguments) -> tuple[str, Arguments]:
    """Return the module and its arguments: `what` in that place, and valid values in all others."""
    if place in READING:
        return place, {**_connection(sim), **what}
    wanted = {"address": TRUNK["address"], **what}
    if not {"id", "number"} & set(what):
        wanted["number"] = NUMBER
    if place == ONE:
        return ONE, {**_connection(sim), **wanted}
    if place == ENTRY:
        entries = [{"number": "07022223333", **TRUNK}, wanted]
        return MANY, {**_connection(sim), "telephone_numbers": entries}
    listed = {"telephone_numbers": [{"number": NUMBER, **TRUNK}]}
    return MANY, {**_connection(sim), **listed, "prune": "max_deletions" in what, **what}


def _shown(value: Any) -> str:
    try:
        return f"{value!r:.80}"
    except ValueError:
        return f"a {type(value).__name__} with an integer of 5,001 digits"


@pytest.mark.parametrize(("place", "option"), _places())
def test_invalid_values_are_refused(trial: Trial, place: str, option: str, long: bool) -> None:
    """A single invalid value among valid ones is refused before any request, or, for many numbers, before any write."""
    trial.sim.reset()
    populate(trial.sim)
    before = World.of(trial.sim, KEY)
    for index, value in enumerate(REFUSED[option]):
        for check_mode in (True, False) if long else (index % 2 == 0,):
            trial.tally["inputs"] += 1
            trial.where = f"{place}: {option} is {_shown(value)}"
            module, arguments = _arguments(trial.sim, place, {option: value})
            result = trial.task(module, arguments, check_mode)
            sent = trial.sim.writes if place == ENTRY else trial.sim.requests
            if not result.get("failed"):
                trial.blame(Violation("meant", "was accepted"))
            if sent:
                trial.blame(Violation("meant", f"{sent[0].method} {sent[0].path[:80]} was sent"))
                trial.sim.clear_log()
            # If the key is 0, Ansible masks each 0.
            if place != ENTRY and result.get("api_requests", 0) not in (0, HIDDEN):
                trial.blame(Violation("meant", "something was sent"))
            # Ansible's own messages quote the whole value.
            if len(result["msg"]) > 5000:
                trial.blame(Violation("unclear", f"a message of {len(result['msg'])} characters"))
    if World.of(trial.sim, KEY) != before:
        trial.blame(Violation("meant", "something was changed"))


# Valid input


texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60)
lines = (
    texts | st.sampled_from(["{{ 1 + 1 }}", "{% raw %}", "$(id)", "0123", "null", "no", "%s", "\\", "a&b=c", "#"])
).filter(str.strip)
blocks = st.sampled_from(["", "본사\n대표번호", "\ta\tb", "x" * 200, "{{ memo }}\n"]) | lines
FORMS = [
    *((prefix, sizes) for prefix in ("02", "031", "064", "010", "016", "015") for sizes in ([3, 4], [4, 4])),
    *((prefix, sizes) for prefix in ("0505", "0507", "0303") for sizes in ([3, 4], [4, 4])),
    *(("070", [4, 4]), ("050", [4, 4]), ("080", [3, 4]), ("060", [3, 4]), ("1588", [4]), ("1877", [4])),
]
"""Prefixes of Korean numbers, and the numbers of digits of the groups that follow."""
HYPHENS = [*"-.\u2010\u2011\u2013\u2212\uff0d", " - "]
BLANKS = [*" \u00a0\u3000", "  "]


@st.composite
def korean_numbers(draw: st.DrawFn) -> list[str]:
    """Draw the groups of a number."""
    first, sizes = draw(st.sampled_from(FORMS))
    return [first, *(draw(st.text("0123456789", min_size=size, max_size=size)) for size in sizes)]


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a number in a usual notation, and its digits."""
    groups = draw(korean_numbers())
    meant = "".join(groups)
    first, *more = groups
    code = draw(st.sampled_from(["", "", "+82", "+82 ", "+82-", "(+82) ", *(["+82 (0)"] if first[0] == "0" else [])]))
    # The leading 0 may be written after +82, too.
    first = first.removeprefix("0") if code.endswith("(0)") or (code and draw(st.booleans())) else first
    written = f"({first})" if draw(st.booleans()) else first
    for group in more:
        written += draw(st.sampled_from(["", *HYPHENS, *BLANKS])) + group
    return draw(st.sampled_from(["", " ", "\n", "\u3000"])) + code + written + draw(
        st.sampled_from(["", " ", "\r\n"])
    ), meant


@st.composite
def agents(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, str] | None]:
    """Draw an agent as an option, and the mapping to be sent."""
    name = draw(st.sampled_from(sorted(AGENTS)))
    if draw(st.integers(0, 3)) == 0:
        return {}, None
    version = draw(st.sampled_from([{}, {"agent_version": "current"}, {"agent_version": "v12"}]))
    written = {"agent_id": AGENTS[name]} if draw(st.booleans()) else {"agent_name": name}
    return {**written, **version}, {"agent_id": AGENTS[name], **version}


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Arguments, Arguments]:
    """Draw the options of a new number, and the values to be sent, by the API's names."""
    written: Arguments = {}
    written["number"], number = draw(numbers())
    host = draw(st.sampled_from(["trunk.example.com", "A.example.com.", "203.0.113.7", "[2001:db8::1]"]))
    port = draw(st.sampled_from(["", ":5060", ":1"]))
    user = draw(st.sampled_from(["", "user@", "%7B%7B@"]))
    written["address"] = draw(st.sampled_from(["", "sip:", "SIPS:"])) + user + host + port
    meant = {"number": number, "address": written["address"]}
    for option in ("auth_username", "auth_password"):
        if draw(st.booleans()):
            written[option] = meant[option] = draw(lines)
    if draw(st.booleans()):
        written["memo"] = draw(blocks | st.sampled_from([2024, 0, 1.5, True]))
        if written["memo"] != "":
            meant["memo"] = str(written["memo"])
    for option in AGENT_FIELDS:
        if draw(st.booleans()):
            written[option], meant[option] = draw(agents())
    return written, meant


def _settings(long: bool) -> settings:
    return settings(
        max_examples=100,
        # The same inputs in each run, so that a failure is caused by a change of the code.
        derandomize=not long,
        deadline=None,
        database=None,
        print_blob=True,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("place", [ONE, ENTRY])
def test_valid_input_is_sent_unchanged(trial: Trial, place: str, part: int, long: bool) -> None:
    """It is sent exactly, in a registration and the following change of agents, and nothing in check mode."""

    @_settings(long)
    @given(wishes(), st.booleans())
    def check(wish: tuple[Arguments, Arguments], check_mode: bool) -> None:
        written, meant = wish
        trial.sim.reset()
        populate(trial.sim)
        trial.tally["inputs"] += 1
        trial.where = f"{place}: {written}"
        module, arguments = _arguments(trial.sim, place, written)
        if place == ENTRY:
            arguments["telephone_numbers"] = [written]
        result = trial.task(module, arguments, check_mode)
        mapped = {option: meant.pop(option) for option in AGENT_FIELDS if option in meant}
        bodies = [meant, {name: agent for name, agent in mapped.items() if agent}]
        expected = [] if check_mode else [body for body in bodies if body]
        sent = [request.body for request in trial.sim.writes]
        if result.get("failed"):
            trial.blame(Violation("meant", f"refused: {result['msg']}"))
        if sent != expected:
            trial.blame(Violation("meant", f"{sent} was sent instead of {expected}"))
        if {request.headers["authorization"] for request in trial.sim.requests} != {f"Bearer {KEY}"}:
            trial.blame(Violation("meant", "another key was sent"))
        _stop_at_the_first(trial)

    check()


def _stop_at_the_first(trial: Trial) -> None:
    """Fail, so that Hypothesis searches for a shorter failing example."""
    violations, trial.violations = trial.violations, []
    assert not violations, "\n".join(violations)


# Numbers with other characters around them

marks = st.sampled_from([*HYPHENS, *BLANKS, *"()/~,#x+", ") ", " (", " ext. ", "--", "\u200b", "\u301c"])
runs = st.sampled_from("0123456789") | st.text("0123456789", min_size=2, max_size=5)


@st.composite
def walks(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Draw a text with a number, and the numbers it may contain: that number, and all of its digits together."""
    written, meant = draw(numbers())
    for _step in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        kind = draw(st.sampled_from(["behind", "before", "within", "cut", "both"]))
        if kind == "cut":
            first, second = sorted(draw(st.integers(1, len(meant) - 1)) for _cut in range(2))
            mark = draw(st.sampled_from(HYPHENS))
            written = mark.join(filter(None, (meant[:first], meant[first:second], meant[second:])))
        if kind in ("behind", "both"):
            run = draw(runs | korean_numbers().map("-".join))
            written = written.strip() + draw(st.sampled_from(["{}{}", "{}({})", "{} ({})"])).format(draw(marks), run)
        if kind in ("before", "both"):
            written = draw(runs) + draw(marks) + written.strip()
        if kind == "within":
            place = draw(st.integers(0, len(written)))
            written = written[:place] + draw(marks | runs) + written[place:]
    every = re.sub("[^0-9]", "", written)
    also = [every, f"0{every}", every.removeprefix("82"), f"0{every.removeprefix('82')}"]
    return written, [*dict.fromkeys([meant, *(digits for digits in also if 0 < len(digits) <= 20)])]


def _is_one_number(written: str, digits: str) -> bool:
    """Whether a text contains only these digits, with separators only at usual places or those of libphonenumber."""
    text = re.sub(r"^\(? *\+ *82 *\)?[-. ]*(\( *0 *\)[-. ]*)?", "+", _with_plain_separators(written.strip()))
    groups = re.findall("[0-9]+", text)
    if "+" in text and digits.startswith("0") and not groups[0].startswith("0"):
        groups[0] = f"0{groups[0]}"
    if "".join(groups) != digits or re.search(r"[^-+0-9 .()]|[-.] *[-.]", text):
        return False
    if len(groups) == 1 and "(" not in text:
        return True
    national = phonenumbers.format_number(phonenumbers.parse(digits, "KR"), phonenumbers.PhoneNumberFormat.NATIONAL)
    forms = [re.findall("[0-9]+", national)]
    if re.match("050|030", digits):
        forms.append([digits[:4], digits[4:-4], digits[-4:]])
    ends = [set(itertools.accumulate(map(len, form))) for form in forms]
    return any(set(itertools.accumulate(map(len, groups))) <= form for form in ends)


def _with_plain_separators(text: str) -> str:
    return re.sub(
        f"[{''.join(sign for sign in BLANKS if len(sign) == 1)}]",
        " ",
        re.sub("[\u2010\u2011\u2013\u2212\uff0d]", "-", text),
    )


@pytest.mark.parametrize("state", ["present", "absent"])
def test_only_the_number_that_was_written_is_registered_or_released(
    trial: Trial, state: str, part: int, long: bool
) -> None:
    """The text may also contain an extension, a second number, or separators at wrong places."""

    @settings(_settings(long), max_examples=300)
    @given(walks())
    def check(walk: tuple[str, list[str]]) -> None:
        written, possible = walk
        trial.sim.reset()
        trial.tally["inputs"] += 1
        trial.where = f"{state}: {written!r}"
        held = {trial.sim.add(number)["id"]: number for number in possible if state == "absent"}
        trial.task(ONE, {**_connection(trial.sim), **TRUNK, "number": written, "state": state})
        for request in trial.sim.writes:
            number = held[request.path.rpartition("/")[2]] if state == "absent" else request.body["number"]
            if not _is_one_number(written, number):
                trial.blame(Violation("meant", f"{request.method} of {number}"))
        _stop_at_the_first(trial)

    check()


# Any other input

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | texts | st.sampled_from(NO_LINE),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers() | st.none(), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("module", SPECS)
def test_any_input(trial: Trial, module: str, part: int, long: bool) -> None:
    """In any option or part of an option: only given texts are sent, and nothing in check mode."""
    spec = {name: option for name, option in SPECS[module].items() if name not in ("api_key", "api_url")}
    own = SPECS[MANY]["telephone_numbers"]["options"]
    entries = st.lists(_options(own) | anything, max_size=3) | anything
    strategy = _options({**spec, "telephone_numbers": {"type": entries}} if module == MANY else spec)

    @_settings(long)
    @given(strategy, st.booleans())
    def check(options: Arguments, check_mode: bool) -> None:
        trial.sim.reset()
        populate(trial.sim)
        trial.tally["inputs"] += 1
        trial.where = f"{module}: {options}"
        result = trial.task(module, {**_connection(trial.sim), **options}, check_mode)
        sent = trial.sim.requests
        if check_mode and trial.sim.writes:
            trial.blame(Violation("meant", "check mode wrote"))
        if result.get("api_requests", 0) != len(sent):
            trial.blame(Violation("lie", f"{result.get('api_requests')} requests, {len(sent)} were sent"))
        written = set(_leaves(options))
        for request in sent:
            for text in _texts_of(request):
                if text not in written:
                    trial.blame(Violation("meant", f"{request.method} {request.path} with {text!r}"))
        _stop_at_the_first(trial)

    check()


def _options(spec: Mapping[str, Mapping[str, Any]]) -> st.SearchStrategy[Arguments]:
    """Draw some of the options, with any values or with valid ones."""
    good: dict[str, st.SearchStrategy[Any]] = {
        "number": numbers().map(lambda pair: pair[0]),
        "id": st.just("5c4b2b9e-8f5e-4a0c-9a53-0c5a1f1d0001"),
        "address": st.just(TRUNK["address"]),
        "memo": blocks,
        **dict.fromkeys(AGENT_FIELDS, agents().map(lambda pair: pair[0])),
    }
    strategies = {}
    for name, option in spec.items():
        if isinstance(option["type"], st.SearchStrategy):
            strategies[name] = option["type"]
        elif "choices" in option:
            strategies[name] = st.sampled_from(option["choices"]) | anything
        else:
            strategies[name] = good.get(name, lines) | anything
    return st.fixed_dictionaries({}, optional=strategies)


def _leaves(value: Any) -> Iterator[str]:
    """Yield the texts that may be sent for a value: its parts as texts, and the digits of a number."""
    if isinstance(value, dict):
        for part in (*value, *value.values()):
            yield from _leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    else:
        yield str(value)
        if isinstance(value, str):
            plain = re.sub("[^0-9]", "", value)
            yield from (plain, plain[2:], "0" + plain[2:], "0" + plain[3:])


def _texts_of(request: LoggedRequest) -> Iterator[str]:
    """Yield the texts of a request that can only come from the user."""
    yield from re.findall("^/organization-telephone-numbers/([^/]*)", request.path)
    yield from (value for name, value in request.query if name == "q")
    yield from _values(request.body)


def _values(body: Any) -> Iterator[str]:
    if isinstance(body, dict):
        for value in body.values():
            yield from _values(value)
    elif body is not None and body not in AGENTS.values():
        yield body
