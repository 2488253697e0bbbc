# SPDX-License-Identifier: Apache-2.0
"""Import and export: lenient in, strict out, a reason for every refusal, and a round trip."""

from dataclasses import replace
from pathlib import Path

import pytest

from registry.demo.content import demo_metadata
from registry.identifiers.url_form import service_path
from registry.metadata import Extension, ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.busdox import write_service_group, write_service_metadata
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.signing import sign_document
from registry.smp.exchange import TAKEN, Exporter, ImportedDocument, Importer, Verdict, file_name
from registry.storage.queries import service_groups, services
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance


@pytest.fixture
def metadata(pki) -> ServiceMetadata:
    return demo_metadata(pki.access_points)[0]


def run(offline: OfflineInstance, *paths: Path) -> list[ImportedDocument]:
    return list(Importer(offline.instance.publishing, offline.stored).run(ACTOR, paths))


def with_address(metadata: ServiceMetadata, address: str) -> ServiceMetadata:
    (group,) = metadata.process_metadata
    return replace(
        metadata, process_metadata=(replace(group, endpoints=(replace(group.endpoints[0], address=address),)),)
    )


def redirect_of(metadata: ServiceMetadata) -> ServiceMetadata:
    href = "https://other.example.org" + service_path(metadata.participant, metadata.document_type)
    return replace(metadata, process_metadata=(ProcessMetadata(redirect=Redirect(href, "CN=SMP_OTHER")),))


def published(offline: OfflineInstance, metadata: ServiceMetadata) -> ServiceMetadata:
    rules = offline.stored.domain.identifiers
    with offline.instance.database.read() as connection:
        group = service_groups.find(
            connection, offline.stored.id, metadata.participant.scheme, rules.participant_key(metadata.participant)
        )
        assert group is not None
        key = rules.document_type_key(metadata.document_type)
        row = services.find(connection, group.id, metadata.document_type.scheme, key)
        assert row is not None
        return services.load(connection, row.id, offline.clock.now)


