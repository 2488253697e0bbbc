# SPDX-License-Identifier: Apache-2.0
"""What name servers were last seen to serve: whether one is silent, behind, or so far ahead that it takes no more."""

from collections.abc import Iterator

from registry.app.doctor.findings import Finding, warning
from registry.dns.server_troubles import Trouble, trouble_of
from registry.storage.engine import Database
from registry.storage.queries import name_servers


def check_served_zones(database: Database) -> Iterator[Finding]:
    """Servers with another serial than ours (RFC 1982 §3.2), or with none, after some minutes."""
    with database.read() as connection:
        found = [
            (zone, row, trouble_of(connection, zone, row, row.looked_at or database.now()))
            for zone, row in name_servers.observed(connection)
        ]
    for zone, row, trouble in found:
        subject = f"{zone.name} {row.address}"
        where = f"{row.address} has the serial {row.serial} of {zone.name}"
        match trouble:
            case Trouble.AHEAD:
                remedy = (
                    f"This database is older than what was published: `registry dns check {zone.name}` shows what "
                    f"differs, `registry dns repair {zone.name}` goes on with a serial beyond all that are served."
                )
                what = f"{where}, which is ahead of ours, {zone.serial}"
                yield warning("DOCTOR-DNS-AHEAD", what, remedy, subject)
            case Trouble.BEHIND:
                remedy = "`registry dns status` tells how NOTIFY, transfers and pushes went; its log may tell why."
                what = f"{where}, which is behind ours, {zone.serial}, for minutes"
                yield warning("DOCTOR-DNS-BEHIND", what, remedy, subject)
            case Trouble.SILENT:
                what = f"{row.address} gives no good answer for {zone.name}: {row.failure}"
                remedy = "See that it runs, serves the zone, and can be reached."
                yield warning("DOCTOR-DNS-SILENT", what, remedy, subject)
            case None:
                pass
