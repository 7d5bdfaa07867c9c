# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse telephone numbers according to the Korean numbering plan. Pure functions, no requests, no files.

The plan defines how many digits a number has and where its groups end. Separators are only accepted between groups, so
that an extension or a second number never becomes part of the number.
"""

from __future__ import annotations

import re
import typing as t
import unicodedata

from ansible_collections.voxai.telephony.plugins.module_utils._values import MAX_WRITTEN, InputError, shown

_REPRESENTATIVE = "XXXX-XXXX"
_SHORT = ("XXX-XXX", "XXX-XXXX")
"""Forms of the service numbers of an area. Such a number may also be the beginning of a longer one."""

_PLAN: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Seoul.
    ("02", ("XX-XXX-XXXX", "XX-XXXX-XXXX")),
    # The other areas, and the service numbers of each.
    ("03[1-3]|04[1-4]|05[1-5]|06[1-4]", ("XXX-XXX-XXXX", "XXX-XXXX-XXXX")),
    ("(?:03[1-3]|04[1-4]|05[1-5]|06[1-4])1", _SHORT),
    # Mobile telephones and pagers.
    ("01[0125-9]", ("XXX-XXX-XXXX", "XXX-XXXX-XXXX")),
    # Internet telephony.
    ("070", ("XXX-XXXX-XXXX",)),
    # Personal numbers. Users group the longer ones after 050X, libphonenumber groups them after 050.
    ("050", ("XXXX-XXX-XXXX", "XXX-XXXX-XXXX", "XXXX-XXXX-XXXX", "XXX-XXXXX-XXXX")),
    # Unified messaging, mostly fax.
    ("030", ("XXX-XXX-XXXX", "XXXX-XXX-XXXX", "XXXX-XXXX-XXXX")),
    # Premium rate and freephone.
    ("060|080", ("XXX-XXX-XXXX",)),
    # Representative numbers, which have no area code and no leading 0.
    ("1[568]", (_REPRESENTATIVE,)),
    # International freephone.
    ("00308", ("XXXXX-XXX-XXX", "XXXXX-XXX-XXXX")),
    ("00368", ("XXXXX-XXX-XXXX",)),
    ("00798", ("XXXXX-XXX-XXXX", "XXXXX-XXXX-XXXX", "XXXXX-XX-XXX-XXXX")),
)
"""Prefixes, each with the forms of its numbers. Source: the metadata for Korea of Google's libphonenumber 9.0. It has
only a part of the numbers 030X, so these are from the vendors of such numbers. Tests compare with libphonenumber."""

COUNTRY_CODE = "82"
MAX_DIGITS = 20
_FEWEST, _MOST = 9, 12
"""Usual number of digits of a number with a leading 0."""

_HYPHENS = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d", "-")
"""Characters that word processors and web pages use as hyphens. A wave dash is not one of them: it denotes a range."""

_SEPARATOR = r"(?: *[-.] *| +)"
_WRITTEN = re.compile(
    # "+82 (0)70": the 0 in parentheses is for callers inside the country.
    rf"(?:(?P<code>\+ *82|\( *\+ *82 *\)){_SEPARATOR}?(?P<zero>\( *0 *\){_SEPARATOR}?)?)?"
    rf"(?P<first>[0-9]+|\( *[0-9]+ *\))(?P<more>(?:(?:{_SEPARATOR}|(?<=\)))[0-9]+)*)"
)
_NUMERIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE][+]?[0-9]+|[0-9]+[.,]0+|[0-9]{1,3}(?:,[0-9]{3})+(?:[.]0+)?")
"""Forms of a telephone number that a spreadsheet has converted to a numeric value."""

_EXAMPLES = "'070-1111-2222' or '+82 70-1111-2222'"


class _Reading(t.NamedTuple):
    """The digits of a number in the API's form, and their groups.

    ``ends``: the positions at which groups end. ``first_end``: the end of a first group in parentheses.
    """

    digits: str
    ends: frozenset[int] = frozenset()
    first_end: int | None = None

    @property
    def forms(self) -> list[str]:
        """The forms of numbers with this prefix. Empty if the plan does not have the prefix."""
        return [form for prefix, forms in _PLAN if re.match(prefix, self.digits) for form in forms]

    @property
    def form(self) -> str | None:
        """The form of the number, if the digits are one complete number of the plan and the groups match."""
        for form in self.forms:
            ends = [match.start() - hyphens for hyphens, match in enumerate(re.finditer("-", form))]
            if (
                len(form) - len(ends) == len(self.digits)
                and self.ends <= set(ends)
                and self.first_end in (None, ends[0])
            ):
                return form
        return None

    @property
    def is_whole(self) -> bool:
        """Whether it is a complete number, and not a short one that may be the beginning of a longer one."""
        return self.form is not None and self.form not in _SHORT

    def __str__(self) -> str:
        """The number with hyphens, if it has a form."""
        return _fill(self.form or "X" * len(self.digits), self.digits)


def parse_number(written: t.Any) -> str:
    """The digits of a telephone number with or without separators, in the API's form. Raises InputError."""
    if isinstance(written, (bool, int, float)):
        raise InputError(
            f"number is {shown(written)}, which is not a string: without quotes, YAML converts digits to another value"
            " (07011112222 becomes 941921426). Write it in quotes, '07011112222', or with hyphens, 070-1111-2222."
            " Hyphens also work where quotes get lost (an AWX survey, extra variables)"
        )
    if not isinstance(written, str) or not written.strip():
        raise InputError("number is empty or not a string: write it as a string of digits, such as '07011112222'")
    if len(written) > MAX_WRITTEN:
        raise InputError(
            f"number {shown(written)} is too long for a telephone number: write one number, such as {_EXAMPLES}"
        )
    text = _with_plain_separators(written.strip())
    reading = _read(text)
    if reading is None or not (reading.form or (_is_unknown(reading) and not _with_plus(text))):
        raise InputError(f"number {shown(written)} {_complaint(text, reading)}")
    return reading.digits


