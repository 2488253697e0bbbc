# SPDX-License-Identifier: Apache-2.0
"""The settings of an instance: environment `REGISTRY_*` over a TOML file over defaults; read by cli and app only.

The file is `registry.toml` in the working directory, or what `REGISTRY_CONFIG` names; its keys are the field names
below in lower case, and unknown ones are errors. Units are in the names. The reference page is made from the
descriptions.
"""

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

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

    master_key_file: Path = Field(
        default_factory=lambda values: values["data_dir"] / "master.key",
        description="File of the key from which the other secrets are derived; made when missing. All processes of an "
        "installation, and a restored one, need the same. By default master.key in DATA_DIR.",
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
    sml_tls_cert: Path | None = Field(
        None, description="PEM file with the certificate chain of the SML listener, which speaks nothing but TLS."
    )
    sml_tls_key: Path | None = Field(None, description="PEM file with the key of SML_TLS_CERT.")

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
        1_000, ge=1, le=100_000, description="Most connections at a time, per listener; further ones wait."
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

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        for listener in ("public", "manage", "sml", "resolver"):
            cert, key = getattr(self, f"{listener}_tls_cert"), getattr(self, f"{listener}_tls_key")
            if (cert is None) != (key is None):
                name = f"{_PREFIX}{listener.upper()}_TLS"
                raise ValueError(f"{name}_CERT and {name}_KEY are given together or not at all")
        if self.public_tls is not None and self.public_tls_cert is not None:
            raise ValueError("REGISTRY_PUBLIC_TLS and REGISTRY_PUBLIC_TLS_CERT exclude each other")
        if not self.manage_bind.is_loopback and self.manage_tls_cert is None:
            raise ValueError(
                f"REGISTRY_MANAGE_BIND is {self.manage_bind}, which others can reach: "
                "tokens would travel in clear. Set REGISTRY_MANAGE_TLS_CERT and _KEY, or bind to 127.0.0.1"
            )
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
