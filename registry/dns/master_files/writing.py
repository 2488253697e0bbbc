# SPDX-License-Identifier: Apache-2.0
"""Writes a zone as a master file (RFC 1035 §5) in canonical order (RFC 4034 §6.1), so that two files can be compared.

The SOA comes first, as readers of such files want it; then by name, type and rdata (RFC 4034 §6.3). Every line stands
for itself: absolute name, TTL, class. What has no serial yet is left out, since the file says which version it is. The
zone is sorted in parts that wait in files, so memory doesn't grow with it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache

import dns.name

from registry.dns.records import RRset
from registry.dns.wire import name_to_wire, rdata_to_wire, type_code
from registry.dns.zone_reader import absolute
from registry.errors import NotFoundError
from registry.scratch import SortedRows
from registry.storage.engine import Database
from registry.storage.queries import zones
from registry.storage.queries.zones import ZoneRow
from registry.storage.unit_of_work import Connection

_TOGETHER = 10_000
_PLAIN = re.compile(r"[A-Za-z0-9_*.-]+")
_SERIAL = 2  # its place in the rdata of an SOA


@dataclass(frozen=True, slots=True)
class MasterFile:
    """A zone's version `serial`; `waiting` changes are committed and not in it. `lines` end in newlines."""

    zone: str
    serial: int
    waiting: int
    lines: Iterator[str]


@contextmanager
def master_file(
    database: Database, name: str, progress: Callable[[int], None] = lambda _: None
) -> Iterator[MasterFile]:
    """A zone, to be written inside of the block; `progress` is told how many record sets were read.

    Raises NotFoundError for a zone that isn't here, TechnicalError where there is no room for temporary files.
    """
    with SortedRows() as rows:
        with database.read() as connection:
            row = _row(connection, name)
            waiting = zones.unstamped(connection, row.id)
            with closing(zones.state(connection, row.id)) as state:
                for number, (owner, rdtype, text) in enumerate(state, 1):
                    rows.add((canonical_key(owner), _type_key(rdtype), owner, rdtype, text))
                    if number % _TOGETHER == 0:
                        progress(number)
        sets = ((owner, rdtype, text) for *_, owner, rdtype, text in rows)
        yield MasterFile(row.name, row.serial, waiting, _lines(row, sets))


def _row(connection: Connection, name: str) -> ZoneRow:
    rows = zones.all_zones(connection)
    found = next((row for row in rows if row.name == name.rstrip(".").lower()), None)
    if found is None:
        raise NotFoundError(f"there is no zone {name} here (known: {', '.join(row.name for row in rows) or 'none'})")
    return found


def _lines(row: ZoneRow, sets: Iterator[tuple[str, str, str]]) -> Iterator[str]:
    yield f"; {row.name}. version {row.serial}\n"
    for owner, rdtype, text in sets:
        name = _shown(absolute(owner, row.name))
        for ttl, rdata in _sorted_rdatas(rdtype, text):
            shown = rdata
            if rdtype == "SOA":
                parts = rdata.split(" ")
                shown = " ".join([*parts[:_SERIAL], str(row.serial), *parts[_SERIAL + 1 :]])
            yield f"{name}\t{ttl}\tIN\t{rdtype}\t{shown}\n"


def canonical_key(owner: str) -> str:
    """What sorts owners as RFC 4034 §6.1 sorts names: by their labels from the right, octet by octet.

    A character stands for an octet; the two least ones are escaped, and the least one separates labels.
    """
    if "\\" not in owner and owner.isascii():
        labels = [] if owner == "@" else owner.lower().split(".")
    else:
        labels = [label.decode("latin-1") for label in _labels(name_to_wire(owner))]
    return "\x00".join(label.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01") for label in reversed(labels))


def _labels(wire: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(wire):
        yield wire[at + 1 : at + 1 + wire[at]]
        at += 1 + wire[at]


@lru_cache(maxsize=256)
def _type_key(rdtype: str) -> str:
    return "" if rdtype == "SOA" else f"{int.from_bytes(type_code(rdtype)):05}"


@lru_cache(maxsize=8192)  # all participants of an SMP have the same text
def _sorted_rdatas(rdtype: str, text: str) -> list[tuple[int, str]]:
    rrset = RRset.from_text("", rdtype, text)
    return [(rrset.ttl, rdata) for rdata in sorted(rrset.rdatas, key=lambda rdata: rdata_to_wire(rdtype, rdata))]


def _shown(name: str) -> str:
    """A name as a reader of master files understands it, whatever is in its labels."""
    return name if _PLAIN.fullmatch(name) else dns.name.from_text(name).to_text()
