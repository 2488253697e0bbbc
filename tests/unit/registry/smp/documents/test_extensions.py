# SPDX-License-Identifier: Apache-2.0
import pytest

from registry.errors import ValidationError
from registry.metadata import Extension
from registry.smp.documents.extensions import capture, content_error, declarations, free_prefix, occurs
from registry.smp.documents.source import read_source

TAG = "{urn:smp}Extension"


def _capture(text: str, encoding: str = "utf-8") -> list[Extension]:
    root, source = read_source(text.encode(encoding))
    return list(capture(root, source, TAG).values())


@pytest.mark.parametrize(
    "content",
    [
        "<f/>",
        " <f a='1'\tb = \"&gt;'\" /> ",
        "<f>é&#13;&#xD;&amp;&quot;</f>",
        "<f><![CDATA[</Extension> & <]]></f>",
        "<!-- </Extension> --><f/><?pi </Extension> ?>",
        "<f>\r\n\r</f>",
        "<Extension>nested</Extension>",
        "<f   ></f   >",
        "",
    ],
)
def test_content_is_the_exact_source(content: str) -> None:
    text = f"<s xmlns='urn:smp'><a/><Extension a='>' b=\"'>\"\n>{content}</Extension ><b/></s>"
    (extension,) = _capture(text)
    assert extension.content == content.encode()


