# SPDX-License-Identifier: Apache-2.0
"""A wildcard participant: one template in the SMP and one name in DNS answer for every participant of a scheme."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from registry.app.domain_setup import change_domain
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ServiceMetadata
from registry.smp.documents.signing import verify_document
from registry.telemetry import signatures_total
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance, live_instance

SCHEME = "wild-scheme-test"


@contextlib.contextmanager
def with_wildcard(folder: Path, pki: DemoPki) -> Iterator[LiveInstance]:
    with live_instance(folder, pki) as live:
        settings = {"sml": {"wildcard_owners": {SCHEME: [SMP_ID]}}, "smp": {"dialects": ["bdxr1", "bdxr2"]}}
        live.stored = change_domain(live.instance, ACTOR, "demo", settings)
        live.run(live.serving.refresh())
        yield live


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[LiveInstance]:
    with with_wildcard(tmp_path_factory.mktemp("wild"), pki) as live:
        live.instance.publishing.put_service_metadata(ACTOR, live.stored, template(live), create_group=True)
        live.wait_for_dns()
        yield live


def template(live: LiveInstance) -> ServiceMetadata:
    metadata = demo_metadata(live.pki.access_points)[0]
    (group,) = metadata.process_metadata
    plain = tuple(replace(endpoint, technical_information=None) for endpoint in group.endpoints)
    return replace(
        metadata,
        participant=ParticipantIdentifier(SCHEME, "*"),
        process_metadata=(replace(group, endpoints=plain),),
    )


def who(value: str) -> ParticipantIdentifier:
    return ParticipantIdentifier(SCHEME, value)


@pytest.mark.parametrize("prefix", ["", "/bdxr-smp-2"])
def test_the_answer_is_signed_and_carries_the_id_that_was_asked(wild: LiveInstance, prefix: str) -> None:
    asked = who("anybody-1")
    document_type = template(wild).document_type
    group = httpx2.get(wild.addresses.public + prefix + participant_path(asked))
    assert group.status_code == 200
    assert b">anybody-1<" in group.content
    answer = httpx2.get(wild.addresses.public + prefix + service_path(asked, document_type))
    parsed = verify_document(answer.content).parsed
    assert parsed.participant == asked
    if prefix:
        assert verify_document(group.content).parsed.participant == asked


def test_a_look_up_of_anybody_in_the_scheme_finds_the_template_through_dns(wild: LiveInstance) -> None:
    with wild.lookup_client() as client:
        found = client.resolve(who("anybody-2"), template(wild).document_type)
    assert found.metadata.participant == who("anybody-2")


def test_the_same_participant_is_signed_once_and_answers_are_conditional(wild: LiveInstance) -> None:
    url = wild.addresses.public + service_path(who("anybody-3"), template(wild).document_type)
    first = httpx2.get(url)
    before = signatures_total._value.get()
    second = httpx2.get(url)
    assert (second.content, signatures_total._value.get()) == (first.content, before)
    assert httpx2.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_a_participant_with_metadata_of_its_own_is_answered_with_these(tmp_path: Path, pki: DemoPki) -> None:
    with with_wildcard(tmp_path, pki) as live:
        own = replace(template(live), participant=ParticipantIdentifier("iso6523-actorid-upis", "0088:7300010000009"))
        live.instance.publishing.put_service_metadata(ACTOR, live.stored, own, create_group=True)
        assert httpx2.get(live.addresses.public + participant_path(own.participant)).status_code == 200
        assert httpx2.get(live.addresses.public + participant_path(who("nobody"))).status_code == 404


def test_a_change_of_the_template_changes_the_answers(tmp_path: Path, pki: DemoPki) -> None:
    with with_wildcard(tmp_path, pki) as live:
        publishing = live.instance.publishing
        publishing.put_service_metadata(ACTOR, live.stored, template(live), create_group=True)
        url = live.addresses.public + service_path(who("someone"), template(live).document_type)
        assert b"https://elsewhere.example.org" not in httpx2.get(url).content
        (group,) = template(live).process_metadata
        moved = replace(group.endpoints[0], address="https://elsewhere.example.org/as4")
        changed = replace(template(live), process_metadata=(replace(group, endpoints=(moved,)),))
        publishing.put_service_metadata(ACTOR, live.stored, changed)
        assert b"https://elsewhere.example.org/as4" in httpx2.get(url).content


def test_a_wildcard_is_published_by_its_owner_only(live: LiveInstance) -> None:
    with pytest.raises(ValidationError) as refused:
        live.instance.publishing.put_service_metadata(ACTOR, live.stored, template(live), create_group=True)
    assert "PARTICIPANT-WILDCARD" in {reason.id for reason in refused.value.reasons}


def test_other_schemes_know_no_wildcard(wild: LiveInstance) -> None:
    other = ParticipantIdentifier("iso6523-actorid-upis", "0088:5798000000001")
    assert httpx2.get(wild.addresses.public + participant_path(other)).status_code == 404
