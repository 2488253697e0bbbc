# SPDX-License-Identifier: Apache-2.0
"""Master files have the published version of a zone in canonical order, and say again what the zone says."""

import dns.name
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.journal import NewState
from registry.dns.master_files.reading import read_master_file
from registry.dns.master_files.writing import canonical_key, master_file
from registry.dns.records import RRset
from registry.errors import NotFoundError
from registry.storage.queries import zones
from tests.simulators.offline import ACTOR
from tests.simulators.served_zones import Zone

LABEL = st.binary(min_size=1, max_size=5).map(lambda octets: dns.name.Name([octets]).to_text())
OWNER = st.lists(LABEL, min_size=0, max_size=3).map(lambda labels: ".".join(labels) or "@")
ODD = ("two words", "quo\\034te", "semi;colon", "dollar$", "at@", "(bracket)", "*.wild", "UPPER", "b\\.dot", "\\000nul")


def written(zone: Zone) -> str:
    with master_file(zone.database, zone.name) as content:
        return "".join(content.lines)


@given(st.lists(OWNER, max_size=12))
def test_order_is_that_of_names_in_rfc_4034(owners: list[str]) -> None:
    """§6.1, as dnspython has it; its names compare in that order."""
    names = [dns.name.from_text(owner, dns.name.root) if owner != "@" else dns.name.root for owner in owners]
    ours = sorted(range(len(owners)), key=lambda place: (canonical_key(owners[place]), place))
    theirs = sorted(range(len(owners)), key=lambda place: (names[place].canonicalize(), place))
    assert ours == theirs


def test_example_of_rfc_4034_is_in_its_order() -> None:
    """§6.1: the owner names of the example."""
    owners = ["@", "a", r"yljkjljk.a", "Z.a", "zABC.a", "z", r"\001.z", "*.z", r"\200.z"]
    keys = [canonical_key(owner) for owner in owners]
    assert keys == sorted(keys)


def test_file_is_what_others_read_as_the_zone(zone: Zone) -> None:
    zone.change(
        *(NewState(owner, "TXT", '60 "x;y" "z \\"q\\""') for owner in ("a.b", "b", "*.c")),
        NewState("two", "A", "60 192.0.2.10\n60 192.0.2.9"),
    )
    text = written(zone)
    read = dns.zone.from_text(text, zone.name, relativize=False)
    records = {
        (name.to_text(), rdataset.ttl, rdata.to_text())
        for name, rdataset in read.iterate_rdatasets()
        for rdata in rdataset
    }
    assert records == {
        (owner, ttl, rdata.lower() if rdtype == "SOA" else rdata) for owner, ttl, rdtype, rdata in zone.served()
    }
    assert text.splitlines()[1].split("\t")[3] == "SOA"
    assert text.index("192.0.2.9") < text.index("192.0.2.10")


@pytest.mark.parametrize("owner", ODD)
def test_file_is_read_back_identically_whatever_names_hold(zone: Zone, owner: str) -> None:
    zone.change(NewState(owner, "TXT", '60 "x"'))
    found = {(each.owner, each.rdtype): each for each in read_master_file(written(zone), zone.name)}
    with zone.database.read() as connection:
        for held, rdtype, text in zones.state(connection, zone.id):
            wanted = RRset.from_text(held, rdtype, text)
            name = "@" if held == "@" else dns.name.from_text(held, None).to_text().lower()
            if rdtype != "SOA":
                assert found.pop((name, rdtype)) == RRset(name, rdtype, wanted.ttl, wanted.rdatas)
    assert list(found) == [("@", "SOA")]


def test_what_has_no_serial_is_not_in_the_version(zone: Zone) -> None:
    with zone.database.write(ACTOR) as work:
        zone.journal.write(work, zone.id, [NewState("n1", "TXT", '60 "later"')])
    with master_file(zone.database, zone.name) as content:
        assert (content.serial, content.waiting) == (zone.row.serial, 1)
        assert "later" not in "".join(content.lines)


def test_two_files_of_one_version_are_the_same(zone: Zone) -> None:
    assert written(zone) == written(zone)


def test_unknown_zone_is_named(zone: Zone) -> None:
    with pytest.raises(NotFoundError, match=zone.name), master_file(zone.database, "other.test"):
        pass
