# SPDX-License-Identifier: Apache-2.0
"""Throw-away keys, made when they are first asked for, and used again: making RSA keys is slow.

They are of the kinds that the format knows (`rsa>=2048`, `p256`, `ed25519`), and die with the process.
"""

from collections.abc import Iterable
from typing import TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
Hash: TypeAlias = (
    hashes.SHA224 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | hashes.SHA3_256 | hashes.SHA3_384 | hashes.SHA3_512
)

CURVES: dict[str, type[ec.EllipticCurve]] = {
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
    "bp256": ec.BrainpoolP256R1,
    "bp384": ec.BrainpoolP384R1,
    "bp512": ec.BrainpoolP512R1,
}
HASHES: dict[str, type[Hash]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha224": hashes.SHA224,
}
"""Those that certificates can be signed with here, the usual first."""
_USUAL = ("p256", "ed25519", "p384", "rsa1024", "rsa2048", "rsa3072", "rsa4096", "bp256", "p521", "bp384", "bp512")
"""From quick to slow."""


class KeyPool:
    """Keys by their kind, and a name: the same two give the same key."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], Key] = {}

    def key(self, kind: str, name: str = "") -> Key:
        """A key of a kind such as `p256`, `ed25519` or `rsa2048`. Raises ValueError where there is no such kind."""
        found = self._keys.get((kind, name))
        if found is None:
            found = self._keys[kind, name] = _made(kind)
        return found


def public_bytes(key: Key) -> bytes:
    """The SubjectPublicKeyInfo in DER."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fits(kind: str, allowed: Iterable[str] | None) -> bool:
    """Whether a kind is among those of a rule (`rsa>=2048`, `p256`); None allows all."""
    if allowed is None:
        return True
    if not kind.startswith("rsa"):
        return kind in allowed
    least = min((int(each[5:]) for each in allowed if each.startswith("rsa>=")), default=None)
    return least is not None and int(kind[3:]) >= least


def quickest(allowed: Iterable[str] | None) -> str | None:
    """The kind that is quickly made, of those of a rule; None where none of them can be made here."""
    wanted = None if allowed is None else tuple(allowed)
    return next((kind for kind in _USUAL if fits(kind, wanted)), None)


def outside(allowed: Iterable[str]) -> tuple[str, ...]:
    """Kinds that a rule doesn't allow: the strongest RSA that is too weak, and the quickest of another sort."""
    wanted = tuple(allowed)
    weak = [kind for kind in ("rsa3072", "rsa2048", "rsa1024") if not fits(kind, wanted)]
    other = [kind for kind in _USUAL if not kind.startswith("rsa") and not fits(kind, wanted)]
    return (*weak[:1], *other[:1])


def _made(kind: str) -> Key:
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind]())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    raise ValueError(f"no keys of the kind {kind} are made here")
