# SPDX-License-Identifier: Apache-2.0
"""Real lists of three generations, authenticated from the certificates that the Official Journal published."""

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import SourceError
from trust_lists.signatures.list_policies import ARCHIVE
from trust_lists.sources.folder import FolderSource
from trust_lists.sources.lotl import LotlConfiguration, LotlOutcome, authenticate_lotl
from trust_lists.sources.national import authenticate_national
from trust_lists.sources.oj_certificates import read_oj_certificates

LOTL_URL = "https://ec.europa.eu/tools/lotl/eu-lotl.xml"
OJ_2016 = "http://eur-lex.europa.eu/legal-content/EN/TXT/?uri=uriserv:OJ.C_.2016.233.01.0001.01.ENG"
OJ_2019 = "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=uriserv:OJ.C_.2019.276.01.0001.01.ENG"
OJ_2026 = "https://eur-lex.europa.eu/eli/C/2026/1944/oj"
OJ_2023_SYNTHETIC = "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=uriserv:OJ.C_.2023.999.01.0001.01.ENG"
SETS = {
    OJ_2016: "dss_keystore_ec.europa.eu.*.cer",
    OJ_2019: "dss_oj_2019_*.cer",
    OJ_2026: "libdigidocpp_tl-mp*.crt",
}
MOMENTS = {
    "gen-2019-09": datetime(2019, 9, 20, tzinfo=UTC),
    "gen-2023-10": datetime(2023, 10, 20, tzinfo=UTC),
    "gen-2026": datetime(2026, 6, 1, tzinfo=UTC),
}
PASSED = ("LOTL_VERIFICATION_PASSED", ())


@pytest.fixture(scope="module")
def lists(corpus: Path) -> Path:
    return corpus / "trust_lists"


def oj(lists: Path, url: str) -> tuple[ListedCertificate, ...]:
    return read_oj_certificates(sorted((lists / "lotl-signing-certs").glob(SETS[url]))).certificates


def of_generation(lists: Path, generation: str, oj_url: str, at: datetime | None = None) -> LotlOutcome:
    configuration = LotlConfiguration(oj_url, LOTL_URL, oj(lists, oj_url))
    source = FolderSource(lists / generation, LOTL_URL)
    return authenticate_lotl(configuration, lambda url: _data(source, url), at or MOMENTS[generation])


def _data(source: FolderSource, url: str) -> bytes:
    data = source.fetch(url).data
    assert data is not None
    return data


def files(lists: Path, chosen: dict[str, str]) -> Callable[[str], bytes]:
    """Files of the corpus at locations."""

    def get(url: str) -> bytes:
        if url not in chosen:
            raise SourceError("FETCH_NOT_FOUND", "there is no such document")
        return (lists / chosen[url]).read_bytes()

    return get


# The list of lists


def test_the_notice_of_2026_authenticates_number_388_directly(lists: Path) -> None:
    found = of_generation(lists, "gen-2026", OJ_2026)
    assert (found.status, found.sub_status) == PASSED
    assert found.pivots == ()
    assert found.document is not None
    assert (found.document.scheme.sequence, found.document.scheme.version) == (388, 6)


def test_number_388_has_expired_on_19_november_2026(lists: Path) -> None:
    found = of_generation(lists, "gen-2026", OJ_2026, datetime(2026, 11, 19, tzinfo=UTC))
    assert (found.status, found.sub_status) == ("LOTL_VERIFICATION_FAILED", ("LOTL_NEXTUPDATE_PASSED",))
    assert found.document is None


def test_from_the_notice_of_2019_number_388_needs_a_pivot_that_nobody_has(lists: Path) -> None:
    found = of_generation(lists, "gen-2026", OJ_2019)
    assert found.status == "LOTL_VERIFICATION_FAILED"
    assert found.sub_status == ("OWN_FETCH_NOT_FOUND", "OWN_PIVOT_1_NOT_AVAILABLE")
    assert found.unreachable
    assert "eu-lotl-pivot-378.xml" in found.detail


