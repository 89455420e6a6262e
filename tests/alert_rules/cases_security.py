"""When alerts about security fire and when they do not."""

from __future__ import annotations

from tests.alert_rules.case import Case
from tests.alert_rules.cases_ourselves import PLATFORM, kept, ours, silent_without_platform

_ROLES, _ATTESTORS = (
    ours("contract_changes_total", contract="0xc0", event=event) for event in ("RoleChanged", "AttestorsSet")
)
_PAUSED = ours("contract_paused", contract="0xc0")
_REFUSED, _FORBIDDEN, _WELL = (ours("api_answers_total", status=status) for status in ("401", "403", "200"))
_MADE, _REVOKED = (ours("api_key_changes_total", kind=kind) for kind in ("made", "revoked"))

CASES = (
    Case(alert="SecurityRoleChanged", world="a role was granted", series={_ROLES: "4x7 5x40", _ATTESTORS: "1x40"}, minute=3, fires=((PLATFORM, "1"),)),
    Case(alert="SecurityRoleChanged", world="while the platform was away, and it was set once more since", series={_ROLES: "4x40", _ATTESTORS: "1x7 stale _x20 3x40"}, minute=12, fires=((PLATFORM, "1"),)),
    Case(alert="SecurityRoleChanged", world="what was so since it was deployed", series={_ROLES: "_x7 4x40", _ATTESTORS: "1x40"}, minute=5),
    Case(alert="SecurityRoleChanged", world="the platform was started anew, and says the same", series={_ROLES: "4x7 stale _x9 4x40"}, minute=8),
    Case(alert="SecurityPaused", world="paused", series={_PAUSED: "0x7 1x40"}, minute=3, fires=((PLATFORM, ""),)),
    Case(alert="SecurityPaused", world="paused, and it goes on", series={_PAUSED: "1x7 0x40"}, minute=3),
    kept("SecurityPaused", {_PAUSED: "1x7"}, ""),
    Case(alert="ApiAuthRefused", world="one a second", series={_REFUSED: "0+10x40", _FORBIDDEN: "0+5x40", _WELL: "0+1000x40"}, minute=6, fires=((PLATFORM, "300"),)),
    Case(alert="ApiAuthRefused", world="somebody mistypes a key", series={_REFUSED: "0x9 5x40", _WELL: "0+1000x40"}, minute=6),
    Case(alert="ApiKeyChanged", world="one was made", series={_MADE: "0x7 1x40", _REVOKED: "0x40"}, minute=3, fires=((PLATFORM, "1"),)),
    Case(alert="ApiKeyChanged", world="one was made and one revoked", series={_MADE: "0x7 1x40", _REVOKED: "2x9 3x40"}, minute=3, fires=((PLATFORM, "2"),)),
    Case(alert="ApiKeyChanged", world="the same keys after a restart", series={_MADE: "1x7 stale _x9 1x40", _REVOKED: "0x40"}, minute=8),
    *silent_without_platform("SecurityRoleChanged", "SecurityPaused", "ApiAuthRefused", "ApiKeyChanged"),
)  # fmt: skip
