"""Draws the dashboards from their JSON and what a Prometheus answers: pictures for the docs, without a Grafana."""
