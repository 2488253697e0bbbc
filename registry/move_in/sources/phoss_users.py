# SPDX-License-Identifier: Apache-2.0
"""The users of a phoss SMP's database, as owners; those who were deleted only where something is still theirs.

Before phoss SMP 5.3.2 they are in `smp_user`. In between, or where users are kept in files, the database has no more
than the ids of owners.
"""

from collections.abc import Iterator

from registry.move_in.model import SourceRecord
from registry.move_in.participant_records import owner_record
from registry.move_in.sources.sql import Snapshot

OWNER_TABLES = ("smp_ownership", "smp_secuser", "smp_user")
"""What is read for them, where it is there."""
_USERS = (
    "SELECT u.loginname, u.firstname, u.lastname, u.email, u.disabled, u.deletedt FROM smp_secuser u "
    "WHERE u.deletedt IS NULL OR EXISTS (SELECT 1 FROM smp_ownership o WHERE o.username = u.id)"
)
_UNKNOWN = (
    "SELECT DISTINCT o.username FROM smp_ownership o LEFT JOIN smp_secuser u ON u.id = o.username WHERE u.id IS NULL"
)


def owners_in(snapshot: Snapshot) -> Iterator[SourceRecord]:
    """All who own something, and all users. What `Snapshot.rows` raises."""
    known: dict[str, SourceRecord] = {}
    if "smp_secuser" in snapshot.columns:
        for login, first, last, email, disabled, deleted in snapshot.rows(_USERS):
            # A login may be given to somebody else after its user was deleted.
            if deleted is None or login not in known:
                name = " ".join(filter(None, (first, last)))
                known[login] = owner_record(login, name, email or "", enabled=not disabled and deleted is None)
    elif "smp_user" in snapshot.columns:
        known = {login: owner_record(login) for (login,) in snapshot.rows("SELECT username FROM smp_user")}
    unknown = _UNKNOWN if "smp_secuser" in snapshot.columns else "SELECT DISTINCT username FROM smp_ownership"
    for (login,) in snapshot.rows(unknown):
        known.setdefault(login, owner_record(login))
    yield from known.values()
