# SPDX-License-Identifier: Apache-2.0
"""OpenID Federation 1.0 as a source: every link of a chain has to hold, and the key be the party's."""

from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.simulators.federation_world import (
    ALL,
    AP_KEY,
    AUTHORITY,
    CASE,
    CERTIFICATE,
    FEDERATION,
    KEY,
    ON_THE_WAY,
    SKEW,
    SOURCE,
    STATEMENTS,
    accepts,
    changed,
    offered,
    put,
    reasons,
    undecided,
)
from tests.simulators.federations import (
    AT,
    DAY,
    NAMES,
    Claims,
    Federation,
    new_jwk,
    public,
    seconds,
    signed,
)
from tests.simulators.jades_keys import base64url
from trust_lists.certificates.jwk import read_jwks
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.decisions.federation_chains import MAX_LENGTH
from trust_lists.evaluation.trust_configuration.model import Context, Role

# Who is accepted


def test_a_chain_leads_from_the_party_to_the_anchor() -> None:
    offer = offered()
    assert accepts(offer)
    assert [ground.origin for ground in offer.direct] == [f"stores.openid_federation.italy/{NAMES['leaf']}"]
    assert offer.problems == ()


def test_statements_stand_in_any_order_and_may_stand_twice() -> None:
    assert accepts(offered(tuple(reversed(STATEMENTS)) * 2))


def test_another_certificate_of_the_key_counts_as_well() -> None:
    assert accepts(offered(case=replace(CASE, certificate=AUTHORITY.issue("renewed", key=KEY))))


def test_the_key_of_somebody_else_is_not_the_partys() -> None:
    offer = offered(case=replace(CASE, certificate=AUTHORITY.issue("stranger")))
    assert reasons(offer) == {"KEY_UNKNOWN"}
    assert not undecided(offer)
    other = offered(case=replace(CASE, context={Context.PARTY: NAMES["middle"]}))
    assert reasons(other) == {"KEY_UNKNOWN"}


def test_a_certificate_without_a_key_is_nobodys() -> None:
    assert reasons(offered(case=replace(CASE, certificate=ListedCertificate(b"none")))) == {"KEY_UNKNOWN"}


def test_without_a_party_nobody_can_tell() -> None:
    offer = offered(case=replace(CASE, context={}))
    assert reasons(offer) == {"CONTEXT_MISSING"}
    assert undecided(offer)


def test_without_statements_nobody_can_tell() -> None:
    assert reasons(offered(None)) == {"STATEMENTS_MISSING"}
    assert reasons(offered(())) == {"STATEMENT_MISSING"}
    assert undecided(offered(None))
    assert undecided(offered(()))


def test_the_anchor_is_an_entity_of_its_federation() -> None:
    certificate = AUTHORITY.issue("anchor", key=KEY)
    federation = replace_key("anchor", new_jwk("anchor-1", KEY))
    source = replace(SOURCE, keys=(federation.keys["anchor"].thumbprint(),))
    case = replace(CASE, certificate=certificate, context={Context.PARTY: NAMES["anchor"]})
    assert accepts(offered(federation.statements(), case, source))


def replace_key(name: str, key: Any) -> Federation:
    return Federation({**FEDERATION.keys, name: key}, FEDERATION.leaf_metadata)


# Where the key stands


def test_a_federation_entity_key_counts_too() -> None:
    federation = replace_key("leaf", AP_KEY)
    federation.leaf_metadata = {}
    assert accepts(offered(federation.statements()))


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("use", [None, "sig", "enc", "something"])
def test_a_key_is_for_what_the_role_needs(role: Role, use: str | None) -> None:
    keys = public(AP_KEY)
    if use is not None:
        keys["keys"][0]["use"] = use
    offer = changed("leaf", put(metadata={"access_point": {"jwks": keys}}))
    needed = "enc" if role is Role.AP_ENCRYPT else "sig"
    found = offered(
        FEDERATION.statements({"leaf": put(metadata={"access_point": {"jwks": keys}})}), replace(CASE, role=role)
    )
    assert accepts(found) is (use in {None, needed})
    assert accepts(offer) is (use in {None, "sig"})


def test_the_certificate_in_a_key_counts_where_it_is_of_that_key() -> None:
    keys = public(AP_KEY)
    keys["keys"][0]["x5c"] = [b64encode(CERTIFICATE.der).decode()]
    offer = changed("leaf", put(metadata={"access_point": {"jwks": keys}}))
    assert accepts(offer)
    assert offer.direct[0].certificate == CERTIFICATE
    keys = public(new_jwk("other"))
    keys["keys"][0]["x5c"] = [b64encode(CERTIFICATE.der).decode()]
    keys["keys"].append(public(new_jwk("another"))["keys"][0])
    assert reasons(changed("leaf", put(metadata={"access_point": {"jwks": keys}}))) == {"KEY_UNKNOWN"}


