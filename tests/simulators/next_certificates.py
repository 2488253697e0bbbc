# SPDX-License-Identifier: Apache-2.0
"""The next certificates of SMPs of the test network."""

from datetime import datetime, timedelta
from pathlib import Path

from registry.demo.pki import SMP_UNIT, DemoPki, identity_pem, new_ec_key, new_rsa_key, write_secret
from trust_lists.certificates.parsing import PrivateKey, SigningKey, load_signing_key

YEAR = timedelta(days=365)


def next_identity(
    pki: DemoPki,
    begin: datetime,
    *,
    lasts: timedelta = YEAR,
    name: str = "SMP_NEXT",
    key: PrivateKey | None = None,
) -> SigningKey:
    """A certificate that the network accepts of an SMP from `begin` on, with its key: a new P-256 one by default."""
    return pki.smp_ca.issue(name, SMP_UNIT, not_before=begin, not_after=begin + lasts, key=key or new_ec_key())


def kept_identity(pki: DemoPki, folder: Path, now: datetime) -> SigningKey:
    """The one next certificate of a folder, in its file `next.pem`, with a key that signs documents, too (RSA)."""
    file = folder / "next.pem"
    if not file.exists():
        identity = next_identity(pki, now - timedelta(days=1), key=new_rsa_key())
        write_secret(file, identity_pem(identity))
    return load_signing_key(file)
