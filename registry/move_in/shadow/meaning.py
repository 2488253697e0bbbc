# SPDX-License-Identifier: Apache-2.0
"""In what two documents of an SMP differ for somebody who reads them; signatures aside. Pure.

Order means nothing, nor does how processes are grouped, nor how extensions are serialised. Which spellings are the same
identifier is what the domain says; another spelling of the same is told apart.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.rules import IdentifierRules
from registry.identifiers.scheme_value import SchemedIdentifier
from registry.metadata import Endpoint, EndpointCertificate, Extension, Process, Redirect, ServiceGroup, ServiceMetadata
from registry.move_in.shadow.model import Difference, DifferenceKind
from registry.move_in.shadow.words import extension_words
from registry.smp.documents.extensions import declarations
from registry.smp.documents.lexical import format_date_time

_SHOWN: Final = 200  # characters of a value
_ANY: Final = ("", "")
"""The key of what holds for any process."""
Key = tuple[str, str]


def group_differences(rules: IdentifierRules, old: ServiceGroup, ours: ServiceGroup) -> Iterator[Difference]:
    """In what two service groups differ; document types that only one of them has aren't looked at further."""
    yield from _same_identifier(rules.participant_key, "participant", old.participant, ours.participant)
    olds, ourses = keyed(rules, old.document_types), keyed(rules, ours.document_types)
    for key, one in olds.items():
        other = ourses.get(key)
        if other is None:
            yield Difference(DifferenceKind.MISSING_DOCUMENT_TYPE, old=str(one))
        elif one != other:
            yield Difference(DifferenceKind.SPELLING, "document type", str(one), str(other))
    for key in ourses.keys() - olds.keys():
        yield Difference(DifferenceKind.EXTRA_DOCUMENT_TYPE, ours=str(ourses[key]))
    yield from _extensions("", old.extensions, ours.extensions)


def keyed(
    rules: IdentifierRules, document_types: Sequence[DocumentTypeIdentifier]
) -> dict[Key, DocumentTypeIdentifier]:
    """Document types by what makes them the same."""
    return {(item.scheme, rules.document_type_key(item)): item for item in document_types}


def metadata_differences(rules: IdentifierRules, old: ServiceMetadata, ours: ServiceMetadata) -> Iterator[Difference]:
    """In what two descriptions of a service differ."""
    yield from _same_identifier(rules.participant_key, "participant", old.participant, ours.participant)
    yield from _same_identifier(rules.document_type_key, "document type", old.document_type, ours.document_type)
    yield from _extensions("", old.extensions, ours.extensions)
    olds, ourses = _offers(rules, old), _offers(rules, ours)
    for key in olds.keys() | ourses.keys():
        one, other = olds.get(key), ourses.get(key)
        if one is None or other is None:
            yield from _only_one(one, other)
        else:
            yield from _offer_differences(one, other)


def redirect_difference(old: Redirect | None, ours: Redirect | None, path: str) -> Difference | None:
    """In what two documents differ of which one is a redirect at least; `path` is that of the document at any SMP."""
    texts = ["" if each is None else _redirect_text(each) for each in (old, ours)]
    if texts[0] == texts[1]:
        return None
    kind = DifferenceKind.REDIRECT
    if (
        old is not None
        and ours is not None
        and _redirect_text(replace(old, href=old.href.rstrip("/") + path)) == texts[1]
    ):
        kind = DifferenceKind.COMPLETED
    return Difference(kind, "", *texts)


def _same_identifier(
    key_of: Callable[..., str], what: str, old: SchemedIdentifier, ours: SchemedIdentifier
) -> Iterator[Difference]:
    if old != ours:
        same = old.scheme == ours.scheme and key_of(old) == key_of(ours)
        yield Difference(DifferenceKind.SPELLING if same else DifferenceKind.IDENTIFIER, what, str(old), str(ours))


