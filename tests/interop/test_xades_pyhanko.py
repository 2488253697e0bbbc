# SPDX-License-Identifier: Apache-2.0
"""Lists that we sign against pyHanko, the reader of trusted lists in Python (TS 119 612 B.1)."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.simulators.signed_lists import ISSUED, operator_key, signed_list
from trust_lists.certificates.parsing import PrivateKey, SigningKey
from trust_lists.signatures.elements import ds
from trust_lists.signatures.xades import sign_xades
from trust_lists.xml import parse_xml

SCRIPT = Path(__file__).with_name("pyhanko_read_list.py")
PyHanko = Callable[..., dict[str, Any]]
HUNDRED_YEARS = 36_500


@pytest.fixture
def pyhanko(tool: Any, tmp_path: Path) -> PyHanko:
    """pyHanko's answer on a list, with the certificates of those who may sign; it asks the clock for their validity."""
    python = tool.interop_python()

    def read(kind: str, data: bytes, *signers: SigningKey) -> dict[str, Any]:
        (tmp_path / "list.xml").write_bytes(data)
        certificates = []
        for number, signer in enumerate(signers):
            certificates.append(tmp_path / f"{number}.der")
            certificates[-1].write_bytes(signer.certificate.public_bytes(Encoding.DER))
        command = [python, str(SCRIPT), kind, str(tmp_path / "list.xml"), *map(str, certificates)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return read


@pytest.mark.parametrize(
    "private_key",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP384R1()),
    ],
    ids=["rsa", "p-256", "p-384"],
)
def test_pyhanko_reads_what_we_sign(private_key: Callable[[], PrivateKey], pyhanko: PyHanko) -> None:
    signer = operator_key(private_key(), days=HUNDRED_YEARS)
    assert pyhanko("list", signed_list(signer), operator_key(days=HUNDRED_YEARS), signer) == {
        "authorities": 0,
        "errors": 0,
    }


def test_pyhanko_refuses_what_was_changed_or_signed_by_somebody_else(pyhanko: PyHanko) -> None:
    signer, other = operator_key(days=HUNDRED_YEARS), operator_key(days=HUNDRED_YEARS)
    changed = signed_list(signer).replace(b"Example Provider", b"Another Provider")
    assert "SignatureValidationError" in pyhanko("list", changed, signer)["error"]
    assert "SignatureValidationError" in pyhanko("list", signed_list(signer), other)["error"]


def anew(path: Path, signer: SigningKey) -> bytes:
    root = parse_xml(path.read_bytes())
    for found in root.findall(ds("Signature")):
        root.remove(found)
    return sign_xades(root, signer, ISSUED)


def test_pyhanko_finds_the_services_of_a_real_list_that_we_signed_anew(corpus: Path, pyhanko: PyHanko) -> None:
    signer = operator_key(days=HUNDRED_YEARS)
    answer = pyhanko("list", anew(corpus / "trust_lists" / "gen-2026" / "BE_sn81_v6.xml", signer), signer)
    assert answer["authorities"] > 20


def test_pyhanko_follows_a_real_list_of_lists_that_we_signed_anew(corpus: Path, pyhanko: PyHanko) -> None:
    signer = operator_key(days=HUNDRED_YEARS)
    answer = pyhanko("lotl", anew(corpus / "trust_lists" / "gen-2026" / "eu-lotl_sn388_v6.xml", signer), signer)
    assert {"BE", "EL", "SE"} <= set(answer["pointers"])
