# SPDX-License-Identifier: Apache-2.0
"""Takes a JSON object apart by names and types, strictly, and collects everything that is wrong with it."""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from registry.errors import Reason, ValidationError

T = TypeVar("T")
_MAX_REASONS = 100


class JsonReader:
    """One JSON object, read by name; what is wrong is collected in `reasons`, and something empty handed on."""

    def __init__(self, value: Any, where: str, reasons: list[Reason]) -> None:
        self._where = where
        self._reasons = reasons
        self._left = dict(self._expect(value, dict, "an object"))

    def text(self, name: str) -> str:
        """A text; empty where it is absent."""
        return self.optional_text(name) or ""

    def optional_text(self, name: str) -> str | None:
        """A text, or None where it is absent."""
        return _text(self, self._left.pop(name), name) if name in self._left else None

    def flag(self, name: str) -> bool:
        """True or false; false where it is absent."""
        return bool(self._expect(self._left.pop(name, False), bool, "true or false", name))

    def data(self, name: str) -> bytes:
        """Bytes from base64; none where it is absent."""
        return self.optional_data(name) or b""

    def optional_data(self, name: str) -> bytes | None:
        """Bytes from base64, or None where it is absent."""
        text = self.optional_text(name)
        try:
            return None if text is None else base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            self.refuse("not base64", name)
            return b""

    def moment(self, name: str) -> datetime | None:
        """An instant, or None where it is absent."""
        text = self.optional_text(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        self.refuse("not a date and time with a time zone (ISO 8601)", name)
        return None

    def objects(self, name: str, read: Callable[["JsonReader"], T]) -> tuple[T, ...]:
        """A list of objects, each of which `read` takes apart; empty where it is absent."""
        items = self._expect(self._left.pop(name, []), list, "a list", name)
        return tuple(self._object(item, f"{name}[{number}]", read) for number, item in enumerate(items))

    def object(self, name: str, read: Callable[["JsonReader"], T]) -> T:
        """An object that has to be there."""
        return self._object(self._left.pop(name, None), name, read)

    def optional_object(self, name: str, read: Callable[["JsonReader"], T]) -> T | None:
        """An object, or None where it is absent."""
        return self.object(name, read) if name in self._left else None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where it is absent."""
        items = self._expect(self._left.pop(name, []), list, "a list", name)
        return tuple(_text(self, item, f"{name}[{number}]") for number, item in enumerate(items))

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """A list of pairs of texts; empty where it is absent."""
        found: list[tuple[str, str]] = []
        for number, item in enumerate(self._expect(self._left.pop(name, []), list, "a list", name)):
            where = f"{name}[{number}]"
            pair = self._expect(item, list, "a pair of texts", where)
            if len(pair) == 2:
                found.append((_text(self, pair[0], where), _text(self, pair[1], where)))
            else:
                self.refuse("not a pair of texts", where)
        return tuple(found)

    def finish(self) -> None:
        """Refuse what nobody asked for."""
        for name in self._left:
            self.refuse("nothing of this name is known here", name)

    def refuse(self, message: str, name: str = "") -> None:
        """Keep a reason; raises ValidationError once there are more than anybody reads."""
        where = ".".join(
            part for part in (self._where, name[:100].encode("ascii", "backslashreplace").decode()) if part
        )
        self._reasons.append(Reason("SMP-JSON", f"{where or 'the line'}: {message}", "docs/reference/exchange.md"))
        if len(self._reasons) >= _MAX_REASONS:
            raise ValidationError(self._reasons)

    def _object(self, value: Any, name: str, read: Callable[["JsonReader"], T]) -> T:
        inner = JsonReader(value, ".".join(part for part in (self._where, name) if part), self._reasons)
        result = read(inner)
        inner.finish()
        return result

    def _expect(self, value: Any, kind: type, what: str, name: str = "") -> Any:
        if type(value) is not kind:
            self.refuse(f"not {what}", name)
            return kind()
        return value


def _text(reader: JsonReader, value: Any, name: str) -> str:
    if type(value) is not str:
        reader.refuse("not a text", name)
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        reader.refuse("holds half of a surrogate pair", name)
        return ""
    return value
