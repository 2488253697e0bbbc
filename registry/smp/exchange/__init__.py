# SPDX-License-Identifier: Apache-2.0
"""Import and export: documents of every dialect, exports of phoss SMP, and JSON lines."""

from registry.smp.exchange.exporter import Exported, Exporter, file_name
from registry.smp.exchange.importer import Importer
from registry.smp.exchange.sources import files_of
from registry.smp.exchange.verdicts import TAKEN, ImportedDocument, Verdict

__all__ = ["TAKEN", "Exported", "Exporter", "ImportedDocument", "Importer", "Verdict", "file_name", "files_of"]
