"""Everything that knows Kafka, Faust, HTTP, Prometheus, the environment or the wall clock."""