def test_an_empty_element_tag_has_no_content() -> None:
    assert _capture("<s xmlns='urn:smp'><Extension a='/>' /></s>")[0].content == b""


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16", "UTF-8"])
def test_content_is_utf_8_whatever_the_document_was(encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?>\n<s xmlns='urn:smp' t='øø'><Extension><f>é</f></Extension></s>"
    assert _capture(text, encoding)[0].content == "<f>é</f>".encode()


def test_names_that_only_one_of_the_two_parsers_takes_are_refused() -> None:
    # XML 1.0 has allowed this name since its fifth edition; expat keeps to the fourth.
    with pytest.raises(ValidationError) as refused:
        _capture("<s xmlns='urn:smp'><Extension/><\U00010400/></s>")
    assert refused.value.reasons[0].id == "SMP-XML"


def test_extensions_are_told_apart_in_document_order() -> None:
    text = (
        "<s xmlns='urn:smp'><Extension>1</Extension><a><Extension>2</Extension></a><x:Extension xmlns:x='urn:x'/></s>"
    )
    assert [extension.content for extension in _capture(text)] == [b"1", b"2"]


def test_inherited_prefixes_are_kept_where_they_occur() -> None:
    text = (
        "<s xmlns='urn:smp' xmlns:a='urn:a' xmlns:b='urn:b' xmlns:c='urn:c' xmlns:d='urn:d' xmlns:ab='urn:ab'>"
        "<Extension xmlns:b='urn:b2'><a:f t='b:QName'>c:QName <g PrefixList='d e'/></a:f></Extension></s>"
    )
    assert _capture(text)[0].namespaces == (
        ("", "urn:smp"),
        ("a", "urn:a"),
        ("b", "urn:b2"),
        ("c", "urn:c"),
        ("d", "urn:d"),
    )


def test_content_in_no_namespace_inherits_nothing() -> None:
    assert _capture("<p:s xmlns:p='urn:smp'><p:Extension><f/></p:Extension></p:s>")[0].namespaces == ()
    undeclared = "<s xmlns='urn:other'><p:Extension xmlns:p='urn:smp' xmlns=''><f/></p:Extension></s>"
    assert _capture(undeclared)[0].namespaces == ()


@pytest.mark.parametrize("content", [b"<p:f/>", b"a='p'", b"p", b" p:q ", "\u201cp:q\u201d".encode()])
def test_a_prefix_occurs_as_a_word(content: bytes) -> None:
    assert occurs("p", content)


@pytest.mark.parametrize("content", [b"<pp:f/>", b"x.p", b"p-q", b"up", b""])
def test_a_prefix_does_not_occur_inside_words(content: bytes) -> None:
    assert not occurs("p", content)


def test_declarations_are_sorted_escaped_and_not_repeated() -> None:
    extension = Extension(b"", (("b", 'urn:"&'), ("", "urn:d"), ("a", "urn:a")))
    assert declarations(extension, (("a", "urn:a"),)) == ' xmlns="urn:d" xmlns:b="urn:&quot;&amp;"'


def test_a_prefix_is_free_when_it_means_nothing_else() -> None:
    assert free_prefix("smp", "urn:smp", ()) == "smp"
    assert free_prefix("smp", "urn:smp", [Extension(b"<smp:f/>", (("smp", "urn:smp"),))]) == "smp"
    assert free_prefix("smp", "urn:smp", [Extension(b"<f/>", (("smp", "urn:other"),))]) == "smp1"
    assert free_prefix("smp", "urn:smp", [Extension(b"<f>smp</f>"), Extension(b"<f>smp1:x</f>")]) == "smp2"


@pytest.mark.parametrize(
    "extension",
    [
        Extension(b"<f/>"),
        Extension(b" <!-- c --><f/><?pi?>\n"),
        Extension(b"<p:f/>", (("p", "urn:p"),)),
        Extension(b"<f><![CDATA[</x>]]>&#13;</f>", (("", "urn:d"),)),
    ],
)
def test_one_element_can_be_written(extension: Extension) -> None:
    assert content_error(extension) is None


@pytest.mark.parametrize(
    "extension",
    [
        Extension(b""),
        Extension(b"text"),
        Extension(b"<f/>text"),
        Extension(b"<f/><g/>"),
        Extension(b"<p:f/>"),
        Extension(b"</extension><extension>"),
        Extension(b"<!-- <f/>"),
        Extension(b"<f>&entity;</f>"),
        Extension(b"<f>\xff</f>"),
        Extension(b"<f/>", (("p", ""),)),
        Extension(b"<f/>", (('p="urn:x" q', "urn:q"),)),
        Extension(b"<f/>", (("p", "urn:a"), ("p", "urn:b"))),
        Extension(b"<f/>", tuple((f"p{number}", "urn:p") for number in range(40))),
        Extension(b"<f/>", (("p", "\ud800"),)),
        Extension(b"<f><g xmlns:p='urn:a?b&amp;c'/></f>"),
        Extension(b"<f xmlns='relative/name'/>"),
    ],
)
def test_what_is_not_one_well_formed_element_is_refused(extension: Extension) -> None:
    assert content_error(extension)


BESIDE = frozenset({"{urn:smp}ID", "{urn:smp}Name"})


def _capture_beside(content: str) -> bytes:
    text = f"<p:s xmlns:p='urn:smp' xmlns:q='urn:q'><p:ID/><p:Extension>{content}</p:Extension></p:s>"
    root, source = read_source(text.encode())
    (extension,) = capture(root, source, TAG, BESIDE).values()
    return extension.content


@pytest.mark.parametrize(
    ("content", "captured"),
    [
        ("<p:ID/><q:f/>", b"<q:f/>"),
        ("<p:ID>1</p:ID ><p:Name a='>'/>\n<q:f/>\n", b"\n<q:f/>\n"),
        ("\n <p:ID ></p:ID>\n <p:Name>a<b><p:ID/></b></p:Name>\n <q:f/>\n", b"\n <q:f/>\n"),
        ("<q:f><p:ID>1</p:ID></q:f><p:ID>2</p:ID> ", b"<q:f><p:ID>1</p:ID></q:f>"),
        ("<!-- a --><p:ID/><q:f/><p:Name/><?b c?>", b"<!-- a --><q:f/><?b c?>"),
        ("<p:ID/>", b""),
        ("<p:Other/><q:f/>", b"<p:Other/><q:f/>"),
        (" \n", b" \n"),
        ("<q:ID/><q:f/>", b"<q:ID/><q:f/>"),
        ("<p:Extension><p:ID/></p:Extension>", b"<p:Extension><p:ID/></p:Extension>"),
        ("<p:ID><![CDATA[</p:ID>]]></p:ID><q:f/>", b"<q:f/>"),
    ],
)
def test_children_that_describe_the_content_are_no_part_of_it(content: str, captured: bytes) -> None:
    assert _capture_beside(content) == captured


@pytest.mark.parametrize(
    ("extension", "error"),
    [
        (Extension(b"<e xmlns='urn:e'/>"), None),
        (Extension(b"<e/>"), "its element is in no namespace, not a foreign one"),
        (Extension(b"<s:e/>", (("s", "urn:smp"),)), "its element is in the namespace urn:smp, not a foreign one"),
    ],
)
def test_content_may_be_barred_from_namespaces(extension: Extension, error: str | None) -> None:
    assert content_error(extension, frozenset({"", "urn:smp"})) == error
    assert content_error(extension) is None
