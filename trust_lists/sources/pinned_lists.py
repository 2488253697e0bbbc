# SPDX-License-Identifier: Apache-2.0
"""The lists of a configuration's entry authenticated by the signers that it pins, from whatever has the documents.

A single list is signed by one of them. For a list of lists they are those that the Official Journal names. A
configuration doesn't say in which notice, so that each notice which the list names is tried in its order, from the
newest: with the pivots before it, where the entry follows pivots, TS 119 615 PRO-4.1.4 has to lead to a pinned
certificate. A chain to any other certificate counts for nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import TrustedList
from trust_lists.documents.reading import read_unverified
from trust_lists.errors import SignatureInvalidError, SourceError, TrustListError
from trust_lists.evaluation.authenticated import AuthenticatedList
from trust_lists.evaluation.trust_configuration.model import TrustedListSource
from trust_lists.signatures.list_signers import name_of
from trust_lists.sources.lotl import (
    FAILED,
    UNKNOWN_EXTENSION,
    Get,
    LotlConfiguration,
    LotlOutcome,
    authenticate_lotl,
    is_pivot_uri,
    own_code,
    unknown_critical,
)
from trust_lists.sources.national import FAILED as LIST_FAILED
from trust_lists.sources.national import PASSED as LIST_PASSED
from trust_lists.sources.national import follow_pointer
from trust_lists.sources.pointers import territories
from trust_lists.sources.verifying import VerifiedList, verify_list


@dataclass(frozen=True, slots=True)
class PinnedLists:
    """What an entry leads to, and the locations of the documents that it came from."""

    lists: dict[str, AuthenticatedList]
    """By territory; what isn't authenticated, so that no territory is known, stands under ""."""
    locations: tuple[str, ...]


def location_of(source: TrustedListSource) -> str:
    """Where the entry's document is: its URL, or `file:NAME`."""
    return source.location.url or f"file:{source.location.file}"


def verify_pinned(data: bytes, source: TrustedListSource) -> VerifiedList:
    """The one list of an entry, signed by one of its signers.

    Raises what `verify_list` does, and SignatureInvalidError CRITICAL_EXTENSION_UNKNOWN (TS 119 612 B.0).
    """
    found = verify_list(data, signers=None)
    if found.signer.sha256 not in {each.sha256 for each in source.signers}:
        text = f"the list is signed by {name_of(found.signer)}, who is none of the signers of {source.id}"
        raise SignatureInvalidError("SIGNER_NOT_EXPECTED", text)
    if unknown := unknown_critical(found.document):
        text = f"the list has a critical extension that is not known: {unknown}"
        raise SignatureInvalidError(UNKNOWN_EXTENSION.removeprefix("OWN_"), text)
    return found


def single_list(source: TrustedListSource, get: Get) -> PinnedLists:
    """What an entry of one list leads to. Raises nothing of what is wrong with the document or its source."""
    location = location_of(source)
    try:
        found = verify_pinned(get(location), source)
    except TrustListError as error:
        failed = AuthenticatedList("", LIST_FAILED, (own_code(error),))
        return PinnedLists({"": failed}, (location,))
    territory = found.document.scheme.territory
    entry = AuthenticatedList(territory, LIST_PASSED, (), found.document, found.sha256)
    return PinnedLists({territory: entry}, (location,))


def national_lists(source: TrustedListSource, get: Get, at: datetime) -> PinnedLists:
    """The lists that an entry's list of lists points to, authenticated at a time. Raises nothing, as above."""
    outcome = authenticate_pinned(source, get, at)[1]
    pivots = tuple(each.location for each in outcome.pivots)
    if outcome.document is None:
        failed = AuthenticatedList("", outcome.status, outcome.sub_status)
        return PinnedLists({"": failed}, (location_of(source),))
    found = [follow_pointer(outcome, each, get, at) for each in territories(outcome.document)]
    locations = (location_of(source), *pivots, *(each.location for each in found if each.location))
    return PinnedLists({each.territory: each.authenticated for each in found}, locations)


def authenticate_pinned(source: TrustedListSource, get: Get, at: datetime) -> tuple[LotlConfiguration, LotlOutcome]:
    """§4.1.4 for the notice that leads to a pinned certificate; for the last one tried, where none does."""
    location = location_of(source)
    configuration = LotlConfiguration("", location, ())
    try:
        document = read_unverified(get(location))
    except TrustListError as error:
        return configuration, LotlOutcome(
            FAILED,
            (own_code(error), "OWN_LOTL_NOT_AVAILABLE"),
            None,
            configuration,
            unreachable=isinstance(error, SourceError),
        )
    signers = _signers(source, document)
    outcome = LotlOutcome(FAILED, ("OWN_OJEU_CERTIFICATES_NOT_AT_HAND",), None, configuration)
    for notice in _notices(document, pivots=source.pivots):
        configuration = LotlConfiguration(notice, location, signers)
        outcome = authenticate_lotl(configuration, get, at)
        if outcome.document is not None:
            break
    return configuration, outcome


def _signers(source: TrustedListSource, document: TrustedList) -> tuple[ListedCertificate, ...]:
    """The pinned certificates; where a configuration has but the digest, the list may have the bytes."""
    pinned = {each.sha256: each.certificate for each in source.signers}
    named = {each.sha256: each for pointer in document.scheme.pointers for each in pointer.certificates}
    found = ((digest, certificate or named.get(digest)) for digest, certificate in pinned.items())
    return tuple(each for _, each in found if each is not None)


def _notices(document: TrustedList, *, pivots: bool) -> Iterator[str]:
    """The URIs that may be that of the notice, the first for each chain of pivots that goes before one."""
    before, tried = 0, set[int]()
    for uri in document.scheme.information_uris:
        if is_pivot_uri(uri.value):
            before += 1
        elif before not in tried and (pivots or not before):
            tried.add(before)
            yield uri.value
