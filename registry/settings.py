# SPDX-License-Identifier: Apache-2.0
"""The settings of an instance: environment `REGISTRY_*` over a TOML file over defaults; read by cli and app only.

The file is `registry.toml` in the working directory, or what `REGISTRY_CONFIG` names; its keys are the field names
below in lower case, and unknown ones are errors. Units are in the names. The reference page is made from the
descriptions.
"""

import ipaddress
import os
import stat
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from registry.errors import ConfigurationError

_PREFIX = "REGISTRY_"
_CONFIG_VARIABLE = "REGISTRY_CONFIG"
_DEFAULT_CONFIG = "registry.toml"
_OTHERS = stat.S_IROTH | stat.S_IWOTH


class Bind(NamedTuple):
    """An address to listen on. Port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From HOST:PORT or [IPV6]:PORT. Raises `ValueError`."""
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
            ipaddress.IPv6Address(host)
        elif ":" in host:
            raise ValueError(f"an IPv6 address needs brackets: [{host}]:{port}")
        if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65_536):
            raise ValueError(f"expected HOST:PORT, such as 127.0.0.1:8080, got {text!r}")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def _parse_bind(value: Any) -> Any:
    return Bind.parse(value) if isinstance(value, str) else value


BindField = Annotated[Bind, NoDecode, BeforeValidator(_parse_bind)]


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "edelivery-registry"


def _default_database_url(values: dict[str, Any]) -> str:
    data_dir: Path = values["data_dir"]
    return f"sqlite:///{data_dir.absolute() / 'registry.sqlite3'}"


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def read_secret(path: Path) -> str:
    """The text of a file that others can neither read nor write, without the line's end. Raises `ValueError`."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(f"{path} is no file")
        if path.stat().st_mode & _OTHERS:
            raise ValueError(f"everybody on this machine may read or change {path}; chmod o-rwx it")
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from error
    if not text:
        raise ValueError(f"{path} is empty")
    return text


def _with_password(url: str, password: str) -> str:
    """A database URL with this password, which it must not have yet. Raises `ValueError`."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not (at and user) or ":" in user:
        raise ValueError("REGISTRY_DATABASE_PASSWORD_FILE needs a REGISTRY_DATABASE_URL with a user and no password")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


