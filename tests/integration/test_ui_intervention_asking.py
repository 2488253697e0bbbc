# SPDX-License-Identifier: Apache-2.0
"""Interventions asked for on pages: a form, what it would do, a yes; and undone the same way."""

from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.sml.interventions.model import Kind
from registry.ui.labels import CONCERNED, POWERS
from registry.ui.pages.intervention_asking import ASKS
from tests.simulators.interventions import A, B, Office, open_office
from tests.simulators.offline import ACTOR, OfflineInstance, participant
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, forms_of, links_of, text

pytestmark = pytest.mark.any_database

LIST = "/ui/domains/demo/interventions"
NEW = "/ui/domains/demo/new-intervention"
SUSPEND = {"kind": "suspend-publisher", "smp_id": A}


@pytest.fixture
def smps(offline: OfflineInstance) -> Office:
    smps = open_office(offline)
    smps.register(A, "0088:1", "0088:2")
    return smps


@pytest.fixture
def office(smps: Office) -> UiOffice:
    office = UiOffice(smps.offline)
    scope = Scope(smps.offline.stored.id)
    for name, role in (("alice", Role.ADMIN), ("boris", Role.ADMIN), ("edda", Role.EDITOR)):
        office.person(name, role, scope)
    return office


@pytest.fixture
def alice(office: UiOffice) -> Browser:
    return office.browser("alice")


def planned(browser: Browser, **form: str) -> dict[str, str]:
    """The fields with which what a form asked for is confirmed."""
    shown = browser.post(NEW, **form)
    assert shown.status == 200, shown.body
    return forms_of(shown)[-2].fields


def settle(office: UiOffice, **sml: object) -> None:
    change_domain(office.offline.instance, ACTOR, "demo", {"sml": sml})


def test_what_would_be_done_is_seen_before_it_is_done(smps: Office, alice: Browser) -> None:
    assert NEW in links_of(alice.get(LIST))
    assert f"{NEW}?kind=suspend-publisher" in links_of(alice.get(NEW))
    linked = f"{NEW}?kind=suspend-publisher&smp_id={A}"
    assert linked in links_of(alice.get(f"/ui/domains/demo/publishers/{A}"))
    assert forms_of(alice.get(linked))[-2].fields["smp_id"] == A
    shown = alice.post(NEW, **SUSPEND, reason="its key was stolen")
    assert "participants: 2" in text(shown)
    assert "its key was stolen" in text(shown)
    assert "Its calls are refused" in text(shown)
    assert smps.leads_to(A, ["0088:1", "0088:2"]), "nothing is done yet"
    done = alice.post(NEW, **forms_of(shown)[-2].fields)
    assert done.status == 303
    assert "The intervention is done." in text(alice.get(done.headers["location"]))
    assert smps.naptr("0088:1") is None
    assert "suspended" in text(alice.get(f"/ui/domains/demo/publishers/{A}"))


def test_what_would_do_something_else_by_now_is_shown_once_more(smps: Office, alice: Browser) -> None:
    confirmed = planned(alice, **SUSPEND)
    smps.register(A, "0088:3")
    again = alice.post(NEW, **confirmed)
    assert again.status == 412
    assert b"participants: 3" in again.body
    assert smps.naptr("0088:1") is not None
    assert alice.post(NEW, **forms_of(again)[-2].fields).status == 303
    assert smps.naptr("0088:1") is None


def test_transfer_names_the_order_and_moves_those_that_are_named(smps: Office, alice: Browser) -> None:
    who = str(participant("0088:2"))
    given = {"kind": "transfer", "smp_id": A, "to_smp_id": B, "participants": f"  {who}\r\n\r\n"}
    refused = alice.post(NEW, **given)
    assert refused.status == 400, "the order is missing"
    assert who in refused.body.decode(), "nothing that was typed is lost"
    assert alice.post(NEW, **planned(alice, **given, order_reference="court 12/2026")).status == 303
    assert (smps.held(A), smps.held(B)) == (["0088:1"], ["0088:2"])


def test_certificate_is_blocked_from_the_page_of_its_smp_and_let_in_again(smps: Office, alice: Browser) -> None:
    place = next(
        each for each in links_of(alice.get(f"/ui/domains/demo/publishers/{A}")) if "block-certificate" in each
    )
    certificate = smps.certificates[A]
    fields = forms_of(alice.get(place))[-2].fields
    assert fields["issuer"] == certificate.issuer.rfc4514_string()
    assert alice.post(NEW, **planned(alice, **fields)).status == 303
    listed = alice.get("/ui/domains/demo/blocked-certificates")
    assert fields["serial"] in text(listed)
    again = next(each for each in links_of(listed) if "unblock-certificate" in each)
    assert alice.post(NEW, **planned(alice, **forms_of(alice.get(again))[-2].fields)).status == 303
    assert "No certificate is blocked." in text(alice.get("/ui/domains/demo/blocked-certificates"))


