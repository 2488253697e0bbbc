# SPDX-License-Identifier: Apache-2.0
"""Trust configurations from the properties of Domibus, and of Harmony eDelivery Access, with their trust store.

Which properties count is said in Harmony's static discovery guide, §2.4. The trust store holds the partners' own
certificates, by party name, or authorities. Domibus has no rule on revocation other than on and off.
"""

import re
from dataclasses import replace

from trust_lists.certificates.revocation.rules import OnUnknown, RevocationRule, RevocationRules
from trust_lists.errors import ConfigurationError, shown
from trust_lists.evaluation.trust_configuration.importers.building import OPEN_LEAF, Draft, Imported, revocation
from trust_lists.evaluation.trust_configuration.importers.key_stores import accept_store, read_key_store
from trust_lists.evaluation.trust_configuration.model import (
    Context,
    EndpointCertificate,
    LeafRule,
    Pinned,
    Role,
    RoleRule,
    SubjectRule,
)

MAX_PROPERTIES_BYTES = 2_000_000
SENDER = "domibus.sender.trust.validation"
STORE_PASSWORD = "domibus.security.truststore.password"  # noqa: S105 (the name of a property)
STORE_LOCATION = "domibus.security.truststore.location"

_SEPARATOR = re.compile(r"(?<!\\)(?:\\\\)*(?:\s*[=:]\s*|\s+)")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def read_properties(data: bytes) -> dict[str, str]:
    """The properties of a Java file (UTF-8, or else ISO-8859-1). Raises ConfigurationError where it is too large."""
    if len(data) > MAX_PROPERTIES_BYTES:
        raise ConfigurationError((f"the properties have {len(data)} bytes; {MAX_PROPERTIES_BYTES} are allowed",))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    found: dict[str, str] = {}
    pending = ""
    for raw in text.splitlines():
        line = pending + raw.lstrip()
        pending = ""
        if line.startswith(("#", "!")) or not line:
            continue
        if (len(line) - len(line.rstrip("\\"))) % 2:
            pending = line[:-1]
            continue
        key, value = _split(line)
        found[_unescaped(key)] = _unescaped(value)
    return found


def import_domibus(
    properties: bytes,
    trust_store: bytes,
    password: str | None = None,
    *,
    name: str = "domibus",
    allow_wider: bool = False,
) -> Imported:
    """What an access point accepts from senders (`ap-sign`), and encrypts for (`ap-encrypt`).

    The password is that of the properties, unless it is given or encrypted there. Raises CertificateError, and
    ConfigurationError with all that can't be carried over.
    """
    values = read_properties(properties)
    given = password if password is not None else _password(values)
    draft = Draft(name, "mutual-exchange")
    entries = read_key_store(trust_store, given)
    checked = _flag(values, f"{SENDER}.onreceiving", default=True)
    by_alias = checked and _flag(values, f"{SENDER}.truststore_alias", default=True)
    roles = (Role.AP_SIGN, Role.AP_ENCRYPT)
    accept = accept_store(draft, entries, roles, parties=by_alias)
    if accept is None:
        raise ConfigurationError(("the trust store holds no certificate of somebody else", *draft.lost))
    if by_alias and draft.anchors:
        draft.lost.append(
            "the store holds authorities, and each sender must have the certificate of its alias: they are left out"
        )
        draft.anchors.clear()
        if not draft.pins:
            raise ConfigurationError(("no alias of the trust store has the certificate of a sender",))
        accept = Pinned(None)
    _lose(draft, values, checked=checked)
    leaf = _sender_leaf(draft, values, checked=checked)
    rules = {
        Role.AP_SIGN: RoleRule(accept, leaf, _revocation(values, "domibus.sender.certificate.validation.onreceiving")),
        Role.AP_ENCRYPT: RoleRule(
            accept, OPEN_LEAF, _revocation(values, "domibus.receiver.certificate.validation.onsending")
        ),
    }
    return draft.finish(rules, EndpointCertificate.HINT, allow_wider=allow_wider)


def _lose(draft: Draft, values: dict[str, str], *, checked: bool) -> None:
    if not checked:
        draft.lost.append(f"{SENDER}.onreceiving is false: senders are checked against the trust store only")
    expression = values.get(f"{SENDER}.expression", "").strip()
    if expression and checked:
        draft.wider.append(
            f"{SENDER}.expression ({shown(expression)}) is about whole names, and rules here about parts"
        )
    if _flag(values, "domibus.dynamicdiscovery.useDynamicDiscovery", default=False):
        draft.lost.append(
            "dynamic discovery is on: find out whether certificates from the SMP get into the trust store, and declare "
            "it under effective.deviations"
        )
    draft.lost.append("the files say nothing of key usage, purposes, algorithms and lifetimes; they are any")


def _sender_leaf(draft: Draft, values: dict[str, str], *, checked: bool) -> LeafRule:
    if not checked or not _flag(values, "domibus.sender.certificate.subject.check", default=False):
        return OPEN_LEAF
    draft.lost.append("the subject has to contain the party's name; here its CN has to be the name, which accepts less")
    subject = SubjectRule(match={}, bind={"CN": Context.PARTY})
    return replace(OPEN_LEAF, subject=subject)


def _revocation(values: dict[str, str], key: str) -> RevocationRules:
    rule = RevocationRule.CHECK_IF_DECLARED if _flag(values, key, default=True) else RevocationRule.NO_CHECK
    return revocation(rule, rule, OnUnknown.REJECT)


def _password(values: dict[str, str]) -> str | None:
    found = values.get(STORE_PASSWORD)
    if found is not None and re.fullmatch(r"\s*ENC\(.*\)\s*", found, re.DOTALL):
        raise ConfigurationError((f"{STORE_PASSWORD} is encrypted; give the password of the trust store",))
    return found


def _flag(values: dict[str, str], key: str, *, default: bool) -> bool:
    found = values.get(key, "").strip().lower()
    if found not in {"", "true", "false"}:
        raise ConfigurationError((f"{key} is {shown(found)!r}, neither true nor false",))
    return found == "true" if found else default


def _split(line: str) -> tuple[str, str]:
    match = _SEPARATOR.search(line)
    return (line[: match.start()], line[match.end() :]) if match else (line, "")


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        told = match[1]
        return chr(int(told[1:], 16)) if len(told) == 5 else _ESCAPES.get(told, told)

    return _ESCAPE.sub(character, text)
