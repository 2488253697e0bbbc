# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks one after the other: a JSON object a line for each, and last a summary with the targets.

A target that is missed doesn't fail the run, since the machine may have been busy; a benchmark that can't run does.
"""

import argparse
import json
import operator
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import access_point_change
import cli_help
import comparison
import decisions
import dns_answers
import dns_push
import dns_servers
import dns_transfer
import dns_visible
import impact
import participant_search
import plans
import resolver
import rest_writes
import scoring
import signatures
import simulation
import sml_lists
import sml_publishers
import smp_get
import startup
import tokens
import trusted_lists
import write_share
import writing

from registry.telemetry import configure_logging

BENCHMARKS: dict[str, Callable[[], dict[str, Any]]] = {
    "cli_help": cli_help.run,
    "sign": signatures.sign,
    "verify": signatures.verify,
    "create_list": writing.create_list,
    "import": writing.import_,
    "sml_lists": sml_lists.on_both,
    "sml_publishers": sml_publishers.on_both,
    "access_point_change": access_point_change.on_both,
    "smp_get": smp_get.run,
    "dns_answers": lambda: dns_answers.run(16.0),
    "dns_servers": dns_servers.run,
    "dns_transfer": dns_transfer.run,
    "dns_visible": dns_visible.run,
    "dns_push": dns_push.run,
    "resolver": resolver.run,
    "rest_writes": rest_writes.on_both,
    "tokens": tokens.on_both,
    "startup": startup.on_both,
    "write_share": write_share.on_both,
    "trusted_lists": trusted_lists.run,
    "scoring": scoring.run,
    "simulation": simulation.run,
    "decisions": decisions.run,
    "impact": impact.run,
    "participant_search": participant_search.on_both,
    "plans": plans.run,
    "comparison": comparison.run,
}
TARGETS = (
    ("cli_help", "seconds", "<", 0.4),
    ("sign", "times_bare_rsa", "<=", 3),
    ("verify", "milliseconds", "<=", 1),
    ("create_list", "cpu_milliseconds", "<=", 10),
    ("sml_lists", "sqlite.lists_per_second", ">=", 100),
    ("sml_lists", "postgresql.lists_per_second", ">=", 100),
    ("sml_publishers", "sqlite.address_change_seconds", "<=", 1),
    ("sml_publishers", "postgresql.address_change_seconds", "<=", 1),
    ("sml_publishers", "sqlite.transfer_seconds", "<=", 60),
    ("sml_publishers", "postgresql.transfer_seconds", "<=", 60),
    ("access_point_change", "sqlite.seconds", "<=", 2),
    ("access_point_change", "postgresql.seconds", "<=", 2),
    ("smp_get", "times_signing_on_every_read", ">=", 10),
    ("smp_get", "times_cpu_of_constant.document", "<=", 3),
    ("dns_answers", "answers_per_cpu_second.hit", ">=", 50_000),
    ("dns_answers", "answers_per_cpu_second.nxdomain", ">=", 50_000),
    ("dns_push", "whole.records_per_second", ">=", 10_000),
    ("dns_servers", "embedded.hit", ">=", 80_000),
    ("dns_servers", "embedded.nxdomain", ">=", 80_000),
    ("dns_servers", "times_knot.hit", ">=", 0.6),
    ("dns_servers", "times_knot.nxdomain", ">=", 0.6),
    ("dns_servers", "growth.load_seconds", "<=", 10),
    ("dns_servers", "growth.megabytes", "<=", 300),
    ("dns_servers", "growth.snapshot_load_seconds", "<=", 3),
    ("dns_transfer", "cpu_seconds", "<=", 5),
    ("dns_visible", "milliseconds.embedded.p99", "<=", 300),
    ("dns_visible", "milliseconds.knot.p99", "<=", 1_000),
    ("dns_visible", "milliseconds.nsd.p99", "<=", 2_500),
    ("dns_visible", "milliseconds.bind.p99", "<=", 1_000),
    ("resolver", "cached_answers_per_second_and_core", ">=", 3_000),
    ("resolver", "cold_adds_milliseconds", "<=", 3),
    ("rest_writes", "sqlite.participants_per_second_and_core", ">=", 300),
    ("rest_writes", "postgresql.participants_per_second_and_core", ">=", 300),
    ("tokens", "sqlite.cpu_milliseconds", "<=", 0.2),
    ("tokens", "postgresql.cpu_milliseconds", "<=", 0.2),
    ("startup", "sqlite.seconds", "<=", 2),
    ("startup", "postgresql.seconds", "<=", 2),
    ("write_share", "sqlite.audit_and_permission_percent", "<=", 15),
    ("write_share", "postgresql.audit_and_permission_percent", "<=", 15),
    ("trusted_lists", "read.cpu_seconds", "<=", 2),
    ("trusted_lists", "read.megabytes", "<=", 200),
    ("trusted_lists", "read.times_faster_than_pyhanko", ">=", 2),
    ("trusted_lists", "matching.slowest_milliseconds", "<", 1),
    ("trusted_lists", "difference.cpu_seconds", "<", 1),
    ("scoring", "cpu_seconds.fifth_unknown", "<", 10),
    ("scoring", "cpu_seconds.unknown", "<", 10),
    ("simulation", "cpu_seconds", "<", 60),
    ("decisions", "per_second", ">=", 2_000),
    ("decisions", "per_second_with_trace", ">=", 500),
    ("decisions", "times_pyhanko", ">=", 3),
    ("participant_search", "sqlite.slowest_page", "<=", 300),
    ("participant_search", "postgresql.slowest_page", "<=", 150),
    ("plans", "plan.seconds", "<=", 60),
    ("plans", "apply.seconds", "<=", 120),
    ("plans", "plan.memory_mb", "<=", 500),
    ("impact", "seconds", "<=", 30),
    ("comparison", "seconds", "<=", 30),
    ("impact", "peak_megabytes", "<=", 500),
)
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">=": operator.ge}
LIBRARIES = ("cryptography", "dnspython", "httptools", "lxml", "signxml", "sqlalchemy", "uvicorn", "uvloop")


def summary(results: dict[str, dict[str, Any]], seconds: float) -> dict[str, Any]:
    """The targets of the benchmarks that ran, and on what."""
    targets = []
    for name, path, relation, wanted in TARGETS:
        if name in results:
            figure: Any = results[name]
            for key in path.split("."):
                figure = figure[key]
            met = COMPARISONS[relation](figure, wanted)
            targets.append({"figure": f"{name}.{path}", "is": figure, "target": f"{relation} {wanted}", "met": met})
    return {"name": "summary", "targets": targets, "seconds": round(seconds), "machine": machine()}


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": cpu[0].partition(":")[2].strip() if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "system": f"{platform.system()} {platform.release()}",
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }


def main() -> None:
    """Print the results as they come, and append them to the file that REGISTRY_BENCH_JSON names."""
    parser = argparse.ArgumentParser(description="Run benchmarks.")
    parser.add_argument("names", nargs="*", metavar="BENCHMARK", help=f"some of {', '.join(BENCHMARKS)}; all if none")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    configure_logging("ERROR")
    results: dict[str, dict[str, Any]] = {}
    began = time.monotonic()
    for name in names:
        results[name] = BENCHMARKS[name]()
        report(results[name])
    report(summary(results, time.monotonic() - began))


def report(result: dict[str, Any]) -> None:
    """One line, for people and programs."""
    line = json.dumps(result)
    print(line, flush=True)
    if file := os.environ.get("REGISTRY_BENCH_JSON"):
        with Path(file).open("a", encoding="utf-8") as target:
            target.write(line + "\n")


if __name__ == "__main__":
    main()
