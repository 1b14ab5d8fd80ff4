"""The importers of production data."""

from ....core.importing import Importer
from .access_log import AccessLog
from .alertmanager import Alertmanager
from .amplitude import Amplitude
from .appdynamics import AppDynamics
from .chrome_recorder import ChromeRecorder
from .cloudwatch import CloudWatch
from .cloudwatch_metrics import CloudWatchMetrics
from .datadog_incidents import DatadogIncidents
from .datadog_metrics import DatadogMetrics
from .datadog_monitors import DatadogMonitors
from .datadog_search import DatadogSearch
from .datadog_slo import DatadogSlo
from .elasticsearch import Elasticsearch
from .faro import Faro
from .ga4_export import Ga4Export
from .ga4_report import Ga4Report
from .grafana_annotations import GrafanaAnnotations
from .har import Har
from .incident_object import IncidentObject
from .jaeger import Jaeger
from .json_lines import JsonLines
from .mixpanel import Mixpanel
from .newrelic import NewRelic
from .opsgenie import Opsgenie
from .otlp import OtlpJson
from .otlp_protobuf import OtlpProtobuf
from .pagerduty import PagerDuty
from .plain_log import PlainLog
from .prometheus import Prometheus
from .rum_rows import RumRows
from .sentry import Sentry
from .splunk import Splunk
from .victorops import VictorOps
from .web_vitals import WebVitals
from .zipkin import Zipkin

PRODUCTION_IMPORTERS: tuple[Importer, ...] = (
    # incidents
    PagerDuty(),
    Opsgenie(),
    VictorOps(),
    DatadogIncidents(),
    DatadogMonitors(),
    Alertmanager(),
    GrafanaAnnotations(),
    AppDynamics(),
    IncidentObject(),
    # real users
    Faro(),
    WebVitals(),
    RumRows(),
    # traces, metrics
    DatadogSearch(),
    DatadogMetrics(),
    DatadogSlo(),
    OtlpJson(),
    OtlpProtobuf(),
    Zipkin(),
    Jaeger(),
    Prometheus(),
    CloudWatchMetrics(),
    NewRelic(),
    # logs
    AccessLog(),
    JsonLines(),
    PlainLog(),
    Elasticsearch(),
    Splunk(),
    CloudWatch(),
    Sentry(),
    # product analytics
    Ga4Export(),
    Ga4Report(),
    Mixpanel(),
    Amplitude(),
    # recordings
    Har(),
    ChromeRecorder(),
)
