# SPDX-License-Identifier: Apache-2.0
import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from registry import telemetry


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_events_are_json_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging()
    structlog.get_logger("registry.x").info("zone_published", serial=7)
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "zone_published", "serial": 7, "level": "info", "logger": "registry.x"}


def test_standard_logging_leaves_in_the_same_format(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging()
    logging.getLogger("uvicorn.error").warning("Invalid %s", "thing")
    (line,) = lines(capsys)
    assert line.pop("timestamp")
    assert line == {"event": "Invalid thing", "level": "warning", "logger": "uvicorn.error"}


def test_level_is_kept_for_both_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging("WARNING")
    structlog.get_logger("x").info("quiet")
    logging.getLogger("x").info("quiet")
    structlog.get_logger("x").warning("loud")
    assert [line["event"] for line in lines(capsys)] == ["loud"]


def test_second_set_up_replaces_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging()
    telemetry.configure_logging()
    structlog.get_logger("x").info("once")
    assert len(lines(capsys)) == 1


def test_request_id_is_added_within_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging()
    token = telemetry.request_id.set("r-1")
    structlog.get_logger("x").info("inside")
    logging.getLogger("x").info("inside too")
    telemetry.request_id.reset(token)
    structlog.get_logger("x").info("outside")
    assert [line.get("request_id") for line in lines(capsys)] == ["r-1", "r-1", None]


@pytest.mark.parametrize("name", ["token", "Authorization", "password", "body", "migration_key", "private_key"])
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_secrets_are_blanked(capsys: pytest.CaptureFixture[str], name: str, log_format: Any) -> None:
    telemetry.configure_logging(log_format=log_format)
    structlog.get_logger("x").info("careless", **{name: "hunter2"})
    text = capsys.readouterr().err
    assert "careless" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_traceback_is_logged_without_local_variables(capsys: pytest.CaptureFixture[str], log_format: Any) -> None:
    telemetry.configure_logging(log_format=log_format)
    value = "hunter" + "2"
    try:
        int("x" if value else "")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    text = capsys.readouterr().err
    assert "ValueError" in text
    assert "hunter2" not in text


def test_http_clients_do_not_log_the_addresses_they_ask(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging()
    logging.getLogger("httpx2").info("GET https://smp.example/iso6523-actorid-upis::9915:x")
    assert lines(capsys) == []


def test_request_ids_are_uuids_and_differ() -> None:
    one, two = telemetry.new_request_id(), telemetry.new_request_id()
    assert one != two
    assert str(uuid.UUID(one)) == one


def test_metrics_are_rendered_for_prometheus() -> None:
    telemetry.dns_answers_total.labels("NOERROR").inc()
    text, media_type = telemetry.render_metrics()
    assert media_type.startswith("text/plain")
    for name in (
        "registry_requests_total",
        "registry_request_seconds",
        "registry_dns_answers_total",
        "registry_signatures_total",
        "registry_zone_lag_seconds",
        "registry_tls_failures_total",
    ):
        assert f"\n# TYPE {name} ".encode() in b"\n" + text
    assert b'registry_dns_answers_total{rcode="NOERROR"}' in text


def test_gauges_of_no_process_are_asked_for_whenever_metrics_are_read() -> None:
    gauge = telemetry.AskedGauge("registry_x", "What it means.", ("domain",))
    asked: list[float] = []

    def gauges() -> list[telemetry.Metric]:
        asked.append(7.0 + len(asked))
        return [gauge.of([(("demo",), asked[-1])])]

    for value in (7.0, 8.0):
        text, _ = telemetry.render_metrics(gauges)
        assert f'# HELP registry_x What it means.\n# TYPE registry_x gauge\nregistry_x{{domain="demo"}} {value}\n' in (
            text.decode()
        )
        assert b"registry_requests_total" in text
