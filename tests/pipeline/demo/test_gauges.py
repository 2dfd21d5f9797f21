from prometheus_client import CollectorRegistry, generate_latest

from pipeline.demo.gauges import Gauges, RoleGauges
from pipeline.health import HealthServer
from pipeline.metrics import Metrics
from pipeline.metrics.outcomes import DocumentOutcome
from pipeline.ports import free_port
from pipeline.roles.faust_app import Role
from pipeline.settings import Settings


def a_page() -> CollectorRegistry:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.count_documents(DocumentOutcome.DECIDED, 5)
    metrics.count_documents(DocumentOutcome.REJECTED, 2)
    metrics.set_policy(version="p-1", device="cpu", precision="float32")
    metrics.set_lag("documents", 0, 10)
    metrics.set_lag("documents", 1, 4)
    for n_documents in (20, 40):
        metrics.observe_batch(n_documents=n_documents, padding_ratio=0.1, policy_s=0.5, queue_age_s=2.0)
    return registry


def test_a_page_of_metrics_is_read() -> None:
    gauges = RoleGauges.parse(generate_latest(a_page()).decode())
    assert gauges.lag == 14
    assert gauges.n_read == 7
    assert gauges.batch_documents == 30.0
    assert gauges.queue_age_s == 2.0
    assert gauges.policy_version == "p-1"


def test_a_role_without_partitions_tells_no_lag() -> None:
    assert RoleGauges.parse(generate_latest(CollectorRegistry()).decode()).lag is None


async def test_a_learner_that_does_not_answer_has_said_nothing() -> None:
    assert await Gauges(Settings(http_port=free_port())).read_learner() is None


async def test_roles_that_do_not_answer_are_left_out() -> None:
    base = free_port() - Role.LINK.number
    server = HealthServer(a_page(), stuck=list, unready=list, port=base + Role.LINK.number)
    async with server:
        read = await Gauges(Settings(http_port=base)).read()
    assert read[Role.LINK].lag == 14
    assert Role.READ not in read
