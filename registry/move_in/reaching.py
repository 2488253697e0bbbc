# SPDX-License-Identifier: Apache-2.0
"""Whether look-ups by the public names come to us: asked as a client asks, and told by what only we can answer.

Both systems answer alike, which is the point of moving in. But what our SMP signs has our signature, made once, so its
bytes are ours alone; and the zone has a serial greater than any of the old SML.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import dns.message
import dns.name
import dns.rdatatype
import dns.resolver

from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import Fetcher
from registry.dns.asking import ask
from registry.errors import ConfigurationError, TechnicalError
from registry.identifiers.url_form import service_path
from registry.serials import is_greater
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.signed_documents import DocumentSigner
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import service_groups, services, zones

_SAMPLE = 5
_NAP_S = 0.5


@dataclass(frozen=True, slots=True)
class PublicNames:
    """Asks by the public names of domains: SMPs by `fetcher`, zones at the recursive resolver `resolver`."""

    database: Database
    signer: DocumentSigner
    fetcher: Fetcher
    resolver: str = ""

    def smp(self, stored: StoredDomain) -> int:
        """How many documents were compared, none where nothing is published. Raises TechnicalError."""
        compared = 0
        dialect = DIALECTS[stored.domain.smp.dialects[0]]
        below = stored.domain.smp.base_url.removesuffix("/") + (
            f"/{dialect.path_prefix}" if dialect.path_prefix else ""
        )
        with self.database.read() as connection:
            groups = service_groups.page(connection, stored.id, 0, 20 * _SAMPLE)
            held = [(group, service) for group in groups for service in services.of_group(connection, group.id)]
        for group, service in islice(held, _SAMPLE):
            url = below + service_path(group.participant, service.document_type)
            try:
                answer = self.fetcher.fetch(url)
            except TechnicalFailureError as error:
                raise TechnicalError(str(error)) from error
            if answer.status != 200 or answer.body != self.signer.current(service.id, dialect.name).body:
                raise TechnicalError(f"{url} isn't answered by us yet (HTTP {answer.status})")
            compared += 1
        return compared

    def zone(self, stored: StoredDomain, old_serials: Sequence[int]) -> int:
        """The serial that a resolver has of the zone. Raises TechnicalError while it is one of the old system's."""
        name = stored.domain.dns.zone
        with self.database.read() as connection:
            own = next(each.serial for each in zones.all_zones(connection) if each.name == name)
        query = dns.message.make_query(dns.name.from_text(name), dns.rdatatype.SOA)
        answer = ask(self.resolver or system_resolver(), query)
        found = [rrset[0].serial for rrset in answer.answer if rrset.rdtype == dns.rdatatype.SOA]
        if not found:
            raise TechnicalError(f"the resolver has no SOA of {name}")
        if not all(is_greater(found[0], serial) for serial in old_serials) or is_greater(found[0], own):
            raise TechnicalError(f"the resolver has the serial {found[0]} of {name}, which isn't one of ours yet")
        return int(found[0])


def system_resolver() -> str:
    """The first recursive resolver of this machine, `HOST:PORT`. Raises ConfigurationError."""
    try:
        address = str(dns.resolver.get_default_resolver().nameservers[0])
    except (dns.resolver.NoResolverConfiguration, IndexError) as error:
        raise ConfigurationError("this machine has no recursive resolver: say --resolver HOST:PORT") from error
    return f"[{address}]:53" if ":" in address else f"{address}:53"


def until_reached(
    ask_once: Callable[[], Mapping[str, Any]],
    within_s: float,
    nap: Callable[[float], None] = time.sleep,
    timer: Callable[[], float] = time.monotonic,
) -> Mapping[str, Any]:
    """What `ask_once` gives once it is so. Raises its TechnicalError where it isn't within so many seconds."""
    until = timer() + within_s
    while True:
        try:
            return ask_once()
        except TechnicalError as error:
            if timer() >= until:
                raise TechnicalError(f"{error}; run the same command again once the name leads here") from error
            nap(_NAP_S)
