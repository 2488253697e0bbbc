# SPDX-License-Identifier: Apache-2.0
"""An OpenID Connect provider in memory that does what a test says, also what no provider should do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

ISSUER = "https://login.example"
CLIENT_ID = "registry"
REDIRECT_URI = "https://registry.example/api/v1/session/oidc/callback"


@dataclass(slots=True)
class FakeProvider:
    """`claims` and `header` are laid over what a good ID token has; None leaves a claim out."""

    now: datetime
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signing_key: Any = None
    """With which key it signs, if not with the one that it publishes."""
    answer: Mapping[str, Any] | None = None
    """What the token endpoint answers, if not an ID token."""
    asked: list[str] = field(default_factory=list)
    begun: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self.handle)

    def log_in(self, url: str, **answer: str) -> dict[str, str]:
        """What the browser brings back after a login at `url`."""
        parameters = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"code-{len(self.begun)}"
        self.begun[code] = parameters
        return {"state": parameters["state"], "code": code} | answer

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx2.Response(200, json=self._metadata())
            case "/keys":
                return httpx2.Response(200, json=KeySet([self.key]).as_dict(private=False))
            case "/token":
                return self._token(parse_qs(request.content.decode()))
        return httpx2.Response(404)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        } | self.metadata

    def _token(self, form: Mapping[str, list[str]]) -> httpx2.Response:
        if self.answer is not None:
            return httpx2.Response(200, json=self.answer)
        begun = self.begun.pop(form["code"][0], None)
        if begun is None or begun["redirect_uri"] != form["redirect_uri"][0]:
            return httpx2.Response(400, json={"error": "invalid_grant"})
        if create_s256_code_challenge(form["code_verifier"][0]) != begun["code_challenge"]:
            return httpx2.Response(400, json={"error": "invalid_grant"})
        moment = int(self.now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": CLIENT_ID,
            "sub": "alice-1",
            "iat": moment,
            "exp": moment + 300,
            "nonce": begun["nonce"],
            "preferred_username": "alice",
            "name": "Alice Example",
            "email": "alice@example.org",
            "groups": ["registry-admins"],
        } | self.claims
        said = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "one"} | self.header
        key = self.signing_key or self.key
        if header["alg"] == "none":
            token = f"{_part(header)}.{_part(said)}."
        else:
            token = jwt.encode(header, said, key, algorithms=[header["alg"]])
        return httpx2.Response(200, json={"access_token": "x", "token_type": "Bearer", "id_token": token})


def _part(value: Any) -> str:
    import base64

    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
