# SPDX-License-Identifier: Apache-2.0
"""Real trusted lists (TS 119 612): what their table of contents says comes out; written again they say the same."""

import csv
import time
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from trust_lists.documents.model import (
    AdditionalServiceInformation,
    CriteriaList,
    Criterion,
    Dialect,
    ExpiredCertsRevocationInfo,
    ExtensionContent,
    Qualifications,
    TakenOverBy,
    TrustedList,
    UnknownExtension,
)
from trust_lists.documents.reading import read_tree, read_unverified
from trust_lists.documents.ts119612.reader import read
from trust_lists.documents.ts119612.writer import write
from trust_lists.errors import ListRefusedError, TrustListError, XmlRefusedError
from trust_lists.instants import write_instant
from trust_lists.xml import canonicalise, parse_xml, to_utf8

MAX_BYTES = 50_000_000
SET_OF_2023 = "gen-2023-10"

REFUSED = {
    "negative/dss-lotlCache/CZ_empty.xml": "LIST_EMPTY",
    "negative/dss-lotlCache/CZ_not-compliant.xml": "LIST_STRUCTURE",
    "negative/dss-lotlCache/CZ_not-conform.xml": "XML_NOT_WELL_FORMED",
    "negative/dss-lotlCache/CZ_not-parsable.xml": "XML_NOT_WELL_FORMED",
    "negative/dss-lotlCache/CZ_two-sigs.xml": "LIST_STRUCTURE",
    "negative/dss-lotlCache/eu-lotl_not-parsable.xml": "XML_NOT_WELL_FORMED",
    "negative/dss-lotlCache/tl_pivot_191_mp_not-parsable.xml": "XML_NOT_WELL_FORMED",
    "negative/dss-lotlCache/tl_pivot_247_mp_empty.xml": "LIST_EMPTY",
    "negative/dss-lotlCache/tl_pivot_247_mp_not-parsable.xml": "XML_NOT_WELL_FORMED",
    "negative/xsw/XSW-enveloped-fake-content-misplaced.xml": "LIST_NESTED",
    "negative/xsw/XSW-enveloped-fake-content-two-same-id.xml": "LIST_NESTED",
    "negative/xsw/XSW-enveloped-fake-content.xml": "LIST_NESTED",
    "negative/xsw/XSW-enveloped-fake-signedProperties.xml": "LIST_NOT_A_LIST",
    "negative/xsw/XSW-enveloping-fake-manifest.xml": "LIST_NOT_A_LIST",
    "negative/xsw/XSW-enveloping-fake-object.xml": "LIST_NOT_A_LIST",
    "negative/xsw/disable-checks.xml": "LIST_NOT_A_LIST",
}
"""Files that nobody can read as a list, and why; what is wrong with the signatures of others is another matter."""


@pytest.fixture(scope="session")
def folder(corpus: Path) -> Path:
    return corpus / "trust_lists"


@pytest.fixture(scope="session")
def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "FILES.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@cache
def document(path: Path) -> TrustedList:
    return read_unverified(path.read_bytes())


@pytest.fixture(scope="session")
def readable(folder: Path, rows: list[dict[str, str]]) -> list[Path]:
    return [folder / row["file"] for row in rows if row["file"] not in REFUSED]


def test_5_3_every_file_has_the_facts_of_the_table(folder: Path, rows: list[dict[str, str]]) -> None:
    wrong = []
    read_ones = [row for row in rows if row["file"] not in REFUSED]
    for row in read_ones:
        scheme = document(folder / row["file"]).scheme
        issued_at = write_instant(scheme.issued_at).replace("210000Z", "210Z")
        facts = (scheme.territory, str(scheme.version), str(scheme.sequence), issued_at)
        expected = (row["territory"], row["tsl_version"], row["sequence"], row["issue"])
        if facts != expected:
            wrong.append((row["file"], facts, expected))
    assert not wrong
    assert len(read_ones) == 135


def test_5_3_15_and_5_4_6_updates_and_services_are_as_counted(folder: Path, rows: list[dict[str, str]]) -> None:
    counted = [row for row in rows if row["services"]]
    assert len(counted) == 69
    for row in counted:
        found = document(folder / row["file"])
        next_update = found.scheme.next_update
        assert row["next_update"] == ("" if next_update is None else write_instant(next_update)), row["file"]
        assert len(found.services) == int(row["services"]), row["file"]


