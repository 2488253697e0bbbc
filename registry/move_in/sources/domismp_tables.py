# SPDX-License-Identifier: Apache-2.0
"""Which rows of a DomiSMP's database belong to its participants, in the layouts of DomiSMP 5.0 to 5.2 and harmony-smp.

A resource is a participant, a sub-resource a service. What is published of either is the current version of its
document, or of the document that it refers to; since 5.2 a version has a state, and only PUBLISHED ones are served.

Facts: the DDL that DomiSMP generates for MySQL, and the identifiers of its resource types.
"""

from dataclasses import dataclass

from registry.errors import ConfigurationError
from registry.move_in.sources.sql import Snapshot
from registry.move_in.sources.sql_parts import Keyed, Rows

SYSTEM = "DomiSMP"
TYPES = ("edelivery-oasis-smp-1.0-servicegroup", "edelivery-oasis-smp-2.0-servicegroup")
RESOURCE = Keyed(
    "CASE WHEN coalesce(r.IDENTIFIER_SCHEME, '') = '' THEN r.IDENTIFIER_VALUE "
    "ELSE r.IDENTIFIER_SCHEME || '::' || r.IDENTIFIER_VALUE END",
    ("coalesce(r.IDENTIFIER_SCHEME, '')", "r.IDENTIFIER_VALUE", "r.ID"),
)
"""A resource; one of SMP 1.0 and one of SMP 2.0 may be the same participant."""
_NEEDED = {
    "smp_domain": ("id", "domain_code"),
    "smp_resource": ("id", "identifier_scheme", "identifier_value", "fk_document_id", "fk_doredef_id", "fk_group_id"),
    "smp_domain_resource_def": ("id", "fk_domain_id", "fk_resource_def_id"),
    "smp_resource_def": ("id", "identifier"),
    "smp_subresource": ("id", "identifier_scheme", "identifier_value", "fk_document_id", "fk_resource_id"),
    "smp_document": ("id", "current_version"),
    "smp_document_version": ("fk_document_id", "version", "document_content"),
    "smp_resource_member": ("fk_resource_id", "fk_user_id", "membership_role"),
    "smp_user": ("id", "username", "active"),
}


@dataclass(frozen=True, slots=True)
class DomiSmpTables:
    """What each resource has; only those resources count that everybody may see."""

    domain_id: int
    all_resources: str
    """What follows FROM for all resources of the domain that are of a known type, hidden ones included."""
    resources: str
    groups: Rows
    """The document of the service group, and the id under which its properties are."""
    services: Rows
    """Scheme and value of the document type, the document, and the id under which its properties are."""
    properties: tuple[Rows, ...]
    """Id of a document, name and value: of service groups and of services."""
    owners: Rows
    """A login."""

    def all(self) -> tuple[Rows, ...]:
        """Everything that a participant's record is made of."""
        return (self.groups, self.services, *self.properties, self.owners)


def tables_of(snapshot: Snapshot, domain: str) -> DomiSmpTables:
    """The tables as this database has them; `domain` is a DOMAIN_CODE, "" where there is only one.

    Raises ConfigurationError where something is missing or there are several domains, else what reading raises.
    """
    snapshot.require(SYSTEM, _NEEDED)
    domains = {code: int(number) for number, code in snapshot.rows("SELECT ID, DOMAIN_CODE FROM SMP_DOMAIN")}
    if not domain and len(domains) == 1:
        domain = next(iter(domains))
    if domain not in domains:
        raise ConfigurationError(
            f"which domain of DomiSMP is to move in? It has {', '.join(sorted(domains)) or 'none'}"
        )
    visible = "".join(
        f" AND coalesce({alias}.VISIBILITY, 'PUBLIC') = 'PUBLIC'"
        for alias, table in (("o", "smp_domain"), ("q", "smp_group"), ("r", "smp_resource"))
        if snapshot.holds(table, "visibility")
    )
    resources = _resources(domains[domain]) + visible
    services = f"{resources} JOIN SMP_SUBRESOURCE s ON s.FK_RESOURCE_ID = r.ID"
    published, content = _published(snapshot), ("v.DOCUMENT_CONTENT", "d.ID")
    named = " JOIN SMP_DOCUMENT_PROPERTY p ON p.FK_DOCUMENT_ID = {0}.FK_DOCUMENT_ID"
    properties = ("p.FK_DOCUMENT_ID", "p.PROPERTY_NAME", "p.PROPERTY_VALUE")
    return DomiSmpTables(
        domain_id=domains[domain],
        all_resources=_resources(domains[domain]),
        resources=resources,
        groups=Rows(resources + published.format("r"), content, binary=content[0]),
        services=Rows(
            services + published.format("s"),
            ("coalesce(s.IDENTIFIER_SCHEME, '')", "s.IDENTIFIER_VALUE", *content),
            binary=content[0],
        ),
        properties=(Rows(resources + named.format("r"), properties), Rows(services + named.format("s"), properties))
        if "smp_document_property" in snapshot.columns
        else (),
        owners=Rows(
            f"{resources} JOIN SMP_RESOURCE_MEMBER m ON m.FK_RESOURCE_ID = r.ID AND m.MEMBERSHIP_ROLE = 'ADMIN' "
            "JOIN SMP_USER u ON u.ID = m.FK_USER_ID",
            ("u.USERNAME",),
        ),
    )


def _resources(domain_id: int) -> str:
    """Ends in a condition that may be added to."""
    types = ", ".join(f"'{each}'" for each in TYPES)
    return (
        "SMP_RESOURCE r LEFT JOIN SMP_GROUP q ON q.ID = r.FK_GROUP_ID "
        "JOIN SMP_DOMAIN_RESOURCE_DEF t ON t.ID = r.FK_DOREDEF_ID "
        f"JOIN SMP_RESOURCE_DEF k ON k.ID = t.FK_RESOURCE_DEF_ID AND k.IDENTIFIER IN ({types}) "
        f"JOIN SMP_DOMAIN o ON o.ID = t.FK_DOMAIN_ID AND o.ID = {domain_id}"
    )


def _published(snapshot: Snapshot) -> str:
    """Joins the published version `v` of the document `d` of an alias, or of the document `e` that it refers to."""
    refers = snapshot.holds("smp_document", "fk_ref_document_id")
    shared = "coalesce(d.FK_REF_DOCUMENT_ID, d.ID)" if refers else "d.ID"
    state = " AND v.STATUS = 'PUBLISHED'" if snapshot.holds("smp_document_version", "status") else ""
    return (
        " JOIN SMP_DOCUMENT d ON d.ID = {0}.FK_DOCUMENT_ID "
        f"JOIN SMP_DOCUMENT e ON e.ID = {shared} "
        f"JOIN SMP_DOCUMENT_VERSION v ON v.FK_DOCUMENT_ID = e.ID AND v.VERSION = e.CURRENT_VERSION{state}"
    )
