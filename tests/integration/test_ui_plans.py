# SPDX-License-Identifier: Apache-2.0
"""Plans on pages, without JavaScript: a file is sent, looked at row by row, applied, watched, or given up."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.api.v1.routing import MAX_BODY
from registry.app.plans import apply_handler
from registry.jobs import queue
from registry.jobs.worker import Worker
from registry.plans.applying import KIND, MAX_PERCENT
from registry.plans.model import PlanKind, PlanState, RowVerdict
from registry.ui.labels import PLAN_KINDS, PLAN_STATES, VERDICTS
from registry.ui.visit import MAX_UPLOAD
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, segment
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, links_of, text

PLANS = "/ui/domains/demo/plans"
NEW = "/ui/domains/demo/new-plan"
WHO = "iso6523-actorid-upis::0088:{}"
TABLE = f"participant\n{WHO.format(1)}\n{WHO.format(2)}\nno scheme\n".encode()
POLLED = {"hx-request": "true"}


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("edda", Role.EDITOR, Scope(offline.stored.id))
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    return office


@pytest.fixture
def edda(office: UiOffice) -> Browser:
    return office.browser("edda")


@pytest.fixture
def program(office: UiOffice) -> RestCaller:
    return office.caller(Role.ADMIN)


def made(browser: Browser, content: bytes = TABLE, filename: str = "table.csv", **form: str) -> str:
    reply = browser.upload(NEW, filename, content, **form)
    assert reply.status == 303, reply.body
    place = reply.headers["location"]
    assert place.startswith(f"{PLANS}/")
    return place


def work(office: UiOffice) -> None:
    worker = Worker(office.database, {KIND: apply_handler(office.offline.instance)}, "test")
    while worker.run_one():
        pass


def test_file_is_planned_looked_at_applied_and_watched(office: UiOffice, edda: Browser, program: RestCaller) -> None:
    assert 'enctype="multipart/form-data"' in text(edda.get(NEW))
    place = made(edda)
    page = text(edda.get(place))
    assert "The plan is made. Nothing is changed yet." in page
    assert "added (2)" in page
    assert "refused (1)" in page
    assert {f"{place}/apply", f"{place}/abandon"} <= links_of(edda.get(place))
    assert place in links_of(edda.get(PLANS))
    assert office.items("/domains/demo/participants", program) == []

    assert "Participants that are added: 2." in text(edda.get(f"{place}/apply"))
    assert edda.submit(f"{place}/apply").headers["location"] == place
    running = edda.get(place)
    assert '<noscript><meta http-equiv="refresh"' in text(running)
    assert f'hx-get="{place}"' in text(running)
    assert "hx-refresh" not in edda.get(place, **POLLED).headers
    work(office)
    done = edda.get(place)
    assert "http-equiv" not in text(done)
    assert "hx-get" not in text(done)
    assert edda.get(place, **POLLED).headers["hx-refresh"] == "true", "the open page shows the end by itself"
    assert "hx-refresh" not in done.headers
    assert len(office.items("/domains/demo/participants", program)) == 2


def test_rows_are_shown_by_verdict_with_every_reason_before_and_after(
    office: UiOffice, edda: Browser, program: RestCaller
) -> None:
    office.ask("PUT", f"/domains/demo/participants/{segment(WHO.format(9))}", program, {})
    place = made(edda, removes="1")
    refused = text(edda.get(f"{place}?verdict=refused"))
    assert "no scheme" in refused
    (row,) = office.items(f"{place.removeprefix('/ui')}/rows?verdict=refused", program)
    assert row["reasons"]
    assert all(reason["id"] in refused for reason in row["reasons"])
    assert WHO.format(1) not in refused
    added = text(edda.get(f"{place}?verdict=added"))
    assert WHO.format(1) in added
    assert "<summary>Before and after" in added
    removed = text(edda.get(f"{place}?verdict=removed"))
    assert WHO.format(9) in removed
    assert 'role="alert"' in text(edda.get(f"{place}?verdict=nonsense"))


def test_json_lines_are_known_by_the_name_of_the_file(edda: Browser) -> None:
    line = b'{"participant":{"scheme":"iso6523-actorid-upis","value":"0088:1"}}\n'
    assert "JSON lines" in text(edda.get(made(edda, line, "List.JSONL")))
    assert edda.upload(NEW, "list.csv", line).status in {303, 400}


def test_what_would_change_too_much_is_refused_until_a_higher_share_is_said(
    office: UiOffice, edda: Browser, program: RestCaller
) -> None:
    office.ask("PUT", f"/domains/demo/participants/{segment(WHO.format(9))}", program, {})
    place = made(edda, removes="1")
    assert "100 percent of the 1" in text(edda.get(f"{place}/apply"))
    refused = edda.submit(f"{place}/apply")
    assert refused.status == 409
    assert "more than 20 %" in refused.body.decode()
    for wrong in ("", "101", "-1", "9" * 40, "²", "x"):
        assert edda.submit(f"{place}/apply", max_percent=wrong).status == 400, wrong
    assert edda.submit(f"{place}/apply", max_percent="100").status == 303
    assert f'value="{MAX_PERCENT:g}"' in text(edda.get(f"{place}/apply")), "the share is REST's own where none is said"


def test_plan_that_is_not_as_it_was_seen_is_neither_applied_nor_given_up(
    office: UiOffice, edda: Browser, program: RestCaller
) -> None:
    place = made(edda)
    etag = office.ask("GET", place.removeprefix("/ui"), program).headers["etag"]
    office.ask("PUT", f"/domains/demo/participants/{segment(WHO.format(9))}", program, {})
    assert "Something was published since" in text(edda.get(place))
    assert edda.post(f"{place}/apply", etag=etag, max_percent="100").status == 412
    assert edda.post(f"{place}/apply", max_percent="100").status == 412
    assert edda.post(f"{place}/abandon", etag=etag).status == 412
    assert office.ask("GET", place.removeprefix("/ui"), program).json()["state"] == "planned"


def test_plan_is_given_up_after_it_was_confirmed(edda: Browser) -> None:
    place = made(edda)
    assert "applied any more" in text(edda.get(f"{place}/abandon"))
    assert edda.submit(f"{place}/abandon").headers["location"] == place
    assert "The plan is given up." in text(edda.get(place))
    assert f"{place}/apply" not in links_of(edda.get(place))
    assert edda.submit(f"{place}/apply").status == 409


def test_plan_that_was_broken_off_goes_on(office: UiOffice, edda: Browser, program: RestCaller) -> None:
    place = made(edda)
    assert edda.submit(f"{place}/apply").status == 303
    job = office.ask("GET", place.removeprefix("/ui"), program).json()["job"]
    with office.database.write(ACTOR) as unit:
        queue.cancel(unit, job)
    assert f"{place}/apply" in links_of(edda.get(place))
    assert "http-equiv" not in text(edda.get(place))
    assert "goes on where it was broken off" in text(edda.get(f"{place}/apply"))
    assert edda.submit(f"{place}/apply").status == 303
    work(office)
    assert len(office.items("/domains/demo/participants", program)) == 2


def test_viewer_reads_plans_and_changes_none(office: UiOffice, edda: Browser) -> None:
    place = made(edda)
    victor = office.browser("victor")
    assert NEW not in links_of(victor.get(PLANS))
    assert not {link for link in links_of(victor.get(place)) if link.endswith(("/apply", "/abandon"))}
    before = office.everything()
    etag = office.ask("GET", place.removeprefix("/ui"), office.caller(Role.ADMIN)).headers["etag"]
    before = office.everything()
    assert victor.get(NEW).status == 403
    assert victor.upload(NEW, "t.csv", TABLE).status == 403
    assert victor.post(f"{place}/apply", etag=etag, max_percent="100").status == 403
    assert victor.post(f"{place}/abandon", etag=etag).status == 403
    assert office.everything() == before


def test_domain_in_which_somebody_has_no_role_is_not_there(office: UiOffice, edda: Browser) -> None:
    place = made(edda)
    office.person("nobody")
    nobody = office.browser("nobody")
    for path in (PLANS, NEW, place, f"{place}/apply", f"{place}/abandon"):
        assert nobody.get(path).status == 404, path
    assert nobody.upload(NEW, "t.csv", TABLE).status == 404


def test_nothing_of_a_file_is_read_of_whom_may_not_send_it(office: UiOffice) -> None:
    for name, status in (("victor", 403), (None, 303)):
        browser = office.browser(name)
        assert browser.upload(NEW, "t.csv", b"x" * (MAX_UPLOAD + 1)).status == status, "not 413"


def test_no_file_too_large_a_file_and_none_that_is_a_table_are_told_on_the_form(edda: Browser) -> None:
    for filename, content, status in (
        ("", b"", 400),
        ("t.csv", b"participant\n\xff", 400),
        ("t.csv", b"x" * MAX_UPLOAD, 413),
        ("t.jsonl", b"no json\n", None),
    ):
        reply = edda.upload(NEW, filename, content)
        if status is None:
            assert reply.status in {303, 400}
            continue
        assert reply.status == status
        page = reply.body.decode()
        assert 'role="alert"' in page
        assert 'type="file"' in page


@pytest.mark.parametrize("body", [b"", b"file=x", b"--b\r\n", b"--b\r\nx\r\n\r\n\r\n--b--"], ids=["0", "1", "2", "3"])
def test_form_that_no_browser_sends_is_refused(edda: Browser, body: bytes) -> None:
    headers = {"sec-fetch-site": "same-origin", "content-type": "multipart/form-data; boundary=b"}
    assert edda._ask("POST", NEW, body, headers).status == 400


def test_file_is_bounded_as_rest_is() -> None:
    assert MAX_UPLOAD == MAX_BODY


def test_what_a_file_says_is_text(edda: Browser) -> None:
    quoted = HOSTILE.replace('"', '""')
    place = made(
        edda, f'participant\n"{WHO.format(1)}"\n"x::{quoted}"\n"{quoted}"\n'.encode(), HOSTILE.replace('"', "")
    )
    check_harmless(edda.get(place))


def test_each_code_has_a_word() -> None:
    assert set(PLAN_KINDS) == {kind.value for kind in PlanKind}
    assert set(PLAN_STATES) == {state.value for state in PlanState}
    assert set(VERDICTS) == {verdict.value for verdict in RowVerdict}
