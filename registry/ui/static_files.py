# SPDX-License-Identifier: Apache-2.0
"""Style sheet, script and icon: read once, compressed once, and kept by browsers for as long as they don't change.

Pages aren't compressed: they hold what only their visitor may see beside what was asked for, and a length that tells
of both is an oracle (BREACH).
"""

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files

from starlette.responses import Response

_MEDIA_TYPES = {
    "style.css": "text/css; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class _Held:
    body: bytes
    compressed: bytes
    media_type: str
    version: str


class StaticFiles:
    """The files of static/ that are for browsers."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._held = {name: _read(name, media_type) for name, media_type in _MEDIA_TYPES.items()}

    def url(self, name: str) -> str:
        """The path of a file, another one for every content."""
        return f"{self._root}/static/{name}?v={self._held[name].version}"

    def answer(self, name: str, accept_encoding: str) -> Response | None:
        """A file; None where there is none of this name."""
        held = self._held.get(name)
        if held is None:
            return None
        headers = {
            "cache-control": "public, max-age=31536000, immutable",
            "content-type": held.media_type,
            "vary": "accept-encoding",
        }
        if any(item.partition(";")[0].strip() == "gzip" for item in accept_encoding.split(",")):
            return Response(held.compressed, headers={**headers, "content-encoding": "gzip"})
        return Response(held.body, headers=headers)


def _read(name: str, media_type: str) -> _Held:
    body = (files("registry.ui") / "static" / name).read_bytes()
    return _Held(body, gzip.compress(body, 9, mtime=0), media_type, hashlib.sha256(body).hexdigest()[:16])
