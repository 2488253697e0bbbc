# SPDX-License-Identifier: Apache-2.0
"""Two SMPs are asked the same over HTTP; what differs is told, and a failure is never an answer."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from registry.domains.loader import load_domain
from registry.errors import ConfigurationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import Endpoint, Process, ProcessMetadata, ServiceGroup, ServiceMetadata
from registry.move_in.shadow.model import Answer, DifferenceKind, Side
from registry.move_in.shadow.sides import HttpSide, Place
from registry.move_in.shadow.smp import Asked, SmpComparer
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.signing import sign_document
from tests.simulators.old_http import OldRequest, OldResponse, old_server
from tests.simulators.old_smp_xml import PEPPOL
from tests.simulators.smp_models import endpoint_certificates, new_signing_key

DOMAIN = load_domain("peppol-test")
PARTICIPANT = ParticipantIdentifier("iso6523-actorid-upis", "9915:one")
INVOICE = DocumentTypeIdentifier("busdox-docid-qns", "urn:x::Invoice##urn:a::2.1")
ORDER = DocumentTypeIdentifier("busdox-docid-qns", "urn:x::Order##urn:a::2.1")
KEY = new_signing_key()


def _metadata(document_type: DocumentTypeIdentifier, address: str = "https://ap.example.org") -> ServiceMetadata:
    endpoint = Endpoint("peppol-transport-as4-v2_0", address, (endpoint_certificates()[0],))
    process = Process(ProcessIdentifier("cenbii-procid-ubl", "urn:billing"))
    return ServiceMetadata(PARTICIPANT, document_type, (ProcessMetadata((process,), (endpoint,)),))


class _Smp:
    """Answers what it is told to; `closes` ends each connection behind the answer."""

    def __init__(self, *published: ServiceMetadata) -> None:
        self.answers: dict[str, OldResponse] = {}
        self.asked: list[OldRequest] = []
        self.closes = False
        for metadata in published:
            document = sign_document(BUSDOX.write_service_metadata(metadata), KEY, BUSDOX)
            self.answers[service_path(PARTICIPANT, metadata.document_type)] = OldResponse(body=document)
        self.group(*(metadata.document_type for metadata in published))

    def group(self, *document_types: DocumentTypeIdentifier) -> None:
        body = BUSDOX.write_service_group(ServiceGroup(PARTICIPANT, document_types), f"https://{id(self)}.example.org")
        self.answers[participant_path(PARTICIPANT)] = OldResponse(body=body)

    def answer(self, request: OldRequest) -> OldResponse:
        self.asked.append(request)
        said = self.answers.get(request.path, OldResponse(404))
        return replace(said, headers={"Connection": "close"}) if self.closes else said


class _Both:
    def __init__(self) -> None:
        self.old, self.ours = _Smp(_metadata(INVOICE), _metadata(ORDER)), _Smp(_metadata(INVOICE), _metadata(ORDER))
        self.comparer: SmpComparer

    def all_of(self, participant: ParticipantIdentifier = PARTICIPANT) -> list[Answer]:
        """The group's answer, then those that it leads to."""
        group = self.comparer.ask(Asked(participant))
        return [group, *(self.comparer.ask(question) for question in group.follow)]

    def kinds(self) -> list[DifferenceKind]:
        return [each.kind for answer in self.all_of() for each in answer.differences]


@pytest.fixture
def both() -> Iterator[_Both]:
    made = _Both()
    with ExitStack() as stack:
        places = [Place(stack.enter_context(old_server(side))) for side in (made.old, made.ours)]
        made.comparer = stack.enter_context(
            closing(SmpComparer(DOMAIN, BUSDOX, *(HttpSide(place, timeout=5) for place in places)))
        )
        yield made


def test_equal_answers_are_settled_document_by_document(both: _Both) -> None:
    answers = both.all_of()

    assert [(answer.is_settled, answer.differences) for answer in answers] == [(True, ())] * 3


def test_a_participant_that_only_one_side_knows_is_missing_or_extra(both: _Both) -> None:
    other = ParticipantIdentifier(PARTICIPANT.scheme, "9915:other")
    body = BUSDOX.write_service_group(ServiceGroup(other), "https://a.example.org")

    assert both.all_of(other) == [Answer()]
    both.old.answers[participant_path(other)] = OldResponse(body=body)
    assert [each.kind for each in both.all_of(other)[0].differences] == [DifferenceKind.MISSING_PARTICIPANT]
    both.ours.answers[participant_path(other)] = both.old.answers.pop(participant_path(other))
    assert [each.kind for each in both.all_of(other)[0].differences] == [DifferenceKind.EXTRA_PARTICIPANT]


def test_what_was_refused_when_it_was_loaded_is_harmless(both: _Both) -> None:
    del both.ours.answers[participant_path(PARTICIPANT)]
    answer = both.comparer.ask(Asked(PARTICIPANT, is_refused=True))

    assert [each.kind for each in answer.differences] == [DifferenceKind.REFUSED]
    assert answer.is_settled


def test_document_types_are_compared_by_the_group_and_asked_only_where_both_have_them(both: _Both) -> None:
    both.old.group(INVOICE)
    both.ours.group(ORDER)

    answers = both.all_of()

    assert len(answers) == 1
    assert both.kinds() == [DifferenceKind.MISSING_DOCUMENT_TYPE, DifferenceKind.EXTRA_DOCUMENT_TYPE]


