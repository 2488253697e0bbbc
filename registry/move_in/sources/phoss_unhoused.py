# SPDX-License-Identifier: Apache-2.0
"""What a phoss SMP's database holds and what has no home here, with the reason."""

from registry.move_in.model import Unhoused
from registry.move_in.sources.phoss_tables import Tables
from registry.move_in.sources.sql import Snapshot

_SAME = " AND ".join(
    f"c.{column} = m.{column}"
    for column in (
        "businessIdentifierScheme",
        "businessIdentifier",
        "documentIdentifierScheme",
        "documentIdentifier",
    )
)
_TABLES = {
    "smp_secuser": (
        "smp_secuser.pwhash",
        "passwords are not carried: give each user a password or a token here",
    ),
    "smp_user": ("smp_user.password", "passwords are not carried: give each user a password or a token here"),
    "smp_secusertoken": ("smp_secusertoken", "tokens are not carried: make new ones, and tell those who use them"),
    "smp_secuser_totp": ("smp_secuser_totp", "second factors are not carried: users set them up again"),
    "smp_secusergroup": (
        "smp_secusergroup",
        "user groups of phoss SMP have no meaning here; owners get their own group",
    ),
    "smp_secrole": ("smp_secrole", "roles of phoss SMP have no meaning here; grants say who may do what"),
    "smp_settings": ("smp_settings", "settings are those of the domain here"),
    "smp_tprofile": ("smp_tprofile", "which transport profiles may be used is said by the network's code lists here"),
    "smp_sml_info": ("smp_sml_info", "the SML is that of the domain here"),
    "smp_pmigration": (
        "smp_pmigration",
        "end or cancel migrations before the cutover; a key that the SML has given stays valid there",
    ),
    "smp_audit": ("smp_audit", "the audit of phoss SMP stays with it; archive it"),
}


def unhoused_in(snapshot: Snapshot, tables: Tables) -> tuple[Unhoused, ...]:
    """What stays behind, counted; nothing that counts none. What `Snapshot.count` raises."""
    counted = {
        (name, why): snapshot.count(table) for table, (name, why) in _TABLES.items() if table in snapshot.columns
    }
    if "smp_secuser" in snapshot.columns:
        counted["smp_secuser (deleted)", "users who were deleted and own nothing"] = snapshot.count(
            "smp_secuser u WHERE u.deletedt IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM smp_ownership o WHERE o.username = u.id)"
        )
    counted["smp_ownership (further owners)", "a participant has one owner: the first one by login"] = snapshot.count(
        "(SELECT 1 FROM smp_ownership GROUP BY businessIdentifierScheme, businessIdentifier HAVING count(*) > 1) d"
    )
    counted["smp_service_metadata (no endpoint)", "phoss SMP doesn't publish it either"] = snapshot.count(
        f"smp_service_metadata m WHERE NOT EXISTS (SELECT 1 FROM smp_endpoint c WHERE {_SAME})"  # noqa: S608
    )
    counted["smp_service_metadata (redirected)", "a redirect of the same document type goes before it"] = (
        snapshot.count(f"smp_service_metadata m WHERE EXISTS (SELECT 1 FROM {tables.redirect_table} c WHERE {_SAME})")  # noqa: S608
    )
    cards = snapshot.count("smp_bce") - snapshot.count(tables.cards.source)
    counted["smp_bce (nobody's)", "there is no such participant"] = cards
    return tuple(Unhoused(name, count, why) for (name, why), count in counted.items() if count)
