# SPDX-License-Identifier: Apache-2.0
"""What the web asks of any certificate, and of those of authorities, beyond RFC 5280 §6.1.

Most of it binds issuers (RFC 5280 §4, CA/Browser Forum Baseline Requirements): §6.1 looks over it, and so must
whoever judges certificates of other networks. Clauses are those of the Baseline Requirements (BR) and of RFC 5280.
"""

import re

from trust_lists.certificates import der
from trust_lists.certificates import path_extensions as ext
from trust_lists.certificates.path_extensions import GeneralName
from trust_lists.certificates.path_state import KNOWN_EXTENSIONS
from trust_lists.certificates.server_names import is_host
from trust_lists.evaluation.decisions.webpki.judged import AUTHORITY_ACCESS, PURPOSES, Judged, Rule
from trust_lists.evaluation.decisions.webpki.keys import is_allowed

_EMAIL, _DNS, _IP = 1, 2, 7
_MAX_SERIAL_BYTES = 20
_EMPTY_NAME = b"\x30\x00"
_UTC_TIME = re.compile(rb"\d{12}Z")
_GENERALIZED_TIME = re.compile(rb"20[5-9]\d{11}Z|2[1-9]\d{12}Z|[3-9]\d{13}Z")


def _serial(judged: Judged) -> bool:
    serial = judged.slices.serial
    return 0 < len(serial) <= _MAX_SERIAL_BYTES and int.from_bytes(serial, "big", signed=True) > 0


def _times(judged: Judged) -> bool:
    forms = {der.UTC_TIME: _UTC_TIME, der.GENERALIZED_TIME: _GENERALIZED_TIME}
    times = der.sequence(judged.slices.validity)
    return all(forms[each.tag].fullmatch(each.content) for each in times if each.tag in forms) and len(times) == 2


def _authority_access(judged: Judged) -> bool:
    if not judged.has(AUTHORITY_ACCESS):
        return True
    descriptions = judged.parts(AUTHORITY_ACCESS)
    return bool(descriptions) and all(len(der.sequence(each.encoded)) == 2 for each in descriptions)


def _names_authority(judged: Judged) -> bool:
    return bool(judged.read.authority_key)


def _authority_by_key_alone(judged: Judged) -> bool:
    return all(each.tag == der.context(0) for each in judged.parts(ext.AUTHORITY_KEY))


def _authority_is_above(judged: Judged) -> bool:
    stated, issuer = judged.read.authority_key, judged.issuer
    above = ext.path_extensions(issuer.der).subject_key if issuer else b""
    return not stated or not above or stated == above


def _not_critical(oid: str, section: str, told: str) -> Rule:
    return Rule(
        "EXTENSION_CRITICAL", f"RFC 5280 {section}", f"{told} is critical", lambda each: not each.is_critical(oid)
    )


def _critical(oid: str, section: str, told: str) -> Rule:
    return Rule(
        "EXTENSION_NOT_CRITICAL",
        f"RFC 5280 {section}",
        f"{told} not critical",
        lambda each: not each.has(oid) or each.is_critical(oid),
    )


EVERY = (
    Rule("VERSION_WRONG", "BR 7.1.1", "it is not of version 3", lambda each: each.slices.version == 3),
    Rule(
        "SIGNATURE_ALGORITHMS_DIFFER",
        "RFC 5280 4.1.1.2",
        "it names two different algorithms for its signature",
        lambda each: each.slices.algorithm == each.slices.inner_algorithm,
    ),
    Rule(
        "ISSUER_EMPTY", "RFC 5280 4.1.2.4", "it names no issuer", lambda each: bool(each.certificate.comparable_issuer)
    ),
    Rule("TIME_FORM_WRONG", "RFC 5280 4.1.2.5", "its dates are not of the form that they must have", _times),
    Rule(
        "KEY_NOT_ALLOWED",
        "BR 6.1.5",
        "its key is of a kind or size that isn't allowed",
        lambda each: is_allowed(each.slices.key),
    ),
    _not_critical(ext.AUTHORITY_KEY, "4.2.1.1", "the identifier of its authority's key"),
    _not_critical(ext.SUBJECT_KEY, "4.2.1.2", "the identifier of its key"),
    _not_critical(AUTHORITY_ACCESS, "4.2.2.1", "the access to its authority"),
    Rule(
        "AUTHORITY_ACCESS_WRONG",
        "RFC 5280 4.2.2.1",
        "the access to its authority is empty or broken",
        _authority_access,
    ),
    Rule(
        "AUTHORITY_KEY_FORM",
        "BR 7.1.2.11.1",
        "it names its issuer by more than the identifier of its key",
        _authority_by_key_alone,
    ),
    Rule("AUTHORITY_KEY_OTHER", "BR 7.1.2.11.1", "it names another key than that of its issuer", _authority_is_above),
)
"""For each certificate, the anchor's included."""
BELOW = (
    Rule("AUTHORITY_KEY_MISSING", "RFC 5280 4.2.1.1", "it doesn't name the key of its issuer", _names_authority),
    Rule("SERIAL_NUMBER_WRONG", "RFC 5280 4.1.2.2", "its serial number is not positive, or has over 20 bytes", _serial),
)
"""For each certificate but the anchor's: old roots have the number 0, and above a root nobody looks for its issuer."""


