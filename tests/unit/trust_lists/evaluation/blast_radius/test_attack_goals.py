# SPDX-License-Identifier: Apache-2.0
"""Minimal compromise sets: what has to come together for each goal, by configuration and by how a network delivers."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, Authority
from trust_lists.evaluation.blast_radius import BlastRadius, blast_radius
from trust_lists.evaluation.blast_radius.goals import Attack, Attacker, Goal
from trust_lists.evaluation.blast_radius.network import Network
from trust_lists.evaluation.trust_configuration import effective_configuration, read_configuration
from trust_lists.evaluation.trust_configuration.model import AllOf, Not, TrustConfiguration
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

Configure = Callable[..., TrustConfiguration]
Describe = Callable[..., Network]
Attacks = Callable[..., dict[Attacker, Attack]]

AP, SMP = "anchor:ap", "anchor:smp"
SML, DNS = "sml-database", "dns-zone"


def path_to(*anchors: str) -> dict[str, Any]:
    return {"path": {"to": list(anchors), "issuer_must_be_anchor": False}}


def sets(found: BlastRadius, who: Attacker, goal: Goal, *, anybody: bool) -> set[frozenset[str]]:
    ways = found.ways[who][goal]
    assert ways.somewhere.complete
    assert ways.everywhere.complete
    return {frozenset(each) for each in (ways.everywhere if anybody else ways.somewhere).sets}


def either(*first: str, then: tuple[str, ...] = (SML, DNS)) -> set[frozenset[str]]:
    return {frozenset({*first, each}) for each in then}


@pytest.fixture
def separate(configure: Configure) -> TrustConfiguration:
    """An authority for access points, and one for SMPs, as Peppol has them; names are bound for the sender."""
    return configure(
        {"ap": Authority("ap").certificate, "smp": Authority("smp").certificate},
        {"ap-sign": path_to("ap"), "ap-encrypt": path_to("ap"), "smp-sign": path_to("smp")},
        subject={"ap-sign": {"match": {}, "bind": {"CN": "context.party"}}},
        revocation="crl_or_ocsp_required",
    )


def test_where_endpoints_are_checked_a_member_needs_an_smp_key_and_the_location(
    separate: TrustConfiguration, describe: Describe
) -> None:
    found = blast_radius(separate, describe(4, 2), (), NOW)
    member = sets(found, Attacker.MEMBER, Goal.INTERCEPT, anybody=True)
    for key in ("smp-key:smp-1", "smp-key:smp-2"):
        assert either(key) <= member
        assert frozenset({key}) not in member
    assert member == either("smp-key:smp-1") | either("smp-key:smp-2") | either(SMP) | {
        frozenset({"smp-key:smp-1", "smp-key:smp-2"})
    }


def test_an_outsider_needs_an_acceptable_key_as_well(separate: TrustConfiguration, describe: Describe) -> None:
    found = blast_radius(separate, describe(4, 2), (), NOW)
    member = sets(found, Attacker.MEMBER, Goal.INTERCEPT, anybody=True)
    assert sets(found, Attacker.OUTSIDER, Goal.INTERCEPT, anybody=True) == {each | {AP} for each in member}


def test_a_key_that_signs_elsewhere_is_never_enough_without_the_location(
    separate: TrustConfiguration, describe: Describe
) -> None:
    found = blast_radius(separate, describe(4, 2, smp={"smp_signing": "offline"}), (), NOW)
    member = sets(found, Attacker.MEMBER, Goal.INTERCEPT, anybody=False)
    assert member == either("smp-key:smp-1") | either("smp-key:smp-2") | either(SMP)


def test_a_key_that_logs_in_to_the_sml_moves_those_whom_its_smp_serves(
    separate: TrustConfiguration, describe: Describe
) -> None:
    smp = {"smp_signing": "offline", "roles": ["smp-sign", "sml-client"]}
    found = blast_radius(separate, describe(4, 2, smp=smp), (), NOW)
    assert frozenset({"smp-key:smp-1"}) in sets(found, Attacker.MEMBER, Goal.INTERCEPT, anybody=False)


def test_trust_on_metadata_needs_nothing_but_the_key_of_the_one_smp(describe: Describe) -> None:
    declared = read_configuration(shipped_model("ehdsi-trust-on-metadata")).configuration
    network = describe(4, 1)
    effective = blast_radius(effective_configuration(declared), network, (), NOW)
    for anybody in (False, True):
        assert frozenset({"smp-key:smp-1"}) in sets(effective, Attacker.OUTSIDER, Goal.INTERCEPT, anybody=anybody)
    as_declared = blast_radius(declared, network, (), NOW)
    outsider = sets(as_declared, Attacker.OUTSIDER, Goal.INTERCEPT, anybody=True)
    assert frozenset({"smp-key:smp-1"}) not in outsider
    assert frozenset({"smp-key:smp-1", "anchor:seal-ca"}) in outsider


@pytest.mark.parametrize("metadata", ["hint", "pin"])
def test_what_metadata_name_is_checked_unless_they_are_anchors(
    metadata: str, configure: Configure, describe: Describe
) -> None:
    roles = {"ap-encrypt": path_to("ap"), "smp-sign": path_to("smp")}
    anchors = {"ap": Authority("ap").certificate, "smp": Authority("smp").certificate}
    checked = blast_radius(configure(anchors, roles, metadata=metadata), describe(3, 1), (), NOW)
    anchor = blast_radius(configure(anchors, roles, metadata="anchor"), describe(3, 1), (), NOW)
    smp_key = frozenset({"smp-key:smp-1"})
    assert sets(checked, Attacker.OUTSIDER, Goal.INTERCEPT, anybody=True) == {smp_key | {AP}, *either(AP, SMP)}
    assert sets(anchor, Attacker.OUTSIDER, Goal.INTERCEPT, anybody=True) == {smp_key, *either(SMP)}


def test_under_a_common_root_an_smp_key_passes_for_an_access_point(
    configure: Configure, describe: Describe, separate: TrustConfiguration
) -> None:
    root = Authority("root")
    both = (Authority("ap", root), Authority("smp", root))
    loose = configure({"root": root.certificate}, dict.fromkeys(("ap-sign", "ap-encrypt", "smp-sign"), path_to("root")))
    found = blast_radius(loose, describe(3, 1), [each.certificate for each in both], NOW)
    smp_key = frozenset({"smp-key:smp-1"})
    assert smp_key in sets(found, Attacker.OUTSIDER, Goal.IMPERSONATE, anybody=True)
    kept_apart = blast_radius(separate, describe(3, 1), (), NOW)
    assert sets(kept_apart, Attacker.OUTSIDER, Goal.IMPERSONATE, anybody=True) == {frozenset({AP})}


def test_where_names_are_not_bound_a_member_passes_for_others_with_nothing_compromised(
    configure: Configure, describe: Describe, separate: TrustConfiguration
) -> None:
    unbound = configure({"ap": Authority("ap").certificate}, {"ap-sign": path_to("ap")})
    found = blast_radius(unbound, describe(3, 0), (), NOW)
    assert sets(found, Attacker.MEMBER, Goal.IMPERSONATE, anybody=True) == {frozenset()}
    assert found.anyway[Attacker.MEMBER][Goal.IMPERSONATE].count == 6
    assert found.anyway[Attacker.OUTSIDER][Goal.IMPERSONATE].count == 0
    bound = blast_radius(separate, describe(3, 1), (), NOW)
    assert bound.anyway[Attacker.MEMBER][Goal.IMPERSONATE].count == 0


def test_service_is_denied_by_whoever_locates_or_revokes(separate: TrustConfiguration, describe: Describe) -> None:
    found = blast_radius(separate, describe(4, 2), (), NOW)
    wanted = {frozenset({each}) for each in (AP, SMP, SML, DNS)} | {frozenset({"smp-key:smp-1", "smp-key:smp-2"})}
    assert sets(found, Attacker.OUTSIDER, Goal.DENY, anybody=True) == wanted


def test_nobody_is_denied_anything_by_revocation_that_nobody_checks(configure: Configure, describe: Describe) -> None:
    deaf = configure({"ap": Authority("ap").certificate}, {"ap-sign": path_to("ap")}, revocation="no_check")
    listening = configure({"ap": Authority("ap").certificate}, {"ap-sign": path_to("ap")}, revocation="crl_required")
    network = describe(3, 0, delivery={"locator": "static"})
    for configuration, wanted in ((deaf, set()), (listening, {frozenset({AP})})):
        assert sets(blast_radius(configuration, network, (), NOW), Attacker.OUTSIDER, Goal.DENY, anybody=True) == wanted


def test_a_root_above_an_anchor_can_revoke_nothing_that_counts(configure: Configure, describe: Describe) -> None:
    root = Authority("root")
    issuing = Authority("issuing", root)
    configuration = configure(
        {"ap": issuing.certificate}, {"ap-sign": path_to("ap")}, revocation="crl_or_ocsp_required"
    )
    network = describe(3, 0, delivery={"locator": "static"})
    found = blast_radius(configuration, network, [root.certificate], NOW)
    (above,) = (each.id for each in found.components if each.id.startswith("authority:"))
    for goal in Goal:
        assert all(above not in each for each in sets(found, Attacker.OUTSIDER, goal, anybody=False))


def test_old_metadata_are_shown_again_without_any_key(separate: TrustConfiguration, describe: Describe) -> None:
    found = blast_radius(separate, describe(4, 1, smp={"smp_signing": "offline"}), (), NOW)
    assert sets(found, Attacker.OUTSIDER, Goal.ROLL_BACK, anybody=True) == {frozenset({SML}), frozenset({DNS})}


@pytest.mark.parametrize(
    ("delivery", "needed"),
    [
        ({"dnssec": False}, set()),
        ({"smp_transport": "http"}, set()),
        ({}, {"tls-authority"}),
    ],
    ids=["no DNSSEC", "no TLS", "both"],
)
def test_on_the_path_an_attacker_needs_what_protects_the_path(
    delivery: dict[str, Any], needed: set[str], separate: TrustConfiguration, describe: Describe
) -> None:
    network = describe(3, 1, smp={"smp_signing": "offline"}, delivery=delivery, attacker={"on_path": True})
    found = blast_radius(separate, network, (), NOW)
    member = sets(found, Attacker.MEMBER, Goal.INTERCEPT, anybody=True)
    assert frozenset({"smp-key:smp-1", *needed}) in member
    assert sets(found, Attacker.OUTSIDER, Goal.DENY, anybody=True) == {frozenset()}


def test_a_rule_for_servers_decides_whose_tls_key_is_needed(configure: Configure, describe: Describe) -> None:
    anchors = {name: Authority(name).certificate for name in ("ap", "smp", "tls")}
    roles = {"ap-encrypt": path_to("ap"), "smp-sign": path_to("smp"), "tls-server": path_to("tls")}
    network = describe(3, 1, smp={"smp_signing": "offline"}, attacker={"on_path": True})
    found = blast_radius(configure(anchors, roles), network, (), NOW)
    assert frozenset({"smp-key:smp-1", "anchor:tls"}) in sets(found, Attacker.MEMBER, Goal.INTERCEPT, anybody=True)
    assert "tls-authority" not in {each.id for each in found.components}


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ({"any_of": [path_to("a"), path_to("b")]}, [{"a"}, {"b"}, {"c"}]),
        ({"all_of": [path_to("a"), path_to("b")]}, [{"a", "b"}, {"c"}]),
        (
            {"quorum": {"least": 2, "of": [path_to("a"), path_to("b"), path_to("d")]}},
            [{"a", "b"}, {"a", "d"}, {"b", "d"}, {"c"}],
        ),
        ({"all_of": [path_to("a"), {"not": path_to("b")}]}, [{"a"}, {"c"}]),
    ],
    ids=["any_of", "all_of", "quorum", "not"],
)
def test_expressions_say_which_authorities_have_to_come_together(
    expression: dict[str, Any], wanted: list[set[str]], configure: Configure, describe: Describe
) -> None:
    anchors = {name: Authority(name).certificate for name in ("a", "b", "c", "d")}
    configuration = configure(anchors, {"ap-sign": {"any_of": [expression, path_to("c")]}})
    found = blast_radius(configuration, describe(3, 0, delivery={"locator": "static"}), (), NOW)
    got = sets(found, Attacker.OUTSIDER, Goal.IMPERSONATE, anybody=True)
    assert got == {frozenset(f"anchor:{each}" for each in one) for one in wanted}


def test_pins_are_believed_by_their_owner_alone(describe: Describe) -> None:
    configuration = read_configuration(shipped_model("mutual-exchange")).configuration
    network = describe(3, 0, delivery={"locator": "static"})
    found = blast_radius(configuration, network, (), NOW)
    stores = [f"pin-store:ap-{number}" for number in (1, 2, 3)]
    for goal in (Goal.IMPERSONATE, Goal.INTERCEPT, Goal.ROLL_BACK):
        assert sets(found, Attacker.OUTSIDER, goal, anybody=False) == {frozenset({each}) for each in stores}
        assert sets(found, Attacker.OUTSIDER, goal, anybody=True) == {frozenset(stores)}
    for reach in found.reaches:
        assert (reach.pairs.count, reach.pairs.of, reach.relying.count) == (2, 6, 1)


@pytest.fixture(scope="module")
def several() -> dict[str, TrustConfiguration]:
    """Ways to establish trust that differ in all that the goals depend on."""
    models = ("peppol-g3", "mutual-exchange", "domain-trusted-list", "saml-metadata", "ehdsi-trust-on-metadata")
    found = {name: read_configuration(shipped_model(name)).configuration for name in models}
    effective = effective_configuration(found["ehdsi-trust-on-metadata"])
    listed, pinned = found["domain-trusted-list"], found["mutual-exchange"]
    rule, pin = listed.roles.ap_sign, pinned.roles.ap_sign
    assert rule is not None
    assert pin is not None
    stores = replace(listed.stores, pins=pinned.stores.pins)
    denying = replace(rule, accept=AllOf((pin.accept, Not(rule.accept))))
    joined = replace(rule, accept=AllOf((pin.accept, rule.accept)))
    return found | {
        "effective": effective,
        "denying": replace(listed, stores=stores, roles=replace(listed.roles, ap_sign=denying)),
        "joined": replace(listed, stores=stores, roles=replace(listed.roles, ap_sign=joined)),
    }


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_more_compromise_never_reaches_less(
    data: st.DataObject, several: dict[str, TrustConfiguration], describe: Describe, attacks: Attacks
) -> None:
    configuration = several[data.draw(st.sampled_from(sorted(several)))]
    locator = data.draw(st.sampled_from(["dns", "source", "static"]))
    changes = {"attacker": {"on_path": data.draw(st.booleans())}, "delivery": {"locator": locator}}
    attack = attacks(configuration, describe(3, 2, **changes))[data.draw(st.sampled_from(Attacker))]
    ids = st.frozensets(st.sampled_from([each.id for each in attack.components]))
    less = data.draw(ids)
    more = less | data.draw(ids)
    goal = data.draw(st.sampled_from(Goal))
    assert attack.reached_in(goal, less) <= attack.reached_in(goal, more)
    assert attack.somewhere(goal, less) <= attack.somewhere(goal, more)
    assert attack.everywhere(goal, less) <= attack.everywhere(goal, more)


def test_the_minimal_sets_are_those_of_trying_all(
    separate: TrustConfiguration, describe: Describe, attacks: Attacks
) -> None:
    network = describe(3, 2)
    found = blast_radius(separate, network, (), NOW)
    for who, attack in attacks(separate, network).items():
        ids = [each.id for each in attack.components]
        every = [frozenset(each) for size in range(len(ids) + 1) for each in combinations(ids, size)]
        for goal in Goal:
            for anybody, holds in ((False, attack.somewhere), (True, attack.everywhere)):
                good = [each for each in every if holds(goal, each)]
                minimal = {each for each in good if not any(other < each for other in good)}
                assert sets(found, who, goal, anybody=anybody) == minimal
