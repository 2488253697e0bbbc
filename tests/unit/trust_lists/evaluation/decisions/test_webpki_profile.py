# SPDX-License-Identifier: Apache-2.0
"""The rules of the profile `webpki`: a good chain keeps all of them, and each is broken alone."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from tests.simulators.certificate_chains import (
    NOW,
    YEAR,
    Authority,
    CertificateKey,
    dn,
    ec_key,
    key_usage,
    rsa_key,
)
from tests.simulators.trust_models import anchor, engine_of, path_to, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.model import EvidenceKind, EvidenceUsed, RevocationStatus, Status
from trust_lists.evaluation.decisions.model import Case
from trust_lists.evaluation.decisions.webpki import profile_checks
from trust_lists.evaluation.trust_configuration.model import Role

Extension = tuple[x509.ExtensionType, bool]
Path = tuple[Sequence[ListedCertificate], ListedCertificate]

SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
NO_NAME = x509.Name([])
HOST = "smp.example.org"
PURPOSES, NAMES, USAGE, AKI, SKI = (
    x509.ExtendedKeyUsage.oid,
    x509.SubjectAlternativeName.oid,
    x509.KeyUsage.oid,
    x509.AuthorityKeyIdentifier.oid,
    x509.SubjectKeyIdentifier.oid,
)


def key_of(issuer: Authority) -> Extension:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False


def san(*names: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(each) for each in names])


ROOT = Authority("root")
CA = Authority("authority", ROOT, extensions=[key_of(ROOT)])


def leaf(
    *more: Extension,
    without: x509.ObjectIdentifier | None = None,
    name: x509.Name | None = None,
    key: CertificateKey | None = None,
    issuer: Authority = CA,
    begin: datetime = NOW - YEAR,
    end: datetime = NOW + YEAR,
) -> ListedCertificate:
    """A good one, with extensions added, put in place of those of the same kind, or left out."""
    found = {
        each.oid: (each, critical)
        for each, critical in [
            (key_usage("digital_signature"), True),
            (SERVER, False),
            (san(HOST), False),
            key_of(issuer),
            *more,
        ]
    }
    if without is not None:
        del found[without]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]) if name is None else name
    return issuer.issue(subject, key=key, extensions=list(found.values()), begin=begin, end=end)


def of_leaf(certificate: ListedCertificate) -> Path:
    return (CA.certificate, certificate), ROOT.certificate


def of_authority(*more: Extension, **options: Any) -> Path:
    options.setdefault("name", "authority")
    authority = Authority(issuer=ROOT, extensions=[key_of(ROOT), *more], **options)
    return (authority.certificate, leaf(issuer=authority)), ROOT.certificate


def of_root(*more: Extension, **options: Any) -> Path:
    root = Authority("root", extensions=more, **options)
    return (leaf(issuer=root),), root.certificate


def of_root_with(change: Callable[[ListedCertificate], ListedCertificate]) -> Path:
    below, root = of_root()
    return below, change(root)


def patched(certificate: ListedCertificate, old: bytes, new: bytes) -> ListedCertificate:
    """Other bytes in place of the first ones: signatures aren't looked at here."""
    assert old in certificate.der
    assert len(old) == len(new)
    return ListedCertificate(certificate.der.replace(old, new, 1))


def with_serial(certificate: ListedCertificate, content: Callable[[int], bytes]) -> ListedCertificate:
    slices = certificate.slices
    assert slices is not None
    head = bytes([2, len(slices.serial)])
    return patched(certificate, head + slices.serial, head + content(len(slices.serial)))


def without_critical(certificate: ListedCertificate, oid: str) -> ListedCertificate:
    """The extension with `critical` written out as false."""
    return patched(certificate, bytes.fromhex(f"0603{oid}0101ff"), bytes.fromhex(f"0603{oid}010100"))


def broken(path: Path, role: Role = Role.TLS_SERVER) -> set[str]:
    certificates, anchor = path
    return {each.id for each in profile_checks(certificates, anchor, Case(role, certificates[-1], NOW))}


