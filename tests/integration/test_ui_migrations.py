# SPDX-License-Identifier: Apache-2.0
"""Migrations on pages: prepared with a key that is shown once, completed, cancelled, and what became of them."""

import html
import re

import pytest

from registry.accounts.permissions import Role, Scope
from registry.identifiers.migration_key import validate_migration_key
from registry.storage.queries.migrations import Outcome
from registry.ui.labels import MIGRATION_ENDS
from tests.simulators.interventions import A, B, Office, open_office
from tests.simulators.offline import OfflineInstance, participant
from tests.simulators.rest_callers import segment
from tests.simulators.ui_office import Browser, UiOffice, forms_of, links_of, text

pytestmark = pytest.mark.any_database

OPEN = "/ui/domains/demo/migrations"
ENDED = "/ui/domains/demo/ended-migrations"
NEW = "/ui/domains/demo/new-migration"
WHO = str(participant("0088:1"))
PLACE = f"{OPEN}/{segment(WHO)}"
_KEY = re.compile(r"<pre[^>]*>([^<]*)</pre>")


@pytest.fixture
def smps(offline: OfflineInstance) -> Office:
    smps = open_office(offline)
    smps.register(A, "0088:1", "0088:2")
    return smps


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


def prepare(browser: Browser, who: str = WHO) -> str:
    """The key that a migration has then."""
    asked = browser.post(NEW, participant=who)
    shown = browser.post(NEW, **forms_of(asked)[-2].fields)
    assert shown.headers["cache-control"] == "no-store"
    (key,) = _KEY.findall(text(shown))
    return html.unescape(str(key))


def test_migration_is_prepared_with_a_key_that_is_shown_once_and_completed(smps: Office, edda: Browser) -> None:
    linked = f"{NEW}?participant={segment(WHO)}"
    assert linked in links_of(edda.get("/ui/domains/demo/registrations"))
    assert NEW in links_of(edda.get(OPEN))
    asked = edda.submit(linked)
    assert "from the SMP SMP-A" in text(asked)
    assert "No migration is open" in text(edda.get(OPEN)), "nothing is done yet"
    key = prepare(edda)
    assert validate_migration_key(key) == ()
    listed = edda.get(OPEN)
    assert key not in text(listed)
    assert '<span class="hint">edda</span>' in text(listed), "who has prepared it"
    assert {f"{PLACE}/complete", f"{PLACE}/cancel"} <= links_of(listed)
    assert "no longer of the SMP SMP-A" in text(edda.get(f"{PLACE}/complete"))
    wrong = edda.submit(f"{PLACE}/complete", publisher=B, key="Ab12!!cd34-Xy")
    assert wrong.status in {400, 403, 404, 409}
    assert 'role="alert"' in wrong.body.decode()
    done = edda.submit(f"{PLACE}/complete", publisher=B, key=key)
    assert done.status == 303, done.body
    assert WHO in text(edda.get(done.headers["location"]))
    assert smps.held(B) == ["0088:1"]
    ended = text(edda.get(f"{ENDED}?participant={segment(WHO)}"))
    assert "completed" in ended
    assert B in ended


def test_open_migration_is_replaced_after_that_was_said(edda: Browser) -> None:
    first = prepare(edda)
    assert "means nothing any more" in text(edda.post(NEW, participant=WHO))
    assert prepare(edda) != first
    assert edda.submit(f"{PLACE}/complete", publisher=B, key=first).status != 303


def test_what_was_confirmed_for_another_state_is_asked_again(smps: Office, edda: Browser) -> None:
    fields = forms_of(edda.post(NEW, participant=WHO))[-2].fields
    smps.transfer()
    again = edda.post(NEW, **fields)
    assert "from the SMP SMP-B" in text(again)
    assert "No migration is open" in text(edda.get(OPEN))


def test_migration_is_cancelled_after_what_follows_was_seen(edda: Browser) -> None:
    prepare(edda)
    assert "can be prepared anew" in text(edda.get(f"{PLACE}/cancel"))
    assert edda.post(f"{PLACE}/cancel", etag="another").status == 412
    cancelled = edda.submit(f"{PLACE}/cancel")
    assert cancelled.headers["location"] == OPEN
    assert "The migration is cancelled" in text(edda.get(OPEN))
    assert "cancelled" in text(edda.get(ENDED))
    assert edda.get(f"{PLACE}/cancel").status == 404


def test_lists_are_of_one_smp_where_that_is_wanted(edda: Browser) -> None:
    prepare(edda)
    shown = links_of(edda.get(f"/ui/domains/demo/publishers/{A}"))
    assert f"{OPEN}?publisher={A}" in shown
    assert f"{PLACE}/cancel" in links_of(edda.get(f"{OPEN}?publisher={A}"))
    assert f"{PLACE}/cancel" not in links_of(edda.get(f"{OPEN}?publisher={B}"))
    assert f"{ENDED}?publisher={A}" in links_of(edda.get(f"{OPEN}?publisher={A}"))
    gone = text(edda.get(f"{OPEN}?publisher=SMP-GONE"))
    assert "Ended migrations" in gone, "of an SMP that has gone there is only what was"


def test_who_is_not_registered_is_told(edda: Browser) -> None:
    for who, status in ((str(participant("0088:none")), 404), ("nobody", 400), ("", 200)):
        refused = edda.post(NEW, participant=who)
        assert refused.status == status
        assert 'name="participant"' in refused.body.decode()


def test_viewers_see_migrations_and_change_none(office: UiOffice, edda: Browser) -> None:
    prepare(edda)
    victor = office.browser("victor")
    assert WHO in text(victor.get(OPEN))
    assert not {NEW, f"{PLACE}/cancel"} & links_of(victor.get(OPEN))
    before = office.everything()
    for path in (NEW, f"{PLACE}/cancel", f"{PLACE}/complete"):
        assert victor.get(path).status == 403
        assert victor.post(path, participant=WHO, publisher=B, key="x").status in {403, 412}
    assert office.everything() == before


def test_each_end_has_a_word() -> None:
    assert set(MIGRATION_ENDS) == {outcome.value for outcome in Outcome}
