# SPDX-License-Identifier: Apache-2.0
"""Check digits in the numbers that issuing agencies give, as OpenPeppol's list of participant schemes states them.

A rule counts only where the imported list still says so: agencies drop check digits (D-U-N-S numbers lost theirs), and
the list follows. Left out is what the list does not state clearly: a mere link (0208 has one too, but names the rule;
9910 and 9918 have nothing else), a check digit without its algorithm (0097, 0210, 0240, 0246), a statement that the
list's own example or usage note contradicts (0037, 0106, 0244), and codes that were removed.

Where a weighted sum leaves 0 or 1 modulo 11 the check digit would be 11 or 10; what then stands there differs by agency
and is not in the list, so such a number is held right.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry.errors import Reason
from registry.identifiers.text import ascii_lower, shorten


@dataclass(frozen=True, slots=True)
class CheckDigits:
    """How the numbers of one agency are checked, and by which words of the list one sees that it still asks for it."""

    name: str
    form: str
    """A regular expression of the whole number; the group, where there is one, is what is calculated with."""
    holds: Callable[[str], bool]
    column: str
    """Where the list states the rule: `validation-rules` or `structure`."""
    words: str
    """What it says there, as a regular expression without case."""


def _digits(text: str) -> list[int]:
    return [int(digit) for digit in text]


def _sum(weights: tuple[int, ...], number: str) -> int:
    return sum(weight * digit for weight, digit in zip(weights, _digits(number), strict=False))


def _luhn(number: str) -> bool:
    doubled = [digit * (1 + place % 2) for place, digit in enumerate(reversed(_digits(number)))]
    return sum(digit // 10 + digit % 10 for digit in doubled) % 10 == 0


_LA_POSTE = "356000000"


def _siren(number: str) -> bool:
    """A SIREN of 9 digits, or a SIRET of 14 that begins with one; each has a check digit of its own.

    The establishments of La Poste have more numbers than that leaves: the sum of their digits divides by 5 (INSEE).
    """
    of_la_poste = len(number) > len(_LA_POSTE) and number.startswith(_LA_POSTE)
    return _luhn(number[:9]) and (_luhn(number) or (of_la_poste and sum(_digits(number)) % 5 == 0))


def _mod_10(number: str) -> bool:
    """Weights 1 and 3 in turn, so that the last digit has 1 (GS1)."""
    return sum(digit * (1 + 2 * (place % 2)) for place, digit in enumerate(reversed(_digits(number)))) % 10 == 0


def _mod_11(*weights: int) -> Callable[[str], bool]:
    """The digit behind the weighted ones is 11 less the remainder of their sum."""

    def holds(number: str) -> bool:
        wanted = 11 - _sum(weights, number) % 11
        return wanted > 9 or wanted == int(number[len(weights)])

    return holds


def _divisible(by: int, *weights: int) -> Callable[[str], bool]:
    """The weighted sum of all digits, or without weights the number itself, is divisible."""

    def holds(number: str) -> bool:
        return (_sum(weights, number) if weights else int(number)) % by == 0

    return holds


def _australian(number: str) -> bool:
    return _sum((10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19), f"{int(number[0]) - 1}{number[1:]}") % 89 == 0 < int(number[0])


def _japanese(number: str) -> bool:
    """The first digit is 9 less the remainder by 9 of the others, weighted 1 and 2 in turn from the last one."""
    weighted = (digit * (1 + place % 2) for place, digit in enumerate(reversed(_digits(number[1:]))))
    return int(number[0]) == 9 - sum(weighted) % 9


def _estonian(number: str) -> bool:
    check = 10
    for first in (1, 3):
        if check == 10:
            check = _sum(tuple((first - 1 + place) % 9 + 1 for place in range(7)), number) % 11
    return check % 10 == int(number[-1])


def _lithuanian(number: str) -> bool:
    """The list says that the remainder is below 10, and not what holds where it isn't."""
    remainder = _sum((1, 2, 3, 4, 5, 6, 7, 8), number) % 11
    return remainder in {10, int(number[-1])}


def _mod_97_10(text: str) -> bool:
    """ISO/IEC 7064 MOD 97-10: letters count as 10 to 35."""
    return int("".join(str(int(character, 36)) for character in text)) % 97 == 1


def _belgian(number: str) -> bool:
    return 97 - int(number[:8]) % 97 == int(number[8:])


