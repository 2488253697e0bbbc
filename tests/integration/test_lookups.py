# SPDX-License-Identifier: Apache-2.0
"""Our own participants as an access point finds them, and their names in DNS: over REST, and on pages."""

from collections.abc import Iterator
from urllib.parse import urlencode

import dns.message
import dns.name
import dns.rrset
import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.errors import TechnicalError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.lookups.zone_names import ask_servers, names_of_participant, names_of_publisher, views_of
from registry.settings import load_settings
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant
from tests.simulators.public_pages import KNOWN, make_visible, metadata_of, publish
from tests.simulators.rest_callers import RestCaller, segment
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, text

PRIVATE = participant("0088:7300010000002")
PATH = f"/domains/demo/participants/{segment(str(KNOWN))}/resolution"
SERVERS = ("192.0.2.1:53", "192.0.2.2:5300")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[UiOffice]:
    folder = tmp_path_factory.mktemp("lookups")
    with offline_instance(folder, pki, dns={"observed_servers": list(SERVERS)}) as offline:
        for who in (KNOWN, PRIVATE):
            publish(offline, who)
        make_visible(offline, PRIVATE, "private")
        office = UiOffice(offline, settings=load_settings(data_dir=folder, resolver_dns="127.0.0.1:9"))
        office.person("anna", Role.ADMIN)
        office.person("victor", Role.VIEWER, Scope(offline.stored.id))
        yield office


@pytest.fixture(scope="module")
def viewer(office: UiOffice) -> RestCaller:
    return office.caller(Role.VIEWER)


@pytest.fixture(scope="module")
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


def steps_of(answer: dict[str, object]) -> list[str]:
    steps = answer["steps"]
    assert isinstance(steps, list)
    return [step["step"] for step in steps]


def test_participant_is_found_inside_with_every_step(office: UiOffice, viewer: RestCaller) -> None:
    answer = office.ask("GET", PATH, viewer).json()
    (endpoint,) = metadata_of(office.offline).process_metadata[0].endpoints
    assert (answer["outcome"], answer["presumed"]) == ("found", False)
    assert answer["endpoint"]["url"] == endpoint.address
    assert steps_of(answer)[:4] == ["name", "dns", "smp", "service-group"]
    assert {"signature", "trust-smp-sign", "trust-ap-encrypt"} <= set(steps_of(answer))


@pytest.mark.parametrize(
    ("who", "query", "outcome", "reason"),
    [
        ("0088:unknown", {}, "not-registered", "dns-nxdomain"),
        (KNOWN.value, {"document_type": "busdox-docid-qns::x"}, "no-matching-service", "document-type-not-offered"),
        (KNOWN.value, {"process": "cenbii-procid-ubl::x"}, "no-matching-service", "no-usable-document-type"),
        (PRIVATE.value, {}, "not-registered", "smp-participant-unknown"),
    ],
    ids=["unknown", "document", "process", "private"],
)
def test_each_no_is_told_by_its_kind_and_reason(
    office: UiOffice, viewer: RestCaller, who: str, query: dict[str, str], outcome: str, reason: str
) -> None:
    path = f"/domains/demo/participants/{segment(str(participant(who)))}/resolution?{urlencode(query)}"
    answer = office.ask("GET", path, viewer).json()
    assert (answer["outcome"], answer["reason"], answer["endpoint"]) == (outcome, reason, None)