def test_what_the_immediate_superior_says_of_keys_has_precedence() -> None:
    other = {"access_point": {"jwks": public(new_jwk("other"))}}
    assert reasons(changed("middle about leaf", put(metadata=other))) == {"KEY_UNKNOWN"}
    mine = {"access_point": {"jwks": public(AP_KEY)}}
    statements = FEDERATION.statements({"leaf": put(metadata=other), "middle about leaf": put(metadata=mine)})
    assert accepts(offered(statements))
    unrelated = {"another_type": {"jwks": public(AP_KEY)}}
    statements = FEDERATION.statements({"leaf": put(metadata=other), "middle about leaf": put(metadata=unrelated)})
    assert reasons(offered(statements)) == {"KEY_UNKNOWN"}  # types that the subject itself has not


@pytest.mark.parametrize("where", ["middle about leaf", "anchor about middle"])
@pytest.mark.parametrize(("types", "expected"), [(["access_point"], True), (["smp"], False), ([], False)])
def test_entity_types_that_a_superior_does_not_allow_have_no_keys(where: str, types: list[str], expected: bool) -> None:
    assert accepts(changed(where, put(constraints={"allowed_entity_types": types}))) is expected


def test_of_keys_that_a_policy_changes_nobody_can_tell() -> None:
    offer = changed("anchor about middle", put(metadata_policy={"access_point": {"jwks": {"value": {"keys": []}}}}))
    assert reasons(offer) == {"KEY_UNKNOWN"}
    assert undecided(offer)
    assert accepts(changed("anchor about middle", put(metadata_policy={"access_point": {"contacts": {"add": ["a"]}}})))


@pytest.mark.parametrize("name", ["jwks_uri", "signed_jwks_uri"])
def test_of_keys_that_are_elsewhere_nobody_can_tell(name: str) -> None:
    offer = changed("leaf", put(metadata={"access_point": {name: "https://leaf.example.org/keys"}}))
    assert reasons(offer) == {"KEY_UNKNOWN"}
    assert undecided(offer)


# Every single link


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_each_statement_has_to_be_at_hand(name: str) -> None:
    offer = offered(FEDERATION.statements(without=(name,)))
    assert reasons(offer) == {"STATEMENT_MISSING"}
    assert undecided(offer)


@pytest.mark.parametrize("name", ON_THE_WAY)
@pytest.mark.parametrize("signer", ["stranger", "leaf", "middle", "anchor"])
def test_each_statement_has_to_be_signed_by_its_issuer(name: str, signer: str) -> None:
    right = FEDERATION.claims()[name][1]
    offer = offered(FEDERATION.statements(by={name: signer}))
    assert accepts(offer) is (signer == right)
    if signer != right:
        assert reasons(offer) == {"STATEMENT_NOT_AUTHENTICATED"}
        assert undecided(offer)


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_a_name_of_a_key_is_no_key(name: str) -> None:
    """Signed by a stranger whose key calls itself like the right one."""
    right = FEDERATION.claims()[name][1]
    imposter = Federation({**FEDERATION.keys, "stranger": new_jwk(f"{right}-1")}, FEDERATION.leaf_metadata)
    assert reasons(offered(imposter.statements(by={name: "stranger"}))) == {"STATEMENT_NOT_AUTHENTICATED"}


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_each_statement_counts_from_when_it_was_issued(name: str) -> None:
    later = AT + timedelta(hours=1)
    assert reasons(changed(name, put(iat=seconds(later)))) == {"STATEMENT_NOT_YET_VALID"}
    assert accepts(changed(name, put(iat=seconds(AT + SKEW))))


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_a_chain_expires_with_the_first_of_its_statements(name: str) -> None:
    expired = changed(name, put(exp=seconds(AT - SKEW)))
    assert (reasons(expired), expired.outdated) == ({"CHAIN_EXPIRED"}, True)
    assert accepts(changed(name, put(exp=seconds(AT - SKEW) + 1)))


@pytest.mark.parametrize("name", ON_THE_WAY)
@pytest.mark.parametrize("claim", ["iss", "sub", "iat", "exp", "jwks"])
def test_each_statement_has_its_claims(name: str, claim: str) -> None:
    offer = changed(name, lambda claims: claims.pop(claim))
    assert reasons(offer) == {"STATEMENT_MISSING", "STATEMENT_UNREADABLE"}


@pytest.mark.parametrize("name", ON_THE_WAY)
@pytest.mark.parametrize("claim", ["iss", "sub"])
def test_a_statement_of_or_about_somebody_else_is_no_link(name: str, claim: str) -> None:
    assert not accepts(changed(name, put(**{claim: NAMES["stranger"]})))


