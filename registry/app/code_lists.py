# SPDX-License-Identifier: Apache-2.0
"""Brings OpenPeppol's code lists into a domain; they are not part of the product."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from registry.app.instance import Instance
from registry.audit.events import record
from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import Fetcher
from registry.domains.host_name import is_loopback
from registry.errors import ConfigurationError, ConflictError, Reason, TechnicalError, ValidationError
from registry.identifiers.code_list_diff import CodeChange, CodeListDiff, compare
from registry.identifiers.code_list_files import read_code_list
from registry.identifiers.code_lists import CodeList, Kind
from registry.identifiers.text import shorten
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import code_lists, domains
from registry.storage.unit_of_work import UnitOfWork

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PlannedCodeList:
    """A list that can be put in force, and what that would change."""

    item: CodeList
    content: str
    """Its JSON text, as it will be kept."""
    before: CodeList | None
    diff: CodeListDiff
    concerned: tuple[tuple[CodeChange, int], ...]
    """Codes that nothing new can be registered with any more, with how much is published or registered with them."""


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
        _put(work, stored, code_lists.all_lists(work.connection).get(stored.id, {}), read)
    instance.directory.refresh()
    return instance.directory.get(name)


def plan_code_list(instance: Instance, name: str, data: bytes) -> PlannedCodeList:
    """What a file would change in a domain. Raises NotFoundError, and ValidationError when it is no code list."""
    instance.directory.refresh()
    stored = instance.directory.get(name)
    item, content = read_code_list(data)
    with instance.database.read() as connection:
        before = code_lists.all_lists(connection).get(stored.id, {}).get(item.kind)
        diff = compare(before, item)
        stopped = [change for change in diff.changes if change.stops_new_entries]
        uses = [
            (change, code_lists.uses(connection, stored.id, item.kind, change.scheme, change.value))
            for change in stopped
        ]
    return PlannedCodeList(item, content, before, diff, tuple((change, number) for change, number in uses if number))


def apply_code_list(instance: Instance, actor: Actor, name: str, planned: PlannedCodeList) -> StoredDomain:
    """Put a planned list in force. Raises ConflictError where another one came in force since it was planned."""
    instance.directory.refresh()
    stored = instance.directory.get(name)
    kind = planned.item.kind
    with instance.database.write(actor) as work:
        held = code_lists.all_lists(work.connection).get(stored.id, {})
        if held.get(kind) != planned.before:
            raise ConflictError(f"another list of {kind} codes came in force meanwhile; look at the difference again")
        _put(work, stored, held, {kind: (planned.item, planned.content)})
    instance.directory.refresh()
    return instance.directory.get(name)


def fetch_code_list(source: str, sha256: str, fetcher: Fetcher) -> bytes:
    """The file at a URL or a path, if it has the SHA-256 hash (hex) that was agreed on.

    Raises ConfigurationError for what is no hash and for a URL that isn't https (http only on this machine),
    TechnicalError when there is no answer, ValidationError CODE-LIST-HASH when the file is another one.
    """
    wanted = sha256.strip().lower()
    if not _SHA256.fullmatch(wanted):
        raise ConfigurationError(f"a SHA-256 hash has 64 hex digits, not {shorten(sha256)}")
    data = _download(source, fetcher) if "://" in source else read_file(Path(source))
    found = hashlib.sha256(data).hexdigest()
    if found != wanted:
        message = f"{source} has the SHA-256 hash {found}, not {wanted}: it is not the file that was agreed on"
        raise ValidationError.of("CODE-LIST-HASH", message)
    return data


def read_file(file: Path) -> bytes:
    """The content of a file. Raises ConfigurationError when it can't be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} can't be read: {error.strerror}") from error


def _download(url: str, fetcher: Fetcher) -> bytes:
    if not _is_safe(url):
        raise ConfigurationError(
            f"{shorten(url)} is refused: lists are fetched by https, by http only from this machine"
        )
    try:
        answer = fetcher.fetch(url)
    except TechnicalFailureError as error:
        raise TechnicalError(str(error)) from error
    if answer.status != 200:
        elsewhere = f", and names {shorten(answer.location)}" if answer.location else ""
        raise TechnicalError(f"{url} answers with status {answer.status}{elsewhere}")
    return answer.body


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and is_loopback(host)


def _put(
    work: UnitOfWork, stored: StoredDomain, held: Mapping[Kind, CodeList], read: Mapping[Kind, tuple[CodeList, str]]
) -> None:
    new = {kind: item for kind, item in read.items() if item[0] != held.get(kind)}
    if new:
        domains.move_version(work, stored.id)
    for kind, (item, content) in new.items():
        code_lists.put(work, stored.id, item, content)
        record(
            work,
            "domains:code-list:import",
            f"domain:{stored.domain.name}",
            domain_id=stored.id,
            before=_audited(held[kind]) if kind in held else None,
            after=_audited(item),
        )


def _read_all(files: Sequence[Path]) -> dict[Kind, tuple[CodeList, str]]:
    read: dict[Kind, tuple[CodeList, str]] = {}
    reasons: list[Reason] = []
    for file in files:
        try:
            item, content = read_code_list(read_file(file))
        except ValidationError as error:
            reasons += [Reason(reason.id, f"{file}: {reason.message}") for reason in error.reasons]
            continue
        if item.kind in read:
            reasons.append(Reason("CODE-LIST-TWICE", f"{file}: another file has {item.kind} codes, too"))
        read[item.kind] = item, content
    if reasons:
        raise ValidationError(reasons)
    return read


def _audited(item: CodeList) -> dict[str, Any]:
    return {"kind": item.kind.value, "version": item.version, "rows": len(item.entries)}
