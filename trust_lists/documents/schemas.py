# SPDX-License-Identifier: Apache-2.0
"""Validity by XML Schema, with schemas from folders and never from the network.

Schemas are not part of this package: ETSI publishes those of TS 119 612 and TS 119 602, W3C those of XML Signature.
They import each other by URLs, which are answered by the namespace that they name: from the folder of the importing
file first. Validity is no gate: a Latvian list of 2023 is not valid and in force, so what is wrong is a warning.
"""

from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path

from lxml import etree

from trust_lists.documents.findings import Finding, Level
from trust_lists.errors import SourceError

RULE = "XSD"
MAX_FINDINGS = 100
_XSD = "http://www.w3.org/2001/XMLSchema"
_START = "start:schemas"
_NOTHING = f'<schema xmlns="{_XSD}"/>'.encode()


class Schemas:
    """The XML schemas of some folders and what is below them; each root's schema is put together at its first use.

    Of several folders, the first that has a namespace counts; of several below it, the last by its path (`v2.4.1`
    before `v2.1.1`); of several files in one, the last by its name, but no variant (`schema_lax`) of another.
    """

    def __init__(self, *folders: Path) -> None:
        """Reads the folders. Raises SourceError SCHEMAS_UNREADABLE where they hold no schema, or a broken one."""
        self._files = [file for folder in folders for file in _parsed(folder)]
        if not self._files:
            raise SourceError("SCHEMAS_UNREADABLE", f"no XML schemas in {', '.join(map(str, folders)) or 'no folder'}")
        self._schema = cache(self._compile)

    def check(self, root: etree._Element) -> list[Finding]:
        """What is not valid about a document, by its root element; at most 100 findings, each with its line.

        Raises SourceError SCHEMAS_UNREADABLE where no schema of the folders is for the root's namespace, or where it
        imports one that none of them is for.
        """
        schema = self._schema(etree.QName(root).namespace or "")
        if schema.validate(root):
            return []
        return [
            Finding(RULE, Level.WARNING, _readable(error.message), f"line {error.line}")
            for error in islice(schema.error_log, MAX_FINDINGS)  # type: ignore[call-overload]  # the stubs forgot it
        ]

    def _compile(self, namespace: str) -> etree.XMLSchema:
        if not any(file.namespace == namespace for file in self._files):
            raise SourceError("SCHEMAS_UNREADABLE", f"no schema in the folders is for {namespace or 'no namespace'}")
        start = etree.Element(f"{{{_XSD}}}schema")
        # What extensions hold is of namespaces that the list's own schema doesn't import.
        for each in (namespace, *sorted({file.namespace for file in self._files} - {namespace})):
            if each == namespace or self._is_extension_of(each, namespace):
                etree.SubElement(start, f"{{{_XSD}}}import", namespace=each, schemaLocation=self._file(each).url)
        resolver = _Resolver(self._files, etree.tostring(start))
        parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
        parser.resolvers.add(resolver)
        try:
            return etree.XMLSchema(etree.parse(_START, parser))
        except (etree.LxmlError, OSError) as error:
            missing = f"; not in the folders: {', '.join(sorted(resolver.missing))}" if resolver.missing else ""
            message = f"the schemas for {namespace} can't be used: {_readable(str(error))}{missing}"
            raise SourceError("SCHEMAS_UNREADABLE", message) from None

    def _is_extension_of(self, each: str, namespace: str) -> bool:
        folder = self._file(namespace).path.parent
        return bool(each) and self._file(each).path.parent == folder

    def _file(self, namespace: str) -> "_File":
        return next(file for file in self._files if file.namespace == namespace)


class _File:
    """A schema in a folder, and which URLs it imports for which namespaces."""

    def __init__(self, path: Path, root: etree._Element) -> None:
        self.path = path
        self.url = path.as_uri()
        self.namespace = root.get("targetNamespace", "")
        self.imports = {
            each.get("schemaLocation", ""): each.get("namespace", "") for each in root.iter(f"{{{_XSD}}}import")
        }


def _parsed(folder: Path) -> Iterable[_File]:
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    for path in _ordered(list(folder.resolve().rglob("*.xsd"))):
        try:
            root = etree.parse(path, parser).getroot()
        except (etree.LxmlError, OSError) as error:
            raise SourceError("SCHEMAS_UNREADABLE", f"{path} can't be read: {error}") from None
        if root.tag == f"{{{_XSD}}}schema":
            yield _File(path, root)


def _ordered(paths: list[Path]) -> list[Path]:
    """The last folder first, and in it the last name; but variants (`sie_v1.1.1`) behind what they vary (`sie`)."""

    def length_of_family(path: Path) -> int:
        return sum(path.parent == each.parent and path.stem.startswith(f"{each.stem}_") for each in paths)

    by_name = sorted(sorted(paths, key=lambda path: path.name, reverse=True), key=length_of_family)
    return sorted(by_name, key=lambda path: path.parent, reverse=True)


class _Resolver(etree.Resolver):
    """Answers for every URL: with a file of the folders, or with a schema that defines nothing."""

    def __init__(self, files: list[_File], start: bytes) -> None:
        self._start = start
        self._known = {file.url: file.path for file in files}
        self.missing: set[str] = set()
        for importing in files:
            for location, namespace in importing.imports.items():
                candidates = [file for file in files if file.namespace == namespace]
                beside = [file for file in candidates if file.path.parent == importing.path.parent]
                for found in (beside or candidates)[:1]:
                    self._known.setdefault(location, found.path)

    def resolve(self, system_url: str, public_id: str, context: object) -> object:  # type: ignore[override]
        """The document at a URL, as lxml wants it."""
        if system_url == _START:
            return self.resolve_string(self._start, context, base_url=_START)
        path = self._known.get(system_url)
        if path is None:
            self.missing.add(system_url)
            return self.resolve_string(_NOTHING, context, base_url=system_url)
        return self.resolve_string(path.read_bytes(), context, base_url=path.as_uri())


def _readable(message: str) -> str:
    """A message of the schema processor without namespaces, which stand in front of every name."""
    parts = message.split("{")
    return parts[0] + "".join(part.partition("}")[2] if "}" in part else "{" + part for part in parts[1:])
