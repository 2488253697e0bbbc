# SPDX-License-Identifier: Apache-2.0
"""Imports OpenPeppol's code lists into a domain; they are not part of the product."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from registry.app.instance import Instance
from registry.audit.events import record
from registry.errors import ConfigurationError, Reason, ValidationError
from registry.identifiers.code_lists import CodeList, Kind
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import code_lists, domains


def import_code_lists(instance: Instance, actor: Actor, name: str, files: Sequence[Path]) -> StoredDomain:
    """Put code lists in force in a domain, each in the place of the one of its kind; all files or none.

    Does nothing about lists that say what those in force say. Raises NotFoundError for an unknown domain,
    ConfigurationError for a file that can't be read, and ValidationError with a reason for every file that is no code
    list or of the same kind as another.
    """
    instance.directory.refresh()
    stored = instance.directory.get(name)
    read = _read_all(files)
    with instance.database.write(actor) as work:
        held = code_lists.all_lists(work.connection).get(stored.id, {})
        new = {kind: item for kind, item in read.items() if item[0] != held.get(kind)}
        if new:
            domains.move_version(work, stored.id)
        for kind, (item, content) in new.items():
            code_lists.put(work, stored.id, item, content)
            record(
                work,
                "domains:code-list:import",
                f"domain:{name}",
                domain_id=stored.id,
                before=_audited(held[kind]) if kind in held else None,
                after=_audited(item),
            )
    instance.directory.refresh()
    return instance.directory.get(name)


def _read_all(files: Sequence[Path]) -> dict[Kind, tuple[CodeList, str]]:
    read: dict[Kind, tuple[CodeList, str]] = {}
    reasons: list[Reason] = []
    for file in files:
        try:
            data = file.read_bytes()
            item = CodeList.from_json(data)
        except OSError as error:
            raise ConfigurationError(f"{file} can't be read: {error.strerror}") from error
        except ValidationError as error:
            reasons += [Reason(reason.id, f"{file}: {reason.message}") for reason in error.reasons]
            continue
        if item.kind in read:
            reasons.append(Reason("CODE-LIST-TWICE", f"{file}: another file has {item.kind} codes, too"))
        read[item.kind] = item, json.dumps(json.loads(data))  # as ASCII, whatever the file's encoding
    if reasons:
        raise ValidationError(reasons)
    return read


def _audited(item: CodeList) -> dict[str, Any]:
    return {"kind": item.kind.value, "version": item.version, "rows": len(item.entries)}
