# SPDX-License-Identifier: Apache-2.0
"""Paths up to anchors: all of them, over anything that was handed in, and never more work than is bounded."""

import time
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, YEAR, Authority, chain_of, refused_by_cryptography
from tests.simulators.dsa_chains import dsa_chain
from trust_lists.certificates.building import CertificatePath, Issuers, build_paths
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.rfc5280 import AnchorControls, PathInputs, TrustAnchor
from trust_lists.certificates.signed import Signatures
from trust_lists.errors import PathLimitError


def paths(
    leaf: ListedCertificate, anchors: Iterable[TrustAnchor], between: Iterable[ListedCertificate] = ()
) -> list[CertificatePath]:
    return list(build_paths(leaf, Issuers.among(anchors, between), NOW))


@pytest.mark.parametrize("length", [1, 2, 7, 40])
def test_a_path_of_any_length_is_found_in_any_heap(length: int) -> None:
    root, path = chain_of(length)
    heap = [*path[:-1][::-1], root.certificate, Authority("other").certificate]
    (found,) = paths(path[-1], [root.anchor], heap)
    assert found.verdict.valid
    assert found.anchor == root.anchor
    assert found.certificates == tuple(path)


def test_without_a_link_there_is_no_path() -> None:
    root, path = chain_of(4)
    assert paths(path[-1], [root.anchor], [path[0], path[2]]) == []


def test_an_anchor_of_the_same_name_and_another_key_is_another() -> None:
    root, path = chain_of(1)
    assert paths(path[-1], [Authority("root").anchor]) == []
    assert len(paths(path[-1], [Authority("root").anchor, root.anchor])) == 1


def test_every_anchor_above_a_certificate_is_found() -> None:
    root, path = chain_of(3)
    anchors = [root.anchor, *filter(None, map(TrustAnchor.of, path[:2]))]
    found = paths(path[-1], anchors, path[:2])
    assert {each.anchor for each in found} == set(anchors)
    assert {len(each.certificates) for each in found} == {1, 2, 3}


def test_a_way_that_is_invalid_is_told_and_another_one_still_found() -> None:
    root = Authority("root")
    first = Authority("between", root, end=NOW - YEAR)
    renewed = Authority("between", root, key=first.key)
    leaf = first.issue()
    found = paths(leaf, [root.anchor], [first.certificate, renewed.certificate])
    assert [each.verdict.valid for each in found].count(True) == 1
    valid = next(each for each in found if each.verdict.valid)
    assert valid.certificates == (renewed.certificate, leaf)
    (only,) = paths(leaf, [root.anchor], [first.certificate])
    assert [reason.id for reason in only.verdict.reasons] == ["EXPIRED"]


def test_the_issuer_that_the_certificate_points_to_is_asked_first() -> None:
    root = Authority("root")
    same_name = [Authority("between", root) for _ in range(5)]
    right = same_name[2]
    hint = x509.AuthorityKeyIdentifier.from_issuer_public_key(right.key.public_key())
    leaf = right.issue(extensions=[(hint, False)])
    issuers = Issuers.among([root.anchor], [each.certificate for each in same_name])
    found = build_paths(leaf, issuers, NOW, signatures=Signatures(6))
    assert next(found).certificates == (right.certificate, leaf)


def test_authorities_that_certify_each_other_do_not_turn_in_circles() -> None:
    root = Authority("root")
    one, other = Authority("one", root), Authority("other", root)
    crossed = [Authority("one", other, key=one.key), Authority("other", one, key=other.key)]
    between = [each.certificate for each in (one, other, *crossed)]
    found = paths(one.issue(), [root.anchor], between)
    assert [each.verdict.valid for each in found] == [True]
    assert paths(one.issue(), [Authority("elsewhere").anchor], between) == []


def test_a_certificate_that_cryptography_refuses_is_an_issuer_like_others() -> None:
    root = Authority("root")
    odd = Authority("odd", root)
    refused = refused_by_cryptography(odd.certificate, root)
    assert refused.certificate is None
    (found,) = paths(odd.issue(), [root.anchor], [refused])
    assert found.verdict.valid


