# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in usual formats, and the resulting entries."""

from __future__ import annotations

import json
import re
import textwrap
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.voxai.telephony.plugins.filter.numbers_from_text import FilterModule

numbers_from_text = FilterModule().filters()["numbers_from_text"]

TABLE = [
    {"number": "070-1111-2222", "memo": "본사, 1층", "inbound_agent": {"agent_name": "Front desk"}},
    {"number": "07033334444"},
]
PLAIN = [{"number": "07011112222"}, {"number": "1588-0000"}]


@pytest.mark.parametrize(
    "text",
    [
        'number,memo,inbound_agent\n070-1111-2222,"본사, 1층",Front desk\n07033334444,,\n',
        "\ufeffNumber; Memo ; Inbound Agent\r\n070-1111-2222;본사, 1층;Front desk\r\n07033334444;;\r\n",
        "memo\tinbound-agent\tnumber\n본사, 1층\tFront desk\t070-1111-2222\n\t\t 07033334444 \n",
        '# a list\n\nnumber,memo,inbound_agent,,\n070-1111-2222,"본사, 1층",Front desk,,\n,,,,\n\n07033334444\n',
        "- number: 070-1111-2222\n  memo: 본사, 1층\n  inbound_agent: Front desk\n- {number: 07033334444, memo: ''}\n",
        "---\n# exported\nvox_telephone_numbers:\n  - number: '070-1111-2222'\n    memo: !unsafe '본사, 1층'\n"
        "    inbound_agent: {agent_name: Front desk}\n  - number: 07033334444\n    memo: ''\n",
        '[{"number": "070-1111-2222", "memo": "본사, 1층", "inbound_agent": "Front desk"}, {"number": "07033334444"}]',
    ],
    ids=["commas", "semicolons", "tabs", "untidy", "yaml", "exported", "json"],
)
def test_tables_and_yaml(text: str) -> None:
    assert numbers_from_text(text) == TABLE


@pytest.mark.parametrize(
    "text",
    [
        "07011112222\n1588-0000",
        "\n# both\n07011112222 \n\n 1588-0000\n",
        "- 07011112222\n- 1588-0000\n",
        "  - 07011112222\n  - number: 1588-0000\n",
    ],
)
def test_plain_numbers(text: str) -> None:
    assert numbers_from_text(text) == PLAIN


EXPORTED = """\
---
# Telephone numbers of localhost.

vox_telephone_numbers:
  - number: "070-1111-2222"
    memo: "본사, 1층"
    inbound_agent:
      agent_name: "Front desk"
  - number: "07033334444"
"""
_HEAD, _FIRST, _SECOND = (part.split("\n") for part in re.split(r"\n(?=  - )", EXPORTED.rstrip()))


def _as_json(lines: list[str]) -> str:
    inside = ",\n".join(f"        {json.dumps(line, ensure_ascii=False)}" for line in lines)
    return f'{{\n    "msg": [\n{inside}\n    ]\n}}\n'


def _as_yaml(lines: list[str]) -> str:
    return "    msg:\n" + "".join(f"    - '{line}'\n" for line in lines)


_JSON = "".join(f"ok: [seoul] => (item={part[0]}) => {_as_json(part)}" for part in (_HEAD, _FIRST, _SECOND))
_YAML = "".join(f"ok: [seoul] => (item={part[0]}) => \n{_as_yaml(part)}" for part in (_HEAD, _FIRST, _SECOND))
_LINES = _as_json([*_HEAD, *_FIRST, *_SECOND]).split("\n")
_BEFORE = """
PLAY [Export telephone numbers] ************************************************

TASK [Check that each organization has its own key] ***************************
ok: [seoul]

TASK [Show the path of the file] **********************************************
ok: [seoul] => {
    "vox_export_path": "/runner/project/telephone_numbers_seoul.yml"
}

TASK [Show the exported numbers] **********************************************
"""
_AFTER = """
TASK [Keep the export in the artifacts of the job] ****************************
ok: [seoul]

PLAY RECAP *********************************************************************
seoul                      : ok=6    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
"""


