# SPDX-License-Identifier: Apache-2.0
"""Login at an OpenID Connect provider: the authorization code flow with PKCE, and no other.

What could be swapped is bound together: the browser (a cookie with the state), the login that it began (one row, used
once), the provider (its `iss`, RFC 9207), the code (PKCE, RFC 7636) and the ID token (nonce, audience, issuer,
signature, OpenID Connect Core 1.0 §3.1.3.7). Nobody is recognised by name or mail address: these change hands, issuer
and subject don't.
"""

import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core.claims import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from registry.errors import ConfigurationError, TechnicalError, UnauthorizedError
from trust_lists.errors import SourceError
from trust_lists.sources.addresses import AddressPolicy
from trust_lists.sources.guarded_transport import GuardedTransport, proxies

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures only: neither `none` nor one with a secret that both sides know."""
_MAX_BYTES = 1_000_000
_METADATA_LASTS = timedelta(hours=1)
_KEYS_AGAIN = timedelta(minutes=1)  # an unknown key makes us ask again, but not at every attempt
_LEEWAY_S = 60
_SCOPE = "openid profile email"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ON_LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The provider, and what we are there. `redirect_uri` is where it sends browsers back to.

    What it names at other hosts than its own may be in `networks` that aren't public.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    client_secret: str | None = field(default=None, repr=False)
    groups_claim: str = "groups"
    networks: tuple[str, ...] = ()
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class BegunLogin:
    """What has to be remembered of a login until the provider's answer; `state` goes into a cookie, too."""

    url: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OidcIdentity:
    """Whom the provider says it is."""

    issuer: str
    subject: str
    name: str
    display_name: str
    email: str
    groups: frozenset[str]


class Clock(Protocol):
    """The present moment."""

    def __call__(self) -> datetime: ...


