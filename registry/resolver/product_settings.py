# SPDX-License-Identifier: Apache-2.0
"""The settings that access point products need to look participants up in a domain, as files.

The keys are those of Domibus 4/5 (`DomibusPropertyMetadata`), of Harmony's dynamic discovery guide (it is a Domibus),
of vefa-peppol (`Mode`, `reference.conf`, `ValidatorRecipe`), which Oxalis-NG uses, and of phase4's SMP client
(`smp-client.properties`). What isn't known here is a comment that says so, never a guess. No keys of anybody are in it:
only anchors, which are public.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore

from registry.domains.domain import Domain
from registry.domains.trust_models import pem_text
from registry.errors import ConfigurationError
from registry.trust import Role, TrustModel
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

PASSWORD: Final = "changeit"  # noqa: S105 — guards public certificates; Java's own default
SMP_STORE: Final = "smp-truststore"
AP_STORE: Final = "ap-truststore"
_STORES: Final = ((SMP_STORE, ("smp-sign",)), (AP_STORE, ("ap-encrypt", "ap-sign")))
_ALL_ROLES: Final = ("smp-sign", "ap-encrypt", "ap-sign")
RECIPE: Final = "registry-pki.xml"
_BUSDOX_ONLY: Final = frozenset({"busdox"})


@dataclass(frozen=True, slots=True)
class ProductSettings:
    """What one product needs: the settings file with its name, and the files with anchors by name."""

    product: str
    file_name: str
    text: str
    stores: Mapping[str, bytes]


def product_settings(product: str, domain: Domain, folder: str = ".") -> ProductSettings:
    """The settings of a product of `PRODUCTS`; `folder` is where it will find the trust stores.

    Raises ConfigurationError where a certificate of the domain can't be read.
    """
    file_name, write = PRODUCTS[product]
    lines = write(domain, folder.rstrip("/"))
    text = "".join(f"{line}\n" for line in (*_head(product, domain, file_name), *lines))
    stores = trust_stores(domain)
    if product == "oxalis-ng" and stores:
        stores[RECIPE] = validator_recipe(domain)
    return ProductSettings(product, file_name, text, stores)


def trust_stores(domain: Domain) -> dict[str, bytes]:
    """The anchors and intermediates of the domain's roles, as PKCS#12 for Java and as PEM; no file without any."""
    files = {}
    for name, roles in _STORES:
        certificates = _certificates(domain, roles)
        if certificates:
            entries = [
                PKCS12Certificate(_loaded(each, domain), f"{name}-{number}".encode())
                for number, each in enumerate(certificates, start=1)
            ]
            files[f"{name}.p12"] = serialize_java_truststore(entries, BestAvailableEncryption(PASSWORD.encode()))
            files[f"{name}.pem"] = "".join(pem_text(each.der) for each in certificates).encode()
    return files


def _domibus(domain: Domain, folder: str) -> Iterable[str]:
    yield from _domibus_discovery(domain)
    yield ""
    yield "# One trust store, for receivers' certificates and for those of SMPs: what only the store of SMPs has is"
    yield f"# imported into this one (keytool -importcert -file {SMP_STORE}.pem)."
    yield from _store_of_role(
        domain,
        AP_STORE,
        (
            f"domibus.security.truststore.location={folder}/{AP_STORE}.p12",
            "domibus.security.truststore.type=PKCS12",
            f"domibus.security.truststore.password={PASSWORD}",
        ),
    )
    yield ""
    yield "# Not known here: your own key store (domibus.security.keystore.*) and the PMode. In the PMode, a process"
    yield "# whose receivers are looked up has no responderParties."


def _domibus_discovery(domain: Domain) -> Iterable[str]:
    specification = "PEPPOL" if _is_busdox(domain) else "OASIS"
    yield "domibus.dynamicdiscovery.useDynamicDiscovery=true"
    yield f"domibus.smlzone={domain.dns.zone}"
    yield f"domibus.dynamicdiscovery.client.specification={specification}"
    if specification == "PEPPOL":
        yield "# TEST or PRODUCTION: only Peppol's own production network is the latter"
        yield f"domibus.dynamicdiscovery.peppolclient.mode={_mode(domain)}"
        prefix = "peppolclient"
    else:
        prefix = "oasisclient"
    yield "domibus.dynamicdiscovery.client.dns.lookup.types=NAPTR"
    yield from _transport(domain, "domibus.dynamicdiscovery.transportprofileas4=")
    pattern = _subject_pattern(domain)
    key = f"domibus.dynamicdiscovery.{prefix}.regexCertificateSubjectValidation="
    if pattern:
        yield "# matched against the subject of the SMP's certificate in Java's order of attributes: try it"
        yield f"#{key}{pattern}"
    else:
        yield f"# {key[:-1]}: the domain asks for no certain subject"
    yield "# domibus.dynamicdiscovery.client.allowedCertificatePolicyOIDs: the domain asks for no certificate policy"