@pytest.mark.parametrize(
    "text",
    [
        _BEFORE + _JSON + _AFTER,
        (_BEFORE + _JSON + _AFTER).replace("\n", "\r\n"),
        re.sub("(?m)^(.+)$", "\x1b[0;32m\\1\x1b[0m", _BEFORE + _JSON + _AFTER),
        _BEFORE + _YAML + _AFTER,
        _BEFORE + _YAML.replace("=> \n", "=>\n") + _AFTER,
        _JSON,
        _YAML,
        f"ok: [seoul] => {_as_json([*_HEAD, *_FIRST, *_SECOND])}",
        f"ok: [seoul] => {json.dumps({'changed': False, 'msg': EXPORTED}, ensure_ascii=False)}",
        f"ok: [seoul] => {json.dumps({'changed': False, 'msg': EXPORTED})}\n{_AFTER}",
        "ok: [seoul] => \n    msg: |-\n" + textwrap.indent(EXPORTED, " " * 8) + _AFTER,
        "\n".join(_LINES),
        "\n".join(_LINES[1:]),
        "\n".join(_LINES[1:-2]),
        "\n".join(_LINES[2:]),
        "\n".join(_LINES[2:-3]),
        "\n".join(_LINES[6:-3]),
        _as_yaml([*_HEAD, *_FIRST, *_SECOND]),
        textwrap.dedent(_as_yaml([*_HEAD, *_FIRST, *_SECOND]).partition("\n")[2]),
        json.dumps({"vox_export": {"seoul": EXPORTED}}, indent=2),
        json.dumps({"seoul": EXPORTED}["seoul"]),
        "vox_export:\n  seoul: |\n" + textwrap.indent(EXPORTED, " " * 4),
    ],
    ids=[
        *("output", "windows", "colors", "yaml", "stripped", "results", "yaml results", "list", "one line", "ascii"),
        *("text in yaml", "result", "inside", "inside cut", "message", "lines", "some lines", "yaml inside"),
        *("yaml lines", "artifact", "artifact's text", "artifact in yaml"),
    ],
)
def test_an_export_is_copied_from_a_job(text: str) -> None:
    """From its output, in each format of awx_display, with or without surrounding text; or from its artifacts."""
    assert numbers_from_text(text) == TABLE


_CUT = _JSON[: _JSON.index("Front")] + "…"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_BEFORE + _AFTER, "the list is a job's output without an export"),
        (_BEFORE + _CUT + _AFTER, "the list is a job's output that AWX has cut at …: paste the downloaded output"),
        (_JSON + _JSON.replace("seoul", "busan"), "the list is a job's output with more than one export"),
        (_JSON + _JSON, "the list is a job's output with more than one export"),
        (_JSON + f"ok: [busan] => (item=x) => {_as_json(_SECOND)}", "a job's output with more than one export"),
    ],
    ids=["none", "cut", "two hosts", "twice", "mixed"],
)
def test_other_output_of_jobs_is_refused(text: str, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=re.escape(message)):
        numbers_from_text(text)


def test_texts_are_unchanged() -> None:
    """YAML would convert them to other types."""
    text = """\
- {number: 07000000000, memo: 0042, state: absent, cancel_vox_number: yes}
- number: 07011112222
  memo: 'no: "{{ x }}"'
"""
    assert numbers_from_text(text) == [
        {"number": "07000000000", "memo": "0042", "state": "absent", "cancel_vox_number": "yes"},
        {"number": "07011112222", "memo": 'no: "{{ x }}"'},
    ]


@pytest.mark.parametrize(
    "text",
    [
        'number,"memo\n07011112222,x\n07033334444,y"\n07055556666,z\n',
        'number,memo\n07011112222,"Main\n070-3333-4444,Branch"\n',
        'memo;number\n"Main\n 070-3333-4444 ;Branch";07011112222\n',
        'memo,number\n"Main,070-1111-2222\nBranch",070-3333-4444\n',
        'address\tnumber\n"a\t070-1111-2222\nb"\t070-3333-4444\n',
        *(
            f'number,memo\n07011112222,"Main\n{number},Branch"\n'
            for number in (
                *("070.3333.4444", "(02) 555-9999", "070\u20133333\u20134444", "070\u00a03333\u00a04444"),
                *("+82 70 3333 4444", "1588-0000", "0212345678", "031-120"),
            )
        ),
    ],
)
def test_an_unclosed_quote_is_refused(text: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"line [12] begins a cell that contains other rows: close the quote"):
        numbers_from_text(text)


