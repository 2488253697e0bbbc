# SPDX-License-Identifier: Apache-2.0
"""Problems on pages: found by filters, looked after with a note, and hidden from whom they don't concern."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.alerts import book
from registry.alerts.problem import Look, Problem, ProblemKind, Severity
from registry.ui.labels import PROBLEM_KINDS
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import segment
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, links_of, text

pytestmark = pytest.mark.any_database

DISK = Problem(ProblemKind.DISK, Severity.WARNING, parameters={"what": "little room", "remedy": "make some"})


def keep(offline: OfflineInstance, *problems: Problem) -> None:
    with offline.instance.database.write(ACTOR) as work:
        book.keep(work, Look([*problems]))


@pytest.fixture
def empty(offline: OfflineInstance) -> Problem:
    return Problem(ProblemKind.PARTICIPANT_EMPTY, Severity.ERROR, "x::y", offline.stored.id)


@pytest.fixture
def office(offline: OfflineInstance, empty: Problem) -> UiOffice:
    keep(offline, DISK, empty)
    office = UiOffice(offline)
    office.person("anna", Role.ADMIN)
    return office


@pytest.fixture
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


def test_overview_and_list_lead_to_each_problem(anna: Browser, empty: Problem) -> None:
    for path in ("/ui/", "/ui/problems"):
        links = links_of(anna.get(path))
        assert {"/ui/problems", *(f"/ui/problems/{segment(each.key)}" for each in (DISK, empty))} <= links
    shown = text(anna.get(f"/ui/problems/{segment(DISK.key)}"))
    assert "little room" in shown
    assert "make some" in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [("kind=disk", 1), ("severity=error", 1), ("severity=hint", 0), ("domain=demo", 1), ("ended=true", 0), ("", 2)],
)
def test_list_is_narrowed_down_by_filters(anna: Browser, query: str, found: int) -> None:
    page = anna.get(f"/ui/problems?{query}")
    assert len([link for link in links_of(page) if link.startswith("/ui/problems/")]) == found
    assert found or "There is no problem that fits." in text(page)


def test_problem_is_looked_after_with_a_note_by_a_form_alone(anna: Browser, empty: Problem) -> None:
    path = f"/ui/problems/{segment(empty.key)}"
    done = anna.submit(path, note="first line\r\nsecond line")
    assert (done.status, done.headers["location"]) == (303, path)
    shown = text(anna.get(path))
    assert "You look after it now." in shown
    assert "first line\nsecond line" in shown
    assert "anna" in shown
    assert path in links_of(anna.get("/ui/problems?acknowledged=true"))
    assert path not in links_of(anna.get("/ui/problems?acknowledged=false"))


def test_problem_that_became_worse_meanwhile_is_not_silenced(office: UiOffice, anna: Browser, empty: Problem) -> None:
    path = f"/ui/problems/{segment(DISK.key)}"
    seen = anna.get(path)
    keep(office.offline, Problem(DISK.kind, Severity.ERROR, parameters=DISK.parameters), empty)
    since = text(seen).split('name="since" value="')[1].partition('"')[0]
    assert anna.post(f"{path}/acknowledge", severity="warning", since=since, note="").status == 412
    assert anna.post(f"{path}/acknowledge").status == 412, "a form that says nothing of what was seen silences nothing"
    assert anna.submit(path).status == 303


def test_note_that_rest_refuses_is_told_and_not_lost(anna: Browser) -> None:
    refused = anna.submit(f"/ui/problems/{segment(DISK.key)}", note="x" * 2001)
    assert refused.status == 400
    assert 'role="alert"' in refused.body.decode()
    assert "x" * 2001 in refused.body.decode()


def test_viewer_of_a_domain_sees_its_problems_and_silences_none(office: UiOffice, empty: Problem) -> None:
    office.person("victor", Role.VIEWER, Scope(office.offline.stored.id))
    victor = office.browser("victor")
    mine, other = f"/ui/problems/{segment(empty.key)}", f"/ui/problems/{segment(DISK.key)}"
    assert mine in links_of(victor.get("/ui/problems"))
    assert other not in links_of(victor.get("/ui/problems"))
    assert victor.get(other).status == 404
    held = text(victor.get(mine))
    assert "<textarea" not in held
    since = office.items("/problems?domain=demo", office.caller(Role.ADMIN))[0]["since"]
    before = office.everything()
    assert victor.post(f"{mine}/acknowledge", severity="error", since=since).status == 403
    assert office.everything() == before


def test_who_may_see_no_problems_is_not_told_that_there_are_none(office: UiOffice) -> None:
    office.person("nobody")
    nobody = office.browser("nobody")
    assert "/ui/problems" not in links_of(nobody.get("/ui/"))
    assert nobody.get("/ui/problems").status == 403
    assert nobody.get("/ui/problems?domain=demo").status == 403
    assert nobody.get(f"/ui/problems/{segment(DISK.key)}").status == 404


def test_what_strangers_wrote_is_text(office: UiOffice, anna: Browser) -> None:
    hostile = Problem(ProblemKind.PARTICIPANT_EMPTY, Severity.ERROR, HOSTILE, office.offline.stored.id)
    keep(office.offline, hostile)
    path = f"/ui/problems/{segment(hostile.key)}"
    assert anna.submit(path, note=HOSTILE).status == 303
    for page in (path, "/ui/problems", "/ui/"):
        check_harmless(anna.get(page))


def test_each_kind_of_problem_has_a_name() -> None:
    assert set(PROBLEM_KINDS) == {kind.value for kind in ProblemKind}