def test_the_set_of_2023_has_2944_services(folder: Path) -> None:
    lists = [document(path) for path in sorted((folder / SET_OF_2023).glob("*.xml"))]
    assert len(lists) == 33
    assert sum(len(each.services) for each in lists) == 2944
    assert {each.dialect for each in lists} == {Dialect.TS_119_612}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_list_is_refused_for_its_reason(name: str, folder: Path) -> None:
    with pytest.raises((ListRefusedError, XmlRefusedError)) as refusal:
        read_unverified((folder / name).read_bytes())
    assert refusal.value.reason_id == REFUSED[name]


def test_5_3_15_an_empty_next_update_closes_the_list(folder: Path) -> None:
    assert document(folder / SET_OF_2023 / "UK_sn25.xml").scheme.next_update is None


def test_lists_of_version_3_and_of_other_schemes_are_read(folder: Path) -> None:
    peru = document(folder / "special" / "tsl-pe.xml")
    assert peru.scheme.version == 3
    assert peru.scheme.issued_at.microsecond == 210_000
    assert peru.tag == "http://uri.etsi.org/02231/TSLTag"
    assert peru.services
    gematik = document(folder / "special" / "tl-ecdsa-brainpool.xml")
    assert gematik.scheme.territory == ""
    assert [pointer.texts[0].value for pointer in gematik.scheme.pointers] == [
        "1.2.276.0.76.4.120",
        "1.2.276.0.76.4.121",
    ]
    contents = [e.content for s in gematik.services for e in s.current.extensions]
    old = [content for content in contents if isinstance(content, UnknownExtension)]
    assert all(content.name.endswith("}ExtensionOID") and "ExtensionValue>" in content.content for content in old)
    assert len(old) == 355


def test_a_list_without_what_the_model_can_miss_is_read(folder: Path) -> None:
    ewc = document(folder / "special" / "EWC-TL.xml")
    assert len(ewc.services) > len(list(parse_xml((folder / "special/EWC-TL.xml").read_bytes()).iter("{*}TSPService")))
    assert ewc.services[0].current.type
    nameless = document(folder / "special" / "fi-v6-no-tsp-information.xml")
    assert [provider.names for provider in nameless.providers].count(()) == 1
    empty = document(folder / "special" / "fi-v6-no-service-information.xml")
    assert [service.current.type for service in empty.services].count("") == 1


def contents_of(lists: list[TrustedList]) -> list[ExtensionContent]:
    return [
        extension.content
        for each in lists
        for service in each.services
        for state in (service.current, *service.history)
        for extension in state.extensions
    ]


def criteria_of(criteria: CriteriaList) -> list[Criterion]:
    found: list[Criterion] = []
    for each in criteria.criteria:
        found += [each, *(criteria_of(each) if isinstance(each, CriteriaList) else [])]
    return found


def test_5_5_9_every_extension_and_criterion_of_real_lists_is_understood(folder: Path) -> None:
    lists = [document(path) for path in sorted((folder / SET_OF_2023).glob("*.xml"))]
    contents = contents_of(lists)
    kinds = {kind: sum(isinstance(each, kind) for each in contents) for kind in (Qualifications, TakenOverBy)}
    assert kinds == {Qualifications: 1120, TakenOverBy: 412}
    unknown = {each.name for each in contents if isinstance(each, UnknownExtension)}
    assert unknown == {"{http://ep.nbu.gov.sk/kca/tsl/x509types#}URLContentTypeAndAuthorizedServiceList"}
    assert {type(each) for each in contents} == {
        AdditionalServiceInformation,
        ExpiredCertsRevocationInfo,
        Qualifications,
        TakenOverBy,
        UnknownExtension,
    }
    criteria = [
        criterion
        for each in contents
        if isinstance(each, Qualifications)
        for element in each.elements
        for criterion in criteria_of(element.criteria)
    ]
    kinds_of_criteria = {type(criterion).__name__ for criterion in criteria}
    assert kinds_of_criteria == {
        "CriteriaList",
        "ExtendedKeyUsageCriterion",
        "KeyUsageCriterion",
        "PolicyCriterion",
        "SubjectAttributeCriterion",
    }
    oids = {oid for criterion in criteria for oid in getattr(criterion, "oids", ())}
    assert {oid for oid in oids if not oid.replace(".", "").isdigit()} == set()


def test_5_5_3_certificates_that_cannot_be_loaded_keep_their_bytes(folder: Path) -> None:
    services = document(folder / SET_OF_2023 / "BG_sn45.xml").services
    broken = [
        certificate
        for service in services
        for certificate in service.current.identity.certificates
        if certificate.certificate is None
    ]
    assert broken
    assert all(certificate.der[0] == 0x30 and certificate.problem for certificate in broken)


