# SPDX-License-Identifier: Apache-2.0
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, Extension, Process, ProcessMetadata, Redirect, ServiceMetadata
from registry.smp.documents.naming import Names, all_extensions
from registry.smp.documents.vocabulary import Vocabulary

WORDS = Vocabulary(reasons="X", schema="Spec", namespace="urn:x", prefixes={"urn:x": "x", "urn:y": "y"})


def test_elements_carry_the_prefix_of_their_namespace_and_the_root_declares_them() -> None:
    names = Names(WORDS, WORDS.prefixes, ())
    content = names.text("a", "<&") + names.text("b", None) + names.element("c", "", "urn:y", href='"')
    assert names.document("r", content, "urn:y").decode() == (
        '<?xml version="1.0" encoding="UTF-8"?><y:r xmlns:x="urn:x" xmlns:y="urn:y">'
        '<x:a>&lt;&amp;</x:a><y:c href="&quot;"></y:c></y:r>'
    )


def test_only_the_namespaces_that_are_used_are_declared() -> None:
    assert Names(WORDS, ["urn:x"], ()).document("r", "").endswith(b'<x:r xmlns:x="urn:x"></x:r>')


def test_a_prefix_gives_way_to_what_an_extension_means_by_it() -> None:
    extension = Extension(b"<x:e/>", (("x", "urn:other"),))
    names = Names(WORDS, ["urn:x"], [extension])
    assert names.element("a", "") == "<x1:a></x1:a>"
    written = names.foreign("b", extension, before=names.text("c", "1"))
    assert written == '<x1:b xmlns:x="urn:other"><x1:c>1</x1:c><x:e/></x1:b>'


def test_extensions_are_found_in_every_place() -> None:
    one, two, three, four, five = (Extension(b"%d" % number) for number in range(5))
    endpoint = Endpoint("tp", "a", (), extensions=(one,))
    process = Process(ProcessIdentifier("s", "p"), extensions=(two,))
    entry = ProcessMetadata((process,), (endpoint,), Redirect("h", extensions=(three,)), (four,))
    participant, document_type = ParticipantIdentifier("s", "p"), DocumentTypeIdentifier("s", "d")
    metadata = ServiceMetadata(participant, document_type, (entry,), (five,))
    assert sorted(extension.content for extension in all_extensions(metadata)) == [b"0", b"1", b"2", b"3", b"4"]
