"""The importers of production data."""

from ....core.importing import Importer
from .access_log import AccessLog
from .alertmanager import Alertmanager
from .datadog_incidents import DatadogIncidents
from .datadog_metrics import DatadogMetrics
from .datadog_monitors import DatadogMonitors
from .datadog_search import DatadogSearch
from .datadog_slo import DatadogSlo
from .grafana_annotations import GrafanaAnnotations
from .json_lines import JsonLines
from .opsgenie import Opsgenie
from .otlp import OtlpJson
from .pagerduty import PagerDuty
from .victorops import VictorOps

PRODUCTION_IMPORTERS: tuple[Importer, ...] = (
    # incidents
    PagerDuty(),
    Opsgenie(),
    VictorOps(),
    DatadogIncidents(),
    DatadogMonitors(),
    Alertmanager(),
    GrafanaAnnotations(),
    # real users, traces, metrics
    DatadogSearch(),
    DatadogMetrics(),
    DatadogSlo(),
    OtlpJson(),
    # logs
    AccessLog(),
    JsonLines(),
)
