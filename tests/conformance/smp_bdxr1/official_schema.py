# SPDX-License-Identifier: Apache-2.0
"""The official schema of OASIS SMP 1.0, loaded without the network."""

from pathlib import Path

from lxml import etree


class _Local(etree.Resolver):
    """The schema imports that of XML Signature from www.w3.org; a copy lies beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # The stubs of lxml know neither the context nor what is done with it.
    def resolve(self, system_url: str, _public_id: str, context: object) -> object:  # type: ignore[override]
        return self.resolve_filename(str(self._folder / Path(system_url).name), context)  # type: ignore[attr-defined]


def load_schema(corpus: Path) -> etree.XMLSchema:
    """bdx-smp-201605.xsd."""
    folder = corpus / "smp/xsd/bdxr1"
    # The schema of XML Signature has a DOCTYPE, which must not be loaded.
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    parser.resolvers.add(_Local(folder))
    return etree.XMLSchema(etree.parse(folder / "bdx-smp-201605.xsd", parser))
