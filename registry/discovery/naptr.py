# SPDX-License-Identifier: Apache-2.0
"""From NAPTR records to the URL of an SMP (RFC 3402, RFC 3403, RFC 4848; OASIS BDXL §2.2). Pure.

Two traps of peers are avoided: flag and service have no case (some publish `meta:smp`), and the expression
must match the whole name, since replacing each match of an unanchored `.*` gives the URL twice.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from registry.discovery.ere import Pattern, PatternError
from registry.discovery.errors import NoMatchingServiceError
from registry.discovery.urls import UrlError, check_url

_WHOLE: Final = (".*", "^.*$")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Naptr:
    """One NAPTR record; texts hold one character per octet. A replacement of "." means that there is none."""

    order: int
    preference: int
    flags: str
    service: str
    regexp: str
    replacement: str = "."

    def __str__(self) -> str:
        quoted = f'"{self.flags}" "{self.service}" "{self.regexp}"'
        return f"{self.order} {self.preference} {quoted} {self.replacement}"


@dataclass(frozen=True, slots=True)
class NaptrChoice:
    """The URL, the record that gave it, and why records that come before it were passed over."""

    url: str
    record: Naptr
    passed_over: tuple[str, ...]


class RewriteError(ValueError):
    """The regexp field gives no URL for this name; the text says why."""


def choose(records: Iterable[Naptr], name: str, *, services: Collection[str], schemes: Collection[str]) -> NaptrChoice:
    """The first record, by order, then preference, that is terminal (`U`), of one of these services, and gives a URL.

    `name` is the domain name that was asked, without the last dot; `schemes` are the URL schemes that the
    domain allows. Raises NoMatchingServiceError, which says what is wrong with each record.
    """
    passed_over: list[str] = []
    for record in sorted(records, key=lambda record: (record.order, record.preference, str(record))):
        try:
            url = _url_of(record, name, services, schemes)
        except (RewriteError, UrlError) as error:
            passed_over.append(f"record {record}: {error}")
        else:
            return NaptrChoice(url, record, tuple(passed_over))
    raise NoMatchingServiceError(
        "naptr-none-usable", f"no NAPTR record can be used for {' or '.join(services)}: " + "; ".join(passed_over)
    )


def _url_of(record: Naptr, name: str, services: Collection[str], schemes: Collection[str]) -> str:
    if record.service.lower() not in {service.lower() for service in services}:
        raise RewriteError(f"its service is not {' or '.join(services)}")
    if record.flags.lower() != "u":
        raise RewriteError("its flag is not U")
    return check_url(rewrite(record.regexp, name), schemes)


def rewrite(regexp: str, name: str) -> str:
    """Apply `!expression!replacement!flags` to a name (RFC 3402 §3.2). Raises RewriteError."""
    expression, replacement, flags = _split(regexp)
    if flags.lower() not in ("", "i"):
        raise RewriteError(f"the regexp flag {flags!r} is unknown")
    if expression in _WHOLE:
        groups: tuple[str, ...] = (name,)
    else:
        try:
            found = Pattern(expression, ignore_case=bool(flags)).match(name)
        except PatternError as error:
            raise RewriteError(f"its regexp is not usable: {error}") from None
        if found is None:
            raise RewriteError("its regexp does not match the name")
        groups = found
    return _ESCAPED.sub(lambda escape: _substitute(escape[1], groups), replacement)


def _substitute(escaped: str, groups: tuple[str, ...]) -> str:
    if escaped not in "123456789":
        return escaped
    if int(escaped) >= len(groups):
        raise RewriteError(f"its regexp refers to a group \\{escaped} that it does not have")
    return groups[int(escaped)]


def _split(regexp: str) -> tuple[str, str, str]:
    """The three parts between the delimiters; a delimiter that is escaped belongs to its part."""
    delimiter = regexp[:1]
    if delimiter in ("", "\\") or delimiter in "123456789iI":
        raise RewriteError("its regexp has no usable delimiter")
    parts, escaping = [""], False
    for character in regexp[1:]:
        if escaping:
            # The escape of a delimiter has done its work; any other belongs to expression or replacement.
            parts[-1] += character if character == delimiter else f"\\{character}"
            escaping = False
        elif character == "\\":
            escaping = True
        elif character == delimiter:
            parts.append("")
        else:
            parts[-1] += character
    if len(parts) != 3 or escaping:
        raise RewriteError("its regexp does not have three parts")
    return parts[0], parts[1], parts[2]
