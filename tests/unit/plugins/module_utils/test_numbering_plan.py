# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telephone numbers in usual notations, compared with libphonenumber."""

from __future__ import annotations

import re
import typing as t
from contextlib import suppress
from itertools import product

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, ValidationResult
from phonenumbers.data.region_KR import PHONE_METADATA_KR

from ansible_collections.voxai.telephony.plugins.module_utils._numbering_plan import (
    is_in_plan,
    number_warning,
    parse_number,
)
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

FORMATS = (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("07011112222", "07011112222"),
        (" 07011112222\n", "07011112222"),
        ("070-1111-2222", "07011112222"),
        ("070 1111 2222", "07011112222"),
        ("070.1111.2222", "07011112222"),
        ("070 - 1111 - 2222", "07011112222"),
        ("(070) 1111-2222", "07011112222"),
        ("(070)1111-2222", "07011112222"),
        ("070-11112222", "07011112222"),
        ("0701111-2222", "07011112222"),
        ("+82 70-1111-2222", "07011112222"),
        ("+82-70-1111-2222", "07011112222"),
        ("+82.70.1111.2222", "07011112222"),
        ("+827011112222", "07011112222"),
        ("+8207011112222", "07011112222"),
        ("+82-(0)70-1111-2222", "07011112222"),
        ("+82 (0)70 1111 2222", "07011112222"),
        ("+82 070-1111-2222", "07011112222"),
        ("+82 (70) 1111-2222", "07011112222"),
        ("(+82) 070 1234 0567", "07012340567"),
        ("(+82) 70-1111-2222", "07011112222"),
        ("02-123-4567", "021234567"),
        ("02 1234 5678", "0212345678"),
        ("+82 2 123 4567", "021234567"),
        ("(02) 123-4567", "021234567"),
        ("031-123-4567", "0311234567"),
        ("064 1234 5678", "06412345678"),
        ("010-1234-5678", "01012345678"),
        ("016-123-4567", "0161234567"),
        ("0505-123-4567", "05051234567"),
        ("0507-1234-5678", "050712345678"),
        ("050-1234-5678", "05012345678"),
        ("+82 505 1234 0567", "050512340567"),
        ("0303-1234-5678", "030312345678"),
        ("0303-123-4567", "03031234567"),
        ("030-123-4567", "0301234567"),
        ("080-123-4567", "0801234567"),
        ("060-700-1234", "0607001234"),
        ("1588-0000", "15880000"),
        ("1588.0000", "15880000"),
        ("+82 1588-0000", "15880000"),
        ("+82 1688 0000", "16880000"),
        ("+821877-0000", "18770000"),
        ("+82 15-880-0000", "0158800000"),
        ("00308 123 456", "00308123456"),
        # Characters that are used as hyphens or blanks.
        *((f"070{sign}1111{sign}2222", "07011112222") for sign in "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"),
        *((f"070{sign}1111{sign}2222", "07011112222") for sign in "\u00a0\u2009\u202f\u3000"),
        # Unknown prefixes are accepted without separators.
        ("1", "1"),
        ("1" * 20, "1" * 20),
        ("0991234567", "0991234567"),
        ("8231120", "8231120"),
    ],
)
def test_usual_notations(written: str, digits: str) -> None:
    assert parse_number(written) == digits


@pytest.mark.parametrize("written", [0o7011112222, 15880000, 0, -7, 7.5, True])
def test_a_number_that_is_not_a_string_is_refused_with_the_remedy(written: object) -> None:
    with pytest.raises(InputError, match=r"quotes.*070-1111-2222"):
        parse_number(written)


def test_an_integer_that_python_does_not_convert_is_refused() -> None:
    with pytest.raises(InputError, match="an integer with too many digits, which is not a string"):
        parse_number(10**5000)


@pytest.mark.parametrize("written", [None, "", "   ", [], {}, ["07011112222"], b"070"])
def test_an_empty_number_is_refused(written: object) -> None:
    with pytest.raises(InputError, match="number is empty"):
        parse_number(written)


