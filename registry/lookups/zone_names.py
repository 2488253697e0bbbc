# SPDX-License-Identifier: Apache-2.0
"""The names that stand for a participant or an SMP in DNS: in every form, what they hold, and what servers answer.

Names of older forms and of other spellings are there as well, since a client that asks one of those finds nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from registry.dns.asking import Query, ask
from registry.dns.followers import Follower, followed_zones
from registry.dns.records import RRset
from registry.dns.zone_reader import ZoneReader, absolute, relative
from registry.domains.server_address import parse_server_address
from registry.errors import NotFoundError, TechnicalError, ValidationError
from registry.identifiers.dns_names import NameForm, legacy_cname_owner, participant_owner
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.identifiers.smp_id import validate_smp_id
from registry.sml.names import naptr_target, publisher_owner
from registry.sml.visibility import Visibility, VisibilityReader
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import zones

TYPES: Final = ("NAPTR", "CNAME", "A", "AAAA", "TXT", "NS", "SOA")
"""What servers are asked for."""
MAX_SERVERS: Final = 32
_AT_A_TIME: Final = 8
_MOST_SETS: Final = 20
_OTHER_TEMPLATES: Final = ("{hash}.{scheme}", "{hash}.{icd}.{scheme}", "{hash}")


@dataclass(frozen=True, slots=True)
class DerivedName:
    """A name, relative to the zone; what makes it (`kind`); whether the domain uses it; what one asks it for."""

    owner: str
    kind: str
    used: bool
    rdtype: str = "NAPTR"


@dataclass(frozen=True, slots=True)
class NameView:
    """A name, absolute, what it holds after all that is committed, and how far its last change has come.

    `dig` are command lines that ask for it: by the usual way, and each name server itself.
    """

    name: str
    derived: DerivedName
    held: tuple[RRset, ...]
    visibility: Visibility
    dig: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What a name server answered: its records for the name, or why there is no answer.

    `agrees` is None where it can't be told.
    """

    address: str
    role: str
    records: tuple[str, ...]
    rcode: str | None
    failure: str | None
    agrees: bool | None


def names_of_participant(stored: StoredDomain, participant: ParticipantIdentifier) -> list[DerivedName]:
    """All names of a participant. Raises ValidationError where the domain's form gives it none."""
    dns_, form = stored.domain.dns, stored.domain.dns.name_form
    names = [DerivedName(participant_owner(participant, form), "participant", used=True)]
    if not participant.is_wildcard:
        names.append(DerivedName(legacy_cname_owner(participant, form), "participant-md5", dns_.legacy_cname, "CNAME"))
        if participant.scheme in stored.domain.sml.wildcard_owners:
            wildcard = ParticipantIdentifier(participant.scheme, WILDCARD)
            names += _made(lambda: participant_owner(wildcard, form), "wildcard", used=True)
        kept = NameForm(form.template, not form.lowercase_before_hash)
        names += _made(lambda: participant_owner(participant, kept), "other-case", used=False)
        for template in _OTHER_TEMPLATES:
            other = NameForm(template, form.lowercase_before_hash)
            names += _made(partial(participant_owner, participant, other), "other-form", used=False)
    first: dict[str, DerivedName] = {}
    for each in names:
        first.setdefault(each.owner, each)
    return list(first.values())


def names_of_publisher(stored: StoredDomain, smp_id: str) -> list[DerivedName]:
    """All names of an SMP, whether or not there is one of this id. Raises ValidationError for what is no id."""
    reasons = validate_smp_id(smp_id)
    if reasons:
        raise ValidationError(reasons)
    dns_ = stored.domain.dns
    return [
        DerivedName(publisher_owner(dns_, smp_id), "publisher", used=True, rdtype="A"),
        DerivedName(naptr_target(dns_, smp_id), "publisher-naptr", dns_.publisher_indirection),
    ]


def _made(make: Callable[[], str], kind: str, *, used: bool) -> Iterator[DerivedName]:
    try:
        yield DerivedName(make(), kind, used)
    except ValidationError:  # a form that isn't the domain's needn't fit
        return


