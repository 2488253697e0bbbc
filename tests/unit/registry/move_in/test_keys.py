# SPDX-License-Identifier: Apache-2.0
"""Before a freeze an operator knows whether our SMP signs as the old one does."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from registry.demo.content import demo_metadata
from registry.errors import ConfigurationError, TechnicalError
from registry.identifiers.url_form import service_path
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.move_in.keys import signer_findings
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.signing import sign_document
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.old_http import OldRequest, OldResponse, old_server
from tests.simulators.smp_models import new_signing_key
from trust_lists.certificates.parsing import SigningKey, fingerprint

OTHER = new_signing_key()


class OldSmp:
    """Has what our domain has, signed by whom a test says."""

    def __init__(self, offline: OfflineInstance) -> None:
        self.offline = offline
        self.url = ""
        self.held = demo_metadata(offline.pki.access_points)
        self.answers: dict[str, OldResponse] = {}
        for metadata in self.held:
            offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(metadata.participant))
            offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)

    def publish(self, metadata: ServiceMetadata, key: SigningKey) -> None:
        document = sign_document(BUSDOX.write_service_metadata(metadata), key, BUSDOX)
        self.put(metadata, OldResponse(body=document))

    def put(self, metadata: ServiceMetadata, response: OldResponse) -> None:
        self.answers[service_path(metadata.participant, metadata.document_type)] = response

    def answer(self, request: OldRequest) -> OldResponse:
        return self.answers.get(request.path, OldResponse(404))

    def findings(self) -> list[str]:
        return signer_findings(self.offline.instance.database, self.offline.stored, self.url)


@pytest.fixture
def old(offline: OfflineInstance) -> Iterator[OldSmp]:
    smp = OldSmp(offline)
    with old_server(smp) as smp.url:
        yield smp


def test_nothing_is_found_where_both_sign_with_one_certificate(old: OldSmp) -> None:
    for metadata in old.held:
        old.publish(metadata, old.offline.pki.smp)
    assert old.findings() == []


def test_another_certificate_of_the_old_smp_is_found_and_named_once(old: OldSmp) -> None:
    for metadata in old.held:
        old.publish(metadata, OTHER)
    (found,) = old.findings()
    assert fingerprint(OTHER.certificate) in found
    assert "registry signing-key take" in found


def test_one_of_several_signers_that_is_not_ours_is_found(old: OldSmp) -> None:
    for metadata in old.held:
        is_first = metadata.participant == old.held[0].participant
        old.publish(metadata, OTHER if is_first else old.offline.pki.smp)
    assert len(old.findings()) == 1


def test_what_the_old_smp_does_not_have_tells_nothing(old: OldSmp) -> None:
    assert old.findings() == []
    old.publish(old.held[-1], old.offline.pki.smp)
    assert old.findings() == []


def test_answers_of_which_none_tells_who_signs_are_found(old: OldSmp) -> None:
    for metadata in old.held:
        old.put(metadata, OldResponse(body=BUSDOX.write_service_metadata(metadata)))
    (found,) = old.findings()
    assert "can't be told" in found
    for metadata in old.held:
        if metadata.participant == old.held[0].participant:
            old.publish(metadata, old.offline.pki.smp)
    assert old.findings() == []


def test_an_old_smp_that_does_not_answer_is_no_finding(old: OldSmp) -> None:
    for metadata in old.held:
        old.put(metadata, OldResponse(500))
    with pytest.raises(TechnicalError, match="500"):
        old.findings()
    with pytest.raises(ConfigurationError):
        signer_findings(old.offline.instance.database, old.offline.stored, "ftp://smp.example.org")


def test_a_domain_without_a_base_url_is_not_looked_at(old: OldSmp) -> None:
    domain = old.offline.stored.domain
    stored = replace(old.offline.stored, domain=replace(domain, smp=replace(domain.smp, base_url="")))
    assert signer_findings(old.offline.instance.database, stored) == []
