# SPDX-License-Identifier: Apache-2.0
"""Identifiers of a path are read by the rules of the domain: without a scheme where it allows that."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from registry.demo.pki import DemoPki
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Process
from tests.simulators.management import Client, Office, Papers, open_office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office"), pki) as opened:
        yield opened


def without_schemes(papers: Papers) -> Papers:
    group = papers.process("a")
    bare = replace(group, processes=(Process(ProcessIdentifier("", "urn:a")),))
    metadata = replace(
        papers.metadata,
        participant=ParticipantIdentifier("", "0088-1"),
        document_type=DocumentTypeIdentifier("", "urn:invoice"),
        process_metadata=(bare, papers.process("b")),
    )
    return replace(papers, metadata=metadata)


PREFIXES = [("native", "/domains/{}"), ("phoss", "/domains/{}"), ("domismp", "/{}")]


@pytest.mark.parametrize(("management", "prefix"), PREFIXES)
def test_participant_without_a_scheme_is_refused_where_the_domain_wants_one(
    office: Office, management: str, prefix: str
) -> None:
    client: Client = replace(office.client(management), prefix=prefix.format("oasis"))
    papers = without_schemes(office.metadata("bdxr2"))
    reply = client.ask("PUT", papers.group_path, papers.group)
    assert reply.status == 400
    assert b"IDENTIFIER-FORM" in reply.body


@pytest.mark.parametrize(("management", "prefix"), PREFIXES)
def test_identifiers_need_no_scheme_where_the_domain_allows_that(office: Office, management: str, prefix: str) -> None:
    client: Client = replace(office.client(management), prefix=prefix.format("oasis-2") + "/bdxr-smp-2")
    papers = without_schemes(office.metadata("bdxr2"))
    client.publish(papers)
    assert client.ask("GET", papers.path).status == 200
    if management == "phoss":
        assert client.ask("DELETE", f"{papers.path}/urn%3Aa").status == 200
        assert b"urn:a<" not in client.ask("GET", papers.path).body
    assert client.ask("DELETE", papers.group_path).status in {200, 204}
