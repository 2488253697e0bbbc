# SPDX-License-Identifier: Apache-2.0
"""Coverage-guided fuzzing of what reads foreign bytes: lists in every form, their signatures, certificates.

Runs in the environment of foreign programs, which has atheris: `fuzz_lists.py TARGET [libFuzzer options] [FOLDER…]`.
Whatever comes in, only errors of `trust_lists.errors` may come out; anything else ends the run with a crash report.
"""

import contextlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["trust_lists"]):
    from trust_lists.certificates.listed import ListedCertificate
    from trust_lists.documents.checks import check
    from trust_lists.documents.reading import read_unverified
    from trust_lists.errors import TrustListError
    from trust_lists.signatures.jades import verify_compact
    from trust_lists.sources.verifying import verify_list

AT = datetime(2026, 6, 1, tzinfo=UTC)


def read(data: bytes) -> None:
    """A list in any form, and the checks of whatever could be read."""
    check(read_unverified(data), at=AT)


def verify(data: bytes) -> None:
    """A signed list in any form; nobody pins the signer, so that as much as possible is looked at."""
    verify_list(data, signers=None, verification_time=AT)


def compact(data: bytes) -> None:
    """A compact JWS."""
    verify_compact(data, signers=None, verification_time=AT)


def certificate(data: bytes) -> None:
    """A certificate as it stands in a list."""
    listed = ListedCertificate(data)
    _ = (listed.certificate, listed.problem, listed.key, listed.subject_text)
    _ = (listed.comparable_subject, listed.comparable_issuer)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "read": read,
    "verify": verify,
    "compact": compact,
    "certificate": certificate,
}


def main() -> None:
    """Fuzz the target that the first argument names."""
    target = TARGETS[sys.argv.pop(1)]

    def one(data: bytes) -> None:
        with contextlib.suppress(TrustListError):
            target(data)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
