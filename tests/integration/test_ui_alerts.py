# SPDX-License-Identifier: Apache-2.0
"""Alert channels on pages: made, tried, changed, silenced, removed; their secrets are shown once."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.alerts import book, telling
from registry.alerts.problem import Look, Problem, ProblemKind, Severity
from registry.ui.labels import CHANNEL_KINDS, DIGESTS
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.ui_office import Browser, UiOffice, links_of, text

MAIL = {"name": "on-call", "kind": "mail", "target": "oncall@example.org"}


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("anna", Role.ADMIN)
    return office


@pytest.fixture
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


def test_channel_is_made_changed_silenced_and_removed_by_forms_alone(office: UiOffice, anna: Browser) -> None:
    assert "Nobody is told of problems yet." in text(anna.get("/ui/alerts"))
    made = anna.submit("/ui/new-alert", **MAIL, digest="daily", **{"kind-disk": "1"})
    assert (made.status, made.headers["location"]) == (303, "/ui/alerts/on-call")
    assert "/ui/alerts/on-call" in links_of(anna.get("/ui/alerts"))
    page = text(anna.get("/ui/alerts/on-call"))
    for shown in ("oncall@example.org", "The disk", DIGESTS["daily"], "enabled"):
        assert shown in page
    changed = anna.submit("/ui/alerts/on-call/change", least_severity="error", domains="demo\r\n")
    assert changed.status == 303
    admin = office.caller(Role.ADMIN)
    held = office.ask("GET", "/alert-channels/on-call", admin).json()
    assert (held["least_severity"], held["kinds"], held["domains"], held["digest"]) == (
        "error",
        ["disk"],
        ["demo"],
        "daily",
    )
    assert anna.submit("/ui/alerts/on-call/disable").status == 303
    assert "disabled" in text(anna.get("/ui/alerts/on-call"))
    assert anna.post("/ui/alerts/on-call/enable").status == 303
    assert office.ask("GET", "/alert-channels/on-call", admin).json()["enabled"] is True
    assert "This can't be undone" in text(anna.get("/ui/alerts/on-call/remove")).replace("&#39;", "'")
    assert anna.submit("/ui/alerts/on-call/remove").status == 303
    assert office.items("/alert-channels", admin) == []


def test_secret_of_a_webhook_is_shown_once(anna: Browser) -> None:
    made = anna.post(
        "/ui/new-alert",
        name="chat",
        kind="webhook",
        target="https://chat.test/x",
        least_severity="hint",
        digest="hourly",
    )
    secret = text(made).split("whsec_")[1].partition("<")[0]
    for path in ("/ui/alerts", "/ui/alerts/chat", "/ui/alerts/chat/change"):
        assert secret not in text(anna.get(path))


def test_test_leads_to_the_job_that_says_whether_it_has_arrived(anna: Browser) -> None:
    anna.submit("/ui/new-alert", **MAIL)
    tried = anna.post("/ui/alerts/on-call/test")
    assert tried.status == 303
    assert "alert-test" in text(anna.get(tried.headers["location"]))


def test_what_a_channel_is_to_be_told_is_listed(office: UiOffice, anna: Browser) -> None:
    anna.submit("/ui/new-alert", **MAIL)
    disk = Problem(ProblemKind.DISK, Severity.WARNING, parameters={"what": "little room", "remedy": "make some"})
    with office.database.write(ACTOR) as work:
        book.keep(work, Look([disk]))
        telling.plan(work, {})
    page = anna.get("/ui/alerts/on-call")
    assert "is to be told" in text(page)
    assert any(link.startswith("/ui/problems/disk") for link in links_of(page))


@pytest.mark.parametrize(
    "wrong",
    [{"name": "On call"}, {"target": "nobody"}, {"kind": "webhook", "target": "http://x.test/"}, {"domains": "none"}],
    ids=["name", "mail", "webhook", "domain"],
)
def test_what_rest_refuses_is_told_and_nothing_typed_is_lost(anna: Browser, wrong: dict[str, str]) -> None:
    refused = anna.submit("/ui/new-alert", **MAIL | wrong | {"kind-disk": "1"})
    assert refused.status in {400, 404}
    page = refused.body.decode()
    assert 'role="alert"' in page
    assert (MAIL | wrong)["target"] in page
    assert 'name="kind-disk" value="1" checked' in page


def test_change_of_what_somebody_else_changed_meanwhile_is_refused(anna: Browser) -> None:
    anna.submit("/ui/new-alert", **MAIL)
    etag = text(anna.get("/ui/alerts/on-call/remove")).split('name="etag" value="')[1].partition('"')[0]
    anna.submit("/ui/alerts/on-call/change", least_severity="error")
    assert anna.post("/ui/alerts/on-call/remove", etag=etag.replace("&#34;", '"')).status == 412


def test_only_administrators_of_the_installation_see_channels(office: UiOffice) -> None:
    office.person("dora", Role.ADMIN, Scope(office.offline.stored.id))
    dora = office.browser("dora")
    for path in ("/ui/alerts", "/ui/new-alert", "/ui/alerts/on-call"):
        assert dora.get(path).status == 403
    assert "/ui/alerts" not in links_of(dora.get("/ui/"))


def test_there_is_a_word_for_every_choice() -> None:
    from registry.alerts.channels import ChannelKind, Digest

    assert (set(CHANNEL_KINDS), set(DIGESTS)) == (set(ChannelKind), set(Digest))