def test_a_good_chain_keeps_all_rules() -> None:
    assert broken(of_leaf(leaf())) == set()
    assert broken(of_leaf(leaf(key=rsa_key(2048)))) == set()
    assert broken(of_root()) == set()
    assert broken(of_leaf(leaf((san(f"*.{HOST}", HOST), False)))) == set()
    assert broken(of_leaf(leaf((san(HOST), True), name=NO_NAME))) == set()
    assert broken(of_leaf(leaf(begin=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2050, 1, 1, tzinfo=UTC)))) == set()


ACCESS = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://ca.example/ca.cer")
        )
    ]
)
EMPTY_ACCESS = x509.UnrecognizedExtension(x509.AuthorityInformationAccess.oid, b"\x30\x00")
BY_ISSUER = x509.AuthorityKeyIdentifier(
    key_of(CA)[0].key_identifier,
    [x509.DirectoryName(ROOT.name)],
    1,
)


def constrained(value: bytes) -> Extension:
    return x509.UnrecognizedExtension(x509.NameConstraints.oid, value), True


LEAVES: dict[str, Callable[[], tuple[ListedCertificate, str]]] = {
    "version 2": lambda: (patched(leaf(), b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01"), "VERSION_WRONG"),
    "serial 0": lambda: (with_serial(leaf(), bytes), "SERIAL_NUMBER_WRONG"),
    "serial below 0": lambda: (with_serial(leaf(), lambda size: b"\xff" * size), "SERIAL_NUMBER_WRONG"),
    "two algorithms": lambda: (
        patched(leaf(), bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040303")),
        "SIGNATURE_ALGORITHMS_DIFFER",
    ),
    "times of another zone": lambda: (patched(leaf(), b"120000Z", b"12+0100"), "TIME_FORM_WRONG"),
    "short RSA key": lambda: (leaf(key=rsa_key(1024)), "KEY_NOT_ALLOWED"),
    "RSA key of odd length": lambda: (leaf(key=rsa_key(2052)), "KEY_NOT_ALLOWED"),
    "Brainpool": lambda: (leaf(key=ec_key(ec.BrainpoolP256R1())), "KEY_NOT_ALLOWED"),
    "Ed25519": lambda: (leaf(key=ed25519.Ed25519PrivateKey.generate()), "KEY_NOT_ALLOWED"),
    "critical key of the authority": lambda: (leaf((key_of(CA)[0], True)), "EXTENSION_CRITICAL"),
    "critical access": lambda: (leaf((ACCESS, True)), "EXTENSION_CRITICAL"),
    "empty access": lambda: (leaf((EMPTY_ACCESS, False)), "AUTHORITY_ACCESS_WRONG"),
    "no key of the authority": lambda: (leaf(without=AKI), "AUTHORITY_KEY_MISSING"),
    "authority by issuer": lambda: (leaf((BY_ISSUER, False)), "AUTHORITY_KEY_FORM"),
    "key of another": lambda: (leaf(key_of(ROOT)), "AUTHORITY_KEY_OTHER"),
    "authority": lambda: (leaf((x509.BasicConstraints(ca=True, path_length=None), True)), "AUTHORITY_AS_SUBSCRIBER"),
    "signs certificates": lambda: (leaf((key_usage("key_cert_sign"), True)), "KEY_USAGE_OF_AUTHORITY"),
    "constrains names": lambda: (
        leaf((x509.NameConstraints([x509.DNSName(HOST)], None), True)),
        "NAME_CONSTRAINTS_OF_SUBSCRIBER",
    ),
    "no purpose": lambda: (leaf(without=PURPOSES), "PURPOSES_WRONG"),
    "critical purpose": lambda: (leaf((SERVER, True)), "PURPOSES_WRONG"),
    "any purpose": lambda: (
        leaf((x509.ExtendedKeyUsage([*SERVER, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)),
        "PURPOSES_WRONG",
    ),
    "other purpose": lambda: (
        leaf((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)),
        "PURPOSE_MISSING",
    ),
    "no names": lambda: (leaf(without=NAMES), "ALTERNATIVE_NAMES_MISSING"),
    "critical names": lambda: (leaf((san(HOST), True)), "ALTERNATIVE_NAMES_CRITICALITY"),
    "names alone": lambda: (leaf(name=NO_NAME), "ALTERNATIVE_NAMES_CRITICALITY"),
    "underscore": lambda: (leaf((san(HOST, "a_b.example.org"), False)), "ALTERNATIVE_NAME_FORM"),
    "address as name": lambda: (leaf((san(HOST, "192.0.2.1"), False)), "ALTERNATIVE_NAME_FORM"),
    "all of a country": lambda: (leaf((san(HOST, "*.org"), False)), "WILDCARD_TOO_WIDE"),
    "name elsewhere": lambda: (leaf((san("other.example.org"), False)), "COMMON_NAME_OTHER"),
    "other letters": lambda: (leaf((san("SMP.example.org"), False)), "COMMON_NAME_OTHER"),
    "address as common name": lambda: (
        leaf(
            (x509.SubjectAlternativeName([x509.IPAddress(ip_address("2001:db8::1"))]), False),
            name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "2001:DB8::1")]),
        ),
        "COMMON_NAME_OTHER",
    ),
}


@pytest.mark.parametrize("name", LEAVES)
def test_each_rule_for_servers_is_broken_alone(name: str) -> None:
    certificate, expected = LEAVES[name]()
    assert broken(of_leaf(certificate)) == {expected}


PATHS: dict[str, Callable[[], tuple[Path, str]]] = {
    "no basic constraints": lambda: (of_authority(basic=None), "BASIC_CONSTRAINTS_WRONG"),
    "no authority": lambda: (
        of_authority(basic=x509.BasicConstraints(ca=False, path_length=None)),
        "BASIC_CONSTRAINTS_WRONG",
    ),
    "no key usage for it": lambda: (of_authority(usage=key_usage("crl_sign")), "KEY_USAGE_INCONSISTENT"),
    "constraints of policies": lambda: (
        of_authority((x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None), False)),
        "EXTENSION_NOT_CRITICAL",
    ),
    "constraints of nothing": lambda: (of_authority(constrained(b"\x30\x00")), "NAME_CONSTRAINTS_EMPTY"),
    "constraint with a point": lambda: (
        of_authority((x509.NameConstraints([x509.DNSName(".example.org")], None), True)),
        "NAME_CONSTRAINT_WRONG",
    ),
    "constraint of two at signs": lambda: (
        of_authority(constrained(bytes.fromhex("300ba00930078105") + b"a@b@c")),
        "NAME_CONSTRAINT_WRONG",
    ),
    "constraint of a torn mask": lambda: (
        of_authority(constrained(bytes.fromhex("300ea00c300a8708c0000200ff00ff00"))),
        "NAME_CONSTRAINT_WRONG",
    ),
    "authority for clients": lambda: (
        of_authority((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)),
        "PURPOSE_NOT_NESTED",
    ),
    "authority without a name": lambda: (
        of_authority(name=NO_NAME),
        "SUBJECT_EMPTY",
    ),
    "root with purposes": lambda: (of_root((SERVER, False)), "ROOT_WITH_PURPOSES"),
    "root that names its issuer by more": lambda: (
        of_root((x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(ROOT.name)], 1), False)),
        "AUTHORITY_KEY_MISSING",
    ),
    "root with an unknown extension": lambda: (
        of_root((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)),
        "CRITICAL_EXTENSION_UNKNOWN",
    ),
    "root with a short key": lambda: (of_root(key=rsa_key(1024)), "KEY_NOT_ALLOWED"),
    "root whose basic constraints aren't critical": lambda: (
        of_root_with(lambda root: without_critical(root, "551d13")),
        "BASIC_CONSTRAINTS_WRONG",
    ),
}


