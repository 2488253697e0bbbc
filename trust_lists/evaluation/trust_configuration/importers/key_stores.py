# SPDX-License-Identifier: Apache-2.0
"""The certificates of key stores: JKS (Java's own format, versions 1 and 2) and PKCS#12 (RFC 7292).

Of a JKS file only certificates are read; they stand in it in clear, and a password serves to notice damage (SHA-1 over
password, a constant and the content). A JKS file can therefore be read without its password, unchecked.
"""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.errors import CertificateError, ConfigurationError, shown
from trust_lists.evaluation.trust_configuration.importers.building import (
    OPEN_LEAF,
    Draft,
    Imported,
    is_authority,
    revocation,
)
from trust_lists.evaluation.trust_configuration.model import (
    AnchorKind,
    AnyOf,
    EndpointCertificate,
    PathTo,
    Pinned,
    Role,
    RoleRule,
    Source,
)

MAX_STORE_BYTES = 20_000_000
_MAGIC = b"\xfe\xed\xfe\xed"
_JCEKS = b"\xce\xce\xce\xce"
_WHITENER = b"Mighty Aphrodite"
_PRIVATE_KEY, _CERTIFICATE = 1, 2


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """An entry: its alias, its certificates (several where a private key has a chain), and whether it has a key."""

    alias: str
    certificates: tuple[ListedCertificate, ...]
    own: bool = False


def read_key_store(data: bytes, password: str | None) -> tuple[StoreEntry, ...]:
    """The entries of a key store. Raises CertificateError, also where the password is wrong."""
    if len(data) > MAX_STORE_BYTES:
        raise CertificateError(f"a key store of {len(data)} bytes is too large")
    if data.startswith(_MAGIC):
        return _read_jks(data, password)
    if data.startswith(_JCEKS):
        raise CertificateError(
            "this is a key store of the kind JCEKS; convert it to PKCS#12 with keytool -importkeystore"
        )
    return _read_pkcs12(data, password)


def import_key_store(
    data: bytes, password: str | None, roles: Collection[Role], *, name: str = "key-store"
) -> Imported:
    """A configuration that accepts, in these roles, what the trust store holds or issued.

    Raises CertificateError, and ConfigurationError where there is nothing to accept.
    """
    draft = Draft(name, "ca-whitelist")
    accept = accept_store(draft, read_key_store(data, password), roles, parties=False)
    if accept is None:
        raise ConfigurationError(("the store holds no certificate of somebody else", *draft.lost))
    draft.lost.append(
        "a store says nothing of revocation, key usage, purposes and names; they are any, and not checked"
    )
    unchecked = revocation(RevocationRule.NO_CHECK, RevocationRule.NO_CHECK)
    rules = {role: RoleRule(accept, OPEN_LEAF, unchecked) for role in roles}
    return draft.finish(rules, EndpointCertificate.HINT, allow_wider=False)


def accept_store(
    draft: Draft, entries: Collection[StoreEntry], roles: Collection[Role], *, parties: bool
) -> Source | None:
    """What a trust store accepts: authorities issue, all others are pinned, for the party of their alias or for any.

    None where it accepts nobody. Entries with a private key are one's own, and don't count.
    """
    anchors: dict[str, None] = {}
    pins: dict[str, None] = {}
    for entry in entries:
        if entry.own:
            draft.lost.append(f"the entry {shown(entry.alias)} has a private key; it is left out")
            continue
        for certificate in entry.certificates:
            if is_authority(certificate):
                anchors[draft.anchor(certificate, AnchorKind.CA)] = None
            else:
                pins[draft.pin(certificate, roles, shown(entry.alias) if parties and entry.alias else None)] = None
    parts: list[Source] = []
    if anchors:
        draft.lost.append("authorities count within their own dates and extensions, which the original may not look at")
        parts.append(PathTo(tuple(anchors), issuer_must_be_anchor=False))
    if pins:
        parts.append(Pinned(tuple(pins)))
    return AnyOf(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None


@dataclass(slots=True)
class _Reader:
    data: bytes
    position: int

    def take(self, count: int) -> bytes:
        found = self.data[self.position : self.position + count]
        if len(found) != count:
            raise CertificateError("the key store ends inside of an entry")
        self.position += count
        return found

    def number(self, count: int = 4) -> int:
        return int.from_bytes(self.take(count), "big")

    def text(self) -> str:
        """Java's modified UTF-8; what differs from UTF-8 in it is replaced."""
        return self.take(self.number(2)).decode("utf-8", "replace")

    def certificate(self, version: int) -> ListedCertificate:
        kind = self.text() if version == 2 else "X.509"
        if kind != "X.509":
            raise CertificateError(f"the key store holds a certificate of the unknown type {shown(kind)}")
        return ListedCertificate(self.take(self.number()))


def _read_jks(data: bytes, password: str | None) -> tuple[StoreEntry, ...]:
    content, digest = data[:-20], data[-20:]
    if password is not None:
        told = hashlib.sha1(password.encode("utf-16-be", "surrogatepass") + _WHITENER + content, usedforsecurity=False)
        if not hmac.compare_digest(told.digest(), digest):
            raise CertificateError("the key store is damaged, or the password is wrong")
    reader = _Reader(content, 4)
    version = reader.number()
    if version not in {1, 2}:
        raise CertificateError(f"a key store of version {version} is unknown")
    count = reader.number()
    found: list[StoreEntry] = []
    for _ in range(count):
        kind, alias = reader.number(), reader.text()
        reader.take(8)
        if kind == _CERTIFICATE:
            found.append(StoreEntry(alias, (reader.certificate(version),)))
        elif kind == _PRIVATE_KEY:
            reader.take(reader.number())
            chain = tuple(reader.certificate(version) for _each in range(reader.number()))
            found.append(StoreEntry(alias, chain, own=True))
        else:
            raise CertificateError(f"the key store has an entry of the unknown kind {kind}")
    if reader.position != len(content):
        raise CertificateError("the key store goes on behind its last entry")
    return tuple(found)


def _read_pkcs12(data: bytes, password: str | None) -> tuple[StoreEntry, ...]:
    try:
        store = pkcs12.load_pkcs12(data, None if password is None else password.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        hint = "it needs a password" if password is None else "the password is wrong"
        raise CertificateError(f"the key store can't be read: {hint}, or it is neither PKCS#12 nor JKS") from None
    own = (StoreEntry("", (_listed(store.cert),), own=True),) if store.key and store.cert else ()
    others = [*([store.cert] if store.cert and not store.key else []), *store.additional_certs]
    return own + tuple(
        StoreEntry((each.friendly_name or b"").decode("utf-8", "replace"), (_listed(each),)) for each in others
    )


def _listed(entry: pkcs12.PKCS12Certificate) -> ListedCertificate:
    return ListedCertificate(entry.certificate.public_bytes(Encoding.DER))
