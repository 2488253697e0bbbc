# SPDX-License-Identifier: Apache-2.0
"""A zone of an old SML compared with ours record by record, before names are switched: by its meaning, TTLs included.

The old server is asked for the whole zone (AXFR), which may be one above the sub-domain and have others in it; where it
refuses, it is asked for samples. Two ways to write the same are the same here: the expression `!^.*$!…!` of older
releases (sml.md §2.2), and a name that is an alias of where its SMP has the NAPTR records. SOA and NS of the apex
differ, as they should, and what signers add counts on neither side.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import dns.tsig

from registry.dns.reconcile.comparison import Progress, Selection, compare_copy
from registry.dns.reconcile.differences import Difference, Kind, apex_of
from registry.dns.reconcile.fingerprints import Fingerprints
from registry.dns.reconcile.sampling import ask_samples, choose, undetected_share
from registry.dns.reconcile.wire_reader import Line, tail_parts
from registry.dns.reconcile.zone_transfer import Source, TransferRefusedError, ZoneCopy
from registry.dns.records import APEX
from registry.domains.dns_profile import DnsProfile
from registry.errors import ValidationError
from registry.identifiers.dns_names import legacy_cname_owner, participant_owner
from registry.move_in.model import Kind as RecordKind
from registry.move_in.naptr_tails import as_written_today
from registry.move_in.sml_records import dns_name_of, participant_of
from registry.sml.names import publisher_owner
from registry.sml.registration import zone_id_of
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import move_ins, zones
from registry.storage.queries.move_ins import Refusal
from registry.storage.unit_of_work import Connection

SAMPLES: Final = 1000
EXAMPLES: Final = 20
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class OldZone:
    """Where an old SML's names are served: the server as `HOST:PORT`, the name of its zone, a key if it wants one.

    `others` are sub-domains within this one that are served there, too, and belong to other domains of ours.
    """

    server: str
    zone: str
    key: dns.tsig.Key | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ZoneComparison:
    """What differs: `missing` is what the old server lacks, `surplus` what only it has.

    `refused` counts what only it has since it was refused here, which is no difference to be told again. `serial` and
    `longest_ttl` (seconds) are those of the old server's zone, None where only samples were asked for.
    """

    method: str
    compared: int
    differences: Sequence[Difference] = ()
    truncated: bool = False
    serial: int | None = None
    longest_ttl: int | None = None
    refused: int = 0

    @property
    def agrees(self) -> bool:
        """Whether whoever asks gets the same from both."""
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        """For a report."""
        sampled = self.method != "transfer"
        return {
            "agrees": self.agrees,
            "method": self.method,
            "compared": self.compared,
            "counts": {kind.value: sum(each.kind is kind for each in self.differences) for kind in Kind},
            "refused": self.refused,
            "truncated": self.truncated,
            "old_serial": self.serial,
            "old_ttl_s": self.longest_ttl,
            "undetected_percent": round(100 * undetected_share(self.compared), 3) if sampled and self.agrees else None,
            "examples": [each.to_json() for each in self.differences[:EXAMPLES]],
        }


@dataclass(slots=True)
class _OldRecords(Selection):
    """The records of one sub-domain in a zone of the old server, as we would write them."""

    others: tuple[bytes, ...] = ()
    longest_ttl: int = field(default=0)

    def of(self, lines: Iterable[Line]) -> list[Line]:
        """Those of them that are compared."""
        every = list(lines)
        self.longest_ttl = max((self.longest_ttl, *(tail_parts(tail)[1] for _, tail in every)))
        apex = apex_of(self.zone)
        mine = [each for each in every if each[0].endswith(apex) and not each[0].endswith(self.others)]
        return [(owner, as_written_today(tail)) for owner, tail in Selection.of(self, mine)]


def compare_zone(
    database: Database,
    stored: StoredDomain,
    old: OldZone,
    *,
    refused: Collection[str] = (),
    samples: int = SAMPLES,
    seed: int = 0,
    progress: Progress = lambda _number: None,
) -> ZoneComparison:
    """Compare what a domain's names hold with what the old server answers for them; `samples` where it must.

    `refused` are names that aren't here by decision (`refused_names`). Raises TechnicalError where the server doesn't
    answer, ValidationError where our zone can't be rendered.
    """
    selection = _OldRecords(stored.domain.dns.zone, leave_apex=True, others=tuple(map(apex_of, old.others)))
    served = Fingerprints()
    with ZoneCopy(Source(old.server, old.zone, old.key)) as copy:
        try:
            copy.receive(lambda lines: served.add(selection.of(lines)), database.now().timestamp())
        except TransferRefusedError as error:
            return _sampled(database, stored, old, samples, seed, str(error))
        with database.read() as connection:
            compared = compare_copy(lambda: _rows(connection, stored), copy, served, selection, progress)
    told = [each for each in compared.differences if each.kind is not Kind.SURPLUS or each.owner not in refused]
    return ZoneComparison(
        "transfer",
        compared.wanted,
        _sorted(told),
        compared.truncated,
        copy.serial,
        selection.longest_ttl,
        len(compared.differences) - len(told),
    )


def refused_names(
    connection: Connection, move_id: int, stored: StoredDomain, sub_domains: Collection[str]
) -> frozenset[str]:
    """The names, relative to the zone, of what a move into a domain has refused of these sub-domains."""
    found, after = set[str](), None
    while page := move_ins.refusals(connection, move_id, _PAGE, after):
        after = page[-1]
        for each in page:
            if each.key.partition("/")[0] in sub_domains:
                with suppress(ValidationError):  # what can't have a name has none there either
                    found.update(_names(each, stored.domain.dns))
    return frozenset(found)


def _names(refusal: Refusal, profile: DnsProfile) -> Iterator[str]:
    match refusal.kind:
        case RecordKind.REGISTRATION:
            _, participant = participant_of(refusal.key)
            yield participant_owner(participant, profile.name_form)
            yield legacy_cname_owner(participant, profile.name_form)
        case RecordKind.PUBLISHER:
            yield publisher_owner(profile, refusal.key.partition("/")[2])
        case RecordKind.DNS_RECORD:
            yield dns_name_of(refusal.key)[1]


def _sampled(
    database: Database, stored: StoredDomain, old: OldZone, number: int, seed: int, why: str
) -> ZoneComparison:
    with database.read() as connection:
        rows = (row for row in _rows(connection, stored) if row[0] != APEX)
        chosen = choose(rows, number, seed)
    differences = ask_samples(old.server, stored.domain.dns.zone, chosen)
    return ZoneComparison(f"samples, since for the whole zone {why}", len(chosen), _sorted(differences))


def _sorted(differences: Iterable[Difference]) -> list[Difference]:
    return sorted(differences, key=lambda each: (each.owner, each.rdtype))


def _rows(connection: Connection, stored: StoredDomain) -> Iterator[tuple[str, str, str]]:
    """Our zone with all that is committed; aliases of NAPTR records are as if they were these themselves."""
    zone_id, profile = zone_id_of(stored), stored.domain.dns
    shared = dict(_shared(connection, zone_id, profile)) if profile.publisher_indirection else {}
    below = f".{profile.naptr_label}"
    with closing(zones.newest_state(connection, zone_id)) as state:
        for owner, rdtype, text in state:
            if shared and owner.endswith(below):
                continue
            if rdtype == "CNAME" and (naptr := shared.get(text.partition(" ")[2])) is not None:
                yield owner, "NAPTR", naptr
            else:
                yield owner, rdtype, text


def _shared(connection: Connection, zone_id: int, profile: DnsProfile) -> Iterator[tuple[str, str]]:
    """The NAPTR records of SMPs, by the absolute names that participants are aliases of."""
    below = f".{profile.naptr_label}"
    with closing(zones.newest_state(connection, zone_id)) as state:
        for owner, rdtype, text in state:
            if rdtype == "NAPTR" and owner.endswith(below):
                yield f"{owner}.{profile.zone}.", text
