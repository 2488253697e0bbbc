# SPDX-License-Identifier: Apache-2.0
"""The ends of certificates as a calendar over REST, as far as the caller may see them."""

import re
from datetime import datetime, timedelta

import pytest

from registry.accounts.permissions import Role, Scope
from registry.alerts import certificate_calendar
from registry.app.domain_setup import add_domain
from registry.demo.content import demo_metadata
from registry.metadata import ServiceGroup
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice

CALENDAR = "/certificate-calendar"
LONG = 3_650
_UID = re.compile(r"^UID:certificate-([0-9a-f]{64})@edelivery-registry$", re.MULTILINE)


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    metadata = demo_metadata(offline.pki.access_points)[0]
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(metadata.participant))
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)
    add_domain(offline.instance, ACTOR, "demo", {"name": "other", "default": False, "dns": {"zone": "other.example"}})
    return RestOffice(offline)


@pytest.fixture
def viewer(office: RestOffice) -> RestCaller:
    return office.caller(Role.VIEWER, Scope(office.offline.stored.id))


def calendar(office: RestOffice, by: RestCaller, query: str = f"?within_days={LONG}") -> str:
    """The calendar, with its folded lines joined."""
    reply = office.ask("GET", f"{CALENDAR}{query}", by)
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"] == "text/calendar; charset=utf-8"
    assert reply.headers["content-disposition"] == 'attachment; filename="certificates.ics"'
    return reply.body.decode().replace("\r\n ", "").replace("\r\n", "\n")


def test_every_certificate_in_use_ends_once_and_is_the_same_event_each_time(
    office: RestOffice, viewer: RestCaller
) -> None:
    held = office.items("/certificates", viewer)
    shown = calendar(office, viewer)
    assert _UID.findall(shown) == [each["sha256"] for each in held]
    assert calendar(office, viewer) == shown
    for each in held:
        at = each["not_after"].replace("-", "").replace(":", "")
        assert f"DTSTART:{at}" in shown
        assert each["subject"].replace(",", "\\,") in shown
    assert "Used by:\\naccess point" in shown
    assert "SMP SMP-DEMO (demo)" in shown or "signing key: active (demo)" in shown


def test_only_the_next_days_are_in_it(office: RestOffice, viewer: RestCaller) -> None:
    assert _UID.findall(calendar(office, viewer, "?within_days=1")) == []
    ends = (datetime.fromisoformat(each["not_after"]) for each in office.items("/certificates", viewer))
    office.offline.clock.now = max(ends) + timedelta(seconds=1)
    admin = office.caller(Role.ADMIN)
    assert _UID.findall(calendar(office, admin)) == [], "what has ended already has had its reminder"
    for query in ("?within_days=0", "?within_days=3651", "?within_days=soon"):
        assert office.ask("GET", f"{CALENDAR}{query}", admin).status == 400


def test_callers_get_what_they_may_see(office: RestOffice, viewer: RestCaller) -> None:
    other = next(stored for stored in office.context.directory.all() if stored.domain.name == "other")
    stranger = office.caller(Role.VIEWER, Scope(other.id))
    assert _UID.findall(calendar(office, stranger)) == []
    assert office.ask("GET", f"{CALENDAR}?domain=demo", stranger).status == 404
    assert _UID.findall(calendar(office, viewer, f"?within_days={LONG}&domain=demo"))
    admin = office.caller(Role.ADMIN)
    assert _UID.findall(calendar(office, admin, f"?within_days={LONG}&domain=other")) == []


def test_too_many_are_refused_and_not_cut_off(
    office: RestOffice, viewer: RestCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_calendar, "MAX_EVENTS", 1)
    reply = office.ask("GET", f"{CALENDAR}?within_days={LONG}", viewer)
    assert reply.status == 400
    assert [reason["id"] for reason in reply.json()["reasons"]] == ["CALENDAR-TOO-LARGE"]