@pytest.mark.parametrize("name", ON_THE_WAY)
@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "application/entity-statement+jwt"},
        {"crit": ["cty"], "cty": "json"},
        {"kid": ""},
        {"kid": "another"},
    ],
    ids=["type", "long-type", "crit", "no-key", "other-key"],
)
def test_each_statement_is_of_its_type(name: str, header: Claims) -> None:
    assert not accepts(offered(FEDERATION.statements(headers={name: header})))


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_an_unsigned_statement_is_none(name: str) -> None:
    number = ALL.index(name)
    payload = STATEMENTS[number].split(".")[1]
    header = base64url(b'{"alg":"none","typ":"entity-statement+jwt","kid":"x"}')
    for forged in (f"{header}.{payload}.", f"{header}.{payload}.AAAA"):
        statements = (*STATEMENTS[:number], forged, *STATEMENTS[number + 1 :])
        assert reasons(offered(statements)) == {"STATEMENT_MISSING", "STATEMENT_UNREADABLE"}


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_what_is_critical_and_not_understood_is_refused(name: str) -> None:
    assert reasons(changed(name, put(crit=["jti"], jti="x"))) == {"STATEMENT_CRITICAL"}


@pytest.mark.parametrize("name", ["middle about leaf", "anchor about middle"])
def test_critical_policy_operators_are_not_understood(name: str) -> None:
    assert reasons(changed(name, put(metadata_policy_crit=["regexp"]))) == {"STATEMENT_CRITICAL"}


@pytest.mark.parametrize("name", ["leaf", "middle"])
def test_superiors_have_to_be_named(name: str) -> None:
    assert reasons(changed(name, lambda claims: claims.pop("authority_hints"))) == {"NO_CHAIN"}
    assert not accepts(changed(name, put(authority_hints=[NAMES["stranger"]])))


@pytest.mark.parametrize("name", ["middle about leaf", "anchor about middle"])
def test_the_superior_has_to_name_the_key_that_signs(name: str) -> None:
    """A statement about the right entity with other keys: nobody below speaks for it then."""
    assert "STATEMENT_NOT_AUTHENTICATED" in reasons(changed(name, put(jwks=public(FEDERATION.keys["stranger"]))))


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("leaf", {"constraints": {}}),
        ("leaf", {"metadata_policy": {}}),
        ("leaf", {"authority_hints": []}),
        ("leaf", {"metadata": {"access_point": {"x": None}}}),
        ("leaf", {"metadata": []}),
        ("middle about leaf", {"authority_hints": [NAMES["anchor"]]}),
        ("middle about leaf", {"trust_marks": []}),
        ("anchor about middle", {"constraints": {"max_path_length": -1}}),
        ("anchor about middle", {"constraints": {"max_path_length": True}}),
        ("anchor about middle", {"constraints": {"naming_constraints": {"permitted": "example.org"}}}),
        ("middle", {"jwks": {"keys": []}}),
        ("middle", {"iss": "http://middle.example.org", "sub": "http://middle.example.org"}),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_claims_that_may_not_stand_there_are_refused(name: str, members: Claims) -> None:
    assert reasons(changed(name, put(**members))) >= {"STATEMENT_MISSING", "STATEMENT_UNREADABLE"}


def test_two_keys_of_one_name_are_refused() -> None:
    keys = public(FEDERATION.keys["leaf"])
    keys["keys"] *= 2
    assert reasons(changed("middle about leaf", put(jwks=keys))) == {"STATEMENT_MISSING", "STATEMENT_UNREADABLE"}


# The anchor


def test_the_anchor_is_known_by_its_key_alone() -> None:
    source = replace(SOURCE, keys=(FEDERATION.keys["stranger"].thumbprint(),))
    assert reasons(offered(source=source)) >= {"ANCHOR_KEY_UNKNOWN"}
    assert accepts(offered(source=replace(SOURCE, keys=(*source.keys, *SOURCE.keys))))


def test_a_key_that_the_anchor_has_beside_the_configured_one_does_not_count() -> None:
    """A roll-over is by overlap in the configuration, not by the anchor's word (§11.3 recommends another channel)."""
    both = public(FEDERATION.keys["anchor"], FEDERATION.keys["stranger"])
    for name in ("anchor", "anchor about middle"):
        statements = FEDERATION.statements({"anchor": put(jwks=both)}, by={name: "stranger"})
        assert reasons(offered(statements)) == {"STATEMENT_NOT_AUTHENTICATED"}
    assert accepts(offered(FEDERATION.statements({"anchor": put(jwks=both)})))


