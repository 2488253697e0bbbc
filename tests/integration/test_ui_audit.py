# SPDX-License-Identifier: Apache-2.0
"""The audit log on pages: what differs, one event, the check of the chain, and exports."""

import re
from typing import Any

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app import audit_jobs
from registry.audit.events import record
from registry.audit.export import verify_file
from registry.jobs.worker import Worker
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, links_of, text

pytestmark = pytest.mark.any_database

CHECKS = "/ui/audit/checks"


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("anna", Role.ADMIN)
    office.person("dora", Role.ADMIN, Scope(offline.stored.id))
    return office


@pytest.fixture
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


def note(office: UiOffice, before: Any, after: Any, domain_id: int | None = None) -> str:
    """Has something noted; gives the page of it."""
    with office.database.write(ACTOR) as work:
        record(work, "test:thing:change", "thing", before=before, after=after, domain_id=domain_id)
    (event, *_) = office.items("/audit/events?tag=test:thing:change", office.caller(Role.ADMIN))
    return f"/ui/audit/events/{event['sequence']}"


def work(office: UiOffice) -> None:
    folder, key = office.offline.folder / "exports", office.offline.folder / "audit.pem"
    handlers = {
        audit_jobs.VERIFY: audit_jobs.verify_audit,
        audit_jobs.EXPORT: lambda context: audit_jobs.export_audit(folder, key, context),
    }
    worker = Worker(office.database, handlers, "test")
    while worker.run_one():
        pass


def test_what_differs_is_shown_member_by_member(office: UiOffice, anna: Browser) -> None:
    place = note(office, {"same": 1, "mode": "old", "inner": {"gone": True}}, {"same": 1, "mode": "new", "inner": {}})
    listed = anna.get("/ui/audit?tag=test:thing:change")
    assert place in links_of(listed)
    for page in (text(listed), text(anna.get(place))):
        assert re.search(r'<del class="id">(<span class="hidden">Before </span>)?old</del>', page)
        assert re.search(r'<ins class="id">(<span class="hidden">After </span>)?new</ins>', page)
        assert "inner.gone" in page
    assert '<span class="id">same</span>' not in text(listed)


def test_what_is_noted_is_only_text(office: UiOffice, anna: Browser) -> None:
    place = note(office, None, {HOSTILE: HOSTILE})
    check_harmless(anna.get(place))
    check_harmless(anna.get("/ui/audit?tag=test:thing:change"))


def test_event_of_a_domain_is_for_its_administrators_and_others_are_not_there(office: UiOffice) -> None:
    dora = office.browser("dora")
    own = note(office, None, {"a": 1}, office.offline.stored.id)
    assert "test:thing:change" in text(dora.get(own))
    assert dora.get(note(office, None, {"a": 2})).status == 404
    assert dora.get("/ui/audit/events/none").status in {400, 404}


def test_chain_is_checked_by_a_job_and_the_page_says_what_it_found(office: UiOffice, anna: Browser) -> None:
    assert CHECKS in links_of(anna.get("/ui/audit"))
    assert "Nobody has had it checked lately." in text(anna.get(CHECKS))
    assert anna.post("/ui/audit/verify").headers["location"] == CHECKS
    assert 'hx-trigger="every 2s"' in text(anna.get(CHECKS))
    work(office)
    page = anna.get(CHECKS, hx_request="true")
    assert page.headers["hx-refresh"] == "true"
    assert "Nothing was changed, removed, added or moved." in text(page)


def test_export_is_written_by_a_job_and_the_page_says_where(office: UiOffice, anna: Browser) -> None:
    note(office, None, {"a": 1})
    assert anna.post("/ui/audit/export", after="", opened="1").headers["location"] == CHECKS
    work(office)
    page = text(anna.get(CHECKS))
    (file,) = (office.offline.folder / "exports").glob("audit-*.jsonl")
    assert file.name in page
    checked = verify_file(file, None, None)
    assert checked.key.fingerprint in page
    assert checked.manifest.opened
    for wrong in ("-1", "many", "9" * 19):
        reply = anna.post("/ui/audit/export", after=wrong)
        assert (reply.status, 'role="alert"' in reply.body.decode()) == (400, True)


def test_checks_and_exports_are_for_who_may_see_all(office: UiOffice) -> None:
    dora = office.browser("dora")
    assert dora.get(CHECKS).status == 403
    assert dora.post("/ui/audit/verify").status == 403
    assert dora.post("/ui/audit/export", after="").status == 403


@pytest.mark.parametrize("language", ["de", "fr"])
def test_the_pages_are_there_in_every_language(office: UiOffice, anna: Browser, language: str) -> None:
    for place in (CHECKS, note(office, {"a": 1}, {"a": 2}), "/ui/audit"):
        assert anna.get(place, accept_language=language).status == 200
