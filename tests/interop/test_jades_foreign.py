# SPDX-License-Identifier: Apache-2.0
"""Programs that we did not write verify the signatures of our lists in JSON: OpenSSL the value, Node.js all of it."""

import json
import subprocess
from base64 import b64decode, urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.simulators.jades_keys import SIGNED_AT, new_key
from tests.simulators.lote_documents import LIST
from trust_lists.documents.lote.json_writer import write_json
from trust_lists.signatures.jades import sign_compact

KINDS = ("P-256", "P-384", "P-521", "RSA-2048")
DIGESTS = {"ES256": "sha256", "ES384": "sha384", "ES512": "sha512", "PS256": "sha256"}

NODE = """
import { createHash, constants, verify, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
const [protectedPart, payload, value] = readFileSync(process.argv[2], "ascii").split(".");
const header = JSON.parse(Buffer.from(protectedPart, "base64url"));
const der = Buffer.from(header.x5c[0], "base64");
if (createHash("sha256").update(der).digest("base64url") !== header["x5t#S256"]) process.exit(3);
const key = { key: new X509Certificate(der).publicKey, dsaEncoding: "ieee-p1363" };
if (header.alg.startsWith("PS")) {
  key.padding = constants.RSA_PKCS1_PSS_PADDING;
  key.saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
}
const input = Buffer.from(`${protectedPart}.${payload}`);
if (!verify(`sha${header.alg.slice(2)}`, input, key, Buffer.from(value, "base64url"))) process.exit(4);
process.stdout.write(Buffer.from(payload, "base64url"));
"""


@pytest.fixture(params=KINDS)
def signed(request: pytest.FixtureRequest) -> bytes:
    return sign_compact(write_json(LIST), new_key(request.param), SIGNED_AT)


def decoded(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def openssl(tool: Any, folder: Path, data: bytes) -> str:
    """What OpenSSL says about the value of a signature; everything else is the standard library's."""
    protected, payload, value = data.split(b".")
    header = json.loads(decoded(protected))
    (folder / "input").write_bytes(protected + b"." + payload)
    (folder / "certificate").write_bytes(b64decode(header["x5c"][0]))
    signature = decoded(value)
    options: list[str] = []
    if header["alg"].startswith("ES"):
        half = len(signature) // 2
        numbers = (int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
        signature = encode_dss_signature(*numbers)
    else:
        options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
    (folder / "signature").write_bytes(signature)
    program = tool.path("openssl")
    extract = [program, "x509", "-inform", "DER", "-in", folder / "certificate", "-pubkey", "-noout"]
    (folder / "key").write_bytes(subprocess.run(extract, capture_output=True, check=True).stdout)
    check = [program, "dgst", f"-{DIGESTS[header['alg']]}", "-verify", folder / "key", "-signature"]
    command = [*check, folder / "signature", *options, folder / "input"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def test_openssl_verifies_the_signature_value(tool: Any, tmp_path: Path, signed: bytes) -> None:
    assert openssl(tool, tmp_path, signed) == "Verified OK"


def test_openssl_finds_another_payload(tool: Any, tmp_path: Path, signed: bytes) -> None:
    header, payload, value = signed.split(b".")
    assert openssl(tool, tmp_path, b".".join((header, payload[:-4] + b"AAAA", value))) == "Verification failure"


def test_node_verifies_the_whole_jws_and_gives_the_list(tool: Any, tmp_path: Path, signed: bytes) -> None:
    (tmp_path / "verify.mjs").write_text(NODE)
    (tmp_path / "list.jws").write_bytes(signed)
    command = [tool.path("node"), tmp_path / "verify.mjs", tmp_path / "list.jws"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, write_json(LIST))
