"""What the dashboards are made from: `python -m deploy.grafana.source` writes `dashboards/*.json` anew."""
