# SPDX-License-Identifier: Apache-2.0
"""Which rows of a phoss SMP's database belong to its participants, in all layouts from phoss SMP 5.3 to 8.2.

Three layouts of endpoints are told apart by their columns: they hold address and certificate themselves, or refer to
access points (8.2), or may do either. Children are joined to their parents by the database, since on MySQL they may
differ in case and trailing blanks, and are spelled as their parents. As phoss does, services without an endpoint are
passed over.

Facts: phoss SMP's migrations of its database (`db/migrate-*`), and which rows its JDBC managers read.
"""

from dataclasses import dataclass

from registry.move_in.sources.sql import Snapshot
from registry.move_in.sources.sql_parts import Keyed, Rows

GROUP = Keyed(
    "g.businessIdentifierScheme || '::' || g.businessIdentifier",
    ("g.businessIdentifierScheme", "g.businessIdentifier"),
)
"""A service group."""
_SYSTEM = "phoss SMP"
_G = ("businessidentifierscheme", "businessidentifier")
_D = ("documentidentifierscheme", "documentidentifier")
_P = ("processidentifiertype", "processidentifier")
_NEEDED = {
    "smp_service_group": (*_G, "extension"),
    "smp_service_metadata": (*_G, *_D, "extension"),
    "smp_process": (*_G, *_D, *_P, "extension"),
    "smp_endpoint": (*_G, *_D, *_P, "transportprofile", "serviceactivationdate", "serviceexpirationdate", "extension"),
    "smp_ownership": (*_G, "username"),
    "smp_bce": ("id", "pid", "name", "country", "identifiers", "websites", "contacts", "regdate"),
}
_ADDRESSED = ("endpointreference", "certificate")
_ON_GROUP = (
    " ON {0}.businessIdentifierScheme = g.businessIdentifierScheme AND {0}.businessIdentifier = g.businessIdentifier"
)
_ON_SERVICE = (
    " ON {0}.businessIdentifierScheme = m.businessIdentifierScheme AND {0}.businessIdentifier = m.businessIdentifier"
    " AND {0}.documentIdentifierScheme = m.documentIdentifierScheme AND {0}.documentIdentifier = m.documentIdentifier"
)
_ON_PROCESS = " AND {0}.processIdentifierType = p.processIdentifierType AND {0}.processIdentifier = p.processIdentifier"


@dataclass(frozen=True, slots=True)
class Tables:
    """What each service group has."""

    group: Rows
    """Extension and custom properties."""
    services: Rows
    """Scheme, value and extension of a document type, then of a process, then all of an endpoint."""
    redirects: Rows
    """Scheme and value of a document type, URL, name of the certificate, certificate, extension."""
    cards: Rows
    """All of a business card's entity."""
    owners: Rows
    """A login, or an id that no user has."""
    redirect_table: str

    def all(self) -> tuple[Rows, ...]:
        """Everything that a participant's record is made of."""
        return (self.group, self.services, self.redirects, self.cards, self.owners)


def tables_of(snapshot: Snapshot) -> Tables:
    """The tables as this database has them. Raises ConfigurationError where something is missing, else what reading
    raises.
    """
    snapshot.require(_SYSTEM, _NEEDED)
    redirects = next(
        (name for name in ("smp_service_metadata_red", "smp_service_metadata_redirection") if name in snapshot.columns),
        "smp_service_metadata_red",
    )
    snapshot.require(_SYSTEM, {redirects: (*_G, *_D, "redirectionurl", "certificateuid", "certificate", "extension")})
    address, certificate, access_points = _access(snapshot)
    groups = "smp_service_group g"
    login, users = _login(snapshot)
    pid = snapshot.like(GROUP.expression, "smp_bce", "pid")
    return Tables(
        Rows(groups, ("g.extension", _optional(snapshot, "g", "smp_service_group", "customProperties"))),
        Rows(
            f"{groups} JOIN smp_service_metadata m{_ON_GROUP.format('m')} JOIN smp_process p{_ON_SERVICE.format('p')} "
            f"JOIN smp_endpoint e{_ON_SERVICE.format('e')}{_ON_PROCESS.format('e')}{access_points}",
            (
                "m.documentIdentifierScheme",
                "m.documentIdentifier",
                "m.extension",
                "p.processIdentifierType",
                "p.processIdentifier",
                "p.extension",
                "e.transportProfile",
                address,
                certificate,
                "e.requireBusinessLevelSignature",
                "e.minimumAuthenticationLevel",
                "e.serviceActivationDate",
                "e.serviceExpirationDate",
                "e.serviceDescription",
                "e.technicalContactUrl",
                "e.technicalInformationUrl",
                "e.extension",
            ),
        ),
        Rows(
            f"{groups} JOIN {redirects} r{_ON_GROUP.format('r')}",
            (
                "r.documentIdentifierScheme",
                "r.documentIdentifier",
                "r.redirectionUrl",
                "r.certificateUID",
                "r.certificate",
                "r.extension",
            ),
        ),
        Rows(
            f"{groups} JOIN smp_bce b ON b.pid = {pid}",
            (
                "b.id",
                "b.name",
                _optional(snapshot, "b", "smp_bce", "names"),
                "b.country",
                "b.geoinfo",
                "b.identifiers",
                "b.websites",
                "b.contacts",
                "b.addon",
                "b.regdate",
            ),
        ),
        Rows(f"{groups} JOIN smp_ownership o{_ON_GROUP.format('o')}{users}", (login,)),
        redirects,
    )


def _access(snapshot: Snapshot) -> tuple[str, str, str]:
    """Address and certificate of an endpoint, and what is to be joined for them."""
    own = all(snapshot.holds("smp_endpoint", column) for column in _ADDRESSED)
    if not snapshot.holds("smp_endpoint", "accesspointid"):
        snapshot.require(_SYSTEM, {"smp_endpoint": _ADDRESSED})
        return "e.endpointReference", "e.certificate", ""
    snapshot.require(_SYSTEM, {"smp_access_point": ("id", *_ADDRESSED)})
    joined = " LEFT JOIN smp_access_point a ON a.id = e.accessPointID"
    if own:
        return "coalesce(a.endpointReference, e.endpointReference)", "coalesce(a.certificate, e.certificate)", joined
    return "a.endpointReference", "a.certificate", joined


def _login(snapshot: Snapshot) -> tuple[str, str]:
    """The login of an owner, and what is to be joined for it: before phoss SMP 5.3.2 owners are logins themselves."""
    if "smp_secuser" not in snapshot.columns:
        return "o.username", ""
    return "coalesce(u.loginname, o.username)", " LEFT JOIN smp_secuser u ON u.id = o.username"


def _optional(snapshot: Snapshot, alias: str, table: str, column: str) -> str:
    return f"{alias}.{column}" if snapshot.holds(table, column.lower()) else "NULL"