def find_number(text: str) -> str | None:
    """The digits of the longest complete number in a text."""
    found = _find(_with_plain_separators(text[:MAX_WRITTEN]))
    return found.number.digits if found else None


def is_in_plan(digits: str) -> bool:
    """Whether the digits are one complete number of the Korean numbering plan."""
    return re.fullmatch("[0-9]+", digits) is not None and _Reading(digits).form is not None


def with_hyphens(digits: str) -> str:
    """The number with hyphens, which a spreadsheet does not convert."""
    return str(_Reading(digits))


def has_usual_length(digits: str) -> bool:
    """Whether a number with a leading 0 has a usual number of digits."""
    return _FEWEST <= len(digits) <= _MOST


def number_warning(digits: str) -> str | None:
    """A warning about a number that is not in the numbering plan, or that may be incomplete."""
    if _Reading(digits).is_whole:
        return None
    if not digits.startswith("0"):
        whole = _Reading(f"0{digits}")
        return (
            f"number {digits} has no leading 0 and is not a representative number (15xx, 16xx, 18xx). If it was"
            " written without quotes in YAML, it was read as an octal integer and is the wrong number: put it in quotes"
            " where it is defined, such as '07011112222'."
            f"{f' If a spreadsheet dropped the leading 0, write {whole}' if whole.is_whole else ''}"
        )
    if not has_usual_length(digits):
        return (
            f"number {digits} has {len(digits)} digits, but numbers with a leading 0 usually have {_FEWEST} to {_MOST}:"
            " check that it is complete and only one number"
        )
    return f"number {digits} has a prefix outside the Korean numbering plan: check it"


def _with_plain_separators(text: str) -> str:
    return "".join(_HYPHENS.get(sign, " " if unicodedata.category(sign) == "Zs" else sign) for sign in text)


def _read(text: str) -> _Reading | None:
    """The digits and groups of a text. None if it is not a number with separators."""
    match = _WRITTEN.fullmatch(text)
    if not match:
        return None
    groups = re.findall("[0-9]+", match["first"] + match["more"])
    digits = "".join(groups)
    # After the country code, the leading 0 may be left out or written. Representative numbers have no leading 0.
    as_dialled = digits.startswith("0") or _Reading(digits).form == _REPRESENTATIVE
    added = "0" if match["zero"] or (match["code"] and not as_dialled) else ""
    ends = [len(added) + sum(map(len, groups[:count])) for count in range(1, len(groups))]
    first_end = len(added + groups[0]) if "(" in match["first"] else None
    return _Reading(added + digits, frozenset(ends), first_end)


def _is_unknown(reading: _Reading) -> bool:
    """Whether it is a number without separators whose prefix is not in the plan."""
    return (
        not (reading.forms or reading.ends or reading.first_end)
        and not reading.digits.startswith("00")
        and reading.digits != "0"
        and len(reading.digits) <= MAX_DIGITS
    )


def _with_plus(text: str) -> _Reading | None:
    """The number, if the text begins with 82, 082 or 0082 as the country code without a plus sign."""
    code = re.match(rf"([( ]*)(?:0|00[0-9]{{0,3}})?(?={COUNTRY_CODE})", text)
    reading = _read(f"{code[1]}+{text[code.end() :]}") if code else None
    return reading if reading and reading.is_whole else None


class _Found(t.NamedTuple):
    """A complete number in a text, with the text before and after it."""

    before: str
    number: _Reading
    after: str


def _find(text: str) -> _Found | None:
    """The longest complete number in a text, the first of several. Digits within a word (a key, say) do not count."""
    starts = [place for place in range(len(text)) if not re.match("[0-9A-Za-z]", text[place - 1 : place])]
    ends = [place for place in range(len(text), 0, -1) if not re.match("[0-9A-Za-z]", text[place : place + 1])]
    spans = sorted(
        ((start, end) for start in starts for end in ends if start < end), key=lambda span: span[0] - span[1]
    )
    for start, end in spans:
        number = _read(text[start:end])
        if number and number.is_whole:
            return _Found(text[:start].strip(" -.,("), number, text[end:].strip(" -.()") or text[end:])
    return None


