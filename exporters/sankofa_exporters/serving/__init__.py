"""The process around the probes: HTTP, its TLS and passwords, open sources, logs, reload. No system imports it."""
