# SPDX-License-Identifier: Apache-2.0
"""Trust marks that a configuration demands: issued by whom the anchor lets issue them (OpenID Federation 1.0 §7.3).

The issuer of a mark has to be an entity of the same federation, so a chain has to lead from it to the same anchor. A
type that the anchor doesn't speak of is nobody's to issue; where it names an owner, the issuer needs a delegation.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain as joined

from trust_lists.certificates.jwk import Jwk
from trust_lists.documents.trust_marks import DELEGATION_TYPE, MARK_TYPE, TrustMark, read_trust_mark
from trust_lists.errors import MetadataRefusedError, PathLimitError, SignatureInvalidError, shown
from trust_lists.evaluation.decisions.federation_chains import TrustChain, chains
from trust_lists.evaluation.decisions.federation_checks import SPECIFICATION, ChainCheck
from trust_lists.evaluation.decisions.federation_statements import Statements
from trust_lists.evaluation.decisions.model import Check, Outcome, decided
from trust_lists.instants import earlier, later
from trust_lists.signatures.jws import UnverifiedJws, read_jws

_MARK, _DELEGATION = f"{SPECIFICATION} 7.3", f"{SPECIFICATION} 7.2.2"


class MarkCheck:
    """The marks of the subject of a chain that holds."""

    def __init__(self, chains_check: ChainCheck, statements: Statements, chain: TrustChain) -> None:
        self._check, self._statements = chains_check, statements
        self._subject = chain.links[0].configuration.statement
        self._anchor = chain.links[-1].configuration.statement

    def run(self) -> tuple[Check, ...]:
        """What speaks against each mark that the source demands."""
        wanted = self._check.source.trust_marks or ()
        return tuple(joined.from_iterable(map(self._of_type, wanted)))

    def _of_type(self, kind: str) -> tuple[Check, ...]:
        tokens = [token for each, token in self._subject.trust_marks if each == kind]
        found = [tuple(self._mark(kind, token)) for token in tokens]
        if not found:
            message = f"{shown(self._subject.subject)} has no trust mark {shown(kind)}"
            return (self._wrong("TRUST_MARK_MISSING", f"{self._check.place}.trust_marks", message),)
        return min(found, key=lambda checks: (_rank(checks), len(checks)))

    def _mark(self, kind: str, token: str) -> Iterator[Check]:
        try:
            jws = read_jws(token, MARK_TYPE)
            mark = read_trust_mark(jws.payload)
        except (SignatureInvalidError, MetadataRefusedError) as error:
            yield self._wrong("TRUST_MARK_UNREADABLE", _MARK, f"the trust mark {shown(kind)}: {error}")
            return
        if mark.kind != kind or mark.subject != self._subject.subject:
            message = f"the trust mark {shown(kind)} is another one, or somebody else's"
            yield self._wrong("TRUST_MARK_OF_ANOTHER", _MARK, message)
        issuers = self._anchor.mark_issuers.get(kind)
        if issuers is None or (issuers and mark.issuer not in issuers):
            message = f"{shown(mark.issuer)} may not issue the trust mark {shown(kind)}"
            yield self._wrong("TRUST_MARK_ISSUER", _MARK, message)
        yield from self._dates(mark, _MARK)
        yield from self._issued(jws, mark)
        yield from self._delegated(mark)

    def _issued(self, jws: UnverifiedJws, mark: TrustMark) -> Iterator[Check]:
        """The mark is signed with a key of its issuer, to whom a chain leads."""
        keys: list[Jwk] = []
        try:
            for found in chains(self._statements, mark.issuer, self._check.source.trust_anchor):
                if not self._check.run(found):
                    keys += self._check.keys(found.links[0])
        except PathLimitError:
            pass  # what was found counts; without it the issuer stays unknown
        if not any(jws.is_signed_with(key) for key in keys):
            message = f"the trust mark {shown(mark.kind)} is not signed with a key that {shown(mark.issuer)} surely has"
            yield self._wrong("TRUST_MARK_NOT_AUTHENTICATED", _MARK, message, undecided=True)

    def _delegated(self, mark: TrustMark) -> Iterator[Check]:
        owner = self._anchor.mark_owners.get(mark.kind)
        if owner is None and not mark.delegation:
            return
        if owner is None or not mark.delegation:
            lacking = "an owner" if owner is None else "the delegation of its owner"
            message = f"the trust mark {shown(mark.kind)} lacks {lacking}"
            yield self._wrong("TRUST_MARK_DELEGATION", _DELEGATION, message)
            return
        try:
            jws = read_jws(mark.delegation, DELEGATION_TYPE)
            delegation = read_trust_mark(jws.payload)
        except (SignatureInvalidError, MetadataRefusedError) as error:
            yield self._wrong("TRUST_MARK_DELEGATION", _DELEGATION, f"the delegation of a trust mark: {error}")
            return
        if (delegation.issuer, delegation.subject, delegation.kind) != (owner.entity, mark.issuer, mark.kind):
            message = f"the delegation of {shown(mark.kind)} is by, to, or of another one"
            yield self._wrong("TRUST_MARK_DELEGATION", _DELEGATION, message)
        if not any(jws.is_signed_with(key) for key in owner.keys):
            message = f"the delegation of {shown(mark.kind)} is not signed by its owner"
            yield self._wrong("TRUST_MARK_DELEGATION", _DELEGATION, message, undecided=True)
        yield from self._dates(delegation, _DELEGATION)

    def _dates(self, mark: TrustMark, clause: str) -> Iterator[Check]:
        at: datetime = self._check.at
        if later(at, self._check.skew) < mark.issued_at or (
            mark.expires and earlier(at, self._check.skew) >= mark.expires
        ):
            message = f"the trust mark {shown(mark.kind)}, or its delegation, is not valid at that time"
            yield self._wrong("TRUST_MARK_NOT_VALID", clause, message)

    def _wrong(self, reason_id: str, clause: str, message: str, *, undecided: bool = False) -> Check:
        return self._check.check(reason_id, "", message, undecided=undecided, clause=clause)


def _rank(checks: tuple[Check, ...]) -> int:
    return (Outcome.ACCEPT, Outcome.INDETERMINATE, Outcome.REJECT).index(decided(checks))
