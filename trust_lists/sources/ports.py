# SPDX-License-Identifier: Apache-2.0
"""What a source of lists is: something that has the document of a location, be it the web or a folder.

Nothing that comes from a source is believed: who signed it decides, and that is asked elsewhere. What is refused here
is what can't be a list at all, so that an error page is called by its name (TS 119 612 §6.1).
"""

import re
from dataclasses import dataclass
from typing import Protocol

from trust_lists.errors import SourceError

HEAD = 4096
"""How many bytes are looked at to tell what a document is."""
_HTML = re.compile(rb"<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_LIST = re.compile(rb"<(?:[A-Za-z0-9._-]+:)?(?:TrustServiceStatusList|ListOfTrustedEntities)[\s>]")
_BLANKS = b"\xef\xbb\xbf \t\r\n"


@dataclass(frozen=True, slots=True)
class Known:
    """What is at hand of a document already; a source may then answer that it hasn't changed.

    `digest_file` lets a source also look at the `.sha2` file beside the list, which is a hint and proves nothing.
    """

    sha256: str
    etag: str = ""
    last_modified: str = ""
    digest_file: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something about how a document came that doesn't matter to its signature: a sub-status of ours, and a sentence.

    TS 119 615 GPR-4.0-03 wants a warning sub-status where https failed, and has no code for it.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as a source gave it; `data` is None where it hasn't changed since `Known`.

    `location` is where it came from in the end: after redirections, or the file.
    """

    data: bytes | None
    location: str
    etag: str = ""
    last_modified: str = ""
    doubts: tuple[Doubt, ...] = ()


class Source(Protocol):
    """Where lists come from."""

    def fetch(self, url: str, *, territory: str = "", known: Known | None = None) -> Fetched:
        """The document of a location; `territory` says whose list is expected, where that is known.

        Raises SourceError, its reason_id one of FETCH_*.
        """
        ...


def refuse_no_list(data: bytes | bytearray, media_type: str = "") -> tuple[Doubt, ...]:
    """Refuses what is no list by its first bytes and its media type; returns what is doubtful about it.

    Servers do label lists as HTML: the bytes decide where they show a list. Raises SourceError FETCH_EMPTY, FETCH_PDF,
    FETCH_HTML.
    """
    head = bytes(data[:HEAD]).lstrip(_BLANKS)
    if not head:
        raise SourceError("FETCH_EMPTY", "the document is empty")
    kind = media_type.partition(";")[0].strip().lower()
    if head.startswith(b"%PDF-"):
        raise SourceError("FETCH_PDF", "this is a PDF file, not a list in XML or JSON")
    if _LIST.search(head):
        wrong = kind in {"text/html", "application/pdf"}
        text = f"the server calls the list {kind}, and not application/vnd.etsi.tsl+xml"
        return (Doubt("OWN_WARNING_MEDIA_TYPE", text),) if wrong else ()
    if _HTML.search(head) or kind in {"text/html", "application/xhtml+xml"}:
        raise SourceError("FETCH_HTML", "this is a web page, not a list; often an error page of the server")
    if kind == "application/pdf":
        raise SourceError("FETCH_PDF", "the server says that this is a PDF file")
    return ()
