# SPDX-License-Identifier: Apache-2.0
"""Two configurations with all their authorities replaced by twins whose keys we have.

A twin has the names, dates and extensions of its original, and a key of its own; originals that had the same key have
twins with the same key, and who signed whom stays. So whatever is issued below a twin goes through the whole engine,
signatures included. Where both configurations have a certificate, both have its twin.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from trust_lists.certificates.algorithms import hash_of_signature, key_kind
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.signed import is_signed_with
from trust_lists.errors import CertificateError
from trust_lists.evaluation.comparison.probing.keys import HASHES, KeyPool
from trust_lists.evaluation.comparison.probing.minting import Authority, Mint
from trust_lists.evaluation.trust_configuration.model import CertificateReference, Role, TrustConfiguration

MAX_AUTHORITIES = 60
"""Authorities that twins are made of; keys take time."""
_RSA_SIZES = (1024, 2048, 3072, 4096)


@dataclass(frozen=True, slots=True)
class World:
    """Who can issue, and under which digests probes stand in the configurations."""

    authorities: Mapping[str, Authority]
    """By the digest of the certificate in the configurations as they were given."""
    signed: bool
    """Whether what they issue is really signed by them; else that is assumed."""
    certificates: Mapping[str, str] = field(default_factory=dict)
    """Digests of certificates that pins and the deny list name, and of what stands in their place."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """The same of denied keys."""
    left_out: tuple[str, ...] = ()
    """Why some authorities have no part in it."""

    def mirrored(self, configuration: TrustConfiguration) -> TrustConfiguration:
        """A configuration in this world."""
        stores = configuration.stores
        deny = replace(
            stores.deny,
            cert_sha256=tuple(self.certificates.get(each, each) for each in stores.deny.cert_sha256),
            spki_sha256=tuple(self.keys.get(each, each) for each in stores.deny.spki_sha256),
        )
        pins = (
            replace(each, cert_sha256=self.certificates.get(each.cert_sha256, each.cert_sha256)) for each in stores.pins
        )
        return replace(
            configuration,
            stores=replace(
                stores,
                anchors=tuple(replace(each, cert=self._reference(each.cert)) for each in stores.anchors),
                intermediates=tuple(map(self._reference, stores.intermediates)),
                deny=deny,
                pins=tuple(pins),
            ),
        )

    def _reference(self, reference: CertificateReference) -> CertificateReference:
        found = self.authorities.get(reference.sha256)
        if found is None:
            return reference
        return CertificateReference(found.certificate.sha256, certificate=found.certificate)


def mirror(a: TrustConfiguration, b: TrustConfiguration, pool: KeyPool, mint: Mint) -> World:
    """The world of twins. What no twin can be made of is left as it is, and told."""
    originals, left_out = _originals(a, b)
    least = _least_rsa(a, b)
    keys = {each.key: pool.key(_kind(each, least), f"twin of {_digest(each.key)}") for each in originals}
    found: dict[str, Authority] = {}
    for each in originals:
        above = next((other for other in originals if _issued(other, each)), None)
        signer = keys[above.key] if above else pool.key("p256", f"above {each.issuer_text}")
        try:
            found[each.sha256] = Authority(mint.twin(each, keys[each.key], signer, _hash(each)), keys[each.key])
        except CertificateError as error:
            left_out.append(str(error))
    return World(found, signed=True, left_out=tuple(left_out))


def real_world(
    a: TrustConfiguration, b: TrustConfiguration, pool: KeyPool, more: Iterable[ListedCertificate] = ()
) -> World:
    """The authorities as they are, and some more; others' keys sign in their names, which has to be taken as good."""
    originals, left_out = _originals(a, b)
    originals += more
    found = {
        each.sha256: Authority(each, pool.key("p256", f"in the name of {_digest(each.key)}")) for each in originals
    }
    return World(found, signed=False, left_out=tuple(left_out))


def _originals(a: TrustConfiguration, b: TrustConfiguration) -> tuple[list[ListedCertificate], list[str]]:
    found: dict[ListedCertificate, None] = {}
    left_out = []
    for configuration in (a, b):
        stores = configuration.stores
        for reference in (*(each.cert for each in stores.anchors), *stores.intermediates):
            if reference.certificate is None:
                left_out.append(f"{reference.origin or reference.sha256}: the certificate is not at hand")
            else:
                found[reference.certificate] = None
    if len(found) > MAX_AUTHORITIES:
        left_out.append(
            f"{len(found) - MAX_AUTHORITIES} more authorities than the {MAX_AUTHORITIES} that are looked at"
        )
    return list(found)[:MAX_AUTHORITIES], list(dict.fromkeys(left_out))


def _issued(issuer: ListedCertificate, certificate: ListedCertificate) -> bool:
    if issuer.comparable_subject != certificate.comparable_issuer:
        return False
    try:
        return is_signed_with(certificate, issuer.key)
    except CertificateError:
        return False


def _least_rsa(*configurations: TrustConfiguration) -> int:
    rules: Iterable[int | None] = (
        rule.leaf.algorithms.least_rsa_bits
        for configuration in configurations
        for role in Role
        if (rule := configuration.rule(role)) and rule.leaf.algorithms
    )
    return max((each for each in rules if each), default=2048)


def _kind(certificate: ListedCertificate, least: int) -> str:
    """That of the original, or RSA of the size that rules ask for: larger keys only take longer."""
    try:
        kind = key_kind(certificate.key)
    except CertificateError:
        return "p256"
    if kind.name != "rsa":
        return (
            kind.name
            if kind.name in {"p256", "p384", "p521", "bp256", "bp384", "bp512", "ed25519", "ed448"}
            else "p256"
        )
    wanted = min(kind.bits, max(least, 2048))
    return f"rsa{max((size for size in _RSA_SIZES if size <= wanted), default=1024)}"


def _hash(certificate: ListedCertificate) -> str:
    """That of the original; SHA-256 where nothing can be signed with it any more."""
    try:
        found = hash_of_signature(certificate)
    except CertificateError:
        found = None
    return found if found in HASHES else "sha256"


def _digest(key: bytes) -> str:
    return sha256(key).hexdigest()
