# SPDX-License-Identifier: Apache-2.0
"""Federations of OpenID Federation 1.0, made when tests run: entities, statements and trust marks, signed by joserfc.

A statement is found by its name (`leaf`, `middle about leaf`), so that a test can change just that one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import ECKey

from tests.simulators.certificate_chains import ec_key

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = {
    "anchor": "https://anchor.example",
    "middle": "https://middle.example.org",
    "leaf": "https://leaf.example.org/ap",
    "marker": "https://marks.example.net",
    "owner": "https://owner.example.net",
    "stranger": "https://stranger.example",
}
SUPERIORS = {"leaf": "middle", "middle": "anchor", "marker": "anchor"}
MARK = "https://marks.example.net/conformant"

Claims = dict[str, Any]
Change = Callable[[Claims], object]


def new_jwk(kid: str, private_key: Any = None, **parameters: Any) -> ECKey:
    """A key as joserfc has it."""
    key = private_key or ec_key()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ECKey.import_key(pem, {"kid": kid, **parameters})


def public(*keys: ECKey) -> Claims:
    """A JWK Set of public keys."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def signed(claims: Claims, key: ECKey, kind: str = "entity-statement+jwt", **header: Any) -> str:
    """A compact JWS, by joserfc."""
    protected = {"alg": "ES256", "typ": kind, "kid": key.kid} | header
    registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    return jws.serialize_compact(protected, json.dumps(claims).encode(), key, registry=registry)


@dataclass
class Federation:
    """An anchor, an intermediate, a leaf below it, and somebody who issues trust marks."""

    keys: dict[str, ECKey] = field(default_factory=lambda: {name: new_jwk(f"{name}-1") for name in NAMES})
    leaf_metadata: Claims = field(default_factory=dict)
    marks: list[str] = field(default_factory=list)

    def claims(self) -> dict[str, tuple[Claims, str]]:
        """All statements by name: the claims, and whose key signs them."""
        found: dict[str, tuple[Claims, str]] = {}
        for name in ("anchor", "middle", "leaf", "marker"):
            found[name] = (self._about(name, name), name)
            if name in SUPERIORS:
                found[name][0]["authority_hints"] = [NAMES[SUPERIORS[name]]]
                found[f"{SUPERIORS[name]} about {name}"] = (self._about(SUPERIORS[name], name), SUPERIORS[name])
        found["leaf"][0]["metadata"] = self.leaf_metadata
        found["leaf"][0]["trust_marks"] = [{"trust_mark_type": MARK, "trust_mark": each} for each in self.marks]
        found["anchor"][0]["trust_mark_issuers"] = {MARK: [NAMES["marker"]]}
        return found

    def statements(
        self,
        changes: Mapping[str, Change] | None = None,
        *,
        without: tuple[str, ...] = (),
        by: Mapping[str, str] | None = None,
        headers: Mapping[str, Claims] | None = None,
    ) -> tuple[str, ...]:
        """All of them as JWS: with changed claims, without some, signed by others, with other headers."""
        found = []
        for name, (claims, signer) in self.claims().items():
            if name in without:
                continue
            if changes and name in changes:
                changes[name](claims)
            key = self.keys[(by or {}).get(name, signer)]
            found.append(signed(claims, key, **(headers or {}).get(name, {})))
        return tuple(found)

    def mark(self, change: Change = lambda _claims: None, *, by: str = "marker", **header: Any) -> str:
        """A trust mark of the leaf."""
        claims = {
            "iss": NAMES["marker"],
            "sub": NAMES["leaf"],
            "trust_mark_type": MARK,
            "iat": seconds(AT - DAY),
            "exp": seconds(AT + DAY),
        }
        change(claims)
        return signed(claims, self.keys[by], **({"kind": "trust-mark+jwt"} | header))

    def delegation(self, change: Change = lambda _claims: None, *, by: str = "owner") -> str:
        """The right of the issuer to issue marks."""
        claims = {
            "iss": NAMES["owner"],
            "sub": NAMES["marker"],
            "trust_mark_type": MARK,
            "iat": seconds(AT - DAY),
        }
        change(claims)
        return signed(claims, self.keys[by], "trust-mark-delegation+jwt")

    def _about(self, issuer: str, subject: str) -> Claims:
        return {
            "iss": NAMES[issuer],
            "sub": NAMES[subject],
            "iat": seconds(AT - DAY),
            "exp": seconds(AT + DAY),
            "jwks": public(self.keys[subject]),
        }