class OidcProvider:
    """One provider. Its metadata and keys are fetched when they are needed, and kept for a while.

    Its host is set by whoever has the machine. Others are named by its metadata, so no address is asked there that
    isn't public, unless the settings allow its network.
    """

    def __init__(self, settings: OidcSettings, clock: Clock, transport: httpx2.BaseTransport | None = None) -> None:
        """`transport` leads to the provider's own host.

        Raises ConfigurationError for an issuer or redirect address that isn't https (http only on loopback), and for
        networks that are none.
        """
        for name, url in (("issuer", settings.issuer), ("redirect_uri", settings.redirect_uri)):
            _check_url(name, url)
        self._settings = settings
        self._clock = clock
        self._transport = transport
        self._host = urlsplit(settings.issuer).hostname
        own = _ON_LOOPBACK if self._host in _LOOPBACK else ()
        try:
            self._policy = AddressPolicy.of((*settings.networks, *own))
        except SourceError as error:
            raise ConfigurationError(f"oidc_networks: {error}") from error
        self._lock = threading.Lock()
        self._metadata: tuple[datetime, OpenIDProviderMetadata] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def begin(self) -> BegunLogin:
        """A new login; its `url` is where the browser goes. Raises TechnicalError, ConfigurationError."""
        metadata = self._provider()
        state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        with self._client(self._settings.issuer) as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        return BegunLogin(str(url), state, nonce, verifier)

    def finish(self, answer: Mapping[str, str], nonce: str, code_verifier: str) -> OidcIdentity:
        """Whom the provider's answer to a login names; `answer` are the parameters of the redirect.

        The caller has found the login by the answer's state. Raises UnauthorizedError where the answer is a refusal or
        isn't meant for this login, TechnicalError where the provider can't be asked.
        """
        metadata = self._provider()
        self._check_sender(metadata, answer)
        if "error" in answer:
            raise UnauthorizedError(f"the provider refused: {answer['error'][:80]}")
        code = answer.get("code")
        if not code:
            raise UnauthorizedError("the provider's answer has no code")
        token = self._token(metadata, code, code_verifier)
        claims = self._claims(metadata, token, nonce)
        return self._identity(claims)

    def _check_sender(self, metadata: OpenIDProviderMetadata, answer: Mapping[str, str]) -> None:
        # RFC 9207 §2.4: an answer of another provider must not be taken to ours (mix-up).
        issuer = answer.get("iss")
        if issuer is None and metadata.get("authorization_response_iss_parameter_supported") is True:
            raise UnauthorizedError("the answer doesn't say which provider it is of")
        if issuer is not None and issuer != metadata["issuer"]:
            raise UnauthorizedError("the answer is of another provider")

    def _token(self, metadata: OpenIDProviderMetadata, code: str, code_verifier: str) -> Mapping[str, Any]:
        try:
            with self._client(metadata["token_endpoint"]) as client:
                token: Mapping[str, Any] = client.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=code_verifier,
                    redirect_uri=self._settings.redirect_uri,
                )
        except OAuthError as error:
            raise UnauthorizedError(f"the provider refused the code: {str(error.error)[:80]}") from error
        except (httpx2.HTTPError, ValueError, SourceError) as error:
            raise TechnicalError("the provider's token endpoint can't be used") from error
        return token

    def _claims(self, metadata: OpenIDProviderMetadata, token: Mapping[str, Any], nonce: str) -> CodeIDToken:
        text = token.get("id_token")
        if not isinstance(text, str):
            raise UnauthorizedError("the provider sent no ID token")
        try:
            decoded = self._decoded(metadata, text)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": metadata["issuer"]},
                    "aud": {"essential": True, "value": self._settings.client_id},
                    "sub": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                {"nonce": nonce, "client_id": self._settings.client_id, "access_token": token.get("access_token")},
            )
            claims.validate(now=int(self._clock().timestamp()), leeway=_LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise UnauthorizedError(f"the ID token can't be believed: {type(error).__name__}") from error
        return claims

    def _decoded(self, metadata: OpenIDProviderMetadata, text: str) -> jwt.Token:
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        allowed = [name for name in _ALGORITHMS if name in offered]
        try:
            return jwt.decode(text, self._key_set(metadata), algorithms=allowed)
        except (JoseError, ValueError):
            if not self._forget_keys():
                raise
        return jwt.decode(text, self._key_set(metadata), algorithms=allowed)

    def _identity(self, claims: CodeIDToken) -> OidcIdentity:
        def text(name: str) -> str:
            value = claims.get(name)
            return value.strip()[:128] if isinstance(value, str) else ""

        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise UnauthorizedError("the ID token has no usable subject")
        groups = claims.get(self._settings.groups_claim)
        named = groups if isinstance(groups, list) else [groups]
        return OidcIdentity(
            issuer=claims["iss"],
            subject=subject,
            name=text("preferred_username") or text("email") or subject[:64],
            display_name=text("name"),
            email=text("email"),
            groups=frozenset(group for group in named if isinstance(group, str)),
        )

    # What the provider publishes

    def _provider(self) -> OpenIDProviderMetadata:
        now = self._clock()
        with self._lock:
            if self._metadata is None or now - self._metadata[0] > _METADATA_LASTS:
                self._metadata = (now, self._fetch_metadata())
            return self._metadata[1]

    def _fetch_metadata(self) -> OpenIDProviderMetadata:
        issuer = self._settings.issuer
        metadata = OpenIDProviderMetadata(self._fetch(get_well_known_url(issuer, external=True)))
        # OpenID Connect Discovery 1.0 §4.3: exactly, or somebody else could speak for it.
        if metadata.get("issuer") != issuer:
            raise ConfigurationError(f"the provider says that it is {metadata.get('issuer')!r}, not {issuer!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(metadata.get(name), str):
                raise ConfigurationError(f"the provider's metadata have no {name}")
            _check_url(name, metadata[name])
        return metadata

    def _key_set(self, metadata: OpenIDProviderMetadata) -> KeySet:
        with self._lock:
            if self._keys is None:
                try:
                    keys = KeySet.import_key_set(self._fetch(metadata["jwks_uri"]))  # type: ignore[arg-type]
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise TechnicalError("the provider's keys can't be used") from error
                self._keys = (self._clock(), keys)
            return self._keys[1]

    def _forget_keys(self) -> bool:
        """Have the keys fetched again, unless that was done a moment ago; whether it will be."""
        with self._lock:
            if self._keys is not None and self._clock() - self._keys[0] < _KEYS_AGAIN:
                return False
            self._keys = None
            return True

    def _fetch(self, url: str) -> dict[str, Any]:
        try:
            with (
                httpx2.Client(timeout=self._settings.timeout_s, **self._way(url)) as client,
                client.stream("GET", url, headers={"accept": "application/json"}) as answer,
            ):
                if answer.status_code != 200:
                    raise TechnicalError(f"{url} answers with status {answer.status_code}")
                body = bytearray()
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _MAX_BYTES:
                        raise TechnicalError(f"{url} answers with more than {_MAX_BYTES} bytes")
                content = json.loads(bytes(body))
        except SourceError as error:
            raise TechnicalError(f"{url} isn't asked: {error}") from error
        except (httpx2.HTTPError, ValueError) as error:
            raise TechnicalError(f"{url} can't be read: {type(error).__name__}") from error
        if not isinstance(content, dict):
            raise TechnicalError(f"{url} is no JSON object")
        return content

    def _way(self, url: str) -> dict[str, Any]:
        """How a client gets to an address."""
        if urlsplit(url).hostname == self._host:
            return {"transport": self._transport}
        tls, limits = httpx2.create_ssl_context(), httpx2.Limits()
        return {"transport": GuardedTransport(self._policy, tls, limits), "mounts": proxies(tls, limits)}

    def _client(self, url: str) -> Any:
        settings = self._settings
        return OAuth2Client(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            scope=_SCOPE,
            redirect_uri=settings.redirect_uri,
            timeout=settings.timeout_s,
            **self._way(url),
        )


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    loopback = host in _LOOPBACK
    if not host or parts.fragment or (parts.scheme != "https" and not (parts.scheme == "http" and loopback)):
        raise ConfigurationError(f"the OIDC {name} {url!r} must be an https address (http only on this machine)")
