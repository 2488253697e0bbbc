# SPDX-License-Identifier: Apache-2.0
"""Descriptions of networks: what may be left out, what is refused, and the published schema."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.errors import NetworkError
from trust_lists.evaluation.blast_radius import network_schema, read_network
from trust_lists.evaluation.blast_radius.network import Locator, Network, Signing, Transport
from trust_lists.evaluation.trust_configuration.model import Context, Role

ROOT = Path(__file__).resolve().parents[5]
LEAST = b"""
apiVersion: network/v1
kind: Network
id: least
parties:
  - id: one
    roles: [ap-sign]
    names: {CN: one}
"""


def refused(text: str) -> tuple[str, ...]:
    with pytest.raises(NetworkError) as found:
        read_network(text.encode())
    return found.value.reasons


def test_what_is_left_out_has_the_defaults_of_the_schema() -> None:
    found = read_network(LEAST)
    assert (found.delivery.locator, found.delivery.dnssec) == (Locator.DNS, True)
    assert found.delivery.smp_transport is found.delivery.source_transport is Transport.HTTPS
    assert not found.on_path
    (party,) = found.parties
    assert (party.participants, party.document_types, party.smp) == (1, ("message",), None)
    assert party.smp_signing is Signing.ONLINE


def test_names_keep_their_order_and_context_is_by_its_names() -> None:
    found = read_network(
        LEAST.replace(
            b"names: {CN: one}", b"names: {C: BE, CN: one, san.dns: a.example}\n    context: {context.party: X}"
        )
    )
    assert list(found.parties[0].names) == ["C", "CN", "san.dns"]
    assert found.parties[0].context == {Context.PARTY: "X"}


def test_all_that_is_wrong_is_told_at_once_with_its_place() -> None:
    reasons = refused(
        """
apiVersion: network/v1
kind: Network
id: wrong
colour: red
delivery: {locator: pigeon}
parties:
  - {id: one, roles: [king], names: {CN: one}}
  - {id: two, roles: [ap-sign], names: {DN: one}, participants: -1}
"""
    )
    for place in (
        "colour",
        "delivery.locator",
        "parties[1].roles[1]",
        "parties[2].names.DN",
        "parties[2].participants",
    ):
        assert any(each.startswith(place) for each in reasons), place


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("roles: [ap-sign]", "roles: [smp-sign]"), "none of them has the role ap-sign"),
        (
            lambda text: text.replace("names: {CN", "smp: nobody\n    names: {CN"),
            "nobody is no party with the role smp-sign",
        ),
        (lambda text: text + "  - {id: one, roles: [ap-sign], names: {CN: two}}\n", "there is another party one"),
        (lambda text: text.replace("{CN: one}", "{C: Belgium}"), "a certificate can't have these names"),
        (lambda _text: "", "is empty"),
        (lambda _text: "{", "JSON"),
        (lambda _text: "a: [", "no YAML"),
    ],
    ids=["no access point", "no SMP", "twice", "country", "empty", "broken JSON", "broken YAML"],
)
def test_contradictions_are_refused(change: Callable[[str], str], told: str) -> None:
    assert any(told in each for each in refused(change(LEAST.decode())))


def test_the_published_schema_is_that_of_the_reader() -> None:
    published = json.loads((ROOT / "docs" / "reference" / "network.schema.json").read_text(encoding="utf-8"))
    assert published == network_schema()


def test_what_is_written_can_be_read_again_and_fits_the_schema(describe: Callable[..., Network]) -> None:
    network = describe(3, 2)
    written = network.to_json()
    jsonschema_rs.Draft202012Validator(network_schema()).validate(written)
    assert read_network(json.dumps(written).encode()) == network
    assert read_network(json.dumps(written).encode()).digest == network.digest


def test_participants_and_kinds_of_messages_are_those_of_access_points(describe: Callable[..., Network]) -> None:
    network = describe(3, 2)
    assert network.participants == 10 + 20 + 30
    assert network.document_types == ("invoice", "order")
    assert [each.id for each in network.smps] == ["smp-1", "smp-2"]
    assert Role.SMP_SIGN in network.smps[0].roles


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda deep: st.lists(deep) | st.dictionaries(st.text(), deep),
        max_leaves=15,
    )
)
def test_whatever_is_read_only_our_error_comes_out(tree: Any) -> None:
    document = tree if isinstance(tree, dict) else {"parties": tree}
    with pytest.raises(NetworkError):
        read_network(json.dumps(document).encode())