@pytest.mark.parametrize("name", PATHS)
def test_each_rule_for_authorities_is_broken_alone(name: str) -> None:
    path, expected = PATHS[name]()
    found = broken(path)
    assert expected in found
    assert found <= {expected, "ISSUER_EMPTY", "AUTHORITY_KEY_FORM"}


def test_a_serial_number_has_20_bytes_at_most() -> None:
    good = leaf()
    slices = good.slices
    assert slices is not None
    content = slices.signed[slices.signed.index(b"\xa0\x03") :]
    long = content.replace(bytes([2, len(slices.serial)]) + slices.serial, b"\x02\x15" + b"\x01" * 21, 1)
    size = len(long).to_bytes(2, "big")
    tbs = b"\x30\x82" + size + long
    rest = good.der[good.der.index(slices.signed) + len(slices.signed) :]
    made = ListedCertificate(b"\x30\x82" + (len(tbs) + len(rest)).to_bytes(2, "big") + tbs + rest)
    assert broken(of_leaf(made)) == {"SERIAL_NUMBER_WRONG"}


def test_a_root_may_have_the_serial_number_0_and_no_key_of_its_issuer() -> None:
    (certificate,), root = of_root()
    assert broken(((certificate,), with_serial(root, bytes))) == set()


def test_an_anchor_without_certificate_is_not_asked_about() -> None:
    found = profile_checks([CA.certificate, leaf()], None, Case(Role.TLS_SERVER, leaf(), NOW))
    assert list(found) == []


