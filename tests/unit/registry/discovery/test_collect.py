# SPDX-License-Identifier: Apache-2.0
"""All that an SMP says of a participant, for whoever takes the participant over."""

from dataclasses import replace

import pytest

from registry.discovery.errors import NotRegisteredError, NotTrustedError
from registry.identifiers.document_type import DocumentTypeIdentifier
from tests.simulators.authorities import Authority
from tests.simulators.network import INVOICE, PARTICIPANT, Network

ORDER = DocumentTypeIdentifier(
    INVOICE.scheme, "urn:oasis:names:specification:ubl:schema:xsd:Order-2::Order##order::2.1"
)


def test_every_document_type_is_collected(network: Network) -> None:
    network.smp.publish(network.metadata(document_type=ORDER))
    network.smp.publish_group(PARTICIPANT, INVOICE, ORDER)
    collected = network.client().collect(PARTICIPANT)
    assert collected == tuple(network.metadata(document_type=each) for each in sorted((INVOICE, ORDER)))


def test_participant_without_document_types_has_nothing(network: Network) -> None:
    network.smp.publish_group(PARTICIPANT)
    assert network.client().collect(PARTICIPANT) == ()


def test_unknown_participant_is_not_an_empty_one(network: Network) -> None:
    with pytest.raises(NotRegisteredError):
        network.client().collect(replace(PARTICIPANT, value="0088:nobody"))


def test_nothing_is_collected_from_an_smp_that_is_not_trusted(network: Network) -> None:
    network.smp = network.add_smp(network.smp.base_url, Authority("Another Root").issue("SMP-1"))
    network.smp.publish(network.metadata())
    with pytest.raises(NotTrustedError):
        network.client().collect(PARTICIPANT)
