# SPDX-License-Identifier: Apache-2.0
"""Jobs on pages: found, watched, cancelled and done again, by whom it concerns."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.jobs import queue
from registry.jobs.worker import JobContext, Worker
from registry.storage.queries.jobs import JobState
from registry.ui.labels import JOB_STATES
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, links_of, text

pytestmark = pytest.mark.any_database


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("edda", Role.EDITOR, Scope(offline.stored.id))
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    return office


@pytest.fixture
def edda(office: UiOffice) -> Browser:
    return office.browser("edda")


def ask_for(office: UiOffice, kind: str = "k", *, domain: bool = True, account_id: int | None = None) -> str:
    with office.database.write(ACTOR) as work:
        domain_id = office.offline.stored.id if domain else None
        return f"/ui/jobs/{queue.enqueue(work, kind, {}, total=4, domain_id=domain_id, account_id=account_id)}"


def work(office: UiOffice, result: object = None) -> None:
    def handler(job: JobContext) -> object:
        if isinstance(result, Exception):
            raise result
        return result

    Worker(office.database, {"k": handler}, "test").run_one()


def jobs_on(browser: Browser, query: str = "") -> set[str]:
    return {link for link in links_of(browser.get(f"/ui/jobs{query}")) if link.startswith("/ui/jobs/")}


def test_list_is_narrowed_down_by_filters(office: UiOffice, edda: Browser) -> None:
    first, second = ask_for(office), ask_for(office, "other")
    hidden = ask_for(office, domain=False)
    assert jobs_on(edda) == {first, second}
    assert jobs_on(edda, "?kind=other") == {second}
    assert jobs_on(edda, "?state=done") == set()
    assert jobs_on(edda, "?domain=demo&state=waiting") == {first, second}
    assert jobs_on(edda, "?own=true") == set()
    assert 'role="alert"' in text(edda.get("/ui/jobs?state=nonsense"))
    assert edda.get(hidden).status == 404


def test_job_is_watched_until_its_end_with_and_without_script(office: UiOffice, edda: Browser) -> None:
    place = ask_for(office)
    page = text(edda.get(place))
    assert '<noscript><meta http-equiv="refresh"' in page
    assert f'hx-get="{place}"' in page
    assert '<progress max="4" value="0"' in page
    assert "hx-refresh" not in edda.get(place, hx_request="true").headers
    work(office, {"kept": HOSTILE})
    assert edda.get(place, hx_request="true").headers["hx-refresh"] == "true"
    check_harmless(edda.get(place))
    assert "http-equiv" not in text(edda.get(place))


def test_job_is_cancelled_and_done_again_after_that_was_confirmed(office: UiOffice, edda: Browser) -> None:
    place = ask_for(office)
    assert f"{place}/cancel" in links_of(edda.get(place))
    assert "It is not begun." in text(edda.get(f"{place}/cancel"))
    assert edda.submit(f"{place}/cancel").headers["location"] == place
    assert "The job is cancelled" in text(edda.get(place))
    assert f"{place}/cancel" not in links_of(edda.get(place))
    assert edda.submit(f"{place}/cancel").status == 409
    assert "what is done already stays" in text(edda.get(f"{place}/retry"))
    assert edda.submit(f"{place}/retry").headers["location"] == place
    assert "waiting" in text(edda.get(place))


def test_job_that_is_in_another_state_than_was_seen_is_left_alone(office: UiOffice, edda: Browser) -> None:
    place = ask_for(office)
    work(office)
    assert edda.post(f"{place}/cancel", state="waiting", attempts="0").status == 412
    assert edda.post(f"{place}/cancel").status == 412


def test_viewer_watches_and_changes_nothing(office: UiOffice) -> None:
    victor = office.browser("victor")
    place = ask_for(office)
    assert not {link for link in links_of(victor.get(place)) if link.endswith(("/cancel", "/retry"))}
    before = office.everything()
    assert victor.post(f"{place}/cancel", state="waiting", attempts="0").status == 403
    assert office.everything() == before


def test_own_job_is_seen_wherever_it_is_and_others_are_not(office: UiOffice) -> None:
    account = office.person("nobody")
    nobody = office.browser("nobody")
    own, other = ask_for(office, account_id=account), ask_for(office)
    assert jobs_on(nobody) == {own}
    assert own in links_of(nobody.get("/ui/")), "the overview leads there"
    assert nobody.get(own).status == 200
    for path in (other, f"{other}/cancel", f"{other}/retry"):
        assert nobody.get(path).status == 404, path


def test_each_state_has_a_word() -> None:
    assert set(JOB_STATES) == {state.value for state in JobState}
