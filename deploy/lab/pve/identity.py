"""A fake cluster's identity: its certificate, its key and the exporter's token, kept in a folder over restarts."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from deploy.lab.misbehaviour import HOST

TOKEN_ID = "sankofa@pve!exporter"  # noqa: S105 - an id; its secret is made afresh at every start
KEEP_SECONDS = 20 * 86_400  # the certificate is valid for 30 days


def write_identity(folder: Path, make_cert: Callable[..., object]) -> tuple[str, str, str]:
    """Token, certificate and key in DIR (token, ca.pem, fakepve.crt, fakepve.key), those of an earlier start if young.

    A restarted cluster keeps its identity, as a real one does: who trusts it and holds its token need not restart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key, token_file = folder / "fakepve.crt", folder / "fakepve.key", folder / "token"
    if certificate.exists() and time.time() - certificate.stat().st_mtime < KEEP_SECONDS and token_file.exists():
        return token_file.read_text().strip().partition("=")[2], str(certificate), str(key)
    make_cert(str(folder), hosts=(HOST,))
    shutil.copyfile(certificate, folder / "ca.pem")
    secret = secrets.token_hex(16)
    token_file.touch(mode=0o600)
    token_file.chmod(0o600)
    token_file.write_text(f"{TOKEN_ID}={secret}\n")
    return secret, str(certificate), str(key)
