# SPDX-License-Identifier: Apache-2.0
"""What is exported comes back unchanged, whatever it says; no spreadsheet takes a cell of it for a formula."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.accounts.groups import create_group
from registry.demo.pki import DemoPki
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import (
    CustomProperty,
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceMetadata,
)
from registry.plans.model import PlanKind
from registry.smp.bulk_publishing import BulkPublishing, WantedParticipant
from registry.smp.examined_services import ServiceExaminer
from registry.smp.exchange.table_columns import guarded, unguarded
from tests.simulators.offline import ACTOR, offline_instance, participant
from tests.simulators.plan_world import OPEN, PlanWorld

FORMULAS = ("=cmd|'/c calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=x", "''=x", "'plain", "plain")
TEXTS = st.one_of(
    st.sampled_from(FORMULAS),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.text(" \"',;=+-@\t\n\ra", max_size=8),
)
MOMENTS = st.none() | st.integers(0, 500_000_000).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
SOME_EXTENSIONS = (
    Extension(b"<a xmlns='urn:a'>&#13;</a>"),
    Extension(b"<b:b/>", (("b", "urn:b"),)),
    Extension(b"<c/>"),
)
EXTENSIONS = st.lists(st.sampled_from(SOME_EXTENSIONS), max_size=2).map(tuple)


@given(TEXTS | st.text())
def test_a_guarded_cell_is_no_formula_and_is_taken_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def endpoints(der: bytes) -> st.SearchStrategy[Endpoint]:
    certificates = st.lists(
        st.sampled_from([EndpointCertificate(der), EndpointCertificate(der, description="the next one")]),
        min_size=1,
        max_size=2,
    ).map(tuple)
    return st.builds(
        Endpoint,
        transport_profile=st.sampled_from(["t", "=t", "u"]),
        address=st.sampled_from(["https://a.example/as4", "https://b.example/as4?x=1,2;3"]),
        certificates=certificates,
        require_business_level_signature=st.booleans(),
        minimum_authentication_level=st.none() | TEXTS,
        activation=MOMENTS,
        expiration=MOMENTS,
        description=TEXTS,
        extensions=EXTENSIONS,
    )


def services(der: bytes) -> st.SearchStrategy[ServiceMetadata]:
    process = st.sampled_from([Process(ProcessIdentifier("cenbii-procid-ubl", name)) for name in ("urn:p", "urn:q")])
    group = st.builds(
        ProcessMetadata,
        processes=st.tuples(process),
        endpoints=st.lists(endpoints(der), min_size=1, max_size=2).map(tuple),
    )
    redirect = st.just((ProcessMetadata(redirect=Redirect("https://other.example", "CN=x")),))
    return st.builds(
        ServiceMetadata,
        participant=st.just(participant()),
        document_type=st.sampled_from(
            [DocumentTypeIdentifier("busdox-docid-qns", f"urn:{name}::b##c::2.1") for name in "abc"]
        ),
        process_metadata=st.lists(group, min_size=1, max_size=2).map(tuple) | redirect,
        extensions=EXTENSIONS,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("kind", [PlanKind.CSV, PlanKind.JSON_LINES], ids=str)
def test_every_export_is_an_import_that_changes_nothing(
    data: st.DataObject, kind: PlanKind, pki: DemoPki, tmp_path_factory: pytest.TempPathFactory
) -> None:
    der = pki.access_points[0].certificate.public_bytes(Encoding.DER)
    folder: Path = tmp_path_factory.mktemp("plans")
    said = data.draw(st.lists(st.lists(services(der), max_size=3, unique_by=lambda s: s.document_type), max_size=3))
    properties = data.draw(st.lists(TEXTS, max_size=2))
    with offline_instance(folder, pki, **OPEN) as offline:
        world = PlanWorld(offline)
        _publish(world, said, properties, data.draw(EXTENSIONS))
        exported = world.exported(kind)
        plan = world.plan(exported, kind, removes=True)
        held = plan.counts["held"]
        assert world.counts(plan) == ({"unchanged": held} if held else {}), world.rows(plan)
        if kind is PlanKind.CSV:
            for row in csv.reader(io.StringIO(exported.decode(), newline="")):
                assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def _publish(world: PlanWorld, said: list[Any], properties: list[str], extensions: tuple[Extension, ...]) -> None:
    domain = world.stored.domain
    examiner = ServiceExaminer(domain, world.instance.trust_models.of(domain), world.offline.clock.now)
    wanted = []
    group = create_group(world.database, ACTOR, world.stored.id, "clinics").id
    with world.database.write(ACTOR) as work:
        for number, items in enumerate(said):
            who = participant(f"9915:Who-{number}")
            examined = tuple(examiner.examine(replace(item, participant=who)) for item in items)
            named = tuple(CustomProperty(f"p{place}", text, public=True) for place, text in enumerate(properties))
            wanted.append(WantedParticipant(who, examined, extensions, named, owner_group_id=group))
        BulkPublishing(world.database, world.instance.registrar).put_all(work, world.stored, wanted)