def test_written_lists_say_what_they_said_before(readable: list[Path], folder: Path) -> None:
    different = [str(path.relative_to(folder)) for path in readable if read(write(document(path))) != document(path)]
    assert not different


def test_a_written_list_is_the_same_after_serialisation(folder: Path) -> None:
    for name in (f"{SET_OF_2023}/SK_sn110.xml", "special/tl-ecdsa-brainpool.xml", "gen-2026/BE_sn81_v6.xml"):
        tree = write(document(folder / name))
        assert read_unverified(to_utf8(tree)) == document(folder / name)
        assert read_unverified(canonicalise(tree, exclusive=True)) == document(folder / name)


class Offline(etree.Resolver):
    """Gives the schemas from one folder, by the last part of whatever address asks for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resolve(self, system_url: str, public_id: str, context: object) -> object:  # type: ignore[override]
        name = system_url.rpartition("/")[2]
        name = {"XAdES01903v132-201601.xsd": "1913201-XAdES01903v132.xsd"}.get(name, name)
        return self.resolve_filename(str(self.folder / name), context)  # type: ignore[call-arg]


@pytest.fixture(scope="session")
def schema(folder: Path) -> etree.XMLSchema:
    schemas = folder / "xsd" / "119612" / "v2.4.1-offline-set"
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Offline(schemas))
    imports = "".join(
        f'<import namespace="{namespace}" schemaLocation="{name}"/>'
        for namespace, name in (
            ("http://uri.etsi.org/02231/v2#", "19612_xsd.xsd"),
            ("http://uri.etsi.org/02231/v2/additionaltypes#", "19612_additionaltypes_xsd.xsd"),
            ("http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#", "19612_sie_xsd.xsd"),
        )
    )
    whole = f'<schema xmlns="http://www.w3.org/2001/XMLSchema">{imports}</schema>'.encode()
    return etree.XMLSchema(etree.fromstring(whole, parser, base_url=str(schemas / "all.xsd")))


def test_annex_c_written_lists_are_valid_where_the_originals_are(
    readable: list[Path], folder: Path, schema: etree.XMLSchema
) -> None:
    invalid = {
        str(path.relative_to(folder)): schema.validate(write(document(path)))
        for path in readable
        if not schema.validate(parse_xml(path.read_bytes(), max_bytes=MAX_BYTES))
    }
    assert f"{SET_OF_2023}/LV_sn41.xml" in invalid
    assert len(invalid) == 7
    others = [path for path in readable if str(path.relative_to(folder)) not in invalid]
    for path in others:
        assert schema.validate(write(document(path))), (path.name, schema.error_log)


def test_reading_needs_no_parsing(folder: Path) -> None:
    root = parse_xml((folder / "gen-2026" / "BE_sn81_v6.xml").read_bytes())
    before = to_utf8(root)
    assert read_tree(root) == document(folder / "gen-2026" / "BE_sn81_v6.xml")
    assert to_utf8(root) == before


def test_the_set_of_2023_is_read_without_loading_a_certificate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a certificate was loaded")

    monkeypatch.setattr("cryptography.x509.load_der_x509_certificate", refuse)
    files = [path.read_bytes() for path in sorted((folder / SET_OF_2023).glob("*.xml"))]
    started = time.thread_time()
    services = sum(len(read_unverified(data).services) for data in files)
    seconds = time.thread_time() - started
    assert services == 2944
    assert seconds < 20, "it takes half a second; this is no benchmark, a computer may be slow or busy"


def test_cut_off_downloads_are_refused(folder: Path) -> None:
    data = (folder / SET_OF_2023 / "IS_sn24.xml").read_bytes()
    for length in range(1, len(data) - 1, 997):
        with pytest.raises(TrustListError):
            read_unverified(data[:length])


@pytest.mark.slow
@pytest.mark.parametrize("times", [10, 20])
def test_lists_ten_and_twenty_times_as_big_as_the_biggest_are_read(times: int, folder: Path) -> None:
    data = (folder / SET_OF_2023 / "IT_sn194.xml").read_bytes()
    start, end = (data.index(b"<TrustServiceProviderList>") + 26, data.index(b"</TrustServiceProviderList>"))
    big = data[:start] + data[start:end] * times + data[end:]
    assert len(big) > 2_300_000 * times
    started = time.thread_time()
    assert len(read_unverified(big).services) == 451 * times
    assert time.thread_time() - started < 10 * times