def views_of(database: Database, stored: StoredDomain, names: Sequence[DerivedName]) -> list[NameView]:
    """What is known of names. Raises NotFoundError where the domain has no zone here."""
    reader, visible = ZoneReader(database), VisibilityReader(database)
    servers = _servers(database, stored)
    views = []
    for each in names:
        held = tuple(reader.records(stored.id, each.owner, ("", ""), _MOST_SETS))
        name = absolute(each.owner, stored.domain.dns.zone)
        lines = tuple(_dig_lines(servers, name, each.rdtype))
        views.append(NameView(name, each, held, visible.names(stored, [each.owner]), lines))
    return views


def _dig_lines(servers: Sequence[Follower], name: str, rdtype: str) -> Iterator[str]:
    yield f"dig {name} {rdtype}"
    for server in servers:
        if (address := parse_server_address(server.address)) is not None:
            port = "" if address[1] == 53 else f" -p {address[1]}"
            yield f"dig @{address[0]}{port} +norecurse {name} {rdtype}"


def ask_servers(
    database: Database, stored: StoredDomain, name: str, rdtype: str, query: Query = ask
) -> list[ServerAnswer]:
    """Ask each name server of a domain's zone, and nobody else, for a name of that zone, absolute or relative.

    Raises NotFoundError where the domain has no zone here, ValidationError for what is no such name.
    """
    owner = relative(name, stored.domain.dns.zone)
    asked = absolute(owner, stored.domain.dns.zone)
    try:
        parsed = dns.name.from_text(asked)
    except dns.exception.DNSException as error:
        raise ValidationError.of("ZONE-NAME", f"it is no name of DNS: {error}", "RFC 1035 §2.3.4") from error
    if rdtype not in TYPES:
        raise ValidationError.of("ZONE-TYPE", f"one of {', '.join(TYPES)} is wanted")
    servers = _servers(database, stored)
    held = {rrset.rdtype: rrset for rrset in ZoneReader(database).records(stored.id, owner, ("", ""), _MOST_SETS)}
    wanted = held.get(rdtype) or held.get("CNAME")
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return [*pool.map(partial(_answer, parsed, rdtype, wanted, query), servers)]


def _servers(database: Database, stored: StoredDomain) -> list[Follower]:
    with database.read() as connection:
        zone = zones.of_domain(connection, stored.id)
    if zone is None:
        raise NotFoundError("the domain has no zone here")
    followed = next(followed_zones([zone], [stored], {}), None)
    return [] if followed is None else list(followed.followers)[:MAX_SERVERS]


def _answer(name: dns.name.Name, rdtype: str, wanted: RRset | None, query: Query, server: Follower) -> ServerAnswer:
    message = dns.message.make_query(name, rdtype, flags=0)
    try:
        response = query(server.address, message)
    except TechnicalError as error:
        return ServerAnswer(server.address, server.role.value, (), None, str(error), None)
    codes = {dns.rdatatype.from_text(each) for each in (rdtype, "CNAME")}
    found = [
        (dns.rdatatype.to_text(rrset.rdtype), rdata.to_text())
        for rrset in response.answer
        if rrset.name == name and rrset.rdtype in codes
        for rdata in rrset
    ]
    rcode = response.rcode()
    agrees = None
    if rcode in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN} and rdtype != "SOA":
        agrees = {(kind, _plain(kind, text)) for kind, text in found} == _expected(wanted)
    lines = tuple(f"{kind} {text}" for kind, text in sorted(found))
    return ServerAnswer(server.address, server.role.value, lines, dns.rcode.to_text(rcode), None, agrees)


def _expected(wanted: RRset | None) -> set[tuple[str, str]]:
    if wanted is None:
        return set()
    parsed = [dns.rdata.from_text(dns.rdataclass.IN, wanted.rdtype, text).to_text() for text in wanted.rdatas]
    return {(wanted.rdtype, _plain(wanted.rdtype, text)) for text in parsed}


def _plain(rdtype: str, text: str) -> str:
    """A record as it compares: names have no case (RFC 1034 §3.1)."""
    return text.lower() if rdtype in {"CNAME", "NS"} else text
