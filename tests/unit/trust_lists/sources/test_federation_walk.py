# SPDX-License-Identifier: Apache-2.0
"""Statements of a federation are fetched up from parties to the trust anchor, and no further."""

import json
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators import federation_world
from tests.simulators.certificate_chains import NOW
from tests.simulators.federations import AT, MARK, NAMES
from tests.simulators.federations import Federation as SignedFederation
from trust_lists.errors import SourceError
from trust_lists.evaluation.decisions.federation_grounds import FederationGrounds
from trust_lists.evaluation.trust_configuration.model import (
    Engine,
    FederationSource,
    InFederation,
    Profile,
    Roles,
    Stores,
    TrustConfiguration,
)
from trust_lists.sources.collecting import CollectReport, collect
from trust_lists.sources.evidence import load_evidence
from trust_lists.sources.evidence_manifest import Kind, State
from trust_lists.sources.federation_walk import MAX_ENTITIES, MAX_HINTS, claims
from trust_lists.sources.ports import Source

ANCHOR, MIDDLE, PARTY = "https://anchor.example", "https://middle.example/", "https://party.example"


def token(claimed: object) -> bytes:
    """A statement that nobody has signed."""
    content = urlsafe_b64encode(json.dumps(claimed).encode()).rstrip(b"=")
    return b"eyJhbGciOiJFUzI1NiJ9." + content + b".c2ln"


@dataclass
class Federation:
    """Statements by location."""

    documents: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def lists(self) -> Source:
        raise NotImplementedError

    def fetch(self, kind: Kind, url: str, body: bytes | None = None) -> bytes:
        assert (kind, body) == (Kind.STATEMENT, None)
        self.asked.append(url)
        if url not in self.documents:
            raise SourceError("FETCH_NOT_FOUND", "there is no such statement")
        return self.documents[url]

    def put_entity(self, entity: str, *superiors: str, endpoint: str = "") -> None:
        claimed: dict[str, Any] = {"iss": entity, "sub": entity, "authority_hints": list(superiors)}
        if endpoint:
            claimed["metadata"] = {"federation_entity": {"federation_fetch_endpoint": endpoint}}
        self.documents[configuration_url(entity)] = token(claimed)

    def put_statement(self, superior: str, subject: str, endpoint: str) -> None:
        separator = "&" if "?" in endpoint else "?"
        url = f"{endpoint}{separator}sub={quote(subject, safe='')}"
        self.documents[url] = token({"iss": superior, "sub": subject})


def configuration_url(entity: str) -> str:
    return f"{entity.rstrip('/')}/.well-known/openid-federation"


def whole() -> Federation:
    """A party below an intermediate below the anchor."""
    found = Federation()
    found.put_entity(ANCHOR, endpoint=f"{ANCHOR}/fetch")
    found.put_entity(MIDDLE, ANCHOR, endpoint=f"{MIDDLE}fetch?v=1")
    found.put_entity(PARTY, MIDDLE)
    found.put_statement(ANCHOR, MIDDLE, f"{ANCHOR}/fetch")
    found.put_statement(MIDDLE, PARTY, f"{MIDDLE}fetch?v=1")
    return found


def configuration(max_path_length: int | None = None) -> TrustConfiguration:
    source = FederationSource("fed", ANCHOR, ("A" * 43,), max_path_length, None)
    engine = Engine(Profile.RFC5280, 4, timedelta(minutes=5))
    return TrustConfiguration("test", "test", engine, Stores(openid_federation=(source,)), Roles())


def run(federation: Federation, folder: Path, *parties: str, max_path_length: int | None = None) -> CollectReport:
    return collect(configuration(max_path_length), (), federation, folder, NOW, parties=parties or (PARTY,))


