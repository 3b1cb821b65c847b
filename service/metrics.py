"""What the operator watches, for Prometheus.

Several workers count together through files in a private folder: `share` names it in the environment, which
prometheus_client reads when it is first imported, so it runs in the parent before a worker starts.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.engine import Engine

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds; an answer takes a few milliseconds."""

REQUESTS = Counter("kgrec_requests", "Requests answered.", ("endpoint", "method", "status"))
SECONDS = Histogram("kgrec_request_seconds", "How long requests took.", ("endpoint",), buckets=BUCKETS)
RECOMMENDED = Counter("kgrec_answers", "Lists recommended: cold ones rest on no history.", ("cold",))
DEGRADED = Counter("kgrec_degraded_answers", "Answers that had to do without a part.", ("part",))
EDITS = Counter("kgrec_edits", "Edits of items received.", ("op",))
EVENTS = Counter("kgrec_events", "Events received: accepted, or duplicates of what was there.", ("outcome",))


@contextmanager
def share() -> Iterator[None]:
    """Let the workers that are started inside count together."""
    folder = tempfile.mkdtemp(prefix="kgrec-metrics-")
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


def register(app: Flask) -> None:
    """Count every request of the app."""

    @app.before_request
    def start() -> None:
        g.started = perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.url_rule.rule if request.url_rule else "(none)"
        REQUESTS.labels(endpoint, request.method, str(response.status_code)).inc()
        SECONDS.labels(endpoint).observe(perf_counter() - g.started)
        return response


def exposition(engine: Engine) -> Response:
    """All metrics of all workers as text."""
    registry = CollectorRegistry()
    if FOLDER in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client does not say
    else:
        registry.register(REGISTRY)
    registry.register(_State(engine))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _State(Collector):
    """What is looked up rather than counted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        last, drained = self._engine.journal.last(), self._engine.journal.drained()
        yield GaugeMetricFamily("kgrec_journal_events", "The number of the journal's last event or edit.", last)
        lacks = "How many events and edits the graph store lacks."
        yield GaugeMetricFamily("kgrec_journal_waiting", lacks, last - drained)
        bundle = GaugeMetricFamily("kgrec_bundle", "1 for the bundle that answers.", labels=("version",))
        if version := self._engine.version:
            bundle.add_metric((version,), 1)
        yield bundle
