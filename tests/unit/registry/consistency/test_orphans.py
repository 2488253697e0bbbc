# SPDX-License-Identifier: Apache-2.0
"""What only some of SMP, SML, DNS and directory know of, and how the directory is put right."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.consistency.findings import Kind
from registry.consistency.orphans import correct, find_orphans, findings_csv
from registry.demo.pki import DemoPki
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.metadata import ServiceGroup
from registry.sml.model import Publisher
from tests.simulators.directory_office import DirectoryOffice, directory_office
from tests.simulators.offline import ACTOR


@pytest.fixture
def office(tmp_path: Path, pki: DemoPki) -> Iterator[DirectoryOffice]:
    with directory_office(tmp_path, pki) as made:
        yield made


def who(value: str) -> ParticipantIdentifier:
    return ParticipantIdentifier(ISO6523, value)


def found(office: DirectoryOffice, *listed: ParticipantIdentifier) -> set[tuple[Kind, str]]:
    with find_orphans(office.offline.instance.database, office.stored, listed) as findings:
        return {(each.kind, each.subject) for each in findings}


def test_where_all_agree_nothing_is_found(office: DirectoryOffice) -> None:
    one = office.publish("0088:one")
    office.push()
    assert found(office, one) == set()


def test_each_kind_of_orphan_is_found(office: DirectoryOffice) -> None:
    missing, unregistered = office.publish("0088:missing"), office.publish("0088:unregistered")
    cardless = who("0088:cardless")
    sml, caller = office.offline.instance.sml, office.offline.caller()
    office.offline.instance.publishing.put_service_group(ACTOR, office.stored, ServiceGroup(cardless))
    sml.delete_participants(caller, office.stored.domain.smp.smp_id, [unregistered])
    sml.create_publisher(caller, Publisher("OTHER", "https://other.example/", "192.0.2.1"))
    elsewhere = who("0088:elsewhere")
    sml.create_participants(caller, "OTHER", [elsewhere])
    stranger = who("0088:stranger")
    assert found(office, unregistered, cardless, elsewhere, stranger) == {
        (Kind.DIRECTORY_MISSING, str(missing)),
        (Kind.GROUP_UNREGISTERED, str(unregistered)),
        (Kind.DIRECTORY_SURPLUS, str(unregistered)),
        (Kind.DIRECTORY_SURPLUS, str(cardless)),
        (Kind.DIRECTORY_UNREGISTERED, str(stranger)),
    }


def test_the_spelling_of_the_directory_does_not_matter(office: DirectoryOffice) -> None:
    office.publish("0088:One")
    assert found(office, who("0088:ONE")) == set()


def test_the_directory_is_put_right_by_telling_it(office: DirectoryOffice) -> None:
    lost, kept = office.publish("0088:lost"), office.publish("0088:kept")
    office.push()
    surplus = who("0088:surplus")
    office.offline.instance.publishing.put_service_group(ACTOR, office.stored, ServiceGroup(surplus))
    stranger = who("0088:stranger")
    office.directory.held = {str(each): b"" for each in (kept, surplus, stranger)}
    listed = [kept, surplus, stranger]
    with find_orphans(office.offline.instance.database, office.stored, listed) as findings:
        assert correct(office.offline.instance.database, ACTOR, office.stored, findings) == 2
    office.push()
    assert set(office.directory.held) == {str(lost), str(kept), str(stranger)}
    assert office.entry(surplus) is None


def test_no_cell_of_the_table_is_a_formula() -> None:
    lines = list(findings_csv([{"kind": "directory-missing", "subject": "=cmd()", "wanted": None, "found": "@x"}]))
    assert lines == ["kind,subject,wanted,found\r\n", "directory-missing,'=cmd(),,'@x\r\n"]


def test_a_report_lists_a_bounded_part_and_counts_all(office: DirectoryOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.consistency.orphans.LISTED", 2)
    for number in range(4):
        office.publish(f"0088:{number}")
    with find_orphans(office.offline.instance.database, office.stored, []) as findings:
        report = findings.report()
    assert report["counts"] == {"directory-missing": 4}
    assert len(report["findings"]) == 2
