# SPDX-License-Identifier: Apache-2.0
"""Collects evidence for the decisions of a domain: about all certificates that it holds, into its folder.

Whoever decides takes the new snapshot with the next question, whichever process collected it.
"""

from collections.abc import Iterable
from pathlib import Path

from registry.app.instance import Instance
from registry.app.trust_models import trust_folder
from registry.errors import TechnicalError
from registry.impact.held import read_holdings
from registry.storage.domain_directory import StoredDomain
from registry.trust.model import configuration_of
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import SourceError
from trust_lists.sources.attempts import Fetcher, Progress
from trust_lists.sources.collecting import CollectReport, collect
from trust_lists.xml import MAX_LIST_BYTES

FILES = "files"
"""The folder, beside the evidence of a domain, of what its model names as a file."""


def collect_evidence(
    instance: Instance,
    stored: StoredDomain,
    data_dir: Path,
    fetcher: Fetcher,
    progress: Progress | None = None,
    *,
    parties: Iterable[str] = (),
) -> CollectReport:
    """Fetch what the domain's trust model asks for; what single servers refuse is in the report.

    `parties` are entity identifiers in federations. Raises ConfigurationError; TechnicalError where the folder can't
    be used, or another process collects.
    """
    folder = trust_folder(data_dir, stored.domain.name)
    configuration = configuration_of(stored.domain)
    with instance.database.read() as connection:
        held = read_holdings(connection, stored).certificates
    certificates = [ListedCertificate(held[digest]) for digest in sorted(held)]

    def file(name: str) -> bytes | None:
        try:
            with (folder / FILES / name).open("rb") as stream:
                return stream.read(MAX_LIST_BYTES + 1)  # so that what is too large is seen to be
        except OSError:
            return None

    try:
        return collect(
            configuration,
            certificates,
            fetcher,
            folder,
            instance.database.now(),
            progress,
            parties=parties,
            files=file,
        )
    except SourceError as error:
        raise TechnicalError(f"evidence for the domain {stored.domain.name}: {error} [{error.reason_id}]") from error
