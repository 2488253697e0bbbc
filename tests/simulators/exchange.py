# SPDX-License-Identifier: Apache-2.0
"""What tests of import and export do over and over."""

from pathlib import Path

from registry.smp.business_cards import BusinessCards
from registry.smp.exchange import Exporter, ImportedDocument, Importer
from tests.simulators.offline import ACTOR, OfflineInstance


def import_into(target: OfflineInstance, *paths: Path) -> list[ImportedDocument]:
    """Import everything, business cards included."""
    cards = BusinessCards(target.instance.database)
    importer = Importer(target.instance.publishing, target.stored, business_cards=cards)
    return list(importer.run(ACTOR, paths))


def export_lines(source: OfflineInstance, path: Path) -> bytes:
    """The bytes of an export as JSON lines."""
    exporter = Exporter(source.instance.database, source.instance.signer, source.stored)
    assert not [item for item in exporter.run_json_lines(path) if item.reasons]
    return path.read_bytes()