def test_the_notice_of_2019_reaches_number_332_over_pivots_300_and_282(lists: Path) -> None:
    found = of_generation(lists, "gen-2023-10", OJ_2019)
    assert (found.status, found.sub_status) == PASSED
    assert [each.location.rpartition("-")[2] for each in found.pivots] == ["300.xml", "282.xml"]


def test_the_notice_of_2019_authenticates_number_248_directly(lists: Path) -> None:
    found = of_generation(lists, "gen-2019-09", OJ_2019)
    assert (found.status, found.sub_status) == PASSED
    assert found.pivots == ()


def test_the_certificates_of_another_notice_do_not_authenticate(lists: Path) -> None:
    configuration = LotlConfiguration(OJ_2019, LOTL_URL, oj(lists, OJ_2016))
    source = FolderSource(lists / "gen-2019-09", LOTL_URL)
    found = authenticate_lotl(configuration, lambda url: _data(source, url), MOMENTS["gen-2019-09"])
    assert found.sub_status == ("PIVOT_0_LOTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_OJEU",)


def test_the_notice_of_2016_reaches_pivot_247_over_226_191_and_172(lists: Path) -> None:
    folder = "https://ec.europa.eu/information_society/policy/esignature/trusted-list/tl-pivot-{}-mp.xml"
    chosen = {folder.format(n): f"gen-2019-09/tl_pivot_{n}_mp.xml" for n in (247, 226, 191, 172)}
    get = files(lists, {**chosen, LOTL_URL: "gen-2019-09/tl_pivot_247_mp.xml"})
    configuration = LotlConfiguration(OJ_2016, LOTL_URL, oj(lists, OJ_2016), ARCHIVE)
    found = authenticate_lotl(configuration, get, MOMENTS["gen-2019-09"])
    assert (found.status, found.sub_status) == PASSED
    assert [each.verified.document.scheme.sequence for each in found.pivots] == [247, 226, 191, 172]


def test_the_key_of_1024_bits_of_pivot_172_is_for_archives_only(lists: Path) -> None:
    folder = "https://ec.europa.eu/information_society/policy/esignature/trusted-list/tl-pivot-{}-mp.xml"
    chosen = {folder.format(172): "gen-2019-09/tl_pivot_172_mp.xml", LOTL_URL: "gen-2019-09/tl_pivot_172_mp.xml"}
    now = LotlConfiguration(OJ_2016, LOTL_URL, oj(lists, OJ_2016))
    assert authenticate_lotl(now, files(lists, chosen), IN_TIME).sub_status[-1] == "LOTL_SIGNATURE_VERIFICATION_FAILED"


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ("tl_pivot_247_mp_broken-sig.xml", "PIVOT_1_SIGNATURE_VERIFICATION_FAILED"),
        ("tl_pivot_247_mp_no-sig.xml", "PIVOT_1_SIGNATURE_VERIFICATION_FAILED"),
        ("tl_pivot_247_mp_not-parsable.xml", "PIVOT_1_SIGNATURE_VERIFICATION_FAILED"),
        ("tl_pivot_247_mp_empty.xml", "PIVOT_1_SIGNATURE_VERIFICATION_FAILED"),
        ("tl_pivot_191_mp_broken-sig.xml", "PIVOT_3_SIGNATURE_VERIFICATION_FAILED"),
        ("tl_pivot_191_mp_no-sig.xml", "PIVOT_3_SIGNATURE_VERIFICATION_FAILED"),
        ("tl_pivot_191_mp_not-parsable.xml", "PIVOT_3_SIGNATURE_VERIFICATION_FAILED"),
    ],
)
def test_a_broken_pivot_fails_by_its_number(lists: Path, broken: str, code: str) -> None:
    folder = "https://ec.europa.eu/information_society/policy/esignature/trusted-list/tl-pivot-{}-mp.xml"
    chosen = {folder.format(n): f"gen-2019-09/tl_pivot_{n}_mp.xml" for n in (247, 226, 191, 172)}
    chosen[folder.format(broken.split("_")[2])] = f"negative/dss-lotlCache/{broken}"
    get = files(lists, {**chosen, LOTL_URL: "gen-2019-09/tl_pivot_247_mp.xml"})
    found = authenticate_lotl(LotlConfiguration(OJ_2016, LOTL_URL, oj(lists, OJ_2016)), get, MOMENTS["gen-2019-09"])
    assert found.status == "LOTL_VERIFICATION_FAILED"
    assert found.sub_status[-1] == code