def test_a_whole_chain_is_fetched_and_each_statement_once(tmp_path: Path) -> None:
    federation = whole()
    report = run(federation, tmp_path, PARTY, PARTY)
    assert sorted(federation.asked) == sorted(federation.documents)
    assert report.failures == ()
    found = load_evidence(tmp_path, configuration(), NOW).openid_federation["fed"]
    assert found.statements == tuple(sorted(each.decode() for each in federation.documents.values()))
    assert found.fetched_at == NOW


def test_without_parties_the_anchor_speaks_for_itself(tmp_path: Path) -> None:
    federation = whole()
    collect(configuration(), (), federation, tmp_path, NOW)
    assert federation.asked == [configuration_url(ANCHOR)]


def test_two_ways_up_are_both_gone(tmp_path: Path) -> None:
    federation = whole()
    federation.put_entity(PARTY, MIDDLE, ANCHOR)
    federation.put_statement(ANCHOR, PARTY, f"{ANCHOR}/fetch")
    assert run(federation, tmp_path).failures == ()
    assert len(federation.asked) == 6


def test_what_is_missing_is_told_and_hides_nothing_else(tmp_path: Path) -> None:
    federation = whole()
    del federation.documents[configuration_url(MIDDLE)]
    [failed] = run(federation, tmp_path).failures
    assert (failed.url, failed.source, failed.state) == (configuration_url(MIDDLE), "fed", State.FAILED)
    assert len(load_evidence(tmp_path, configuration(), NOW).openid_federation["fed"].statements) == 2


def test_entities_that_point_at_each_other_come_to_an_end(tmp_path: Path) -> None:
    federation = whole()
    federation.put_entity(MIDDLE, PARTY, endpoint=f"{MIDDLE}fetch?v=1")
    federation.put_entity(PARTY, MIDDLE, endpoint=f"{PARTY}/fetch")
    federation.put_statement(PARTY, MIDDLE, f"{PARTY}/fetch")
    run(federation, tmp_path)
    assert len(federation.asked) == len(set(federation.asked)) <= 6


def test_no_more_superiors_are_asked_than_is_sensible(tmp_path: Path) -> None:
    federation = whole()
    federation.put_entity(PARTY, *(f"https://superior-{number}.example" for number in range(1000)))
    run(federation, tmp_path)
    assert len(federation.asked) == 2 + MAX_HINTS


def test_a_federation_without_end_is_left(tmp_path: Path) -> None:
    class Endless(Federation):
        def fetch(self, kind: Kind, url: str, body: bytes | None = None) -> bytes:
            self.asked.append(url)
            number = len(self.asked)
            return token({"authority_hints": [f"https://e{number}.example"]})

    federation = Endless()
    run(federation, tmp_path)
    assert len(federation.asked) <= MAX_ENTITIES + 2


def test_no_higher_is_gone_than_a_chain_may_be_long(tmp_path: Path) -> None:
    federation = Federation()
    federation.put_entity(ANCHOR)
    for number in range(9):
        federation.put_entity(f"https://e{number}.example", f"https://e{number + 1}.example")
    run(federation, tmp_path, "https://e0.example", max_path_length=1)
    above = [url for url in federation.asked if url != configuration_url(ANCHOR)]
    assert above == [configuration_url(f"https://e{number}.example") for number in range(3)]


@pytest.mark.parametrize(
    "data",
    [b"", b"a.b", b"<html/>", b"a.!!.c", token([1]), token("text"), b"eyJ9.eyJ9.c2ln", b"x" * 2_000_000],
    ids=["nothing", "two parts", "a web page", "no base64", "a list", "a text", "no JSON", "too much"],
)
def test_what_is_no_statement_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError) as told:
        claims(data)
    assert told.value.reason_id == "STATEMENT_UNREADABLE"


@given(st.binary(max_size=100) | st.from_regex(rb"[\w-]+\.[\w-]+\.[\w-]+", fullmatch=True))
def test_no_bytes_do_anything_but_be_read_or_refused(data: bytes) -> None:
    with suppress(SourceError):
        assert isinstance(claims(data), dict)


