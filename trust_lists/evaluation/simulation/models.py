# SPDX-License-Identifier: Apache-2.0
"""The trust models of the catalogue, as data: what each event costs whom, and by which routes news travel.

The numbers of the tables are those of the formulas in the reference (§2): A trust subjects, C certification
authorities, P participants with D rows each. An own certificate is a write where a CA issues it. Where SMP metadata
carry certificates, their part (T13) comes on top of the model's own.
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


_SUBJECT, _RELYING, _OWNER, _CA = Actor.SUBJECT, Actor.RELYING_PARTY, Actor.OWNER, Actor.AUTHORITY
_WRITE, _SIGN, _FETCH = Action.WRITE, Action.SIGN, Action.FETCH

CRL = Route(("revocation_publication",), ("crl_freshness",))
LIST = Route(("list_publication",), ("list_refresh",))
PINS = Route(("pin_notice",), ("pin_import",), by_hand=True)
ANCHORS = Route(("anchor_notice",), ("anchor_install",), by_hand=True)
HUB = Route((), ("hub_refresh",))
CACHE = Route((), ("metadata_cache",))
BRIDGE = Route(("revocation_publication",), ("crl_freshness", "path_cache"))

_OWN = Work(_SUBJECT, _WRITE, Item.OWN)
_ISSUE = Work(_CA, _SIGN, Item.CERTIFICATE)
_ISSUES = (Work(_CA, _SIGN, Item.CERTIFICATE, Per.MEMBERS), Work(_SUBJECT, _WRITE, Item.OWN, Per.MEMBERS))
_REVOKE = (Work(_OWNER, _WRITE, Item.REQUEST), Work(_CA, _SIGN, Item.CRL))
_LIST = (Work(Actor.OPERATOR, _SIGN, Item.LIST), Work(_RELYING, _FETCH, Item.LIST, Per.ALL))
_ALL_LISTS = (
    Work(Actor.OPERATOR, _SIGN, Item.LIST, Per.LISTS),
    Work(_RELYING, _FETCH, Item.LIST, Per.ALL_LISTS),
)
_ANCHORS = (Work(_RELYING, _WRITE, Item.ANCHOR, Per.ALL),)
_SIGNERS = (Work(_RELYING, _WRITE, Item.LIST_SIGNER, Per.ALL),)
_OTHERS_PIN = Work(_RELYING, _WRITE, Item.PIN, Per.OTHERS)

_ROWS = (Work(Actor.PUBLISHER, _WRITE, Item.ROW, Per.ROWS), Work(Actor.PUBLISHER, _SIGN, Item.ROW, Per.ROWS))
METADATA: Table = {
    Event.ACCESS_POINT_LEAVES: _ROWS,
    Event.LEAF_ROLLOVER: _ROWS,
    Event.PUBLISHER_COMPROMISE: (
        Work(Actor.LOCATOR, _WRITE, Item.RECORD),
        Work(Actor.PUBLISHER, _SIGN, Item.ROW, Per.ROWS),
    ),
    Event.AUTHORITY_COMPROMISE: _ROWS,
    Event.RE_ROOT: _ROWS,
    Event.AUTHORITY_EXPIRY: _ROWS,
    Event.PARTICIPANTS_JOIN: (*_ROWS, Work(Actor.LOCATOR, _WRITE, Item.RECORD, Per.HEADS)),
    Event.PARTICIPANTS_LEAVE: (
        Work(Actor.PUBLISHER, _WRITE, Item.ROW, Per.ROWS),
        Work(Actor.LOCATOR, _WRITE, Item.RECORD, Per.HEADS),
    ),
    # Written at the new SMP, deleted at the old one; prepared and completed at the SML.
    Event.PARTICIPANTS_MOVE: (
        *_ROWS,
        Work(Actor.PUBLISHER, _WRITE, Item.ROW, Per.ROWS),
        Work(Actor.LOCATOR, _WRITE, Item.RECORD, Per.HEADS, 2),
    ),
}
"""The part of SMP metadata that carry certificates, the same in all models (T13)."""

_LEAVES = {
    Event.ACCESS_POINT_JOINS: (_ISSUE, _OWN),
    Event.LEAF_ROLLOVER: (_ISSUE, _OWN),
    Event.ACCESS_POINT_LEAVES: _REVOKE,
}
"""Certificates from a CA that relying parties trust already."""
_ANCHORED: Table = {
    Event.AUTHORITY_COMPROMISE: (*_ANCHORS, *_ANCHORS, *_ISSUES),
    Event.AUTHORITY_LOSS: _ANCHORS,
    Event.RE_ROOT: (*_ANCHORS, *_ISSUES),
    Event.AUTHORITY_EXPIRY: (*_ANCHORS, *_ISSUES),
}
"""One CA, that every relying party has as an anchor; "removed, and another one installed" are two writes."""
_SEVERAL_ANCHORED: Table = {**_ANCHORED, Event.AUTHORITY_COMPROMISE: (*_ANCHORS, *_ISSUES)}
"""Several CAs: what is withdrawn isn't replaced, since the access points go to another one."""
_LISTED: Table = {
    Event.AUTHORITY_JOINS: _LIST,
    Event.AUTHORITY_COMPROMISE: (*_LIST, *_ISSUES),
    Event.AUTHORITY_LOSS: _LIST,
    Event.RE_ROOT: (*_LIST, *_ISSUES),
    Event.AUTHORITY_EXPIRY: (*_LIST, *_ISSUES),
    Event.LIST_REISSUE: _LIST,
    Event.SIGNER_ROLLOVER: _LIST,
    Event.SIGNER_COMPROMISE: (*_LIST, *_LIST),
}

