# SPDX-License-Identifier: Apache-2.0
"""More SMPs than the one that a running instance has: identities that its SML accepts, or has reasons to refuse."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from registry.demo.pki import SMP_UNIT, Authority, identity_pem, new_ec_key, write_secret

NOW = datetime.now(UTC)


def write_identity(
    folder: Path,
    authority: Authority,
    common_name: str,
    *,
    unit: str = SMP_UNIT,
    not_before: datetime = NOW - timedelta(hours=1),
    not_after: datetime = NOW + timedelta(days=400),
) -> Path:
    """Issue a client certificate; gives the PEM file of its key, the certificate and its issuers."""
    identity = authority.issue(common_name, unit, not_before=not_before, not_after=not_after, key=new_ec_key())
    path = folder / f"{common_name}.pem"
    write_secret(path, identity_pem(identity))
    return path