@pytest.mark.parametrize("broken", ["eu-lotl_broken-sig.xml", "eu-lotl_non-compliant.xml", "eu-lotl_not-parsable.xml"])
def test_a_broken_list_of_lists_fails(lists: Path, broken: str) -> None:
    get = files(lists, {LOTL_URL: f"negative/dss-lotlCache/{broken}"})
    found = authenticate_lotl(LotlConfiguration(OJ_2019, LOTL_URL, oj(lists, OJ_2019)), get, MOMENTS["gen-2019-09"])
    assert found.status == "LOTL_VERIFICATION_FAILED"
    assert found.sub_status[-1] == "LOTL_SIGNATURE_VERIFICATION_FAILED"


def test_a_list_of_lists_without_its_xml_declaration_is_the_same_list(lists: Path) -> None:
    get = files(lists, {LOTL_URL: "negative/dss-lotlCache/eu-lotl_xml-directive-removed.xml"})
    found = authenticate_lotl(LotlConfiguration(OJ_2019, LOTL_URL, oj(lists, OJ_2019)), get, MOMENTS["gen-2019-09"])
    assert (found.status, found.sub_status) == PASSED


# The synthetic chain: two notices, five pivots, a new location on the way


PIVOTS = [("OJ_1", n) for n in ("01", "02", "03")] + [("OJ_2", n) for n in ("01", "02")]
LOCATION_1 = "http://18.202.217.18/res/pivot/lotl_test_loc_01.xml"
LOCATION_2 = "http://18.202.217.18/res/pivot/lotl_test_loc_02.xml"
IN_TIME = datetime(2024, 1, 1, tzinfo=UTC)


def synthetic(lists: Path, notice: int, lotl: str, location: str) -> LotlOutcome:
    folder = "pivot-chain-synthetic"
    chosen = {
        f"http://18.202.217.18/res/pivot/lotl_test_{notice}_pivot_{n}.xml": f"{folder}/lotl_test_{notice}_pivot_{n}.xml"
        for notice, n in PIVOTS
    }
    chosen |= {LOCATION_1: f"{folder}/{lotl}", LOCATION_2: f"{folder}/{lotl}"}
    certificates = read_oj_certificates([lists / folder / f"keystore_OJ{notice}.p12"]).certificates
    oj_url = OJ_2019 if notice == 1 else OJ_2023_SYNTHETIC
    return authenticate_lotl(LotlConfiguration(oj_url, location, certificates), files(lists, chosen), IN_TIME)


def numbers(found: LotlOutcome) -> Sequence[str]:
    return [each.location.partition("lotl_test_")[2].removesuffix(".xml") for each in found.pivots]


@pytest.mark.parametrize(
    ("lotl", "location", "pivots"),
    [
        ("lotl_test_OJ_1_pivot_01.xml", LOCATION_1, ["OJ_1_pivot_01"]),
        ("lotl_test_OJ_1_pivot_02.xml", LOCATION_1, ["OJ_1_pivot_02", "OJ_1_pivot_01"]),
        ("lotl_test_OJ_1_pivot_03.xml", LOCATION_1, ["OJ_1_pivot_03", "OJ_1_pivot_02", "OJ_1_pivot_01"]),
        (
            "lotl_test_OJ_2_pivot_02.xml",
            LOCATION_2,
            ["OJ_2_pivot_02", "OJ_2_pivot_01", "OJ_1_pivot_03", "OJ_1_pivot_02", "OJ_1_pivot_01"],
        ),
    ],
)
def test_from_the_first_notice_the_chain_goes_over_all_pivots(
    lists: Path, lotl: str, location: str, pivots: list[str]
) -> None:
    found = synthetic(lists, 1, lotl, location)
    assert found.status == "LOTL_VERIFICATION_PASSED", found.detail
    assert numbers(found) == pivots
    assert found.sub_status == tuple(f"OWN_WARNING_PIVOT_{n}_NOT_HTTPS" for n in range(1, len(pivots) + 1))