@dataclass(slots=True)
class _Offer:
    """What holds for one process, wherever in the document it stands."""

    process: Process | None
    endpoints: list[Endpoint] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    extensions: list[Extension] = field(default_factory=list)

    @property
    def where(self) -> str:
        return "" if self.process is None else f"process {self.process.identifier}"


def _offers(rules: IdentifierRules, metadata: ServiceMetadata) -> dict[Key, _Offer]:
    found: dict[Key, _Offer] = {}
    for group in metadata.process_metadata:
        for process in group.processes or (None,):
            key = _ANY if process is None else (process.identifier.scheme, rules.process_key(process.identifier))
            offer = found.setdefault(key, _Offer(process))
            offer.endpoints += group.endpoints
            offer.redirects += () if group.redirect is None else (group.redirect,)
            offer.extensions += (*group.extensions, *(() if process is None else process.extensions))
    return found


def _only_one(old: _Offer | None, ours: _Offer | None) -> Iterator[Difference]:
    offer = old or ours
    if offer is None:
        return
    text = _listed(each.address for each in offer.endpoints) or _listed(each.href for each in offer.redirects)
    redirects = bool(offer.redirects) and offer.process is None
    if old is not None:
        kind = DifferenceKind.REDIRECT if redirects else DifferenceKind.MISSING_PROCESS
        yield Difference(kind, offer.where, old=text)
    else:
        kind = DifferenceKind.REDIRECT if redirects else DifferenceKind.EXTRA_PROCESS
        yield Difference(kind, offer.where, ours=text)


def _offer_differences(old: _Offer, ours: _Offer) -> Iterator[Difference]:
    where = old.where
    if old.process is not None and ours.process is not None:
        one, other = old.process, ours.process
        if one.identifier != other.identifier:
            yield Difference(DifferenceKind.SPELLING, "process", str(one.identifier), str(other.identifier))
        if sorted(one.roles) != sorted(other.roles):
            yield Difference(DifferenceKind.DETAILS, f"{where}: roles", _listed(one.roles), _listed(other.roles))
    yield from _redirects(where, old.redirects, ours.redirects)
    yield from _extensions(where, tuple(old.extensions), tuple(ours.extensions))
    yield from _endpoints(where, _by_profile(old.endpoints), _by_profile(ours.endpoints))


def _redirects(where: str, old: Sequence[Redirect], ours: Sequence[Redirect]) -> Iterator[Difference]:
    one, other = sorted(map(_redirect_text, old)), sorted(map(_redirect_text, ours))
    if one != other:
        yield Difference(DifferenceKind.REDIRECT, where, _listed(one), _listed(other))
    else:
        extensions = ([item for each in side for item in each.extensions] for side in (old, ours))
        yield from _extensions(f"{where} redirect".strip(), *map(tuple, extensions))


def _redirect_text(redirect: Redirect) -> str:
    """Where it leads, and whose certificate it names: a subject, whose parts may stand in any order."""
    parts = (part.strip() for part in redirect.certificate_uid.split(","))
    named = "" if redirect.certificate is None else f" SHA-256 {sha256(redirect.certificate).hexdigest()}"
    return f"{redirect.href} {','.join(sorted(filter(None, parts)))}{named}"


def _by_profile(endpoints: Sequence[Endpoint]) -> dict[str, list[Endpoint]]:
    found: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        found.setdefault(endpoint.transport_profile, []).append(endpoint)
    return found


def _endpoints(
    where: str, old: Mapping[str, list[Endpoint]], ours: Mapping[str, list[Endpoint]]
) -> Iterator[Difference]:
    """A transport profile may stand there several times (SMP 2.0): those that mean the same are matched first."""
    for profile in old.keys() | ours.keys():
        place = f"{where}, {profile}" if where else profile
        unmatched, left = _unmatched(old.get(profile, []), ours.get(profile, []))
        for one, other in zip(unmatched, left, strict=False):
            yield from _endpoint(place, one, other)
        matched = min(len(unmatched), len(left))
        for one in unmatched[matched:]:
            yield Difference(DifferenceKind.MISSING_ENDPOINT, place, old=one.address)
        for other in left[matched:]:
            yield Difference(DifferenceKind.EXTRA_ENDPOINT, place, ours=other.address)