MODELS: tuple[Model, ...] = (
    Model(
        id="T1",
        name="mutual exchange",
        used_by="e-CODEX, eIDAS nodes",
        withdrawn=PINS,
        told=PINS,
        store=Per.OTHERS,
        work={
            Event.ACCESS_POINT_JOINS: (Work(_SUBJECT, _WRITE, Item.PIN, Per.OTHERS), _OTHERS_PIN),
            Event.LEAF_ROLLOVER: (_OTHERS_PIN,),
            Event.ACCESS_POINT_LEAVES: (_OTHERS_PIN,),
        },
    ),
    Model(
        id="T2",
        name="dedicated PKI",
        used_by="Peppol, DBNAlliance",
        withdrawn=CRL,
        authorities=Authorities.ONE,
        anchor_out=ANCHORS,
        anchor_in=ANCHORS,
        metadata=True,
        publisher_out=CRL,
        crl=True,
        work=joined(_LEAVES, {Event.ACCESS_POINT_JOINS: (Work(_SUBJECT, _WRITE, Item.ANCHOR),)}, _ANCHORED),
    ),
    Model(
        id="T3",
        name="shared PKI",
        used_by="DE4A, OOTS",
        withdrawn=CRL,
        authorities=Authorities.ONE,
        # The root of a shared PKI outlives its issuing CAs and can revoke one; what is new must be installed.
        anchor_out=CRL,
        anchor_in=ANCHORS,
        metadata=True,
        publisher_out=CRL,
        crl=True,
        work=joined(
            _LEAVES,
            {Event.ACCESS_POINT_JOINS: (Work(_SUBJECT, _WRITE, Item.ANCHOR),)},
            {**_ANCHORED, Event.AUTHORITY_COMPROMISE: (*_REVOKE, *_ANCHORS, *_ISSUES)},
        ),
    ),
    Model(
        id="T4",
        name="CA whitelist",
        used_by="HR eRačun",
        store=Per.AUTHORITIES,
        withdrawn=CRL,
        authorities=Authorities.SEVERAL,
        anchor_out=ANCHORS,
        anchor_in=ANCHORS,
        metadata=True,
        publisher_out=CRL,
        crl=True,
        work=joined(
            _LEAVES,
            {
                Event.ACCESS_POINT_JOINS: (Work(_SUBJECT, _WRITE, Item.ANCHOR, Per.AUTHORITIES),),
                Event.AUTHORITY_JOINS: _ANCHORS,
            },
            _SEVERAL_ANCHORED,
        ),
    ),
    Model(
        id="T5",
        name="EU trusted lists",
        used_by="qualified seals, e-CODEX documents",
        withdrawn=CRL,
        authorities=Authorities.SEVERAL,
        anchor_out=LIST,
        anchor_in=LIST,
        entries=Entries.EU_SERVICES,
        signer_out=LIST,
        signer_in=LIST,
        metadata=True,
        publisher_out=CRL,
        crl=True,
        work=joined(
            _LEAVES,
            {Event.ACCESS_POINT_JOINS: (Work(_SUBJECT, _WRITE, Item.LIST_SIGNER),)},
            {**_LISTED, Event.LIST_REISSUE: _ALL_LISTS},
        ),
    ),
    Model(
        id="T6",
        name="domain trusted list",
        used_by="epSOS",
        withdrawn=LIST,
        told=LIST,
        entries=Entries.ACCESS_POINTS,
        signer_out=ANCHORS,
        signer_in=ANCHORS,
        work={
            Event.ACCESS_POINT_JOINS: (Work(_SUBJECT, _WRITE, Item.LIST_SIGNER), *_LIST),
            Event.LEAF_ROLLOVER: _LIST,
            Event.ACCESS_POINT_LEAVES: _LIST,
            Event.LIST_REISSUE: _LIST,
            Event.SIGNER_ROLLOVER: (*_SIGNERS, *_LIST),
            Event.SIGNER_COMPROMISE: (*_SIGNERS, *_SIGNERS, *_LIST),
        },
    ),
    Model(
        id="T7",
        name="bridge",
        used_by="US Federal PKI",
        withdrawn=CRL,
        authorities=Authorities.SEVERAL,
        anchor_out=BRIDGE,
        anchor_in=Route(("revocation_publication",), ("path_cache",)),
        metadata=True,
        publisher_out=CRL,
        crl=True,
        work=joined(
            _LEAVES,
            {
                Event.ACCESS_POINT_JOINS: (Work(_SUBJECT, _WRITE, Item.ANCHOR),),
                # To the bridge, and back.
                Event.AUTHORITY_JOINS: (Work(_CA, _SIGN, Item.CROSS_CERTIFICATE, times=2),),
                Event.AUTHORITY_COMPROMISE: (*_REVOKE, *_ISSUES),
                Event.AUTHORITY_LOSS: (Work(_CA, _SIGN, Item.CROSS_CERTIFICATE, times=2),),
                Event.RE_ROOT: (Work(_CA, _SIGN, Item.CROSS_CERTIFICATE, times=2), *_ISSUES),
                Event.AUTHORITY_EXPIRY: (Work(_CA, _SIGN, Item.CROSS_CERTIFICATE, times=2), *_ISSUES),
            },
        ),
    ),
    Model(
        id="T8",
        name="SAML metadata",
        used_by="STORK, eIDAS",
        withdrawn=LIST,
        told=LIST,
        entries=Entries.ACCESS_POINTS,
        signer_out=ANCHORS,
        signer_in=ANCHORS,
        work={
            # Metadata are the access point's own; the list of them is signed anew when one of its entries changes.
            Event.ACCESS_POINT_JOINS: (Work(_SUBJECT, _WRITE, Item.LIST_SIGNER), *_LIST),
            Event.LEAF_ROLLOVER: _LIST,
            Event.ACCESS_POINT_LEAVES: _LIST,
            Event.LIST_REISSUE: _LIST,
            Event.SIGNER_ROLLOVER: (*_SIGNERS, *_LIST),
            Event.SIGNER_COMPROMISE: (*_SIGNERS, *_SIGNERS, *_LIST),
        },
    ),
    Model(
        id="T11",
        name="EUDI lists (LoTE)",
        used_by="EUDI Wallet",
        withdrawn=CRL,
        authorities=Authorities.SEVERAL,
        anchor_out=LIST,
        anchor_in=LIST,
        entries=Entries.AUTHORITIES,
        signer_out=ANCHORS,
        signer_in=ANCHORS,
        crl=True,
        work=joined(
            _LEAVES,
            {Event.ACCESS_POINT_JOINS: (Work(_SUBJECT, _WRITE, Item.LIST_SIGNER),)},
            {
                **_LISTED,
                Event.SIGNER_ROLLOVER: (*_SIGNERS, *_LIST),
                Event.SIGNER_COMPROMISE: (*_SIGNERS, *_SIGNERS, *_LIST),
            },
        ),
    ),
    Model(
        id="T12",
        name="central gateway",
        used_by="EU Digital COVID Certificate",
        withdrawn=HUB,
        told=HUB,
        entries=Entries.ACCESS_POINTS,
        signer_out=ANCHORS,
        signer_in=ANCHORS,
        work={
            Event.ACCESS_POINT_JOINS: (
                Work(_SUBJECT, _WRITE, Item.LIST_SIGNER),
                Work(_SUBJECT, _WRITE, Item.UPLOAD),
                *_LIST,
            ),
            Event.LEAF_ROLLOVER: (Work(_SUBJECT, _WRITE, Item.UPLOAD), *_LIST),
            Event.ACCESS_POINT_LEAVES: (Work(_OWNER, _WRITE, Item.UPLOAD), *_LIST),
            Event.LIST_REISSUE: _LIST,
            Event.SIGNER_ROLLOVER: (*_SIGNERS, *_LIST),
            Event.SIGNER_COMPROMISE: (*_SIGNERS, *_SIGNERS, *_LIST),
        },
    ),
    Model(
        id="T13",
        name="trust on metadata",
        used_by="OpenNCP in effect; encryption keys of AS4 senders",
        withdrawn=CACHE,
        metadata=True,
        publisher_out=ANCHORS,
        publisher_in=ANCHORS,
        store=None,
    ),
)
COUNTED_ON = ("T1", "T2", "T3", "T4", "T5", "T6", "T13")
"""What is simulated unless told otherwise."""
