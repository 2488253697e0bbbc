# SPDX-License-Identifier: Apache-2.0
"""Our SMP compared with an SML that is somebody else's: what that should hold of it, and what it does hold.

It is asked by List, page by page, which tells both what is missing and what is too much, or by ExistsParticipant for
each participant that we serve, which tells what is missing. Neither is a snapshot. Lists of at most 100 repair it
(ICD 1.30). Where no answer comes, nobody knows what was done: then it is asked before anything is repeated.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby, islice
from typing import Protocol, TypeVar

from registry.audit.events import record_many
from registry.consistency.findings import Finding, Findings, Kind, Seen
from registry.consistency.repairing import Repaired
from registry.consistency.zone_comparison import Progress
from registry.errors import ConflictError, TechnicalError
from registry.identifiers.participant import ParticipantIdentifier
from registry.scratch import SortedRows
from registry.sml.errors import SmlError
from registry.sml.model import ParticipantPage
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import consistency

FOREIGN_KINDS = (Kind.FOREIGN_MISSING, Kind.FOREIGN_SURPLUS)
MAX_LIST = 100
_TRIES = 3
_TOLD_EVERY = 1_000
_T = TypeVar("_T")
_OURS, _THEIRS = "1", "2"


class ForeignSml(Protocol):
    """What is asked of an SML; each raises SmlError where it refuses, TechnicalError where nobody knows."""

    def list_participants(self, smp_id: str, page: str | None = None) -> ParticipantPage: ...
    def exists_participant(self, smp_id: str, participant: ParticipantIdentifier) -> bool: ...
    def create_participants(self, smp_id: str, participants: Sequence[ParticipantIdentifier]) -> None: ...
    def delete_participants(self, smp_id: str | None, participants: Sequence[ParticipantIdentifier]) -> None: ...


def smp_id_of(stored: StoredDomain) -> str:
    """Under which id our SMP is known. Raises ConflictError where the domain has none."""
    if not stored.domain.smp.smp_id:
        raise ConflictError(f"the domain {stored.domain.name} doesn't say which SMP it is: set smp.smp_id")
    return stored.domain.smp.smp_id


def compare_with_list(
    database: Database, stored: StoredDomain, sml: ForeignSml, progress: Progress = lambda _: None
) -> Findings:
    """Find what the SML lacks, and what it has of our SMP that this doesn't serve; close the findings.

    Raises SmlError where it refuses to tell, TechnicalError.
    """
    findings = Findings(Seen(database.now(), 0))
    try:
        with SortedRows() as rows:
            theirs = 0
            for participant in _listed(sml, smp_id_of(stored)):
                key = stored.domain.identifiers.participant_key(participant)
                rows.add((participant.scheme, key, _THEIRS, participant.value))
                theirs += 1
                if theirs % _TOLD_EVERY == 0:
                    progress(theirs)
            ours = 0
            with database.read() as connection:
                for scheme, key, value in consistency.all_groups(connection, stored.id):
                    rows.add((scheme, key, _OURS, value))
                    ours += 1
            for (scheme, _), same in groupby(rows, key=lambda row: row[:2]):
                sides = {side: value for _, _, side, value in same}
                if len(sides) == 1:
                    ((side, value),) = sides.items()
                    findings.add(_finding(side, ParticipantIdentifier(scheme, value)))
        findings.summary.looked_at(ours, Kind.FOREIGN_MISSING)
        findings.summary.looked_at(theirs, Kind.FOREIGN_SURPLUS)
    except BaseException:
        findings.close()
        raise
    return findings


def compare_one_by_one(
    database: Database, stored: StoredDomain, sml: ForeignSml, progress: Progress = lambda _: None
) -> Findings:
    """Find what the SML lacks, for one that can't list: a call for each participant.

    Otherwise as `compare_with_list`.
    """
    smp_id = smp_id_of(stored)
    findings = Findings(Seen(database.now(), 0))
    try:
        with SortedRows() as rows:
            with database.read() as connection:  # which isn't held while the other side takes its time
                for scheme, key, value in consistency.all_groups(connection, stored.id):
                    rows.add((scheme, key, value))
            asked = 0
            for asked, (scheme, _, value) in enumerate(rows, 1):
                participant = ParticipantIdentifier(scheme, value)
                if not _patiently(lambda participant=participant: sml.exists_participant(smp_id, participant)):  # type: ignore[misc]
                    findings.add(_finding(_OURS, participant))
                if asked % _TOLD_EVERY == 0:
                    progress(asked)
        findings.summary.looked_at(asked, Kind.FOREIGN_MISSING)
    except BaseException:
        findings.close()
        raise
    return findings


class ForeignRepairer:
    """Brings a foreign SML to what our SMP serves. `place` is the SML's address, for the audit."""

    def __init__(self, database: Database, actor: Actor, stored: StoredDomain, sml: ForeignSml, place: str) -> None:
        self._database = database
        self._actor = actor
        self._stored = stored
        self._sml = sml
        self._place = place
        self._smp_id = smp_id_of(stored)

    def run(
        self,
        findings: Findings,
        kinds: Collection[Kind] = FOREIGN_KINDS,
        progress: Progress = lambda _: None,
    ) -> Repaired:
        """Repair what is of these kinds; what is refused is told, and the rest is done.

        First what is missing, then what is too much, so that nobody is without a registration for long. Raises
        TechnicalError where the SML answers no more; whoever compares again goes on from there.
        """
        repaired = Repaired()
        number = 0
        for kind in (kind for kind in FOREIGN_KINDS if kind in kinds):
            mine = (item for item in findings if item.kind is kind)
            while batch := list(islice(mine, MAX_LIST)):
                self._bring(kind, batch, repaired)
                number += len(batch)
                progress(number)
        return repaired

    def _bring(self, kind: Kind, batch: Sequence[Finding], repaired: Repaired) -> None:
        wanted = self._still_wanted(kind, batch)
        repaired.outdated[kind] = repaired.outdated.get(kind, 0) + len(batch) - len(wanted)
        if not wanted:
            return
        self._note(kind, wanted)
        refused = self._send(kind, wanted)
        repaired.refused += refused
        repaired.done[kind] = repaired.done.get(kind, 0) + len(wanted) - len(refused)

    def _send(self, kind: Kind, batch: Sequence[Finding]) -> list[tuple[Finding, str]]:
        """Have a list carried out; returns those that weren't, with why.

        A list fails as a whole, so what isn't so after a failure is asked for again, one by one.
        """
        try:
            self._call(kind, batch)
        except (SmlError, TechnicalError) as error:
            answers = isinstance(error, SmlError)
            left = [item for item in batch if not self._is_so(kind, item, answers=answers)]
            if len(batch) == 1:
                return [(item, str(error)) for item in left]
            return [refused for item in left for refused in self._send(kind, [item])]
        return []

    def _call(self, kind: Kind, batch: Sequence[Finding]) -> None:
        participants = [_participant(item) for item in batch]
        if kind is Kind.FOREIGN_MISSING:
            self._sml.create_participants(self._smp_id, participants)
        else:
            self._sml.delete_participants(self._smp_id, participants)

    def _is_so(self, kind: Kind, finding: Finding, *, answers: bool) -> bool:
        """Whether the SML says that it is as it shall be.

        One that answers but not to this, since it is older than 4.2, is taken to say no.
        """
        try:
            exists = _patiently(lambda: self._sml.exists_participant(self._smp_id, _participant(finding)))
        except SmlError:
            return False
        except TechnicalError:
            if not answers:
                raise
            return False
        return exists is (kind is Kind.FOREIGN_MISSING)

    def _still_wanted(self, kind: Kind, batch: Sequence[Finding]) -> list[Finding]:
        """Those of which our SMP still says what it said when it was compared."""
        key_of = self._stored.domain.identifiers.participant_key
        keys = [(item.key[0], key_of(_participant(item))) for item in batch]
        with self._database.read() as connection:
            served = consistency.groups_held(connection, self._stored.id, keys)
        serves = kind is Kind.FOREIGN_MISSING
        return [item for item, key in zip(batch, keys, strict=True) if (key in served) is serves]

    @retried
    def _note(self, kind: Kind, batch: Sequence[Finding]) -> None:
        """Before the call: who is killed in the midst of it has left word of what was asked for."""
        after = {"sml": self._place, "smp_id": self._smp_id, "kind": kind.value}
        asked = [(item.subject, None, after) for item in batch]
        with self._database.write(self._actor) as work:
            record_many(work, "sml:registration:ask-elsewhere", asked, domain_id=self._stored.id)


def _listed(sml: ForeignSml, smp_id: str) -> Iterator[ParticipantIdentifier]:
    page, seen = None, set[str]()
    while True:
        answer = _patiently(lambda page=page: sml.list_participants(smp_id, page))  # type: ignore[misc]
        yield from answer.participants
        page = answer.next_page
        if page is None:
            return
        if page in seen:
            raise TechnicalError(f"the SML's list goes round in circles: page {page!r} comes twice")
        seen.add(page)


def _patiently(call: Callable[[], _T]) -> _T:
    """What only reads may be asked again."""
    for _ in range(_TRIES - 1):
        try:
            return call()
        except TechnicalError:
            continue
    return call()


def _finding(side: str, participant: ParticipantIdentifier) -> Finding:
    key = (participant.scheme, participant.value)
    if side == _OURS:
        return Finding(Kind.FOREIGN_MISSING, str(participant), key, wanted="registered")
    return Finding(Kind.FOREIGN_SURPLUS, str(participant), key, found="registered")


def _participant(finding: Finding) -> ParticipantIdentifier:
    return ParticipantIdentifier(*finding.key)