def test_zone_of_somebody_else_is_presumed_to_lead_here(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> None:
    with offline_instance(tmp_path_factory.mktemp("smp"), pki, sml={"enabled": False}) as offline:
        publish(offline)
        office = UiOffice(offline)
        answer = office.ask("GET", PATH, office.caller(Role.VIEWER)).json()
    assert (answer["outcome"], answer["presumed"]) == ("found", True)


def test_look_up_over_the_network_that_fails_is_a_technical_failure(office: UiOffice, viewer: RestCaller) -> None:
    answer = office.ask("GET", f"{PATH}?view=outside", viewer).json()
    assert answer["outcome"] == "technical-failure"


def test_document_type_that_is_none_is_refused(office: UiOffice, viewer: RestCaller) -> None:
    reply = office.ask("GET", f"{PATH}?document_type=%20&process=%20", viewer)
    assert reply.status == 400
    assert len(reply.json()["reasons"]) >= 2


def test_page_shows_what_an_access_point_finds(office: UiOffice, anna: Browser) -> None:
    page = text(anna.get(f"/ui{PATH}"))
    assert "<strong>Found.</strong>" in page
    assert "Trust in who has signed" in page
    assert f'href="/ui{PATH}"' in text(anna.get(f"/ui{PATH}".removesuffix("/resolution")))


def test_what_is_typed_on_these_pages_is_text(anna: Browser) -> None:
    for path in (
        f"{PATH}?document_type=",
        "/domains/demo/zone/names?id=",
        "/domains/demo/zone/names?kind=publisher&id=",
    ):
        page = text(anna.get(f"/ui{path}{segment(HOSTILE)}"))
        assert "<script>alert" not in page


# Names


def test_names_of_a_participant_are_those_of_every_form(office: UiOffice, viewer: RestCaller) -> None:
    path = f"/domains/demo/zone/names?participant={segment(str(KNOWN))}"
    names = office.ask("GET", path, viewer).json()["names"]
    first = names[0]
    assert (first["kind"], first["used"]) == ("participant", True)
    assert first["record_sets"][0]["type"] == "NAPTR"
    assert [server["address"] for server in first["visibility"]["servers"]] == []
    assert first["dig"] == [
        f"dig {first['name']} NAPTR",
        f"dig @192.0.2.1 +norecurse {first['name']} NAPTR",
        f"dig @192.0.2.2 -p 5300 +norecurse {first['name']} NAPTR",
    ]
    others = {each["kind"]: each for each in names[1:]}
    assert {"participant-md5", "other-form"} <= set(others)
    assert others["participant-md5"]["name"].startswith("b-")
    assert len({each["name"] for each in names}) == len(names)


def test_names_of_an_smp_are_its_own_and_that_of_its_naptr_records(office: UiOffice, viewer: RestCaller) -> None:
    names = office.ask("GET", f"/domains/demo/zone/names?publisher={SMP_ID}", viewer).json()["names"]
    assert [each["kind"] for each in names] == ["publisher", "publisher-naptr"]
    assert names[0]["record_sets"]


@pytest.mark.parametrize("query", ["", "?participant=a::b&publisher=c", "?publisher=%20", "?participant=%20"])
def test_one_identifier_is_wanted(office: UiOffice, viewer: RestCaller, query: str) -> None:
    assert office.ask("GET", f"/domains/demo/zone/names{query}", viewer).status == 400


def test_servers_are_asked_at_the_addresses_of_the_settings_and_compared_with_what_is_held(office: UiOffice) -> None:
    stored, database = office.offline.instance.directory.get("demo"), office.database
    view = views_of(database, stored, names_of_participant(stored, KNOWN)[:1])[0]
    (held,) = view.held
    asked: list[str] = []

    def query(server: str, message: dns.message.Message) -> dns.message.Message:
        asked.append(server)
        if server == SERVERS[1]:
            raise TechnicalError("no answer")
        response = dns.message.make_response(message)
        response.answer.append(dns.rrset.from_text(view.name, 60, "IN", "NAPTR", *held.rdatas))
        return response

    good, silent = ask_servers(database, stored, view.name, "NAPTR", query)
    assert sorted(asked) == sorted(SERVERS)
    assert (good.agrees, good.rcode, silent.agrees, silent.failure) == (True, "NOERROR", None, "no answer")

    def empty(_: str, message: dns.message.Message) -> dns.message.Message:
        return dns.message.make_response(message)

    assert [each.agrees for each in ask_servers(database, stored, view.name, "NAPTR", empty)] == [False, False]
    assert [each.agrees for each in ask_servers(database, stored, "nobody", "NAPTR", empty)] == [True, True]


@pytest.mark.parametrize(("name", "rdtype"), [("a..b", "NAPTR"), ("x" * 70, "A"), ("a", "ANY")])
def test_what_is_no_name_or_type_is_not_asked(office: UiOffice, name: str, rdtype: str) -> None:
    stored = office.offline.instance.directory.get("demo")
    with pytest.raises(ValidationError):
        ask_servers(office.database, stored, name, rdtype)


def test_who_only_reads_is_not_given_the_button_and_may_not_ask(office: UiOffice, anna: Browser) -> None:
    path = f"/ui/domains/demo/zone/names?kind=participant&id={segment(str(KNOWN))}"
    assert "Ask the name servers now" in text(anna.get(path))
    victor = office.browser("victor")
    assert "Ask the name servers now" not in text(victor.get(path))
    form = {"kind": "participant", "id": str(KNOWN), "name": "x", "type": "NAPTR"}
    assert victor.post("/ui/domains/demo/zone/names", **form).status == 403


def test_smp_id_that_is_none_has_no_names(office: UiOffice) -> None:
    with pytest.raises(ValidationError):
        names_of_publisher(office.offline.instance.directory.get("demo"), "a b")


def test_name_behind_a_wildcard_is_found_inside(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> None:
    with offline_instance(tmp_path_factory.mktemp("wild"), pki) as offline:
        outcome = _wildcard_outcome(offline)
    assert outcome == "found"


def _wildcard_outcome(offline: OfflineInstance) -> str:
    scheme = "wild-scheme-test"
    change_domain(offline.instance, ACTOR, "demo", {"sml": {"wildcard_owners": {scheme: [SMP_ID]}}})
    offline.stored = offline.instance.directory.get("demo")
    publish(offline, ParticipantIdentifier(scheme, "*"))
    office = UiOffice(offline)
    path = f"/domains/demo/participants/{segment(f'{scheme}::anybody')}/resolution"
    answer = office.ask("GET", path, office.caller(Role.ADMIN)).json()
    assert "wild" in str(answer)
    return str(answer["outcome"])
