# SPDX-License-Identifier: Apache-2.0
"""What the names of a domain hold in DNS: a function of its publishers and registrations, without IO.

Without indirection each participant's name has the NAPTR records itself. With it (`dns.publisher_indirection`) the name
is an alias of `<smp_id>.<naptr_label>`, where the publisher has the one NAPTR record set of all its participants: when
the publisher moves or is suspended, that set changes and no participant's name does. An alias can't stand beside other
records (RFC 1034 §3.6.2), so whoever has services of its own has its own NAPTR records in any case.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from registry.dns.journal import NewState
from registry.dns.records import naptr_rrset, publisher_alias, publisher_rrset
from registry.domains.domain import DnsProfile, Domain
from registry.errors import ValidationError
from registry.identifiers.dns_names import legacy_cname_owner
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.errors import bad_request

NAPTR, CNAME = "NAPTR", "CNAME"
PARTICIPANT_TYPES = (NAPTR, CNAME)
"""What a participant's name can hold; never both."""
PUBLISHER_TYPES = ("CNAME", "A", "AAAA")
"""What a publisher's name can hold."""
_SEPARATOR = "|"


class Leading(Protocol):
    """A publisher, as far as names lead to it."""

    @property
    def smp_id(self) -> str: ...
    @property
    def logical_address(self) -> str: ...
    @property
    def suspended(self) -> bool: ...
    @property
    def removing(self) -> bool: ...


class Named(Protocol):
    """A registration, as far as it has a name."""

    @property
    def scheme(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def services(self) -> str | None: ...
    @property
    def suspended(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Content:
    """A record set without its owner: its type, and its text as stored."""

    rdtype: str
    text: str


def publisher_states(domain: Domain, publisher: Leading, *, gone: bool = False) -> list[NewState]:
    """What the names of a publisher shall hold; nothing where it is suspended or `gone`.

    Raises SmlError (ERR-106) for an address that DNS can't carry.
    """
    profile = domain.dns
    owner, naptr_owner = publisher_owner(profile, publisher.smp_id), naptr_target(profile, publisher.smp_id)
    if gone or publisher.suspended or publisher.removing:
        return [NewState(owner, rdtype, None) for rdtype in PUBLISHER_TYPES] + [NewState(naptr_owner, NAPTR, None)]
    try:
        rrset = publisher_rrset(publisher.smp_id, publisher.logical_address, profile.ttl, label=profile.publisher_label)
        states = [NewState(owner, rdtype, None) for rdtype in PUBLISHER_TYPES if rdtype != rrset.rdtype]
        states.append(NewState.of(rrset))
        if profile.publisher_indirection:
            states.append(NewState(naptr_owner, NAPTR, _naptr(profile, publisher, None)))
    except ValidationError as error:
        raise bad_request(str(error), error) from error
    return states


def left_states(domain: Domain, publisher: Leading) -> list[NewState]:
    """What a publisher's names hold no more once no participant's name is an alias of them any more."""
    if domain.dns.publisher_indirection:
        return []
    return [NewState(naptr_target(domain.dns, publisher.smp_id), NAPTR, None)]


def shared_content(domain: Domain, publisher: Leading) -> Content | None:
    """What the names of all participants of a publisher hold that have no services of their own.

    Raises SmlError (ERR-106) for an address that DNS can't carry.
    """
    profile = domain.dns
    if profile.publisher_indirection:  # where a suspended publisher isn't found, nobody is found behind it
        alias = publisher_alias("@", publisher.smp_id, profile.zone, profile.ttl, label=profile.naptr_label)
        return Content(CNAME, alias.to_text())
    return _own_content(profile, publisher, None)


def participant_states(domain: Domain, publisher: Leading, rows: Iterable[Named]) -> list[NewState]:
    """What the names of registrations shall hold, whatever they hold now. Errors as those of `shared_content`."""
    profile = domain.dns
    states = []
    for row, wanted in _contents(domain, publisher, rows):
        # What goes stands before what comes: nobody may see an alias beside other records.
        rdtype = wanted.rdtype if wanted is not None else ""
        states += [NewState(row.label, other, None) for other in PARTICIPANT_TYPES if other != rdtype]
        if wanted is not None:
            states.append(NewState(row.label, wanted.rdtype, wanted.text))
        if profile.legacy_cname:
            states += _legacy_states(profile, publisher.smp_id, row, gone=row.suspended)
    return states


def new_participant_states(domain: Domain, publisher: Leading, rows: Iterable[Named]) -> list[NewState]:
    """As `participant_states` for names that hold nothing yet, which need not be told what to give up."""
    profile = domain.dns
    states = []
    for row, wanted in _contents(domain, publisher, rows):
        if wanted is not None:
            states.append(NewState(row.label, wanted.rdtype, wanted.text))
        if profile.legacy_cname and not row.suspended:
            states += _legacy_states(profile, publisher.smp_id, row, gone=False)
    return states


def gone_states(domain: Domain, rows: Iterable[Named]) -> list[NewState]:
    """The names of registrations, with nothing left."""
    states = []
    for row in rows:
        states += [NewState(row.label, rdtype, None) for rdtype in PARTICIPANT_TYPES]
        if domain.dns.legacy_cname:
            states += _legacy_states(domain.dns, "", row, gone=True)
    return states


def publisher_owner(profile: DnsProfile, smp_id: str) -> str:
    """The name of a publisher, relative to the zone."""
    return f"{smp_id.lower()}.{profile.publisher_label}"


def naptr_target(profile: DnsProfile, smp_id: str) -> str:
    """Where a publisher has the NAPTR records of its participants, relative to the zone."""
    return f"{smp_id.lower()}.{profile.naptr_label}"


def services_of(stored: str | None) -> tuple[str, ...]:
    """The services of a registration's own, as stored; none where it has those of its domain."""
    return tuple(stored.split(_SEPARATOR)) if stored else ()


def stored_services(profile: DnsProfile, services: Iterable[str]) -> str | None:
    """The opposite of `services_of`: None for exactly the domain's own."""
    every = sorted(set(services))
    return None if not every or every == sorted(profile.naptr_services) else _SEPARATOR.join(every)


def _contents(domain: Domain, publisher: Leading, rows: Iterable[Named]) -> Iterator[tuple[Named, Content | None]]:
    """What the name of each registration shall hold; None where that is nothing."""
    shared = shared_content(domain, publisher)
    for row in rows:
        if row.suspended:
            yield row, None
        else:
            yield row, shared if row.services is None else _own_content(domain.dns, publisher, row.services)


def _own_content(profile: DnsProfile, publisher: Leading, services: str | None) -> Content | None:
    if publisher.suspended or publisher.removing:
        return None
    try:
        return Content(NAPTR, _naptr(profile, publisher, services))
    except ValidationError as error:
        raise bad_request(str(error), error) from error


def _naptr(profile: DnsProfile, publisher: Leading, services: str | None) -> str:
    named = services_of(services) or profile.naptr_services
    return naptr_rrset("@", publisher.logical_address, named, profile.ttl).to_text()


def _legacy_states(profile: DnsProfile, smp_id: str, row: Named, *, gone: bool) -> list[NewState]:
    participant = ParticipantIdentifier(row.scheme, row.value)
    if participant.is_wildcard:
        return []
    owner = legacy_cname_owner(participant, profile.name_form)
    if gone:
        return [NewState(owner, CNAME, None)]
    return [NewState.of(publisher_alias(owner, smp_id, profile.zone, profile.ttl, label=profile.publisher_label))]