@cache
def many_of_one_name(count: int) -> list[ListedCertificate]:
    """Certificates of one name and different keys that nobody issued; made by copying, since keys take long to make."""
    pattern = Authority("between").certificate
    place = pattern.der.index(pattern.key) + len(pattern.key) - 64
    return [
        ListedCertificate(pattern.der[:place] + number.to_bytes(8, "big") + pattern.der[place + 8 :])
        for number in range(count)
    ]


def test_ten_thousand_possible_issuers_are_too_many_to_say_no() -> None:
    heap = many_of_one_name(10_000)
    between = Authority("between")
    begin = time.thread_time()
    with pytest.raises(PathLimitError):
        paths(between.issue(), [Authority("between").anchor], heap)
    assert time.thread_time() - begin < 50


def test_ten_thousand_possible_issuers_that_no_anchor_is_above_are_no_path() -> None:
    begin = time.thread_time()
    assert paths(Authority("between").issue(), [Authority("root").anchor], many_of_one_name(10_000)) == []
    assert time.thread_time() - begin < 50


def test_more_certificates_than_one_search_looks_at_are_too_many_to_say_no() -> None:
    with pytest.raises(PathLimitError, match="looks at"):
        paths(Authority("between").issue(), [Authority("root").anchor], many_of_one_name(20_001))


def test_ten_thousand_certificates_of_other_names_do_not_hinder() -> None:
    root, path = chain_of(3)
    found = paths(path[-1], [root.anchor], [*many_of_one_name(10_000), *path[:-1]])
    assert [each.verdict.valid for each in found] == [True]


@cache
def mesh(size: int) -> tuple[Authority, list[Authority], list[ListedCertificate]]:
    """A root, authorities that all certify each other, and their certificates; the root certified the last one too."""
    root = Authority("root")
    own = [Authority(f"authority {number}") for number in range(size)]
    crossed = [
        Authority(each.name, issuer, key=each.key).certificate for each in own for issuer in own if issuer is not each
    ]
    return root, own, [*crossed, Authority(own[-1].name, root, key=own[-1].key).certificate]


def test_a_mesh_with_more_ways_than_anybody_goes_is_given_up() -> None:
    _, own, crossed = mesh(9)
    begin = time.thread_time()
    with pytest.raises(PathLimitError):
        paths(own[0].issue(), [Authority("root").anchor], crossed)
    assert time.thread_time() - begin < 100


def test_a_mesh_that_leads_nowhere_is_left_at_once() -> None:
    _, own, crossed = mesh(9)
    begin = time.thread_time()
    assert paths(own[0].issue(), [Authority("elsewhere").anchor], crossed) == []
    assert time.thread_time() - begin < 10


def test_the_search_ends_where_every_anchor_has_a_path() -> None:
    root, own, crossed = mesh(9)
    begin = time.thread_time()
    found = paths(own[0].issue(), [root.anchor], crossed)
    assert [each.verdict.valid for each in found] == [True]
    assert time.thread_time() - begin < 50


def test_who_asks_more_of_a_path_gets_the_next_one() -> None:
    root = Authority("root")
    first = Authority("between", root)
    again = Authority("between", root, key=first.key, begin=NOW - YEAR)
    leaf = first.issue()
    issuers = Issuers.among([root.anchor], [first.certificate, again.certificate])
    (one,) = build_paths(leaf, issuers, NOW)
    found = list(build_paths(leaf, issuers, NOW, settles=lambda path: path.certificates != one.certificates))
    assert found[0] == one
    assert {path.certificates[0] for path in found} == {first.certificate, again.certificate}


@cache
def known(number: int) -> Authority:
    return Authority(f"known {number}")


@cache
def cross(subject: int, issuer: int, expired: bool) -> ListedCertificate:
    """What one of those above has from another."""
    own = known(subject)
    return Authority(own.name, known(issuer), key=own.key, end=NOW - YEAR if expired else NOW + YEAR).certificate


