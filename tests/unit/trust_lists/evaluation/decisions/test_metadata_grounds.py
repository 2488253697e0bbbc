# SPDX-License-Identifier: Apache-2.0
"""SAML metadata as a source: whose key, for what, until when, and signed by whom."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.simulators.certificate_chains import Authority, ec_key
from tests.simulators.jades_keys import new_key
from tests.simulators.saml_metadata import (
    AT,
    NODE,
    OTHER,
    by_certificate,
    by_der,
    by_value,
    entities,
    entity,
    key,
    location,
    service_list,
    signed,
)
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.evaluation.decisions import Case, Evidence
from trust_lists.evaluation.decisions.evidence import MetadataAtHand
from trust_lists.evaluation.decisions.grounds import Offer
from trust_lists.evaluation.decisions.metadata_grounds import MetadataGrounds
from trust_lists.evaluation.trust_configuration.model import (
    CertificateReference,
    Context,
    InMetadata,
    KeyUse,
    OnExpired,
    Role,
    SamlMetadataSource,
    UrlOrFile,
)

SIGNER = new_key("P-256", "metadata operator")
NODE_SIGNER = new_key("P-256", "a node")
ROOT = Authority("authority of nodes")
NODE_KEY = ec_key()
CERTIFICATE = ROOT.issue("node", key=NODE_KEY)
RENEWED = ROOT.issue("node, another certificate of the same key", key=NODE_KEY)
STRANGER = ROOT.issue("stranger")
DAY = timedelta(days=1)
SKEW = timedelta(minutes=5)

SOURCE = SamlMetadataSource(
    id="nodes",
    location=UrlOrFile(url="https://example.org/metadata.xml"),
    signers=(CertificateReference(listed(SIGNER.certificate).sha256, certificate=listed(SIGNER.certificate)),),
    entities=None,
    uses=(KeyUse.SIGNING, KeyUse.ENCRYPTION),
    max_age=None,
    on_expired=OnExpired.REJECT,
)
CASE = Case(Role.AP_SIGN, CERTIFICATE, AT, context={Context.PARTY: NODE})


def offered(
    document: bytes | dict[str, bytes],
    case: Case = CASE,
    source: SamlMetadataSource = SOURCE,
    fetched_at: datetime = AT,
) -> Offer:
    documents = {"nodes": document} if isinstance(document, bytes) else document
    evidence = Evidence(saml_metadata={name: MetadataAtHand(each, fetched_at) for name, each in documents.items()})
    grounds = MetadataGrounds(InMetadata(("nodes",)), "roles.ap-sign.accept", {"nodes": source}, SKEW)
    return grounds.offer(case, evidence)


def accepts(offer: Offer) -> bool:
    return any(not ground.checks for ground in offer.direct)


def reasons(offer: Offer) -> set[str]:
    """Why it does not accept."""
    assert not accepts(offer)
    return {check.id for ground in offer.direct for check in ground.checks} | {each.id for each in offer.problems}


def metadata(*keys: str, signer: SigningKey = SIGNER) -> bytes:
    return signed(entities(entity(NODE, *keys), entity(OTHER, key(by_certificate(STRANGER)))), signer)


# Whose key


@pytest.mark.parametrize("content", [by_certificate, by_value, by_der], ids=["certificate", "numbers", "DER"])
def test_the_party_has_the_key_however_it_is_written(content: Callable[[ListedCertificate], str]) -> None:
    offer = offered(metadata(key(content(CERTIFICATE))))
    assert accepts(offer)
    assert [ground.origin for ground in offer.direct] == [f"stores.saml_metadata.nodes/{NODE}"]


def test_an_rsa_key_is_compared_by_its_numbers() -> None:
    certificate = ROOT.issue("node", key=rsa.generate_private_key(65537, 2048))
    assert accepts(offered(metadata(key(by_value(certificate))), replace(CASE, certificate=certificate)))


def test_another_certificate_of_the_same_key_counts_as_well() -> None:
    offer = offered(metadata(key(by_certificate(RENEWED))))
    assert accepts(offer)
    assert offer.direct[0].certificate == RENEWED


def test_one_entity_alone_is_metadata_too() -> None:
    assert accepts(offered(signed(entity(NODE, key(by_certificate(CERTIFICATE)), until=AT + DAY), SIGNER)))


def test_the_key_of_another_party_is_not_the_partys() -> None:
    found = metadata(key(by_certificate(CERTIFICATE)))
    assert reasons(offered(found, replace(CASE, certificate=STRANGER))) == {"KEY_UNKNOWN"}
    assert accepts(offered(found, replace(CASE, certificate=STRANGER, context={Context.PARTY: OTHER})))


def test_an_unknown_party_has_no_key() -> None:
    case = replace(CASE, context={Context.PARTY: "https://nobody.example"})
    assert reasons(offered(metadata(key(by_certificate(CERTIFICATE))), case)) == {"ENTITY_UNKNOWN"}


def test_without_a_party_nobody_can_tell() -> None:
    offer = offered(metadata(key(by_certificate(CERTIFICATE))), replace(CASE, context={}))
    assert reasons(offer) == {"CONTEXT_MISSING"}
    assert all(each.undecided for each in offer.problems)


def test_an_entity_that_stands_twice_has_no_key_that_could_be_told() -> None:
    twice = entities(entity(NODE, key(by_certificate(CERTIFICATE))), entity(NODE, key(by_certificate(STRANGER))))
    found = signed(twice.replace('ID="e-', 'Id="e-', 1), SIGNER)
    assert reasons(offered(found)) == {"METADATA_NOT_AUTHENTICATED"}  # for its ID
    without = twice.replace(' ID="e-', ' x="e-')
    assert reasons(offered(signed(without, SIGNER))) == {"ENTITY_AMBIGUOUS"}


def test_a_certificate_without_a_key_is_nobodys() -> None:
    case = replace(CASE, certificate=ListedCertificate(b"no certificate"))
    assert reasons(offered(metadata(key(by_certificate(CERTIFICATE))), case)) == {"KEY_UNKNOWN"}


def test_only_entities_that_count_count() -> None:
    found = metadata(key(by_certificate(CERTIFICATE)))
    assert accepts(offered(found, source=replace(SOURCE, entities=(NODE,))))
    assert reasons(offered(found, source=replace(SOURCE, entities=(OTHER,)))) == {"ENTITY_NOT_COUNTED"}


# For what


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("use", [None, "signing", "encryption"])
def test_a_key_is_for_what_the_role_needs(role: Role, use: str | None) -> None:
    """saml-metadata-2.0 §2.4.1.1 with E62: a key without a use is for both; TLS is signing."""
    needed = "encryption" if role is Role.AP_ENCRYPT else "signing"
    offer = offered(metadata(key(by_certificate(CERTIFICATE), use)), replace(CASE, role=role))
    if use in {None, needed}:
        assert accepts(offer)
    else:
        assert reasons(offer) == {"KEY_OF_ANOTHER_USE"}


def test_a_source_may_count_for_one_use_only() -> None:
    found = metadata(key(by_certificate(CERTIFICATE)))
    source = replace(SOURCE, uses=(KeyUse.ENCRYPTION,))
    assert reasons(offered(found, source=source)) == {"USE_NOT_COUNTED"}
    assert accepts(offered(found, replace(CASE, role=Role.AP_ENCRYPT), source))


@pytest.mark.parametrize("use", ["", "Signing", "signing encryption"])
def test_a_use_that_means_nothing_is_no_use(use: str) -> None:
    offer = offered(metadata(key(by_certificate(CERTIFICATE), use)))
    assert reasons(offer) == {"KEY_UNKNOWN"}
    assert "which means nothing" in offer.problems[0].message


def test_different_keys_in_one_key_info_are_none() -> None:
    offer = offered(metadata(key(by_certificate(CERTIFICATE) + by_certificate(STRANGER))))
    assert reasons(offer) == {"KEY_UNKNOWN"}
    assert "2 different keys" in offer.problems[0].message
    assert accepts(offered(metadata(key(by_certificate(CERTIFICATE) + by_value(RENEWED)))))


# Until when


@pytest.mark.parametrize("place", ["root", "group", "entity", "role"])
@pytest.mark.parametrize(
    ("late", "expected"), [(SKEW, True), (SKEW + timedelta(seconds=1), False)], ids=["within-skew", "later"]
)
def test_the_earliest_date_around_a_key_counts(place: str, late: timedelta, expected: bool) -> None:
    dates = dict.fromkeys(("root", "group", "entity", "role"), AT + 30 * DAY) | {place: AT}
    inner = entity(NODE, key(by_certificate(CERTIFICATE)), until=dates["entity"], role_until=dates["role"])
    document = signed(entities(entities(inner, until=dates["group"], name="g"), until=dates["root"]), SIGNER)
    offer = offered(document, replace(CASE, at=AT + late))
    assert accepts(offer) is expected
    if not expected:
        assert reasons(offer) == {"METADATA_EXPIRED"}


@pytest.mark.parametrize("party", [NODE, "https://nobody.example"])
@pytest.mark.parametrize("on_expired", list(OnExpired))
def test_expired_metadata_are_out_of_date_whoever_stands_in_them(party: str, on_expired: OnExpired) -> None:
    document = signed(entities(entity(NODE, key(by_certificate(CERTIFICATE))), until=AT - DAY), SIGNER)
    offer = offered(document, replace(CASE, context={Context.PARTY: party}), replace(SOURCE, on_expired=on_expired))
    assert offer.outdated is (on_expired is OnExpired.REJECT)
    assert not offered(metadata(key(by_certificate(CERTIFICATE)))).outdated


def test_what_expired_elsewhere_does_not_matter() -> None:
    expired = entity(OTHER, key(by_certificate(STRANGER)), until=AT - DAY)
    group = entities(expired, until=AT - DAY, name="g")
    assert accepts(offered(signed(entities(group, entity(NODE, key(by_certificate(CERTIFICATE)))), SIGNER)))


def test_expired_metadata_may_be_a_warning() -> None:
    found = signed(entities(entity(NODE, key(by_certificate(CERTIFICATE))), until=AT - DAY), SIGNER)
    offer = offered(found, source=replace(SOURCE, on_expired=OnExpired.WARN))
    assert accepts(offer)
    assert offer.direct[0].warnings == ("the metadata nodes expired on 2026-11-19 12:00:00 UTC",)


@pytest.mark.parametrize(("hours", "expected"), [(6, True), (7, False)])
def test_a_copy_is_kept_no_longer_than_its_cache_duration(hours: int, expected: bool) -> None:
    found = signed(entities(entity(NODE, key(by_certificate(CERTIFICATE)), cached="PT6H"), cached="P1D"), SIGNER)
    offer = offered(found, fetched_at=AT - timedelta(hours=hours))
    assert accepts(offer) is expected
    if not expected:
        assert reasons(offer) == {"METADATA_TOO_OLD"}


@pytest.mark.parametrize(("days", "expected"), [(1, True), (2, False)])
def test_a_copy_is_no_older_than_the_configuration_allows(days: int, expected: bool) -> None:
    source = replace(SOURCE, max_age=DAY)
    offer = offered(metadata(key(by_certificate(CERTIFICATE))), source=source, fetched_at=AT - days * DAY)
    assert accepts(offer) is expected
    if not expected:
        assert [check.clause for check in offer.direct[0].checks] == ["stores.saml_metadata.nodes.max_age"]


def test_metadata_without_any_date_are_warned_of() -> None:
    offer = offered(signed(entity(NODE, key(by_certificate(CERTIFICATE))), SIGNER))
    assert accepts(offer)
    assert "say neither how long" in offer.direct[0].warnings[0]


# Signed by whom


def test_metadata_that_are_missing_or_of_others_leave_it_undecided() -> None:
    found = metadata(key(by_certificate(CERTIFICATE)), signer=NODE_SIGNER)
    nowhere = replace(SOURCE, signers=(CertificateReference("0" * 64),))
    for offer, expected in (
        (offered({}), "METADATA_MISSING"),
        (offered(found), "METADATA_NOT_AUTHENTICATED"),
        (offered(found, source=nowhere), "METADATA_SIGNER_MISSING"),
        (offered(b"<not-xml"), "METADATA_NOT_AUTHENTICATED"),
    ):
        assert reasons(offer) == {expected}
        assert all(each.undecided for each in offer.problems)


def test_one_of_several_signers_is_enough() -> None:
    both = (CertificateReference("0" * 64, certificate=listed(NODE_SIGNER.certificate)), *SOURCE.signers)
    found = metadata(key(by_certificate(CERTIFICATE)))
    assert accepts(offered(found, source=replace(SOURCE, signers=both)))


def test_what_stands_in_extensions_is_no_entity() -> None:
    hidden = f"<md:Extensions>{entity(OTHER, key(by_certificate(CERTIFICATE)))}</md:Extensions>"
    found = signed(entities(hidden, entity(NODE, key(by_certificate(STRANGER)))), SIGNER)
    assert reasons(offered(found, replace(CASE, context={Context.PARTY: OTHER}))) == {"ENTITY_UNKNOWN"}


def test_an_affiliation_has_no_keys() -> None:
    affiliation = entity(NODE, key(by_certificate(CERTIFICATE)), role="AffiliationDescriptor")
    assert reasons(offered(signed(entities(affiliation), SIGNER))) == {"KEY_UNKNOWN"}


# Lists of metadata services


def nodes(*names: str, signer: SigningKey = NODE_SIGNER, **dates: datetime) -> dict[str, bytes]:
    """An MDSL that points to the metadata of the node, signed by itself."""
    inside = location(NODE, [listed(NODE_SIGNER.certificate)], *names)
    return {
        "nodes": signed(service_list(location(OTHER, []), inside, **dates), SIGNER),
        NODE: signed(entity(NODE, key(by_certificate(CERTIFICATE)), until=AT + DAY), signer),
    }


@pytest.mark.parametrize("names", [(), (NODE,), (OTHER, NODE)], ids=["by-location", "by-entity", "by-entities"])
def test_a_service_list_leads_to_metadata_and_their_signer(names: tuple[str, ...]) -> None:
    assert accepts(offered(nodes(*names)))


def test_metadata_by_somebody_else_than_the_service_list_says_do_not_count() -> None:
    assert reasons(offered(nodes(signer=SIGNER))) == {"METADATA_NOT_AUTHENTICATED"}


def test_metadata_that_the_service_list_points_to_have_to_be_at_hand() -> None:
    found = nodes()
    del found[NODE]
    assert reasons(offered(found)) == {"METADATA_MISSING"}


def test_a_location_is_for_those_that_it_names() -> None:
    assert reasons(offered(nodes(OTHER))) == {"ENTITY_UNKNOWN"}


def test_a_location_without_signers_vouches_for_nobody() -> None:
    found = {"nodes": signed(service_list(location(NODE, [])), SIGNER), NODE: nodes()[NODE]}
    assert reasons(offered(found)) == {"METADATA_NOT_AUTHENTICATED"}


def test_a_service_list_does_not_lead_to_another() -> None:
    found = nodes()
    found[NODE] = signed(service_list(location(NODE, [listed(NODE_SIGNER.certificate)])), NODE_SIGNER)
    assert reasons(offered(found)) == {"METADATA_NOT_AUTHENTICATED"}


def test_an_expired_service_list_speaks_against_what_it_leads_to() -> None:
    assert reasons(offered(nodes(until=AT - DAY))) == {"METADATA_EXPIRED"}


def test_the_signer_of_the_service_list_does_not_sign_for_nodes() -> None:
    found = nodes()
    found["nodes"] = signed(service_list(location(NODE, [listed(NODE_SIGNER.certificate)])), NODE_SIGNER)
    assert reasons(offered(found)) == {"METADATA_NOT_AUTHENTICATED"}
