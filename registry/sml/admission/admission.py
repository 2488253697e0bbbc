# SPDX-License-Identifier: Apache-2.0
"""Whether an SMP may have participants: the one hook of `registry.sml.registration`, whoever calls.

What the identifiers themselves must be like, code lists included, is asked before (`registry.identifiers.rules`);
wildcards have owners of their own (`sml.wildcard_owners`).
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from registry.domains.admission_rules import AdmissionRule, OutsideCheck
from registry.errors import Reason
from registry.identifiers.further_check_digits import wrong_check_digits
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.admission import quotas
from registry.sml.admission.asking import Outside, Question
from registry.sml.errors import SmlError
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database, retried
from registry.storage.queries.publishers import PublisherRow
from registry.storage.unit_of_work import UnitOfWork


class Admission:
    """The rules of every domain."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def check(
        self,
        stored: StoredDomain,
        publisher: PublisherRow,
        participants: Sequence[ParticipantIdentifier],
        *,
        moved: bool = False,
    ) -> list[Reason]:
        """Why a publisher may not register participants; with `moved`, why it may not take them over.

        Numbers that are registered already aren't judged again by their check digits. Nobody outside is asked about
        what is refused anyway. Raises NotAskedYetError; SmlError (ERR-105) where nobody outside could tell.
        """
        reasons = [
            reason
            for rule in stored.domain.sml.admission
            for reason in _broken(rule, publisher.smp_id, filter(rule.covers, participants), moved=moved)
        ]
        if reasons:
            return list(dict.fromkeys(reasons))
        return self._outside.reasons(_questions(stored, publisher.smp_id, participants, moved=moved))

    def expect(self, stored: StoredDomain, smp_id: str, participants: Sequence[ParticipantIdentifier]) -> None:
        """Have the answers at hand for a list that is registered one by one, so that it is asked about in one call.

        Raises NotAskedYetError: call it in a transaction that is tried again, or by `ask_ahead`.
        """
        with contextlib.suppress(SmlError):  # whoever is registered hears of it
            self._outside.reasons(_questions(stored, smp_id, participants, moved=False))

    def make_room(
        self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, count: int, *, moved: bool = False
    ) -> None:
        """See that `count` registrations more are within the quotas until the transaction ends.

        With `moved` they come from another publisher of the domain. Raises SmlError (ERR-106).
        """
        quotas.make_room(work, stored, publisher, count, moved=moved)


@retried
def ask_ahead(
    database: Database,  # noqa: ARG001 — whose transaction it may be in
    admission: Admission,
    stored: StoredDomain,
    smp_id: str,
    participants: Sequence[ParticipantIdentifier],
) -> None:
    """As `Admission.expect`; outside of a transaction it asks at once."""
    admission.expect(stored, smp_id, participants)


def _broken(
    rule: AdmissionRule, smp_id: str, covered: Iterable[ParticipantIdentifier], *, moved: bool
) -> Iterator[Reason]:
    for participant in covered:
        if rule.publishers is not None and smp_id.lower() not in rule.publishers:
            message = f"sml.admission of the domain does not let the SMP {smp_id} register {participant}"
            yield Reason("SML-ADMISSION-PUBLISHER", message)
        if rule.check_digits and not moved and (wrong := wrong_check_digits(participant)) is not None:
            yield wrong


def _questions(
    stored: StoredDomain, smp_id: str, participants: Sequence[ParticipantIdentifier], *, moved: bool
) -> list[Question]:
    asked: dict[OutsideCheck, dict[ParticipantIdentifier, None]] = {}
    for rule in stored.domain.sml.admission:
        if rule.ask is not None and (covered := [*filter(rule.covers, participants)]):
            asked.setdefault(rule.ask, {}).update(dict.fromkeys(covered))
    name = stored.domain.name
    return [Question(check, name, smp_id, moved, tuple(covered)) for check, covered in asked.items()]