EXTENSION = "leave an extension out"
REFUSED: list[tuple[str, str]] = [
    # Digits that are not part of the number.
    ("02-555-1234 (101)", rf"is 02-555-1234, and then 101: {EXTENSION}"),
    ("02-555-1234(5)", rf"is 02-555-1234, and then 5: {EXTENSION}"),
    ("02-555-1234-5", rf"is 02-555-1234, and then 5: {EXTENSION}"),
    ("02-555-1234 101", rf"is 02-555-1234, and then 101: {EXTENSION}"),
    ("021234567 8", rf"is 02-123-4567, and then 8: {EXTENSION}"),
    ("070-1111-2222-3", rf"is 070-1111-2222, and then 3: {EXTENSION}"),
    ("+82-2-555-1234-101", rf"is 02-555-1234, and then 101: {EXTENSION}"),
    ("1588-0000-1", rf"is 1588-0000, and then 1: {EXTENSION}"),
    ("0505-123-4567.8", rf"is 0505-123-4567, and then 8: {EXTENSION}"),
    ("070-1111-2222 ext. 101", rf"is 070-1111-2222, and then 'ext. 101': {EXTENSION}"),
    ("070-1111-2222 내선 101", rf"is 070-1111-2222, and then '내선 101': {EXTENSION}"),
    ("070-1111-2222;ext=1", rf"is 070-1111-2222, and then ';ext=1': {EXTENSION}"),
    ("02-555-1234~5", rf"is 02-555-1234, and then '~5': {EXTENSION}"),
    ("2-555-1234-5", rf"is 02-555-1234, and then 5: {EXTENSION}"),
    ("82-70-1111-2222-101", rf"is 070-1111-2222, and then 101: {EXTENSION}"),
    ("1. 070-1111-2222", "is 070-1111-2222 after '1': write only the number"),
    ("T. 02-555-1234", "is 02-555-1234 after 'T': write only the number"),
    ("대표 1588-0000", "is 1588-0000 after '대표': write only the number"),
    ("tel:+82-70-1111-2222", "is 070-1111-2222 after 'tel:': write only the number"),
    ("+82 (0)1588-0000", r"is 1588-0000 after '\+82 \(0\)': write only the number"),
    ("+82 (0)070-1111-2222", r"is 070-1111-2222 after '\+82 \(0\)': write only the number"),
    ("070-1111-2222, 070-3333-4444, 070-5555-6666", "write each number separately"),
    ("02-555-1234(FAX 02-555-1235)", "write each number separately"),
    ("02-1234-5678 02-1234-5679", "is 02-1234-5678, and then '02-1234-5679': write each number separately"),
    ("070 1111 2222 070 3333 4444", "write each number separately"),
    ("02-555-1234, 02-555-1235", "write each number separately"),
    ("02-555-1234 (02-555-1235)", "write each number separately"),
    ("1588-0000 1588-0001", "write each number separately"),
    # Too many or too few digits.
    ("070111122223", "has 12 digits, but numbers with this prefix are written 070-XXXX-XXXX"),
    ("070-1111-222", "has 10 digits, but numbers with this prefix are written 070-XXXX-XXXX"),
    ("0255512345678", "has 13 digits, but numbers with this prefix are written 02-XXX-XXXX or 02-XXXX-XXXX"),
    ("0701111", "has 7 digits"),
    ("050123456", "has 9 digits"),
    ("1588000", "has 7 digits, but numbers with this prefix are written 15XX-XXXX"),
    ("+82 1788-0000", "has 9 digits, but numbers with this prefix are written 017-XXX-XXXX or 017-XXXX-XXXX"),
    ("1544-12345", "has 9 digits, but numbers with this prefix are written 15XX-XXXX"),
    ("025551234101", "has 12 digits.*record with exactly these digits, use its id"),
    ("0030812345", "has 10 digits, but numbers with this prefix are written 00308-XXX-XXX or 00308-XXX-XXXX"),
    ("0331", "033-XXX-XXXX or 033-XXXX-XXXX or 033-1XX or 033-1XXX"),
    ("1" * 21, "has 21 digits: write at most 20"),
    ("1" * 100_000 + "x", "is too long for a telephone number"),
    # Separators at a place where no group ends.
    ("02-555-12345", "no group of digits ends: if the digits are correct, write '02-5551-2345'"),
    ("0701-111-2222", "no group of digits ends: if the digits are correct, write '070-1111-2222'"),
    ("070--1111-2222", "no group of digits ends"),
    ("070-1111-2222-", "no group of digits ends: if the digits are correct, write '070-1111-2222'"),
    ("(070 1111-2222", "has an unmatched parenthesis: if the digits are correct, write '070-1111-2222'"),
    ("02)555-1234", "has an unmatched parenthesis: if the digits are correct, write '02-555-1234'"),
    ("(0701111)-2222", "no group of digits ends"),
    ("(07011112222)", "no group of digits ends"),
    ("070 (1111) 2222", "no group of digits ends"),
    (")070( 1111-2222", "no group of digits ends"),
    ("()07011112222", "no group of digits ends"),
    ("+82 0-70-1111-2222", "no group of digits ends"),
    ("099-123-4567", "If the digits are correct, write them without separators$"),
    *((written, "write it with its area code or service prefix") for written in ("555-1234", "0991234567 101")),
    *(
        (written, "has a prefix outside the Korean numbering plan")
        for written in ("4111-1111-1111-1111", "2025-01-15", "10.123.45.678")
    ),
    ("(941921426)", "If the digits are correct, write them without separators$"),
    # Numbers that were changed by a spreadsheet.
    ("7011112222.0", "was changed by a spreadsheet"),
    ("15880000.0", "was changed by a spreadsheet"),
    ("7.01E+10", "was changed by a spreadsheet"),
    ("7,01E+10", "was changed by a spreadsheet"),
    ("7e10", "was changed by a spreadsheet"),
    ("7,011,112,222", "was changed by a spreadsheet"),
    ("#N/A", "begins with #, like a failed formula"),
    ("#####", "begins with #, like a failed formula"),
    ("70-1111-2222", "lacks the leading 0: write '070-1111-2222'"),
    # Country codes.
    ("82-70-1111-2222", r"has the country code without a plus sign: write '070-1111-2222', or begin with \+82"),
    ("827011112222", r"has the country code without a plus sign: write '070-1111-2222', or begin with \+82"),
    ("82 (0)2 555 1234", "has the country code without a plus sign: write '02-555-1234'"),
    ("(82) 2-555-1234", "has the country code without a plus sign: write '02-555-1234'"),
    ("8215880000", "has the country code without a plus sign: write '1588-0000'"),
    ("+1 212 555 0100", r"country code \+82"),
    ("+8", r"country code \+82"),
    ("+82", "ends after the country code"),
    ("+82 (0)", "ends after the country code"),
    ("0082-70-1111-2222", "has the country code without a plus sign: write '070-1111-2222'"),
    ("00182-70-1111-2222", "has the country code without a plus sign"),
    ("0827011112222", "has the country code without a plus sign: write '070-1111-2222'"),
    ("08225551234", "has the country code without a plus sign: write '02-555-1234'"),
    ("+82 00 70-1111-2222", "begins with 00"),
    ("00000000", "begins with 00"),
    ("0", "is not a telephone number"),
    ("- ()", "is not a telephone number"),
    ("070+11112222", "no group of digits ends"),
    # Invalid characters, with name and position.
    ("070-1111-222x", "has 'x' as character 13"),
    ("070-1111-2222x", "has 'x' as character 14"),
    ("'07011112222", 'has "\'" as character 1'),
    ("070\u200b11112222", r"has the invisible U\+200B ZERO WIDTH SPACE as character 4"),
    ("070-1111-2222\u200b", r"has the invisible U\+200B ZERO WIDTH SPACE as character 14"),
    ("\u202c070-1111-2222", r"has the invisible U\+202C POP DIRECTIONAL FORMATTING as character 1"),
    ("070\u00ad1111\u00ad2222", r"has the invisible U\+00AD SOFT HYPHEN as character 4"),
    ("070\n11112222", r"has the invisible U\+000A LINE FEED as character 4"),
    ("070\t11112222", r"has the invisible U\+0009 TAB as character 4"),
    ("\uff10\uff17\uff1011112222", r"has U\+FF10 FULLWIDTH DIGIT ZERO .a full-width or other digit. as character 1"),
    ("\u0660\u0667\u066011112222", r"has U\+0660 ARABIC-INDIC DIGIT ZERO .a full-width or other digit. as character 1"),
    ("070\u30fc1111\u30fc2222", r"has U\+30FC KATAKANA-HIRAGANA PROLONGED SOUND MARK as character 4"),
    ("070\u301c1111", r"has U\+301C WAVE DASH as character 4"),
]


