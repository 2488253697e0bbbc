# SPDX-License-Identifier: Apache-2.0
"""Imports of exports and of mixed folders: order, overlaps, what is left out, and nothing that stops the rest."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.identifiers.url_form import service_path
from registry.metadata import Extension, ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.bdxr2.dialect import BDXR2
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.exchange import TAKEN, Importer, Verdict
from registry.smp.exchange.json_lines import JsonLinesWriter, line_of
from registry.smp.publishing import Publishing
from registry.storage.queries import service_groups
from registry.storage.rehearsal import RehearsalDatabase
from tests.simulators.exchange import export_lines, import_into
from tests.simulators.offline import ACTOR, OfflineInstance

OpenInstance = Callable[..., OfflineInstance]
PHOSS = """<smp-data version="1.0"><servicegroup ownerid="admin">
  <participant scheme="iso6523-actorid-upis" value="9915:phoss"/>{content}</servicegroup>{after}</smp-data>"""
CARD = """<businesscard servicegroupid="iso6523-actorid-upis::9915:{value}">
  <entity country="BE"><name name="Example"/></entity></businesscard>"""


@pytest.fixture
def metadata(pki: DemoPki) -> ServiceMetadata:
    return demo_metadata(pki.access_points)[0]


def redirect_of(metadata: ServiceMetadata) -> ServiceMetadata:
    href = "https://other.example.org" + service_path(metadata.participant, metadata.document_type)
    return replace(metadata, process_metadata=(ProcessMetadata(redirect=Redirect(href, "CN=SMP_OTHER")),))


def lines(file: Path, *services: ServiceMetadata) -> Path:
    with JsonLinesWriter(file) as out:
        for service in services:
            out.write(line_of(ServiceGroup(service.participant), [service]))
    return file


def test_phoss_export_is_published_with_its_business_cards(tmp_path: Path, open_instance: OpenInstance) -> None:
    target = open_instance()
    file = tmp_path / "export.xml.gz"
    cards = CARD.format(value="phoss") + CARD.format(value="nobody")
    extension = '<extension>[{"Any":"&lt;a xmlns=\'urn:a\'>&amp;#13;&lt;/a>"}]</extension>'
    file.write_bytes(gzip.compress(PHOSS.format(content=extension, after=cards).encode()))
    group, card, other = import_into(target, file)
    assert [item.verdict for item in (group, card, other)] == [Verdict.CREATED, Verdict.CREATED, Verdict.REFUSED]
    assert [item.kind for item in (group, card, other)] == ["service_group", "business_card", "business_card"]
    assert "ownerid" in group.notes[0]
    assert "has no service group" in other.reasons[0]
    with target.instance.database.read() as connection:
        (row,) = service_groups.page(connection, target.stored.id, 0, 10)
    assert row.extensions == (Extension(b"<a xmlns='urn:a'>&#13;</a>"),)


def test_business_cards_are_left_out_where_nobody_takes_them(tmp_path: Path, open_instance: OpenInstance) -> None:
    target = open_instance()
    file = tmp_path / "export.xml"
    file.write_text(PHOSS.format(content="", after=CARD.format(value="phoss")))
    results = list(Importer(target.instance.publishing, target.stored).run(ACTOR, [file]))
    assert [item.verdict for item in results] == [Verdict.CREATED, Verdict.LEFT_OUT]


def test_redirect_in_an_export_never_replaces_service_metadata(
    tmp_path: Path, open_instance: OpenInstance, metadata: ServiceMetadata
) -> None:
    target = open_instance()
    results = import_into(target, lines(tmp_path / "a.jsonl", metadata, redirect_of(metadata)))
    assert [item.verdict for item in results if item.document_type] == [Verdict.CREATED, Verdict.LEFT_OUT]


def test_later_line_replaces_an_earlier_one(
    tmp_path: Path, open_instance: OpenInstance, metadata: ServiceMetadata
) -> None:
    target = open_instance()
    (entry,) = metadata.process_metadata
    later = replace(
        metadata,
        process_metadata=(replace(entry, endpoints=(replace(entry.endpoints[0], address="https://b.example.org"),)),),
    )
    results = import_into(target, lines(tmp_path / "a.jsonl", metadata, later))
    assert [item.verdict for item in results if item.document_type] == [Verdict.CREATED, Verdict.UPDATED]
    alone = open_instance()
    import_into(alone, lines(tmp_path / "b.jsonl", later))
    assert export_lines(target, tmp_path / "c.jsonl") == export_lines(alone, tmp_path / "d.jsonl")


def test_document_that_keeps_the_spelling_wins_over_one_in_lower_case(
    tmp_path: Path, open_instance: OpenInstance, pki: DemoPki
) -> None:
    target = open_instance("busdox", "bdxr2")
    document = demo_metadata(pki.access_points)[3]
    assert str(document.participant).endswith("Test-Hospital")
    folded = replace(document, participant=replace(document.participant, value=document.participant.value.lower()))
    (tmp_path / "1.xml").write_bytes(BUSDOX.write_service_metadata(document))
    (tmp_path / "2.xml").write_bytes(BDXR2.write_service_metadata(folded))
    first, second = import_into(target, tmp_path)
    assert (first.verdict, second.verdict) == (Verdict.CREATED, Verdict.SUPERSEDED)
    assert "keeps the spelling" in second.reasons[0]


def test_two_dialects_in_one_document_are_refused(
    tmp_path: Path, open_instance: OpenInstance, metadata: ServiceMetadata
) -> None:
    busdox = BUSDOX.write_service_metadata(metadata)
    mixed = busdox.replace(
        b"http://busdox.org/serviceMetadata/publishing/1.0/", b"http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
    )
    (tmp_path / "1.xml").write_bytes(mixed)
    (tmp_path / "2.xml").write_bytes(busdox + busdox.split(b"?>")[1])
    assert {item.verdict for item in import_into(open_instance(), tmp_path)} == {Verdict.REFUSED}


def test_file_that_breaks_off_keeps_what_came_before_and_stops_nothing_else(
    tmp_path: Path, open_instance: OpenInstance, pki: DemoPki
) -> None:
    documents = demo_metadata(pki.access_points)
    target = open_instance()
    broken = tmp_path / "1.jsonl"
    lines(broken, *documents[:2])
    broken.write_bytes(broken.read_bytes()[:-20])
    (tmp_path / "2.xml").write_text(PHOSS.format(content="", after="<!DOCTYPE x>"))
    (tmp_path / "3.jsonl.gz").write_bytes(b"no gzip")
    lines(tmp_path / "4.jsonl", documents[3])
    results = import_into(target, tmp_path)
    by_file = {name: [item for item in results if name in item.source] for name in ("1.", "2.", "3.", "4.")}
    assert [item.verdict in TAKEN for item in by_file["1."]] == [True, True, False]
    assert [item.verdict in TAKEN for item in by_file["2."]] == [False]
    assert [item.verdict in TAKEN for item in by_file["3."]] == [False]
    assert [item.verdict in TAKEN for item in by_file["4."]] == [True, True]


def test_extension_of_ten_megabytes_is_refused_and_the_rest_is_taken(
    tmp_path: Path, open_instance: OpenInstance, metadata: ServiceMetadata
) -> None:
    large = Extension(b"<a xmlns='urn:a'>" + b"x" * 10_000_000 + b"</a>")
    with JsonLinesWriter(tmp_path / "a.jsonl") as out:
        out.write(line_of(ServiceGroup(metadata.participant, extensions=(large,)), [metadata]))
    group, service = import_into(open_instance(), tmp_path / "a.jsonl")
    assert group.verdict is Verdict.REFUSED
    assert "bytes" in group.reasons[0]
    assert service.verdict is Verdict.CREATED


def test_rehearsal_tells_what_an_import_would_do_and_leaves_nothing(
    tmp_path: Path, open_instance: OpenInstance, metadata: ServiceMetadata
) -> None:
    target = open_instance()
    instance = target.instance
    rehearsal = Publishing(RehearsalDatabase(instance.database), instance.registrar, instance.trust_models.of)
    file = lines(tmp_path / "a.jsonl", metadata, replace(metadata, process_metadata=()))

    def planned() -> list[Verdict]:
        return [item.verdict for item in Importer(rehearsal, target.stored).run(ACTOR, [file])]

    new = [Verdict.CREATED, Verdict.CREATED, Verdict.CREATED, Verdict.REFUSED]
    assert [planned(), planned()] == [new, new]
    assert export_lines(target, tmp_path / "empty.jsonl").count(b"\n") == 1
    import_into(target, file)
    assert planned() == [Verdict.UNCHANGED, Verdict.UNCHANGED, Verdict.UNCHANGED, Verdict.REFUSED]
