# SPDX-License-Identifier: Apache-2.0
"""Entries of an event about many: their digest outlives erasures, and only their own key opens them."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.audit import batches
from registry.audit.batches import Batch, Entry, batch_in, batch_of, entries_of, leaves_of, read, root_of, written
from registry.audit.sealing import SubjectKeys
from registry.errors import TechnicalError
from registry.master_key import MasterKey
from registry.storage.queries.events import ChainedRow

KEYS = SubjectKeys(MasterKey(bytes(range(32))))
NAMES = ["0088:a", "0088:ü", "0088:c"]
names = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=8)


def batch(entries: batches.Entries) -> Batch:
    return Batch(len(entries), root_of(leaves_of(entries)))


@given(names, st.data())
def test_who_is_erased_leaves_a_leaf_and_the_digest_stays(subjects: list[str], data: st.DataObject) -> None:
    entries = entries_of(subjects)
    made = batch(entries)
    gone = data.draw(st.sets(st.integers(0, len(subjects) - 1)))
    left = tuple(entry.leaf if number in gone else entry for number, entry in enumerate(entries))
    again = batches.unseal(KEYS, made.root, batches.seal(KEYS, made.root, left))
    assert again == left
    assert made.fits(again)
    assert [entry.subject for entry in again if isinstance(entry, Entry)] == [
        subject for number, subject in enumerate(subjects) if number not in gone
    ]


@given(names)
def test_equal_subjects_have_different_leaves(subjects: list[str]) -> None:
    assert len(set(leaves_of(entries_of([*subjects, *subjects])))) == 2 * len(subjects)


def test_entries_that_are_others_fewer_or_elsewhere_do_not_fit() -> None:
    entries = entries_of(NAMES)
    made = batch(entries)
    assert made.fits(entries)
    assert not made.fits(entries[::-1])
    assert not made.fits(entries[:2])
    assert not made.fits((*entries[:2], entries[2]._replace(subject="0088:d")))
    assert not replace(made, count=4).fits(entries)


@pytest.mark.parametrize("place", range(3))
def test_only_the_key_salt_and_digest_that_sealed_entries_open_them(place: int) -> None:
    entries = entries_of(NAMES)
    root = batch(entries).root
    sealed = batches.seal(KEYS, root, entries)
    with pytest.raises(TechnicalError):
        batches.unseal(
            SubjectKeys(MasterKey(bytes(32))) if place == 0 else KEYS,
            "0" * 64 if place == 1 else root,
            sealed._replace(salt=bytes(16)) if place == 2 else sealed,
        )


@pytest.mark.parametrize(
    "content", [b"{}", b"no json", b"[7]", b'[["00", "0088:a"]]', b'["x"]', b'[["00"]]'], ids=range(6)
)
def test_what_are_no_entries_is_told(content: bytes) -> None:
    from registry.audit import sealing

    salt, root = bytes(16), "0" * 64
    sealed = batches.Sealed(salt, sealing.seal(KEYS.batch_cipher(salt), content, bytes.fromhex(root)))
    with pytest.raises(TechnicalError):
        batches.unseal(KEYS, root, sealed)


def test_salt_does_not_take_letters_of_the_subject() -> None:
    """The leaf would be the same one."""
    (entry,) = entries_of(["xy"])
    longer = Entry(entry.salt + b"x", "y")
    assert longer.leaf == entry.leaf
    with pytest.raises(ValueError, match="entry"):
        read(written((longer,)))


@pytest.mark.parametrize("before", [None, {"a": 1}])
@pytest.mark.parametrize("after", [None, {"count": 7, "root": "x"}, "text"])
def test_event_says_what_is_the_same_of_each(before: object, after: object) -> None:
    made = Batch(3, "0" * 64, before, after)
    assert batch_of("", None, *made.stored) == made


@pytest.mark.parametrize(
    ("subject", "sealed", "after"),
    [
        ("0088:a", None, '{"count":1,"root":"00"}'),
        ("", b"sealed", '{"count":1,"root":"00"}'),
        ("", None, None),
        ("", None, '{"count":1}'),
        ("", None, '{"count":"1","root":"00"}'),
        ("", None, "no json"),
        ("", None, "[" * 100_000),
    ],
    ids=range(7),
)
def test_other_events_are_about_one(subject: str, sealed: bytes | None, after: str | None) -> None:
    row = ChainedRow(1, 1, "actor", "request", "tag", None, subject, None, after, None, sealed)
    assert batch_in(row) is None


def test_row_of_the_chain_says_that_it_is_about_many() -> None:
    made = Batch(3, "0" * 64, None, {"smp_id": "SMP"})
    row = ChainedRow(1, 1, "actor", "request", "tag", None, "", None, json.dumps(made.stored[1]), None, None)
    assert batch_in(row) == made
