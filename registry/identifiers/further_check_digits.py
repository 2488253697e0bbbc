# SPDX-License-Identifier: Apache-2.0
"""Check digits by the rules of the agencies themselves, where OpenPeppol's list is silent or says less.

`registry.identifiers.check_digits` counts only what an imported list states. A domain that refuses numbers for their
check digits (`sml.admission`) means the agency's own rule, with or without a list. An agency that is in neither table
has none that is known here: D-U-N-S numbers (0060) lost theirs, Danish P numbers (0096) never had one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry.errors import Reason
from registry.identifiers.check_digits import CHECK_DIGITS, check_digit_reason
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    form: str
    """A regular expression of the whole number; its group, where there is one, is what is calculated with."""
    holds: Callable[[str], bool]
    source: str


def _finnish(number: str) -> bool:
    remainder = sum(weight * int(digit) for weight, digit in zip((7, 9, 10, 5, 8, 4, 2), number, strict=False)) % 11
    return int(number[7]) == (0 if remainder == 0 else 11 - remainder)


def _mod_11_10(number: str) -> bool:
    """ISO/IEC 7064 MOD 11,10, a hybrid system: the check digit makes the last sum 1."""
    product = 10
    for digit in number[:-1]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (product + int(number[-1])) % 10 == 1


_INSEE = "INSEE, numbers of the SIRENE register"
_RULES: Mapping[str, _Rule] = {
    "0009": _Rule("Luhn", "[0-9]{14}", CHECK_DIGITS["0002"].holds, _INSEE),
    "0184": _Rule("modulo 11", "[1-9][0-9]{7}", CHECK_DIGITS["0198"].holds, "a CVR number, as in 0198"),
    "0216": _Rule("modulo 11", "0037([0-9]{8})[0-9A-Z]{0,5}", _finnish, "Finnish Business ID (Y-tunnus)"),
    "9908": _Rule("modulo 11", "[0-9]{9}", CHECK_DIGITS["0192"].holds, "an organisation number, as in 0192"),
    "9925": _Rule("modulo 97", "(?:BE)?([01][0-9]{9})", CHECK_DIGITS["0208"].holds, "an enterprise number, as in 0208"),
    "9930": _Rule("MOD 11,10", "DE([0-9]{9})", _mod_11_10, "ISO/IEC 7064; ZMDV of 13 May 1993, BGBl. I S. 736"),
}
"""By the code of the issuing agency (ICD)."""


def has_check_digits(icd: str) -> bool:
    """Whether the rule of an agency is known here."""
    return icd in _RULES or icd in CHECK_DIGITS


def wrong_check_digits(participant: ParticipantIdentifier) -> Reason | None:
    """What is wrong with the check digits of a participant's number; None where nothing is, or no rule is known.

    Letter case means nothing. A number that has not the form that is calculated with has no right check digits.
    """
    icd, number = participant.agency or ("", "")
    rule = _RULES.get(icd)
    if rule is None:
        return check_digit_reason(icd, number)
    match = re.fullmatch(rule.form, number.upper(), re.ASCII)
    if match is not None and rule.holds(match.group(match.lastindex or 0)):
        return None
    wrong = "has not the form that its check digits need" if match is None else "has wrong check digits"
    return Reason("PARTICIPANT-CHECK-DIGIT", f"{shorten(number)} {wrong} ({icd}, {rule.name})", rule.source)
