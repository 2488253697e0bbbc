# SPDX-License-Identifier: Apache-2.0
"""What more access points cost: by the closed forms, and by the events of the simulation, which have to agree."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.certificate_chains import Authority
from tests.simulators.trust_models import anchor, configuration, path_to, pin, rule
from trust_lists.errors import SimulationError
from trust_lists.evaluation.comparison.onboarding import closed_form, counted_sources, onboarding
from trust_lists.evaluation.simulation import MODELS, writes_of_joining
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration
from trust_lists.evaluation.trust_configuration.reading import read_configuration
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

ROOT, OTHER = Authority("first root").certificate, Authority("second root").certificate
LEAF = Authority("elsewhere").issue("leaf")
BY_ID = {model.id: model for model in MODELS}


def made(accept: dict[str, Any], *, between: bool = False, **roles: Any) -> TrustConfiguration:
    stores = {
        "anchors": [anchor("root", ROOT), anchor("other", OTHER)],
        "intermediates": [{"sha256": LEAF.sha256}] if between else [],
        "pins": [pin("gateway", LEAF, "ap-sign")],
    }
    return configuration({"ap-sign": rule(accept)} | roles, stores, [ROOT, OTHER, LEAF])


@pytest.mark.parametrize(
    ("configured", "model", "authorities"),
    [
        (made({"pin": "any"}), "T1", 0),
        (made(path_to("root", direct=True)), "T2", 1),
        (made(path_to("root"), between=True), "T3", 1),
        (made(path_to("root", "other")), "T4", 2),
    ],
    ids=["pins", "own", "shared", "whitelist"],
)
def test_a_model_is_told_by_the_sources(configured: TrustConfiguration, model: str, authorities: int) -> None:
    (found,) = counted_sources(configured)
    assert (found.model, found.authorities) == (model, authorities)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("mutual-exchange", "T1"),
        ("peppol-g3", "T2"),
        ("de4a", "T3"),
        ("eu-lotl-qualified-seal", "T5"),
        ("domain-trusted-list", "T6"),
        ("saml-metadata", "T8"),
        ("openid-federation", "T9"),
        ("webpki", "T10"),
        ("eudi-lote", "T11"),
    ],
)
def test_shipped_models_are_told_without_their_label(name: str, model: str) -> None:
    found = read_configuration(shipped_model(name)).configuration
    assert [each.model for each in counted_sources(found)] == [model]


def test_an_smp_that_asserts_keys_is_a_source_of_its_own() -> None:
    asserting = {"ap-encrypt": rule(path_to("root")), "smp-metadata": {"endpoint_certificate": "anchor"}}
    models = [each.model for each in counted_sources(made(path_to("root"), **asserting))]
    assert models == ["T2", "T13"]


def test_every_source_of_an_expression_is_counted() -> None:
    both = made({"any_of": [path_to("root"), {"all_of": [path_to("other"), {"pin": "any"}]}]})
    places = [each.place for each in counted_sources(both)]
    assert places == [
        "roles.ap-sign.accept.any_of[1].path",
        "roles.ap-sign.accept.any_of[2].all_of[1].path",
        "roles.ap-sign.accept.any_of[2].all_of[2].pin",
    ]


def test_pins_grow_with_the_square_and_a_pki_does_not() -> None:
    (pins,), (own,) = (onboarding(made(each), 400, 600) for each in ({"pin": "any"}, path_to("root", direct=True)))
    assert pins.writes == pins.simulated_writes == 999_000 - 159_600  # reference §2: A(A - 1) at 1,000 and at 400
    assert own.writes == own.simulated_writes == 2_000 - 800
    assert own.signatures == 600
    assert own.by_actor == {"access point": 1_200}
    assert pins.by_actor == {"access point": 419_700, "relying parties": 419_700}


def test_each_authority_of_a_whitelist_is_installed_at_each_new_access_point() -> None:
    (found,) = onboarding(made(path_to("root", "other")), 100, 10)
    assert found.writes == found.simulated_writes == 10 * (2 + 1)


@settings(max_examples=40)
@given(st.sampled_from(MODELS), st.integers(10, 60), st.integers(1, 40))
def test_closed_forms_are_what_the_events_come_to(model: Any, present: int, added: int) -> None:
    simulated = writes_of_joining(model, present + added) - writes_of_joining(model, present)
    assert closed_form(model, present, added, 0) == simulated


def test_nobody_who_joins_costs_nothing() -> None:
    (found,) = onboarding(made({"pin": "any"}), 400, 0)
    assert (found.writes, found.simulated_writes, found.bytes) == (0, 0, 0)


def test_too_many_are_refused_with_the_reason() -> None:
    with pytest.raises(SimulationError, match="access_points"):
        onboarding(made({"pin": "any"}), 400, 1_000_000)
