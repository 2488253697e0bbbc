# SPDX-License-Identifier: Apache-2.0
"""Whatever is done to a signed list: it is refused by an error of ours, or what is read is what was signed."""

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.simulators.signed_lists import operator_key, signed_list
from trust_lists.certificates.listed import listed
from trust_lists.errors import SignatureInvalidError, XmlRefusedError
from trust_lists.signatures.xades import ARCHIVE, CURRENT, ListPolicy, verify_xades
from trust_lists.xml import canonicalise, parse_xml, to_utf8

KEY = operator_key()
SIGNERS = (listed(KEY.certificate),)
SIGNED = signed_list(KEY)
CONTENT = canonicalise(verify_xades(SIGNED, signers=SIGNERS).root, exclusive=True)
ELEMENTS = sum(1 for _ in parse_xml(SIGNED).iter())

policies = st.sampled_from([CURRENT, ARCHIVE])
positions = st.integers(0, len(SIGNED) - 1)
elements = st.integers(0, ELEMENTS - 1)


def holds(data: bytes, policy: ListPolicy) -> bool:
    """Whether `data` is refused properly, or read as it was signed by whom it was signed."""
    try:
        found = verify_xades(data, signers=SIGNERS, policy=policy)
    except (SignatureInvalidError, XmlRefusedError) as error:
        return error.reason_id.isupper() and bool(str(error))
    return canonicalise(found.root, exclusive=True) == CONTENT and found.signer == SIGNERS[0]


@settings(max_examples=300, deadline=None)
@given(position=positions, inserted=st.binary(max_size=4), dropped=st.integers(0, 4), policy=policies)
def test_bytes_changed_anywhere(position: int, inserted: bytes, dropped: int, policy: ListPolicy) -> None:
    assert holds(SIGNED[:position] + inserted + SIGNED[position + dropped :], policy)


@settings(max_examples=200, deadline=None)
@given(start=positions, end=positions, target=positions, policy=policies)
def test_pieces_copied_elsewhere(start: int, end: int, target: int, policy: ListPolicy) -> None:
    piece = SIGNED[min(start, end) : max(start, end)]
    assert holds(SIGNED[:target] + piece + SIGNED[target:], policy)


@settings(max_examples=300, deadline=None)
@given(
    chosen=elements,
    target=elements,
    place=st.sampled_from(["inside", "before", "behind", "instead", "around"]),
    copied=st.booleans(),
    policy=policies,
)
def test_elements_moved_and_copied_as_in_signature_wrapping(
    chosen: int, target: int, place: str, copied: bool, policy: ListPolicy
) -> None:
    root = parse_xml(SIGNED)
    found = list(root.iter())
    piece, there = found[chosen], found[target]
    if not copied and (piece is there or piece in list(there.iterancestors())):
        return
    piece = deepcopy(piece) if copied else piece
    parent = there.getparent()
    match place:
        case "inside":
            there.append(piece)
        case _ if parent is None:
            outer = deepcopy(root)
            outer.append(piece)
            root = outer
        case "before":
            there.addprevious(piece)
        case "behind":
            there.addnext(piece)
        case "instead":
            parent.replace(there, piece)
        case "around":
            parent.replace(there, piece)
            piece.append(there)
    assert holds(to_utf8(root), policy)


@settings(max_examples=200, deadline=None)
@given(chosen=elements, name=st.sampled_from(["Id", "URI", "Algorithm", "Type", "Target", "xml:id"]), other=elements)
def test_attributes_taken_from_elsewhere(chosen: int, name: str, other: int) -> None:
    root = parse_xml(SIGNED)
    found = list(root.iter())
    values = [str(value) for value in found[other].attrib.values()] or ["", "#list"]
    key = "{http://www.w3.org/XML/1998/namespace}id" if name == "xml:id" else name
    for value in values:
        found[chosen].set(key, value)
        assert holds(to_utf8(root), ARCHIVE)
        found[chosen].set(key, f"#{value}")
        assert holds(to_utf8(root), ARCHIVE)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_refused_by_an_error_of_ours(data: bytes) -> None:
    with pytest.raises((SignatureInvalidError, XmlRefusedError)):
        verify_xades(data, signers=None)


@settings(max_examples=100, deadline=None)
@given(chosen=elements, text=st.text(max_size=20))
def test_texts_of_any_kind_in_any_element(chosen: int, text: str) -> None:
    root = parse_xml(SIGNED)
    element = list(root.iter())[chosen]
    try:
        element.text = text
    except ValueError:
        return  # XML has no form for it
    assert holds(etree.tostring(root), ARCHIVE)
