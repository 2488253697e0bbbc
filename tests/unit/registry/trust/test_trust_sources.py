# SPDX-License-Identifier: Apache-2.0
"""How it stands with lists, metadata and federations: as collected, as signed, until when."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from registry.trust.sources import MAX_FAILURES, Signature, SourceStates, source_states
from tests.simulators import saml_metadata
from tests.simulators.federations import Federation
from tests.simulators.list_worlds import (
    AT,
    LOTL_URL,
    ListWorld,
    break_signature,
    certificate,
    key,
    list_url,
    whole_world,
)
from trust_lists.errors import SourceError
from trust_lists.evaluation.decisions import Evidence
from trust_lists.evaluation.decisions.evidence import MetadataAtHand, StatementsAtHand
from trust_lists.evaluation.trust_configuration.model import (
    CertificateReference,
    Engine,
    FederationSource,
    ListKind,
    OnExpired,
    Profile,
    Roles,
    SamlMetadataSource,
    Stores,
    TrustConfiguration,
    TrustedListSource,
    UrlOrFile,
)
from trust_lists.sources.collecting import collect
from trust_lists.sources.evidence import evidence_folder, load_evidence
from trust_lists.sources.evidence_manifest import Attempt, EvidenceManifest, Kind, State

METADATA_URL = "https://idp.example/metadata"
ANCHOR = "https://anchor.example"


@dataclass
class Lists:
    """A fetcher of nothing but lists."""

    lists: ListWorld = field(default_factory=whole_world)

    def fetch(self, kind: Kind, url: str, body: bytes | None = None) -> bytes:
        raise SourceError("FETCH_NOT_FOUND", f"there is no {kind} at {url}, {body!r}")


def model(stores: Stores) -> TrustConfiguration:
    return TrustConfiguration("test", "test", Engine(Profile.RFC5280, 4, timedelta(minutes=5)), stores, Roles())


def listed(signer: str = "lotl", **other: Any) -> TrustConfiguration:
    signers = (CertificateReference(certificate(signer).sha256, certificate=certificate(signer)),)
    source = TrustedListSource(
        id="lists",
        kind=ListKind.LOTL,
        location=UrlOrFile(LOTL_URL),
        signers=signers,
        pivots=True,
        territories=None,
        service_types=None,
        statuses=None,
        max_age=None,
        on_expired=OnExpired.REJECT,
    )
    return model(Stores(lists=(replace(source, **other),)))


def collected(folder: Path, trusted: TrustConfiguration, world: ListWorld) -> SourceStates:
    collect(trusted, (), Lists(world), folder, AT)
    store = evidence_folder(folder)
    return source_states(trusted, load_evidence(folder, trusted, AT), store.read_manifest(store.current))


def test_a_list_of_lists_leads_to_others_each_with_its_signature_and_the_day_of_the_next_one(tmp_path: Path) -> None:
    (source,) = collected(tmp_path, listed(), whole_world()).sources
    assert (source.id, source.kind, source.location) == ("lists", "lotl", LOTL_URL)
    documents = {each.attempt.territory: each for each in source.documents}
    assert set(documents) == {"EU", "BE", "EL"}
    assert {each.signature for each in documents.values()} == {Signature.VERIFIED}
    belgian = documents["BE"]
    assert (belgian.attempt.state, belgian.attempt.fetched_at) == (State.FETCHED, AT)
    assert belgian.next_update is not None
    assert belgian.next_update > AT
    assert (belgian.sequence or 0) > 0


def test_a_list_that_somebody_else_has_signed_is_told_with_why(tmp_path: Path) -> None:
    """Whoever has collected: the signers of the model that asks decide."""
    collect(listed(), (), Lists(), tmp_path, AT)
    store, other = evidence_folder(tmp_path), listed("be")
    states = source_states(other, load_evidence(tmp_path, other, AT), store.read_manifest(store.current))
    leading = next(each for each in states.sources[0].documents if each.attempt.kind is Kind.LOTL)
    assert leading.signature is Signature.REFUSED
    assert leading.problems


def test_a_list_that_could_not_be_taken_is_told_with_why(tmp_path: Path) -> None:
    (source,) = collected(tmp_path, listed("be"), whole_world()).sources
    (document,) = source.documents
    assert (document.attempt.state, document.signature) == (State.FAILED, Signature.UNKNOWN)
    assert document.problems


def test_one_broken_list_among_others_is_told_of_by_itself(tmp_path: Path) -> None:
    world = whole_world()
    world.tamper(list_url("BE"), break_signature)
    (source,) = collected(tmp_path, listed(), world).sources
    documents = {each.attempt.territory: each for each in source.documents}
    assert documents["BE"].signature is not Signature.VERIFIED
    assert documents["BE"].problems
    assert documents["EL"].signature is Signature.VERIFIED


def test_a_single_list_is_the_one_document_of_its_source(tmp_path: Path) -> None:
    trusted = listed("be", kind=ListKind.TL, location=UrlOrFile(list_url("BE")), pivots=False)
    (source,) = collected(tmp_path, trusted, whole_world()).sources
    (document,) = source.documents
    assert (document.signature, document.attempt.url) == (Signature.VERIFIED, list_url("BE"))


def test_source_that_nobody_has_tried_has_no_documents() -> None:
    (source,) = source_states(listed(), Evidence(), None).sources
    assert source.documents == ()


def of_metadata(document: bytes, *, fetched: bool = True) -> SourceStates:
    source = SamlMetadataSource(
        id="idps",
        location=UrlOrFile(METADATA_URL),
        signers=(CertificateReference(certificate("be").sha256, certificate=certificate("be")),),
        entities=None,
        uses=(),
        max_age=None,
        on_expired=OnExpired.REJECT,
    )
    attempt = Attempt(Kind.SAML_METADATA, METADATA_URL, State.FETCHED, source="idps", sha256="00", fetched_at=AT)
    evidence = Evidence(saml_metadata={"idps": MetadataAtHand(document, AT)} if fetched else {})
    return source_states(model(Stores(saml_metadata=(source,))), evidence, EvidenceManifest(AT, "", (attempt,)))


def test_metadata_hold_until_the_first_of_their_two_bounds() -> None:
    document = saml_metadata.signed(saml_metadata.entities(until=AT + timedelta(days=7), cached="P1D"), key("be"))
    (found,) = of_metadata(document).sources[0].documents
    assert (found.signature, found.next_update) == (Signature.VERIFIED, AT + timedelta(days=1))


def test_metadata_that_somebody_else_has_signed_do_not_count() -> None:
    document = saml_metadata.signed(saml_metadata.entities(), key("el"))
    (found,) = of_metadata(document).sources[0].documents
    assert (found.signature, found.next_update) == (Signature.REFUSED, None)
    assert found.problems


def test_metadata_that_are_not_at_hand_are_not_judged() -> None:
    (found,) = of_metadata(b"", fetched=False).sources[0].documents
    assert found.signature is Signature.UNKNOWN


def test_statements_of_a_federation_count_only_with_each_other_and_end_with_the_first() -> None:
    source = FederationSource(id="federation", trust_anchor=ANCHOR, keys=(), max_path_length=None, trust_marks=None)
    texts = tuple(Federation().statements())
    attempt = Attempt(Kind.STATEMENT, ANCHOR, State.FETCHED, source="federation", sha256="00", fetched_at=AT)
    evidence = Evidence(openid_federation={"federation": StatementsAtHand((*texts, "nonsense"), AT)})
    states = source_states(model(Stores(openid_federation=(source,))), evidence, EvidenceManifest(AT, "", (attempt,)))
    (found,) = states.sources[0].documents
    assert found.signature is Signature.CHAINED
    assert found.next_update is not None
    assert found.problems, "one of them can't be read"


def test_what_is_about_single_certificates_is_counted_and_the_first_failures_are_told() -> None:
    failed = [
        Attempt(Kind.OCSP, f"http://ocsp.example/{n}", State.FAILED, detail="no") for n in range(MAX_FAILURES + 5)
    ]
    attempts = (Attempt(Kind.CRL, "http://crl.example", State.KEPT, sha256="00", fetched_at=AT), *failed)
    found = source_states(model(Stores()), Evidence(), EvidenceManifest(AT, "", attempts))
    assert [(each.kind, each.fetched, each.kept, each.failed) for each in found.tallies] == [
        ("crl", 0, 1, 0),
        ("ocsp", 0, 0, MAX_FAILURES + 5),
    ]
    assert len(found.failures) == MAX_FAILURES