def _complaint(text: str, reading: _Reading | None) -> str:
    """The error in a text that is not one complete number, and what to write instead.

    A suggestion never joins digits of the text if the result could be a different number.
    """
    if text.startswith("#"):
        return (
            "begins with #, like a failed formula or a column that is too narrow in a spreadsheet: write a telephone"
            f" number, such as {_EXAMPLES}"
        )
    if _NUMERIC.fullmatch(text):
        return (
            "was changed by a spreadsheet, which drops a leading 0 and rounds long numbers: format the column as text,"
            f" and write the number with hyphens, such as {_EXAMPLES}"
        )
    foreign = re.search("[^-+0-9 .()]", text)
    if foreign and not foreign[0].isprintable():
        return f"has {_name(foreign[0])} as character {foreign.start() + 1}: delete it, or type the number again"
    plus = _with_plus(text)
    if plus:
        return f"has the country code without a plus sign: write '{plus}', or begin with +{COUNTRY_CODE}"
    lacks_zero = re.match(r"\(?[1-9]", text) and _read(re.sub(r"\A(\(?)", r"\g<1>0", text))
    if lacks_zero and lacks_zero.is_whole:
        return f"lacks the leading 0: write '{lacks_zero}'"
    # If there is also text after the number, that error comes first.
    found = _find(text) or _find(f"+{text}" if text.startswith(COUNTRY_CODE) else f"0{text}")
    if found and re.search(r"\w", found.after):
        rest = found.after if found.after.isdigit() else shown(found.after)
        remedy = (
            "write each number separately" if _find(found.after) else "leave an extension out, write only the number"
        )
        return f"is {found.number}, and then {rest}: {remedy}"
    if found and re.search(r"\w", found.before):
        return f"is {found.number} after {shown(found.before)}: write only the number"
    if foreign:
        digit = " (a full-width or other digit)" if foreign[0].isdigit() else ""
        return (
            f"has {_name(foreign[0])}{digit} as character {foreign.start() + 1}: write digits 0-9, such as {_EXAMPLES}"
        )
    return _complaint_about_digits(text, reading)


def _complaint_about_digits(text: str, reading: _Reading | None) -> str:
    """The error in a text of digits, separators and parentheses."""
    digits = re.sub("[^0-9]", "", text)
    code = re.match(r"\(? *\+ *([0-9]*)", text)
    if code and not code[1].startswith(COUNTRY_CODE):
        return (
            f"does not have the country code +{COUNTRY_CODE}: only Korean numbers can be registered. Write it in the"
            " national form, such as '07011112222'"
        )
    if code and not digits[len(COUNTRY_CODE) :].strip("0"):
        return "ends after the country code: write the whole number"
    whole = _read(f"+{digits}" if code else digits)
    if whole and whole.is_whole and text.count("(") != text.count(")"):
        return f"has an unmatched parenthesis: if the digits are correct, write '{whole}'"
    if whole and whole.is_whole:
        return f"has separators in a place where no group of digits ends: if the digits are correct, write '{whole}'"
    if whole and whole.forms:
        by_id = ". To read or release a record with exactly these digits, use its id" if text == digits else ""
        return f"has {len(whole.digits)} digits, but numbers with this prefix are written {_alternatives(whole)}{by_id}"
    if whole and whole.digits.startswith("00"):
        return (
            "begins with 00, but is not an international freephone number: write it in the national form, such as"
            f" '07011112222', or with +{COUNTRY_CODE}"
        )
    if len(digits) > MAX_DIGITS:
        return f"has {len(digits)} digits: write at most {MAX_DIGITS}"
    if reading and digits != "0":
        return (
            "has a prefix outside the Korean numbering plan: write it with its area code or service prefix, such as"
            f" {_EXAMPLES}. If the digits are correct, write them without separators"
        )
    return f"is not a telephone number: write digits, such as {_EXAMPLES}"


def _alternatives(reading: _Reading) -> str:
    """The forms of a number's prefix, filled in as far as the prefix is known: '02-XXX-XXXX or 02-XXXX-XXXX'."""
    rows = ((re.match(prefix, reading.digits), forms) for prefix, forms in _PLAN)
    return " or ".join(_fill(form, match[0]) for match, forms in rows if match for form in forms)


def _fill(form: str, digits: str) -> str:
    """The form with its first Xs replaced by the digits."""
    rest = iter(digits)
    return "".join(next(rest, "X") if place == "X" else place for place in form)


def _name(sign: str) -> str:
    if sign.isascii() and sign.isprintable():
        return repr(sign)
    names = {"\t": "TAB", "\n": "LINE FEED", "\r": "CARRIAGE RETURN"}
    seen = "" if sign.isprintable() else "the invisible "
    return f"{seen}U+{ord(sign):04X} {names.get(sign) or unicodedata.name(sign, 'control character')}"