def test_certificates_are_blocked_as_pem(smps: Office, alice: Browser) -> None:
    pem = "".join(smps.certificates[each].public_bytes(Encoding.PEM).decode() for each in (A, B))
    assert alice.post(NEW, **planned(alice, kind="block-certificate", certificate=pem)).status == 303
    blocked = text(alice.get("/ui/domains/demo/blocked-certificates"))
    assert all(format(smps.certificates[each].serial_number, "x") in blocked for each in (A, B))


@pytest.mark.parametrize(
    "certificate", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_is_no_certificate_is_told(smps: Office, alice: Browser, certificate: str) -> None:
    refused = alice.post(NEW, kind="block-certificate", certificate=certificate)
    assert refused.status == 400
    assert 'role="alert"' in refused.body.decode()


def test_participant_is_let_out_of_quarantine(office: UiOffice, smps: Office, alice: Browser) -> None:
    settle(office, quarantine_days=30)
    (who,) = smps.register(A, "0088:9")
    office.ask("DELETE", f"/domains/demo/registrations/{who}", office.caller(Role.ADMIN))
    listed = alice.get("/ui/domains/demo/quarantine")
    assert str(who) in text(listed)
    place = next(each for each in links_of(listed) if "lift-quarantine" in each)
    assert str(who) in text(alice.get(place))
    assert alice.post(NEW, **planned(alice, kind="lift-quarantine", participants=str(who))).status == 303
    assert "No participant is in quarantine." in text(alice.get("/ui/domains/demo/quarantine"))


def test_participant_is_suspended_from_its_own_page_and_the_list(smps: Office, alice: Browser) -> None:
    who = str(participant("0088:1"))
    place = f"{NEW}?kind=suspend-participant&participants={quote(who, safe='')}"
    assert place in links_of(alice.get("/ui/domains/demo/registrations"))
    assert who in text(alice.get(place))
    assert alice.post(NEW, **planned(alice, kind="suspend-participant", participants=who)).status == 303
    assert smps.naptr("0088:1") is None
    assert any("resume-participant" in each for each in links_of(alice.get("/ui/domains/demo/registrations")))


def test_intervention_waits_where_the_domain_wants_two_people(office: UiOffice, smps: Office, alice: Browser) -> None:
    settle(office, four_eyes=["suspend-publisher"])
    shown = alice.post(NEW, **SUSPEND)
    assert "somebody else has to approve it" in text(shown)
    asked = alice.post(NEW, **forms_of(shown)[-2].fields)
    assert "It is asked for" in text(alice.get(asked.headers["location"]))
    assert smps.naptr("0088:1") is not None
    assert alice.post(NEW, **planned(alice, **SUSPEND)).status == 409, "it waits already"


def test_intervention_is_undone_after_what_comes_back_was_seen(office: UiOffice, smps: Office, alice: Browser) -> None:
    settle(office, undo_hours=24)
    place = alice.post(NEW, **planned(alice, **SUSPEND)).headers["location"]
    assert f"{place}/undo" in links_of(alice.get(place))
    assert "is as before" in text(alice.get(f"{place}/undo"))
    shown = alice.post(f"{place}/undo", reason="the wrong SMP")
    assert "participants: 2" in text(shown)
    assert smps.naptr("0088:1") is None
    undone = alice.post(f"{place}/undo", **forms_of(shown)[-2].fields)
    assert undone.status == 303
    assert "the wrong SMP" in text(alice.get(undone.headers["location"]))
    assert smps.naptr("0088:1") is not None
    assert f"{place}/undo" not in links_of(alice.get(place))
    assert alice.post(f"{place}/undo").status == 409, "it is done already"


@pytest.mark.parametrize("kind", sorted(POWERS))
def test_each_power_has_a_form(smps: Office, alice: Browser, kind: str) -> None:
    fields = forms_of(alice.get(f"{NEW}?kind={kind}"))[-2].fields
    assert set(fields) == {"kind", "order_reference", "reason", *ASKS[kind]}


def test_each_power_is_asked_for_and_each_count_has_a_word() -> None:
    assert set(ASKS) == {kind.value for kind in Kind}
    assert set(CONCERNED) >= {"participants", "certificates", "left", "unchanged", "silenced", "with_services"}


def test_only_administrators_of_the_domain_ask(office: UiOffice, smps: Office, alice: Browser) -> None:
    confirmed = planned(alice, **SUSPEND)
    place = alice.post(NEW, **planned(alice, **SUSPEND | {"smp_id": B})).headers["location"]
    edda = office.browser("edda")
    office.person("nobody")
    nobody = office.browser("nobody")
    before = office.everything()
    for path in (NEW, f"{NEW}?kind=transfer", f"{place}/undo"):
        assert (edda.get(path).status, nobody.get(path).status) == (403, 404), path
    for browser, status in ((edda, 403), (nobody, 404)):
        assert browser.post(NEW, **confirmed).status == status
        assert browser.post(f"{place}/undo").status == status
    assert office.everything() == before


def test_nothing_that_a_link_or_a_form_says_is_more_than_text(smps: Office, alice: Browser) -> None:
    check_harmless(alice.get(f"{NEW}?kind=suspend-publisher&smp_id=%22%27%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E"))
    check_harmless(alice.post(NEW, **SUSPEND, reason=HOSTILE))
    assert alice.post(NEW, kind="nonsense").headers["location"] == NEW
