# SPDX-License-Identifier: Apache-2.0
"""What a trust model is made of: who does what at which event, and by which routes news travel.

Where SMP metadata carry certificates, their part (T13) comes on top of the model's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trust_lists.evaluation.simulation.events import Event


class Actor(StrEnum):
    """Who has the work."""

    SUBJECT = "access point"
    RELYING_PARTY = "relying parties"
    OWNER = "domain owner"
    AUTHORITY = "CA"
    OPERATOR = "list operator"
    PUBLISHER = "SMP"
    LOCATOR = "SML"
    VENDOR = "store vendor"


class Item(StrEnum):
    """What is written, signed or fetched."""

    PIN = "pin"
    ANCHOR = "trust anchor"
    LIST_SIGNER = "list signer"
    OWN = "own certificate"
    UPLOAD = "upload"
    REQUEST = "request"
    CERTIFICATE = "certificate"
    CROSS_CERTIFICATE = "cross-certificate"
    CRL = "CRL"
    LIST = "list"
    ROW = "metadata row"
    RECORD = "SML record"
    STATEMENT = "entity statement"
    STORE = "trust store"
    TLSA = "TLSA record"


class Action(StrEnum):
    """What is done with it."""

    WRITE = "writes"
    SIGN = "signatures"
    FETCH = "fetches"


class Per(StrEnum):
    """What an amount is multiplied with, at the time of the event."""

    EVENT = "event"
    ALL = "access point"
    OTHERS = "other access point"
    AUTHORITIES = "CA"
    MEMBERS = "access point of the CA"
    LISTS = "list"
    ALL_LISTS = "access point and list"
    HEADS = "participant"
    ROWS = "row"


@dataclass(frozen=True, slots=True)
class Work:
    """`times` of an action on an item for each of `per`."""

    actor: Actor
    action: Action
    item: Item
    per: Per = Per.EVENT
    times: int = 1


Table = Mapping[Event, tuple[Work, ...]]


@dataclass(frozen=True, slots=True)
class Route:
    """How long news take: parameters of the time until they are out, and of each relying party's time after that."""

    publication: tuple[str, ...] = ()
    pickup: tuple[str, ...] = ()
    by_hand: bool = False


class Authorities(StrEnum):
    """How many certification authorities a model has."""

    NONE = "none"
    ONE = "one"
    SEVERAL = "several"


class Entries(StrEnum):
    """What the signed list of a model names."""

    NOTHING = "there is no list"
    ACCESS_POINTS = "access points"
    AUTHORITIES = "certification authorities"
    EU_SERVICES = "services of the member states"
    STATEMENTS = "there are statements about single entities instead"
    """Which expire soon and are signed anew without anybody's doing (OpenID Federation)."""


@dataclass(frozen=True, slots=True)
class Model:
    """A trust model. `T2` of the catalogue has the id T2."""

    id: str
    name: str
    used_by: str
    withdrawn: Route
    """A certificate of an access point is no longer to be accepted."""
    told: Route | None = None
    """A new one is to be accepted; None where relying parties needn't hear of it."""
    authorities: Authorities = Authorities.NONE
    anchor_out: Route = field(default_factory=Route)
    anchor_in: Route = field(default_factory=Route)
    entries: Entries = Entries.NOTHING
    signer_out: Route = field(default_factory=Route)
    signer_in: Route = field(default_factory=Route)
    signer_notice: str = "signer_notice"
    """The parameter of how long before it is used a new signer is told."""
    metadata: bool = False
    """Whether SMP metadata carry the certificates of access points."""
    publisher_out: Route = field(default_factory=Route)
    publisher_in: Route | None = None
    crl: bool = False
    store: Per | None = Per.EVENT
    """How many certificates of others a relying party's trust store holds."""
    work: Table = field(default_factory=dict)

    @property
    def whole_work(self) -> dict[Event, tuple[Work, ...]]:
        """The model's own work, and that of the metadata where there are some."""
        return joined(self.work, METADATA) if self.metadata else dict(self.work)


def joined(*tables: Table) -> dict[Event, tuple[Work, ...]]:
    """Several tables as one."""
    events = dict.fromkeys(event for table in tables for event in table)
    return {event: tuple(work for table in tables for work in table.get(event, ())) for event in events}


CACHE = Route((), ("metadata_cache",))
"""How news of SMP metadata travel."""
_ROWS = (
    Work(Actor.PUBLISHER, Action.WRITE, Item.ROW, Per.ROWS),
    Work(Actor.PUBLISHER, Action.SIGN, Item.ROW, Per.ROWS),
)
METADATA: Table = {
    Event.ACCESS_POINT_LEAVES: _ROWS,
    Event.LEAF_ROLLOVER: _ROWS,
    Event.PUBLISHER_COMPROMISE: (
        Work(Actor.LOCATOR, Action.WRITE, Item.RECORD),
        Work(Actor.PUBLISHER, Action.SIGN, Item.ROW, Per.ROWS),
    ),
    Event.AUTHORITY_COMPROMISE: _ROWS,
    Event.RE_ROOT: _ROWS,
    Event.AUTHORITY_EXPIRY: _ROWS,
    Event.PARTICIPANTS_JOIN: (*_ROWS, Work(Actor.LOCATOR, Action.WRITE, Item.RECORD, Per.HEADS)),
    Event.PARTICIPANTS_LEAVE: (
        Work(Actor.PUBLISHER, Action.WRITE, Item.ROW, Per.ROWS),
        Work(Actor.LOCATOR, Action.WRITE, Item.RECORD, Per.HEADS),
    ),
    # Written at the new SMP, deleted at the old one; prepared and completed at the SML.
    Event.PARTICIPANTS_MOVE: (
        *_ROWS,
        Work(Actor.PUBLISHER, Action.WRITE, Item.ROW, Per.ROWS),
        Work(Actor.LOCATOR, Action.WRITE, Item.RECORD, Per.HEADS, 2),
    ),
}
"""The part of SMP metadata that carry certificates, the same in all models (T13)."""