@settings(deadline=None)  # the first examples make the certificates
@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), max_size=14))
def test_a_valid_path_is_found_exactly_where_there_is_one(edges: set[tuple[int, int, bool]]) -> None:
    """0 is the anchor, 4 issued the leaf; who is reached from 0 over certificates in force has a valid path."""
    reached = {0}
    for _ in range(5):
        reached |= {subject for subject, issuer, expired in edges if issuer in reached and not expired}
    found = paths(leaf_of_the_last(), [known(0).anchor], [cross(*edge) for edge in sorted(edges)])
    assert any(path.verdict.valid for path in found) is (4 in reached)
    for path in found:
        assert len(set(path.certificates)) == len(path.certificates)


@cache
def leaf_of_the_last() -> ListedCertificate:
    return known(4).issue()


def test_an_issuer_that_is_in_force_is_asked_before_one_that_is_not() -> None:
    root = Authority("root")
    new = Authority("between", root)
    old = Authority("between", root, key=new.key, end=NOW - YEAR)
    for heap in ([new, old], [old, new]):
        found = build_paths(new.issue(), Issuers.among([root.anchor], [each.certificate for each in heap]), NOW)
        assert next(found).certificates[0] == new.certificate


def test_an_issuer_whose_dates_cannot_be_read_is_asked_last() -> None:
    root = Authority("root")
    good = Authority("between", root)
    odd = Authority("between", root, key=good.key).certificate
    assert odd.slices is not None
    broken = ListedCertificate(odd.der.replace(odd.slices.validity[2:], b"\x17\x0dXX" + odd.slices.validity[6:]))
    found = paths(good.issue(), [root.anchor], [broken, good.certificate])
    assert [each.certificates[0] for each in found] == [good.certificate]


def test_anchors_with_other_controls_are_other_anchors() -> None:
    root, path = chain_of(2)
    narrow = replace(root.anchor, controls=AnchorControls(path_length=0))
    found = {each.anchor: each.verdict.valid for each in paths(path[-1], [root.anchor, narrow], path[:-1])}
    assert found == {root.anchor: True, narrow: False}


def test_inputs_are_asked_of_every_path() -> None:
    root, path = chain_of(2)
    (found,) = build_paths(path[-1], Issuers.among([root.anchor], path[:-1]), NOW, PathInputs(explicit_policy=True))
    assert {reason.id for reason in found.verdict.reasons} == {"POLICY_MISSING"}


@pytest.mark.parametrize("null", [b"", b"\x05\x00"])
def test_a_key_without_parameters_is_judged_where_its_issuer_is_known(null: bytes) -> None:
    chain, other = dsa_chain(null), dsa_chain(null)
    (found,) = paths(chain.leaf, [chain.root.anchor], [chain.upper, chain.lower])
    assert found.verdict.valid
    assert found.certificates == (chain.upper, chain.lower, chain.leaf)
    assert paths(other.leaf, [chain.root.anchor], [chain.upper, chain.lower]) == []


def test_keys_without_parameters_are_no_way_around_the_limit() -> None:
    chain = dsa_chain()
    issuers = Issuers.among([chain.root.anchor], [chain.upper, chain.lower])
    with pytest.raises(PathLimitError):
        list(build_paths(chain.leaf, issuers, NOW, signatures=Signatures(2)))


def test_a_key_without_parameters_is_no_anchors_key() -> None:
    chain = dsa_chain()
    anchor = TrustAnchor.of(chain.lower)
    assert anchor is not None
    assert paths(chain.leaf, [anchor]) == []


def test_what_was_found_before_the_limit_is_given() -> None:
    root, path = chain_of(3)
    search = build_paths(path[-1], Issuers.among([root.anchor], path[:-1]), NOW, signatures=Signatures(3))
    assert next(search).verdict.valid
    assert list(search) == []
    anchors = [root.anchor, *(Authority("root").anchor for _ in range(3))]
    limited = build_paths(path[-1], Issuers.among(anchors, path[:-1]), NOW, signatures=Signatures(3))
    assert next(limited).verdict.valid
    with pytest.raises(PathLimitError):
        next(limited)
