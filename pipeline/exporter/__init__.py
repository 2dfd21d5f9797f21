"""Tells Prometheus and Grafana of single topics: a bounded number of them, chosen anew all the time."""
