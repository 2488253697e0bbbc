# SPDX-License-Identifier: Apache-2.0
"""Logs, metrics and request ids: what all parts of the registry report to.

Imports nothing of ours. Log events are a name in snake_case and fields; bodies, tokens and other secrets are never
fields, and fields that are named like one are blanked. Everything that the standard `logging` collects (uvicorn,
asyncio, Alembic) leaves in the same format.
"""

import itertools
import logging
import os
import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from structlog.typing import EventDict, Processor, WrappedLogger

METRICS = CollectorRegistry()
"""The metrics of this process; those below, and whatever else is registered with it."""

requests_total = Counter(
    "registry_requests_total",
    'HTTP requests answered; method "-" when it is unknown or was never read.',
    ["listener", "method", "status"],
    registry=METRICS,
)
request_seconds = Histogram(
    "registry_request_seconds",
    "From the head of a request to the end of its answer.",
    ["listener"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=METRICS,
)
connections_refused_total = Counter(
    "registry_connections_refused_total",
    "Connections closed unasked: a client had too many (connections) or opened them too fast (rate), or the listener "
    "was full and they had been idle longest (idle).",
    ["listener", "reason"],
    registry=METRICS,
)
tls_failures_total = Counter(
    "registry_tls_failures_total", "TLS handshakes that failed, by OpenSSL's reason.", ["reason"], registry=METRICS
)
tls_certificate_not_after_seconds = Gauge(
    "registry_tls_certificate_not_after_seconds",
    "When a certificate that a listener serves expires, in seconds since 1970.",
    ["listener", "name"],
    multiprocess_mode="livemin",
    registry=METRICS,
)
tls_load_failures_total = Counter(
    "registry_tls_load_failures_total",
    "Certificates that could not be loaded; the one before is still served.",
    ["listener", "name"],
    registry=METRICS,
)
sml_identity_headers_total = Counter(
    "registry_sml_identity_headers_total",
    "Headers in which a caller of the SML was told, by form and what became of them: read, unreadable (no "
    "certificate), switched off (dropped), not a proxy, ambiguous, unknown (these are refused).",
    ["form", "outcome"],
    registry=METRICS,
)
dns_answers_total = Counter("registry_dns_answers_total", "DNS queries answered.", ["rcode"], registry=METRICS)
dns_limited_total = Counter(
    "registry_dns_limited_total",
    "DNS queries over UDP beyond their network's rate: dropped, or answered as truncated.",
    registry=METRICS,
)
zone_transfers_refused_total = Counter(
    "registry_zone_transfers_refused_total",
    "Requests for zones that were refused: by the rules of the zone (rules), or since too many of the name server "
    "wait, or it waited no longer (busy). The log tells one a minute of each network and zone.",
    ["zone", "reason"],
    registry=METRICS,
)
signatures_total = Counter("registry_signatures_total", "XML signatures made.", registry=METRICS)
audit_position = Gauge(
    "registry_audit_position",
    "Position of the newest event that this process put into the audit chain.",
    multiprocess_mode="max",
    registry=METRICS,
)
zone_lag_seconds = Gauge(
    "registry_zone_lag_seconds",
    "Age of the oldest committed zone change that DNS doesn't serve yet; 0 when there is none.",
    multiprocess_mode="livemax",
    registry=METRICS,
)
jobs_total = Counter(
    "registry_jobs_total",
    "Jobs by how a worker's try ended: done, failed, cancelled, or retried later.",
    ["kind", "outcome"],
    registry=METRICS,
)
admission_checks_total = Counter(
    "registry_admission_checks_total",
    "Participants that a service outside was asked about before they were registered: admitted, refused, or failed "
    "where it couldn't be asked.",
    ["outcome"],
    registry=METRICS,
)
directory_calls_total = Counter(
    "registry_directory_calls_total",
    "Calls by which a directory was told of participants: taken, refused (the participant), or failed for now.",
    ["domain", "outcome"],
    registry=METRICS,
)

resolver_answers_total = Counter(
    "registry_resolver_answers_total",
    "Answers of the resolver, by outcome and where they came from: cache, lookup, or stale (the last good one).",
    ["outcome", "source"],
    registry=METRICS,
)
resolver_lookup_seconds = Histogram(
    "registry_resolver_lookup_seconds",
    "Look-ups of the resolver: what DNS, SMP, signature and trust decisions took, and the wait for a thread.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=METRICS,
)
resolver_dns_answers_total = Counter(
    "registry_resolver_dns_answers_total",
    "DNS answers over HTTPS, by form (message or json) and response code.",
    ["form", "rcode"],
    registry=METRICS,
)
resolver_cache_entries = Gauge("registry_resolver_cache_entries", "Answers that the resolver keeps.", registry=METRICS)
resolver_cache_bytes = Gauge("registry_resolver_cache_bytes", "Bytes of these answers.", registry=METRICS)
resolver_open_circuits = Gauge(
    "registry_resolver_open_circuits",
    "SMPs that aren't asked at present, since they failed too often.",
    registry=METRICS,
)


@dataclass(frozen=True, slots=True)
class AskedGauge:
    """A gauge that no process keeps: its values are asked for whenever metrics are read."""

    name: str
    meaning: str
    labels: tuple[str, ...]

    def of(self, values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
        """The gauge with its values, each by its labels."""
        found = GaugeMetricFamily(self.name, self.meaning, labels=self.labels)
        for labels, value in values:
            found.add_metric(labels, value)
        return found


trust_participants_lost_soon = AskedGauge(
    "registry_trust_participants_lost_soon",
    "Participants that stop being accepted within 30 days, by the domain's last comparison of trust models; "
    "`configuration` is the one that it asked about.",
    ("domain", "configuration"),
)
trust_evidence_age_seconds = AskedGauge(
    "registry_trust_evidence_age_seconds",
    "How long ago the evidence was collected that the domain decides by; none where there is none.",
    ("domain",),
)
certificates_ending = AskedGauge(
    "registry_certificates_ending",
    "Certificates in use without a successor that end within `days`, or have ended, by who has them: access-point, "
    "publisher or signing-key.",
    ("domain", "holder", "days"),
)
directory_participants = AskedGauge(
    "registry_directory_participants",
    "Participants of which a directory was told, or is to be, by state: current, waiting, or failed at the last try.",
    ("domain", "state"),
)
directory_lag_seconds = AskedGauge(
    "registry_directory_lag_seconds",
    "For how long a directory has not known what it should of the participant that waits longest; 0 where it does.",
    ("domain",),
)

name_server_lag_seconds = AskedGauge(
    "registry_name_server_lag_seconds",
    "For how long changes are published that a name server didn't serve when it was asked last, or that weren't "
    "pushed to it; 0 where it has all.",
    ("zone", "server"),
)
name_server_answer_age_seconds = AskedGauge(
    "registry_name_server_answer_age_seconds",
    "How long ago a name server last answered as it should.",
    ("zone", "server"),
)

name_server_serial = AskedGauge(
    "registry_name_server_serial",
    "The serial of ours that a name server has, also where it serves the zone signed; of a primary that others write "
    "to, the one up to which it was pushed. None where nobody knows.",
    ("zone", "server", "role"),
)
name_server_ahead = AskedGauge(
    "registry_name_server_ahead",
    "1 where a name server's serial is greater than ours (RFC 1982), so that it takes nothing from us; else 0. Never 1 "
    "where the zone is signed, since the serial there isn't ours.",
    ("zone", "server"),
)
name_server_failing = AskedGauge(
    "registry_name_server_failing",
    "1 where what was tried last with a name server failed, by what that was: answer, notify, transfer or push; else "
    "0. None of what was never tried.",
    ("zone", "server", "what"),
)
name_server_notify_acknowledged_age_seconds = AskedGauge(
    "registry_name_server_notify_acknowledged_age_seconds",
    "How long ago a secondary acknowledged the last NOTIFY; none as long as it hasn't.",
    ("zone", "server"),
)
name_server_transfer_age_seconds = AskedGauge(
    "registry_name_server_transfer_age_seconds",
    "How long ago a secondary last got the zone, or what changed in it; one that had everything isn't counted.",
    ("zone", "server"),
)
name_server_push_age_seconds = AskedGauge(
    "registry_name_server_push_age_seconds",
    "How long ago a zone was last pushed to a primary of others.",
    ("zone", "server", "zone_there"),
)
name_server_content_wrong = AskedGauge(
    "registry_name_server_content_wrong",
    "1 where a name server served something else than it should when its content was compared last (each day), was "
    "ahead of us, or couldn't be compared; else 0.",
    ("zone", "server"),
)
name_server_content_age_seconds = AskedGauge(
    "registry_name_server_content_age_seconds",
    "How long ago the content of a name server was compared last, or was to be.",
    ("zone", "server"),
)
zone_serial = AskedGauge("registry_zone_serial", "The serial of a zone.", ("zone",))

_RCODES = (
    *("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"),
    *("YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"),
)


class DnsMetrics:
    """Brings the plain counters of a DNS server, which its hot path can afford, into the metrics from time to time."""

    def __init__(self) -> None:
        self._seen = [0] * 16
        self._seen_limited = 0

    def update(self, rcodes: Sequence[int], rate_limited: int = 0) -> None:
        """Take over how many answers had each code (index: the code in the header) since the server's start, and how
        many queries were beyond the rate.
        """
        dns_limited_total.inc(rate_limited - self._seen_limited)
        self._seen_limited = rate_limited
        for code, total in enumerate(rcodes):
            if total > self._seen[code]:
                name = _RCODES[code] if code < len(_RCODES) else str(code)
                dns_answers_total.labels(name).inc(total - self._seen[code])
                self._seen[code] = total


request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request being answered; empty outside of one."""

_SECRET_FIELDS = frozenset(
    {"authorization", "body", "cookie", "key", "migration_key", "password", "private_key", "secret", "token"}
)


_process_id = str(uuid.uuid4())[:-12]
_request_numbers = itertools.count(1)


def new_request_id() -> str:
    """A fresh id in the form of a UUID: random per process, then a count (a random one costs as much as a look-up)."""
    return f"{_process_id}{next(_request_numbers):012x}"


METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable with the folder through which processes share their metrics; read when this is imported."""


AskedGauges = Callable[[], Iterable[Metric]]
"""Gives the gauges of which the values are asked for. Raises nothing."""


def render_metrics(asked: AskedGauges = tuple) -> tuple[bytes, str]:
    """All metrics in the Prometheus text format, and its media type; of all processes that share a folder."""
    shared = CollectorRegistry()
    if METRICS_FOLDER in os.environ:
        multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    else:
        shared.register(METRICS)
    shared.register(_Asked(asked))
    return generate_latest(shared), CONTENT_TYPE_LATEST


class _Asked(Collector):
    def __init__(self, asked: AskedGauges) -> None:
        self._asked = asked

    def collect(self) -> Iterable[Metric]:
        return self._asked()


def forget_process(folder: str, pid: int) -> None:
    """Leave out what a process that has ended said of its present; what it counted stays."""
    multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]


def configure_logging(level: str = "INFO", log_format: Literal["json", "console"] = "json") -> None:
    """Send structlog and the standard `logging` to stderr. Calling it again replaces what was set up before."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        _blank_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    last: list[Processor]
    if log_format == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # Plain: the usual traceback of rich shows local variables, and with them secrets.
        last = [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # At INFO the first two tell addresses with participant ids and query strings, and the last one tells its plugins.
    for name in ("httpx2", "httpcore2", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if current := request_id.get():
        event.setdefault("request_id", current)
    return event


def _blank_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    blanked: dict[str, Any] = {name: "[secret]" for name in event if name.lower() in _SECRET_FIELDS}
    return {**event, **blanked}
