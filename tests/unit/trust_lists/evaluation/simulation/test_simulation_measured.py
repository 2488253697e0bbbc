# SPDX-License-Identifier: Apache-2.0
"""What parameters call measured was measured on the corpus; dates of real migrations stand in real certificates."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from trust_lists.certificates.parsing import load_certificate, load_certificates_pem
from trust_lists.evaluation.simulation import MODELS, Event, Parameters, Scheduled, Settings
from trust_lists.evaluation.simulation.distributions import Fixed
from trust_lists.evaluation.simulation.engine import run
from trust_lists.evaluation.simulation.results import NOTHING_HAPPENS

DEFAULTS = Parameters()


@pytest.fixture(scope="module")
def certificates(corpus: Path) -> Sequence[dict[str, str]]:
    path = corpus / "trust_models" / "real_anchors" / "real_certs_68.json"
    found: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def loaded(certificate: dict[str, str]) -> Certificate:
    (found,) = load_certificates_pem(certificate["pem"].encode())
    return found


def lifetime(certificate: dict[str, str]) -> int:
    """Whole days."""
    found = loaded(certificate)
    return (found.not_valid_after_utc - found.not_valid_before_utc).days


def test_certificates_are_as_long_as_the_real_ones(certificates: Sequence[dict[str, str]]) -> None:
    sizes = [
        len(each.public_bytes(Encoding.DER))
        for one in certificates
        for each in load_certificates_pem(one["pem"].encode())
    ]
    assert len(sizes) == 68
    assert DEFAULTS.number("certificate_bytes") == round(fmean(sizes))


def test_certificates_of_access_points_live_as_long_as_those_of_peppol(certificates: Sequence[dict[str, str]]) -> None:
    lives = [lifetime(each) for each in certificates if "PEPPOL PRODUCTION AP" in each["subject"]]
    assert lives
    assert all(719 <= life <= 720 for life in lives)
    assert DEFAULTS.number("leaf_validity") == max(lives)


def test_an_authority_lives_as_long_as_the_root_of_peppol_g3(certificates: Sequence[dict[str, str]]) -> None:
    (root,) = (each for each in certificates if each["subject"].count("PEPPOL Root CA - G3"))
    assert DEFAULTS.number("authority_validity") == pytest.approx(lifetime(root), abs=1)


def test_lists_of_the_eu_are_as_many_and_as_long_as_those_of_2023(corpus: Path) -> None:
    sizes = [each.stat().st_size for each in (corpus / "trust_lists" / "gen-2023-10").glob("*.xml")]
    assert DEFAULTS.number("eu_lists") == len(sizes)
    assert DEFAULTS.number("eu_list_bytes") == round(fmean(sizes))


def test_a_list_of_a_domain_is_as_long_as_one_of_epsos(corpus: Path) -> None:
    (path,) = (corpus / "trust_models" / "lists").glob("epsos_NCP_*.xml")
    entries = path.read_bytes().count(b"TSPService>") // 2
    assert DEFAULTS.number("list_bytes") + entries * DEFAULTS.number("entry_bytes") == pytest.approx(
        path.stat().st_size, rel=0.01
    )


def test_on_the_day_when_commissign_2_expires_nobody_of_de4a_is_accepted_any_more(corpus: Path) -> None:
    path = corpus / "trust_models" / "real_anchors" / "de4a" / "as4_CommisSign2_onlineCA.crt.cer"
    data = path.read_bytes()
    (authority,) = load_certificates_pem(data) if b"-----BEGIN" in data else [load_certificate(data)]
    expiry = authority.not_valid_after_utc
    assert (expiry.year, expiry.month, expiry.day) == (2026, 10, 4)
    day = (expiry - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() / 86_400
    shared = next(model for model in MODELS if model.id == "T3")
    late = {"migration_window": Fixed(35), "migration_install": Fixed(0), "migration_switch": Fixed(35 + 7)}
    parameters = Parameters(NOTHING_HAPPENS | late | {"initial_share": Fixed(1), "leaf_validity": Fixed(30_000)})
    ledger, _population = run(
        shared, Settings(20, 4, 1.0, chance=False), parameters, (Scheduled(day, Event.AUTHORITY_EXPIRY),)
    )
    (outage,) = ledger.outages
    assert outage.day + 35 == pytest.approx(day)
    assert outage.days == pytest.approx(7)
    assert outage.pair_days == pytest.approx(7 * 4 * 3)