class Settings(BaseSettings):
    """Every setting, validated. Make it with `load_settings`, whose errors are fit for a user."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Field(
        default_factory=_default_data_dir,
        description="Folder of everything that the instance keeps in files; made when missing. "
        "By default edelivery-registry in $XDG_DATA_HOME, or in ~/.local/share.",
    )
    database_url: str = Field(
        default_factory=_default_database_url,
        repr=False,  # may hold a password
        description="SQLAlchemy URL of the database, SQLite or PostgreSQL. By default registry.sqlite3 in DATA_DIR.",
    )

    database_url_file: Path | None = Field(
        None, description="File with DATABASE_URL, which others may not read. Instead of DATABASE_URL."
    )
    database_password_file: Path | None = Field(
        None, description="File with the password of the user in DATABASE_URL, which others may not read."
    )
    run_as: str | None = Field(
        None,
        description="USER or USER:GROUP to become once all ports are bound, where the program is started as root. "
        "Database, master key and TLS keys are read as that user.",
    )

    master_key_file: Path = Field(
        default_factory=lambda values: values["data_dir"] / "master.key",
        description="File of the key from which the other secrets are derived; made when missing. All processes of an "
        "installation, and a restored one, need the same. By default master.key in DATA_DIR.",
    )
    audit_signing_key_file: Path = Field(
        default_factory=lambda values: values["data_dir"] / "audit-signing.pem",
        description="File of the key (Ed25519) that signs exports of the audit; made at the first one. By default "
        "audit-signing.pem in DATA_DIR.",
    )
    keep_events_days: int = Field(
        3_650, ge=0, le=36_500, description="Days for which audit events are kept; 0: for ever."
    )
    keep_sessions_days: int = Field(
        90, ge=0, le=36_500, description="Days for which sessions are kept after their end; 0: for ever."
    )
    keep_logins_hours: int = Field(
        24, ge=1, le=8_760, description="Hours for which failed logins are kept, and those that nobody finished."
    )
    keep_answers_hours: int = Field(
        24, ge=1, le=8_760, description="Hours for which a repeated request (Idempotency-Key) gets the first answer."
    )
    keep_jobs_days: int = Field(
        90, ge=0, le=36_500, description="Days for which jobs are kept after their end; 0: for ever."
    )
    keep_zone_changes_days: int = Field(
        30,
        ge=0,
        le=36_500,
        description="Days for which published changes of zones are kept; a name server that is further behind gets the "
        "whole zone. 0: for ever.",
    )
    keep_signed_documents_days: int = Field(
        365,
        ge=0,
        le=36_500,
        description="Days for which signed documents are kept that aren't served any more; 0: for ever.",
    )
    keep_migrations_days: int = Field(
        30, ge=0, le=36_500, description="Days for which migrations are kept after they expired; 0: for ever."
    )
    database_connections: int = Field(
        20, ge=2, le=500, description="Most connections of a process to PostgreSQL; who finds none free waits."
    )
    database_acquire_s: float = Field(
        10.0, gt=0, le=600, description="Seconds to wait for a free connection to PostgreSQL."
    )
    database_statement_s: float = Field(
        60.0, gt=0, le=86_400, description="Seconds after which PostgreSQL breaks a statement off."
    )
    database_lock_s: float = Field(
        10.0, gt=0, le=600, description="Seconds to wait for what another transaction holds, on both databases."
    )
    document_cache_entries: int = Field(
        10_000,
        ge=0,
        le=10_000_000,
        description="Most signed documents that a process keeps in memory; 0: none. For PostgreSQL only, where another "
        "process's changes are told; SQLite is read faster than it is kept.",
    )
    document_cache_mib: int = Field(
        64, ge=0, le=1_048_576, description="Most memory for these documents, in MiB, for each process."
    )

    public_bind: BindField = Field(
        Bind("127.0.0.1", 8080), description="HOST:PORT of the public listener, which serves SMP documents."
    )
    manage_bind: BindField = Field(
        Bind("127.0.0.1", 8081), description="HOST:PORT of the management listener: REST interface, health, metrics."
    )
    sml_bind: BindField = Field(
        Bind("127.0.0.1", 8443), description="HOST:PORT of the SML listener: SOAP with client certificates."
    )
    dns_bind: BindField = Field(
        Bind("127.0.0.1", 5300), description="HOST:PORT of the DNS server, for both UDP and TCP."
    )

    public_tls: Path | None = Field(
        None,
        description="Folder of the public listener's certificates, of which each client gets the one for the name that "
        "it asks for: NAME.crt with NAME.key, NAME.pem with both, or NAME/fullchain.pem with NAME/privkey.pem. "
        "Instead of PUBLIC_TLS_CERT.",
    )
    tls_min_version: Literal["1.2", "1.3"] = Field("1.2", description="The oldest version of TLS that is spoken.")
    tls_ciphers: str = Field(
        "ECDHE+AESGCM:ECDHE+CHACHA20",
        description="Cipher suites of TLS 1.2 in OpenSSL's notation; all must have forward secrecy and authenticated "
        "encryption. Those of TLS 1.3 are all good.",
    )
    tls_check_s: float = Field(
        10.0, ge=0.1, le=3_600, description="Seconds between two looks whether a listener's certificates have changed."
    )
    public_tls_cert: Path | None = Field(
        None, description="PEM file with the certificate chain of the public listener; plain HTTP without it."
    )
    public_tls_key: Path | None = Field(None, description="PEM file with the key of PUBLIC_TLS_CERT.")
    manage_tls_cert: Path | None = Field(
        None, description="PEM file with the certificate chain of the management listener; plain HTTP without it."
    )
    manage_tls_key: Path | None = Field(None, description="PEM file with the key of MANAGE_TLS_CERT.")
    manage_client_ca: Path | None = Field(
        None,
        description="PEM file with the certificates of those who issue client certificates for the management "
        "listener; a client may come without one. Which account a certificate is of, `registry account "
        "add-certificate` says. Needs MANAGE_TLS_CERT.",
    )
    session_lifetime_s: float = Field(
        43_200.0, ge=60, le=2_592_000, description="Seconds for which a login is good, at most."
    )
    session_idle_s: float = Field(
        3_600.0, ge=60, le=2_592_000, description="Seconds without a request after which a login has ended."
    )
    sml_tls_cert: Path | None = Field(
        None, description="PEM file with the certificate chain of the SML listener, which speaks nothing but TLS."
    )
    sml_tls_key: Path | None = Field(None, description="PEM file with the key of SML_TLS_CERT.")

    manage_public_url: str = Field(
        "",
        description="URL under which browsers reach the management listener, without a slash at the end; needed for "
        "logins at an OIDC provider, which sends them back to it, and for the metadata of AuthZEN.",
    )
    oidc_issuer: str = Field(
        "", description="Issuer of the OpenID Connect provider at which people log in; nobody does so by default."
    )
    oidc_client_id: str = Field("", description="What this installation is called at the OIDC provider.")
    oidc_client_secret: str | None = Field(
        None, repr=False, description="Our secret at the OIDC provider; none for a public client."
    )
    oidc_client_secret_file: Path | None = Field(None, description="File with OIDC_CLIENT_SECRET.")
    oidc_groups_claim: str = Field("groups", description="Claim of the ID token that names somebody's groups.")
    oidc_roles: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (),
        description="What the groups of the OIDC provider may do: `GROUP=ROLE@system`, `GROUP=ROLE@DOMAIN` or "
        "`GROUP=ROLE@DOMAIN/GROUP`, with commas between; roles are viewer, editor and admin.",
    )

    sml_public_url: str = Field(
        "", description="URL under which clients reach the SML listener, for its WSDL; by default its own address."
    )

    sml_icd_status_codes: bool = Field(
        default=False, description="Answer SOAP faults of the SML with 400, 401, 404 and 500, as the ICD says."
    )

    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        "INFO", description="The least severe level that is logged."
    )
    log_format: Literal["json", "console"] = Field("json", description="One JSON object a line, or text for people.")

    max_header_bytes: int = Field(
        32_768, ge=1_024, le=1_048_576, description="Longest request line and headers together, in bytes."
    )
    max_headers: int = Field(100, ge=10, le=1_000, description="Most headers of a request.")
    max_body_bytes: int = Field(
        2_000_000, ge=10_000, le=100_000_000, description="Longest body of a request, in bytes."
    )
    max_connections: int = Field(
        1_000,
        ge=1,
        le=100_000,
        description="Most connections at a time, per listener; further ones wait, and those idle longest are closed.",
    )
    client_connections: int = Field(
        100,
        ge=0,
        le=100_000,
        description="Most connections of one client address (IPv6: /64) at a time, per listener; 0: no limit.",
    )
    public_max_requests: int = Field(
        1_000, ge=1, le=100_000, description="Requests in work at a time at the public listener; beyond that 503."
    )
    manage_max_requests: int = Field(
        100, ge=1, le=100_000, description="Requests in work at a time at the management listener; beyond that 503."
    )
    sml_max_requests: int = Field(
        100, ge=1, le=100_000, description="Requests in work at a time at the SML listener; beyond that 503."
    )
    resolver_max_requests: int = Field(
        1_000, ge=1, le=100_000, description="Requests in work at a time at the resolver; beyond that 503."
    )
    public_rate_per_s: float = Field(
        100.0,
        ge=0,
        le=1_000_000,
        description="Requests a second of one client address (IPv6: /64) to the public listener; beyond that 429. "
        "Each process counts for itself. 0: no limit.",
    )
    manage_rate_per_s: float = Field(
        500.0, ge=0, le=1_000_000, description="The same for the management listener; bulk requests count once."
    )
    sml_rate_per_s: float = Field(100.0, ge=0, le=1_000_000, description="The same for the SML listener.")
    resolver_rate_per_s: float = Field(500.0, ge=0, le=1_000_000, description="The same for the resolver.")
    rate_burst_s: float = Field(
        5.0,
        ge=0.1,
        le=3_600,
        description="Seconds of a rate that a client may use at once after a pause, at every listener and in DNS.",
    )
    rate_exempt_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        ("127.0.0.0/8", "::1/128"),
        description="Networks of clients without rates and limits of connections, in HTTP and DNS, such as those of "
        "your own access points. By default this machine, so that a proxy on it isn't one client.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (),
        description="Networks of the proxies in front of the listeners, as `192.0.2.10, fd00::/8`. Who the client is "
        "is then what PROXY_HEADER says: the right-most address that isn't one of a proxy.",
    )
    proxy_header: Literal["X-Forwarded-For", "Forwarded"] = Field(
        "X-Forwarded-For",
        description="The header in which the proxies tell their client. Only this one is read: proxies pass others on "
        "as a client made them up.",
    )
    head_timeout_s: float = Field(
        10.0, gt=0, le=600, description="Seconds a client may take for the head of a request, or the TLS handshake."
    )
    body_timeout_s: float = Field(
        30.0, gt=0, le=3_600, description="Seconds a client may take to send the body of a request."
    )
    write_timeout_s: float = Field(30.0, gt=0, le=3_600, description="Seconds a client may leave an answer untaken.")
    keep_alive_s: float = Field(
        15.0, gt=0, le=3_600, description="Seconds a connection may be idle between two requests."
    )
    shutdown_grace_s: float = Field(
        10.0, ge=0, le=600, description="Seconds that running requests get to end when the instance stops."
    )
    dns_tick_s: float = Field(0.2, ge=0.01, le=60, description="Seconds between two looks for zone changes to publish.")
    job_workers: int = Field(1, ge=1, le=64, description="Jobs that a process with the role `jobs` does at a time.")
    ready_zone_lag_s: float = Field(
        30.0, gt=0, le=86_400, description="Seconds that a change may wait for DNS before /readyz says so."
    )
    ready_job_wait_s: float = Field(
        900.0, gt=0, le=604_800, description="Seconds that a job may wait when it is due before /readyz says so."
    )
    ready_audit_lag_s: float = Field(
        300.0, gt=0, le=86_400, description="Seconds that an event may wait for its place in the chain of the audit."
    )

    dns_rate_per_s: float = Field(
        500.0,
        ge=0,
        le=1_000_000,
        description="DNS answers a second over UDP to one network (/24, IPv6: /64), whose addresses anybody can forge; "
        "0: no limit.",
    )
    dns_slip: int = Field(
        2,
        ge=0,
        le=100,
        description="Beyond DNS_RATE_PER_S each so many-th query is answered as truncated, which sends real resolvers "
        "to TCP, and the others are dropped; 1: all are answered so, 0: all are dropped.",
    )
    dns_tcp_connections: int = Field(
        512, ge=1, le=100_000, description="Most DNS connections over TCP; then the one silent longest is dropped."
    )
    dns_tcp_client_connections: int = Field(
        32, ge=0, le=100_000, description="Most DNS connections of one client address (IPv6: /64); 0: no limit."
    )
    dns_tcp_idle_s: float = Field(
        10.0, gt=0, le=3_600, description="Seconds without a whole query after which a DNS connection is dropped."
    )
    dns_tcp_queries: int = Field(
        10_000,
        ge=1,
        le=10_000_000,
        description="Most queries of a DNS connection; behind the last answer it is closed.",
    )

    resolver_bind: BindField = Field(
        Bind("127.0.0.1", 8053), description="HOST:PORT of `registry resolver`: look-ups as JSON, DNS over HTTPS."
    )
    resolver_tls_cert: Path | None = Field(
        None, description="PEM file with the certificate chain of the resolver; plain HTTP without it."
    )
    resolver_tls_key: Path | None = Field(None, description="PEM file with the key of RESOLVER_TLS_CERT.")
    resolver_dns: str = Field(
        "", description="HOST:PORT of the name server that the resolver asks; by default those of the system."
    )
    resolver_allowed_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (),
        description="Networks that aren't public and that SMPs may be in, as `10.0.0.0/8, fd00::/8`; any port there. "
        "All others are refused, whatever DNS says.",
    )
    resolver_allowed_ports: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)] = Field(
        (80, 443), description="Ports that the resolver asks at public addresses."
    )
    resolver_cache_entries: int = Field(
        50_000, ge=1, le=10_000_000, description="Most answers that the resolver keeps; the least used go first."
    )
    resolver_cache_bytes: int = Field(
        200_000_000, ge=100_000, le=100_000_000_000, description="Most bytes of the answers that the resolver keeps."
    )
    resolver_cache_s: float = Field(
        300.0,
        ge=0,
        le=86_400,
        description="Seconds for which an answer is fresh, at most; DNS and certificates may say less.",
    )
    resolver_negative_s: float = Field(
        60.0, ge=0, le=60, description="Seconds for which a not registered or no matching service is kept, at most."
    )
    resolver_stale_s: float = Field(
        3_600.0,
        ge=0,
        le=604_800,
        description="Seconds after that for which the last good answer is used while finding out anew fails; 0: never.",
    )
    resolver_workers: int = Field(16, ge=1, le=500, description="Look-ups of the resolver at a time.")
    resolver_queue: int = Field(
        100, ge=0, le=100_000, description="Look-ups that may wait for their turn; further ones are refused with 503."
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, Any]) -> dict[str, Any]:
        # Container files and systemd units write NAME= for "not set".
        return {name: value for name, value in values.items() if value != ""}

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Every setting NAME beside which there is a NAME_file may come from that file."""
        read = dict(values)
        for file in [name for name in cls.model_fields if name.endswith("_file") and values.get(name)]:
            name = file.removesuffix("_file")
            if name in cls.model_fields:
                if values.get(name):
                    raise ValueError(f"{_PREFIX}{name.upper()} and {_PREFIX}{file.upper()} exclude each other")
                read[name] = read_secret(Path(values[file]))
        if password_file := values.get("database_password_file"):
            read["database_url"] = _with_password(str(read.get("database_url", "")), read_secret(Path(password_file)))
        return read

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        for listener in ("public", "manage", "sml", "resolver"):
            cert, key = getattr(self, f"{listener}_tls_cert"), getattr(self, f"{listener}_tls_key")
            if (cert is None) != (key is None):
                name = f"{_PREFIX}{listener.upper()}_TLS"
                raise ValueError(f"{name}_CERT and {name}_KEY are given together or not at all")
        if self.public_tls is not None and self.public_tls_cert is not None:
            raise ValueError("REGISTRY_PUBLIC_TLS and REGISTRY_PUBLIC_TLS_CERT exclude each other")
        if self.oidc_issuer and not (self.oidc_client_id and self.manage_public_url):
            raise ValueError("REGISTRY_OIDC_ISSUER needs REGISTRY_OIDC_CLIENT_ID and REGISTRY_MANAGE_PUBLIC_URL")
        if self.manage_client_ca is not None and self.manage_tls_cert is None:
            raise ValueError("REGISTRY_MANAGE_CLIENT_CA needs REGISTRY_MANAGE_TLS_CERT and _KEY")
        if not self.manage_bind.is_loopback and self.manage_tls_cert is None:
            raise ValueError(
                f"REGISTRY_MANAGE_BIND is {self.manage_bind}, which others can reach: "
                "tokens would travel in clear. Set REGISTRY_MANAGE_TLS_CERT and _KEY, or bind to 127.0.0.1"
            )
        return self

    @model_validator(mode="after")
    def _check_networks(self) -> Self:
        for name in ("rate_exempt_networks", "trusted_proxies"):
            for network in getattr(self, name):
                try:
                    ipaddress.ip_network(network)
                except ValueError as error:
                    raise ValueError(f"{_PREFIX}{name.upper()}: {error}") from error
        return self

    def warnings(self) -> list[str]:
        """What is allowed but deserves a look, one sentence each."""
        found = []
        if not self.public_bind.is_loopback and self.public_tls is None and self.public_tls_cert is None:
            found.append(
                f"REGISTRY_PUBLIC_BIND is {self.public_bind} without TLS: put a proxy that speaks HTTPS in front, "
                "or set REGISTRY_PUBLIC_TLS"
            )
        return found

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was passed, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_config_file())


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` (field names) win over environment and file.

    Raises `ConfigurationError` with one line per wrong setting, which names its environment variable.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [_explain(item) for item in error.errors() if item["type"] != "default_factory_not_called"]
        raise ConfigurationError("\n".join(lines)) from error
    except ValueError as error:  # TOML syntax or encoding
        raise ConfigurationError(f"{_config_file()}: {error}") from error
    except OSError as error:
        raise ConfigurationError(f"{_config_file()}: {error.strerror}") from error


def _config_file() -> Path:
    named = os.environ.get(_CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise ConfigurationError(f"{_CONFIG_VARIABLE} names {named}, which isn't a file")
    return Path(named or _DEFAULT_CONFIG)


def _explain(item: Any) -> str:
    message = str(item["msg"]).removeprefix("Value error, ")
    if not item["loc"]:
        return message
    name = str(item["loc"][0])
    if item["type"] == "extra_forbidden":
        return f"{_config_file()}: there is no setting {name!r}"
    return f"{_PREFIX}{name.upper()}: {message}"
