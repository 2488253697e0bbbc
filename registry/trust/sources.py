# SPDX-License-Identifier: Apache-2.0
"""How it stands with what a trust model has others say: lists, metadata, federations, revocation.

The model says what is wanted, the snapshot's manifest what came of each attempt, and the evidence what was made of the
documents: whether somebody signed them who may, and until when they hold. Nothing is fetched here.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.authenticated import AuthenticatedList
from trust_lists.evaluation.decisions import Evidence
from trust_lists.evaluation.decisions.authentic_metadata import authentic_metadata
from trust_lists.evaluation.decisions.federation_statements import read_statements
from trust_lists.evaluation.trust_configuration import TrustConfiguration
from trust_lists.evaluation.trust_configuration.model import (
    FederationSource,
    ListKind,
    SamlMetadataSource,
    TrustedListSource,
)
from trust_lists.sources.evidence_manifest import Attempt, EvidenceManifest, Kind, State

MAX_FAILURES = 100
"""Attempts about single certificates that came to nothing, of which one is told."""
_ABOUT_CERTIFICATES = (Kind.CRL, Kind.OCSP, Kind.ISSUER)


class Signature(StrEnum):
    """Whether a document counts."""

    VERIFIED = "verified"
    REFUSED = "refused"
    CHAINED = "chained"
    """It counts with others only, for somebody: that shows when it is decided about them (OpenID Federation)."""
    UNKNOWN = "unknown"
    """There is no document, or it was only the way to others."""


@dataclass(frozen=True, slots=True)
class DocumentState:
    """One document that was asked for; instants are aware, None where nobody knows."""

    attempt: Attempt
    signature: Signature = Signature.UNKNOWN
    problems: tuple[str, ...] = ()
    """Why it doesn't count, or only with a warning: sub-statuses of TS 119 615, or words."""
    sequence: int | None = None
    issued_at: datetime | None = None
    next_update: datetime | None = None
    """When the next one is due: the end of what is at hand."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source of the model; without documents nobody has tried to fetch it."""

    id: str
    kind: str
    """`tl`, `lotl`, `lote`, `saml-metadata` or `openid-federation`."""
    location: str
    documents: tuple[DocumentState, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of all attempts about single certificates, of one kind."""

    kind: str
    fetched: int
    kept: int
    failed: int


@dataclass(frozen=True, slots=True)
class SourceStates:
    """All of it. `failures` are the first MAX_FAILURES of those about single certificates."""

    sources: tuple[SourceState, ...]
    tallies: tuple[Tally, ...]
    failures: tuple[DocumentState, ...]


def source_states(
    configuration: TrustConfiguration, evidence: Evidence, manifest: EvidenceManifest | None
) -> SourceStates:
    """How it stands with a model's sources; without a `manifest` nothing was collected yet."""
    attempts = () if manifest is None else manifest.attempts
    stores = configuration.stores

    def of(source: str) -> list[Attempt]:
        return [each for each in attempts if each.source == source]

    sources = [
        *(_list(each, evidence, of(each.id)) for each in stores.lists),
        *(_metadata(each, evidence, of(each.id)) for each in stores.saml_metadata),
        *(_federation(each, evidence, of(each.id)) for each in stores.openid_federation),
    ]
    others = [each for each in attempts if each.kind in _ABOUT_CERTIFICATES]
    failed = [DocumentState(each) for each in others if each.state is State.FAILED]
    return SourceStates(tuple(sources), tuple(_tallies(others)), tuple(failed[:MAX_FAILURES]))


def _tallies(attempts: list[Attempt]) -> Iterator[Tally]:
    counts = Counter((each.kind, each.state) for each in attempts)
    for kind in _ABOUT_CERTIFICATES:
        if any(each is kind for each, _ in counts):
            yield Tally(kind.value, *(counts[kind, state] for state in (State.FETCHED, State.KEPT, State.FAILED)))


def _list(source: TrustedListSource, evidence: Evidence, attempts: list[Attempt]) -> SourceState:
    at_hand = evidence.lists.get(source.id)
    lists = {} if at_hand is None else at_hand.lists.lists
    found = []
    for attempt in attempts:
        if source.kind is not ListKind.LOTL:
            held = next(iter(lists.values()), None)
        elif attempt.kind is Kind.LIST:
            held = lists.get(attempt.territory)
        else:
            held = lists.get("")  # where the list of lists itself isn't good, and nothing else
        found.append(_of_list(attempt, held, leads=attempt.kind is not Kind.LIST and bool(lists)))
    location = source.location.url or f"file:{source.location.file}"
    return SourceState(source.id, source.kind.value, location, tuple(found))


def _of_list(attempt: Attempt, held: AuthenticatedList | None, *, leads: bool) -> DocumentState:
    if held is None:
        # Only a list of lists that is good leads to any.
        return DocumentState(attempt, Signature.VERIFIED if leads and attempt.sha256 else Signature.UNKNOWN)
    if held.document is None:
        signature = Signature.REFUSED if attempt.sha256 else Signature.UNKNOWN
        return DocumentState(attempt, signature, (held.status, *held.sub_status))
    scheme = held.document.scheme
    return DocumentState(
        attempt, Signature.VERIFIED, held.sub_status, scheme.sequence, scheme.issued_at, scheme.next_update
    )


def _metadata(source: SamlMetadataSource, evidence: Evidence, attempts: list[Attempt]) -> SourceState:
    signers = tuple(each.certificate for each in source.signers if each.certificate is not None)
    location = source.location.url or f"file:{source.location.file}"
    at_hand = evidence.saml_metadata.get(source.id)
    found = [
        _of_metadata(each, at_hand.document, signers)
        if at_hand is not None and each.url == location and each.sha256
        else DocumentState(each)
        for each in attempts
    ]
    return SourceState(source.id, Kind.SAML_METADATA.value, location, tuple(found))


def _of_metadata(attempt: Attempt, document: bytes, signers: tuple[ListedCertificate, ...]) -> DocumentState:
    read = authentic_metadata(document, signers)
    said = read.metadata or read.services
    if said is None:
        return DocumentState(attempt, Signature.REFUSED, (read.problem,))
    cached = said.lasting.cached
    ends = [said.lasting.until, attempt.fetched_at + cached if cached and attempt.fetched_at else None]
    until = min((each for each in ends if each is not None), default=None)
    return DocumentState(attempt, Signature.VERIFIED, next_update=until)


def _federation(source: FederationSource, evidence: Evidence, attempts: list[Attempt]) -> SourceState:
    at_hand = evidence.openid_federation.get(source.id)
    ends: list[datetime] = []
    problems: tuple[str, ...] = ()
    if at_hand is not None:
        read = read_statements(at_hand.statements)
        problems = read.unread
        signed = [*read.configurations.values(), *read.subordinates.values()]
        ends = [each.statement.expires for group in signed for each in group]
    first = min(ends, default=None)
    found = [
        DocumentState(each, Signature.CHAINED if each.sha256 else Signature.UNKNOWN, problems, next_update=first)
        for each in attempts
    ]
    return SourceState(source.id, "openid-federation", source.trust_anchor, tuple(found))
