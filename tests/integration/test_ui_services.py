# SPDX-License-Identifier: Apache-2.0
"""Publishing, changing and withdrawing what a participant receives, by forms alone."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.app.code_lists import import_code_lists
from registry.app.domain_setup import change_domain
from registry.demo.content import BILLING, INVOICE
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import ServiceGroup
from registry.ui.service_form import MAX_ENDPOINTS
from tests.simulators.asgi import Reply
from tests.simulators.code_lists import code_list, written
from tests.simulators.offline import ACTOR, OfflineInstance, participant
from tests.simulators.rest_callers import segment
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, forms_of, links_of, text

pytestmark = pytest.mark.any_database

PLACE = f"/ui/domains/demo/participants/{segment(str(participant()))}"
REST = PLACE.removeprefix("/ui")
SERVICE = f"{PLACE}/services/{segment(str(INVOICE))}"
FORM = f"{SERVICE}/change"
PROCESS = ProcessIdentifier("cenbii-procid-ubl", BILLING)
PROFILE = "peppol-transport-as4-v2_0"


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(participant()))
    office = UiOffice(offline)
    for name, role in (("edda", Role.EDITOR), ("otto", Role.EDITOR), ("victor", Role.VIEWER)):
        office.person(name, role, Scope(offline.stored.id))
    return office


@pytest.fixture
def edda(office: UiOffice) -> Browser:
    return office.browser("edda")


def pem(office: UiOffice, number: int = 0) -> str:
    return office.offline.pki.access_points[number].certificate.public_bytes(Encoding.PEM).decode()


def filled(office: UiOffice, **more: str) -> dict[str, str]:
    """What somebody types into the fields of a first endpoint."""
    return {
        "p0.process0": str(PROCESS),
        "p0.e0.transport_profile": PROFILE,
        "p0.e0.address": "https://ap.example/as4",
        "p0.e0.certificates": pem(office),
        **more,
    }


def published(office: UiOffice) -> dict[str, object]:
    reply = office.ask("GET", f"{REST}/services/{segment(str(INVOICE))}", office.caller(Role.ADMIN))
    assert reply.status == 200, reply.body
    found: dict[str, object] = reply.json()
    return found


def endpoints(office: UiOffice, part: int = 0) -> list[dict[str, object]]:
    parts = published(office)["process_metadata"]
    assert isinstance(parts, list)
    found: list[dict[str, object]] = parts[part]["endpoints"]
    return found


def again(browser: Browser, shown: Reply, **changed: str) -> Reply:
    return browser.submit_shown(shown, FORM, changed)


def test_a_document_type_is_found_published_and_seen(office: UiOffice, edda: Browser) -> None:
    new = f"{PLACE}/new-service"
    assert new in links_of(edda.get(PLACE))
    assert edda.submit(new, document_type=str(INVOICE)).headers["location"] == FORM
    sent = filled(office)
    sent["p0.e0.description"] = "receives\r\nand more"
    sent["p0.e0.activation"] = "2027-01-31T06:00"
    reply = edda.submit(FORM, **sent)
    assert (reply.status, reply.headers.get("location")) == (303, PLACE), reply.body
    (endpoint,) = endpoints(office)
    certificate = office.offline.pki.access_points[0].certificate.public_bytes(Encoding.DER)
    assert endpoint == {
        "transport_profile": PROFILE,
        "address": "https://ap.example/as4",
        "certificates": [{"der": base64.b64encode(certificate).decode()}],
        "description": "receives\nand more",
        "activation": "2027-01-31T06:00:00Z",
    }
    assert {FORM, f"{SERVICE}/withdraw"} <= links_of(edda.get(PLACE))


def test_blocks_come_and_go_and_keep_what_was_typed(office: UiOffice, edda: Browser) -> None:
    shown = edda.submit(FORM, **filled(office), do="add-endpoint:0")
    assert "Endpoint 2" in text(shown)
    fields = forms_of(shown)[-2].fields
    assert fields["p0.e0.address"] == "https://ap.example/as4"
    assert fields["p0.e0.certificates"] == pem(office).strip()
    shown = again(edda, shown, **{"p0.e1.address": "https://second.example/as4", "do": "remove-endpoint:0:0"})
    assert forms_of(shown)[-2].fields["p0.e0.address"] == "https://second.example/as4"
    assert "p0.e1.address" not in forms_of(shown)[-2].fields
    shown = again(edda, shown, do="add-part")
    assert forms_of(shown)[-2].fields["p1.kind"] == "endpoints"
    shown = again(edda, shown, do="redirect:1")
    assert forms_of(shown)[-2].fields["p1.kind"] == "redirect"
    shown = again(edda, shown, do="remove-part:0")
    assert forms_of(shown)[-2].fields["p0.kind"] == "redirect"
    assert edda.get(PLACE).status == 200
    assert office.items(f"{REST}/services", office.caller(Role.ADMIN)) == [], "nothing is published meanwhile"


def test_a_certificate_comes_as_a_file_too(office: UiOffice, edda: Browser) -> None:
    der = office.offline.pki.access_points[1].certificate.public_bytes(Encoding.DER)
    files = {"p0.e0.certificate_file": ("ap.der", der)}
    sent = filled(office) | {"p0.e0.certificates": ""}
    shown = edda.submit_shown(edda.get(FORM), FORM, sent | {"do": "add-endpoint:0"}, files)
    assert forms_of(shown)[-2].fields["p0.e0.certificates"] == pem(office, 1), "a file can't be kept in a form"
    assert edda.submit_shown(edda.get(FORM), FORM, sent, files).status == 303
    (endpoint,) = endpoints(office)
    assert endpoint["certificates"] == [{"der": base64.b64encode(der).decode()}]


def test_an_endpoint_is_filled_in_from_an_access_point(office: UiOffice, edda: Browser) -> None:
    edda.submit(FORM, **filled(office))
    (point,) = office.items("/domains/demo/access-points", office.caller(Role.ADMIN))
    other = f"{PLACE}/services/{segment(str(INVOICE) + '.1')}/change"
    chosen = {"p0.process0": str(PROCESS), "p0.e0.access_point": point["name"]}
    shown = edda.submit(other, **chosen, do="fill-in")
    assert forms_of(shown)[-2].fields["p0.e0.address"] == "https://ap.example/as4"
    assert edda.submit(other, **chosen).status == 303
    (point,) = office.items("/domains/demo/access-points", office.caller(Role.ADMIN))
    assert point["endpoints"] == 2, "it is shared"
    gone = edda.submit(other, **{"p0.e0.access_point": "nowhere"})
    assert (gone.status, b"nowhere" in gone.body) == (400, True)


def test_every_reason_stands_beside_its_field_or_at_the_head(office: UiOffice, edda: Browser) -> None:
    sent = filled(office) | {"p0.e0.address": "no address", "p0.e0.certificates": "§", "p0.e0.activation": "soon"}
    refused = edda.submit(FORM, **sent)
    assert refused.status == 400
    page = refused.body.decode()
    assert 'id="p0.e0.certificates-wrong"' in page
    assert 'id="p0.e0.activation-wrong"' in page
    assert forms_of(refused)[-2].fields["p0.e0.address"] == "no address", "nothing typed is lost"
    refused = again(edda, refused, **{"p0.e0.certificates": "", "p0.e0.activation": ""})
    page = refused.body.decode()
    assert 'id="p0.e0.certificates-wrong"' in page
    assert 'id="p0.e0.address-wrong"' in page
    shown = edda.submit(FORM, **filled(office), do="add-endpoint:0")
    twice = {
        "p0.e1.transport_profile": PROFILE,
        "p0.e1.address": "https://x.example/",
        "p0.e1.certificates": pem(office),
    }
    refused = again(edda, shown, **twice)
    assert "two endpoints of a process have the transport profile" in refused.body.decode()
    assert 'role="alert"' in refused.body.decode()


def test_what_a_form_has_no_field_for_stays(office: UiOffice, edda: Browser) -> None:
    admin = office.caller(Role.ADMIN)
    edda.submit(FORM, **filled(office))
    held = published(office)
    extension = {"content": base64.b64encode(b'<x xmlns="urn:x"/>').decode()}
    (part,) = held["process_metadata"]  # type: ignore[misc]
    part["endpoints"][0] |= {
        "require_business_level_signature": True,
        "minimum_authentication_level": "2",
        "activation": "2027-01-31T06:00:00.123Z",
        "extensions": [extension],
    }
    path = f"{REST}/services/{segment(str(INVOICE))}"
    assert office.ask("PUT", path, admin, held | {"extensions": [extension]}).status == 200
    before = published(office)
    assert edda.submit(FORM).status == 303
    assert published(office) == before
    assert edda.submit(FORM, **{"p0.e0.address": "https://other.example/"}).status == 303
    after = published(office)
    before["process_metadata"][0]["endpoints"][0]["address"] = "https://other.example/"  # type: ignore[index]
    assert after == before


def test_what_is_too_large_for_a_form_says_so_and_is_withdrawn_all_the_same(office: UiOffice, edda: Browser) -> None:
    edda.submit(FORM, **filled(office))
    held = published(office)
    (part,) = held["process_metadata"]  # type: ignore[misc]
    part["endpoints"] = [part["endpoints"][0] | {"transport_profile": f"t{each}"} for each in range(MAX_ENDPOINTS + 1)]
    path = f"{REST}/services/{segment(str(INVOICE))}"
    assert office.ask("PUT", path, office.caller(Role.ADMIN), held).status == 200
    shown = text(edda.get(FORM))
    assert "more than this form can show" in shown
    assert "p0.kind" not in shown
    assert edda.submit(f"{SERVICE}/withdraw").status == 303


def test_who_has_not_seen_the_present_state_changes_nothing(office: UiOffice, edda: Browser) -> None:
    edda.submit(FORM, **filled(office))
    old = edda.get(FORM)
    edda.submit(FORM, **{"p0.e0.address": "https://other.example/"})
    assert again(edda, old, **{"p0.e0.address": "https://third.example/"}).status == 412
    assert endpoints(office)[0]["address"] == "https://other.example/"


def test_a_redirect_takes_the_place_of_endpoints(office: UiOffice, edda: Browser) -> None:
    shown = edda.submit(FORM, **filled(office), do="redirect:0")
    refused = again(edda, shown, **{"p0.href": "ftp://other.example/"})
    assert 'id="p0.href-wrong"' in refused.body.decode()
    there = f"https://other.example/{segment(str(participant()))}/services/{segment(str(INVOICE))}"
    sent = {"p0.href": there, "p0.certificate_uid": "CN=other"}
    done = again(edda, refused, **sent)
    assert done.status == 303, done.body.decode().partition("<main")[2]
    (part,) = published(office)["process_metadata"]  # type: ignore[misc]
    assert part["redirect"] == {"href": there, "certificate_uid": "CN=other"}
    assert "endpoints" not in part
    assert there in text(edda.get(PLACE))


def test_withdrawing_is_confirmed_and_refused_where_it_has_changed(office: UiOffice, edda: Browser) -> None:
    edda.submit(FORM, **filled(office))
    asked = edda.get(f"{SERVICE}/withdraw")
    assert "no longer receives this document type" in text(asked)
    edda.submit(FORM, **{"p0.e0.address": "https://other.example/"})
    assert edda.submit_shown(asked, f"{SERVICE}/withdraw", {}).status == 412
    assert edda.submit(f"{SERVICE}/withdraw").headers["location"] == PLACE
    assert office.items(f"{REST}/services", office.caller(Role.ADMIN)) == []
    assert edda.get(f"{SERVICE}/withdraw").status == 404


def test_a_reviewed_domain_gets_proposals(office: UiOffice, edda: Browser) -> None:
    edda.submit(FORM, **filled(office))
    seen = edda.get(FORM)
    change_domain(office.offline.instance, ACTOR, "demo", {"review": {"required": True}})
    office.context.directory.refresh()
    address = {"p0.e0.address": "https://other.example/"}
    refused = again(edda, seen, **address)
    assert (refused.status, b"Propose it" in refused.body) == (409, True), "it is wanted since the page was opened"
    plan = again(edda, refused, **address)
    assert plan.headers["location"].startswith("/ui/domains/demo/plans/"), plan.body
    assert endpoints(office)[0]["address"] == "https://ap.example/as4", "nothing is published yet"
    assert "Propose it" in text(edda.get(FORM))
    assert "somebody else has to approve" in text(edda.get(f"{SERVICE}/withdraw"))
    plan = edda.submit(f"{SERVICE}/withdraw")
    assert plan.headers["location"].startswith("/ui/domains/demo/plans/"), plan.body
    assert len(endpoints(office)) == 1


def test_codes_in_force_are_offered_with_their_states(office: UiOffice, edda: Browser, tmp_path: Path) -> None:
    lists = written(
        tmp_path,
        code_list(
            "9",
            {
                "scheme": INVOICE.scheme,
                "value": INVOICE.value,
                "name": "Invoice <3",
                "state": "active",
                "abstract": False,
            },
            {"scheme": "busdox-docid-qns", "value": "old", "name": "Old", "state": "deprecated", "abstract": False},
        ),
        code_list("9", {"scheme": PROCESS.scheme, "value": PROCESS.value, "state": "deprecated"}),
        code_list("9", {"profile-id": PROFILE, "protocol": "AS4", "profile-version": "2.0", "state": "active"}),
    )
    import_code_lists(office.offline.instance, ACTOR, "demo", lists)
    office.context.directory.refresh()
    new = f"{PLACE}/new-service"
    page = edda.get(new)
    assert FORM in links_of(page)
    assert "Invoice &lt;3" in text(page)
    assert "deprecated" in text(page)
    assert f"{PLACE}/services/{segment('busdox-docid-qns::old')}/change" not in links_of(page), "nothing new gets it"
    assert FORM not in links_of(edda.get(f"{new}?search=old"))
    assert FORM in links_of(edda.get(f"{new}?search=INVOICE+busdox"))
    shown = text(edda.get(FORM))
    assert f'<option value="{PROFILE}">active: AS4 2.0</option>' in shown
    assert f'<option value="{PROCESS}">deprecated</option>' in shown


def test_only_who_may_write_gets_the_forms(office: UiOffice, edda: Browser) -> None:
    edda.submit(FORM, **filled(office))
    victor = office.browser("victor")
    for path in (FORM, f"{SERVICE}/withdraw", f"{PLACE}/new-service"):
        assert victor.get(path).status == 403
        assert path not in links_of(victor.get(PLACE))
    assert victor.send(FORM, filled(office) | {"p0.kind": "endpoints"}).status == 403
    assert victor.post(f"{SERVICE}/withdraw", etag="*").status == 403
    assert len(endpoints(office)) == 1


def test_who_looks_after_one_participant_publishes_for_it(office: UiOffice) -> None:
    who = participant()
    office.person("paula", Role.EDITOR, Scope(office.offline.stored.id, None, (who.scheme, who.value)))
    paula = office.browser("paula")
    assert paula.submit(f"{PLACE}/new-service", document_type=str(INVOICE)).headers["location"] == FORM
    done = paula.submit(FORM, **filled(office))
    assert done.status == 303, done.body
    assert paula.submit(f"{SERVICE}/withdraw").headers["location"] == PLACE


def test_what_is_typed_is_only_ever_text(office: UiOffice, edda: Browser) -> None:
    refused = edda.submit(FORM, **filled(office) | {"p0.e0.address": HOSTILE, "p0.e0.description": HOSTILE})
    assert refused.status == 400
    assert "<script>alert" not in refused.body.decode()
    assert forms_of(refused)[-2].fields["p0.e0.description"] == HOSTILE


@pytest.mark.parametrize(
    "step", ["", "x", "add-endpoint", "add-endpoint:9", "remove-endpoint:0:9", "remove-part:0", "a:b"]
)
def test_steps_that_no_button_has_change_nothing(office: UiOffice, edda: Browser, step: str) -> None:
    shown = edda.submit(FORM, **filled(office), do=step)
    assert forms_of(shown)[-2].fields["p0.e0.address"] == "https://ap.example/as4"
