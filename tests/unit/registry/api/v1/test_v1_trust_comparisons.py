# SPDX-License-Identifier: Apache-2.0
"""Another trust configuration over REST: what it says differently at once, and what it would do by a job."""

import json
from typing import Any

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import add_domain
from registry.app.trust_impact import IMPACT, compare_job
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.jobs.worker import Worker
from tests.simulators.asgi import Reply
from tests.simulators.domain_trust import peppol_like
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons
from trust_lists.evaluation.trust_configuration.canonical import canonical_form

COMPARISONS = "/domains/demo/trust/comparisons"
IMPACTS = "/domains/demo/trust/impact"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def viewer(office: RestOffice) -> RestCaller:
    return office.caller(Role.VIEWER, Scope(office.offline.stored.id))


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN, Scope(office.offline.stored.id))


def compared(office: RestOffice, by: RestCaller, after: Any, before: Any = None) -> Reply:
    body = {"after": after} if before is None else {"after": after, "before": before}
    return office.ask("POST", COMPARISONS, by, body)


def test_domains_own_and_another_text_are_compared_key_path_by_key_path(
    office: RestOffice, viewer: RestCaller, pki: DemoPki
) -> None:
    found = compared(office, viewer, {"document": json.dumps(peppol_like(pki))}).json()
    assert (found["before"]["id"], found["after"]["id"], found["same"]) == ("domain-settings", "by-ap-ca", False)
    assert found["before"]["address"] == office.offline.instance.trust_models.of(office.offline.stored.domain).address
    assert {each["effect"] for each in found["differences"]} <= {"widens", "narrows", "changes"}
    assert any(each["path"].startswith("roles.") for each in found["differences"])
    report = found["report"]
    assert "domain-settings" in report["title"]
    assert any(section["table"] for section in report["sections"])


def test_what_is_the_same_is_said_to_be(office: RestOffice, viewer: RestCaller) -> None:
    document = canonical_form(office.offline.instance.trust_models.of(office.offline.stored.domain).configuration)
    found = compared(office, viewer, {"document": document.decode()}).json()
    assert (found["same"], found["differences"]) == (True, []), "certificates by their SHA-256 are enough"


def test_shipped_configurations_are_compared_by_their_names(office: RestOffice, viewer: RestCaller) -> None:
    found = compared(office, viewer, {"shipped": "peppol-g3"}, {"shipped": "peppol-g2"}).json()
    assert not found["same"]
    assert found["before"]["address"] != found["after"]["address"]
    refused = compared(office, viewer, {"shipped": "nobodys"})
    assert (refused.status, reasons(refused)) == (400, {"TRUST-CONFIGURATION"})


def test_configurations_of_other_domains_are_compared_only_by_who_may_see_all(
    office: RestOffice, viewer: RestCaller, admin: RestCaller
) -> None:
    offline = office.offline
    add_domain(offline.instance, ACTOR, "demo", {"name": "other", "default": False, "dns": {"zone": "other.example"}})
    own = offline.instance.trust_models.of(offline.stored.domain).address
    assert compared(office, viewer, {"digest": own}).json()["same"]
    for by in (viewer, admin):
        assert compared(office, by, {"digest": "0" * 64}).status in {403, 404}
        assert compared(office, by, {"shipped": "peppol-g3"}, {"digest": "0" * 64}).status in {403, 404}
    everywhere = office.caller(Role.VIEWER)
    assert compared(office, everywhere, {"digest": "0" * 64}).status == 404
    assert compared(office, everywhere, {"digest": own}).status == 200


@pytest.mark.parametrize(
    "after",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"shipped": "peppol-g3", "document": "x"}, id="two of them"),
        pytest.param({"document": "kind: TrustConfiguration"}, id="not a configuration"),
        pytest.param({"document": "{"}, id="not JSON"),
        pytest.param({"document": "a: &a [*a]"}, id="not YAML as it is taken"),
        pytest.param({"digest": "short"}, id="not a digest"),
    ],
)
def test_what_is_no_configuration_is_refused_with_reasons(office: RestOffice, viewer: RestCaller, after: Any) -> None:
    reply = compared(office, viewer, after)
    assert reply.status == 400
    assert reasons(reply)


def test_more_comparisons_than_there_is_room_for_are_put_off(office: RestOffice, viewer: RestCaller) -> None:
    searches = office.context.searches
    with searches.taken("one", 1), searches.taken("two", 1):
        assert compared(office, viewer, {"shipped": "peppol-g3"}).status == 429
    assert compared(office, viewer, {"shipped": "peppol-g3"}).status == 200


# What it would do


def work_off(office: RestOffice) -> None:
    offline = office.offline
    handler = {IMPACT: lambda context: compare_job(offline.instance, offline.folder, context)}
    worker = Worker(office.database, handler, "w")
    while worker.run_one():
        pass


def test_job_compares_with_what_was_asked_for_and_leaves_the_report(
    office: RestOffice, admin: RestCaller, pki: DemoPki
) -> None:
    for metadata in demo_metadata(pki.access_points):
        office.offline.instance.publishing.put_service_metadata(
            ACTOR, office.offline.stored, metadata, create_group=True
        )
    reply = office.ask("POST", IMPACTS, admin, {"document": json.dumps(peppol_like(pki)), "days": 7})
    assert (reply.status, reply.json()["kind"]) == (202, IMPACT)
    work_off(office)
    job = office.ask("GET", reply.headers["location"].removeprefix("/api/v1"), admin).json()
    assert job["state"] == "done"
    report = office.ask("GET", IMPACTS, admin).json()
    assert (report["after"]["id"], report["days"]) == ("by-ap-ca", 7)


def test_without_another_one_it_is_about_who_drops_out_by_itself(office: RestOffice, admin: RestCaller) -> None:
    assert office.ask("POST", IMPACTS, admin, {}).status == 202
    work_off(office)
    report = office.ask("GET", IMPACTS, admin).json()
    assert report["before"] == report["after"]


def test_the_same_comparison_is_under_way_once(office: RestOffice, admin: RestCaller, pki: DemoPki) -> None:
    body = {"document": json.dumps(peppol_like(pki))}
    one, two, other = (office.ask("POST", IMPACTS, admin, each).json()["id"] for each in (body, body, {}))
    assert one == two
    assert other != one


def test_configuration_without_its_certificates_decides_nothing_and_is_refused(
    office: RestOffice, admin: RestCaller
) -> None:
    document = canonical_form(office.offline.instance.trust_models.of(office.offline.stored.domain).configuration)
    refused = office.ask("POST", IMPACTS, admin, {"document": document.decode()})
    assert (refused.status, reasons(refused)) == (400, {"TRUST-CONFIGURATION"})
