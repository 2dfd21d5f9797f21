"""A document's way from ingest to alert as OpenTelemetry spans; off unless asked for, and then not imported.

Trace contexts travel in Kafka headers alone: no record's value and no state knows of them.
"""
