# SPDX-License-Identifier: Apache-2.0
"""Publishing, changing and withdrawing a business card, by forms alone."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.metadata import ServiceGroup
from registry.ui.card_form import MAX_ROWS, Entity, write
from tests.simulators.offline import ACTOR, OfflineInstance, participant
from tests.simulators.rest_callers import segment
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, forms_of, links_of, text

pytestmark = pytest.mark.any_database

PLACE = f"/ui/domains/demo/participants/{segment(str(participant()))}"
CARD = f"{PLACE}/business-card"
FORM = f"{CARD}/change"
FIELDS = {
    "e0.name0.text": "Müller & Söhne <GmbH>",
    "e0.name0.language": "de",
    "e0.country_code": "AT",
    "e0.geographical_information": "Graben 1\r\nWien",
    "e0.identifier0.scheme": "VAT",
    "e0.identifier0.value": "ATU12345678",
    "e0.website0.address": "https://mueller.example",
    "e0.contact0.type": "sales",
    "e0.contact0.email": "sales@mueller.example",
    "e0.additional_information": "more",
    "e0.registration_date": "2026-11-22",
}


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(participant()))
    office = UiOffice(offline)
    office.person("edda", Role.EDITOR, Scope(offline.stored.id))
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    return office


@pytest.fixture
def edda(office: UiOffice) -> Browser:
    return office.browser("edda")


def card(office: UiOffice) -> str | None:
    """As REST answers it; None where there is none."""
    reply = office.ask("GET", CARD.removeprefix("/ui"), office.caller(Role.ADMIN))
    return reply.body.decode() if reply.status == 200 else None


def test_a_card_is_published_shown_changed_and_withdrawn(office: UiOffice, edda: Browser) -> None:
    assert FORM in links_of(edda.get(PLACE))
    done = edda.submit(FORM, **FIELDS)
    assert (done.status, done.headers.get("location")) == (303, PLACE), done.body
    written = card(office) or ""
    for part in (
        'registrationDate="2026-11-22"',
        '<Name language="de">Müller &amp; Söhne &lt;GmbH&gt;</Name><CountryCode>AT</CountryCode>',
        "Graben 1\nWien</GeographicalInformation>",
        '<Identifier scheme="VAT">ATU12345678</Identifier><WebsiteURI>https://mueller.example</WebsiteURI>',
        "<Contact><Type>sales</Type><Email>sales@mueller.example</Email></Contact>",
        "<AdditionalInformation>more</AdditionalInformation>",
    ):
        assert part in written
    shown = forms_of(edda.get(FORM))[-2].fields
    assert {name: shown[name] for name in FIELDS} == FIELDS | {"e0.geographical_information": "Graben 1\nWien"}
    assert edda.submit(FORM).status == 303
    assert card(office) == written, "what isn't touched stays, byte for byte"
    edda.submit(FORM, **{"e0.name1.text": "Mueller Ltd", "e0.name1.language": "en", "e0.website0.address": ""})
    assert '<Name language="en">Mueller Ltd</Name>' in (card(office) or "")
    assert "WebsiteURI" not in (card(office) or "")
    assert "services stay" in text(edda.get(f"{CARD}/withdraw"))
    assert edda.submit(f"{CARD}/withdraw").headers["location"] == PLACE
    assert card(office) is None
    assert f"{CARD}/withdraw" not in links_of(edda.get(PLACE))
    assert edda.get(f"{CARD}/withdraw").status == 404


def test_entities_come_and_go_and_keep_what_was_typed(office: UiOffice, edda: Browser) -> None:
    shown = edda.submit(FORM, **FIELDS, do="add")
    fields = forms_of(shown)[-2].fields
    assert fields["e0.name0.text"] == FIELDS["e0.name0.text"]
    more = {"e1.name0.text": "Second", "e1.country_code": "BE"}
    shown = edda.submit_shown(shown, FORM, more | {"do": "remove:0"})
    assert forms_of(shown)[-2].fields["e0.name0.text"] == "Second"
    assert "e1.country_code" not in forms_of(shown)[-2].fields
    assert card(office) is None
    assert edda.submit_shown(shown, FORM, {}).status == 303
    assert "<Name>Second</Name>" in (card(office) or "")


def test_every_reason_stands_beside_its_field_or_at_the_head(office: UiOffice, edda: Browser) -> None:
    wrong = {"e0.country_code": "Austria", "e0.website0.address": "javascript:alert(1)", "e0.name0.text": ""}
    refused = edda.submit(FORM, **FIELDS | wrong | {"e0.name0.language": ""})
    assert refused.status == 400
    page = refused.body.decode()
    for field in ("country_code", "website0.address", "name0.text"):
        assert f'id="e0.{field}-wrong"' in page, page
    assert forms_of(refused)[-2].fields["e0.country_code"] == "Austria"
    refused = edda.submit(FORM, **FIELDS | {"e0.registration_date": "someday"})
    assert (refused.status, b'role="alert"' in refused.body) == (400, True)


def test_a_file_takes_the_place_of_the_form(office: UiOffice, edda: Browser) -> None:
    edda.submit(FORM, **FIELDS)
    written = (card(office) or "").replace("Graben 1\nWien", "Linz").encode()
    shown = edda.get(FORM)
    assert edda.submit_shown(shown, FORM, {}, {"file": ("card.xml", written)}).status == 303
    assert "Linz" in (card(office) or "")
    shown = edda.get(FORM)
    refused = edda.submit_shown(shown, FORM, {}, {"file": ("card.xml", b"<x/>")})
    assert (refused.status, b'role="alert"' in refused.body) == (400, True)


def test_what_is_too_large_for_the_form_is_changed_by_a_file(office: UiOffice, edda: Browser) -> None:
    entity = Entity()
    entity.values["country_code"] = "AT"
    entity.rows["name"] = [{"text": "Many", "language": ""}]
    entity.rows["website"] = [{"address": f"https://{each}.example"} for each in range(MAX_ROWS + 1)]
    written = write(str(participant()), [entity])
    assert edda.submit_shown(edda.get(FORM), FORM, {}, {"file": ("card.xml", written)}).status == 303
    shown = edda.get(FORM)
    assert "more than this form can show" in text(shown)
    assert "e0.country_code" not in forms_of(shown)[-2].fields
    fewer = written.replace(b"<WebsiteURI>https://0.example</WebsiteURI>", b"")
    assert edda.submit_shown(shown, FORM, {}, {"file": ("card.xml", fewer)}).status == 303
    assert "e0.country_code" in forms_of(edda.get(FORM))[-2].fields


def test_who_has_not_seen_the_present_card_changes_nothing(office: UiOffice, edda: Browser) -> None:
    old, asked = edda.get(FORM), None
    edda.submit(FORM, **FIELDS)
    assert edda.submit_shown(old, FORM, FIELDS | {"e0.country_code": "BE"}).status == 412
    asked = edda.get(f"{CARD}/withdraw")
    edda.submit(FORM, **{"e0.country_code": "DE"})
    assert edda.submit_shown(asked, f"{CARD}/withdraw", {}).status == 412
    assert "<CountryCode>DE</CountryCode>" in (card(office) or "")


def test_a_reviewed_domain_gets_proposals(office: UiOffice, edda: Browser) -> None:
    edda.submit(FORM, **FIELDS)
    change_domain(office.offline.instance, ACTOR, "demo", {"review": {"required": True}})
    office.context.directory.refresh()
    before = card(office)
    for path, fields in ((FORM, {"e0.country_code": "BE"}), (f"{CARD}/withdraw", {})):
        assert "Propose it" in text(edda.get(path))
        plan = edda.submit(path, **fields)
        assert plan.headers["location"].startswith("/ui/domains/demo/plans/"), plan.body
        assert card(office) == before


def test_only_who_may_write_gets_the_forms(office: UiOffice, edda: Browser) -> None:
    edda.submit(FORM, **FIELDS)
    victor = office.browser("victor")
    for path in (FORM, f"{CARD}/withdraw"):
        assert victor.get(path).status == 403
        assert path not in links_of(victor.get(PLACE))
    assert victor.send(FORM, FIELDS).status == 403
    assert victor.post(f"{CARD}/withdraw", etag="*").status == 403
    assert card(office) is not None


def test_what_is_typed_is_only_ever_text(edda: Browser) -> None:
    refused = edda.submit(FORM, **FIELDS | {"e0.country_code": HOSTILE, "e0.additional_information": HOSTILE})
    assert refused.status == 400
    assert "<script>alert" not in refused.body.decode()
    assert forms_of(refused)[-2].fields["e0.additional_information"] == HOSTILE
