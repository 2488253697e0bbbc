# SPDX-License-Identifier: Apache-2.0
"""The client asks for just the names that specifications and live zones publish."""

import json
from pathlib import Path

import pytest

from registry.discovery.errors import NotRegisteredError
from registry.identifiers.participant import ParticipantIdentifier
from tests.simulators.network import Network


def test_sml_1_3_0_a_lookup_asks_for_the_published_name(corpus: Path) -> None:
    vectors = json.loads((corpus / "sml" / "dns-vectors.json").read_text())["names"]
    peppol = [
        vector
        for vector in vectors
        if vector["kind"] == "naptr"
        and vector["scheme"]
        and vector["lowercase_before_hash"]
        and vector["scheme_as_label"]
        and vector["value"] != "*"
    ]
    assert len(peppol) > 10
    for vector in peppol:
        network = Network()
        network.configure({"dns": {"zone": vector["zone"]}})
        with pytest.raises(NotRegisteredError):
            network.client().resolve(ParticipantIdentifier(vector["scheme"], vector["value"]))
        assert network.name_server.questions == [vector["name"].rstrip(".")], vector
