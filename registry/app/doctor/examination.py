# SPDX-License-Identifier: Apache-2.0
"""Looks at everything that can be looked at; where one thing can't, the others still are."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.app.doctor.database import check_database, check_history, check_master_key, check_schema
from registry.app.doctor.domains import check_domains
from registry.app.doctor.files import check_disk, check_secrets, check_tls
from registry.app.doctor.findings import Finding, Level, error, hint
from registry.app.doctor.limits import check_listeners
from registry.app.doctor.name_servers import NameServers, Serials, check_name_servers
from registry.app.doctor.restored import check_restored
from registry.app.doctor.served_zones import check_served_zones
from registry.app.doctor.work import check_access, check_backup, check_work
from registry.app.instance import Instance
from registry.clock import Clock, system_clock
from registry.errors import ConfigurationError, RegistryError
from registry.settings import Settings
from registry.storage.engine import Database, PoolLimits
from registry.storage.migrate import newest_version, schema_version

_ORDER = list(Level)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at beside the rest: public name servers, and what a restore leaves to people."""

    online: bool = False
    after_restore: bool = False


def examine(
    settings: Settings,
    wanted: Wanted,
    *,
    clock: Clock = system_clock,
    serials_of: Callable[[str], Serials] | None = None,
) -> list[Finding]:
    """Everything that was found, the worst first. Writes nothing, and doesn't bring the database up to date."""
    found: list[Finding] = []
    now = clock()
    for check in (
        lambda: check_listeners(settings),
        lambda: check_secrets(settings),
        lambda: check_tls(settings, now),
        lambda: check_disk(settings),
        lambda: _check_installation(settings, wanted, clock, serials_of),
    ):
        found += _survived(check)
    return sorted(dict.fromkeys(found), key=lambda finding: _ORDER.index(finding.level))


def _survived(check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What a check finds; where it fails, that."""
    try:
        yield from check()
    except (RegistryError, OSError) as problem:
        yield error("DOCTOR-CHECK", f"something could not be looked at: {problem}", "Mend that, and look again.")


def _check_installation(
    settings: Settings, wanted: Wanted, clock: Clock, serials_of: Callable[[str], Serials] | None
) -> Iterator[Finding]:
    try:
        limits = PoolLimits(2, settings.database_acquire_s, settings.database_statement_s, settings.database_lock_s)
        database = Database(settings.database_url, clock, limits=limits)
    except ConfigurationError as problem:
        yield error("DOCTOR-DATABASE", str(problem), "See REGISTRY_DATABASE_URL.")
        return
    try:
        if database.is_sqlite and not Path(str(database.url.database)).exists():
            what = f"there is no database {database.url.database} yet"
            yield hint("DOCTOR-NEW", what, "`registry serve` makes it; if there was one, see REGISTRY_DATA_DIR.")
            return
        try:
            yield from check_database(settings, database)
        except RegistryError as problem:
            what = f"the database can't be reached: {problem}"
            yield error("DOCTOR-DATABASE", what, "Start it, or see REGISTRY_DATABASE_URL, user and password.")
            return
        yield from _survived(lambda: check_schema(database))
        yield from _survived(lambda: check_master_key(settings, database))
        if schema_version(database) != newest_version(database):
            return  # the rest asks tables that may not be there
        yield from _check_contents(settings, wanted, database, serials_of)
    finally:
        database.dispose()


def _check_contents(
    settings: Settings, wanted: Wanted, database: Database, serials_of: Callable[[str], Serials] | None
) -> Iterator[Finding]:
    checks: list[Callable[[], Iterable[Finding]]] = [
        lambda: check_history(database),
        lambda: check_domains(settings, Instance(database, data_dir=settings.data_dir)),
        lambda: check_work(settings, database),
        lambda: check_access(database),
        lambda: check_served_zones(database),
        lambda: check_backup(settings, database.now()),
    ]
    if wanted.online:
        checks.append(
            lambda: check_name_servers(database, serials_of or NameServers(settings.resolver_dns).serials),
        )
    if wanted.after_restore:
        checks.append(lambda: check_restored(database))
    for check in checks:
        yield from _survived(check)