def test_another_anchor_is_not_the_anchor() -> None:
    source = replace(SOURCE, trust_anchor=NAMES["stranger"])
    assert reasons(offered(source=source)) == {"NO_CHAIN"}


# Constraints


@pytest.mark.parametrize(
    ("name", "most", "expected"),
    [("anchor about middle", 0, False), ("anchor about middle", 1, True), ("middle about leaf", 0, True)],
)
def test_superiors_limit_how_many_are_between(name: str, most: int, expected: bool) -> None:
    assert accepts(changed(name, put(constraints={"max_path_length": most}))) is expected


@pytest.mark.parametrize(("most", "expected"), [(0, False), (1, True), (None, True)])
def test_the_configuration_limits_how_many_are_between(most: int | None, expected: bool) -> None:
    offer = offered(source=replace(SOURCE, max_path_length=most))
    assert accepts(offer) is expected
    if not expected:
        assert reasons(offer) == {"CHAIN_TOO_LONG"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"permitted": [".example.org"]}, True),
        ({"permitted": [".EXAMPLE.org"]}, True),
        ({"permitted": ["leaf.example.org", "middle.example.org"]}, True),
        ({"permitted": ["leaf.example.org"]}, False),
        ({"permitted": ["example.org"]}, False),
        ({"permitted": [".middle.example.org"]}, False),
        ({"permitted": []}, False),
        ({"excluded": ["leaf.example.org"]}, False),
        ({"excluded": [".example.org"]}, False),
        ({"permitted": [".example.org"], "excluded": ["east.example.org"]}, True),
        ({"permitted": [".example.org"], "excluded": ["middle.example.org"]}, False),
    ],
    ids=str,
)
def test_superiors_limit_names(names: Claims, expected: bool) -> None:
    offer = changed("anchor about middle", put(constraints={"naming_constraints": names}))
    assert accepts(offer) is expected
    if not expected:
        assert reasons(offer) == {"NAME_NOT_ALLOWED"}


def test_constraints_that_nobody_knows_are_passed_over() -> None:
    assert accepts(changed("anchor about middle", put(constraints={"colour": "blue"})))


# Several chains, and too many of them


def test_one_chain_that_holds_is_enough() -> None:
    expired = FEDERATION.statements({"middle about leaf": put(exp=seconds(AT - DAY))})
    assert accepts(offered((*expired, *STATEMENTS)))
    detour = FEDERATION.statements({"leaf": put(authority_hints=[NAMES["stranger"], NAMES["middle"]])})
    assert accepts(offered(detour))


def test_circles_lead_nowhere() -> None:
    def about(issuer: str, subject: str) -> str:
        claims = {"iss": NAMES[issuer], "sub": NAMES[subject], "iat": seconds(AT - DAY), "exp": seconds(AT + DAY)}
        return signed(claims | {"jwks": public(FEDERATION.keys[subject])}, FEDERATION.keys[issuer])

    circle = FEDERATION.statements(
        {"middle": put(authority_hints=[NAMES["leaf"], NAMES["middle"]])}, without=("anchor about middle",)
    )
    assert reasons(offered((*circle, about("leaf", "middle")))) == {"NO_CHAIN"}


def mesh(size: int, *, line: bool = False) -> tuple[str, ...]:
    """Entities that are all each other's superiors, or (`line`) one above the other."""
    key = new_jwk("shared")
    names = [NAMES["leaf"], *(f"https://n{number}.example" for number in range(size))]
    times = {"iat": seconds(AT - DAY), "exp": seconds(AT + DAY), "jwks": public(key)}
    found = []
    for number, name in enumerate(names):
        above = names[number + 1 : number + 2] if line else [each for each in names if each != name]
        if above:
            found.append(signed({"iss": name, "sub": name, "authority_hints": above, **times}, key))
            found += [signed({"iss": each, "sub": name, **times}, key) for each in above]
    return tuple(found)


def test_a_search_that_has_too_much_to_look_at_says_so() -> None:
    for statements in (mesh(9), mesh(MAX_LENGTH + 3, line=True)):
        offer = offered(statements)
        assert reasons(offer) == {"CHAIN_LIMIT"}
        assert undecided(offer)


# Times of the case


@pytest.mark.parametrize(("at", "expected"), [(AT - DAY, True), (AT - 2 * DAY, False), (AT + 2 * DAY, False)], ids=str)
def test_the_time_of_the_case_counts(at: datetime, expected: bool) -> None:
    assert accepts(offered(case=replace(CASE, at=at))) is expected


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    """Computed by joserfc for the source, by us for the statement."""
    (found,) = read_jwks(public(AP_KEY))
    assert found.thumbprint == AP_KEY.thumbprint()
