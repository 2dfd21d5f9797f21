"""Releases of the policy, on the Kafka topic `policies`: which version serves, runs in shadow or as a canary."""
