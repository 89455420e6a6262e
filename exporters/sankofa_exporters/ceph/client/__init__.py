"""The questions to a cluster's mgrs: their dashboards' REST API, and their metrics."""
