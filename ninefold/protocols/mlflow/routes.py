"""All endpoints of the protocol, and their routes."""

from ninefold.protocols.mlflow import artifacts, experiments, histories, inputs, log, logged, parts, runs, searching, server
from ninefold.protocols.mlflow.endpoint import Endpoint
from ninefold.protocols.mlflow.registering import registry, versions, webhooks
from ninefold.protocols.mlflow.tracing import traces
from ninefold.protocols.mlflow.tracking import Tracking
from ninefold.web.route import Route

ENDPOINTS: list[Endpoint] = [
    *server.ENDPOINTS,
    *experiments.ENDPOINTS,
    *runs.ENDPOINTS,
    *log.ENDPOINTS,
    *inputs.ENDPOINTS,
    *histories.ENDPOINTS,
    *logged.ENDPOINTS,
    *artifacts.ENDPOINTS,
    *parts.ENDPOINTS,
    *registry.ENDPOINTS,
    *versions.ENDPOINTS,
    *searching.ENDPOINTS,
    *traces.ENDPOINTS,
    *webhooks.ENDPOINTS,
]


def routes(tracking: Tracking) -> list[Route]:
    """The routes of the protocol, aliases among them."""
    return [each for endpoint in ENDPOINTS for each in endpoint.routes(tracking)]
