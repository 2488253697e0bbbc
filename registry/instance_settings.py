# SPDX-License-Identifier: Apache-2.0
"""The settings that every process of an instance reads: where things are, who listens, how much and how long.

The first part of `registry.settings.Settings`, where the others are, and what reads and checks them.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode

from registry.setting_values import Bind, BindField, split, upper


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "edelivery-registry"


def _default_database_url(values: dict[str, Any]) -> str:
    data_dir: Path = values["data_dir"]
    return f"sqlite:///{data_dir.absolute() / 'registry.sqlite3'}"


class InstanceSettings(BaseSettings):
    """Fields in the order in which the reference page has them."""

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
    client_cache_s: float = Field(
        86_400.0,
        ge=60,
        le=31_536_000,
        description="Longest time, in seconds, for which clients may go on with a document that they have fetched: "
        "after a change of keys the old one is needed that long. Ours may be kept for 60 seconds by HTTP, and the "
        "usual client libraries keep them for 15 minutes; a day leaves room for access points that keep them "
        "by themselves.",
    )
    clock_skew_s: float = Field(
        300.0,
        ge=0,
        le=86_400,
        description="How far, in seconds, clocks of others may be off; added to CLIENT_CACHE_S. Five minutes are what "
        "machines without good time usually are off at the most.",
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
    oidc_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Networks that aren't public and that endpoints of the OIDC provider may be in, as `10.0.0.0/8, "
        "fd00::/8`, where its metadata name another host than the issuer's.",
    )
    oidc_roles: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="What the groups of the OIDC provider may do: `GROUP=ROLE@system`, `GROUP=ROLE@DOMAIN` or "
        "`GROUP=ROLE@DOMAIN/GROUP`, with commas between; roles are viewer, editor and admin.",
    )

    sml_public_url: str = Field(
        "", description="URL under which clients reach the SML listener, for its WSDL; by default its own address."
    )

    sml_plain_bind: BindField | None = Field(
        None,
        description="HOST:PORT of a listener of the SML without TLS, for proxies that tell who calls; a loopback or "
        "private address. Needs SML_PROXY_NETWORKS and SML_PROXY_FORMS. None by default.",
    )
    sml_proxy_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Networks of the proxies whose word about a client's certificate counts at the SML, as "
        "`192.0.2.10, fd00::/64`: whoever is there can be any SMP.",
    )
    sml_proxy_forms: Annotated[
        tuple[Literal["rfc9440", "ec-names", "ssl-client-cert"], ...], NoDecode, BeforeValidator(split)
    ] = Field(
        (),
        description="Headers in which they may tell it: `rfc9440` (Client-Cert), `ec-names` (Client-Cert as the EC has "
        "it: only names, of a certificate that is registered), `ssl-client-cert` (SSLClientCert). Nothing by default.",
    )
    sml_proxy_certificates: Path | None = Field(
        None,
        description="PEM file with the certificates by which these proxies are known that come to SML_BIND, which "
        "speaks TLS; without it they have to come to SML_PLAIN_BIND.",
    )

    sml_admin_bind: BindField | None = Field(
        None,
        description="HOST:PORT of the listener of the SML's admin service (bdmsladminservice), a loopback or private "
        "address at which no public listener is; served by processes with the role manage. None by default.",
    )
    sml_admin_tls_cert: Path | None = Field(
        None, description="PEM file with the certificate chain of this listener, which speaks nothing but TLS."
    )
    sml_admin_tls_key: Path | None = Field(None, description="PEM file with the key of SML_ADMIN_TLS_CERT.")
    sml_admin_client_ca: Path | None = Field(
        None,
        description="PEM file with the certificates of those who issue client certificates for this listener. Which "
        "account a certificate is of, `registry account add-certificate` says.",
    )
    sml_admin_public_url: str = Field(
        "", description="URL under which clients reach this listener, for its WSDL; by default its own address."
    )

    sml_icd_status_codes: bool = Field(
        default=False, description="Answer SOAP faults of the SML with 400, 401, 404 and 500, as the ICD says."
    )

    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(upper)] = Field(
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
    public_page_rate_per_s: float = Field(
        2.0,
        ge=0,
        le=1_000_000,
        description="Look-ups a second of one client address on the public page of domains that have one, which cost "
        "more than a document; beyond that 429. 0: no limit but the listener's.",
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
    rate_exempt_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = Field(
        ("127.0.0.0/8", "::1/128"),
        description="Networks of clients without rates and limits of connections, in HTTP and DNS, such as those of "
        "your own access points. By default this machine, so that a proxy on it isn't one client.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = Field(
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