def test_strange_claims_lead_nowhere(tmp_path: Path) -> None:
    federation = whole()
    strange = {"authority_hints": [7, None, MIDDLE], "metadata": {"federation_entity": "x"}}
    federation.documents[configuration_url(PARTY)] = token(strange)
    federation.documents[configuration_url(MIDDLE)] = token({"authority_hints": "x", "metadata": 7})
    assert run(federation, tmp_path).failures == ()
    assert federation.asked == [configuration_url(each) for each in (ANCHOR, PARTY, MIDDLE)]


# Trust marks


def marked(issuers: dict[str, list[str]], federation: SignedFederation = federation_world.FEDERATION) -> Federation:
    """The federation of the simulator on servers; the anchor lets these issue marks."""
    found = Federation()
    names = {entity: name for name, entity in NAMES.items()}
    statements = federation.statements(
        {
            "anchor": lambda said: said.update(
                trust_mark_issuers=issuers, metadata={"federation_entity": endpoint_of("anchor")}
            ),
            "middle": lambda said: said.update(metadata={"federation_entity": endpoint_of("middle")}),
        }
    )
    for text in statements:
        said = claims(text.encode())
        issuer, subject = said["iss"], said["sub"]
        own = issuer == subject
        url = configuration_url(subject) if own else f"{fetch_url(names[issuer])}?sub={quote(subject, safe='')}"
        found.documents[url] = text.encode()
    return found


def fetch_url(name: str) -> str:
    return f"{NAMES[name]}/fetch"


def endpoint_of(name: str) -> dict[str, str]:
    return {"federation_fetch_endpoint": fetch_url(name)}


def collected(
    federation: Federation, folder: Path, marks: tuple[str, ...] | None = (MARK,), party: str = NAMES["leaf"]
) -> bool:
    """Collects for a party, and tells whether what was collected is enough for its mark."""
    source = replace(federation_world.SOURCE, trust_marks=marks)
    trusted = replace(configuration(), stores=Stores(openid_federation=(source,)))
    collect(trusted, (), federation, folder, AT, parties=(party,))
    grounds = FederationGrounds(InFederation(("italy",)), "accept", {"italy": source}, timedelta())
    return federation_world.accepts(grounds.offer(federation_world.CASE, load_evidence(folder, trusted, AT)))


@pytest.mark.parametrize("issuers", [[NAMES["marker"]], []], ids=["named", "anybody"])
def test_the_chain_of_who_made_a_mark_that_is_asked_for_is_fetched_too(tmp_path: Path, issuers: list[str]) -> None:
    federation = marked({MARK: issuers})
    assert collected(federation, tmp_path)
    assert sorted(federation.asked) == sorted(federation.documents)


@pytest.mark.parametrize(
    ("marks", "issuers"),
    [
        pytest.param(None, {MARK: [NAMES["marker"]]}, id="no mark is asked for"),
        pytest.param(("https://other.example",), {MARK: [NAMES["marker"]]}, id="another mark is asked for"),
        pytest.param((MARK,), {MARK: [NAMES["owner"]]}, id="somebody else may issue it"),
        pytest.param((MARK,), {}, id="nobody may issue it"),
    ],
)
def test_nobody_else_is_asked_about_marks(
    tmp_path: Path, marks: tuple[str, ...] | None, issuers: dict[str, list[str]]
) -> None:
    federation = marked(issuers)
    assert collected(federation, tmp_path, marks) is (marks is None)
    assert not any(NAMES["marker"] in url for url in federation.asked)


def test_marks_that_cannot_be_read_lead_nowhere(tmp_path: Path) -> None:
    world = federation_world.FEDERATION
    broken = SignedFederation(world.keys, world.leaf_metadata, ["x", world.mark(lambda said: said.pop("iss"))])
    federation = marked({MARK: []}, broken)
    assert not collected(federation, tmp_path)
    assert not any(NAMES["marker"] in url for url in federation.asked)
