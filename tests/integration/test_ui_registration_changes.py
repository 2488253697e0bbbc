# SPDX-License-Identifier: Apache-2.0
"""Registrations on pages: one participant or a pasted list is registered, moved, ended, after what follows was seen."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from tests.simulators.interventions import A, B, Office, open_office
from tests.simulators.offline import ACTOR, OfflineInstance, participant
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, forms_of, links_of, text

pytestmark = pytest.mark.any_database

LIST = "/ui/domains/demo/registrations"
REGISTER, MOVE, END = (f"/ui/domains/demo/{what}-registrations" for what in ("new", "move", "end"))
WHO = [str(participant(f"0088:{number}")) for number in range(1, 4)]


@pytest.fixture
def smps(offline: OfflineInstance) -> Office:
    return open_office(offline)


@pytest.fixture
def office(smps: Office) -> UiOffice:
    office = UiOffice(smps.offline)
    scope = Scope(smps.offline.stored.id)
    office.person("edda", Role.EDITOR, scope)
    office.person("victor", Role.VIEWER, scope)
    return office


@pytest.fixture
def edda(office: UiOffice) -> Browser:
    return office.browser("edda")


def confirmed(browser: Browser, path: str, **form: str) -> dict[str, str]:
    """The fields with which a change is confirmed."""
    asked = browser.post(path, **form)
    assert asked.status == 200, asked.body
    return forms_of(asked)[-2].fields


def test_pasted_list_is_registered_moved_and_ended(smps: Office, edda: Browser) -> None:
    assert {REGISTER, MOVE, END} <= links_of(edda.get(LIST))
    assert f"{REGISTER}?publisher={A}" in links_of(edda.get(f"/ui/domains/demo/publishers/{A}"))
    pasted = f"\r\n {WHO[0]} \r\n{WHO[1]}\r\n"
    asked = edda.post(REGISTER, publisher=A, participants=pasted)
    assert "Participants that are registered: 2." in text(asked)
    assert smps.held(A) == [], "nothing is done yet"
    done = edda.post(REGISTER, **forms_of(asked)[-2].fields)
    assert done.headers["location"] == f"{LIST}?publisher={A}"
    assert "Registered: 2 participants." in text(edda.get(done.headers["location"]))
    assert smps.held(A) == ["0088:1", "0088:2"]

    asked = edda.post(MOVE, publisher=B, participants=pasted)
    assert "Of the SMP SMP-A: 2." in text(asked)
    assert edda.post(MOVE, **forms_of(asked)[-2].fields).status == 303
    assert smps.held(B) == ["0088:1", "0088:2"]

    asked = edda.post(END, participants=pasted)
    assert "Registrations that end: 2." in text(asked)
    assert "Any SMP may register them at once." in text(asked)
    assert edda.post(END, **forms_of(asked)[-2].fields).status == 303
    assert smps.held(B) == []


def test_what_ends_with_a_move_is_said(smps: Office, edda: Browser) -> None:
    (who,) = smps.register(A, "0088:1")
    smps.offline.instance.sml.prepare_migration(smps.caller(A), A, who, "Ab12!!cd34-Xy")
    assert "Open migrations that end, and whose keys mean nothing then: 1." in text(
        edda.post(MOVE, publisher=B, participants=WHO[0])
    )
    refused = edda.post(END, participants=WHO[0])
    assert refused.status == 409, "while its migration is open, a registration doesn't end"
    assert WHO[0] in refused.body.decode()


def test_quarantine_that_begins_is_said(office: UiOffice, smps: Office, edda: Browser) -> None:
    change_domain(office.offline.instance, ACTOR, "demo", {"sml": {"quarantine_days": 30}})
    smps.register(A, "0088:1")
    assert "For 30 days nobody but the SMP" in text(edda.post(END, participants=WHO[0]))


def test_what_changed_since_it_was_confirmed_is_shown_once_more(smps: Office, edda: Browser) -> None:
    smps.register(A, "0088:1")
    smps.register(B, "0088:2")
    fields = confirmed(edda, END, participants="\n".join(WHO[:2]))
    smps.transfer()
    again = edda.post(END, **fields)
    assert "has changed since you saw it" in text(again)
    assert "Of the SMP SMP-B: 2" in text(again)
    assert smps.held(B) != []


@pytest.mark.parametrize(
    ("publisher", "participants", "status"),
    [
        (A, "", 400),
        (A, "nobody", 400),
        ("SMP-NONE", WHO[0], 404),
        (A, f"{WHO[0]}\n{WHO[0]}", 400),
        (A, "\n".join(f"iso6523-actorid-upis::0088:{number}" for number in range(1001)), 400),
    ],
    ids=["nobody named", "no identifier", "no such SMP", "twice", "too many"],
)
def test_what_can_not_be_registered_is_told_and_nothing_typed_is_lost(
    edda: Browser, publisher: str, participants: str, status: int
) -> None:
    refused = edda.post(REGISTER, publisher=publisher, participants=participants)
    assert refused.status == status
    page = refused.body.decode()
    assert 'role="alert"' in page
    assert publisher in page
    assert participants in page


def test_who_is_registered_already_is_refused_before_the_question(smps: Office, edda: Browser) -> None:
    smps.register(A, "0088:1")
    refused = edda.post(REGISTER, publisher=B, participants="\n".join(WHO))
    assert refused.status == 409
    assert smps.held(B) == []


def test_domain_that_wants_two_people_says_so(office: UiOffice, smps: Office, edda: Browser) -> None:
    smps.register(A, "0088:1")
    change_domain(office.offline.instance, ACTOR, "demo", {"sml": {"four_eyes": ["transfer"]}})
    refused = edda.post(MOVE, publisher=B, participants=WHO[0])
    assert refused.status == 409
    assert "second person for transfer" in refused.body.decode()


def test_thousand_participants_fit_into_a_form(smps: Office, edda: Browser) -> None:
    many = "\r\n".join(f"iso6523-actorid-upis::0088:{number:013}" for number in range(1000))
    assert len(confirmed(edda, REGISTER, publisher=A, participants=many)["participants"].splitlines()) == 1000


def test_viewers_change_no_registration(office: UiOffice, smps: Office) -> None:
    smps.register(A, "0088:1")
    victor = office.browser("victor")
    assert not {REGISTER, MOVE, END} & links_of(victor.get(LIST))
    before = office.everything()
    for path in (REGISTER, MOVE, END):
        assert victor.get(path).status == 403
        assert victor.post(path, publisher=B, participants=WHO[0]).status == 403
    assert office.everything() == before


def test_what_is_typed_is_text(edda: Browser) -> None:
    page = edda.post(REGISTER, publisher=HOSTILE, participants=HOSTILE)
    assert "<script>alert" not in page.body.decode()
    check_harmless(edda.get(f"{MOVE}?publisher=%3Cscript%3Ealert%281%29%3C%2Fscript%3E"))
