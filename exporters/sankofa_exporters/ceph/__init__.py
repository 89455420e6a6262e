"""The Ceph exporter."""
