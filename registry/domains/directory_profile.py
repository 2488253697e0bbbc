# SPDX-License-Identifier: Apache-2.0
"""The directory in which a domain's participants can be found by name: an indexer as that of the Peppol Directory."""

import hashlib
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from registry.domains.section import Section

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
_MAX_URL = 500


@dataclass(frozen=True, slots=True)
class DirectoryProfile:
    """The directory of a domain. It is told of participants with a public business card; `enabled` says whether now."""

    enabled: bool = False
    url: str = ""
    """Its address, without what an indexer adds: `https://directory.example.org`."""
    key: str = ""
    """By which name the folder of its keys has our key and certificate, as a rule those of the SMP."""
    authorities: str = ""
    """By which name that folder has those who may have issued its own certificate; empty: as the system says."""
    export: str = ""
    """Where it lists its participants; empty: where the Peppol Directory does, below `url`."""

    @property
    def address(self) -> str:
        """16 hexadecimal digits that stand for `url`: who was told at another one, has to be told anew."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]

    @property
    def export_url(self) -> str:
        """Where its participants are listed."""
        return self.export or f"{self.url}/export/participants-csv"

    @classmethod
    def read(cls, section: Section) -> Self:
        """From the section `directory`; complains there."""
        enabled = section.flag("enabled", default=False)
        profile = cls(
            enabled=enabled,
            url=_url(section, "url").rstrip("/"),
            key=_name(section, "key"),
            authorities=_name(section, "authorities"),
            export=_url(section, "export"),
        )
        if enabled and not profile.url:
            section.complain("url", "one is needed where the directory is enabled")
        if enabled and not profile.key:
            section.complain("key", "one is needed where the directory is enabled")
        return profile


def _name(section: Section, key: str) -> str:
    text = section.text(key)
    if text and not _NAME.fullmatch(text):
        section.complain(key, "the name of a file is wanted without its .pem: lower-case letters, digits, hyphens")
    return text


def _url(section: Section, key: str) -> str:
    text = section.text(key)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        good = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        good = False
    plain = text.isascii() and text.isprintable() and not set(text) & set(' "<>\\^`{|}#')
    if not good or not plain or len(text) > _MAX_URL or (key == "url" and "?" in text):
        section.complain(key, "an address https://host/path is wanted, without a user")
    return text
