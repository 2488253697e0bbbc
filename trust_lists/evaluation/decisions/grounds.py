# SPDX-License-Identifier: Apache-2.0
"""On what ground somebody is trusted: what each kind of source offers, in one shape for all of them.

A pin, an anchor, a listed service, a key in metadata: each either has the very certificate (`direct`), or it may have
issued it (`issuers`). Dates, algorithms, names, paths and revocation are then judged alike whoever vouches.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from trust_lists.certificates.building import Issuers
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.rfc5280 import TrustAnchor
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import Case, Check


@dataclass(frozen=True, slots=True)
class Ground:
    """An entry of a store that has, or may have issued, the certificate."""

    origin: str
    """Its key path: `stores.anchors.ap-ca-g3`, `stores.lists.eu-lotl/AT/provider/service`."""
    checks: tuple[Check, ...] = ()
    """What speaks against the entry itself at that time: that it was withdrawn, say."""
    certificate: ListedCertificate | None = None
    """The one of the entry, where it has one."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IssuersOffered:
    """Where paths may end, and over whom they may go."""

    issuers: Issuers
    grounds: Callable[[TrustAnchor], Iterable[Ground]]
    """The entries that an anchor stands for: one without checks is enough."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a source has for a certificate."""

    direct: tuple[Ground, ...] = ()
    """Entries that have the certificate itself."""
    issuers: IssuersOffered | None = None
    problems: tuple[Check, ...] = ()
    """Why the source has nothing, or maybe not everything; they count where nothing else of it accepts."""
    warnings: tuple[str, ...] = ()
    outdated: bool = False
    """Whether the source should have been replaced by then: also where it has nothing, which it may have by now."""


NOTHING = Offer()


class Grounds(Protocol):
    """One source of an expression, made once for a configuration. Raises nothing."""

    place: str
    """The key path of the expression that names it (`roles.ap-sign.accept`)."""

    def offer(self, case: Case, evidence: Evidence) -> Offer:
        """What it has for the case."""


def together(offers: Sequence[Offer]) -> Offer:
    """What several sources have, as if they were one."""
    if len(offers) == 1:
        return offers[0]
    asked = [each.issuers for each in offers if each.issuers is not None]

    def anchors(name: ComparableName) -> Iterable[TrustAnchor]:
        return dict.fromkeys(chain.from_iterable(each.issuers.anchors(name) for each in asked))

    def certificates(name: ComparableName) -> Iterable[ListedCertificate]:
        return dict.fromkeys(chain.from_iterable(each.issuers.certificates(name) for each in asked))

    def grounds(anchor: TrustAnchor) -> Iterable[Ground]:
        return tuple(chain.from_iterable(each.grounds(anchor) for each in asked))

    return Offer(
        direct=tuple(chain.from_iterable(each.direct for each in offers)),
        issuers=IssuersOffered(Issuers(anchors, certificates), grounds) if asked else None,
        problems=tuple(dict.fromkeys(chain.from_iterable(each.problems for each in offers))),
        warnings=tuple(dict.fromkeys(chain.from_iterable(each.warnings for each in offers))),
        outdated=any(each.outdated for each in offers),
    )
