# SPDX-License-Identifier: Apache-2.0
"""OpenID Federation 1.0 as a source: a trust chain leads from the party, whose key it is, to the configured anchor.

The party is an entity identifier. Keys are compared, so a certificate needs no issuer that anybody trusts. Statements
are fetched by others; of several chains one that holds is enough.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from trust_lists.certificates.jwk import Jwk
from trust_lists.certificates.public_keys import canonical_key
from trust_lists.errors import PathLimitError, shown
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.federation_chains import TrustChain, chains
from trust_lists.evaluation.decisions.federation_checks import ChainCheck
from trust_lists.evaluation.decisions.federation_keys import subject_keys
from trust_lists.evaluation.decisions.federation_marks import MarkCheck
from trust_lists.evaluation.decisions.federation_statements import Statements, read_statements
from trust_lists.evaluation.decisions.grounds import Ground, Offer, together
from trust_lists.evaluation.decisions.model import Case, Check, Outcome, decided
from trust_lists.evaluation.trust_configuration.model import Context, FederationSource, InFederation, Role


class FederationGrounds:
    """The federations that an expression names. Made once for a configuration; see `Grounds`."""

    def __init__(
        self, rule: InFederation, place: str, sources: Mapping[str, FederationSource], clock_skew: timedelta
    ) -> None:
        """`place` is the key path of the expression; `sources` has by id at least those that the rule names."""
        self.place = place
        self._sources = tuple(sources[each] for each in rule.sources)
        self._skew = clock_skew

    def offer(self, case: Case, evidence: Evidence) -> Offer:
        """The party, if the certificate's key is one of its keys, with what speaks against the way to the anchor."""
        party = case.context.get(Context.PARTY)
        if party is None:
            message = f"{Context.PARTY.value} is not known, whose entity is to have the key"
            return Offer(problems=(Check("CONTEXT_MISSING", self.place, message, undecided=True),))
        offers = [
            _Asked(ChainCheck(each, case.at, self._skew), case, party, evidence).offer() for each in self._sources
        ]
        return together(offers)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One source, asked about one case."""

    check: ChainCheck
    case: Case
    party: str
    evidence: Evidence

    def offer(self) -> Offer:
        source = self.check.source
        at_hand = self.evidence.openid_federation.get(source.id)
        if at_hand is None:
            message = f"the statements of the federation {source.id} are not at hand"
            return Offer(problems=(self._problem("STATEMENTS_MISSING", message, undecided=True),))
        statements = read_statements(at_hand.statements)
        grounds: list[Ground] = []
        problems: list[Check] = []
        outdated = False
        try:
            for chain in chains(statements, self.party, source.trust_anchor):
                checks = self.check.run(chain)
                outdated = outdated or any(check.outdated for check in checks)
                found = self._of_chain(chain, statements, checks)
                if isinstance(found, Ground) and not found.checks:
                    return Offer(direct=(found,))
                if isinstance(found, Ground):
                    grounds.append(found)
                else:
                    problems += found
        except PathLimitError as error:
            problems.append(self._problem("CHAIN_LIMIT", str(error), undecided=True))
        if not grounds and not problems:
            message = f"no trust chain leads from {shown(self.party)} to {shown(source.trust_anchor)}"
            problems.append(self._problem("NO_CHAIN", message))
        problems += self._unread(problems, statements)
        return Offer(direct=tuple(grounds), problems=tuple(dict.fromkeys(problems)), outdated=outdated)

    def _of_chain(
        self, chain: TrustChain, statements: Statements, checks: tuple[Check, ...]
    ) -> Ground | tuple[Check, ...]:
        """The party by one chain, or why it isn't by this one; `checks` is what speaks against the chain."""
        if chain.missing:
            return checks
        fit = next(self._fit(chain), None)
        if fit is None:
            # another copy of what isn't authentic could name the key
            return checks if decided(checks) is Outcome.INDETERMINATE else (self._no_key(chain),)
        if not checks:
            checks = MarkCheck(self.check, statements, chain).run()
        return Ground(f"{self.check.place}/{shown(self.party)}", checks, fit.certificate)

    def _fit(self, chain: TrustChain) -> Iterator[Jwk]:
        wanted = canonical_key(self.case.certificate.key)
        uses = {"", "enc" if self.case.role is Role.AP_ENCRYPT else "sig"}
        return (each for each in subject_keys(chain).keys if wanted and each.key == wanted and each.use in uses)

    def _no_key(self, chain: TrustChain) -> Check:
        unknown = subject_keys(chain).unknown
        message = f"{self.case.certificate.subject_text}: its key is none of {shown(self.party)} for this role"
        if unknown:
            message += f", as far as they stand in statements ({shown(', '.join(unknown))} has others)"
        return self._problem("KEY_UNKNOWN", message, undecided=bool(unknown))

    def _unread(self, problems: list[Check], statements: Statements) -> Iterator[Check]:
        """What could be missing."""
        if statements.unread and any(each.undecided for each in problems):
            message = f"statements that can't be read: {'; '.join(statements.unread)}"
            yield self._problem("STATEMENT_UNREADABLE", message, undecided=True)

    def _problem(self, reason_id: str, message: str, *, undecided: bool = False) -> Check:
        return Check(
            reason_id, self.check.place, message, self.case.certificate.sha256, self.check.place, undecided=undecided
        )
