"""What processes tell Prometheus: every metric under the one name it has everywhere, and the page that lists them."""

from pipeline.metrics.metrics import Metrics

__all__ = ["Metrics"]