def test_a_listed_document_type_without_metadata_is_missing(both: _Both) -> None:
    del both.ours.answers[service_path(PARTICIPANT, ORDER)]

    assert both.kinds() == [DifferenceKind.MISSING_DOCUMENT_TYPE]


def test_another_address_is_found_in_its_document(both: _Both) -> None:
    changed = _Smp(_metadata(INVOICE, "https://other.example.org"))
    path = service_path(PARTICIPANT, INVOICE)
    both.ours.answers[path] = changed.answers[path]

    found = [
        (str(answer.differences[0].kind), answer.differences[0].ours) for answer in both.all_of() if answer.differences
    ]

    assert found == [("url", "https://other.example.org")]


@pytest.mark.parametrize(
    ("href", "kind", "harmless"),
    [
        ("https://other.example.org", DifferenceKind.COMPLETED, True),
        ("https://other.example.org/", DifferenceKind.COMPLETED, True),
        ("https://elsewhere.example.org", DifferenceKind.REDIRECT, False),
    ],
    ids=["base URL", "with a slash", "elsewhere"],
)
def test_a_redirect_to_an_smp_is_the_same_as_one_to_its_document(
    both: _Both, href: str, kind: DifferenceKind, harmless: bool
) -> None:
    path = service_path(PARTICIPANT, INVOICE)
    for side, target in ((both.old, href), (both.ours, f"https://other.example.org{path}")):
        side.answers[path] = OldResponse(body=PEPPOL.redirect(target, "CN=SMP-2,O=Other,C=BE"))

    (difference,) = both.comparer.ask(Asked(PARTICIPANT, INVOICE)).differences

    assert (difference.kind, difference.is_harmless) == (kind, harmless)


def test_a_redirect_on_one_side_alone_is_told(both: _Both) -> None:
    path = service_path(PARTICIPANT, INVOICE)
    redirect = PEPPOL.redirect(f"https://other.example.org{path}", "CN=SMP-2,O=Other,C=BE")
    both.ours.answers[path] = OldResponse(body=redirect)

    assert both.kinds() == [DifferenceKind.REDIRECT]


@pytest.mark.parametrize(
    "answer",
    [OldResponse(503), OldResponse(500, b"<a/>"), OldResponse(302), OldResponse(200, b"<html/>"), OldResponse(200)],
    ids=["unavailable", "error", "redirect", "html", "empty"],
)
@pytest.mark.parametrize("side", list(Side))
def test_a_failure_of_one_side_is_told_by_its_name_and_never_equal(
    both: _Both, side: Side, answer: OldResponse
) -> None:
    failing = both.old if side is Side.OLD else both.ours
    failing.answers[participant_path(PARTICIPANT)] = answer

    said = both.comparer.ask(Asked(PARTICIPANT))

    assert [which for which, _ in said.failures] == [side]
    assert said.differences == ()
    assert not said.is_settled


def test_failures_of_both_sides_are_two_and_not_equal(both: _Both) -> None:
    for failing in (both.old, both.ours):
        failing.answers[participant_path(PARTICIPANT)] = OldResponse(503)

    assert [which for which, _ in both.comparer.ask(Asked(PARTICIPANT)).failures] == [Side.OLD, Side.OURS]


def test_a_document_where_a_group_was_asked_is_a_failure(both: _Both) -> None:
    both.ours.answers[participant_path(PARTICIPANT)] = both.ours.answers[service_path(PARTICIPANT, INVOICE)]

    assert [which for which, _ in both.comparer.ask(Asked(PARTICIPANT)).failures] == [Side.OURS]


def test_a_kept_connection_that_was_closed_is_opened_again(both: _Both) -> None:
    both.old.closes = True

    assert all(answer.is_settled for answer in both.all_of())
    both.old.closes = False
    assert all(answer.is_settled for answer in both.all_of())


class _HangsUp(socketserver.StreamRequestHandler):
    """Answers once and closes, though it has let the other side believe otherwise."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_a_connection_that_is_closed_without_a_word_is_opened_again() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _HangsUp) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        with closing(HttpSide(Place(f"http://127.0.0.1:{server.server_address[1]}"), timeout=5)) as side:
            said = []
            for _ in range(4):
                side.send("/x")
                said.append(side.receive())
        server.shutdown()
        thread.join()
    assert said == [(200, b"ok")] * 4


def test_nobody_there_is_a_failure() -> None:
    with old_server(_Smp()) as gone:
        place = Place(gone)
    with old_server(_Smp()) as there:
        comparer = SmpComparer(DOMAIN, BUSDOX, HttpSide(place, timeout=5), HttpSide(Place(there), timeout=5))
        with closing(comparer):
            assert [which for which, _ in comparer.ask(Asked(PARTICIPANT)).failures] == [Side.OLD]


def test_a_side_may_be_asked_elsewhere_under_the_name_of_its_url() -> None:
    smp = _Smp()
    with old_server(smp) as base_url:
        side = HttpSide(Place("http://smp.example.org/below", base_url.removeprefix("http://")), timeout=5)
        with closing(side):
            side.send("/x")
            assert side.receive()[0] == 404
    assert [(request.path, request.headers["Host"]) for request in smp.asked] == [("/below/x", "smp.example.org")]


@pytest.mark.parametrize("url", ["", "smp.example.org", "ftp://smp.example.org", "https://a@smp.example.org"])
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Place(url)
