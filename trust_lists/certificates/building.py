# SPDX-License-Identifier: Apache-2.0
"""All paths from a certificate up to anchors (RFC 4158), over certificates of which nothing is trusted.

The search is complete or says that it isn't: whoever asks "is there a second path?" must not be told no because
somebody handed in too much to look at. An issuer is looked for by name and proven by signature; key identifiers and
dates only say whom to ask first. Names from which no anchor can be reached are left out beforehand, so that a mesh of
authorities that certify each other costs nothing where it leads nowhere.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.rfc5280 import PathInputs, PathVerdict, TrustAnchor, check_path
from trust_lists.certificates.signed import Signatures
from trust_lists.errors import CertificateError, PathLimitError

MAX_STEPS = 20_000
"""Possible issuers looked at above one certificate, each as often as there are ways to it."""

_SIGNATURE_REASONS = frozenset({"SIGNATURE_WRONG", "SIGNATURE_UNVERIFIABLE"})
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CertificatePath:
    """A way from an anchor down to a certificate, with the verdict on it; all its signatures hold."""

    anchor: TrustAnchor
    certificates: tuple[ListedCertificate, ...]
    """From the one that the anchor issued down to the one that was asked about."""
    verdict: PathVerdict


@dataclass(frozen=True, slots=True)
class Issuers:
    """Who may have issued what: those of a name (RFC 5280 §7.1) are looked up."""

    anchors: Callable[[ComparableName], Iterable[TrustAnchor]]
    certificates: Callable[[ComparableName], Iterable[ListedCertificate]]

    @classmethod
    def among(cls, anchors: Iterable[TrustAnchor], certificates: Iterable[ListedCertificate]) -> "Issuers":
        """These anchors, and these certificates in between."""
        return cls(by_name(anchors, _anchor_name), by_name(certificates, _subject))


def by_name(values: Iterable[_T], name: Callable[[_T], Hashable]) -> Callable[[Hashable], Sequence[_T]]:
    """Looks up those of a name; each value once."""
    found: dict[Hashable, dict[_T, None]] = {}
    for value in values:
        found.setdefault(name(value), {})[value] = None
    ordered = {key: tuple(group) for key, group in found.items()}
    return lambda wanted: ordered.get(wanted, ())


def _valid(path: CertificatePath) -> bool:
    return path.verdict.valid


def build_paths(
    certificate: ListedCertificate,
    issuers: Issuers,
    at: datetime,
    inputs: PathInputs = PathInputs(),  # noqa: B008 - immutable
    *,
    signatures: Signatures | None = None,
    settles: Callable[[CertificatePath], bool] = _valid,
) -> Iterator[CertificatePath]:
    """All ways from `certificate` to anchors, each judged at `at` (aware): of each anchor until one `settles` it.

    That is usually a valid path; who asks more of a path, as that nothing in it is revoked, asks for it here. No name
    with its key, of a certificate or of the anchor, is twice in a path. Raises PathLimitError, after what was found so
    far, where there is more to look at than `MAX_STEPS` or the signatures allow.
    """
    signatures = signatures or Signatures()
    names, open_anchors = _leading_up(certificate, issuers)
    waiting: list[tuple[ListedCertificate, ...]] = [(certificate,)]
    steps = 0
    while waiting and open_anchors:
        chain = waiting.pop()
        top = chain[0]
        if len(chain) > 1 and not signatures.may_hold(chain[1], top.key):
            continue
        name = top.comparable_issuer
        for anchor in issuers.anchors(name):
            if anchor in open_anchors and _new(anchor.name, anchor.key, chain) and signatures.may_hold(top, anchor.key):
                path = CertificatePath(anchor, chain, check_path(anchor, chain, at, inputs, signatures=signatures))
                # only a key that had no parameters of its own can turn out to be the wrong one now
                if any(reason.id in _SIGNATURE_REASONS for reason in path.verdict.reasons):
                    continue
                if settles(path):
                    open_anchors.discard(anchor)
                yield path
        above = [each for each in issuers.certificates(name) if each.comparable_issuer in names]
        steps += 1 + len(above)
        if steps > MAX_STEPS:
            raise PathLimitError("there are more ways above the certificate than one search may go")
        waiting.extend(
            (each, *chain) for each in _best_last(top, above, at) if _new(each.comparable_subject, each.key, chain)
        )


def _leading_up(
    certificate: ListedCertificate, issuers: Issuers
) -> tuple[AbstractSet[ComparableName], set[TrustAnchor]]:
    """The names of issuers that an anchor is above, by names alone, and all those anchors. Raises PathLimitError."""
    issued: dict[ComparableName, set[ComparableName]] = {}
    anchors: set[TrustAnchor] = set()
    first = certificate.comparable_issuer
    seen, waiting, leading = {first}, [first], list[ComparableName]()
    steps = 0
    while waiting:
        name = waiting.pop()
        if found := tuple(issuers.anchors(name)):
            anchors.update(found)
            leading.append(name)
        for each in issuers.certificates(name):
            steps += 1
            if steps > MAX_STEPS:
                raise PathLimitError("there are more certificates above the certificate than one search looks at")
            above = each.comparable_issuer
            issued.setdefault(above, set()).add(name)
            if above not in seen:
                seen.add(above)
                waiting.append(above)
    names = set(leading)
    while leading:
        for below in issued.get(leading.pop(), ()):
            if below not in names:
                names.add(below)
                leading.append(below)
    return names, anchors


def _best_last(
    certificate: ListedCertificate, issuers: Sequence[ListedCertificate], at: datetime
) -> Sequence[ListedCertificate]:
    """The last one is asked first: the one that the certificate points to, and rather one that is in force."""
    if len(issuers) < 2:
        return issuers
    wanted = path_extensions(certificate.der).authority_key
    return sorted(issuers, key=lambda each: (path_extensions(each.der).subject_key == wanted, _in_force(each, at)))


def _in_force(certificate: ListedCertificate, at: datetime) -> bool:
    try:
        start, end = certificate.slices.dates if certificate.slices else (None, None)
    except CertificateError:
        return False
    return start is not None and end is not None and start <= at <= end


def _new(name: ComparableName, key: bytes, chain: tuple[ListedCertificate, ...]) -> bool:
    """Whether name and key aren't in the chain yet: else the way would lead back to where it was."""
    return not any(each.key == key and each.comparable_subject == name for each in chain)


def _anchor_name(anchor: TrustAnchor) -> Hashable:
    return anchor.name


def _subject(certificate: ListedCertificate) -> Hashable:
    return certificate.comparable_subject