def test_a_cell_may_have_line_breaks() -> None:
    assert numbers_from_text('number,memo\n07000000001,"two\nlines"\n') == [
        {"number": "07000000001", "memo": "two\nlines"}
    ]


def test_a_row_of_a_table_is_data() -> None:
    """Also if it begins with a hash. Such a line is a comment only before the table, even if it contains quotes."""
    text = """\
# "the list
memo,number
#2 창구,070-3333-4444
"#1 desk",07000000001
"first
# second",07000000002
"""
    assert numbers_from_text(text) == [
        {"memo": "#2 창구", "number": "070-3333-4444"},
        {"memo": "#1 desk", "number": "07000000001"},
        {"memo": "first\n# second", "number": "07000000002"},
    ]


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#####", "#NAME?", "#DIV/0!", "#GETTING_DATA"])
def test_a_failed_formula_is_not_a_comment(cell: str) -> None:
    for text in (f"number,memo\n070-1111-2222,a\n{cell},부산\n", f"070-1111-2222\n{cell}\n", f"{cell},부산\n"):
        with pytest.raises(
            AnsibleFilterError, match=f"number '{re.escape(cell)}.*begins with #, like a failed formula"
        ):
            numbers_from_text(text)


@pytest.mark.parametrize("row", ["#070-1111-2222,a", "# 070-1111-2222,a", "# closed,", "#2 창구,070-3333-4444"])
def test_a_commented_out_row_is_refused(row: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"line 2: number '#.*to skip the number, delete its row"):
        numbers_from_text(f"number,memo\n{row}\n07033334444,b\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("07011112222\n1588-0000\n", None),
        ("# both\n\n07011112222\n\n#1588-0000\n\n", "entries: 1. Skipped: blank lines: 2, comments: 2"),
        (
            "# a list\n\nnumber,memo\n,\n07011112222,a\n\n , \n",
            "entries: 1. Skipped: blank lines: 2, comments: 1, empty rows: 2",
        ),
        (
            "---\n# one\n\n- number: 07011112222  # two\n  # three\n  memo: |\n    # not one\n\n"
            "    nor blank\n\n- 1588-0000\n# end\n",
            "entries: 2. Skipped: blank lines: 1, comments: 4",
        ),
        ("- number: 07011112222\n  memo: |\n    a\n# b\n", "entries: 1. Skipped: comments: 1"),
        ("- 07011112222 #07033334444\n", "entries: 1. Skipped: comments: 1"),
        ("[07011112222, # 07033334444,\n 07055556666]", "entries: 2. Skipped: comments: 1"),
        ("- number: 07011112222\n  address:  # bought\n", "entries: 1. Skipped: comments: 1"),
    ],
)
def test_skipped_lines_are_counted(text: str, told: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda self, message: warnings.append(message))
    numbers_from_text(text)
    assert warnings == ([f"numbers_from_text: {told}"] if told else [])


@pytest.mark.parametrize("null", ["null", "Null", "NULL", "~", ""])
def test_a_null_opts_out(null: str) -> None:
    text = f"- number: '07000000001'\n  memo: {null}\n  address: {null}\n  inbound_agent: {null}\n"
    assert numbers_from_text(text) == [{"number": "07000000001", "memo": None, "address": None, "inbound_agent": None}]


def test_unusual_memos() -> None:
    for memo, read in (("'null'", "null"), ("!unsafe null", "null"), ("'-'", "-")):
        (entry,) = numbers_from_text(f"- {{number: '07000000001', memo: {memo}}}")
        assert entry["memo"] == read
    assert numbers_from_text("number,memo\n07000000001,-\n07000000002,null") == [
        {"number": "07000000001", "memo": "-"},
        {"number": "07000000002", "memo": "null"},
    ]


def test_an_agent_may_be_unmapped_in_yaml() -> None:
    assert numbers_from_text("- {number: '07000000001', inbound_agent: {}}") == [
        {"number": "07000000001", "inbound_agent": {}}
    ]


