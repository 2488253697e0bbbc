# SPDX-License-Identifier: Apache-2.0
"""Paths up to anchors: all of them, over anything that was handed in, and never more work than is bounded."""

import time
from collections.abc import Iterable
from functools import cache

import pytest
from cryptography import x509

from tests.simulators.certificate_chains import NOW, YEAR, Authority, chain_of, refused_by_cryptography
from trust_lists.certificates.building import CertificatePath, Issuers, build_paths
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.rfc5280 import TrustAnchor
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
    found = build_paths(leaf, issuers, NOW, Signatures(6))
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
    begin = time.process_time()
    with pytest.raises(PathLimitError):
        paths(between.issue(), [Authority("root").anchor], heap)
    assert time.process_time() - begin < 5


def test_ten_thousand_certificates_of_other_names_do_not_hinder() -> None:
    root, path = chain_of(3)
    found = paths(path[-1], [root.anchor], [*many_of_one_name(10_000), *path[:-1]])
    assert [each.verdict.valid for each in found] == [True]


def test_a_mesh_with_more_ways_than_anybody_goes_is_given_up() -> None:
    names = [f"authority {number}" for number in range(9)]
    own = [Authority(name) for name in names]
    mesh = [
        Authority(name, issuer, key=authority.key).certificate
        for name, authority in zip(names, own, strict=True)
        for issuer in own
        if issuer is not authority
    ]
    begin = time.process_time()
    with pytest.raises(PathLimitError):
        paths(own[0].issue(), [Authority("root").anchor], mesh)
    assert time.process_time() - begin < 10


def test_what_was_found_before_the_limit_is_given() -> None:
    root, path = chain_of(3)
    search = build_paths(path[-1], Issuers.among([root.anchor], path[:-1]), NOW, Signatures(3))
    assert next(search).verdict.valid
    assert list(search) == []
    crowd = Issuers.among([root.anchor], [*path[:-1], *(Authority("root").certificate for _ in range(3))])
    limited = build_paths(path[-1], crowd, NOW, Signatures(3))
    assert next(limited).verdict.valid
    with pytest.raises(PathLimitError):
        next(limited)