@pytest.mark.parametrize("lotl", ["lotl_test_OJ_2_pivot_02.xml", "lotl_test_OJ-2_reset_pivot.xml"])
def test_from_the_second_notice_the_chain_stops_there(lists: Path, lotl: str) -> None:
    found = synthetic(lists, 2, lotl, LOCATION_2)
    assert found.status == "LOTL_VERIFICATION_PASSED", found.detail
    assert numbers(found) == ["OJ_2_pivot_02", "OJ_2_pivot_01"]
    assert found.announced.oj_url == OJ_2023_SYNTHETIC


def test_the_second_notice_is_announced_with_the_certificates_that_it_has(lists: Path) -> None:
    found = synthetic(lists, 1, "lotl_test_OJ_2_pivot_02.xml", LOCATION_2)
    assert found.announced.oj_url == OJ_2023_SYNTHETIC
    published = read_oj_certificates([lists / "pivot-chain-synthetic" / "keystore_OJ2.p12"]).certificates
    assert set(found.announced.oj_certificates) == set(published)


def test_the_new_location_is_announced(lists: Path) -> None:
    found = synthetic(lists, 1, "lotl_test_OJ_1_pivot_03.xml", LOCATION_1)
    assert found.announced.lotl_url == LOCATION_2


def test_a_list_of_lists_that_has_dropped_the_first_notice_needs_the_second(lists: Path) -> None:
    found = synthetic(lists, 1, "lotl_test_OJ-2_reset_pivot.xml", LOCATION_2)
    assert found.sub_status == ("OJEU_LOCATION_INPUT_NOT_MATCHING_OJEU_LOCATION_IN_LOTL",)


# The lists of the territories


@cache
def _lotl(lists: Path, generation: str) -> LotlOutcome:
    return of_generation(lists, generation, OJ_2026 if generation == "gen-2026" else OJ_2019)


@pytest.mark.parametrize("generation", MOMENTS)
def test_the_signer_of_every_list_is_in_the_list_of_lists_as_the_corpus_says(lists: Path, generation: str) -> None:
    with (lists / "FILES.tsv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["file"].startswith(f"{generation}/")]
    asked = {}
    expected = {}
    for row in rows:
        territory = row["territory"]
        if row["signer_in_trust_source_of_generation"] not in {"yes", "NO"} or territory == "EU":
            continue
        data = (lists / row["file"]).read_bytes()
        found = authenticate_national(
            _lotl(lists, generation), territory, lambda _, data=data: data, MOMENTS[generation]
        )
        asked[row["file"]] = (found.status, [each for each in found.sub_status if not _is_warning(each)])
        passes = row["signer_in_trust_source_of_generation"] == "yes"
        expected[row["file"]] = (
            ("EUTL_VERIFICATION_PASSED", [])
            if passes
            else ("EUTL_VERIFICATION_FAILED", ["EUTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_LOTL"])
        )
    assert asked
    assert asked == expected


def _is_warning(code: str) -> bool:
    return code in {"WARNING_EUTL_NEXTUPDATE_PASSED", "OWN_WARNING_EUTL_CLOSED"}


@pytest.mark.parametrize(
    ("file", "generation", "territory", "warning"),
    [
        ("NL_sn41.xml", "gen-2019-09", "NL", "WARNING_EUTL_NEXTUPDATE_PASSED"),
        ("FR_sn112.xml", "gen-2023-10", "FR", "WARNING_EUTL_NEXTUPDATE_PASSED"),
        ("UK_sn25.xml", "gen-2023-10", "UK", "OWN_WARNING_EUTL_CLOSED"),
    ],
)
def test_expired_and_closed_lists_pass_with_a_warning(
    lists: Path, file: str, generation: str, territory: str, warning: str
) -> None:
    data = (lists / generation / file).read_bytes()
    found = authenticate_national(_lotl(lists, generation), territory, lambda _: data, MOMENTS[generation])
    assert (found.status, found.sub_status) == ("EUTL_VERIFICATION_PASSED", (warning,))
