# SPDX-License-Identifier: Apache-2.0
"""The trust models of the catalogue, as data: what each event costs whom, and by which routes news travel.

The numbers of the tables are those of the formulas in the reference (§2): A trust subjects, C certification
authorities, P participants with D rows each. An own certificate is a write where a CA issues it.
"""

from trust_lists.evaluation.simulation.events import Event
from trust_lists.evaluation.simulation.models import (
    CACHE,
    Action,
    Actor,
    Authorities,
    Entries,
    Item,
    Model,
    Per,
    Route,
    Table,
    Work,
    joined,
)

_SUBJECT, _RELYING, _OWNER, _CA = Actor.SUBJECT, Actor.RELYING_PARTY, Actor.OWNER, Actor.AUTHORITY
_WRITE, _SIGN, _FETCH = Action.WRITE, Action.SIGN, Action.FETCH

CRL = Route(("revocation_publication",), ("crl_freshness",))
LIST = Route(("list_publication",), ("list_refresh",))
PINS = Route(("pin_notice",), ("pin_import",), by_hand=True)
ANCHORS = Route(("anchor_notice",), ("anchor_install",), by_hand=True)
HUB = Route((), ("hub_refresh",))
STATEMENTS = Route((), ("statement_lifetime",))
"""Who knows a statement relies on it for as long as it is valid (OpenID Federation 1.0 §11.5): what is left of that."""
STORE = Route(("store_publication",), ("store_update",), by_hand=True)
"""A root that is planned is asked for long before, as where people install it; one that is withdrawn goes at once."""
TLSA = Route((), ("dns_ttl",))
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
_STATEMENT = Work(Actor.OPERATOR, _SIGN, Item.STATEMENT)
_STORE = (Work(Actor.VENDOR, _WRITE, Item.STORE), Work(_RELYING, _FETCH, Item.STORE, Per.ALL))
_TLSA = Work(_SUBJECT, _WRITE, Item.TLSA)
_OTHERS_PIN = Work(_RELYING, _WRITE, Item.PIN, Per.OTHERS)

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
_TLSA_OF_MEMBERS = Work(_SUBJECT, _WRITE, Item.TLSA, Per.MEMBERS, 2)
_IN_STORES: Table = {
    Event.AUTHORITY_JOINS: _STORE,
    Event.AUTHORITY_COMPROMISE: (*_STORE, *_ISSUES, _TLSA_OF_MEMBERS),
    Event.AUTHORITY_LOSS: _STORE,
    Event.RE_ROOT: (*_STORE, *_ISSUES, _TLSA_OF_MEMBERS),
    Event.AUTHORITY_EXPIRY: (*_STORE, *_ISSUES, _TLSA_OF_MEMBERS),
}
"""CAs that come with the operating system, and go with it."""

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
        id="T9",
        name="OpenID Federation",
        used_by="IT-Wallet, SPID/CIE",
        withdrawn=STATEMENTS,
        told=STATEMENTS,
        entries=Entries.STATEMENTS,
        # The old key of the anchor and the new one overlap; whoever relies on it gets the new one by another channel.
        signer_out=ANCHORS,
        signer_in=ANCHORS,
        signer_notice="anchor_overlap",
        work={
            Event.ACCESS_POINT_JOINS: (
                Work(_SUBJECT, _WRITE, Item.ANCHOR),
                Work(_SUBJECT, _WRITE, Item.UPLOAD),
                _STATEMENT,
            ),
            # The entity's own statement has its keys, and its superior's need not change.
            Event.LEAF_ROLLOVER: (Work(_SUBJECT, _SIGN, Item.STATEMENT),),
            # Nobody revokes; there is no new statement.
            Event.ACCESS_POINT_LEAVES: (Work(_OWNER, _WRITE, Item.REQUEST),),
            Event.SIGNER_ROLLOVER: _ANCHORS,
            Event.SIGNER_COMPROMISE: (*_ANCHORS, *_ANCHORS),
        },
    ),
    Model(
        id="T10",
        name="web PKI and DANE",
        used_by="TLS of SMPs and access points",
        # With TLSA usages 1 and 3 a certificate that isn't in DNS is none, whoever issued it (RFC 6698 §2.1.1).
        withdrawn=TLSA,
        told=TLSA,
        authorities=Authorities.SEVERAL,
        anchor_out=STORE,
        anchor_in=STORE,
        store=Per.AUTHORITIES,
        work={
            **_IN_STORES,
            Event.ACCESS_POINT_JOINS: (_ISSUE, _OWN, _TLSA),
            # The new record stands beside the old one before the certificate is used (RFC 7671 §8.1).
            Event.LEAF_ROLLOVER: (_ISSUE, _OWN, Work(_SUBJECT, _WRITE, Item.TLSA, times=2)),
            Event.ACCESS_POINT_LEAVES: (_TLSA, *_REVOKE),
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
