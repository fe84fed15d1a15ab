"""What was done to the containers of a deployment, by the Engine's own account."""

from __future__ import annotations

import time

from tests.docker_deployment import Deployment

_ACTS = ("stop", "start", "pause", "unpause")


def acts(deployment: Deployment, since: float) -> list[str]:
    """Since then, in order, such as `stop api-1`."""
    filters = {"type": "container", "label": f"com.docker.compose.project={deployment.project}"}
    told = deployment.client.events(since=since, until=time.time() + 1, filters=filters, decode=True)
    prefix = f"{deployment.project}-"
    return [
        f"{event['Action']} {event['Actor']['Attributes']['name'].removeprefix(prefix)}"
        for event in told
        if event["Action"] in _ACTS
    ]
