# SPDX-License-Identifier: Apache-2.0
"""Serials of zones, which go round: 0 follows 2^32 - 1, and is left out by us, since some servers read it as "none"."""

from typing import Final

SERIALS: Final = 2**32
HALF: Final = 2**31


def is_greater(serial: int, other: int) -> bool:
    """Whether a serial is greater than another one (RFC 1982 §3.2); what that leaves open is not greater."""
    return 0 < distance(other, serial) < HALF


def distance(serial: int, later: int) -> int:
    """How many serials lie between two, from the first one on."""
    return (later - serial) % SERIALS
