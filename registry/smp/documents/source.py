# SPDX-License-Identifier: Apache-2.0
"""A document as it came in: the tree that the hardened parser makes of it, and its bytes as UTF-8.

Extensions are kept as slices of the source, so from here on the source has one encoding. Documents arrive as UTF-8
(eDelivery SMP TAD TA21), but old exports also say ISO-8859-1 or UTF-16. Which encodings are read is decided by
the parser; what passed it is only followed here.
"""

import codecs
import re

from lxml import etree

from registry.errors import ValidationError
from trust_lists.errors import XmlRefusedError
from trust_lists.xml import parse_xml

_DECLARATION = re.compile(r"<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"""<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"']{1,40})["']""")


def read_source(data: bytes) -> tuple[etree._Element, bytes]:
    """The root element, and the UTF-8 bytes (without byte order mark and XML declaration) that it stands for.

    Raises ValidationError with the reason of the hardened parser: encoding, size, DOCTYPE, not well-formed, depth,
    number of namespaces or attributes.
    """
    try:
        root = parse_xml(data)
    except XmlRefusedError as error:
        raise refused(error) from error
    return root, _as_utf8(data)


def refused(error: XmlRefusedError) -> ValidationError:
    """What the hardened parser says, in this package's own tree of errors."""
    return ValidationError.of(error.reason_id, str(error), "XML 1.0")


def _as_utf8(data: bytes) -> bytes:
    declared = _ENCODING.match(data[:400])
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        encoding = declared[1].decode() if declared else "utf-8"
    text = data.decode(encoding).removeprefix("\ufeff")
    # Bytes without a declaration are UTF-8 by definition, whatever it said before.
    declaration = _DECLARATION.match(text)
    return (text[declaration.end() :] if declaration else text).encode()
