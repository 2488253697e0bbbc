# SPDX-License-Identifier: Apache-2.0
"""Who is in a directory, by its own export: CSV, JSON or XML, as phoss-directory writes them, from a file or the web.

Read as a stream, whatever its size up to a bound: the export of a large network has millions of participants.
"""

import contextlib
import csv
import io
import json
import re
import ssl
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin

import httpx2
from lxml import etree

from registry.errors import ConfigurationError, TechnicalError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from trust_lists.errors import SourceError
from trust_lists.sources.addresses import AddressPolicy
from trust_lists.sources.guarded_transport import GuardedTransport

MAX_BYTES = 2_000_000_000
MAX_SECONDS = 1_800.0
_MAX_REDIRECTIONS = 3
_PART = 65_536
_MAX_LINE = 4_096
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_HEAD = re.compile(r'"participants"\s*:\s*\[')
_BROKEN = "the export of the directory can't be read: "


@contextlib.contextmanager
def open_export(
    source: str | Path, tls: ssl.SSLContext, networks: Sequence[str] = (), *, max_bytes: int = MAX_BYTES
) -> Iterator[Iterator[ParticipantIdentifier]]:
    """The participants of an export, at an address or in a file.

    `networks` that aren't public may be asked. Raises TechnicalError where it can't be had, ConfigurationError for a
    file that can't be read; while it is read ValidationError for what is no export.
    """
    if isinstance(source, Path):
        try:
            file: IO[bytes] = source.open("rb")
        except OSError as error:
            raise ConfigurationError(f"{source} can't be read: {error.strerror}") from error
        with file:
            yield read_export(file)
        return
    with tempfile.TemporaryFile() as file:
        _fetch(source, tls, networks, file, max_bytes)
        file.seek(0)
        yield read_export(file)


def _fetch(url: str, tls: ssl.SSLContext, networks: Sequence[str], file: IO[bytes], max_bytes: int) -> None:
    try:
        policy = AddressPolicy.of(networks)
    except SourceError as error:
        raise ConfigurationError(f"directory_networks: {error}") from error
    limits = httpx2.Limits(max_keepalive_connections=0)
    until = time.monotonic() + MAX_SECONDS
    try:
        with httpx2.Client(transport=GuardedTransport(policy, tls, limits), timeout=30.0) as client:
            for _ in range(_MAX_REDIRECTIONS + 1):
                if not url.startswith("https://"):
                    raise TechnicalError(f"the directory's export is at {url[:200]}, which isn't https")
                with client.stream("GET", url, headers={"accept-encoding": "identity"}) as response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers.get("location", ""))
                        continue
                    if response.status_code != 200:
                        raise TechnicalError(f"the directory's export at {url} has status {response.status_code}")
                    size = 0
                    for part in response.iter_raw(_PART):
                        size += len(part)
                        if size > max_bytes or time.monotonic() > until:
                            raise TechnicalError(f"the directory's export at {url} is too long")
                        file.write(part)
                    return
    except (httpx2.HTTPError, httpx2.InvalidURL, SourceError, OSError, ValueError) as error:
        raise TechnicalError(f"the directory's export at {url[:200]} can't be had: {error}") from error
    raise TechnicalError("the directory's export is redirected too often")


def read_export(file: IO[bytes]) -> Iterator[ParticipantIdentifier]:
    """The participants of an export, in its order. Raises ValidationError for what is none."""
    head = file.read(_PART).lstrip(b"\xef\xbb\xbf \t\r\n")
    file.seek(0)
    if head.startswith(b"<"):
        yield from _of_xml(file)
    elif head.startswith((b"{", b"[")):
        yield from _of_json(file)
    else:
        yield from _of_csv(file)


def _of_csv(file: IO[bytes]) -> Iterator[ParticipantIdentifier]:
    """The first column; the line with its name, or an empty one, is passed over."""
    lines = io.TextIOWrapper(_Kept(file), encoding="utf-8-sig", newline="")
    try:
        head = lines.readline(_MAX_LINE)
        for row in csv.reader([head], delimiter=_delimiter(head)):
            if row and "::" in row[0]:
                yield _participant(row[0])
        for row in csv.reader(_bounded(lines), delimiter=_delimiter(head)):
            if row and row[0].strip():
                yield _participant(row[0])
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValidationError.of("DIRECTORY-EXPORT", f"{_BROKEN}{error}") from error


def _delimiter(head: str) -> str:
    return ";" if head.count(";") > head.count(",") else ","


def _bounded(lines: IO[str]) -> Iterator[str]:
    while line := lines.readline(_MAX_LINE):
        if len(line) == _MAX_LINE:
            raise ValidationError.of("DIRECTORY-EXPORT", f"{_BROKEN}a line has {_MAX_LINE} characters or more")
        yield line


def _of_json(file: IO[bytes]) -> Iterator[ParticipantIdentifier]:
    """The texts in `participants`."""
    lines = io.TextIOWrapper(_Kept(file), encoding="utf-8-sig", newline="")
    try:
        held = lines.read(_PART)
        begin = _HEAD.search(held)
        if begin is None:
            raise ValidationError.of("DIRECTORY-EXPORT", f"{_BROKEN}there are no participants in its JSON")
        held = held[begin.end() :]
        while True:
            place = 0
            while (found := _STRING.match(held, place := _gap(held, place))) is not None:
                yield _participant(json.loads(found[0]))
                place = found.end()
            held = held[place:]
            if held.startswith("]"):
                return
            if len(held) > _MAX_LINE or not (more := lines.read(_PART)):
                raise ValidationError.of("DIRECTORY-EXPORT", f"{_BROKEN}its JSON breaks off, or holds no texts")
            held += more
    except (ValueError, RecursionError) as error:
        if isinstance(error, ValidationError):
            raise
        raise ValidationError.of("DIRECTORY-EXPORT", f"{_BROKEN}{error}") from error


def _gap(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n,":
        place += 1
    return place


def _of_xml(file: IO[bytes]) -> Iterator[ParticipantIdentifier]:
    """The elements `participantID` of an export of participants, `participant` of one of business cards."""
    tags = ("{*}participantID", "{*}participant")
    bounds: dict[str, Any] = {"resolve_entities": False, "load_dtd": False, "no_network": True, "huge_tree": False}
    try:
        for _, element in etree.iterparse(file, events=("end",), tag=("{*}*",), **bounds):
            if element.getroottree().docinfo.internalDTD is not None:
                raise ValidationError.of("DIRECTORY-EXPORT", f"{_BROKEN}it declares a document type")
            if etree.QName(element).localname in {tag[3:] for tag in tags}:
                yield _participant(f"{element.get('scheme', '')}::{element.get('value', '')}")
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise ValidationError.of("DIRECTORY-EXPORT", f"{_BROKEN}{error}") from error


def _participant(text: str) -> ParticipantIdentifier:
    try:
        return ParticipantIdentifier.parse(text.strip())
    except ValidationError as error:
        raise ValidationError.of("DIRECTORY-EXPORT", f"{_BROKEN}{text[:100]!r} is no participant") from error


class _Kept(io.BufferedReader):
    """A file that isn't closed with the text that is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(io.FileIO(file.fileno(), closefd=False))
