"""The canary's I/O: names, connections, one request at a time."""
