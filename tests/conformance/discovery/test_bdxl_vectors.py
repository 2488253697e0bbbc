# SPDX-License-Identifier: Apache-2.0
"""NAPTR records of real networks and specifications, and what must come of them."""

import json
from pathlib import Path

import pytest

from registry.discovery.errors import NoMatchingServiceError
from registry.discovery.locator import DnsLocator
from registry.discovery.naptr import choose
from tests.simulators.dns_records import SimulatedNameServer


@pytest.fixture(scope="module")
def vectors(corpus: Path) -> list[dict[str, str | None]]:
    loaded: list[dict[str, str | None]] = json.loads((corpus / "sml" / "dns-vectors.json").read_text())["naptr_rdata"]
    return loaded


def url_of(vector: dict[str, str | None]) -> str | None:
    server = SimulatedNameServer(f"{vector['qname']}. 60 IN NAPTR {vector['rdata']}")
    name, service = vector["qname"], vector["service"]
    assert name is not None
    assert service is not None
    try:
        records = DnsLocator(server).naptr(name).records
        return choose(records, name, services=[service], schemes={"http", "https"}).url
    except NoMatchingServiceError:
        return None


def test_rfc_4848_and_bdxl_naptr_vectors_give_the_expected_url(vectors: list[dict[str, str | None]]) -> None:
    certain = [vector for vector in vectors if not (vector["expect"] or "").startswith("reject-or-flag")]
    assert len(certain) == 5
    for vector in certain:
        assert url_of(vector) == vector["expect"], vector


def test_rfc_3402_an_unanchored_expression_gives_its_url_once(vectors: list[dict[str, str | None]]) -> None:
    (doubled,) = (vector for vector in vectors if (vector["expect"] or "").startswith("reject-or-flag"))
    assert url_of(doubled) == "http://smp-test.belgium.behttp/"
