# SPDX-License-Identifier: Apache-2.0
"""Importers: what other software keeps becomes a configuration that says the same, or isn't made."""

import base64
import hashlib
import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs7, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.demo.pki import DemoPki
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import fingerprint
from trust_lists.certificates.revocation.rules import OnUnknown, RevocationRule
from trust_lists.errors import CertificateError, ConfigurationError, TrustListError
from trust_lists.evaluation.trust_configuration import Role, TrustConfiguration, read_configuration, to_yaml
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.importers.domibus import import_domibus, read_properties
from trust_lists.evaluation.trust_configuration.importers.key_stores import import_key_store, read_key_store
from trust_lists.evaluation.trust_configuration.importers.lists import Chosen, import_list_anchors, import_list_source
from trust_lists.evaluation.trust_configuration.importers.recipe import import_recipe
from trust_lists.evaluation.trust_configuration.model import (
    AllOf,
    AnchorKind,
    Answer,
    AnyOf,
    Context,
    ListKind,
    Not,
    PathTo,
    Pinned,
    Quorum,
    RoleRule,
    UrlOrFile,
    Usage,
)

NS = "http://oxalis.network/xsd/certvalidator/1.0"
PASSWORD = "changeit"


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def jks(entries: Iterable[tuple[str, bytes]], password: str = PASSWORD, *, version: int = 2, own: str = "") -> bytes:
    """A Java key store with certificates, and an entry that looks like a private key."""

    def text(value: str) -> bytes:
        return struct.pack(">H", len(value.encode())) + value.encode()

    def certificate(content: bytes) -> bytes:
        return (text("X.509") if version == 2 else b"") + struct.pack(">I", len(content)) + content

    found = [struct.pack(">I", 2) + text(alias) + bytes(8) + certificate(content) for alias, content in entries]
    if own:
        chain = struct.pack(">I", 1) + certificate(b"\x30\x00")
        found.append(struct.pack(">I", 1) + text(own) + bytes(8) + struct.pack(">I", 3) + b"key" + chain)
    content = b"\xfe\xed\xfe\xed" + struct.pack(">II", version, len(found)) + b"".join(found)
    told = hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + content, usedforsecurity=False)
    return content + told.digest()


def rule(configuration: TrustConfiguration, role: Role = Role.AP_SIGN) -> RoleRule:
    found = configuration.rule(role)
    assert found is not None
    return found


# Key stores


@pytest.mark.parametrize("version", [1, 2])
def test_certificates_of_a_java_key_store_are_read_with_or_without_its_password(pki: DemoPki, version: int) -> None:
    data = jks([("root", der(pki.root.certificate)), ("gw", der(pki.smp.certificate))], version=version, own="me")
    for password in (PASSWORD, None):
        found = read_key_store(data, password)
        assert [(each.alias, each.own) for each in found] == [("root", False), ("gw", False), ("me", True)]
        assert found[0].certificates == (ListedCertificate(der(pki.root.certificate)),)
    with pytest.raises(CertificateError, match="the password is wrong"):
        read_key_store(data, "another")
    with pytest.raises(CertificateError, match="damaged"):
        read_key_store(data[:-1] + bytes([data[-1] ^ 1]), PASSWORD)


