"""Certificates for tests, made by openssl and valid for a day or so."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploy.parts import need_program


def self_signed(folder: Path, name: str = "IP:127.0.0.1", *, days: int = 2) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, or another subject alternative name, and its key, both new."""
    folder.mkdir()
    certificate, key = folder / "ca.pem", folder / "key.pem"
    subject = ["-subj", "/CN=double", "-addext", f"subjectAltName={name}"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days)]
    subprocess.run([need_program("openssl"), "req", "-x509", *curve, *subject, *files], check=True, capture_output=True)
    return certificate, key
