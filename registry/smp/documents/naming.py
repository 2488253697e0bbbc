# SPDX-License-Identifier: Apache-2.0
"""How documents are written: as text, in canonical form, each element under a prefix.

Text is put together as it will be signed and served: no tree in between, so that extensions stay byte for byte, and
a signer digests just these bytes (Canonical XML: sorted declarations on the root, no empty-element tags, no white
space between elements). Our own elements all carry a prefix: a default namespace would creep into extensions that
are in none.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

from registry.metadata import Extension, ServiceMetadata
from registry.smp.documents.extensions import declarations, free_prefix
from registry.smp.documents.lexical import escape_attribute, escape_text
from registry.smp.documents.vocabulary import Vocabulary

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

V = TypeVar("V", bound=Vocabulary)


class Names(Generic[V]):
    """Elements of one document, under prefixes that mean nothing else in any of its extensions.

    Where no namespace is given the vocabulary's is meant.
    """

    def __init__(self, vocabulary: V, namespaces: Iterable[str], extensions: Iterable[Extension]) -> None:
        extensions = tuple(extensions)
        self.vocabulary = vocabulary
        self._prefixes = {uri: free_prefix(vocabulary.prefixes[uri], uri, extensions) for uri in namespaces}
        self._declared = tuple((prefix, uri) for uri, prefix in self._prefixes.items())

    def document(self, name: str, content: str, namespace: str = "") -> bytes:
        """The whole document, whose root declares every namespace that we use."""
        scope = declarations(Extension(b"", self._declared))
        tag = self._tag(name, namespace)
        return f"{DECLARATION}<{tag}{scope}>{content}</{tag}>".encode()

    def element(self, name: str, content: str, namespace: str = "", **attributes: str) -> str:
        """An element with this content; of two attributes the first by name must be given first (canonical form)."""
        tag = self._tag(name, namespace)
        written = "".join(f' {key}="{escape_attribute(value)}"' for key, value in attributes.items())
        return f"<{tag}{written}>{content}</{tag}>"

    def text(self, name: str, text: str | None, namespace: str = "") -> str:
        """An element with a text; nothing at all for None."""
        return "" if text is None else self.element(name, escape_text(text), namespace)

    def foreign(self, name: str, extension: Extension, namespace: str = "", before: str = "") -> str:
        """An element with the extension's bytes as they are, and all that they need declared; `before` is ours."""
        tag = self._tag(name, namespace)
        scope = declarations(extension, self._declared)
        return f"<{tag}{scope}>{before}{extension.content.decode()}</{tag}>"

    def _tag(self, name: str, namespace: str) -> str:
        return f"{self._prefixes[namespace or self.vocabulary.namespace]}:{name}"


def all_extensions(metadata: ServiceMetadata) -> Iterable[Extension]:
    """Every extension of a document, wherever it stands."""
    yield from metadata.extensions
    for entry in metadata.process_metadata:
        yield from entry.extensions
        if entry.redirect is not None:
            yield from entry.redirect.extensions
        for process in entry.processes:
            yield from process.extensions
        for endpoint in entry.endpoints:
            yield from endpoint.extensions
