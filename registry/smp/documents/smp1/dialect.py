# SPDX-License-Identifier: Apache-2.0
"""Makes a dialect of SMP 1.x from its vocabulary."""

from functools import partial

from registry.smp.documents.dialect import Dialect
from registry.smp.documents.dialects import TITLES, expect
from registry.smp.documents.parsed import ParsedDocument
from registry.smp.documents.smp1.reader import read_root
from registry.smp.documents.smp1.rules import check_service_group, check_service_metadata
from registry.smp.documents.smp1.vocabulary import Vocabulary1
from registry.smp.documents.smp1.writer import write_service_group, write_service_metadata
from registry.smp.documents.source import read_source
from trust_lists.signatures.profiles import SignatureProfile


def smp1_dialect(name: str, vocabulary: Vocabulary1, *drafts: Vocabulary1, signature: SignatureProfile) -> Dialect:
    """The dialect that is written with `vocabulary`, and read with it or one of `drafts`."""
    vocabularies = {words.namespace: words for words in (vocabulary, *drafts)}

    def read(data: bytes) -> ParsedDocument:
        root, source = read_source(data)
        detected = expect(root.tag, name)
        return read_root(root, source, detected.kind, vocabularies[detected.namespace])

    return Dialect(
        name=name,
        title=TITLES[name],
        content_type="text/xml",
        path_prefix="",
        signature=signature,
        signed_roots=frozenset(words.signed_service_metadata for words in vocabularies.values()),
        signs_service_groups=False,
        read=read,
        check_service_group=partial(check_service_group, vocabulary),
        check_service_metadata=partial(check_service_metadata, vocabulary),
        write_service_group=partial(write_service_group, vocabulary),
        write_service_metadata=partial(write_service_metadata, vocabulary),
    )