def _harmony(domain: Domain, folder: str) -> Iterable[str]:
    yield "# /etc/harmony-ap/domibus.properties; the installer sets the first four, when it is told to use discovery"
    yield from _domibus_discovery(domain)
    yield ""
    yield "# Harmony manages its trust store with its own tools; these anchors belong into it:"
    yield from _store_of_role(domain, SMP_STORE, (f"#   {folder}/{SMP_STORE}.p12 (password {PASSWORD})",))
    yield from _store_of_role(domain, AP_STORE, (f"#   {folder}/{AP_STORE}.p12 (password {PASSWORD})",))


def _oxalis(domain: Domain, _folder: str) -> Iterable[str]:
    yield "# HOCON. These keys win over mode.TEST.* and mode.PRODUCTION.* in the libraries' reference.conf, whichever"
    yield "# mode your own certificate chooses."
    yield "lookup.locator.class = network.oxalis.vefa.peppol.lookup.locator.BdxlLocator"
    yield f'lookup.locator.hostname = "{domain.dns.zone}"'
    yield 'lookup.locator.bdxl.prefix = ""'
    yield "lookup.locator.bdxl.algorithm = SHA-256"
    yield "lookup.locator.bdxl.encoding = base32"
    yield "oxalis.lookup.service = cached"
    yield ""
    if _certificates(domain, _ALL_ROLES):
        yield f"# Whom to trust: {RECIPE} has the anchors, and belongs into the class path, in a folder pki."
        yield "# It asks for no revocation (CRL, OCSP): the domain says nothing about it."
        yield f"security.pki = /pki/{RECIPE}"
    else:
        yield "# security.pki: the domain has no anchors, so there is no recipe for the validator"


