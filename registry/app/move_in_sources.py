# SPDX-License-Identifier: Apache-2.0
"""Which source an operator means: opened by its kind, and told without its secrets.

A source needs what its kind needs, and says so where it is missing; drivers and readers are loaded only then.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from registry.app.instance import Instance, make_private_folder
from registry.errors import ConfigurationError
from registry.move_in.model import Source, SourceKind
from registry.settings import Settings
from registry.storage.domain_directory import StoredDomain

if TYPE_CHECKING:
    from registry.move_in.sources.sql import Snapshot

SML_KINDS = frozenset({SourceKind.DOMISML_SQL})
"""Sources that fill the domains of an SML, which are found or made as they are loaded."""


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """Where an old system's data are: a database or an SMP (`url`), a file with an export, a dump, a list, or both.

    `time_zone` is that of the computer of a phoss SMP, whose database keeps local times; `old_domain` which one of a
    DomiSMP's domains is meant. A crawl asks in `dialect` (empty: the domain's first) and so many times a second.
    """

    kind: SourceKind
    url: str = field(default="", repr=False)
    file: Path | None = None
    time_zone: str = "UTC"
    dialect: str = ""
    rate: float = 50.0
    old_domain: str = ""

    @property
    def described(self) -> str:
        """Where it is, without user and password. A file counts before a URL, but for a list of whom to ask about."""
        if self.file is not None and self.kind is not SourceKind.SMP_CRAWL:
            return str(self.file.absolute())
        return without_secrets(self.url)

    def options(self) -> dict[str, Any]:
        """What isn't where it is, as JSON values: arguments of this class."""
        return {
            "time_zone": self.time_zone,
            "dialect": self.dialect,
            "rate": self.rate,
            "old_domain": self.old_domain,
        }


def without_secrets(url: str) -> str:
    """A URL without user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def open_source(instance: Instance, settings: Settings, choice: SourceChoice, stored: StoredDomain | None) -> Source:
    """The source, which the caller closes. Raises ConfigurationError where something is missing to open it."""
    match choice.kind:
        case SourceKind.PHOSS_XML:
            from registry.move_in.sources.phoss_xml import PhossXml

            return PhossXml(_file(choice, "the export of the phoss SMP"))
        case SourceKind.CSV:
            from registry.move_in.sources.csv_file import CsvFile

            return CsvFile(_file(choice, "the list"))
        case SourceKind.PHOSS_SQL:
            from registry.move_in.sources.phoss_sql import PhossSql

            return PhossSql(_snapshot(settings, choice), _zone(choice.time_zone))
        case SourceKind.DOMISMP_SQL:
            from registry.move_in.sources.domismp_sql import DomiSmpSql

            return DomiSmpSql(_snapshot(settings, choice), choice.old_domain)
        case SourceKind.DOMISML_SQL:
            from registry.move_in.sources.domisml_sql import DomiSmlSql

            return DomiSmlSql(_snapshot(settings, choice))
        case SourceKind.SMP_CRAWL:
            return _crawl(instance, choice, stored)


def _crawl(instance: Instance, choice: SourceChoice, stored: StoredDomain | None) -> Source:
    from registry.move_in.sources.smp_crawl import Pace, SmpCrawl
    from registry.smp.documents.catalogue import DIALECTS

    if stored is None or not choice.url:
        raise ConfigurationError("which SMP is to be asked? Say --url with its base URL")
    dialect = DIALECTS.get(choice.dialect or stored.domain.smp.dialects[0])
    if dialect is None:
        raise ConfigurationError(f"--dialect is one of {', '.join(DIALECTS)}, not {choice.dialect!r}")
    trust = instance.trust_models.of(stored.domain)
    listed = _file(choice, "the list of participants")
    return SmpCrawl(stored.domain, dialect, choice.url, listed, trust=trust, pace=Pace(rate=choice.rate))


def _snapshot(settings: Settings, choice: SourceChoice) -> "Snapshot":
    if choice.file is not None:
        from registry.move_in.sources.sql_dump import open_dump

        return open_dump(choice.file, move_in_folder(settings))
    if not choice.url:
        message = f"where is the database? {choice.kind} needs --url, or REGISTRY_MOVE_IN_URL, or --file with a dump"
        raise ConfigurationError(message)
    from registry.move_in.sources.sql import open_database

    return open_database(choice.url)


def move_in_folder(settings: Settings) -> Path:
    """Where what is read of sources waits; nobody else can look into it. Raises ConfigurationError."""
    folder = settings.data_dir / "move-in"
    make_private_folder(folder)
    return folder


def _file(choice: SourceChoice, what: str) -> Path:
    if choice.file is None:
        raise ConfigurationError(f"where is {what}? Say --file")
    return choice.file


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(f"--time-zone {name!r} is no time zone, such as Europe/Vienna") from error