def test_last_document_in_order_of_name_wins_and_the_report_says_so(
    offline: OfflineInstance, metadata: ServiceMetadata, tmp_path: Path
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    last = with_address(metadata, "https://b.example.org")
    (folder / "2.xml").write_bytes(write_service_metadata(last))
    (folder / "1.xml").write_bytes(write_service_metadata(metadata))
    first, second = run(offline, folder)
    assert (first.verdict, second.verdict) == (Verdict.SUPERSEDED, Verdict.CREATED)
    assert "2.xml" in first.reasons[0]
    assert published(offline, metadata) == last


def test_earlier_document_is_taken_where_the_last_one_can_t_be(
    offline: OfflineInstance, metadata: ServiceMetadata, tmp_path: Path
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "1.xml").write_bytes(write_service_metadata(metadata))
    bad = write_service_metadata(with_address(metadata, "https://x.example.org")).replace(
        b"https://x.example.org", b"nowhere"
    )
    (folder / "2.xml").write_bytes(bad)
    first, second = run(offline, folder)
    assert (first.verdict, second.verdict) == (Verdict.CREATED, Verdict.REFUSED)
    assert "SMP-ENDPOINT-URL" in second.reasons[0]


@pytest.mark.parametrize("names", [("1.xml", "2.xml"), ("2.xml", "1.xml")])
def test_redirect_never_replaces_service_metadata(
    offline: OfflineInstance, metadata: ServiceMetadata, tmp_path: Path, names: tuple[str, str]
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / names[0]).write_bytes(write_service_metadata(metadata))
    (folder / names[1]).write_bytes(write_service_metadata(redirect_of(metadata)))
    by_name = {Path(result.source).name: result for result in run(offline, folder)}
    assert by_name[names[0]].verdict is Verdict.CREATED
    assert by_name[names[1]].verdict is Verdict.LEFT_OUT
    assert run(offline, folder / names[1])[0].verdict is Verdict.LEFT_OUT, "nor later, by itself"
    assert published(offline, metadata).redirect is None


def test_redirect_takes_its_ids_from_its_href(
    offline: OfflineInstance, metadata: ServiceMetadata, tmp_path: Path
) -> None:
    file = tmp_path / "redirect.xml"
    file.write_bytes(write_service_metadata(redirect_of(metadata)))
    (result,) = run(offline, file)
    assert result.verdict is Verdict.CREATED
    assert result.participant == str(metadata.participant)
    redirect = published(offline, metadata).redirect
    assert redirect is not None
    assert redirect.certificate_uid == "CN=SMP_OTHER"


def test_broken_signature_is_refused_unless_told_otherwise(
    offline: OfflineInstance, metadata: ServiceMetadata, tmp_path: Path
) -> None:
    file = tmp_path / "document.xml"
    signed = sign_document(write_service_metadata(metadata), offline.pki.smp, BUSDOX)
    file.write_bytes(signed.replace(b"demo.example", b"evil.example"))
    assert run(offline, file)[0].verdict is Verdict.REFUSED
    careless = Importer(offline.instance.publishing, offline.stored, check_signatures=False)
    assert [result.verdict for result in careless.run(ACTOR, [file])] == [Verdict.CREATED]


def test_intact_signature_is_noted(offline: OfflineInstance, metadata: ServiceMetadata, tmp_path: Path) -> None:
    file = tmp_path / "document.xml"
    file.write_bytes(sign_document(write_service_metadata(metadata), offline.pki.smp, BUSDOX))
    (result,) = run(offline, file)
    assert result.verdict is Verdict.CREATED
    assert any("intact" in note for note in result.notes)


def test_file_that_is_no_document_is_refused_and_the_rest_is_taken(
    offline: OfflineInstance, metadata: ServiceMetadata, tmp_path: Path
) -> None:
    folder = tmp_path / "documents"
    (folder / "below").mkdir(parents=True)
    (folder / "a.xml").write_text("no XML")
    (folder / "b.xml").write_bytes(b"\x00" * 3_000_000)
    (folder / "c.txt").write_text("not looked at")
    (folder / "below" / "d.xml").write_bytes(write_service_metadata(metadata))
    verdicts = {Path(result.source).name: result.verdict for result in run(offline, folder)}
    assert verdicts == {"a.xml": Verdict.REFUSED, "b.xml": Verdict.REFUSED, "d.xml": Verdict.CREATED}


def test_second_import_of_the_same_changes_nothing(
    offline: OfflineInstance, metadata: ServiceMetadata, tmp_path: Path
) -> None:
    file = tmp_path / "document.xml"
    file.write_bytes(write_service_metadata(metadata))
    run(offline, file)
    assert [result.verdict for result in run(offline, file)] == [Verdict.UNCHANGED]


def test_what_is_exported_can_be_imported_elsewhere(
    offline: OfflineInstance, pki, metadata: ServiceMetadata, tmp_path: Path
) -> None:
    documents = demo_metadata(pki.access_points)
    group = ServiceGroup(metadata.participant, extensions=(Extension(b"<a xmlns='urn:a'>&#13;</a>"),))
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, group)
    for item in documents:
        offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, item, create_group=True)
    folder = tmp_path / "export"
    written = list(Exporter(offline.instance.database, offline.instance.signer, offline.stored).run(folder))
    assert all(not item.reasons for item in written)
    assert len(written) == len(documents) + len({item.participant for item in documents})
    with offline_instance(tmp_path / "other", pki) as other:
        results = run(other, folder)
        assert {result.verdict for result in results} <= TAKEN
        assert [published(other, item) for item in documents] == documents
        with other.instance.database.read() as connection:
            key = other.stored.domain.identifiers.participant_key(metadata.participant)
            row = service_groups.find(connection, other.stored.id, metadata.participant.scheme, key)
        assert row is not None
        assert row.extensions[0].content == group.extensions[0].content


def test_service_group_document_brings_no_services_along(
    offline: OfflineInstance, metadata: ServiceMetadata, tmp_path: Path
) -> None:
    file = tmp_path / "group.xml"
    group = ServiceGroup(metadata.participant, (metadata.document_type,))
    file.write_bytes(write_service_group(group, "https://elsewhere.example.org"))
    (result,) = run(offline, file)
    assert result.verdict is Verdict.CREATED
    with offline.instance.database.read() as connection:
        (row,) = service_groups.page(connection, offline.stored.id, 0, 10)
        assert service_groups.document_types(connection, row.id) == ()


def test_file_names_are_short_and_differ_where_identifiers_do() -> None:
    long = ["x" * 500 + end for end in "ab"]
    names = [file_name(identifier) for identifier in [*long, "a/b", "a:b"]]
    assert len(set(names)) == 4
    assert all(len(name) <= 200 and "/" not in name for name in names)