REFUSED: list[tuple[t.Any, str]] = [
    ([{"number": "07011112222", "auth_password": "Xyzzy"}], "the list is not a text"),
    (941921426, "the list is 941921426, which is not a text"),
    ("", "the list is empty"),
    ("number,memo\n\n", "the list is empty"),
    ("number\n\udcba\udcbb", "CSV UTF-8"),
    ("KEY=Xyzzy\x00A=b", "CSV UTF-8"),
    ("Xyzzy" * 100_000, "line 1 is not a telephone number"),
    ("number\n" + "Xyzzy" * 100_000, "line 2 begins a row that is not valid CSV"),
    ("number,colour\n07000000001,red", "unknown column colour: the columns are number, state, address"),
    ("number,auth_password\n07000000001,Xyzzy", "A list must not contain credentials"),
    ("number,memo,memo\n07000000001,a,b", "two columns have the same name"),
    ("number,memo\n07000000001,a,Xyzzy", "line 2 has more cells than columns"),
    ("number,,memo\n07000000001,Xyzzy,a", "line 2 has more cells than columns"),
    ('number,memo\n07000000001,"a"b', "line 2 begins a row that is not valid CSV"),
    ('number,memo\n07000000001,"a\n07000000002,b\n', "line 2 begins a row that is not valid CSV"),
    ("numero,memo\n07000000001,a", "the first line has no column named number"),
    ("07000000001\nXyzzy", "line 2 is not a telephone number, and the first line has no column named number"),
    ("number,memo\n,a", "line 2: number is missing"),
    ("- number: [Xyzzy", "the list is not valid YAML: "),
    ("- number: \x7f", "the list is not valid YAML: it has characters"),
    ("- [Xyzzy]", "the YAML is not a list of numbers or dictionaries"),
    ("numbers: [Xyzzy]", "the YAML is not a list of numbers or dictionaries"),
    ("vox_telephone_numbers: []\nother: Xyzzy", "and no other key"),
    ("- memo: Xyzzy", "entry 1: number is missing"),
    ("-\n- 07000000001", "entry 1: number is missing"),
    ("- null\n- 07000000001", "entry 1: number is missing"),
    (
        "- number: '07000000001'\n  memo: Xyzzy\n  number: '07000000002'",
        "line 3: number is given twice in one entry: remove one, or begin a new entry",
    ),
    ("vox_telephone_numbers: []\nvox_telephone_numbers: []", "line 2: vox_telephone_numbers is given twice"),
    ("- ? [Xyzzy]\n  : a", "line 1 has a key that is not a text"),
    ("- &a {number: '07000000001'}\n- *a", "line 2 has an alias (*)"),
    ("- number: '07000000001'\n  <<: *a", "line 2 has an alias (*)"),
    ("- " * 3000 + "Xyzzy", "line 1 is nested too deeply"),
    ("[" * 5000, "line 1 is nested too deeply"),
    ('{"msg": ' + "[" * 5000, "line 1 is nested too deeply"),
    ('"msg": [&a "---", *a]', "line 1 is not a telephone number"),
    ("- {number: ['07000000001']}", "entry 1: number is a list: write a text"),
    ("- {number: '07000000001', memo: {a: Xyzzy}}", "entry 1: memo is a dictionary: write a text"),
    ("- {number: '07000000001', inbound_agent: [Xyzzy]}", "entry 1: inbound_agent is a list"),
    (
        "- {number: '07000000001', inbound_agent: {agent_id: {}}}",
        "entry 1: inbound_agent has values that are not texts",
    ),
    ("number,address\n07000000001,-", "line 2: address is -: leave it empty"),
    ("number,inbound_agent\n07000000001, - ", "line 2: inbound_agent is -: leave it empty"),
    ("number,memo\n-,a", "line 2: number is -: leave it empty"),
    ("- {number: '07000000001', address: '-'}", "entry 1: address is -: leave it empty"),
    ("070-1111", "line 1: number '070-1111' has 7 digits, but numbers with this prefix are written 070-XXXX-XXXX"),
    ("0701111222233", "line 1: number '0701111222233' has 13 digits"),
    ("0991", "line 1: number 0991 has 4 digits, but numbers with a leading 0 usually have 9 to 12"),
    ("070-1111-2222,본사\n070-3333-4444,b", "line 1 has several cells: begin a table with the names of its columns"),
    ("070-1111-2222\t본사", "line 1 has several cells: begin a table"),
    ("070-1111-2222, 070-3333-4444", "line 1 has several cells: write each number on its own line"),
    ("#,number,memo\n1,070-1111-2222,a", "unknown column #"),
    ("number,address\n07000000001,#REF!", "line 2: address is #REF!, a failed formula of a spreadsheet"),
    ("number,memo\n07000000001,#N/A", "line 2: memo is #N/A, a failed formula"),
    (
        "- number: 07000000001\n  memo: #2 Xyzzy",
        "line 2 has a value that YAML reads as a comment because it begins with #",
    ),
    ("- 07000000001\n- #07000000002", "line 2 has a value that YAML reads as a comment"),
    # Other text may be a secret.
    ("Xyzzy12345678901234567890", "line 1 is not a telephone number"),
    ("12a4Xyzzy5678901234567890", "line 1 is not a telephone number"),
    ("- Xyzzy\n- 07000000001", "entry 1: number is not a telephone number"),
    ("number,memo\nXyzzy12345678,a", "line 2: number is not a telephone number"),
    ("api_key: !Xyzzy!abc\nb:", "line 1 is not a telephone number"),
    ("- !Xyzzy!abc", "the list is not valid YAML: found undefined tag handle '…'"),
    # Mostly digits, or with a number in it: the message describes the number, not the list.
    ("Tel: 02-555-1234", "line 1: number 'Tel: 02-555-1234' is 02-555-1234 after 'Tel:': write only the number"),
    ("대표번호: 1588-0000", "is 1588-0000 after '대표번호:'"),
    ("[본사] 02-555-1234", "is 02-555-1234 after '[본사]'"),
    ("[홍길동] [오후 3:12] 070-1111-2222", "is 070-1111-2222 after '[홍길동] [오후 3:12]'"),
    (
        "\uff10\uff17\uff10\uff0d\uff11\uff11\uff11\uff11\uff0d\uff12\uff12\uff12\uff12",
        "has U+FF10 FULLWIDTH DIGIT ZERO",
    ),
    ("02-555-1234 (101)", "line 1: number '02-555-1234 (101)' is 02-555-1234, and then 101"),
    ("070-1111-2222 내선 1", "line 1: number '070-1111-2222 내선 1' is 070-1111-2222, and then '내선 1'"),
    ("070\u200b1111\u200b2222", "has the invisible U+200B ZERO WIDTH SPACE as character 4"),
    ("07011112222\n827033334444", "line 2: number '827033334444' has the country code without a plus sign"),
    ("7011112222.0", "line 1: number '7011112222.0' was changed by a spreadsheet"),
    (
        "number,address\n07011112222,Seoul",
        "line 2: address Seoul is a single word: write it like sip:trunk.example.com, or sip:Seoul",
    ),
    ("7.01E+10", "line 1: number '7.01E+10' was changed by a spreadsheet"),
    (
        "- {number: '07000000001', adress: Xyzzy}",
        "entry 1: unknown option adress: the options are number, state, address",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[message for _text, message in REFUSED])
def test_refused(text: t.Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=re.escape(message)) as refused:
        numbers_from_text(text)
    # The file may be the wrong one.
    assert "Xyzzy" not in str(refused.value)


def test_all_numbers_without_a_leading_0_are_reported() -> None:
    text = (
        "number,memo\n7011112222,a\n070-3333-4444,b\n941921426,c\n7.01E+09,d\n15880000,e\n+82 70-1111-2222,f\ndesk,g\n"
    )
    with pytest.raises(AnsibleFilterError) as refused:
        numbers_from_text(text)
    lines = str(refused.value).split("\n- ")
    assert lines[0] == "the list is invalid:"
    assert [re.split(" (?:has|was|is) ", line)[0] for line in lines[1:]] == [
        "line 2: number 7011112222",
        "line 4: number 941921426",
        "line 5: number '7.01E+09'",
        "line 8: number",
    ]
    assert "a spreadsheet drops a leading 0" in lines[1]


def test_every_number_of_the_plan_may_be_listed() -> None:
    """Also short numbers, which may be incomplete. The module warns of them."""
    numbers = ["031-120", "+82 31-120", "070\u20111111\u20112222", "070.1111.2222", "00308 123 456", "0991234567"]
    assert [entry["number"] for entry in numbers_from_text("\n".join(numbers))] == numbers
