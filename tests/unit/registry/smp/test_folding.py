# SPDX-License-Identifier: Apache-2.0
"""Identifiers whose case means nothing are written in lower case in SMP 2.0, and as registered in the 1.x dialects."""

import pytest

from registry.domains.loader import load_domain
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Process, ProcessMetadata, ServiceGroup, ServiceMetadata
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.folding import folded_group, folded_metadata

DOMAIN = load_domain(
    "demo",
    {
        "identifiers": {
            "document_type": {"schemes": {"bdx-docid-qns": {"case_sensitive": False}}},
            "process": {"schemes": {"bdx-procid-transport": {"case_sensitive": False}}},
        }
    },
)
WHO = ParticipantIdentifier("iso6523-actorid-upis", "9915:MiXed")
PLAIN = DocumentTypeIdentifier("bdx-docid-qns", "URN:Doc")
CASED = DocumentTypeIdentifier("busdox-docid-qns", "URN:Doc")


@pytest.mark.parametrize(
    ("dialect", "value"), [("busdox", "9915:MiXed"), ("bdxr1", "9915:MiXed"), ("bdxr2", "9915:mixed")]
)
def test_smp2_5_5_groups_have_lower_case_ids_in_smp_2_0_only(dialect: str, value: str) -> None:
    group = folded_group(ServiceGroup(WHO, (PLAIN, CASED)), DIALECTS[dialect], DOMAIN)
    assert group.participant.value == value
    assert group.document_types[1] == CASED, "a scheme that has case keeps it"


def test_smp2_5_5_metadata_have_lower_case_ids_where_their_schemes_have_no_case() -> None:
    groups = tuple(
        ProcessMetadata((Process(ProcessIdentifier(scheme, "Bdx:NoProcess"), roles=("Buyer",)),))
        for scheme in ("bdx-procid-transport", "cenbii-procid-ubl")
    )
    folded = folded_metadata(ServiceMetadata(WHO, PLAIN, groups), DIALECTS["bdxr2"], DOMAIN)
    assert (folded.participant.value, folded.document_type.value) == ("9915:mixed", "urn:doc")
    processes = [process for group in folded.process_metadata for process in group.processes]
    assert [process.identifier.value for process in processes] == ["bdx:noprocess", "Bdx:NoProcess"]
    assert [process.roles for process in processes] == [("Buyer",), ("Buyer",)]