def _constrains(judged: Judged) -> bool:
    constraints = judged.read.constraints
    return not judged.has(ext.NAME_CONSTRAINTS) or bool(constraints.permitted or constraints.excluded)


def _constraint(name: GeneralName) -> bool:
    if name.kind == _DNS:
        return not name.value or (name.value.isascii() and is_host(name.value.decode("ascii")))
    if name.kind == _EMAIL:
        text = name.value.decode("latin-1")
        return text.isascii() and text.count("@") <= 1 and is_host(text.rpartition("@")[2].removeprefix("."))
    if name.kind == _IP:
        return len(name.value) in {8, 32} and _is_prefix(name.value[len(name.value) // 2 :])
    return True


def _is_prefix(mask: bytes) -> bool:
    bits = f"{int.from_bytes(mask, 'big'):0{8 * len(mask)}b}"
    return "01" not in bits


AUTHORITIES = (
    Rule(
        "SUBJECT_EMPTY",
        "RFC 5280 4.1.2.6",
        "it is an authority's, and names no subject",
        lambda each: each.slices.subject != _EMPTY_NAME,
    ),
    Rule(
        "BASIC_CONSTRAINTS_WRONG",
        "RFC 5280 4.2.1.9",
        "its basic constraints are missing, not critical, or not those of an authority",
        lambda each: each.read.authority and each.is_critical(ext.BASIC_CONSTRAINTS),
    ),
    Rule(
        "KEY_USAGE_INCONSISTENT",
        "RFC 5280 4.2.1.9",
        "it is an authority's, and its key is not for signing certificates",
        lambda each: each.read.may_sign_certificates,
    ),
    Rule(
        "SUBJECT_KEY_MISSING",
        "RFC 5280 4.2.1.2",
        "it is an authority's, and doesn't identify its key",
        lambda each: bool(each.read.subject_key),
    ),
    _critical(ext.POLICY_CONSTRAINTS, "4.2.1.11", "its constraints of policies are"),
    _critical(ext.INHIBIT_ANY_POLICY, "4.2.1.14", "that it inhibits any policy is"),
    Rule("NAME_CONSTRAINTS_EMPTY", "BR 7.1.2.5.2", "its name constraints constrain nothing", _constrains),
    Rule(
        "NAME_CONSTRAINT_WRONG",
        "RFC 5280 4.2.1.10",
        "a name constraint is not of the form that it must have",
        lambda each: all(map(_constraint, (*each.read.constraints.permitted, *each.read.constraints.excluded))),
    ),
)
"""For each authority, the anchor included."""
ROOTS = (
    Rule(
        "ROOT_WITH_PURPOSES",
        "BR 7.1.2.1.2",
        "it is a root's, and limits its purposes",
        lambda each: not each.has(PURPOSES),
    ),
)
"""For a self-signed anchor."""
ANCHORS = (
    Rule(
        "AUTHORITY_KEY_MISSING",
        "BR 7.1.2.1.3",
        "it names its issuer, and doesn't name its key",
        lambda each: not each.has(ext.AUTHORITY_KEY) or _names_authority(each),
    ),
    Rule(
        "UNREADABLE",
        "RFC 5937 3.2",
        "an extension that decides can't be read",
        lambda each: not each.read.broken,
    ),
    Rule(
        "CRITICAL_EXTENSION_UNKNOWN",
        "RFC 5937 3.2",
        "it has a critical extension that nobody here knows",
        lambda each: each.read.critical <= KNOWN_EXTENSIONS,
    ),
)
"""For an anchor; most of it asks RFC 5280 §6.1 of all others."""
