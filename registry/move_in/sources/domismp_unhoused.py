# SPDX-License-Identifier: Apache-2.0
"""What a DomiSMP's database holds and what has no home here, with the reason."""

from registry.move_in.model import Unhoused
from registry.move_in.sources.domismp_tables import TYPES, DomiSmpTables
from registry.move_in.sources.sql import Snapshot

_TABLES = {
    "smp_credential": ("SMP_CREDENTIAL", "passwords, tokens and certificates of users are not carried: give new ones"),
    "smp_group": ("SMP_GROUP", "groups inside a domain have no meaning here; participants are in their owner's group"),
    "smp_domain_member": ("SMP_DOMAIN_MEMBER", "who may do what in the domain is said by grants here"),
    "smp_group_member": ("SMP_GROUP_MEMBER", "who may do what in a group is said by grants here"),
    "smp_domain_configuration": ("SMP_DOMAIN_CONFIGURATION", "settings are those of the domain here"),
    "smp_configuration": ("SMP_CONFIGURATION", "settings are those of this instance here"),
    "smp_domain_doc_tmpl": ("SMP_DOMAIN_DOC_TMPL", "templates of documents have no home here"),
    "smp_alert": ("SMP_ALERT", "alerts stay with the old system"),
    "smp_rev_info": ("SMP_REV_INFO and *_AUD", "the history of DomiSMP stays with it; archive it"),
}


def unhoused_in(snapshot: Snapshot, tables: DomiSmpTables) -> tuple[Unhoused, ...]:
    """What stays behind, counted; nothing that counts none. What `Snapshot.count` raises."""
    counted = {
        (name, why): snapshot.count(table.upper())
        for table, (name, why) in _TABLES.items()
        if table in snapshot.columns
    }
    shown = snapshot.count(tables.resources)
    counted["SMP_RESOURCE (INTERNAL or PRIVATE)", "what is published here is public; make it PUBLIC to move it"] = (
        snapshot.count(tables.all_resources) - shown
    )
    counted["SMP_RESOURCE (not published)", "it has no published document, so DomiSMP doesn't serve it"] = (
        shown - snapshot.count(tables.groups.source)
    )
    counted["SMP_SUBRESOURCE (not published)", "it has no published document, so DomiSMP doesn't serve it"] = (
        snapshot.count(f"{tables.resources} JOIN SMP_SUBRESOURCE s ON s.FK_RESOURCE_ID = r.ID")
        - snapshot.count(tables.services.source)
    )
    types = ", ".join(f"'{each}'" for each in TYPES)
    counted["SMP_RESOURCE (other types)", "only service groups of SMP 1.0 and 2.0 have a home here"] = snapshot.count(
        "SMP_RESOURCE r JOIN SMP_DOMAIN_RESOURCE_DEF t ON t.ID = r.FK_DOREDEF_ID "
        f"JOIN SMP_RESOURCE_DEF k ON k.ID = t.FK_RESOURCE_DEF_ID AND k.IDENTIFIER NOT IN ({types})"
    )
    counted["SMP_RESOURCE (other domains)", "each domain moves in by itself"] = snapshot.count(
        "SMP_RESOURCE r JOIN SMP_DOMAIN_RESOURCE_DEF t ON t.ID = r.FK_DOREDEF_ID "
        f"WHERE t.FK_DOMAIN_ID <> {tables.domain_id}"
    )
    counted["SMP_RESOURCE_MEMBER (further members)", "one administrator owns a participant: the first one by login"] = (
        snapshot.count("SMP_RESOURCE_MEMBER")
        - snapshot.count("(SELECT DISTINCT FK_RESOURCE_ID FROM SMP_RESOURCE_MEMBER WHERE MEMBERSHIP_ROLE = 'ADMIN') f")
    )
    if snapshot.holds("smp_document_version", "status"):
        states = "SELECT STATUS, count(*) FROM SMP_DOCUMENT_VERSION WHERE STATUS <> 'PUBLISHED' GROUP BY STATUS"
        for state, count in snapshot.rows(states):
            counted[f"SMP_DOCUMENT_VERSION ({state})", "only what is published moves in"] = count
    return tuple(Unhoused(name, count, why) for (name, why), count in counted.items() if count)
