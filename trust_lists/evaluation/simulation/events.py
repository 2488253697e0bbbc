# SPDX-License-Identifier: Apache-2.0
"""What can happen to a network, whatever its trust model is."""

from dataclasses import dataclass
from enum import StrEnum


class Event(StrEnum):
    """A class of events; the model says what one costs, and whom."""

    ACCESS_POINT_JOINS = "access point joins"
    ACCESS_POINT_LEAVES = "access point leaves"
    AUTHORITY_JOINS = "CA joins"
    LEAF_ROLLOVER = "certificate roll-over"
    ACCESS_POINT_COMPROMISE = "access point compromise"
    PUBLISHER_COMPROMISE = "SMP compromise"
    AUTHORITY_COMPROMISE = "CA compromise"
    AUTHORITY_LOSS = "CA key loss"
    RE_ROOT = "re-root"
    AUTHORITY_EXPIRY = "CA expiry"
    SIGNER_ROLLOVER = "list signer roll-over"
    SIGNER_COMPROMISE = "list signer compromise"
    LIST_REISSUE = "list reissue"
    CRL_ISSUE = "CRL issue"
    STATEMENT_ISSUE = "statement issue"
    PARTICIPANTS_JOIN = "participants join"
    PARTICIPANTS_LEAVE = "participants leave"
    PARTICIPANTS_MOVE = "participants move SMP"


SCHEDULABLE = (
    Event.ACCESS_POINT_LEAVES,
    Event.ACCESS_POINT_COMPROMISE,
    Event.PUBLISHER_COMPROMISE,
    Event.AUTHORITY_COMPROMISE,
    Event.AUTHORITY_LOSS,
    Event.RE_ROOT,
    Event.AUTHORITY_EXPIRY,
    Event.SIGNER_ROLLOVER,
    Event.SIGNER_COMPROMISE,
)
"""What may be said to happen on a certain day."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An event that happens for certain: its day, counted from 0, and to which access point, SMP or CA, from 0.

    A re-root begins with its announcement; a CA expires on the day.
    """

    day: float
    event: Event
    subject: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """The size of the simulated network at its end, the years, and the seed of all chance.

    Without `chance` everything takes its median time and happens in regular intervals.
    """

    participants: int = 1_000_000
    access_points: int = 400
    years: float = 10.0
    seed: int = 1
    chance: bool = True
