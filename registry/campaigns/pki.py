# SPDX-License-Identifier: Apache-2.0
"""A migration of certificates: who is accepted now, and would not be by the target at the deadline.

A member is whom `registry.impact` says that something happens to at that moment: who is lost, but also who has moved
before the model in force knew the new authorities. Who was one stays one, as long as it is there: else whoever gets a
new certificate would be out of the count instead of done. Done is whom the target accepts then.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.campaigns.model import INVALID, Census, Member, MemberKind
from registry.errors import ConfigurationError, ValidationError
from registry.impact.asking import Asking, Progress, nobody_asks
from registry.impact.effects import Change, Effect
from registry.impact.held import Participants, count_participants, read_holdings
from registry.impact.holdings import Holder, Kind, Verdict
from registry.impact.tallies import HolderId
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import impact
from registry.storage.unit_of_work import Connection
from registry.trust import TrustModel
from trust_lists.errors import ConfigurationError as WrongConfigurationError
from trust_lists.evaluation.trust_configuration import TrustConfiguration, content_address, read_tree

_MEMBER = (Effect.STOPS, Effect.LAPSES, Effect.BEGINS, Effect.KEPT)


def target(connection: Connection, stored: StoredDomain, said: Mapping[str, Any]) -> dict[str, Any]:
    """A trust model as the target: the one that is given as `configuration`, or else the one that is planned.

    Raises ValidationError where there is none, ConfigurationError with all that is wrong with it.
    """
    document = said.get("configuration") or impact.plan(connection, stored.id)
    if document is None:
        raise ValidationError.of(INVALID, "no trust model is planned for this domain: registry trust impact --plan")
    found = configuration_in(document)
    return {"configuration": document, "model": found.id, "address": content_address(found)}


def configuration_in(document: Any) -> TrustConfiguration:
    """The trust configuration of a target. Raises ConfigurationError with all that is wrong with it."""
    try:
        return read_tree(document, lambda _name: None).configuration
    except WrongConfigurationError as error:
        problems = "\n  ".join(error.reasons)
        raise ConfigurationError(f"the target's trust model can't be used:\n  {problems}") from None


@dataclass(frozen=True, slots=True)
class PkiCount:
    """Counts who has moved from the model in force to another one."""

    database: Database
    stored: StoredDomain
    before: TrustModel
    after: TrustModel

    def census(
        self,
        actor: Actor,
        deadline: datetime,
        known: Collection[tuple[str, str]],
        progress: Progress = nobody_asks,
    ) -> Census:
        """The members as of now; `known` are those that were there before.

        Behind the deadline it is asked how they fare now. Timelines are stored, so that the next count decides only
        what is new.
        """
        since = self.database.now()
        at = max(since, deadline)
        with self.database.read() as connection:
            holdings = read_holdings(connection, self.stored)
        asking = Asking(self.database, actor, holdings, (since, at), progress)
        changed = {key: _at(changes, at) for key, changes in asking.changes(self.before, self.after).items()}
        participants = count_participants(self.database, self.stored.id, holdings.holders, asking.counted)
        with self.database.write(actor) as work:
            for model in (self.before, self.after):
                impact.drop_outdated(work, (model.address,), model.evidence.digest)
        behind = participants.behind() | dict(holdings.registered)
        members = [
            _member(holder, changed[holder.id], behind.get(holder.id, 0))
            for holder in holdings.holders
            if changed[holder.id].effect in _MEMBER or (holder.kind.value, holder.key) in known
        ]
        return self._census(members, participants, holdings.registered)

    def _census(self, members: list[Member], participants: Participants, registered: Mapping[HolderId, int]) -> Census:
        """Participants behind several members are done with the last of them.

        Registrations of other SMPs are counted beside them; those of our own are the same participants.
        """
        smp_id = (self.stored.domain.smp.smp_id or "").lower()
        own = {_id(each) for each in members if each.kind is MemberKind.PUBLISHER and each.name.lower() == smp_id}
        late = {_id(each) for each in members if not each.done}
        every = {_id(each) for each in members}
        total = done = 0
        for group in participants.groups:
            needs = (group.needs | own) & every
            if needs:
                total += group.count
                done += 0 if needs & late else group.count
        for each in members:
            if each.kind is MemberKind.PUBLISHER and _id(each) not in own:
                total += registered.get(_id(each), 0)
                done += registered.get(_id(each), 0) if each.done else 0
        return Census(members, total, done)


def _at(changes: tuple[Change, ...], at: datetime) -> Change:
    return next(each for each in reversed(changes) if each.since <= at)


def _member(holder: Holder, change: Change, behind: int) -> Member:
    done = change.after.verdict is not Verdict.REFUSED
    reason = change.after.reason
    told = {"check": reason.id, "clause": reason.clause, "message": reason.message}
    kind = MemberKind(holder.kind.value)
    late = 0 if done else behind
    return Member(kind, holder.key, holder.name, holder.address, behind, late, done, None if done else told)


def _id(member: Member) -> HolderId:
    return Kind(member.kind.value), member.key
