# SPDX-License-Identifier: Apache-2.0
"""All paths from a certificate up to anchors (RFC 4158), over certificates of which nothing is trusted.

The search is complete or says that it isn't: whoever asks "is there a second path?" must not be told no because
somebody handed in too much to look at. An issuer is looked for by name and proven by signature; key identifiers only
say whom to ask first.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.rfc5280 import PathVerdict, TrustAnchor, check_path
from trust_lists.certificates.signed import Signatures
from trust_lists.errors import CertificateError, PathLimitError

MAX_STEPS = 20_000
"""Possible issuers looked at above one certificate, each as often as there are ways to it."""

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


def build_paths(
    certificate: ListedCertificate, issuers: Issuers, at: datetime, signatures: Signatures | None = None
) -> Iterator[CertificatePath]:
    """All ways from `certificate` to anchors, each judged at `at` (aware): for each anchor until there is a valid one.

    No name with its key, of a certificate or of the anchor, is twice in a path. Raises PathLimitError, after what was
    found so far, where there is more to look at than `MAX_STEPS` or the signatures allow.
    """
    signatures = signatures or Signatures()
    reached: set[TrustAnchor] = set()
    waiting: list[tuple[ListedCertificate, ...]] = [(certificate,)]
    steps = 0
    while waiting:
        chain = waiting.pop()
        top = chain[0]
        for anchor in issuers.anchors(top.comparable_issuer):
            if anchor not in reached and _new(anchor.name, anchor.key, chain) and _signed(top, anchor.key, signatures):
                verdict = check_path(anchor, chain, at, signatures)
                if verdict.valid:
                    reached.add(anchor)
                yield CertificatePath(anchor, chain, verdict)
        above = _nearest_last(top, issuers.certificates(top.comparable_issuer))
        steps += 1 + len(above)
        if steps > MAX_STEPS:
            raise PathLimitError("there are more ways above the certificate than one search may go")
        waiting.extend(
            (each, *chain)
            for each in above
            if _new(each.comparable_subject, each.key, chain) and _signed(top, each.key, signatures)
        )


def _nearest_last(certificate: ListedCertificate, issuers: Iterable[ListedCertificate]) -> Sequence[ListedCertificate]:
    """The last one is asked first."""
    wanted = path_extensions(certificate.der).authority_key
    return sorted(issuers, key=lambda each: path_extensions(each.der).subject_key == wanted)


def _new(name: ComparableName, key: bytes, chain: tuple[ListedCertificate, ...]) -> bool:
    """Whether name and key aren't in the chain yet: else the way would lead back to where it was."""
    return not any(each.key == key and each.comparable_subject == name for each in chain)


def _signed(certificate: ListedCertificate, key: bytes, signatures: Signatures) -> bool:
    try:
        return signatures.hold(certificate, key)
    except CertificateError:
        return False


def _anchor_name(anchor: TrustAnchor) -> Hashable:
    return anchor.name


def _subject(certificate: ListedCertificate) -> Hashable:
    return certificate.comparable_subject
