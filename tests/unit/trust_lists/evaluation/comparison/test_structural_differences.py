# SPDX-License-Identifier: Apache-2.0
"""What two configurations say differently: all of it, in words, the same from either side."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import Authority
from tests.simulators.trust_models import anchor, configuration, path_to, pin, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.comparison import Effect, Kind, structural_differences
from trust_lists.evaluation.comparison.model import Difference
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration

ROOT, OTHER = Authority("root").certificate, Authority("other").certificate
LEAF = Authority("elsewhere").issue("leaf")


def made(
    accept: dict[str, Any] | None = None,
    anchors: list[dict[str, Any]] | None = None,
    leaf: dict[str, Any] | None = None,
    **other: Any,
) -> TrustConfiguration:
    stores = {"anchors": anchors or [anchor("root", ROOT), anchor("other", OTHER)], **other.pop("stores", {})}
    roles = {"ap-sign": rule(accept or path_to("root"), leaf, other.pop("revocation", None))}
    return configuration(roles | other.pop("roles", {}), stores, [ROOT, OTHER], **other)


def only(a: TrustConfiguration, b: TrustConfiguration) -> Difference:
    (found,) = structural_differences(a, b)
    return found


def test_a_configuration_has_no_difference_from_itself() -> None:
    assert structural_differences(made(), made()) == ()


def test_a_control_that_is_loosened_is_told_with_the_name_of_its_authority() -> None:
    tight, loose = (
        made(anchors=[anchor("root", ROOT, controls={"path_len": length}), anchor("other", OTHER)]) for length in (0, 1)
    )
    found = only(tight, loose)
    assert found.path == "stores.anchors.root.controls.path_len"
    assert (found.before, found.after, found.effect) == (0, 1, Effect.WIDENS)
    assert found.text == "anchor root (root): path_len 0 -> 1"


def test_where_ids_differ_an_anchor_is_found_by_its_certificate_and_references_follow_it() -> None:
    named = made(accept=path_to("first"), anchors=[anchor("first", ROOT), anchor("other", OTHER)])
    found = only(made(), named)
    assert (found.kind, found.path, found.effect) == (Kind.RENAMED, "stores.anchors.root", Effect.CHANGES)
    assert found.text == "anchor root (root) goes by the id first"


def test_another_certificate_under_the_same_id_is_a_change_of_the_anchor() -> None:
    found = only(
        made(anchors=[anchor("root", ROOT)]),
        configuration({"ap-sign": rule(path_to("root"))}, {"anchors": [anchor("root", OTHER)]}, [OTHER]),
    )
    assert found.path == "stores.anchors.root.cert"
    assert (found.before, found.after) == (ROOT.sha256, OTHER.sha256)


def test_the_file_and_the_origin_of_a_certificate_are_no_difference() -> None:
    entry = anchor("root", ROOT)
    entry["cert"] = {"sha256": ROOT.sha256, "file": "root.pem", "origin": "from somewhere"}
    assert structural_differences(made(anchors=[anchor("root", ROOT)]), made(anchors=[entry])) == ()


def test_the_order_of_anchors_and_references_is_no_difference() -> None:
    one = made(path_to("root", "other"))
    other = made(path_to("other", "root"), anchors=[anchor("other", OTHER), anchor("root", ROOT)])
    assert structural_differences(one, other) == ()


@pytest.mark.parametrize(
    ("before", "after", "effect", "words"),
    [
        (path_to("root"), path_to("root", "other"), Effect.WIDENS, "accept.path.to + other (other)"),
        (path_to("root", direct=True), path_to("root"), Effect.WIDENS, "issuer_must_be_anchor yes -> no"),
        (path_to("root"), {"any_of": [path_to("root"), path_to("other")]}, Effect.WIDENS, "any_of("),
        (path_to("root"), {"all_of": [path_to("root"), path_to("other")]}, Effect.NARROWS, "all_of("),
        (
            {"any_of": [path_to("root")]},
            {"any_of": [path_to("root"), {"pin": "any"}]},
            Effect.WIDENS,
            "also has pin any",
        ),
        (
            {"all_of": [path_to("root"), {"not": path_to("other")}]},
            {"all_of": [path_to("root"), {"not": path_to("root", "other")}]},
            Effect.NARROWS,
            "not.path.to + root (root)",
        ),
        (
            {"quorum": {"least": 1, "of": [path_to("root"), path_to("other")]}},
            {"quorum": {"least": 2, "of": [path_to("root"), path_to("other")]}},
            Effect.NARROWS,
            "least 1 -> 2",
        ),
        (path_to("root"), {"pin": "any"}, Effect.CHANGES, "path to root -> pin any"),
    ],
    ids=["anchor", "direct", "any_of", "all_of", "part", "not", "quorum", "operator"],
)
def test_expressions_are_compared_by_what_they_let_pass(
    before: dict[str, Any], after: dict[str, Any], effect: Effect, words: str
) -> None:
    found = only(made(before), made(after))
    assert found.effect is effect
    assert words in found.text
    assert found.text.startswith("role ap-sign: accept")


def test_a_role_that_is_gone_accepts_nobody_any_more() -> None:
    with_it = made(roles={"sml-client": rule(path_to("root"))})
    found = only(with_it, made())
    assert (found.path, found.kind, found.effect) == ("roles.sml-client", Kind.REMOVED, Effect.NARROWS)


def test_what_is_denied_narrows() -> None:
    deny = {"deny": {"spki_sha256": [], "cert_sha256": [LEAF.sha256], "issuer_serial": []}}
    found = only(made(), made(stores=deny))
    assert (found.path, found.effect) == ("stores.deny.cert_sha256", Effect.NARROWS)
    assert found.text == f"deny list: cert_sha256 + {LEAF.sha256}"


def test_a_pin_tells_whose_it_is() -> None:
    found = only(made(), made(stores={"pins": [pin("gateway", LEAF, "ap-sign", party="AT")]}))
    assert found.text == "pin gateway (party AT) is added"
    assert found.effect is Effect.WIDENS


def test_what_nobody_decides_by_comes_last() -> None:
    labelled = replace(made(path_to("root", "other")), id="another", description="in other words")
    paths = [each.path for each in structural_differences(made(), labelled)]
    assert paths == ["roles.ap-sign.accept.path.to", "description", "id"]


_LEAVES = st.fixed_dictionaries(
    {
        "key_usage": st.sampled_from(
            [
                "any",
                {"all": ["digitalSignature"], "none": [], "absent": "reject"},
                {"all": [], "none": ["keyCertSign"], "absent": "accept"},
            ]
        ),
        "eku": st.sampled_from(
            ["any", *({"any": ["clientAuth"], "absent": each, "any_eku": "reject"} for each in ("accept", "reject"))]
        ),
        "algorithms": st.sampled_from(
            ["any", *({"keys": keys, "hashes": ["sha256"]} for keys in (["rsa>=2048"], ["rsa>=3072", "p256"]))]
        ),
        "max_lifetime": st.sampled_from(["any", "P30D", "P760D", "PT36H"]),
        "subject": st.sampled_from(
            ["any", {"match": {"OU": "a"}, "bind": {}}, {"match": {}, "bind": {"CN": "context.party"}}]
        ),
    }
)
_EXPRESSIONS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.builds(
        lambda names, direct: path_to(*sorted(names), direct=direct),
        st.sets(st.sampled_from(["root", "other"]), min_size=1),
        st.booleans(),
    )
    | st.just({"pin": "any"}),
    lambda inner: st.builds(
        lambda key, parts: {key: parts},
        st.sampled_from(["any_of", "all_of"]),
        st.lists(inner, min_size=1, max_size=3, unique_by=str),
    ),
    max_leaves=4,
)
_CONFIGURATIONS = st.builds(
    lambda accept, leaf, length, revocation, skew, pinned: made(
        accept,
        [anchor("root", ROOT, controls={"path_len": length}), anchor("other", OTHER)],
        leaf,
        revocation={"leaf": revocation},
        engine={"clock_skew": skew},
        stores={"pins": [pin("gateway", LEAF, "ap-sign")] if pinned else []},
    ),
    _EXPRESSIONS,
    _LEAVES,
    st.sampled_from([None, 0, 1]),
    st.sampled_from(["no_check", "crl_required", "ocsp_required", "crl_and_ocsp_required"]),
    st.sampled_from(["PT0S", "PT5M"]),
    st.booleans(),
)


def _shape(found: tuple[Difference, ...], *, mirrored: bool) -> Counter[tuple[str, ...]]:
    return Counter(
        (each.path, each.kind.mirrored.value, each.effect.mirrored.value, str(each.after), str(each.before))
        if mirrored
        else (each.path, each.kind.value, each.effect.value, str(each.before), str(each.after))
        for each in found
    )


@given(_CONFIGURATIONS, _CONFIGURATIONS)
def test_from_the_other_side_every_difference_is_the_reverse(
    one: TrustConfiguration, other: TrustConfiguration
) -> None:
    there, back = structural_differences(one, other), structural_differences(other, one)
    assert _shape(there, mirrored=False) == _shape(back, mirrored=True)


@given(_CONFIGURATIONS, _CONFIGURATIONS)
def test_two_are_equal_exactly_where_there_is_no_difference(one: TrustConfiguration, other: TrustConfiguration) -> None:
    from trust_lists.evaluation.trust_configuration import content_address

    if content_address(one) == content_address(other):
        assert structural_differences(one, other) == ()
    if not structural_differences(one, other):
        assert replace(one, roles=other.roles) == other  # the order of parts is all that may differ


@given(st.binary(min_size=1, max_size=40))
def test_a_certificate_that_nobody_can_read_is_named_by_its_digest(data: bytes) -> None:
    strange = ListedCertificate(data)
    found = only(made(), made(stores={"intermediates": [{"sha256": strange.sha256}]}))
    assert found.text == f"intermediate {strange.sha256[:12]}… is added"
