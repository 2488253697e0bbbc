# SPDX-License-Identifier: Apache-2.0
"""An import takes the operator's records, by a plan; what registration and settings make is compared, never written."""

import pytest

from registry.dns.journal import NewState
from registry.dns.master_files.importing import ImportPlan, apply_import, plan_import
from registry.dns.master_files.reading import read_master_file
from registry.dns.master_files.writing import master_file
from registry.dns.zone_records import ZoneRecords
from registry.errors import ConflictError, ValidationError
from registry.storage.queries import zones
from tests.simulators.audit import all_events
from tests.simulators.offline import ACTOR
from tests.simulators.served_zones import Zone

PARTICIPANT = "a" * 52
HELD = 'mail 60 A 192.0.2.1\nalias 60 CNAME mail.sml.test.\ntext 60 TXT "one"\n'


@pytest.fixture
def own(zone: Zone) -> Zone:
    """The operator has three record sets, a participant one."""
    applied(zone, HELD)
    zone.change(NewState(PARTICIPANT, "NAPTR", '60 100 10 "U" "Meta:SMP" "!.*!https://smp.example!" .'))
    return zone


def planned(zone: Zone, text: str, *, remove: bool = False) -> ImportPlan:
    stored = zone.offline.stored
    return plan_import(zone.database, stored, read_master_file(text, zone.name), remove=remove)


def applied(zone: Zone, text: str, *, remove: bool = False, max_percent: float = 30) -> int:
    records = ZoneRecords(zone.database, zone.journal)
    return apply_import(records, ACTOR, zone.offline.stored, planned(zone, text, remove=remove), max_percent)


def held(zone: Zone, owner: str, rdtype: str) -> str | None:
    with zone.database.read() as connection:
        return zones.rrset_texts(connection, zone.id, [(owner, rdtype)]).get((owner, rdtype))


def test_plan_tells_new_changed_and_same(own: Zone) -> None:
    plan = planned(own, 'mail 60 A 192.0.2.1\ntext 60 TXT "two"\nnew 60 TXT "x"\n')
    assert [each.owner for each in plan.added] == ["new"]
    assert [each.owner for each in plan.changed] == ["text"]
    assert (plan.same, plan.removed, plan.held) == (1, [], 3)
    assert held(own, "new", "TXT") is None


def test_import_is_what_the_plan_says_and_the_second_time_nothing(own: Zone) -> None:
    text = 'mail 60 A 192.0.2.1\ntext 60 TXT "two"\nnew 60 TXT "x"\n'
    assert applied(own, text) == 2
    assert (held(own, "new", "TXT"), held(own, "text", "TXT")) == ('60 "x"', '60 "two"')
    assert held(own, "alias", "CNAME") is not None
    events = len(all_events(own.database))
    assert applied(own, text) == 0
    assert len(all_events(own.database)) == events


def test_what_the_file_does_not_have_goes_only_where_that_is_said(own: Zone) -> None:
    assert applied(own, "mail 60 A 192.0.2.1\n", remove=True) == 2
    assert held(own, "alias", "CNAME") is None
    assert held(own, PARTICIPANT, "NAPTR") is not None


def test_name_may_become_an_alias_in_one_step(own: Zone) -> None:
    assert applied(own, "text 60 CNAME mail.sml.test.\nmail 60 A 192.0.2.1\n", remove=True) == 3
    assert held(own, "text", "CNAME") == "60 mail.sml.test."
    assert held(own, "text", "TXT") is None


def test_names_of_participants_and_smps_and_the_apex_are_compared_and_not_written(own: Zone) -> None:
    other = "b" * 52
    text = f"""
@ 3600 SOA ns1.elsewhere.test. h.elsewhere.test. 5 1 1 1 1
@ 3600 NS ns1.elsewhere.test.
{PARTICIPANT} 60 NAPTR 100 10 "U" "Meta:SMP" "!.*!https://smp.example!" .
{other} 60 NAPTR 100 10 "U" "Meta:SMP" "!.*!https://other.example!" .
smp-9.publisher 60 CNAME smp.example.
n1 60 TXT "of nobody"
a 60 RRSIG A 13 3 60 20300101000000 20200101000000 1 sml.test. AAAA
"""
    plan = planned(own, text)
    assert plan.is_empty
    assert plan.agreeing == 1
    assert set(plan.differing) == {
        ("@", "SOA"),
        ("@", "NS"),
        (other, "NAPTR"),
        ("smp-9.publisher", "CNAME"),
        ("n1", "TXT"),
    }
    assert plan.by_signers == 1
    serial = own.row.serial
    assert applied(own, text) == 0
    own.publisher.tick(serve=False)
    assert own.row.serial == serial


def test_export_imported_again_changes_nothing(own: Zone) -> None:
    with master_file(own.database, own.name) as content:
        text = "".join(content.lines)
    plan = planned(own, text, remove=True)
    assert plan.is_empty
    assert (plan.same, plan.differing, plan.lacking) == (3, [], 0)


def test_all_that_cannot_be_in_the_zone_is_told_at_once_and_nothing_written(own: Zone) -> None:
    text = "x.other.test. 60 A 192.0.2.1\nns 60 DNSKEY 256 3 13 AAAA\nloc 60 LOC 52 N 4 E 0m\nfine 60 TXT x\n"
    with pytest.raises(ValidationError) as caught:
        planned(own, text)
    assert [reason.id for reason in caught.value.reasons] == ["ZONE-RECORD-OUTSIDE", "ZONE-RECORD-TYPE"]
    assert held(own, "fine", "TXT") is None


def test_rules_of_all_records_together_hold(own: Zone) -> None:
    with pytest.raises(ValidationError, match="something beside its CNAME"):
        applied(own, "text 60 CNAME mail.sml.test.\n")
    assert held(own, "text", "CNAME") is None


def test_more_than_the_allowed_share_is_refused(own: Zone) -> None:
    many = "".join(f'r{number} 60 TXT "x"\n' for number in range(30))
    applied(own, many + HELD)
    with pytest.raises(ConflictError, match=r"more than 30 % .* \(30 of 33\)"):
        applied(own, HELD, remove=True)
    assert applied(own, HELD, remove=True, max_percent=100) == 30
