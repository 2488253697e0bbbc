# SPDX-License-Identifier: Apache-2.0
"""What speaks against a trust chain: OpenID Federation 1.0 §3.2, §4, §6.2, §10.2, §10.4.

A statement that isn't authentic leaves undecided what the true one would say: whoever replaces statements must not be
able to make an answer of it. What an authentic one says is decided.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trust_lists.certificates.jwk import Jwk
from trust_lists.documents.claims import host_of
from trust_lists.documents.entity_statements import Constraints, EntityStatement
from trust_lists.errors import shown
from trust_lists.evaluation.decisions.federation_chains import Link, TrustChain
from trust_lists.evaluation.decisions.model import Check
from trust_lists.evaluation.trust_configuration.model import FederationSource
from trust_lists.evaluation.ts119615.services import told
from trust_lists.instants import earlier, later

SPECIFICATION = "OpenID Federation 1.0"


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """Judges chains that end at the anchor of a source, at a time."""

    source: FederationSource
    at: datetime
    skew: timedelta

    @property
    def place(self) -> str:
        """The key path of the source."""
        return f"stores.openid_federation.{self.source.id}"

    def check(
        self, reason_id: str, section: str, message: str, *, undecided: bool = False, clause: str = SPECIFICATION
    ) -> Check:
        """A check of the source, with the section of the specification."""
        return Check(reason_id, f"{clause} {section}" if section else clause, message, "", self.place, undecided)

    def run(self, chain: TrustChain) -> tuple[Check, ...]:
        """Everything that speaks against a chain; that something is missing, if it is not whole."""
        if chain.missing:
            message = f"{chain.missing} is not at hand"
            return (self.check("STATEMENT_MISSING", "10.1", message, undecided=True),)
        checks: list[Check] = []
        for number, link in enumerate(chain.links):
            for each in link.statements:
                checks += self._statement(each.statement)
            checks += self._signatures(link, chain.links[number + 1 :])
            if link.above is not None and link.above.statement.constraints is not None:
                checks += self._constraints(link.above.statement.constraints, chain.links[: number + 1])
        if earlier(self.at, self.skew) >= chain.expires:
            message = f"the trust chain expired on {told(chain.expires)}"
            checks.append(replace(self.check("CHAIN_EXPIRED", "10.4", message), outdated=True))
        between, most = len(chain.links) - 2, self.source.max_path_length
        if most is not None and between > most:
            message = f"the trust chain has {between} intermediates, and {most} are the most"
            place = f"{self.place}.max_path_length"
            checks.append(self.check("CHAIN_TOO_LONG", "", message, clause=place))
        return tuple(dict.fromkeys(checks))

    def keys(self, link: Link) -> tuple[Jwk, ...]:
        """The federation entity keys that count of an entity: of the anchor those that the configuration names."""
        if link.entity == self.source.trust_anchor:
            return tuple(each for each in link.configuration.statement.keys if each.thumbprint in self.source.keys)
        if link.above is None:
            return ()
        own = link.configuration.statement.keys
        return tuple(each for each in link.above.statement.keys if _among(each, own))

    def _statement(self, statement: EntityStatement) -> Iterator[Check]:
        what = _named(statement)
        if later(self.at, self.skew) < statement.issued_at:
            message = f"{what} was issued on {told(statement.issued_at)}, which is later"
            yield self.check("STATEMENT_NOT_YET_VALID", "3.2", message)
        if statement.not_understood:
            message = f"{what} demands that something be understood that isn't here: "
            yield self.check("STATEMENT_CRITICAL", "3.2", message + shown(", ".join(statement.not_understood)))

    def _signatures(self, link: Link, higher: Sequence[Link]) -> Iterator[Check]:
        """An entity signs with keys that its superior names, a superior with keys that its own superior names."""
        configuration, above = link.configuration, link.above
        if link.entity == self.source.trust_anchor and not self.keys(link):
            message = f"{shown(link.entity)} has none of the keys that the configuration names"
            yield self.check("ANCHOR_KEY_UNKNOWN", "", message, undecided=True, clause=f"{self.place}.keys")
        elif not configuration.is_signed_by(self.keys(link)):
            yield self._not_authentic(configuration.statement)
        if above is not None and not above.is_signed_by(self.keys(higher[0])):
            yield self._not_authentic(above.statement)

    def _not_authentic(self, statement: EntityStatement) -> Check:
        message = f"{_named(statement)} is not signed with a key of its issuer that counts"
        return self.check("STATEMENT_NOT_AUTHENTICATED", "4", message, undecided=True)

    def _constraints(self, constraints: Constraints, below: Sequence[Link]) -> Iterator[Check]:
        """Those that are set for the last of the links, and all below it (§6.2)."""
        between, most = len(below) - 1, constraints.max_path_length
        if most is not None and between > most:
            message = f"there are {between} intermediates below a superior that allows {most}"
            yield self.check("CHAIN_TOO_LONG", "6.2.1", message)
        for link in below:
            host = host_of(link.entity)
            permitted = constraints.permitted is None or any(_within(host, each) for each in constraints.permitted)
            if not permitted or any(_within(host, each) for each in constraints.excluded):
                message = f"{shown(link.entity)} is outside of the names that a superior allows"
                yield self.check("NAME_NOT_ALLOWED", "6.2.2", message)


def _among(key: Jwk, others: Sequence[Jwk]) -> bool:
    return any(each.kid == key.kid and each.key == key.key for each in others)


def _within(host: str, name: str) -> bool:
    """Whether a host is the one, or (with a period before it) of the domain (RFC 5280 §4.2.1.10)."""
    wanted = name.lower()
    return host.endswith(wanted) and host != wanted if wanted.startswith(".") else host == wanted


def _named(statement: EntityStatement) -> str:
    if statement.is_configuration:
        return f"the entity configuration of {shown(statement.subject)}"
    return f"the statement of {shown(statement.issuer)} about {shown(statement.subject)}"
