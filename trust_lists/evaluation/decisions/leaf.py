# SPDX-License-Identifier: Apache-2.0
"""What the certificate itself must be in a role, whoever vouches for it: usages, lifetime, names.

Each rule is one entry with its key path, made once for a configuration; what it looked at is told for a trace only.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from trust_lists.certificates.names import unmistakable_text
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.server_names import named, server_names
from trust_lists.certificates.usage import ANY_PURPOSE, usages
from trust_lists.errors import CertificateError, shown
from trust_lists.evaluation.decisions.model import Case, Check
from trust_lists.evaluation.trust_configuration.model import (
    Answer,
    ExtendedKeyUsageRule,
    KeyUsageRule,
    LeafRule,
    SubjectRule,
    Usage,
)

MAX_VALUE = 1_000
"""Characters of a name that a pattern is held against: longer ones fit none, since patterns may take long."""

ATTRIBUTES = {
    "CN": "2.5.4.3",
    "OU": "2.5.4.11",
    "O": "2.5.4.10",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "C": "2.5.4.6",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "E": "1.2.840.113549.1.9.1",
    "serialNumber": "2.5.4.5",
    "organizationIdentifier": "2.5.4.97",
}
"""The attributes of a subject by the names that the format has for them, as dotted OIDs."""
_ALTERNATIVE = {"san.email": 1, "san.dns": 2, "san.uri": 6}
_HOST = "san.host"
"""DNS names and IP addresses; bound, one of them is, or stands for, the host (RFC 9525 §6)."""


@dataclass(frozen=True, slots=True)
class LeafCheck:
    """One rule: `run` gives what fails, `inputs` what it looked at."""

    place: str
    run: Callable[[Case], list[Check]]
    inputs: Callable[[Case], Mapping[str, object]]


def leaf_checks(rule: LeafRule, place: str) -> Iterator[LeafCheck]:
    """The rules of `roles.<role>.leaf` that say something, but for policies and algorithms, which are about paths."""
    if rule.key_usage is not None:
        yield _key_usage(rule.key_usage, f"{place}.key_usage")
    if rule.eku is not None:
        yield _extended(rule.eku, f"{place}.eku")
    if rule.max_lifetime is not None:
        yield _lifetime(rule, f"{place}.max_lifetime")
    if rule.subject is not None:
        yield subject_check(rule.subject, f"{place}.subject")


def _key_usage(rule: KeyUsageRule, place: str) -> LeafCheck:
    required, forbidden = (frozenset(each.value for each in bits) for bits in (rule.required, rule.forbidden))

    def run(case: Case) -> list[Check]:
        try:
            found = usages(case.certificate).key
        except CertificateError as error:
            return [_about(case, "KEY_USAGE_UNREADABLE", place, f"its key usage can't be read: {error}")]
        if found is None:
            told = "it doesn't say what its key is for (no key usage)"
            if rule.absent is Answer.REJECT:
                return [_about(case, "KEY_USAGE_ABSENT", place, told)]
            # an authority that doesn't limit its key may sign certificates (RFC 5280 §4.2.1.3)
            if Usage.KEY_CERT_SIGN in rule.forbidden and path_extensions(case.certificate.der).authority:
                return [
                    _about(case, "KEY_USAGE_FORBIDDEN", place, f"{told}, and it is the certificate of an authority")
                ]
            return []
        checks = []
        if missing := required - found:
            checks.append(_about(case, "KEY_USAGE_MISSING", place, f"its key is not for {_words(missing)}"))
        if excess := forbidden & found:
            told = f"its key is for {_words(excess)}, which is forbidden here"
            checks.append(_about(case, "KEY_USAGE_FORBIDDEN", place, told))
        return checks

    return LeafCheck(place, run, lambda case: {"key_usage": _told(lambda: usages(case.certificate).key)})


def _extended(rule: ExtendedKeyUsageRule, place: str) -> LeafCheck:
    wanted = frozenset(rule.one_of)

    def run(case: Case) -> list[Check]:
        try:
            found = usages(case.certificate).extended
        except CertificateError as error:
            return [_about(case, "EKU_UNREADABLE", place, f"its extended key usage can't be read: {error}")]
        if found is None:
            told = "it names no purpose (no extended key usage)"
            return [] if rule.absent is Answer.ACCEPT else [_about(case, "EKU_ABSENT", place, told)]
        if wanted & found or (rule.any_eku is Answer.ACCEPT and ANY_PURPOSE in found):
            return []
        told = f"its purposes are {_words(found)}, and none of {_words(wanted)}"
        return [_about(case, "EKU_MISSING", place, told)]

    return LeafCheck(place, run, lambda case: {"eku": _told(lambda: usages(case.certificate).extended)})


def _lifetime(rule: LeafRule, place: str) -> LeafCheck:
    longest = rule.max_lifetime

    def run(case: Case) -> list[Check]:
        slices = case.certificate.slices
        try:
            start, end = slices.dates if slices else (None, None)
        except CertificateError:
            return []  # its dates are judged with the path
        if start is None or end is None or longest is None or end - start <= longest:
            return []
        told = f"it is valid for {(end - start).days} days, and {longest.days} are the most"
        return [_about(case, "LIFETIME_TOO_LONG", place, told)]

    return LeafCheck(place, run, lambda _case: {"most_days": longest.days if longest else None})


def subject_check(rule: SubjectRule, place: str) -> LeafCheck:
    """The rule about names, of a leaf or of the expression `subject`."""
    patterns = {name: re.compile(pattern) for name, pattern in rule.match.items()}

    def run(case: Case) -> list[Check]:
        checks = []
        for name, pattern in patterns.items():
            found = values(case, name)
            if not any(len(each) <= MAX_VALUE and pattern.fullmatch(each) for each in found):
                told = f"its {name} is {_quoted(found)}, which doesn't fit {pattern.pattern}"
                checks.append(_about(case, "SUBJECT_MISMATCH", f"{place}.match.{name}", told))
        for name, bound in rule.bind.items():
            wanted = case.context.get(bound)
            if wanted is None:
                told = f"{bound.value} is not known, and its {name} has to be that"
                checks.append(_about(case, "CONTEXT_MISSING", f"{place}.bind.{name}", told, undecided=True))
            elif not _is_bound(case, name, wanted):
                told = f"its {name} is {_quoted(values(case, name))}, and {bound.value} is {shown(wanted)!r}"
                checks.append(_about(case, "SUBJECT_NOT_BOUND", f"{place}.bind.{name}", told))
        return checks

    def inputs(case: Case) -> Mapping[str, object]:
        return {name: list(values(case, name)) for name in (*rule.match, *rule.bind)}

    return LeafCheck(place, run, inputs)


def values(case: Case, name: str) -> tuple[str, ...]:
    """The values of an attribute of the certificate, by the name that the format has for it."""
    if name == "DN":
        slices = case.certificate.slices
        return (unmistakable_text(slices.subject),) if slices else ()
    if name in _ALTERNATIVE or name == _HOST:
        found = path_extensions(case.certificate.der).alternative_names
        if name == _HOST:
            return server_names(found)
        return tuple(each.value.decode("latin-1") for each in found if each.kind == _ALTERNATIVE[name])
    return case.certificate.subject_values(ATTRIBUTES[name])


def _is_bound(case: Case, name: str, wanted: str) -> bool:
    if name == _HOST:
        return named(path_extensions(case.certificate.der).alternative_names, wanted)
    return wanted in values(case, name)


def _about(case: Case, reason_id: str, place: str, told: str, *, undecided: bool = False) -> Check:
    message = f"{shown(case.certificate.subject_text)}: {told}"
    return Check(reason_id, place, message, case.certificate.sha256, undecided=undecided)


def _words(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _quoted(found: tuple[str, ...]) -> str:
    return ", ".join(repr(shown(each)) for each in found[:5]) or "absent"


def _told(read: Callable[[], frozenset[str] | None]) -> list[str] | str | None:
    try:
        found = read()
    except CertificateError as error:
        return str(error)
    return None if found is None else sorted(found)
