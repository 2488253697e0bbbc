# SPDX-License-Identifier: Apache-2.0
"""An instance without its listeners: the database at its newest schema, and the use cases on it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from registry.app.trust_models import TrustModels
from registry.clock import Clock, system_clock
from registry.dns.catalog import CatalogZone
from registry.dns.journal import ZoneJournal
from registry.errors import ConfigurationError
from registry.master_key import MasterKey
from registry.settings import Settings
from registry.sml.administration import SmlAdministration
from registry.sml.admission.admission import Admission
from registry.sml.admission.asking import Outside
from registry.sml.admission.posting import guarded_post
from registry.sml.interventions.desk import Interventions
from registry.sml.publishers import Publishers
from registry.sml.registration import Registrar
from registry.sml.service import SmlService
from registry.smp.business_cards import BusinessCards
from registry.smp.publishing import Publishing
from registry.smp.signed_documents import DocumentSigner
from registry.storage.domain_directory import DomainDirectory
from registry.storage.engine import Database, PoolLimits
from registry.storage.installation import check_installation
from registry.storage.migrate import migrate
from registry.storage.unfinished import refuse_unfinished


class Instance:
    """What commands and listeners work with. Use it as a context manager, or `close` it."""

    def __init__(
        self,
        database: Database,
        wake_publisher: Callable[[], None] = lambda: None,
        *,
        data_dir: Path | None = None,
        admission_networks: Sequence[str] = (),
        catalog_zone: str = "",
    ) -> None:
        self.database = database
        self.directory = DomainDirectory(database)
        self.journal = ZoneJournal(wake_publisher)
        self.catalog = CatalogZone(database, self.journal, catalog_zone)
        self.admission = Admission(Outside(guarded_post(admission_networks)))
        self.registrar = Registrar(self.journal, self.admission)
        self.publishers = Publishers(self.journal, self.registrar)
        self.interventions = Interventions(database, self.registrar, self.publishers)
        self.trust_models = TrustModels(data_dir, database.now)
        self.sml = SmlService(database, self.directory, self.journal, self.registrar, self.trust_models.of)
        self.publishing = Publishing(database, self.registrar, self.trust_models.of)
        self.administration = SmlAdministration(database, self.journal, self.registrar, self.trust_models.of)
        self.signer = DocumentSigner(database, self.directory)
        self.business_cards = BusinessCards(database)

    @classmethod
    def open(
        cls, settings: Settings, clock: Clock = system_clock, wake_publisher: Callable[[], None] = lambda: None
    ) -> Self:
        """Open the database that the settings name, and bring it to the newest schema.

        Raises ConfigurationError when the data folder can't be made or the database can't be used.
        """
        make_private_folder(settings.data_dir)
        limits = PoolLimits(
            settings.database_connections,
            settings.database_acquire_s,
            settings.database_statement_s,
            settings.database_lock_s,
        )
        database = Database(settings.database_url, clock, limits=limits)
        try:
            refuse_unfinished(database)  # before a key is made that isn't the one of the backup
            database.master_key = MasterKey.open(settings.master_key_file)
            migrate(database)
            check_installation(database)
            return cls(
                database,
                wake_publisher,
                data_dir=settings.data_dir,
                admission_networks=settings.sml_admission_networks,
                catalog_zone=settings.dns_catalog_zone,
            )
        except BaseException:
            database.dispose()
            raise

    def close(self) -> None:
        """Close the database."""
        self.database.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can read. Raises ConfigurationError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"the data folder {folder} can't be made: {error.strerror}") from error