def test_a_pkcs12_trust_store_is_read_with_its_aliases(pki: DemoPki) -> None:
    entries = [pkcs12.PKCS12Certificate(pki.root.certificate, b"root")]
    data = pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(PASSWORD.encode()))
    assert [each.alias for each in read_key_store(data, PASSWORD)] == ["root"]
    for password, told in (("another", "the password is wrong"), (None, "it needs a password")):
        with pytest.raises(CertificateError, match=told):
            read_key_store(data, password)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_a_key_store_holds_only_our_error_comes_out(data: st.DataObject) -> None:
    good = bytearray(jks([("a", b"\x30\x03abc"), ("b", b"\x30\x00")]))
    for _ in range(data.draw(st.integers(1, 5))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_key_store(bytes(good), None)
    except CertificateError as error:
        told = str(error)
        assert told


def test_of_a_key_store_authorities_become_anchors_and_others_pins(pki: DemoPki) -> None:
    data = jks([("root", der(pki.root.certificate)), ("smp", der(pki.smp.certificate))], own="me")
    found = import_key_store(data, PASSWORD, [Role.SMP_SIGN], name="Our store")
    configuration = found.configuration
    assert configuration.id == "our-store"
    assert [(each.cert.sha256, each.kind) for each in configuration.stores.anchors] == [
        (fingerprint(pki.root.certificate), AnchorKind.CA)
    ]
    assert [(each.cert_sha256, each.party) for each in configuration.stores.pins] == [
        (fingerprint(pki.smp.certificate), None)
    ]
    accept = rule(configuration, Role.SMP_SIGN).accept
    assert isinstance(accept, AnyOf)
    assert any("private key" in each for each in found.warnings)
    assert rule(configuration, Role.SMP_SIGN).revocation.leaf is RevocationRule.NO_CHECK
    again = read_configuration(to_yaml(configuration).encode(), found.files.get).configuration
    assert again == configuration


def test_ones_own_key_is_nobody_to_trust(pki: DemoPki) -> None:
    key = pki.smp
    data = pkcs12.serialize_key_and_certificates(
        b"me", key.private_key, key.certificate, [pki.root.certificate], BestAvailableEncryption(PASSWORD.encode())
    )
    assert [each.own for each in read_key_store(data, PASSWORD)] == [True, False]


@pytest.mark.parametrize(
    "data", [b"\xce\xce\xce\xce", b"\xfe\xed\xfe\xed\x00\x00\x00\x03" + bytes(24), bytes(20_000_001)]
)
def test_other_key_stores_are_refused(data: bytes) -> None:
    with pytest.raises(CertificateError):
        read_key_store(data, None)


def test_an_empty_key_store_makes_no_configuration() -> None:
    with pytest.raises(ConfigurationError, match="no certificate of somebody else"):
        import_key_store(jks([], own="me"), PASSWORD, [Role.AP_SIGN])


# Domibus and Harmony


def test_partners_are_pinned_by_their_aliases(pki: DemoPki) -> None:
    store = jks([("org2_gw", der(pki.smp.certificate)), ("ca", der(pki.root.certificate))])
    found = import_domibus(f"domibus.security.truststore.password={PASSWORD}\n".encode(), store)
    assert [each.party for each in found.configuration.stores.pins] == ["org2_gw"]
    assert found.configuration.stores.pins[0].roles == (Role.AP_SIGN, Role.AP_ENCRYPT)
    assert found.configuration.stores.anchors == ()
    assert rule(found.configuration).accept == Pinned(None)
    assert rule(found.configuration).revocation.leaf is RevocationRule.CHECK_IF_DECLARED
    assert any("authorities" in each for each in found.warnings)


def test_without_the_alias_check_authorities_issue(pki: DemoPki) -> None:
    properties = b"""
domibus.sender.trust.validation.truststore_alias = false
domibus.sender.certificate.subject.check : true
domibus.sender.certificate.validation.onreceiving false
"""
    found = import_domibus(properties, jks([("ca", der(pki.root.certificate))]), PASSWORD)
    rule_found = rule(found.configuration)
    assert isinstance(rule_found.accept, PathTo)
    assert rule_found.leaf.subject is not None
    assert rule_found.leaf.subject.bind == {"CN": Context.PARTY}
    assert rule_found.revocation.leaf is RevocationRule.NO_CHECK
    assert rule(found.configuration, Role.AP_ENCRYPT).revocation.leaf is RevocationRule.CHECK_IF_DECLARED


def test_a_check_is_not_lost_in_silence(pki: DemoPki) -> None:
    properties = b"domibus.sender.trust.validation.expression=.*O=Partners.*\n"
    store = jks([("gw", der(pki.smp.certificate))])
    with pytest.raises(ConfigurationError, match=r"validation\.expression .*accepts more"):
        import_domibus(properties, store, PASSWORD)
    found = import_domibus(properties, store, PASSWORD, allow_wider=True)
    assert "accepts more" in found.warnings[0]


def test_without_any_check_the_trust_store_still_counts(pki: DemoPki) -> None:
    properties = (
        b"domibus.sender.trust.validation.onreceiving=false\ndomibus.dynamicdiscovery.useDynamicDiscovery=true\n"
    )
    found = import_domibus(properties, jks([("gw", der(pki.smp.certificate))]), PASSWORD)
    assert [each.party for each in found.configuration.stores.pins] == [None]
    assert any("onreceiving is false" in each for each in found.warnings)
    assert any("dynamic discovery is on" in each for each in found.warnings)


@pytest.mark.parametrize("entries", [[], ["ca"]])
def test_a_trust_store_without_partners_makes_no_configuration(pki: DemoPki, entries: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="certificate of"):
        import_domibus(b"", jks([(each, der(pki.root.certificate)) for each in entries]), PASSWORD)


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        (b"domibus.security.truststore.password=ENC(abc)", "is encrypted"),
        (b"domibus.sender.certificate.subject.check=maybe\n", "neither true nor false"),
    ],
)
def test_properties_that_say_nothing_certain_are_refused(pki: DemoPki, properties: bytes, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        import_domibus(properties, jks([("gw", der(pki.smp.certificate))]))


def test_java_properties_are_read_as_java_does() -> None:
    text = b"# no\n! no\na=1\nb : 2\n c 3\nd\\=e=\\u00e9\\n\nlong=one \\\n   two\nempty\npath=C:\\\\x\n"
    assert read_properties(text) == {
        "a": "1",
        "b": "2",
        "c": "3",
        "d=e": "é\n",
        "long": "one two",
        "empty": "",
        "path": "C:\\x",
    }
    assert read_properties("ü=\xfc".encode("latin-1")) == {"ü": "ü"}


# Recipes


def recipe(pki: DemoPki, validators: str, *, extra: str = "", namespace: str = NS) -> bytes:
    buckets = "".join(
        f'<CertificateBucket name="{name}"><Certificate>{base64.b64encode(der(certificate)).decode()}</Certificate>'
        "</CertificateBucket>"
        for name, certificate in (
            ("root", pki.root.certificate),
            ("inter", pki.smp_ca.certificate),
            ("leaf", pki.smp.certificate),
        )
    )
    head = f'<ValidatorRecipe xmlns="{namespace}" name="peppol-test" version="1">'
    return f"{head}{validators}{buckets}{extra}</ValidatorRecipe>".encode()


CHAIN = (
    "<Chain><RootBucketReference>root</RootBucketReference>"
    "<IntermediateBucketReference>inter</IntermediateBucketReference>{}</Chain>"
)
LEAF = "<Whitelist>leaf</Whitelist>"


def imported(pki: DemoPki, rules: str, *, allow_wider: bool = False) -> TrustConfiguration:
    data = recipe(pki, f"<Validator>{rules}</Validator>")
    return import_recipe(data, {Role.AP_SIGN: ""}, allow_wider=allow_wider).configuration


@pytest.mark.parametrize("namespace", [NS, "http://difi.no/xsd/certvalidator/1.0"])
def test_a_recipe_like_that_of_peppol_is_said_completely(pki: DemoPki, namespace: str) -> None:
    name = ListedCertificate(der(pki.smp_ca.certificate)).subject_values("2.5.4.3")[0]
    issued = (
        f'<PrincipleName field="CN" principal="ISSUER"><Value>{name}</Value><Value>An old CA</Value></PrincipleName>'
    )
    rules = (
        f'<Validator><Expiration/><Signing type="PUBLIC_SIGNED"/>{issued}{CHAIN.format("")}'
        '<Cached timeout="60"><HandleError><CRL/></HandleError><OCSP/></Cached></Validator>'
        f'<Validator name="SMP" timeout="10">{issued}<PrincipleName field="O"><Value>A+B</Value><Value>C</Value>'
        "</PrincipleName><ValidatorReference>default</ValidatorReference>"
        "<KeyUsage><Identifier>DIGITAL_SIGNATURE</Identifier></KeyUsage></Validator>"
    )
    found = import_recipe(recipe(pki, rules, namespace=namespace), {Role.SMP_SIGN: "SMP"})
    configuration = found.configuration
    root, smp_ca = configuration.stores.anchors
    assert configuration.id == "peppol-test"
    assert [each.cert.sha256 for each in (root, smp_ca)] == [
        fingerprint(each.certificate) for each in (pki.root, pki.smp_ca)
    ]
    assert {each.kind for each in (root, smp_ca)} == {AnchorKind.KEY_AND_NAME}
    assert [each.sha256 for each in configuration.stores.intermediates] == [fingerprint(pki.smp_ca.certificate)]
    made = rule(configuration, Role.SMP_SIGN)
    issuer = PathTo((smp_ca.id,), issuer_must_be_anchor=True)
    own = Not(Pinned(tuple(each.id for each in configuration.stores.pins)))
    assert [each.cert_sha256 for each in configuration.stores.pins] == [fingerprint(pki.root.certificate)]
    assert made.accept == AllOf((PathTo((root.id,), issuer_must_be_anchor=False), issuer, own))
    assert made.leaf.key_usage is not None
    assert made.leaf.key_usage.required == (Usage.DIGITAL_SIGNATURE,)
    assert set(made.leaf.key_usage.forbidden) == set(Usage) - {Usage.DIGITAL_SIGNATURE}
    assert made.leaf.key_usage.absent is Answer.REJECT
    assert made.leaf.subject is not None
    assert made.leaf.subject.match == {"O": r"A\+B|C"}
    assert made.revocation.leaf is RevocationRule.CHECK_IF_DECLARED
    assert made.revocation.intermediates is RevocationRule.NO_CHECK
    assert made.revocation.on_unknown is OnUnknown.REJECT


def test_handle_error_lets_pass_what_cannot_be_found_out(pki: DemoPki) -> None:
    soft = imported(pki, f"{CHAIN.format('')}<HandleError><CRL/></HandleError>")
    assert rule(soft).revocation.on_unknown is OnUnknown.ACCEPT
    hard = imported(pki, f"{CHAIN.format('')}<HandleError><CRL/></HandleError><OCSP/>")
    assert rule(hard).revocation.on_unknown is OnUnknown.REJECT


def test_policies_of_a_chain_are_demanded(pki: DemoPki) -> None:
    made = rule(imported(pki, CHAIN.format("<Policy>1.2.3</Policy><Policy>1.2.4</Policy>")))
    assert made.leaf.policies is not None
    assert made.leaf.policies.one_of == ("1.2.3", "1.2.4")
    assert made.leaf.policies.require_explicit_policy


def test_lists_and_junctions_become_expressions(pki: DemoPki) -> None:
    chain = CHAIN.format("")
    blacklist = rule(imported(pki, f"{chain}<Blacklist>leaf</Blacklist>")).accept
    assert isinstance(blacklist, AllOf)
    assert isinstance(blacklist.parts[1], Not)
    either = rule(imported(pki, f'<Junction type="OR">{chain}{LEAF}</Junction>')).accept
    assert isinstance(either, AnyOf)
    both = rule(imported(pki, f'<Junction type="AND">{chain}{LEAF}</Junction>')).accept
    assert isinstance(both, AllOf)
    one = rule(imported(pki, f'<Junction type="XOR">{chain}{LEAF}</Junction>')).accept
    assert isinstance(one, AllOf)
    assert isinstance(one.parts[1], Not)
    assert isinstance(one.parts[1].part, Quorum)


def test_a_validator_may_refer_to_another(pki: DemoPki) -> None:
    data = recipe(
        pki,
        f'<Validator name="base">{CHAIN.format("")}</Validator>'
        '<Validator name="ap"><ValidatorReference>base</ValidatorReference><CRL/></Validator>',
    )
    found = import_recipe(data, {Role.AP_SIGN: "ap", Role.SMP_SIGN: "base"}).configuration
    assert isinstance(rule(found).accept, PathTo)
    assert rule(found, Role.SMP_SIGN).revocation.leaf is RevocationRule.NO_CHECK


def test_certificates_come_from_key_stores_of_the_recipe(pki: DemoPki) -> None:
    store = base64.b64encode(jks([("peppol-root", der(pki.root.certificate))])).decode()
    extra = (
        '<CertificateBucket name="a"><CertificateStartsWith>peppol-</CertificateStartsWith></CertificateBucket>'
        f'<KeyStore password="{PASSWORD}">{store}</KeyStore>'
    )
    data = recipe(pki, "<Validator><Whitelist>a</Whitelist></Validator>", extra=extra)
    found = import_recipe(data, {Role.AP_SIGN: ""}).configuration
    assert [each.cert_sha256 for each in found.stores.pins] == [fingerprint(pki.root.certificate)]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("<Class>no.difi.Rule</Class>", "depends on program code"),
        ("<RuleReference>x</RuleReference>", "depends on program code"),
        ("<CriticalExtensionRequired><Value>1.2</Value></CriticalExtensionRequired>", "depends on program code"),
        ("<Dummy>always no</Dummy>", "can't be said"),
        ('<Signing type="SELF_SIGNED"/>', "can't be said"),
        ('<Signing type="PUBLIC_SIGNED"/>', "self-signed can't be said without a Chain (accepts more)"),
        ('<Expiration millis="100"/>', "expire soon can't be said (accepts more)"),
        ("<PrincipleName><Value>x</Value></PrincipleName>", "whole name"),
        ('<PrincipleName field="CN" principal="ISSUER"><Value>x</Value></PrincipleName>', "no certificate of a Chain"),
        ('<PrincipleName principal="ISSUER"><Value>x</Value></PrincipleName>', "whole name of issuers"),
        ('<PrincipleName field="CN"><Reference>x</Reference></PrincipleName>', "program code"),
        ("<KeyUsage><Identifier>SIGN</Identifier></KeyUsage>", "no key usage"),
        ("<Whitelist>nothing</Whitelist>", "there is no bucket nothing"),
        ("<ValidatorReference>nothing</ValidatorReference>", "no such validator"),
        ("<ValidatorReference>default</ValidatorReference>", "leads back to itself"),
        (f'<Junction type="OR">{LEAF}<CRL/></Junction>', "only sources can be alternatives"),
        ('<Junction type="OR"/>', "no rule that could be an alternative"),
        ("<Surprise/>", "can't be said"),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_place(pki: DemoPki, rules: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        imported(pki, LEAF + rules)
    (reason, *_others) = refused.value.reasons
    assert told in reason
    assert reason.startswith("Validator")
    assert "(line 1)" in reason


def test_all_refusals_come_at_once(pki: DemoPki) -> None:
    with pytest.raises(ConfigurationError) as refused:
        imported(pki, "<Class>a</Class><Class>b</Class><Surprise/>")
    assert len(refused.value.reasons) == 3, "two kinds of rules, and nobody who is named"


def test_a_validator_without_a_source_accepts_the_whole_world(pki: DemoPki) -> None:
    with pytest.raises(ConfigurationError, match="accepts whoever isn't named"):
        imported(pki, "<Expiration/>")


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ('<CertificateBucket name="x"><Certificate>AAAA</Certificate></CertificateBucket>', "no certificate"),
        ('<CertificateBucket name="x"><Surprise/></CertificateBucket>', "can't be said"),
        (
            '<CertificateBucket name="x"><CertificateReference>a</CertificateReference></CertificateBucket>',
            "no key store",
        ),
        ('<KeyStore password="a">!</KeyStore>', "no base64"),
        ('<KeyStore password="a">/u3+7QAA</KeyStore>', "damaged"),
    ],
)
def test_damaged_buckets_are_refused_with_their_place(pki: DemoPki, extra: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        import_recipe(recipe(pki, f"<Validator>{LEAF}</Validator>", extra=extra), {Role.AP_SIGN: ""})
    assert told in refused.value.reasons[0]


def test_an_alias_that_no_key_store_has_is_refused(pki: DemoPki) -> None:
    store = base64.b64encode(jks([("a", der(pki.root.certificate))])).decode()
    extra = (
        '<CertificateBucket name="x"><CertificateReference>b</CertificateReference></CertificateBucket>'
        f'<KeyStore password="{PASSWORD}">{store}</KeyStore>'
    )
    with pytest.raises(ConfigurationError, match="has no entry b"):
        import_recipe(recipe(pki, f"<Validator>{LEAF}</Validator>", extra=extra), {Role.AP_SIGN: ""})


def test_a_role_needs_a_validator_that_is_there(pki: DemoPki) -> None:
    with pytest.raises(ConfigurationError, match="there is no validator smp; there are default"):
        import_recipe(recipe(pki, f"<Validator>{LEAF}</Validator>"), {Role.SMP_SIGN: "smp"})


def test_two_rules_of_one_kind_are_not_mixed(pki: DemoPki) -> None:
    rules = '<PrincipleName field="CN"><Value>a</Value></PrincipleName>'
    with pytest.raises(ConfigurationError, match="two different rules about subject"):
        imported(pki, LEAF + rules + rules.replace("CN", "O"))


@pytest.mark.parametrize("data", [b"<a/>", b"<ValidatorRecipe/>", b"", b"<!DOCTYPE a><a/>"])
def test_what_is_no_recipe_is_refused(data: bytes) -> None:
    with pytest.raises(TrustListError):
        import_recipe(data, {Role.AP_SIGN: ""})


# Lists


def test_a_list_is_followed_as_long_as_the_named_signers_sign_it(corpus: Path, pki: DemoPki) -> None:
    data = (corpus / "trust_models" / "lists" / "ecodex_ger_tsl.xml").read_bytes()
    signer = ListedCertificate(der(pki.root.certificate))
    where = UrlOrFile(url="https://example.org/tl.xml")
    found = import_list_source(data, where, [signer], [Role.AP_SIGN], Chosen())
    (source,) = found.configuration.stores.lists
    assert source.kind is ListKind.TL
    assert [each.sha256 for each in source.signers] == [signer.sha256]
    with pytest.raises(ConfigurationError, match="say who signs the list"):
        import_list_source(data, where, [], [Role.AP_SIGN], Chosen())


def test_services_become_anchors_from_their_status_on(corpus: Path) -> None:
    data = (corpus / "trust_models" / "lists" / "epsos_NCP_Service_Status_List__Austria_AT_.xml").read_bytes()
    at = datetime(2026, 11, 22, tzinfo=UTC)
    found = import_list_anchors(data, [Role.AP_SIGN], Chosen(), at).configuration
    assert found.stores.anchors
    assert {each.kind for each in found.stores.anchors} == {AnchorKind.KEY_AND_NAME}
    assert {each.trusted.since for each in found.stores.anchors} == {datetime(2016, 2, 16, 14, 52, 58, tzinfo=UTC)}
    with pytest.raises(ConfigurationError, match="no service of the list"):
        import_list_anchors(data, [Role.AP_SIGN], Chosen(), datetime(2016, 2, 16, tzinfo=UTC))
    with pytest.raises(ConfigurationError, match="no service of the list"):
        import_list_anchors(data, [Role.AP_SIGN], Chosen(statuses=("urn:none",)), at)


def test_a_service_without_a_readable_time_is_no_anchor(corpus: Path) -> None:
    data = (corpus / "trust_models" / "lists" / "ecodex_ger_tsl.xml").read_bytes()  # it says 20014-01-01
    with pytest.raises(ConfigurationError, match="no service of the list"):
        import_list_anchors(data, [Role.AP_SIGN], Chosen(), datetime(2026, 11, 22, tzinfo=UTC))


# Files


def test_certificates_are_found_in_files_of_any_kind(pki: DemoPki) -> None:
    certificates = [pki.root.certificate, pki.smp_ca.certificate]
    both = tuple(ListedCertificate(der(each)) for each in certificates)
    for encoding in (Encoding.DER, Encoding.PEM):
        assert set(certificates_in(pkcs7.serialize_certificates(certificates, encoding))) == set(both)
    assert certificates_in(b"".join(each.public_bytes(Encoding.PEM) for each in certificates)) == both
    assert certificates_in(base64.encodebytes(both[0].der)) == both[:1]
    assert certificates_in(both[0].der) == both[:1]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([b"", b"\x30", b"-----BEGIN CERTIFICATE-----", b"MII"]))
def test_whatever_a_file_holds_only_our_error_comes_out(data: bytes, start: bytes) -> None:
    with pytest.raises(CertificateError):
        certificates_in(start + data)
