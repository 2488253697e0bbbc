# SPDX-License-Identifier: Apache-2.0
"""DNS names of participants; the vectors of real networks are in tests/conformance/identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.identifiers.dns_names import (
    NameForm,
    hash_label,
    legacy_cname_owner,
    participant_name,
    participant_owner,
    template_problem,
)
from registry.identifiers.participant import EBCORE_PREFIX, ParticipantIdentifier

PARTICIPANT = ParticipantIdentifier("iso6523-actorid-upis", "0088:123ABC")
HASH = "y7dzfxaf3d4cjz4kcgrxtec6twvcga4ky7zwa5boif6mswd4tdrq"
TYPE_1 = NameForm("{hash}.{scheme}.{icd}.iso6523")
TYPE_2 = NameForm("{hash}.{icd}.{scheme}")


def test_owner_is_the_hash_below_the_scheme() -> None:
    assert participant_owner(PARTICIPANT) == f"{HASH}.iso6523-actorid-upis"


def test_name_ends_in_the_zone_without_a_dot() -> None:
    assert participant_name(PARTICIPANT, "SML.Test.") == f"{HASH}.iso6523-actorid-upis.sml.test"


def test_letter_case_of_value_and_scheme_makes_no_other_name() -> None:
    shouted = ParticipantIdentifier("ISO6523-ACTORID-UPIS", "0088:123abc")
    assert participant_owner(shouted) == participant_owner(PARTICIPANT)


def test_without_lower_casing_letter_case_makes_another_name() -> None:
    form = NameForm(lowercase_before_hash=False)
    assert participant_owner(PARTICIPANT, form) == f"{hash_label('0088:123ABC')}.iso6523-actorid-upis"


def test_lower_casing_does_not_depend_on_unicode() -> None:
    assert participant_owner(ParticipantIdentifier("a-b-c", "İK\u212a")) == f"{hash_label('İk' + chr(0x212A))}.a-b-c"


def test_without_scheme_label_the_whole_uri_form_is_hashed() -> None:
    form = NameForm("{hash}")
    assert participant_owner(PARTICIPANT, form) == hash_label("iso6523-actorid-upis::0088:123abc")


def test_wildcard_stands_directly_below_its_scheme() -> None:
    assert participant_owner(ParticipantIdentifier("valid-Scheme-value", "*")) == "*.valid-scheme-value"
    assert participant_owner(ParticipantIdentifier("", "*")) == "*"
    assert participant_owner(ParticipantIdentifier("a-b-c", "*"), TYPE_2) == "*.a-b-c"


@given(st.integers(0, 3))
def test_ebcore_party_id_has_the_same_name_wherever_it_was_cut(cut: int) -> None:
    urn = f"{EBCORE_PREFIX}iso6523:0088:Test01"
    at = [index for index, character in enumerate(urn) if character == ":"][-cut - 1]
    assert participant_owner(ParticipantIdentifier(urn[:at], urn[at + 1 :])) == hash_label(urn.lower())


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_label_always_has_52_characters(text: str) -> None:
    label = hash_label(text)
    assert len(label) == 52
    assert set(label) <= set("abcdefghijklmnopqrstuvwxyz234567")


@pytest.mark.parametrize("scheme", ["a.b", "a b", "-a", "a-", "ä", "a" * 64, "urn:x", "a\n", "*"])
def test_scheme_that_is_no_dns_label_is_refused(scheme: str) -> None:
    for owner in (participant_owner, legacy_cname_owner):
        with pytest.raises(ValidationError) as caught:
            owner(ParticipantIdentifier(scheme, "1"))
        assert caught.value.reasons[0].id == "DNS-SCHEME-LABEL"


def test_federated_form_needs_an_icd() -> None:
    form = TYPE_2
    assert participant_owner(PARTICIPANT, form) == f"{HASH}.0088.iso6523-actorid-upis"
    for value in ("123:4", "00881:2", "٠٠٨٨:1", "0088"):
        with pytest.raises(ValidationError) as caught:
            participant_owner(ParticipantIdentifier("a-b-c", value), form)
        assert caught.value.reasons[0].id == "DNS-ICD-LABEL"


def test_federated_type_1_puts_the_scheme_below_the_agency() -> None:
    assert participant_owner(PARTICIPANT, TYPE_1) == f"{HASH}.iso6523-actorid-upis.0088.iso6523"
    assert legacy_cname_owner(PARTICIPANT, TYPE_1).endswith(".iso6523-actorid-upis.0088.iso6523")


@pytest.mark.parametrize("urn", ["iso6523:0088:test01", "ISO6523:0088:TEST01", "iso6523::0088:test01"])
def test_federated_type_1_of_an_ebcore_party_id_has_no_scheme(urn: str) -> None:
    participant = ParticipantIdentifier("", f"{EBCORE_PREFIX}{urn}")
    expected = "ntpfmjwll2hieycklibvajlw2sjxzqgfd7p53pn75fyf5ghuwscq.0088.iso6523"
    assert participant_owner(participant, TYPE_1) == expected


def test_federated_form_has_no_place_for_a_party_of_another_catalogue() -> None:
    with pytest.raises(ValidationError, match="DNS-ICD-LABEL"):
        participant_owner(ParticipantIdentifier("", f"{EBCORE_PREFIX}unregistered:0088:x"), TYPE_1)


def test_an_environment_is_a_label_above_the_scheme() -> None:
    form = NameForm("{hash}.{scheme}.acceptance")
    assert participant_owner(PARTICIPANT, form) == f"{HASH}.iso6523-actorid-upis.acceptance"
    assert participant_owner(ParticipantIdentifier("a-b-c", "*"), form) == "*.a-b-c.acceptance"


def test_a_wildcard_is_above_every_agency() -> None:
    assert participant_owner(ParticipantIdentifier("", "*"), NameForm("{hash}.{icd}.iso6523")) == "*.iso6523"
    with pytest.raises(ValidationError, match="DNS-WILDCARD-NAME"):
        participant_owner(ParticipantIdentifier("a-b-c", "*"), TYPE_1)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{hash}", None),
        ("{hash}.{scheme}.{icd}.iso6523", None),
        ("{hash}._env-1.{scheme}", None),
        ("{scheme}.{hash}", "it has to begin with {hash}"),
        ("", "it has to begin with {hash}"),
        ("{hash}.{scheme}.{scheme}", "{scheme} and {icd} may be in it once each"),
        ("{hash}.{hash}", "'{hash}' is neither {scheme} nor {icd} nor a DNS label"),
        ("{hash}.", "'' is neither {scheme} nor {icd} nor a DNS label"),
        ("{hash}.x{icd}", "'x{icd}' is neither {scheme} nor {icd} nor a DNS label"),
    ],
)
def test_a_template_begins_with_the_hash_and_names_labels(template: str, problem: str | None) -> None:
    assert template_problem(template) == problem


def test_legacy_cname_is_the_md5_of_the_lower_cased_value() -> None:
    owner = legacy_cname_owner(ParticipantIdentifier("iso6523-actorid-upis", "9915:TEST"))
    assert owner == "b-85008b8279e07ab0392da75fa55856a2.iso6523-actorid-upis"


def test_lone_surrogate_is_refused() -> None:
    with pytest.raises(ValidationError):
        participant_owner(ParticipantIdentifier("a-b-c", "\ud800"))
