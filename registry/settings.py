# SPDX-License-Identifier: Apache-2.0
"""The settings of an instance: environment `REGISTRY_*` over a TOML file over defaults; read by cli and app only.

The file is `registry.toml` in the working directory, or what `REGISTRY_CONFIG` names; its keys are the field names
below in lower case, and unknown ones are errors. Units are in the names. The reference page is made from the
descriptions.
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from registry.errors import ConfigurationError
from registry.instance_settings import InstanceSettings
from registry.setting_values import Bind, BindField, read_secret, split, with_password
from registry.shown_settings import SETTING_PREFIX as _PREFIX
from registry.shown_settings import ShownSetting, Source, shown_settings

_CONFIG_VARIABLE = "REGISTRY_CONFIG"
_DEFAULT_CONFIG = "registry.toml"


class Settings(InstanceSettings):
    """Every setting, validated. Make it with `load_settings`, whose errors are fit for a user."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True)
    _sources: Mapping[str, Source] = PrivateAttr(default_factory=dict)

    dns_rate_per_s: float = Field(
        500.0,
        ge=0,
        le=1_000_000,
        description="DNS answers a second over UDP to one network (/24, IPv6: /64), whose addresses anybody can forge; "
        "answers with data, answers that a name doesn't exist, and errors each have this rate. 0: no limit.",
    )
    dns_rate_log_only: bool = Field(
        default=False,
        description="Answer also beyond DNS_RATE_PER_S, and only log and count it: to find the right rate.",
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

    dns_snapshot_s: float = Field(
        600.0,
        ge=0,
        le=86_400,
        description="Seconds between two snapshots of a large zone in DATA_DIR, from which the next start serves it in "
        "a third of the time; 0: none.",
    )
    dns_key_dir: Path = Field(
        default_factory=lambda values: values["data_dir"] / "tsig",
        description="Folder of the TSIG keys that name servers and we share, a file NAME.key each, in the format of "
        "BIND. By default tsig in DATA_DIR.",
    )
    dns_transfers: int = Field(
        4,
        ge=1,
        le=64,
        description="Zone transfers that a process sends at a time; further ones wait, up to 256 of a name server. One "
        "name server, by address and key, gets more than one only while fewer than half of these are taken.",
    )
    dns_transfer_idle_s: float = Field(
        30.0, gt=0, le=3_600, description="Seconds that a name server may leave a part of a transfer untaken."
    )
    dns_catalog_zone: str = Field(
        "",
        description="Name of the catalog zone (RFC 9432) that lists the zones here for name servers, as "
        "catalog.example.org; none where empty.",
    )
    dns_catalog_secondaries: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Name servers that take the catalog zone, as `HOST:PORT/KEY, HOST:PORT/KEY`; they are told of "
        "changes, and may transfer it with that key.",
    )

    sml_admission_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Networks that aren't public and that a service may be in which is asked who may register "
        "(`sml.admission` of a domain), as `10.0.0.0/8, fd00::/8`; any port there.",
    )

    smtp_host: str = Field(
        "", max_length=253, description="Mail server that alerts are handed in to; without one there are no mails."
    )
    smtp_port: int = Field(587, ge=1, le=65_535, description="Its port: 587 for STARTTLS, 465 for TLS, 25 for neither.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="How the connection to it is protected: `starttls`, `tls` (from the start), or `none`. Its "
        "certificate is always verified, by the authorities of the system.",
    )
    smtp_user: str = Field("", max_length=254, description="Name for the mail server; empty: it wants none.")
    smtp_password_file: Path | None = Field(
        None, description="File with the password for SMTP_USER, readable by nobody else; read for each mail."
    )
    alert_sender: str = Field(
        "",
        max_length=254,
        pattern=r"^([!-?A-~]+@[A-Za-z0-9.-]+)?$",
        description="Mail address that alerts come from. SMTP_HOST needs one.",
    )
    alert_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Networks that aren't public and that webhooks of alerts may be in, as `10.0.0.0/8, fd00::/8`; any "
        "port there.",
    )
    directory_key_dir: Path = Field(
        default_factory=lambda values: values["data_dir"] / "directory",
        description="Folder of the keys with which directories of participants know us, a file NAME.pem each: a key "
        "without a password, and its certificates; `directory.key` of a domain says NAME. By default directory in "
        "DATA_DIR.",
    )
    directory_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Networks that aren't public and that directories of participants may be in, as `10.0.0.0/8, "
        "fd00::/8`; any port there.",
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
    resolver_allowed_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Networks that aren't public and that SMPs may be in, as `10.0.0.0/8, fd00::/8`; any port there. "
        "All others are refused, whatever DNS says.",
    )
    resolver_allowed_ports: Annotated[tuple[int, ...], NoDecode, BeforeValidator(split)] = Field(
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
            read["database_url"] = with_password(str(read.get("database_url", "")), read_secret(Path(password_file)))
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
    def _check_mail(self) -> Self:
        if self.smtp_host and not self.alert_sender:
            raise ValueError(f"{_PREFIX}SMTP_HOST needs {_PREFIX}ALERT_SENDER")
        if bool(self.smtp_user) != (self.smtp_password_file is not None):
            raise ValueError(f"{_PREFIX}SMTP_USER and {_PREFIX}SMTP_PASSWORD_FILE go together")
        if self.smtp_user and self.smtp_tls == "none":
            raise ValueError(f"{_PREFIX}SMTP_USER: the password would travel in clear; set {_PREFIX}SMTP_TLS")
        return self

    @model_validator(mode="after")
    def _check_networks(self) -> Self:
        for name in (
            *("alert_networks", "directory_networks", "oidc_networks", "rate_exempt_networks"),
            *("sml_admission_networks", "sml_proxy_networks", "trusted_proxies"),
        ):
            for network in getattr(self, name):
                try:
                    ipaddress.ip_network(network)
                except ValueError as error:
                    raise ValueError(f"{_PREFIX}{name.upper()}: {error}") from error
        return self

    @model_validator(mode="after")
    def _check_sml_proxies(self) -> Self:
        plain = self.sml_plain_bind
        told = {"NETWORKS": self.sml_proxy_networks, "FORMS": self.sml_proxy_forms}
        missing = [f"{_PREFIX}SML_PROXY_{name}" for name, value in told.items() if not value]
        if plain is None and self.sml_proxy_certificates is None:
            if len(missing) < len(told):
                raise ValueError(
                    f"{_PREFIX}SML_PROXY_NETWORKS and {_PREFIX}SML_PROXY_FORMS need a way for the proxies to come: "
                    f"{_PREFIX}SML_PLAIN_BIND, or {_PREFIX}SML_PROXY_CERTIFICATES"
                )
        elif missing:
            raise ValueError(f"proxies of the SML need {' and '.join(missing)}")
        if plain is not None and not plain.is_private:
            raise ValueError(
                f"{_PREFIX}SML_PLAIN_BIND is {plain}, which is neither a loopback nor a private address: "
                "whoever can reach it and is in SML_PROXY_NETWORKS can be any SMP"
            )
        if any(ipaddress.ip_network(network).prefixlen == 0 for network in self.sml_proxy_networks):
            raise ValueError(f"{_PREFIX}SML_PROXY_NETWORKS: not everybody is a proxy")
        return self

    @model_validator(mode="after")
    def _check_sml_admin(self) -> Self:
        bind = self.sml_admin_bind
        needed = ("sml_admin_tls_cert", "sml_admin_tls_key", "sml_admin_client_ca")
        missing = [f"{_PREFIX}{name.upper()}" for name in needed if getattr(self, name) is None]
        if bind is None:
            if len(missing) < len(needed):
                raise ValueError(f"{_PREFIX}SML_ADMIN_… without {_PREFIX}SML_ADMIN_BIND: the admin service is off")
            return self
        if missing:
            raise ValueError(f"{_PREFIX}SML_ADMIN_BIND needs {', '.join(missing)}")
        if not bind.is_private:
            raise ValueError(f"{_PREFIX}SML_ADMIN_BIND is {bind}, which is neither a loopback nor a private address")
        for name in ("public_bind", "sml_bind"):
            if getattr(self, name).host == bind.host and not bind.is_loopback:
                raise ValueError(
                    f"{_PREFIX}SML_ADMIN_BIND is {bind}, where {_PREFIX}{name.upper()} is public: give it an address "
                    "of its own"
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

    def shown(self) -> list[ShownSetting]:
        """Each of them with where it comes from; of secrets only whether they are set."""
        return shown_settings(self, self._sources)

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
        settings = Settings(**overrides)
        settings._sources = _sources(overrides)  # noqa: SLF001  # known only here, and no setting
        return settings
    except ValidationError as error:
        lines = [_explain(item) for item in error.errors() if item["type"] != "default_factory_not_called"]
        raise ConfigurationError("\n".join(lines)) from error
    except ValueError as error:  # TOML syntax or encoding
        raise ConfigurationError(f"{_config_file()}: {error}") from error
    except OSError as error:
        raise ConfigurationError(f"{_config_file()}: {error.strerror}") from error


def _sources(overrides: Mapping[str, Any]) -> Mapping[str, Source]:
    """Where each setting comes from that isn't a default, by field name."""
    found: dict[str, Source] = {}
    for source, given in (
        (Source.FILE, TomlConfigSettingsSource(Settings, toml_file=_config_file())()),
        (Source.ENVIRONMENT, EnvSettingsSource(Settings)()),
        (Source.COMMAND_LINE, overrides),
    ):
        found |= {name: source for name, value in given.items() if value != ""}
    return found


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
