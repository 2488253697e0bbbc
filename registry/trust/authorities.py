# SPDX-License-Identifier: Apache-2.0
"""The authorities of a role, for those who take no decisions but a list of certificates: TLS listeners, other products.

Only those of anchors that a path may lead to are among them, and of those in between only what stands below such an
anchor: in a store of another product each of them would be trusted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.trust_configuration.model import (
    AllOf,
    AnyOf,
    Not,
    PathTo,
    Quorum,
    Role,
    Source,
    TrustConfiguration,
)


@dataclass(frozen=True, slots=True)
class Authorities:
    """Whom paths of a role may end at, and whom they may go over; in the order of the configuration."""

    anchors: tuple[ListedCertificate, ...] = ()
    intermediates: tuple[ListedCertificate, ...] = ()

    @property
    def all(self) -> tuple[ListedCertificate, ...]:
        """Both, each once."""
        return tuple(dict.fromkeys((*self.anchors, *self.intermediates)))


def authorities_of(configuration: TrustConfiguration, role: Role) -> Authorities:
    """The authorities of a role; none where it has no rule, or rests on something else than paths to anchors."""
    rule = configuration.rule(role)
    if rule is None:
        return Authorities()
    by_id = {each.id: each.cert.certificate for each in configuration.stores.anchors}
    wanted = _named(rule.accept, denied=False)
    excluded = {by_id.get(each) for each in _named(rule.accept, denied=True)}
    anchors = tuple(found for each in dict.fromkeys(wanted) if (found := by_id.get(each)) is not None)
    between = [
        each.certificate
        for each in configuration.stores.intermediates
        if each.certificate is not None and each.certificate not in excluded
    ]
    below = {each.comparable_subject for each in anchors}
    size = -1
    while size != len(below):
        size = len(below)
        below |= {each.comparable_subject for each in between if each.comparable_issuer in below}
    return Authorities(anchors, tuple(each for each in between if each.comparable_issuer in below))


def _named(source: Source, *, denied: bool) -> Iterator[str]:
    """The ids of anchors that stand in the expression as they are, or that stand below a `not`."""
    match source:
        case PathTo(to, _) if not denied:
            yield from to
        case Not(part):
            yield from _named(part, denied=not denied)
        case AnyOf(parts) | AllOf(parts) | Quorum(_, parts):
            for each in parts:
                yield from _named(each, denied=denied)