def _unmatched(old: list[Endpoint], ours: list[Endpoint]) -> tuple[list[Endpoint], list[Endpoint]]:
    """Those of either side that nothing on the other side means the same as."""
    if old == ours:
        return [], []
    left: dict[tuple[object, ...], list[Endpoint]] = {}
    for endpoint in ours:
        left.setdefault(_meaning(endpoint), []).append(endpoint)
    unmatched = []
    for endpoint in old:
        if same := left.get(_meaning(endpoint)):
            same.pop()
        else:
            unmatched.append(endpoint)
    return unmatched, [endpoint for some in left.values() for endpoint in some]


def _meaning(endpoint: Endpoint) -> tuple[object, ...]:
    return (*(text_of(endpoint) for _, text_of in _COMPARED), *_canonical(endpoint.extensions))


def _endpoint(where: str, old: Endpoint, ours: Endpoint) -> Iterator[Difference]:
    for kind, text_of in _COMPARED:
        one, other = text_of(old), text_of(ours)
        if one != other:
            yield Difference(kind, where, one[:_SHOWN], other[:_SHOWN])
    yield from _extensions(where, old.extensions, ours.extensions)


def _certificates(endpoint: Endpoint) -> str:
    return ", ".join(sorted(map(_certificate, endpoint.certificates)))


def _certificate(item: EndpointCertificate) -> str:
    said = (sha256(item.der).hexdigest(), item.type_code, item.description, _period(item.activation, item.expiration))
    return " ".join(filter(None, said))


def _details(endpoint: Endpoint) -> str:
    said = {
        "signature required": str(endpoint.require_business_level_signature).lower(),
        "authentication level": endpoint.minimum_authentication_level,
        "description": endpoint.description.strip(),
        "technical contact": endpoint.technical_contact,
        "technical information": endpoint.technical_information,
    }
    return "; ".join(f"{name}: {text}" for name, text in said.items() if text)


def _period(start: datetime | None, end: datetime | None) -> str:
    if start is None and end is None:
        return ""
    return " to ".join("" if moment is None else format_date_time(moment) for moment in (start, end))


def _extensions(where: str, old: tuple[Extension, ...], ours: tuple[Extension, ...]) -> Iterator[Difference]:
    if old == ours:
        return
    one, other = _canonical(old), _canonical(ours)
    if one != other:
        shown = (b"\n".join(side)[:_SHOWN].decode(errors="replace") for side in (one, other))
        yield Difference(DifferenceKind.EXTENSION, where, *shown)


def _canonical(extensions: Sequence[Extension]) -> list[bytes]:
    """What is in them in exclusive canonical form, as the words have it; as it stands where there is none."""
    found: list[bytes] = []
    for extension in extensions:
        said = b"".join(f"{name}={text};".encode() for name, text in extension.properties)
        try:
            wrapped = b"<e%b>%b</e>" % (declarations(extension).encode(), extension.content)
            elements = extension_words(wrapped) or [b""]
        except ValidationError:
            elements = [extension.content]
        found += (said + element for element in elements)
    return sorted(found)


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts)[:_SHOWN]


_COMPARED: Final[tuple[tuple[DifferenceKind, Callable[[Endpoint], str]], ...]] = (
    (DifferenceKind.URL, lambda endpoint: endpoint.address),
    (DifferenceKind.CERTIFICATE, _certificates),
    (DifferenceKind.DATES, lambda endpoint: _period(endpoint.activation, endpoint.expiration)),
    (DifferenceKind.DETAILS, _details),
)
