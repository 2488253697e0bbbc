# SPDX-License-Identifier: Apache-2.0
"""What takes the records of a move in, put together from the use cases of an instance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.app.api_context import InstanceDomainSetup
from registry.app.instance import Instance
from registry.dns.zone_records import ZoneRecords
from registry.move_in.model import Receiver
from registry.move_in.owners import Owners
from registry.move_in.participants import Participants
from registry.move_in.publishers import Publishers
from registry.move_in.registrations import Registrations
from registry.move_in.sml_dns_records import DnsRecords
from registry.move_in.sml_domains import SmlDomains
from registry.move_in.sml_migrations import Migrations
from registry.move_in.sub_domains import SubDomains
from registry.storage.domain_directory import StoredDomain


@dataclass(frozen=True, slots=True)
class Choices:
    """What an operator wants otherwise than usual.

    With `keep_untrusted` endpoint certificates that the domain doesn't trust are taken. `sub_domains` says to which
    domain of ours a sub-domain of an old SML goes, by its name in lower case; others get a domain of their own.
    """

    keep_untrusted: bool = False
    sub_domains: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON values: arguments of this class."""
        return {"keep_untrusted": self.keep_untrusted, "sub_domains": dict(self.sub_domains)}


def receivers_of(instance: Instance, stored: StoredDomain | None, choices: Choices) -> Sequence[Receiver]:
    """For an SMP's records those that fill a domain, for an SML's (None) those that find or make domains."""
    database = instance.database
    if stored is not None:
        participants = Participants(
            database,
            instance.registrar,
            instance.publishing,
            instance.trust_models.of,
            stored,
            keep_untrusted=choices.keep_untrusted,
        )
        return Owners(database, stored.id), participants
    domains = SmlDomains(instance.directory, choices.sub_domains)
    return (
        SubDomains(database, domains, InstanceDomainSetup(instance)),
        Publishers(database, domains, instance.publishers, instance.trust_models.of),
        Registrations(database, domains, instance.registrar, instance.journal, instance.admission),
        Migrations(database, domains, instance.registrar),
        DnsRecords(database, domains, ZoneRecords(database, instance.journal)),
    )