_RULES, _STRUCTURE = "validation-rules", "structure"
_NORWEGIAN = _mod_11(3, 2, 7, 6, 5, 4, 3, 2)
_NINE = "([0-9]{9})"
CHECK_DIGITS: Mapping[str, CheckDigits] = {
    "0002": CheckDigits("Luhn", "[0-9]{9}(?:[0-9]{5})?", _siren, _RULES, "luhn"),
    "0007": CheckDigits("Luhn", "[0-9]{10}", _luhn, _RULES, "luhn"),
    "0088": CheckDigits("modulo 10", "[0-9]{13}", _mod_10, _RULES, r"mod ?10 \(weights 1, 3\)"),
    "0151": CheckDigits("modulo 89", "[0-9]{11}", _australian, _RULES, "mod ?89"),
    "0158": CheckDigits("modulo 11", "[0-9]{8}", _mod_11(8, 7, 6, 5, 4, 3, 2), _RULES, "mod ?11"),
    "0183": CheckDigits("modulo 11", f"CHE{_NINE}", _mod_11(5, 4, 3, 2, 7, 6, 5, 4), _RULES, "mod ?11"),
    "0188": CheckDigits("modulo 9", "[0-9]{13}", _japanese, _STRUCTURE, "dividing the 9"),
    "0191": CheckDigits("modulo 11", "[0-9]{8}", _estonian, _RULES, "calc_check_digit"),
    "0192": CheckDigits("modulo 11", "[0-9]{9}", _NORWEGIAN, _STRUCTURE, "modulus 11"),
    "0196": CheckDigits("modulo 11", "[0-9]{10}", _NORWEGIAN, _RULES, "mod ?11"),
    "0198": CheckDigits("modulo 11", "DK([0-9]{8})", _divisible(11, 2, 7, 6, 5, 4, 3, 2, 1), _RULES, "mod ?11"),
    "0199": CheckDigits("modulo 97-10", "[A-Z0-9]{18}[0-9]{2}", _mod_97_10, _RULES, "mod ?97-10"),
    "0200": CheckDigits("modulo 11", "[0-9]{9}", _lithuanian, _STRUCTURE, "divided by 11"),
    "0208": CheckDigits("modulo 97", "[01][0-9]{9}", _belgian, _RULES, "mod ?97"),
    "0211": CheckDigits("Luhn", "IT([0-9]{11})", _luhn, _RULES, "luhn"),
    "0221": CheckDigits("modulo 9", "T([0-9]{13})", _japanese, _STRUCTURE, "dividing the 9"),
    "0235": CheckDigits("Luhn", "1[0-9]{9}", _luhn, _STRUCTURE, "luhn"),
    "0245": CheckDigits("divisible by 11", "[0-9]{10}", _divisible(11), _STRUCTURE, "divisible by 11"),
    # The list's expression begins with NO, its example doesn't.
    "9909": CheckDigits("modulo 11", f"(?:NO)?{_NINE}MVA", _NORWEGIAN, _RULES, "mod ?11"),
    "9917": CheckDigits("modulo 11", "[0-9]{10}", _NORWEGIAN, _RULES, "mod ?11"),
}
"""By the code of the issuing agency (ICD)."""


def is_stated(icd: str, row: Mapping[str, object]) -> bool:
    """Whether a row of the code list states check digits for `icd` in the way that is known here."""
    known = CHECK_DIGITS.get(icd)
    return known is not None and re.search(known.words, ascii_lower(str(row.get(known.column, "")))) is not None


def check_digit_reason(icd: str, number: str) -> Reason | None:
    """What is wrong with the check digits of `number`; None where they are right or the agency has no rule here.

    Letter case means nothing. A number that has not the form that is calculated with has no right check digits.
    """
    known = CHECK_DIGITS.get(icd)
    if known is None:
        return None
    match = re.fullmatch(known.form, number.upper(), re.ASCII)
    if match is not None and known.holds(match.group(match.lastindex or 0)):
        return None
    wrong = "has not the form that its check digits need" if match is None else "has wrong check digits"
    message = f"{shorten(number)} {wrong}, by the code list's rule for {icd} ({known.name})"
    return Reason("PARTICIPANT-CHECK-DIGIT", message, f"OpenPeppol code list, {known.column}")
