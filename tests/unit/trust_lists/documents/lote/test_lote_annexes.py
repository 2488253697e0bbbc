# SPDX-License-Identifier: Apache-2.0
"""The profiles of Annexes D to I: a right list of each breaks no rule, and each wrong one the rule of its table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.simulators.jades_keys import new_key
from tests.simulators.lote_documents import ISSUED, LIST, with_scheme, with_state
from trust_lists.certificates.listed import listed
from trust_lists.documents.lote.annexes import ANNEXES, Annex, annex_of
from trust_lists.documents.lote.checks import check_lote
from trust_lists.documents.model import (
    Dialect,
    DigitalIdentity,
    Extension,
    Pointer,
    Text,
    TrustedList,
    UnknownExtension,
)

BY_LETTER = {annex.letter: annex for annex in ANNEXES}
IDENTITY = DigitalIdentity(certificates=(listed(new_key("P-256").certificate),))
NOTIFIED = "http://uri.etsi.org/19602/PubEAAProvidersList/SvcStatus/notified"


def right(letter: str) -> TrustedList:
    """A list that conforms to an Annex."""
    annex = BY_LETTER[letter]
    itself = Pointer(
        "https://example.org/list",
        (IDENTITY,),
        territory="EU",
        mime_type="application/jose",
        list_type=annex.list_type,
        operator_names=(Text("en", "Example operator"),),
    )
    document = with_scheme(
        LIST,
        list_type=annex.list_type,
        status_determination=annex.approaches[0],
        community_rules=(Text("en", annex.community_rules),),
        historical_period=65535 if letter == "H" else None,
        pointers=() if letter == "H" else (itself,),
    )
    unique = UnknownExtension("ServiceUniqueIdentifier", '{"ServiceUniqueIdentifier":"urn:example:1"}')
    return with_state(
        document,
        type=min(annex.service_types),
        identity=IDENTITY,
        status=NOTIFIED if letter == "H" else "",
        starting_time=ISSUED if letter == "H" else None,
        extensions=(Extension(False, unique),) if letter == "E" else (),
    )


@pytest.mark.parametrize("letter", BY_LETTER)
def test_a_right_list_breaks_no_rule(letter: str) -> None:
    assert annex_of(right(letter)) is BY_LETTER[letter]
    assert check_lote(right(letter)) == []


def test_other_types_have_no_annex() -> None:
    assert annex_of(LIST) is None


ALL_BROKEN = (
    (".1", lambda each: with_scheme(each, territory="BE", names=(Text("en", "BE:x"),))),
    (".1", lambda each: with_scheme(each, status_determination="http://example.org/approach")),
    (".1", lambda each: with_scheme(each, community_rules=(Text("en", "http://example.org/rules"),))),
    (".1", lambda each: with_scheme(each, next_update=ISSUED + timedelta(days=200))),
    (".3", lambda each: with_state(each, type="http://uri.etsi.org/19602/SvcType/Other")),
    (".3", lambda each: with_state(each, type="")),
)


@pytest.mark.parametrize("letter", BY_LETTER)
@pytest.mark.parametrize(("table", "wrong"), ALL_BROKEN)
def test_what_all_annexes_ask_for(letter: str, table: str, wrong: object) -> None:
    document = wrong(right(letter))  # type: ignore[operator]
    assert {each.rule for each in check_lote(document)} == {f"TS119602-{letter}{table}"}


@pytest.mark.parametrize(
    ("rule", "document"),
    [
        ("TS119602-D.1", with_scheme(right("D"), pointers=())),
        ("TS119602-H.1", with_scheme(right("H"), pointers=right("D").scheme.pointers)),
        ("TS119602-D.1", with_scheme(right("D"), historical_period=0)),
        ("TS119602-H.1", with_scheme(right("H"), historical_period=3650)),
        ("TS119602-D.3", with_state(right("D"), status=NOTIFIED)),
        ("TS119602-I.3", with_state(right("I"), starting_time=ISSUED)),
        ("TS119602-H.3", with_state(right("H"), status="http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted")),
        ("TS119602-D.3", with_state(right("D"), identity=DigitalIdentity(skis=(b"\x01",)))),
        ("TS119602-E.3", with_state(right("E"), extensions=())),
        ("TS119602-D.4", replace(right("D"), dialect=Dialect.LOTE_XML, tag="http://example.org/tag")),
    ],
)
def test_what_single_annexes_ask_for(rule: str, document: TrustedList) -> None:
    assert {each.rule for each in check_lote(document)} == {rule}


def test_only_lists_of_public_attestations_may_be_xml_and_lack_identities() -> None:
    document = replace(with_state(right("H"), identity=DigitalIdentity()), dialect=Dialect.LOTE_XML, tag="urn:tag:1")
    assert check_lote(document) == []


def test_the_status_determination_of_annex_g_may_be_spelled_right() -> None:
    annex: Annex = BY_LETTER["G"]
    printed, right_spelling = annex.approaches
    assert "WRPRCrovidersList" in printed
    assert check_lote(with_scheme(right("G"), status_determination=right_spelling)) == []


def test_an_annex_asks_for_an_explicit_scheme() -> None:
    found = {each.rule for each in check_lote(with_scheme(right("F"), names=(), policies=()))}
    assert found == {"TS119602-6.3.6", "TS119602-6.3.11"}
