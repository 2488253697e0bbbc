# SPDX-License-Identifier: Apache-2.0
"""Out and in again: an export that is imported into an empty instance and exported there is the same, byte for byte."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.smp.business_cards import BusinessCards
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName
from registry.smp.exchange import TAKEN, Exporter, Verdict
from tests.simulators import smp_models
from tests.simulators.exchange import export_lines, import_into
from tests.simulators.offline import ACTOR, OfflineInstance

OpenInstance = Callable[..., OfflineInstance]

EXTENSION = st.lists(smp_models.extensions(["urn:a", "urn:b"]), max_size=1).map(tuple)
VALUES = st.text("abcXYZ019-._~", min_size=1, max_size=6)


@st.composite
def sources(draw: st.DrawFn) -> list[tuple[ServiceGroup, list[ServiceMetadata]]]:
    """A few participants with anything in their metadata that a domain may publish."""
    values = draw(st.lists(VALUES, min_size=1, max_size=3, unique_by=str.lower))
    return [_participant(draw, ParticipantIdentifier(ISO6523, f"9915:{value}")) for value in values]


def _participant(draw: st.DrawFn, participant: ParticipantIdentifier) -> tuple[ServiceGroup, list[ServiceMetadata]]:
    types = draw(st.lists(VALUES, max_size=2, unique_by=str.lower))
    services = [
        replace(
            _publishable(draw(smp_models.service_metadata(EXTENSION))),
            participant=participant,
            document_type=DocumentTypeIdentifier("busdox-docid-qns", f"urn:a::{value}##c::1"),
        )
        for value in types
    ]
    return ServiceGroup(participant, extensions=draw(EXTENSION)), services


def _publishable(metadata: ServiceMetadata) -> ServiceMetadata:
    """The same with identifiers and addresses that a domain allows; all else may be anything."""
    return replace(
        metadata,
        process_metadata=tuple(
            replace(
                entry,
                processes=tuple(
                    replace(process, identifier=ProcessIdentifier("cenbii-procid-ubl", f"urn:p:{number}"))
                    for process in entry.processes
                ),
                endpoints=tuple(
                    replace(item, transport_profile=f"t-{place}", address=f"https://ap.example.org/{number}")
                    for place, item in enumerate(entry.endpoints)
                ),
            )
            for number, entry in enumerate(metadata.process_metadata)
        ),
    )


def publish(target: OfflineInstance, said: list[tuple[ServiceGroup, list[ServiceMetadata]]]) -> None:
    """Publish all of this."""
    publishing = target.instance.publishing
    for group, services in said:
        publishing.put_service_group(ACTOR, target.stored, group)
        for service in services:
            publishing.put_service_metadata(ACTOR, target.stored, service)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=sources())
def test_any_domain_comes_back_from_json_lines_as_the_same_bytes(
    said: list[tuple[ServiceGroup, list[ServiceMetadata]]],
    tmp_path: Path,
    open_instance: OpenInstance,
) -> None:
    source, target = open_instance(), open_instance()
    publish(source, said)
    lines = export_lines(source, tmp_path / "out.jsonl")
    assert lines.count(b"\n") == 1 + len(said)
    assert {result.verdict for result in import_into(target, tmp_path / "out.jsonl")} == {Verdict.CREATED}
    assert export_lines(target, tmp_path / "again.jsonl") == lines
    assert {result.verdict for result in import_into(target, tmp_path / "out.jsonl")} == {Verdict.UNCHANGED}


@pytest.mark.parametrize("dialects", [("busdox",), ("bdxr1",), ("bdxr2",), ("bdxr1", "bdxr2")])
def test_corpus_comes_back_from_json_lines_as_the_same_bytes(
    corpus: Path, tmp_path: Path, open_instance: OpenInstance, dialects: tuple[str, ...]
) -> None:
    source, target = open_instance(*dialects), open_instance(*dialects)
    import_into(source, corpus / "smp" / "samples", corpus / "smp" / "samples-generated")
    lines = export_lines(source, tmp_path / "out.jsonl.gz")
    results = import_into(target, tmp_path / "out.jsonl.gz")
    assert len(results) > 20
    assert {result.verdict for result in results} == {Verdict.CREATED}
    assert export_lines(target, tmp_path / "again.jsonl.gz") == lines


@pytest.mark.parametrize("dialects", [("busdox",), ("bdxr1",), ("bdxr2",), ("bdxr1", "bdxr2"), ("busdox", "bdxr2")])
def test_corpus_comes_back_from_documents(
    corpus: Path, tmp_path: Path, open_instance: OpenInstance, dialects: tuple[str, ...]
) -> None:
    source, target = open_instance(*dialects), open_instance(*dialects)
    import_into(source, corpus / "smp" / "samples", corpus / "smp" / "samples-generated")
    exporter = Exporter(source.instance.database, source.instance.signer, source.stored)
    written = list(exporter.run(tmp_path / "out"))
    assert not [item for item in written if item.reasons]
    folders = {path.name for path in (tmp_path / "out").iterdir()}
    assert folders == set(dialects) or len(dialects) == 1
    results = import_into(target, tmp_path / "out")
    assert len(results) == len(written)
    assert {result.verdict for result in results} <= {*TAKEN, Verdict.SUPERSEDED}, results
    if dialects != ("bdxr2",):  # which writes identifiers in lower case
        one, other = export_lines(source, tmp_path / "a.jsonl"), export_lines(target, tmp_path / "b.jsonl")
        assert sorted(one.splitlines()) == sorted(other.splitlines())


def test_business_cards_come_along_both_ways(tmp_path: Path, open_instance: OpenInstance) -> None:
    source, by_lines, by_documents = open_instance(), open_instance(), open_instance()
    participant = ParticipantIdentifier(ISO6523, "9915:Test")
    card = BusinessCard(participant, (BusinessEntity((EntityName("Example & Co", "en"),), "BE"),))
    source.instance.publishing.put_service_group(ACTOR, source.stored, ServiceGroup(participant))
    BusinessCards(source.instance.database).publish(ACTOR, source.stored, card)
    lines = export_lines(source, tmp_path / "out.jsonl")
    list(Exporter(source.instance.database, source.instance.signer, source.stored).run(tmp_path / "out"))
    for target, exported in ((by_lines, tmp_path / "out.jsonl"), (by_documents, tmp_path / "out")):
        assert {result.verdict for result in import_into(target, exported)} == {Verdict.CREATED}
        assert BusinessCards(target.instance.database).get(target.stored, participant) == card
        assert export_lines(target, tmp_path / "again.jsonl") == lines
