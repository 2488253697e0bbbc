# SPDX-License-Identifier: Apache-2.0
"""Overviews: read page by page, with extensions as they came, in the namespace of the domain's 1.x dialect."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from lxml import etree

from registry.demo.pki import DemoPki
from registry.errors import NotFoundError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.metadata import Extension, ServiceGroup
from registry.smp import overviews as module
from registry.smp.overviews import Overviews
from tests.simulators.management import Office, open_office
from tests.simulators.offline import ACTOR


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office"), pki) as opened:
        for number in range(7):
            group = ServiceGroup(ParticipantIdentifier(ISO6523, f"0088:p&<{number}"))
            opened.offline.instance.publishing.put_service_group(ACTOR, opened.demo, group, in_sml=False)
        yield opened


@pytest.fixture
def overviews(office: Office) -> Overviews:
    return Overviews(office.offline.instance.database)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_lists_are_whole_whatever_the_size_of_their_pages(
    office: Office, overviews: Overviews, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(module, "_PAGE", size)
    identifiers = etree.fromstring(b"".join(overviews.identifiers(office.demo)))
    expected = [f"{ISO6523}::0088:p&<{number}" for number in range(7)]
    assert identifiers.get("count") == "7"
    assert [item.text for item in identifiers] == expected
    references = etree.fromstring(b"".join(overviews.references(office.demo)))
    assert len(references) == 7
    assert all((item.get("href") or "").startswith("https://smp.example.org/base/") for item in references)


def test_list_of_a_domain_has_no_other_domains_participants(office: Office, overviews: Overviews) -> None:
    assert b"p&amp;&lt;" in b"".join(overviews.identifiers(office.demo))
    assert b"p&amp;&lt;" not in b"".join(overviews.identifiers(office.oasis))


def test_domain_with_smp_2_alone_has_no_references(office: Office, overviews: Overviews) -> None:
    smp_2 = office.offline.instance.directory.get("oasis-2")
    with pytest.raises(NotFoundError, match=r"SMP 2\.0"):
        overviews.references(smp_2)
    with pytest.raises(NotFoundError):
        overviews.complete_group(smp_2, ParticipantIdentifier(ISO6523, "0088:1"))
    assert b"servicegroupids" in b"".join(overviews.identifiers(smp_2))


def test_complete_group_is_in_the_namespace_of_the_dialect_and_keeps_extensions(
    office: Office, overviews: Overviews
) -> None:
    papers = office.metadata("bdxr1")
    content = b'<x:y xmlns:x="urn:x" a="&lt;smp:ServiceMetadata&gt;" b=\'1\'><!-- > --><z/></x:y>'
    metadata = replace(papers.metadata, extensions=(Extension(content),))
    publishing = office.offline.instance.publishing
    publishing.put_service_metadata(ACTOR, office.oasis, metadata, create_group=True)
    body = overviews.complete_group(office.oasis, metadata.participant)
    root = etree.fromstring(body)
    namespace = "{http://docs.oasis-open.org/bdxr/ns/SMP/2016/05}"
    assert [item.tag for item in (root, *root)] == [
        f"{namespace}{name}" for name in ("CompleteServiceGroup", "ServiceGroup", "ServiceMetadata")
    ]
    assert content in body
    assert b"SignedServiceMetadata" not in body
