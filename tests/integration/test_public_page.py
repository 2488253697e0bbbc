# SPDX-License-Identifier: Apache-2.0
"""The public page: what everybody is told of a participant and of the way to it, and what nobody is told."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import encode_segment, participant_path, service_path
from registry.rates import NO_NETWORKS, Rates
from tests.simulators.asgi import Reply
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant
from tests.simulators.public_pages import KNOWN, PAGE, PublicPages, make_visible, metadata_of, publish
from tests.simulators.ui_office import HOSTILE

SECRET = participant("0088:7300010000002")
MIXED = ParticipantIdentifier(ISO6523, "9915:MixedCase")
_MARKUP = re.compile(r"<(script|img src=x|svg|iframe)", re.IGNORECASE)


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[OfflineInstance]:
    with offline_instance(tmp_path_factory.mktemp("public"), pki, public_page=True) as offline:
        for who in (KNOWN, SECRET, MIXED):
            publish(offline, who)
        make_visible(offline, SECRET, "internal")
        yield offline


@pytest.fixture(scope="module")
def pages(offline: OfflineInstance) -> Iterator[PublicPages]:
    pages = PublicPages(offline)
    yield pages
    pages.close()


def text(reply: Reply) -> str:
    return reply.body.decode()


def test_domain_that_wants_no_page_has_none(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> None:
    with offline_instance(tmp_path_factory.mktemp("none"), pki) as offline:
        pages = PublicPages(offline)
        for path in (PAGE, "/base/lookup/static/style.css"):
            assert pages.get(path).status == 404
            assert pages.get(path).headers["content-type"] == "application/problem+json"
        change_domain(offline.instance, ACTOR, "demo", {"public_page": True})
        pages.app.refresh_domains()
        assert pages.get(PAGE).status == 200
        pages.close()


def test_page_shows_services_links_to_their_documents_and_each_step(
    pages: PublicPages, offline: OfflineInstance
) -> None:
    metadata = metadata_of(offline)
    reply = pages.ask(str(KNOWN))
    page = text(reply)
    assert reply.status == 200
    assert "<strong>Found.</strong>" in page
    for step in ("The name in DNS", "What DNS answers (NAPTR)", "The signature", "Trust in who has signed"):
        assert step in page
    (endpoint,) = metadata.process_metadata[0].endpoints
    for shown in (endpoint.address, endpoint.transport_profile, str(metadata.document_type), "CN="):
        assert shown in page
    path = service_path(KNOWN, metadata.document_type)
    assert f'href="https://smp.example.org/base{path}"' in page
    assert pages.get(f"/base{path}").status == 200


def test_page_for_one_document_type_says_what_is_offered_instead(pages: PublicPages) -> None:
    page = text(pages.ask(str(KNOWN), document="busdox-docid-qns::urn:no-such"))
    assert "No matching service." in page


def test_who_is_told_of_to_nobody_looks_as_unknown(pages: PublicPages, offline: OfflineInstance) -> None:
    unknown = participant("0088:7300010000003")
    for visibility in ("internal", "private"):
        make_visible(offline, SECRET, visibility)
        hidden, absent = text(pages.ask(str(SECRET))), text(pages.ask(str(unknown)))
        assert "Not registered." in hidden
        hashed = re.compile(r"[a-z2-7]{52}")
        same = [hashed.sub("hash", page.replace("7300010000002", "X").replace("7300010000003", "X"))
                for page in (hidden, absent)]  # fmt: skip
        assert same[0] == same[1]


def test_page_tells_neither_owner_nor_internal_numbers(pages: PublicPages) -> None:
    page = text(pages.ask(str(KNOWN)))
    for inner in ("owner", "content_version", "/ui/", "/api/", "configuration", "stores."):
        assert inner not in page


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        (f"  {KNOWN}\t", "Blanks around it were left out:"),
        (encode_segment(str(KNOWN)), "It was encoded as in a URL, and is read as:"),
        (KNOWN.value, "As it names no scheme, it is taken for:"),
        ("9915:MIXEDcase", "Letter case doesn&#39;t matter in it; compared is:"),
    ],
    ids=["blanks", "percent", "no scheme", "case"],
)
def test_identifier_that_is_written_otherwise_is_found_and_the_page_says_how_it_was_read(
    pages: PublicPages, typed: str, note: str
) -> None:
    page = text(pages.ask(typed))
    assert note in page
    assert "<strong>Found.</strong>" in page


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ("strange-scheme-xyz::1", "This network doesn&#39;t know the scheme."),
        (f"{ISO6523}::*", "The asterisk stands for all participants of a scheme"),
    ],
    ids=["unknown scheme", "wildcard"],
)
def test_identifier_that_nobody_has_gets_a_helpful_answer(pages: PublicPages, typed: str, note: str) -> None:
    reply = pages.ask(typed)
    assert reply.status == 200
    assert note in text(reply)
    assert "Not registered." in text(reply)


@pytest.mark.parametrize("typed", ["::", "a::", "x" * 400, "a b::c d", "iso6523-actorid-upis::%"])
def test_what_is_no_identifier_is_answered_with_reasons_or_a_no(pages: PublicPages, typed: str) -> None:
    reply = pages.ask(typed)
    assert reply.status in {200, 400}
    assert ('role="alert"' in text(reply)) or ('role="status"' in text(reply))


@pytest.mark.parametrize(
    "query",
    ["participant=" + "x" * 1200, "&".join(f"p{n}=1" for n in range(40)), "participant=" + "%20" * 4000],
    ids=["text", "fields", "octets"],
)
def test_question_that_is_too_long_is_refused(pages: PublicPages, query: str) -> None:
    reply = pages.get(f"{PAGE}?{query}")
    assert reply.status == 400
    assert "The question is too long." in text(reply)


@pytest.mark.parametrize("name", ["participant", "document", "process", "lang", "from", "other"])
def test_what_is_typed_is_text_wherever_it_is_shown(pages: PublicPages, name: str) -> None:
    reply = pages.get(f"{PAGE}?participant=0088%3A1&{name}={encode_segment(HOSTILE)}")
    assert reply.status in {200, 400}
    assert not _MARKUP.search(text(reply))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(max_size=60) | st.sampled_from(['"><svg onload=1>', "{{7*7}}", "%3Cscript%3E", "\0", "\ud800"]))
def test_no_text_at_all_breaks_the_page_or_becomes_markup(pages: PublicPages, typed: str) -> None:
    reply = pages.ask(typed, document=typed, process=typed)
    assert reply.status in {200, 400}
    assert not _MARKUP.search(text(reply))
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("language", "chosen", "title"),
    [
        ("de-CH", "", "Einen Teilnehmer nachschlagen"),
        ("fr", "", "Rechercher un participant"),
        ("es", "", "Look up a participant"),
        ("fr", "de", "Einen Teilnehmer nachschlagen"),
        ("fr", "xx", "Rechercher un participant"),
    ],
)
def test_page_is_in_the_language_of_the_browser_or_the_one_that_was_chosen(
    pages: PublicPages, language: str, chosen: str, title: str
) -> None:
    reply = pages.ask(None, language=language, **({"lang": chosen} if chosen else {}))
    assert f"<h1>{title}</h1>" in text(reply)
    assert reply.headers["vary"] == "accept-language"


def test_page_may_be_cached_for_a_minute_and_refusals_may_not(pages: PublicPages) -> None:
    assert pages.ask(str(KNOWN)).headers["cache-control"] == "public, max-age=60"
    assert pages.ask("a b::c").headers["cache-control"] == "no-store"
    assert pages.ask(None).headers["x-robots-tag"] == "noindex"
    assert "set-cookie" not in pages.ask(str(KNOWN)).headers


def test_head_has_no_body_and_other_methods_are_refused(pages: PublicPages) -> None:
    assert (pages.ask(str(KNOWN), "HEAD").status, pages.ask(str(KNOWN), "HEAD").body) == (200, b"")
    refused = pages.ask(str(KNOWN), "POST")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")


def test_page_has_no_script_and_its_style_is_its_own(pages: PublicPages) -> None:
    page = text(pages.ask(str(KNOWN)))
    assert "<script" not in page
    assert " style=" not in page
    styles = re.findall(r'<link rel="stylesheet" href="(static/style\.css\?v=[0-9a-f]+)">', page)
    assert len(styles) == 1
    assert pages.get(f"/base/lookup/{styles[0]}").headers["content-type"].startswith("text/css")


def test_who_asks_too_often_is_told_when_to_come_again(offline: OfflineInstance) -> None:
    pages = PublicPages(offline, Rates(0.01, 2, NO_NETWORKS))
    assert [pages.ask(str(KNOWN)).status for _ in range(3)] == [200, 200, 429]
    refused = pages.ask(str(KNOWN))
    assert 1 <= int(refused.headers["retry-after"]) <= 101
    assert "Too many look-ups." in text(refused)
    assert pages.ask(None).status == 200, "the form itself costs nothing"
    assert pages.get(f"/base{participant_path(KNOWN)}").status == 200, "and documents have their own rate"
    pages.close()


def test_participant_whose_scheme_is_the_page_is_still_served(
    tmp_path_factory: pytest.TempPathFactory, pki: DemoPki
) -> None:
    rules = {"participant": {"allow_no_scheme": True}}
    with offline_instance(tmp_path_factory.mktemp("plain"), pki, public_page=True, identifiers=rules) as offline:
        pages = PublicPages(offline)
        for path in ("/base/lookup", "/base/lookup/", "/base/lookup%2Fparticipant"):
            reply = pages.get(path)
            assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json"), path
        pages.close()


def test_participant_of_another_smp_is_not_fetched(pages: PublicPages, offline: OfflineInstance) -> None:
    away = replace(KNOWN, value="0088:7300010000009")
    publish(offline, away)
    change_domain(offline.instance, ACTOR, "demo", {"smp": {"base_url": "https://moved.example.org/base"}})
    try:
        stored = offline.instance.directory.get("demo")
        assert stored.domain.smp.base_url == "https://moved.example.org/base"
        pages.app.refresh_domains()
        page = text(pages.get(f"/base/lookup/participant?participant={encode_segment(str(away))}"))
        assert "From here the way leads to somebody else, who is not asked." in page
    finally:
        change_domain(offline.instance, ACTOR, "demo", {"smp": {"base_url": "https://smp.example.org/base"}})
        pages.app.refresh_domains()
