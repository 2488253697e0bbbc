# SPDX-License-Identifier: Apache-2.0
"""Forms with files: multipart/form-data (RFC 7578), taken apart in one pass over octets that are bounded already.

Only the headers of parts go through the parser of the standard library, which would see more parts inside of parts.
"""

from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import collapse_rfc2231_value
from typing import Final

MEDIA_TYPE: Final = "multipart/form-data"
MAX_PARTS: Final = 20
MAX_HEAD: Final = 4_000  # octets of the headers of a part
MAX_BOUNDARY: Final = 70  # RFC 2046 §5.1.1
_PLAIN = frozenset({"", "7bit", "8bit", "binary"})


class MultipartError(Exception):
    """A form is not one that a browser sends."""


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a form; `filename` is None where it is no file, and what the visitor says where it is one."""

    name: str
    filename: str | None
    content: bytes


def parse_multipart(content_type: str, body: bytes, most: int = MAX_PARTS) -> list[Part]:
    """The fields of a form in their order, `most` at most. Raises MultipartError."""
    delimiter = b"\r\n--" + _boundary(content_type)
    _preamble, *pieces = (b"\r\n" + body).split(delimiter, most + 1)
    if not pieces or not pieces[-1].startswith(b"--"):
        raise MultipartError("the form has no end, or too many fields")
    return [_part(piece) for piece in pieces[:-1]]


def _boundary(content_type: str) -> bytes:
    header = Message()
    try:
        header["content-type"] = content_type
        boundary = header.get_boundary()
    except (MessageError, ValueError):
        boundary = None
    if header.get_content_type() != MEDIA_TYPE or not boundary or not boundary.isascii():
        raise MultipartError("the form does not say where its fields begin")
    if len(boundary) > MAX_BOUNDARY:
        raise MultipartError("the boundary is too long")
    return boundary.encode()


def _part(piece: bytes) -> Part:
    head, end, content = piece.lstrip(b" \t").partition(b"\r\n\r\n")
    if not end or not head.startswith(b"\r\n") or len(head) > MAX_HEAD:
        raise MultipartError("a field has no headers, or too many")
    headers = BytesHeaderParser().parsebytes(head[2:])
    name = headers.get_param("name", header="content-disposition")
    if headers.get_content_disposition() != "form-data" or not isinstance(name, str) or not name:
        raise MultipartError("a field has no name")
    if str(headers.get("content-transfer-encoding", "")).strip().lower() not in _PLAIN:
        raise MultipartError("a field is encoded (RFC 7578 §4.7)")
    filename = headers.get_param("filename", header="content-disposition")
    return Part(name, None if filename is None else collapse_rfc2231_value(filename), content)
