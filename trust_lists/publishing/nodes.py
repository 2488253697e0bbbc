# SPDX-License-Identifier: Apache-2.0
"""Values of the source of a list: those of any YAML document, and names by language, URIs and instants of lists."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from trust_lists import yaml_nodes
from trust_lists.documents.model import Text
from trust_lists.errors import ListSourceError, YamlRefusedError

ENGLISH = "en"
MAX_SOURCE_BYTES = yaml_nodes.MAX_SOURCE_BYTES

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Node(yaml_nodes.Node):
    """A value, or where one could be; what is wrong with it goes to `reasons`."""

    def instant(self) -> datetime | None:
        """An instant (ISO 8601) in whole seconds, in UTC where no zone is named (§5.1.3)."""
        if not self:
            return None
        value = self.text()
        try:
            given = datetime.fromisoformat(value)
            found = given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.wrong(f"{value!r} is no time such as 2026-11-01T00:00:00Z")
            return None
        if found.microsecond or not 1970 <= found.year < 10_000:
            self.wrong("an instant of a list is in whole seconds, and not before 1970 (§5.1.3)")
            return None
        return found

    def texts(self) -> tuple[Text, ...]:
        """Names by language: a text (English), a list of them, or a mapping from languages to either. English first."""
        return self._by_language(Node.line)

    def paragraphs(self) -> tuple[Text, ...]:
        """The same, with line breaks kept."""
        return self._by_language(Node.text)

    def uris(self) -> tuple[Text, ...]:
        """The same, of URIs."""
        return self._by_language(Node.uri)

    def addresses(self, scheme: str) -> tuple[Text, ...]:
        """The same, of URIs of this scheme (`mailto`), which need not be written."""
        prefix = f"{scheme}:"

        def read(node: Node) -> str:
            value = node.text()
            uri = value if value.lower().startswith(prefix) else prefix + "".join(value.split())
            if value and not yaml_nodes.is_uri(uri):
                node.wrong(f"{value!r} makes no {prefix} URI")
                return ""
            return uri

        return self._by_language(read)

    def _by_language(self, read: "Callable[[Node], str]") -> tuple[Text, ...]:
        if not self:
            return ()
        if not self.is_mapping:
            return tuple(Text(ENGLISH, read(item)) for item in self.items())
        found: list[Text] = []
        by_language = self.entries()
        for language, node in sorted(by_language.items(), key=lambda entry: entry[0] != ENGLISH):
            if not _LANGUAGE.fullmatch(language):
                node.wrong(f"{language!r} is no language such as en or fr (RFC 5646, lower case)")
            elif not node:
                node.wrong("this is empty")
            found += [Text(language, read(item)) for item in node.items()]
        if ENGLISH not in by_language:
            self.wrong("English (en) is missing, which lists must have (§5.1.4)")
        return tuple(found)


Section: TypeAlias = yaml_nodes.Section[Node]


def parse(data: bytes) -> Node:
    """The one document of `data`. Raises ListSourceError where it is no YAML, too large, or no mapping."""
    try:
        root = yaml_nodes.parse(data)
    except YamlRefusedError as error:
        raise ListSourceError((str(error),)) from None
    if not root.is_mapping:
        raise ListSourceError(("the source is no mapping with the keys scheme and providers",))
    return Node(root.raw, root.path, root.reasons)
