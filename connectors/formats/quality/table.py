"""The importers of what tools report about a release."""

from ....core.importing import Importer
from .argo_cd import ArgoCd
from .argo_rollouts import ArgoRollouts
from .bandit import BanditJson
from .bitbucket_deployments import BitbucketDeployments
from .bitbucket_pipelines import BitbucketPipelines
from .bitbucket_pulls import BitbucketPulls
from .circleci import CircleCi
from .clover import CloverXml
from .cobertura import CoberturaXml
from .code_climate import CodeClimate
from .cosmic_ray import CosmicRay
from .coverage_py import CoveragePyJson
from .cyclonedx import CycloneDx
from .dependabot import Dependabot
from .deployment_history import DeploymentHistoryCsv, DeploymentHistoryJson
from .eslint import EslintJson
from .gatling import Gatling
from .git_log import GitNumstat
from .github_actions import GithubActions
from .github_changes import GithubChanges
from .github_deployments import GithubDeployments
from .github_issues import GithubIssues
from .github_pulls import GithubPulls
from .github_reviews import GithubReviews
from .gitlab_ci import GitlabCi
from .gitlab_deployments import GitlabDeployments
from .gitlab_issues import GitlabIssues
from .gitlab_merge_requests import GitlabMergeRequests
from .gitlab_security import GitlabSecurity
from .go_cover import GoCover
from .grype import Grype
from .istanbul import IstanbulJson
from .jacoco import JacocoXml
from .jenkins import JenkinsBuilds
from .jenkins_tests import JenkinsTestReport
from .jira import JiraIssues
from .jmeter_csv import JmeterCsv
from .jmeter_xml import JmeterXml
from .jscpd import Jscpd
from .junit import JunitXml
from .k6_stream import K6Stream
from .k6_summary import K6Summary
from .launchdarkly import LaunchDarklyAudit, LaunchDarklyFlags
from .lcov import Lcov
from .lizard import LizardCsv, LizardXml
from .locust import LocustCsv
from .mutmut import MutmutStats
from .npm_audit import NpmAudit
from .nunit import NunitXml
from .opencover import OpenCoverXml
from .osv import OsvScanner
from .pip_audit import PipAudit
from .pit import PitXml
from .playwright import PlaywrightJson
from .pytest_json import PytestJson
from .radon import Radon
from .ruff import RuffJson
from .sarif import Sarif
from .semgrep import SemgrepJson
from .servicenow import ServiceNowChanges
from .snyk import Snyk
from .sonar_gate import SonarGate
from .sonar_hotspots import SonarHotspots
from .sonar_issues import SonarIssues
from .sonar_measures import SonarMeasures
from .spinnaker import Spinnaker
from .stryker import Stryker
from .taurus import TaurusCsv, TaurusXml
from .trivy import Trivy
from .trx import Trx
from .wrk import Wrk
from .xunit_net import XunitNetXml
from .yarn_audit import YarnAudit
from .zap import ZapJson, ZapXml

QUALITY_IMPORTERS: tuple[Importer, ...] = (
    # tests
    JunitXml(),
    PlaywrightJson(),
    PytestJson(),
    NunitXml(),
    XunitNetXml(),
    Trx(),
    JenkinsTestReport(),
    # coverage
    CoveragePyJson(),
    CoberturaXml(),
    Lcov(),
    JacocoXml(),
    CloverXml(),
    IstanbulJson(),
    GoCover(),
    OpenCoverXml(),
    # mutation
    Stryker(),
    PitXml(),
    MutmutStats(),
    CosmicRay(),
    # load tests
    K6Summary(),
    K6Stream(),
    JmeterCsv(),
    JmeterXml(),
    LocustCsv(),
    Gatling(),
    TaurusXml(),
    TaurusCsv(),
    Wrk(),
    # security, and static quality of the same tools
    Sarif(),
    NpmAudit(),
    YarnAudit(),
    PipAudit(),
    Trivy(),
    Grype(),
    Snyk(),
    OsvScanner(),
    ZapXml(),
    ZapJson(),
    SemgrepJson(),
    BanditJson(),
    GitlabSecurity(),
    Dependabot(),
    CycloneDx(),
    # static quality
    SonarMeasures(),
    SonarGate(),
    SonarIssues(),
    SonarHotspots(),
    EslintJson(),
    RuffJson(),
    CodeClimate(),
    Radon(),
    LizardCsv(),
    LizardXml(),
    Jscpd(),
    # change
    GitNumstat(),
    GithubChanges(),
    # open bugs, reviews, change management
    GithubIssues(),
    GitlabIssues(),
    JiraIssues(),
    GithubPulls(),
    GithubReviews(),
    GitlabMergeRequests(),
    BitbucketPulls(),
    ServiceNowChanges(),
    LaunchDarklyFlags(),
    LaunchDarklyAudit(),
    # runs of CI
    GithubActions(),
    GitlabCi(),
    BitbucketPipelines(),
    JenkinsBuilds(),
    CircleCi(),
    # deployments
    GithubDeployments(),
    GitlabDeployments(),
    BitbucketDeployments(),
    ArgoRollouts(),
    ArgoCd(),
    Spinnaker(),
    DeploymentHistoryCsv(),
    DeploymentHistoryJson(),
)
