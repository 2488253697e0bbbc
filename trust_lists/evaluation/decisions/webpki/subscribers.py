# SPDX-License-Identifier: Apache-2.0
"""What the web asks of the certificate itself, and for a server of its names (CABF BR §7.1.2.7, §7.1.4)."""

from trust_lists.certificates import path_extensions as ext
from trust_lists.certificates.names import COMMON_NAME
from trust_lists.certificates.path_extensions import GeneralName
from trust_lists.certificates.server_names import DNS_NAME, IP_ADDRESS, is_server_name, server_names
from trust_lists.evaluation.decisions.webpki.judged import ANY_PURPOSE, PURPOSES, Judged, Rule

_EMAIL = 1
_EMPTY_NAME = b"\x30\x00"


def _alternative_names(judged: Judged) -> bool:
    return bool(judged.names) and ext.ALTERNATIVE_NAME not in judged.read.broken


def _criticality(judged: Judged) -> bool:
    nameless = judged.slices.subject == _EMPTY_NAME
    return not judged.has(ext.ALTERNATIVE_NAME) or judged.is_critical(ext.ALTERNATIVE_NAME) is nameless


def _form(name: GeneralName) -> bool:
    if name.kind == IP_ADDRESS:
        return len(name.value) in {4, 16}
    text = name.value.decode("latin-1")
    if name.kind == DNS_NAME:
        return is_server_name(text)
    return name.kind != _EMAIL or text.count("@") == 1


def _wildcard(name: GeneralName) -> bool:
    """Names below one label are everybody's; which longer ones are, only a list of public suffixes could tell."""
    return name.kind != DNS_NAME or not name.value.startswith(b"*") or name.value.count(b".") > 1


def _common_name(judged: Judged) -> bool:
    names = set(server_names(judged.names))
    return not names or names.issuperset(judged.certificate.subject_values(COMMON_NAME))


SUBSCRIBERS = (
    Rule(
        "AUTHORITY_AS_SUBSCRIBER",
        "BR 7.1.2.7.8",
        "it is the certificate of an authority",
        lambda each: not each.read.authority and each.read.path_length is None,
    ),
    Rule(
        "KEY_USAGE_OF_AUTHORITY",
        "BR 7.1.2.7.11",
        "its key is for signing certificates",
        lambda each: not each.has(ext.KEY_USAGE) or not each.read.may_sign_certificates,
    ),
    Rule(
        "NAME_CONSTRAINTS_OF_SUBSCRIBER",
        "RFC 5280 4.2.1.10",
        "it constrains names, which only authorities may do",
        lambda each: not each.has(ext.NAME_CONSTRAINTS),
    ),
    Rule(
        "PURPOSES_WRONG",
        "BR 7.1.2.7.10",
        "its purposes are missing, critical, or any",
        lambda each: bool(each.purposes) and ANY_PURPOSE not in each.purposes and not each.is_critical(PURPOSES),
    ),
    Rule(
        "ALTERNATIVE_NAMES_MISSING", "BR 7.1.2.7.12", "its alternative names are missing or broken", _alternative_names
    ),
    Rule(
        "ALTERNATIVE_NAMES_CRITICALITY",
        "BR 7.1.2.7.12",
        "its alternative names are critical beside a subject, or aren't critical without one",
        _criticality,
    ),
    Rule(
        "ALTERNATIVE_NAME_FORM",
        "RFC 5280 4.2.1.6",
        "an alternative name is not of the form that it must have",
        lambda each: all(map(_form, each.names)),
    ),
)
"""For the last certificate of a path."""
SERVERS = (
    Rule(
        "WILDCARD_TOO_WIDE",
        "BR 3.2.2.6",
        "a wildcard stands for a whole top-level domain, or for everything",
        lambda each: all(map(_wildcard, each.names)),
    ),
    Rule("COMMON_NAME_OTHER", "BR 7.1.4.3", "its common name is none of its alternative names", _common_name),
)
"""For the last certificate of a path, where it is a server's."""
