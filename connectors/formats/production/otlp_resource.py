"""What an OTLP resource says about all its spans, records and points."""

from typing import Any, NamedTuple

from ..values import text
from .otlp_values import attributes


class Resource(NamedTuple):
    """Names of semantic conventions before and after their renaming."""

    service: str | None
    release: str | None
    environment: str | None
    region: str | None
    host: str | None
    instance: dict[str, Any]
    """What tells series of the same service apart."""


def resource_of(told: dict[str, Any]) -> Resource:
    """Read it."""
    known = attributes(told.get("attributes"))

    def first(*names: str) -> str | None:
        return next((found for name in names if (found := text(known.get(name)))), None)

    pod = first("k8s.pod.name", "host.name", "container.name", "container.id")
    return Resource(
        service=first("service.name"),
        release=first("service.version"),
        environment=first("deployment.environment.name", "deployment.environment"),
        region=first("cloud.region", "cloud.availability_zone"),
        host=pod,
        instance={"host": pod} if pod else {},
    )
