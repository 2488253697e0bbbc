# SPDX-License-Identifier: Apache-2.0
"""Sets of records as 64-bit fingerprints: eight octets a record, and the difference of two sets without their records.

The fingerprint is Python's own hash, whose key is new in each process: nobody can make records that have the same one.
Two of a million records share one by chance once in tens of millions of comparisons.
"""

from array import array
from collections.abc import Iterable
from itertools import filterfalse

from registry.dns.reconcile.wire_reader import Line

_PARTS = 256
_TOGETHER = 10_000  # records of names in one part that are told beyond what was wanted


class Fingerprints:
    """The fingerprints of records; compared part by part, so that never all are in a set.

    A name's are in one part: what differs of it on the one side and on the other is found together.
    """

    def __init__(self) -> None:
        self._parts = [array("q") for _ in range(_PARTS)]

    def add(self, lines: Iterable[Line]) -> None:
        """Keep records."""
        parts = self._parts
        for line in lines:
            parts[hash(line[0]) & 0xFF].append(hash(line))

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def difference(self, other: "Fingerprints", most: int) -> tuple[set[int], set[int], bool]:
        """What is only here, what is only there, and whether that is all.

        With `most` on either side it stops, between two names if no single one has so many. A set is made of what is
        here, never of what is there.
        """
        here, there = set[int](), set[int]()
        for mine, others in zip(self._parts, other._parts, strict=True):  # noqa: SLF001 — of its own kind
            if len(here) >= most or len(there) >= most:
                return here, there, False
            if mine != others:
                own = set(mine)
                here |= own.difference(others)
                for number in filterfalse(own.__contains__, others):
                    there.add(number)
                    if len(there) >= most + _TOGETHER:
                        return here, there, False
        return here, there, True