def validator_recipe(domain: Domain) -> bytes:
    """The anchors as vefa's certificate validator reads them; access points and SMPs apart, `default` takes both."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>']
    parts.append(f'<ValidatorRecipe xmlns="http://difi.no/xsd/certvalidator/1.0" name="{domain.name}" version="1">')
    buckets = {"": _ALL_ROLES, "SMP": ("smp-sign",), "AP": ("ap-encrypt", "ap-sign")}
    for name in buckets:
        attribute = f' name="{name}"' if name else ""
        parts += (
            f'  <Validator{attribute}><Expiration/><Signing type="PUBLIC_SIGNED"/><Chain>',
            f"    <RootBucketReference>root{name}</RootBucketReference>",
            f"    <IntermediateBucketReference>intermediate{name}</IntermediateBucketReference>",
            "  </Chain></Validator>",
        )
    for name, roles in buckets.items():
        anchors, intermediates = _authorities(domain, roles)
        for kind, certificates in (("root", anchors), ("intermediate", intermediates)):
            parts.append(f'  <CertificateBucket name="{kind}{name}">')
            for each in certificates:
                parts.append(f"    <Certificate>{b64encode(each.der).decode()}</Certificate>")
            parts.append("  </CertificateBucket>")
    return "\n".join((*parts, "</ValidatorRecipe>", "")).encode()


def _phase4(domain: Domain, folder: str) -> Iterable[str]:
    yield "# smp-client.properties, or application.properties where one file has everything"
    yield from _store_of_role(
        domain,
        SMP_STORE,
        (
            "smpclient.truststore.type=PKCS12",
            f"smpclient.truststore.path={folder}/{SMP_STORE}.p12",
            f"smpclient.truststore.password={PASSWORD}",
        ),
    )
    yield from _store_of_role(
        domain,
        AP_STORE,
        (
            "org.apache.wss4j.crypto.merlin.truststore.type=pkcs12",
            f"org.apache.wss4j.crypto.merlin.truststore.file={folder}/{AP_STORE}.p12",
            f"org.apache.wss4j.crypto.merlin.truststore.password={PASSWORD}",
        ),
    )
    yield ""
    yield "# The zone is no property of phase4: the program that embeds it passes an SML with this DNS zone, and the"
    yield f"# endpoint provider {'Peppol' if _is_busdox(domain) else 'BDXR'} (AS4EndpointDetailProvider…):"
    yield f"#   {domain.dns.zone}."
    if domain.smp.base_url:
        yield "# The address of your own SMP, for the check that a message is meant for you:"
        yield f"smp.url={_origin(domain.smp.base_url)}"
    else:
        yield "# smp.url (receiver check): the address of the SMP where your participants are; not known here"
    if "peppol" in domain.profile:
        yield f"peppol.stage={'test' if _mode(domain) == 'TEST' else 'prod'}"
    else:
        yield "# peppol.stage is for Peppol only"


PRODUCTS: Final[Mapping[str, tuple[str, Callable[[Domain, str], Iterable[str]]]]] = {
    "domibus": ("domibus.properties", _domibus),
    "oxalis-ng": ("oxalis.conf", _oxalis),
    "phase4": ("smp-client.properties", _phase4),
    "harmony": ("harmony-domibus.properties", _harmony),
}
"""The products: the name of the settings file, and what writes it."""


def _head(product: str, domain: Domain, file_name: str) -> Iterable[str]:
    yield f"# {file_name}: settings of {product} for the domain {domain.name} ({domain.title})"
    yield "# Look at each line before use; what starts with # is not set."


def _store_of_role(domain: Domain, store: str, lines: Sequence[str]) -> Iterable[str]:
    roles = dict(_STORES)[store]
    certificates = _certificates(domain, roles)
    if not certificates:
        yield f"# no trust store {store}: the domain has no anchors for {' and '.join(roles)}"
        return
    for each in certificates:
        yield f"# in {store}: {each.subject_text}"
    yield from lines


def _certificates(domain: Domain, roles: Iterable[str]) -> list[ListedCertificate]:
    """Those of these roles, anchors first, each once."""
    anchors, intermediates = _authorities(domain, roles)
    return list(dict.fromkeys((*anchors, *intermediates)))


def _authorities(
    domain: Domain, roles: Iterable[str]
) -> tuple[tuple[ListedCertificate, ...], tuple[ListedCertificate, ...]]:
    """Anchors, and what may stand between, each once. Raises ConfigurationError."""
    trust = TrustModel.for_domain(domain)
    found = [trust.authorities(role) for role in roles]
    anchors = dict.fromkeys(each for one in found for each in one.anchors)
    between = dict.fromkeys(each for one in found for each in one.intermediates if each not in anchors)
    return tuple(anchors), tuple(between)


def _loaded(certificate: ListedCertificate, domain: Domain) -> x509.Certificate:
    try:
        return load_certificate(certificate.der)
    except CertificateError as error:
        raise ConfigurationError(f"domain {domain.name}: a certificate can't be read: {error}") from error


def _transport(domain: Domain, key: str) -> Iterable[str]:
    if domain.transport_profiles:
        yield f"{key}{domain.transport_profiles[0]}"
        for other in domain.transport_profiles[1:]:
            yield f"# also allowed: {other}"
    else:
        yield f"# {key[:-1]}: the domain names no transport profile; use the one of your network"


def _subject_pattern(domain: Domain) -> str:
    """What the subject of an SMP's certificate has to be, for a match of all of it; "" where it may be any."""
    settings = domain.trust.role("smp-sign")
    if domain.trust.configuration is None:
        return "|".join(f".*{pattern}.*" for pattern in settings.subject_patterns)
    rule = TrustModel.for_domain(domain).configuration.rule(Role.SMP_SIGN)
    names = rule.leaf.subject.match if rule is not None and rule.leaf.subject is not None else {}
    return "".join(f"(?=.*{name}=(?:{pattern}))" for name, pattern in names.items()) + (".*" if names else "")


def _is_busdox(domain: Domain) -> bool:
    return frozenset(domain.smp.dialects) == _BUSDOX_ONLY


def _mode(domain: Domain) -> str:
    return "PRODUCTION" if domain.profile == "peppol" else "TEST"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
