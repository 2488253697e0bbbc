# SPDX-License-Identifier: Apache-2.0
"""Interventions on pages: a second person looks at what would be done, and approves that, or refuses."""

from typing import Any

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.sml.interventions.model import Kind
from registry.storage.queries.interventions import State
from registry.ui.labels import CONSEQUENCES, INTERVENTION_STATES, POWERS
from tests.simulators.interventions import A, B, Office, open_office
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, links_of, text

pytestmark = pytest.mark.any_database

LIST = "/ui/domains/demo/interventions"


@pytest.fixture
def smps(offline: OfflineInstance) -> Office:
    smps = open_office(offline)
    smps.register(A, "0088:1", "0088:2")
    change_domain(offline.instance, ACTOR, "demo", {"sml": {"four_eyes": ["transfer", "suspend-publisher"]}})
    return smps


@pytest.fixture
def office(smps: Office) -> UiOffice:
    office = UiOffice(smps.offline)
    scope = Scope(smps.offline.stored.id)
    for name, role in (("alice", Role.ADMIN), ("boris", Role.ADMIN), ("edda", Role.EDITOR)):
        office.person(name, role, scope)
    return office


@pytest.fixture
def boris(office: UiOffice) -> Browser:
    return office.browser("boris")


@pytest.fixture
def program(office: UiOffice) -> RestCaller:
    return office.caller(Role.ADMIN)


def asked(office: UiOffice, by: RestCaller, **wanted: Any) -> str:
    body = {"kind": "transfer", "smp_id": A, "to_smp_id": B, "order_reference": "court 12/2026", **wanted}
    made = office.ask("POST", "/domains/demo/interventions", by, body)
    assert (made.status, made.json()["state"]) == (201, "waiting"), made.body
    return f"{LIST}/{made.json()['number']}"


def test_what_waits_is_found_looked_at_and_approved(
    office: UiOffice, smps: Office, boris: Browser, program: RestCaller
) -> None:
    place = asked(office, program)
    assert LIST in links_of(boris.get("/ui/"))
    assert f"{LIST}?state=waiting" in links_of(boris.get(LIST))
    assert place in links_of(boris.get(f"{LIST}?state=waiting"))
    assert place not in links_of(boris.get(f"{LIST}?state=applied"))
    shown = boris.get(place)
    assert "court 12/2026" in text(shown)
    assert "participants: 2" in text(shown)
    assert {f"{place}/approve", f"{place}/refuse"} <= links_of(shown)
    assert "without the key of the first" in text(boris.get(f"{place}/approve"))
    assert smps.held(B) == []
    assert boris.submit(f"{place}/approve").headers["location"] == place
    assert smps.held(B) == ["0088:1", "0088:2"]
    done = boris.get(place)
    assert "boris" in text(done)
    assert f"{place}/approve" not in links_of(done)
    assert boris.submit(f"{place}/approve").status == 409


def test_what_would_do_something_else_than_was_seen_is_not_approved(
    office: UiOffice, smps: Office, boris: Browser, program: RestCaller
) -> None:
    place = asked(office, program)
    etag = office.ask("GET", place.removeprefix("/ui"), program).headers["etag"]
    smps.register(A, "0088:3")
    for what in ("approve", "refuse"):
        assert boris.post(f"{place}/{what}", etag=etag).status == 412
        assert boris.post(f"{place}/{what}").status == 412
    assert smps.held(B) == []
    assert "participants: 3" in text(boris.get(f"{place}/approve"))


def test_intervention_is_refused_after_that_was_confirmed(
    office: UiOffice, smps: Office, boris: Browser, program: RestCaller
) -> None:
    place = asked(office, program)
    assert "Nothing is done" in text(boris.get(f"{place}/refuse"))
    assert boris.submit(f"{place}/refuse").headers["location"] == place
    assert "The intervention is refused." in text(boris.get(place))
    assert smps.held(B) == []


def test_who_asked_is_told_why_they_can_not_approve_and_may_withdraw(office: UiOffice, smps: Office) -> None:
    alice = office.browser("alice")
    cookie = "; ".join(f"{name}={value}" for name, value in alice.cookies.items())
    body = {"kind": "transfer", "smp_id": A, "to_smp_id": B, "order_reference": "court 12/2026"}
    made = office.ask("POST", "/domains/demo/interventions", cookie, body)
    place = f"{LIST}/{made.json()['number']}"
    assert f"{place}/approve" not in links_of(alice.get(place))
    refused = alice.submit(f"{place}/approve")
    assert refused.status == 403
    assert "who asked can&#39;t approve" in refused.body.decode()
    assert smps.held(B) == []
    assert "Withdraw…" in text(alice.get(place))
    assert alice.submit(f"{place}/refuse").status == 303


def test_only_administrators_of_the_domain_see_interventions(office: UiOffice, program: RestCaller) -> None:
    place = asked(office, program)
    edda = office.browser("edda")
    office.person("nobody")
    nobody = office.browser("nobody")
    assert LIST not in links_of(edda.get("/ui/"))
    before = office.everything()
    for path in (LIST, place, f"{place}/approve", f"{place}/refuse"):
        assert (edda.get(path).status, nobody.get(path).status) == (403, 404), path
    for what in ("approve", "refuse"):
        assert edda.post(f"{place}/{what}", etag="x").status == 403
    assert office.everything() == before


def test_what_was_written_into_an_order_is_text(office: UiOffice, boris: Browser, program: RestCaller) -> None:
    place = asked(office, program, reason=HOSTILE, order_reference=HOSTILE)
    for page in (place, f"{place}/approve", f"{place}/refuse"):
        check_harmless(boris.get(page))


def test_filter_that_rest_refuses_is_told(boris: Browser) -> None:
    assert 'role="alert"' in text(boris.get(f"{LIST}?state=nonsense"))


def test_each_kind_and_state_has_a_word() -> None:
    assert set(POWERS) == set(CONSEQUENCES) == {kind.value for kind in Kind}
    assert set(INTERVENTION_STATES) == {state.value for state in State}
