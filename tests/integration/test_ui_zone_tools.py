# SPDX-License-Identifier: Apache-2.0
"""The zone of a domain on pages: own records, journal, transfers, whether all agree, and what name servers serve."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.app.job_handlers import handlers
from registry.consistency.checking import Area
from registry.consistency.findings import REPAIRABLE, Kind
from registry.consistency.run import KIND as CONSISTENCY
from registry.consistency.server_checks import KIND as SERVERS
from registry.dns.journal import NewState
from registry.dns.reconcile.checking import Standing
from registry.dns.reconcile.differences import Kind as Served
from registry.jobs import queue
from registry.jobs.worker import Worker
from registry.settings import load_settings
from registry.ui import check_labels
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.served_zones import Zone
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, links_of, text
from tests.simulators.zone_sender import ZoneSender, sending, without

pytestmark = pytest.mark.any_database

ZONE = "/ui/domains/demo/zone"
OWN, NEW = f"{ZONE}/own", f"{ZONE}/new-own"
AGREE, SERVE = f"{ZONE}/consistency", f"{ZONE}/servers"
PAGES = (OWN, f"{ZONE}/changes", f"{ZONE}/transfers", AGREE, SERVE)
ALIAS = {"name": "0088.sml", "type": "cname", "ttl": "60", "records": "sml.example.org.\r\n"}


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    for name, role in (("anna", Role.ADMIN), ("edda", Role.EDITOR), ("victor", Role.VIEWER)):
        office.person(name, role, Scope(offline.stored.id))
    return office


@pytest.fixture
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


def work(office: UiOffice, kind: str) -> None:
    offline = office.offline
    handler = handlers(offline.instance, load_settings(data_dir=offline.folder))[kind]
    worker = Worker(office.database, {kind: handler}, "test")
    while worker.run_one():
        pass


def one(office: UiOffice, end: str) -> str:
    """A page of the alias."""
    zone = office.offline.stored.domain.dns.zone
    return f"{OWN}/0088.sml.{zone}./types/CNAME/{end}"


# Own records


def test_records_are_put_changed_and_removed_after_that_was_confirmed(office: UiOffice, anna: Browser) -> None:
    assert set(PAGES) <= links_of(anna.get(ZONE))
    assert NEW in links_of(anna.get(OWN))
    assert anna.post(NEW, **ALIAS).headers["location"] == OWN
    page = anna.get(OWN)
    assert "sml.example.org." in text(page)
    assert one(office, "change") in links_of(page)
    form = anna.get(one(office, "change"))
    assert "sml.example.org." in text(form)
    assert anna.submit(one(office, "change"), records="other.example.org.").headers["location"] == OWN
    assert "other.example.org." in text(anna.get(OWN))
    assert "They go from DNS" in text(anna.get(one(office, "remove")))
    assert "other.example.org." in text(anna.get(OWN)), "asking removes nothing"
    assert anna.submit(one(office, "remove")).headers["location"] == OWN
    assert "The operator has no records of their own here." in text(anna.get(OWN))


def test_records_that_are_there_are_not_overwritten_unseen(office: UiOffice, anna: Browser) -> None:
    anna.post(NEW, **ALIAS)
    again = anna.post(NEW, **{**ALIAS, "records": "other.example.org."})
    assert (again.status, "already" in again.body.decode()) == (409, True)
    seen = anna.get(one(office, "change"))
    assert anna.submit(one(office, "change"), records="second.example.org.").status == 303
    etag = text(seen).partition('name="etag" value="')[2].partition('"')[0].replace("&#34;", '"')
    for end in ("change", "remove"):
        reply = anna.post(one(office, end), etag=etag, ttl="60", records="third.example.org.")
        assert reply.status == 412, end
    assert "second.example.org." in text(anna.get(OWN))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"name": ""}, id="no name"),
        pytest.param({"type": ""}, id="no type"),
        pytest.param({"records": " \r\n"}, id="no records"),
        pytest.param({"ttl": "long"}, id="no ttl"),
        pytest.param({"records": HOSTILE}, id="hostile record"),
        pytest.param({"type": HOSTILE}, id="hostile type"),
    ],
)
def test_what_is_no_record_is_refused_on_the_form(anna: Browser, changed: dict[str, str]) -> None:
    reply = anna.post(NEW, **{**ALIAS, **changed})
    assert reply.status == 400
    page = reply.body.decode()
    assert 'role="alert"' in page
    assert "<script>alert" not in page


def test_texts_of_records_are_only_text(anna: Browser) -> None:
    quoted = HOSTILE.replace('"', "")
    assert anna.post(NEW, name="note", type="TXT", ttl="60", records=f'"{quoted}"').status == 303
    check_harmless(anna.get(OWN))
    check_harmless(anna.get(ZONE))
    assert anna.post(NEW, name=HOSTILE, type="TXT", ttl="60", records='"x"').status == 303, "DNS takes any octets"
    page = anna.get(OWN)
    check_harmless(page)
    (place,) = (each for each in links_of(page) if each.endswith("/TXT/change") and "script" in each)
    assert anna.get(place).status == 200
    assert "<script>alert" not in text(anna.get(place))


# What happened


def test_journal_tells_what_changed_since_a_serial(office: UiOffice, anna: Browser) -> None:
    anna.post(NEW, **ALIAS)
    Zone(office.offline).change()
    page = text(anna.get(f"{ZONE}/changes"))
    assert "sml.example.org." in page
    newest = office.ask("GET", "/domains/demo/zone", office.caller(Role.ADMIN)).json()["serial"]
    assert "Nothing has changed since." in text(anna.get(f"{ZONE}/changes?since={newest}"))
    assert "Nothing has changed since." in text(anna.get(f"{ZONE}/changes?name=nobody"))
    for since in ("many", "99999999999"):
        assert 'role="alert"' in text(anna.get(f"{ZONE}/changes?since={since}"))


def test_nobody_has_taken_the_zone_yet(anna: Browser) -> None:
    assert "Nobody has taken the zone yet." in text(anna.get(f"{ZONE}/transfers"))


# Whether all agree


def spoil(office: UiOffice) -> None:
    """A name that nothing accounts for."""
    offline = office.offline
    assert offline.stored.zone_id is not None
    with office.database.write(ACTOR) as work:
        surplus = NewState("gone.publisher", "CNAME", "60 smp.example.org.")
        offline.instance.journal.write(work, offline.stored.zone_id, [surplus])


def test_nothing_wrong_is_said_after_a_check_that_a_job_does(office: UiOffice) -> None:
    edda = office.browser("edda")
    assert "Nobody has compared them lately." in text(edda.get(AGREE))
    reply = edda.post(AGREE, **{"area-groups": "1", "area-names": "1"})
    assert (reply.status, reply.headers["location"]) == (303, AGREE)
    assert 'hx-trigger="every 2s"' in text(edda.get(AGREE))
    work(office, CONSISTENCY)
    page = edda.get(AGREE, hx_request="true")
    assert page.headers["hx-refresh"] == "true"
    assert "Everything agrees." in text(page)
    assert edda.post(AGREE).status == 400, "nothing is to be compared"


def test_what_is_wrong_is_put_right_after_a_look_at_what_follows(office: UiOffice, anna: Browser) -> None:
    spoil(office)
    anna.post(AGREE, **{"area-names": "1"})
    work(office, CONSISTENCY)
    page = anna.get(AGREE)
    assert "gone.publisher" in text(page)
    assert f"{AGREE}/repair" in links_of(page)
    assert "they are removed" in text(anna.get(f"{AGREE}/repair"))
    (job,) = office.items("/jobs?kind=consistency-check", office.caller(Role.ADMIN))
    sent = {"job": str(job["id"]), "kind-name-surplus": "1"}
    assert anna.post(f"{AGREE}/repair", job=sent["job"], max_percent="100").status == 400, "no kind is chosen"
    assert anna.post(f"{AGREE}/repair", **sent, max_percent="all").status == 400
    assert anna.post(f"{AGREE}/repair", **{**sent, "job": "0"}, max_percent="100").status == 412
    assert anna.post(f"{AGREE}/repair", **sent, max_percent="100").headers["location"] == AGREE
    assert anna.post(f"{AGREE}/repair", **sent, max_percent="100").status == 412, "one is under way"
    work(office, CONSISTENCY)
    page = anna.get(AGREE)
    assert "Put right" in text(page)
    assert f"{AGREE}/repair" not in links_of(page)
    assert anna.get(f"{AGREE}/repair").headers["location"] == AGREE, "there is nothing left to do"


def test_texts_of_findings_are_only_text(office: UiOffice, anna: Browser) -> None:
    finding = {"kind": "name-surplus", "subject": HOSTILE, "wanted": None, "found": HOSTILE}
    result = {"counts": {"name-surplus": 1}, "compared": {}, "in_progress": 0, "examples": [finding], "repair": None}
    with office.database.write(ACTOR) as work_unit:
        queue.enqueue(work_unit, CONSISTENCY, {}, domain_id=office.offline.stored.id)
    Worker(office.database, {CONSISTENCY: lambda _: result}, "test").run_one()
    check_harmless(anna.get(AGREE))


def test_who_only_looks_starts_nothing(office: UiOffice) -> None:
    victor, edda = office.browser("victor"), office.browser("edda")
    for page in PAGES:
        assert 'method="post" action="/ui/domains' not in text(victor.get(page))
    assert victor.post(AGREE, **{"area-names": "1"}).status == 403
    assert victor.post(SERVE).status == 403
    assert edda.get(f"{AGREE}/repair").status == 403
    assert edda.get(NEW).status == 403
    assert edda.post(NEW, **ALIAS).status == 403


# What name servers serve


def test_what_a_server_lacks_is_found_and_put_right_after_a_look_at_the_plan(office: UiOffice, anna: Browser) -> None:
    zone = Zone(office.offline)
    with sending(ZoneSender(without(zone.served(), f"n1.{zone.name}."))) as sender:
        change_domain(office.offline.instance, ACTOR, "demo", {"dns": {"observed_servers": [sender.address]}})
        assert anna.post(SERVE, samples="").headers["location"] == SERVE
        work(office, SERVERS)
        page = anna.get(SERVE)
        assert "does not agree" in text(page)
        assert sender.address in text(page)
        assert f"{SERVE}/repair" in links_of(page)
        asked = text(anna.get(f"{SERVE}/repair"))
        assert str(zone.row.serial + 1) in asked
        assert anna.post(f"{SERVE}/repair", job="1", max_percent="101").status == 400
        assert anna.post(f"{SERVE}/repair", job="0", max_percent="100").status == 412, "another look than was seen"
        before = zone.row.serial
        assert anna.submit(f"{SERVE}/repair", max_percent="100").headers["location"] == SERVE
        work(office, SERVERS)
        assert "What was put right" in text(anna.get(SERVE))
    assert zone.row.serial > before
    assert anna.get(f"{SERVE}/repair").headers["location"] == SERVE, "there is nothing left to do"


def test_number_of_record_sets_that_is_none_is_refused(anna: Browser) -> None:
    for samples in ("many", "-1", "0"):
        assert anna.post(SERVE, samples=samples).status == 400


# All of them


@pytest.mark.parametrize("language", ["de", "fr"])
def test_the_pages_are_there_in_every_language(office: UiOffice, anna: Browser, language: str) -> None:
    anna.post(NEW, **ALIAS)
    for place in (*PAGES, NEW, one(office, "change"), one(office, "remove")):
        assert anna.get(place, accept_language=language).status == 200


def test_domain_in_which_somebody_has_no_role_is_not_there(office: UiOffice) -> None:
    office.person("nobody")
    nobody = office.browser("nobody")
    for path in (*PAGES, NEW, one(office, "change"), one(office, "remove"), f"{AGREE}/repair", f"{SERVE}/repair"):
        assert nobody.get(path).status == 404
    for path in (NEW, one(office, "change"), one(office, "remove"), AGREE, SERVE, f"{SERVE}/repair"):
        form = {"area-names": "1", "max_percent": "1", **ALIAS}
        assert nobody.post(path, **form).status == 404


def test_each_code_has_a_word() -> None:
    assert set(check_labels.REPAIRS) == {kind.value for kind in REPAIRABLE if not kind.value.startswith("foreign-")}
    others = {kind.value for kind in Kind if kind.value.startswith(("foreign-", "directory-"))}
    assert set(check_labels.FINDINGS) == {kind.value for kind in Kind} - others
    assert list(check_labels.AREAS) == [area.value for area in Area]
    assert set(check_labels.STANDINGS) == {each.value for each in Standing}
    assert set(check_labels.SERVED) == {each.value for each in Served}