def test_names_of_servers_are_asked_of_servers_only() -> None:
    client = leaf(
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (san("other.example.org", "*.org"), False),
        name=dn("client"),
    )
    assert broken(of_leaf(client), Role.SML_CLIENT) == set()
    assert broken(of_leaf(leaf()), Role.SML_CLIENT) == {"PURPOSE_MISSING"}


def test_what_cant_be_read_breaks_the_rule() -> None:
    broken_names = x509.UnrecognizedExtension(NAMES, b"example.org")
    assert "ALTERNATIVE_NAMES_MISSING" in broken(of_leaf(leaf((broken_names, False))))
    broken_purposes = x509.UnrecognizedExtension(PURPOSES, b"serverAuth")
    assert {"PURPOSES_WRONG", "PURPOSE_MISSING"} <= broken(of_leaf(leaf((broken_purposes, False))))
    assert broken(((ListedCertificate(b"no certificate"),), ROOT.certificate)) == {"UNREADABLE"}


@pytest.mark.parametrize(
    ("kind", "number", "critical", "good"),
    [
        (EvidenceKind.CRL, 1, False, True),
        (EvidenceKind.CRL, None, False, False),
        (EvidenceKind.DELTA_CRL, 1, True, False),
        (EvidenceKind.OCSP, None, False, True),
    ],
)
def test_rfc5280_5_2_3_crls_have_a_number_that_isnt_critical(
    kind: EvidenceKind, number: int | None, critical: bool, good: bool
) -> None:
    used = EvidenceUsed(kind, "ab" * 32, NOW, NOW + timedelta(days=1), number, critical)
    status = RevocationStatus(Status.GOOD, (), (used,))
    certificate = leaf()
    found = profile_checks(
        [CA.certificate, certificate], ROOT.certificate, Case(Role.TLS_SERVER, certificate, NOW), [status]
    )
    assert [each.id for each in found] == ([] if good else ["CRL_NUMBER_WRONG"])


def test_every_check_says_which_certificate_and_which_clause() -> None:
    (found,) = profile_checks(
        [CA.certificate, (bad := leaf(without=PURPOSES))], ROOT.certificate, Case(Role.TLS_SERVER, bad, NOW)
    )
    assert found.subject == bad.sha256
    assert found.clause == "BR 7.1.2.7.10"
    assert HOST in found.message
    assert not found.undecided


def test_a_trace_names_the_specification_of_each_rule_that_is_broken() -> None:
    anchors = {"anchors": [anchor("root", ROOT.certificate)]}
    engine = engine_of(
        {"tls-server": rule(path_to("root"))},
        anchors | {"intermediates": [{"sha256": CA.certificate.sha256}]},
        [ROOT.certificate, CA.certificate],
        engine={"profile": "webpki"},
    )
    assert engine.decide(Case(Role.TLS_SERVER, leaf(), NOW)).accepted
    bad = leaf((san("a_b.example.org", HOST), False), without=PURPOSES)
    decision = engine.decide(Case(Role.TLS_SERVER, bad, NOW), trace=True)
    assert [each.id for each in decision.checks] == ["PURPOSES_WRONG", "ALTERNATIVE_NAME_FORM"]
    assert decision.trace is not None
    told = "\n".join(decision.trace.lines())
    assert "FAILED      BR 7.1.2.7.10: " in told
    assert "FAILED      RFC 5280 4.2.1.6: " in told