@pytest.mark.parametrize(("written", "complaint"), REFUSED, ids=[repr(written)[:40] for written, _complaint in REFUSED])
def test_invalid_numbers_are_refused_with_a_suggestion(written: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        parse_number(written)


def test_the_whole_message() -> None:
    """The message contains the solution, so that users need not read the documentation."""
    with pytest.raises(InputError) as refused:
        parse_number("02-555-1234 (101)")
    assert str(refused.value) == (
        "number '02-555-1234 (101)' is 02-555-1234, and then 101: leave an extension out, write only the number"
    )


@pytest.mark.parametrize(
    ("digits", "warning"),
    [
        ("07011112222", None),
        ("15880000", None),
        ("18770000", None),
        ("021234567", None),
        ("050512345678", None),
        ("00798123456789", None),
        ("941921426", "octal integer"),
        ("7011112222", "write 070-1111-2222"),
        ("17880000", "octal integer"),
        ("031120", "has 6 digits"),
        ("0991111222233", "has 13 digits"),
        ("0991234567", "has a prefix outside the Korean numbering plan"),
    ],
)
def test_a_warning_for_numbers_outside_the_plan(digits: str, warning: str | None) -> None:
    told = number_warning(digits)
    assert told is None if warning is None else warning in (told or "")


def _korean(significant: str) -> phonenumbers.PhoneNumber:
    return phonenumbers.PhoneNumber(
        country_code=82,
        national_number=int(significant),
        italian_leading_zero=True if significant.startswith("0") else None,
        number_of_leading_zeros=len(significant) - len(significant.lstrip("0")) or None,
    )


def _dialled(significant: str) -> str:
    """Return the digits to dial in Korea."""
    return (
        significant
        if significant.startswith("00") or re.fullmatch("1[568][0-9]{6}", significant)
        else f"0{significant}"
    )


def _significant_numbers() -> t.Iterator[str]:
    """Yield national significant numbers with all prefixes and lengths, each with the lowest and the highest end."""
    beginnings = ["".join(digits) for digits in product("0123456789", repeat=3)]
    # Longer prefixes that the metadata distinguishes.
    beginnings += ["00308", "00368", "00798", *(f"1{digits:03}" for digits in range(1000))]
    for beginning, length, end in product(beginnings, range(4, 16), "0159"):
        if length >= len(beginning):
            yield beginning + end * (length - len(beginning))


def test_valid_numbers_of_libphonenumber_are_accepted_in_all_forms() -> None:
    kinds = set()
    for significant in _significant_numbers():
        number = _korean(significant)
        if not phonenumbers.is_valid_number_for_region(number, "KR"):
            continue
        kinds.add(phonenumbers.number_type(number))
        digits = _dialled(significant)
        assert parse_number(digits) == digits
        assert is_in_plan(digits)
        for form in FORMATS:
            assert parse_number(phonenumbers.format_number(number, form)) == digits
    described = [
        name for name in vars(PHONE_METADATA_KR) if getattr(getattr(PHONE_METADATA_KR, name), "example_number", 0)
    ]
    # All kinds of Korean numbers occurred.
    assert len(kinds) == len(described)


def test_numbers_of_invalid_length_are_refused_or_cause_a_warning() -> None:
    wrong = 0
    for significant in _significant_numbers():
        result = phonenumbers.is_possible_number_with_reason(_korean(significant))
        if result not in (ValidationResult.TOO_LONG, ValidationResult.TOO_SHORT):
            continue
        wrong += 1
        with suppress(InputError):
            assert number_warning(parse_number(_dialled(significant)))
    assert wrong
