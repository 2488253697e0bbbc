# SPDX-License-Identifier: Apache-2.0
"""A domain with people, access points, SMPs and participants that have to move, and campaigns about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, update

from registry.accounts.accounts import Kind, create_account
from registry.accounts.grants import give_grant
from registry.accounts.groups import create_group
from registry.accounts.permissions import Role, Scope
from registry.alerts import channels
from registry.alerts.channels import ChannelKind, NewChannel
from registry.alerts.delivering import Senders
from registry.alerts.message import Outgoing
from registry.app import campaigns as counting
from registry.campaigns import desk
from registry.campaigns.model import CampaignKind, NewCampaign
from registry.campaigns.pki import PkiCount
from registry.domains.trust_models import document_of
from registry.errors import TechnicalError
from registry.impact.asking import nobody_asks
from registry.storage.queries import campaigns
from registry.storage.queries.campaigns import CampaignRow, MemberRow
from registry.storage.tables import access_point, account, process, process_metadata, service, service_group
from tests.simulators.impact_world import ImpactWorld
from tests.simulators.offline import ACTOR, OfflineInstance
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration

OLD, NEW = "busdox-docid-qns::urn:old", "busdox-docid-qns::urn:new"


@dataclass(slots=True)
class CampaignWorld:
    """The domain of an instance, to which everybody is added who has to move."""

    offline: OfflineInstance
    holders: ImpactWorld
    made: int = 0

    def add(self, kind: CampaignKind, target: Mapping[str, Any], days_ahead: int = 90, **values: Any) -> CampaignRow:
        """A campaign, not counted yet."""
        with self.offline.instance.database.write(ACTOR) as work:
            new = NewCampaign("move", kind, target, work.now + timedelta(days=days_ahead), **values)
            return desk.add(work, self.offline.stored, new)

    def to_pki(self, after: TrustConfiguration, **values: Any) -> CampaignRow:
        """A campaign to another trust model."""
        return self.add(CampaignKind.PKI, {"configuration": document_of(after)}, **values)

    def to_document_type(self, **target: Any) -> CampaignRow:
        """A campaign from OLD to NEW."""
        return self.add(CampaignKind.DOCUMENT_TYPE, {"old": OLD, "new": NEW, **target})

    def count(self, row: CampaignRow) -> CampaignRow:
        """Count it as a job does."""
        offline = self.offline
        offline.instance.directory.refresh()
        return counting.count(offline.instance, offline.folder, ACTOR, row, nobody_asks)

    def count_pki(self, row: CampaignRow, before: TrustConfiguration, after: TrustConfiguration) -> CampaignRow:
        """Count it where `before` is in force."""
        compared, database = self.holders.compare(before, after), self.offline.instance.database
        with database.read() as connection:
            known = campaigns.members(connection, row.id).keys()
        pki = PkiCount(database, self.offline.stored, compared.before, compared.after)
        return desk.take(database, ACTOR, row.id, pki.census(ACTOR, row.deadline, known))

    def members(self, row: CampaignRow, *, done: bool | None = None) -> list[MemberRow]:
        """Who has to move, or has, in the order of lists."""
        with self.offline.instance.database.read() as connection:
            return list(campaigns.all_members(connection, row.id, done))

    def group(self, name: str, *people: str) -> int:
        """An owner group, with people who edit its participants and have a mail address."""
        database, stored = self.offline.instance.database, self.offline.stored
        made = create_group(database, ACTOR, stored.id, name)
        for person in people:
            number = create_account(database, ACTOR, Kind.PERSON, person).id
            give_grant(database, ACTOR, number, Role.EDITOR, Scope(stored.id, made.id))
            self.mail_of(number, f"{person}@example.org")
        return made.id

    def mail_of(self, number: int, address: str) -> None:
        """Give an account another mail address."""
        with self.offline.instance.database.write(ACTOR) as work:
            work.connection.execute(update(account).where(account.c.id == number).values(email=address))

    def contact_of(self, point: int, contact: str) -> None:
        """Give an access point another technical contact."""
        with self.offline.instance.database.write(ACTOR) as work:
            values = {"technical_contact": contact}
            work.connection.execute(update(access_point).where(access_point.c.id == point).values(values))

    def channel(self, name: str, *domains: str) -> None:
        """An alert channel, for mails."""
        with self.offline.instance.database.write(ACTOR) as work:
            channels.add(work, NewChannel(name, ChannelKind.MAIL, f"{name}@example.org", domains=domains))

    def offers(self, *document_types: str, group: int | None = None, processes: Sequence[str] = ("p::bill",)) -> int:
        """A participant that offers these."""
        self.made += 1
        with self.offline.instance.database.write(ACTOR) as work:
            value = f"0088:offers-{self.made:04}"
            stamp = {"content_version": 1, "modified_at": work.now}
            who = {"scheme": "iso6523-actorid-upis", "value": value, "value_key": value, "owner_group_id": group}
            statement = insert(service_group).values(domain_id=self.offline.stored.id, **who, **stamp)
            number = int(work.connection.execute(statement.returning(service_group.c.id)).scalar_one())
        for document_type in document_types:
            self.offer(number, document_type, processes)
        return number

    def offer(self, participant: int, document_type: str, processes: Sequence[str] = ("p::bill",)) -> None:
        """Let a participant offer one more."""
        scheme, _, value = document_type.partition("::")
        with self.offline.instance.database.write(ACTOR) as work:
            named = {"scheme": scheme, "value": value, "value_key": value.lower()}
            values = {"service_group_id": participant, "content_version": 1, "modified_at": work.now, **named}
            made = work.connection.execute(insert(service).values(values).returning(service.c.id)).scalar_one()
            block = {"service_id": made, "position": 0}
            statement = insert(process_metadata).values(block).returning(process_metadata.c.id)
            number = work.connection.execute(statement).scalar_one()
            for position, each in enumerate(processes):
                of_it, _, named_so = each.partition("::")
                row = {"process_metadata_id": number, "position": position, "scheme": of_it, "value": named_so}
                work.connection.execute(insert(process).values(row))


@dataclass(slots=True)
class Post:
    """Takes messages instead of a mail server; those to an address in `refuses` don't arrive."""

    sent: list[Outgoing] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    @property
    def senders(self) -> Senders:
        """For mails."""
        return {ChannelKind.MAIL: self._take}

    @property
    def to(self) -> list[str]:
        """The addresses, in order."""
        return sorted(message.channel.target for message in self.sent)

    def _take(self, message: Outgoing) -> None:
        if message.channel.target in self.refuses:
            raise TechnicalError("mailbox full")
        self.sent.append(message)
