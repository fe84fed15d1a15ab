"""`/healthz`, `/readyz` and `/metrics` of a serving process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.errors import BaselinerError
from bot.models import CheckState
from bot.services import Services

Readiness = Callable[[], Mapping[str, bool]]
"""Names each thing that a serving process needs, and whether it has it."""


def http_app(services: Services, readiness: Readiness, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The probes, beside the routes of Slack's HTTP mode where there are any."""
    registry = CollectorRegistry()
    registry.register(_Gauges(services, readiness))

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    def readyz(_request: Request) -> Response:
        found = readiness()
        return JSONResponse({"ready": all(found.values()), **found}, status_code=200 if all(found.values()) else 503)

    def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    own = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
    return Starlette(routes=[*own, *routes])


class _Gauges(Collector):
    """Read from the state database at each scrape."""

    def __init__(self, services: Services, readiness: Readiness) -> None:
        self._services = services
        self._readiness = readiness

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        ready = GaugeMetricFamily("baseliner_ready", "1 where a need of this process is met", labels=["need"])
        for need, met in self._readiness().items():
            ready.add_metric([need], float(met))
        yield ready
        try:
            yield from self._of_targets()
        except BaselinerError:
            return

    def _of_targets(self) -> Iterable[Metric]:
        age = GaugeMetricFamily("baseliner_backup_age_seconds", "age of the newest backup", labels=["target"])
        size = GaugeMetricFamily("baseliner_backup_size_bytes", "size of the newest backup", labels=["target"])
        alerts = GaugeMetricFamily("baseliner_alerts_open", "alerts that are open", labels=["target"])
        checks = GaugeMetricFamily("baseliner_check_passed", "1 where it passed", labels=["target", "check"])
        now = self._services.clock.now()
        for status in self._services.overview.targets():
            alerts.add_metric([status.name], len(status.open_alerts))
            if status.newest_backup is not None:
                age.add_metric([status.name], (now - status.newest_backup.taken_at).total_seconds())
                size.add_metric([status.name], status.newest_backup.size)
        for checklist in self._services.health.latest():
            for check in checklist.checks:
                checks.add_metric([checklist.target, check.name], float(check.state is CheckState.PASSED))
        undrawn = GaugeMetricFamily("baseliner_messages_undrawn", "messages that Slack does not show as they should be")
        undrawn.add_metric([], self._services.drawings.undrawn())
        return [age, size, alerts, checks, undrawn]
