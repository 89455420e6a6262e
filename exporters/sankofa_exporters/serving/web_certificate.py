"""When a certificate in a PEM file ends, read from its bytes: Python's own library tells that of peers alone.

Assumes a file that TLS has loaded, so its shape is known to be right (X.509, DER inside).
"""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

_FIRST = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_VERSION, _UTC_TIME = 0xA0, 0x17
_BEFORE_VALIDITY = 3  # serial number, algorithm and issuer


def ends_at(file: Path) -> float:
    """Seconds of the epoch at which the first certificate of the file ends; raises OSError or ValueError for another file."""
    pem = _FIRST.search(file.read_text(encoding="ascii"))
    if pem is None:
        raise ValueError(f"{file}: expected a certificate in PEM")
    try:
        _, certificate, _ = _value(ssl.PEM_cert_to_DER_cert(pem[0]))
        _, signed, _ = _value(certificate)
        for _ in range(_BEFORE_VALIDITY + (signed[0] == _VERSION)):
            _, _, signed = _value(signed)
        _, validity, _ = _value(signed)
        _, _, after = _value(validity)
        kind, text, _ = _value(after)
    except IndexError:
        raise ValueError(f"{file}: expected a certificate in PEM, whole") from None
    return _instant(text.decode("ascii"), short=kind == _UTC_TIME).timestamp()


def _value(der: bytes) -> tuple[int, bytes, bytes]:
    """The tag and the content of the first value, and what follows it."""
    tag, length, start = der[0], der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    return tag, der[start : start + length], der[start + length :]


def _instant(text: str, *, short: bool) -> datetime:
    """A time of two digits a year is of 1950 to 2049 (RFC 5280)."""
    century = ("20" if text < "50" else "19") if short else ""
    return datetime.strptime(century + text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
