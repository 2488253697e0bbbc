# SPDX-License-Identifier: Apache-2.0
"""Rules about all lists of trusted entities: a right list breaks none, each wrong one just the rule that it should."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.simulators.jades_keys import new_key
from tests.simulators.lote_documents import ADDRESS, ISSUED, LIST, STATE, with_scheme, with_state
from trust_lists.certificates.listed import listed
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.lote.checks import LOTE_RULES, check_lote, check_signer
from trust_lists.documents.model import (
    Address,
    Dialect,
    DigitalIdentity,
    Extension,
    Pointer,
    PointerQualifier,
    ServiceState,
    Text,
    TrustedList,
    TrustServiceProvider,
    UnknownExtension,
)

SIGNER = DigitalIdentity(skis=(b"\x02" * 20,))
POINTER = Pointer(
    "https://example.org/other",
    (SIGNER,),
    list_type="urn:type:1",
    mime_type="application/jose",
    operator_names=(Text("en", "Other"),),
)
ENTITY = LIST.providers[0]
IMPLICIT = with_scheme(
    LIST,
    names=(),
    information_uris=(),
    status_determination="",
    community_rules=(),
    policies=(),
    territory="",
    list_type="",
    operator_address=Address(),
)


def rules(found: list[Finding]) -> list[str]:
    return [each.rule for each in found]


def with_entity(**fields: object) -> TrustedList:
    return replace(LIST, providers=(replace(ENTITY, **fields),))  # type: ignore[arg-type]


def with_history(*history: ServiceState, period: int | None = 65535) -> TrustedList:
    service = replace(
        ENTITY.services[0], current=replace(STATE, status="urn:s:1", starting_time=ISSUED), history=history
    )
    return with_scheme(with_entity(services=(service,)), historical_period=period)


def former(days: int, **fields: object) -> ServiceState:
    state = replace(STATE, status="urn:s:1", starting_time=ISSUED - timedelta(days=days))
    return replace(state, **fields)  # type: ignore[arg-type]


def test_a_right_list_breaks_no_rule() -> None:
    assert check_lote(LIST) == []
    assert check_lote(LIST, at=ISSUED + timedelta(days=1)) == []
    assert check_lote(with_scheme(LIST, pointers=(POINTER,))) == []
    assert check_lote(with_history(former(10), former(20))) == []


def test_an_implicit_scheme_needs_little() -> None:
    assert check_lote(IMPLICIT) == []


def test_each_rule_has_one_id() -> None:
    ids = [rule.id for rule in LOTE_RULES]
    assert len(ids) == len(set(ids))


BROKEN: tuple[tuple[str, TrustedList], ...] = (
    ("TS119602-6.1.2", with_scheme(LIST, distribution_points=("list.json",))),
    ("TS119602-6.1.2", with_state(LIST, type="AccessPoint")),
    ("TS119602-6.1.3", with_scheme(LIST, issued_at=ISSUED.replace(microsecond=1))),
    ("TS119602-6.1.4-LANGUAGE", with_scheme(LIST, operator_names=(Text("", "Operator"),))),
    ("TS119602-6.1.4", with_scheme(LIST, operator_names=(Text("fr", "Opérateur"),))),
    ("TS119602-6.2", replace(LIST, dialect=Dialect.LOTE_XML, tag="tag")),
    ("TS119602-6.3.1", with_scheme(LIST, version=6)),
    ("TS119602-6.3.2", with_scheme(LIST, sequence=0)),
    ("TS119602-6.3.3", with_scheme(LIST, list_type="")),
    ("TS119602-6.3.4", with_scheme(LIST, operator_names=())),
    ("TS119602-6.3.5", with_scheme(LIST, operator_address=Address())),
    ("TS119602-6.3.5.1", with_scheme(LIST, operator_address=replace(ADDRESS, postal=()))),
    (
        "TS119602-6.3.5.1",
        with_scheme(LIST, operator_address=replace(ADDRESS, postal=(replace(ADDRESS.postal[0], country=""),))),
    ),
    ("TS119602-6.3.5.2", with_scheme(LIST, operator_address=replace(ADDRESS, electronic=ADDRESS.electronic[:1]))),
    ("TS119602-6.3.5.2", with_scheme(LIST, operator_address=replace(ADDRESS, electronic=ADDRESS.electronic[1:]))),
    ("TS119602-6.3.6", with_scheme(LIST, names=())),
    ("TS119602-6.3.6", with_scheme(LIST, names=(Text("en", "Providers"),))),
    ("TS119602-6.3.7", with_scheme(LIST, information_uris=())),
    ("TS119602-6.3.8", with_scheme(LIST, status_determination="")),
    ("TS119602-6.3.9", with_scheme(LIST, community_rules=())),
    ("TS119602-6.3.10", with_scheme(LIST, territory="")),
    ("TS119602-6.3.10", with_scheme(LIST, territory="Eu", names=(Text("en", "Eu:x"),))),
    ("TS119602-6.3.11", with_scheme(LIST, policies=())),
    ("TS119602-6.3.11", with_scheme(LIST, legal_notices=(Text("en", "A notice"),))),
    ("TS119602-6.3.12", with_scheme(LIST, historical_period=-1)),
    ("TS119602-6.3.13", with_scheme(LIST, pointers=(replace(POINTER, location=""),))),
    ("TS119602-6.3.13", with_scheme(LIST, pointers=(replace(POINTER, identities=()),))),
    ("TS119602-6.3.13", with_scheme(LIST, pointers=(replace(POINTER, mime_type=""),))),
    ("TS119602-6.3.13", with_scheme(LIST, pointers=(replace(POINTER, more_qualifiers=(PointerQualifier(),)),))),
    ("TS119602-6.3.15", with_scheme(LIST, next_update=ISSUED)),
    ("TS119602-6.3.15-CLOSED", with_scheme(LIST, next_update=None)),
    ("TS119602-6.3.17", with_scheme(LIST, extensions=(Extension(True, UnknownExtension("x", '{"x":1}')),))),
    ("TS119602-6.5.5", with_entity(extensions=(Extension(True, UnknownExtension("", "[]")),))),
    ("TS119602-6.6.9", with_state(LIST, extensions=(Extension(True, UnknownExtension("x", '{"x":1}')),))),
    ("TS119602-6.4.2", with_entity(services=())),
    ("TS119602-6.4.4", with_history(former(10), period=None)),
    ("TS119602-6.5.1", with_entity(names=())),
    ("TS119602-6.5.3", with_entity(address=Address())),
    ("TS119602-6.5.3-URI", with_entity(address=replace(ADDRESS, electronic=ADDRESS.electronic[:1]))),
    ("TS119602-6.5.4", with_entity(information_uris=())),
    ("TS119602-6.6.2", with_state(LIST, names=())),
    ("TS119602-6.6.3", with_state(LIST, identity=DigitalIdentity())),
    ("TS119602-6.6.4", with_scheme(with_state(LIST, starting_time=ISSUED), historical_period=65535)),
    ("TS119602-6.6.5", with_scheme(with_state(LIST, status="urn:s:1"), historical_period=65535)),
    ("TS119602-6.7", with_history(former(20), former(10))),
    ("TS119602-6.7", with_history(former(0))),
    ("TS119602-6.7", with_history(former(10, status=""))),
    ("TS119602-6.7", with_history(former(10, starting_time=None))),
    ("LIST-NOT-READ", replace(LIST, unread=("$.more",))),
)


@pytest.mark.parametrize(("rule", "document"), BROKEN)
def test_a_broken_rule_is_found_and_no_other(rule: str, document: TrustedList) -> None:
    assert set(rules(check_lote(document))) == {rule}


def test_times_are_judged_where_a_time_is_given() -> None:
    assert rules(check_lote(LIST, at=ISSUED - timedelta(days=1))) == ["TS119602-6.3.14"]
    found = check_lote(LIST, at=ISSUED + timedelta(days=91))
    assert rules(found) == ["TS119602-6.3.15-EXPIRED"]
    assert found[0].level is Level.WARNING


def test_known_extensions_may_be_critical() -> None:
    known = Extension(True, UnknownExtension("ServiceUniqueIdentifier", '{"ServiceUniqueIdentifier":"urn:x:1"}'))
    assert check_lote(with_state(LIST, extensions=(known,))) == []


def test_places_are_told() -> None:
    provider: TrustServiceProvider = replace(ENTITY, services=(*ENTITY.services, replace(ENTITY.services[0])))
    second = replace(provider.services[1], current=replace(STATE, names=()))
    document = replace(LIST, providers=(ENTITY, replace(provider, services=(provider.services[0], second))))
    found = check_lote(document)
    assert [each.where for each in found] == ["TrustedEntity[2]/TrustedEntityService[2]/ServiceInformation/ServiceName"]


def test_certificates_that_cannot_be_loaded_are_told() -> None:
    certificate = listed(new_key("P-256").certificate)
    damaged = type(certificate)(certificate.der[:-1])
    found = rules(check_lote(with_state(LIST, identity=DigitalIdentity(certificates=(certificate, damaged)))))
    assert "LIST-CERTIFICATE-UNREADABLE" in found


def test_the_signer_is_of_the_schemes_territory_and_operator() -> None:
    signer = listed(new_key("P-256").certificate)
    assert check_signer(LIST, signer) == []
    other = with_scheme(LIST, territory="BE", operator_names=(Text("en", "Somebody else"),))
    assert rules(check_signer(other, signer)) == ["TS119602-6.8", "TS119602-6.8"]
