# SPDX-License-Identifier: Apache-2.0
"""Certificates of the Official Journal, in the forms that people have them in."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12

from tests.simulators.list_worlds import certificate, key
from trust_lists.errors import SourceError
from trust_lists.sources.oj_certificates import read_oj_certificates


def pem(*names: str) -> bytes:
    blocks = (base64.encodebytes(certificate(name).der) for name in names)
    return b"".join(b"-----BEGIN CERTIFICATE-----\n" + block + b"-----END CERTIFICATE-----\n" for block in blocks)


def store(name: str, password: bytes) -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return pkcs12.serialize_key_and_certificates(None, None, None, [key(name).certificate], encryption)


def test_all_forms_in_a_folder_are_read_and_each_certificate_once(tmp_path: Path) -> None:
    (tmp_path / "a.der").write_bytes(certificate("a").der)
    (tmp_path / "b.pem").write_bytes(pem("b", "a"))
    (tmp_path / "c.p12").write_bytes(store("c", b"password"))
    (tmp_path / "d.p12").write_bytes(store("d", b""))
    (tmp_path / "e.txt").write_bytes(base64.b64encode(certificate("e").der))
    found = read_oj_certificates([tmp_path])
    assert set(found.certificates) == {certificate(name) for name in "abcde"}
    assert len(found.certificates) == 5
    assert found.passed_over == ()


def test_what_holds_no_certificate_is_passed_over_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(pem("a"))
    (tmp_path / "README").write_bytes(b"certificates of a notice")
    (tmp_path / "locked.p12").write_bytes(store("b", b"secret"))
    (tmp_path / ".hidden").write_bytes(pem("c"))
    found = read_oj_certificates([tmp_path])
    assert found.certificates == (certificate("a"),)
    assert [text.partition(":")[0] for text in found.passed_over] == ["README", "locked.p12"]


def test_a_password_opens_a_store(tmp_path: Path) -> None:
    (tmp_path / "b.p12").write_bytes(store("b", b"secret"))
    assert read_oj_certificates([tmp_path / "b.p12"], "secret").certificates == (certificate("b"),)


def test_no_certificate_at_all_is_an_error(tmp_path: Path) -> None:
    for paths in ([], [tmp_path], [tmp_path / "missing.pem"]):
        with pytest.raises(SourceError) as told:
            read_oj_certificates(paths)
        assert told.value.reason_id == "OJ_CERTIFICATES"


def test_the_sets_of_the_corpus(corpus: Path) -> None:
    folder = corpus / "trust_lists" / "lotl-signing-certs"
    from_files = read_oj_certificates(sorted(folder.glob("dss_oj_2019_*"))).certificates
    from_store = read_oj_certificates([folder / "dss_keystore.p12"], "dss-password").certificates
    from_pem = read_oj_certificates([folder / "pyhanko_bootstrap-0.cert.pem"]).certificates
    assert len(from_files) == 8
    assert set(from_files) == set(from_store) == set(from_pem)
    of_2026 = {
        frozenset(read_oj_certificates(paths).certificates)
        for paths in (sorted(folder.glob("libdigidocpp_*")), [folder / "pyhanko_latest.cert.pem"])
    }
    assert [len(each) for each in of_2026] == [6]
