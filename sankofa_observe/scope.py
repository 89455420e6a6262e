"""Who asks: no record is read without it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    TENANT = "tenant"  # reads its own records
    PARTY = "party"  # acts for one side of an agreement, and reads its records
    OPERATOR = "operator"  # runs the platform: reads all, and writes
    AUDITOR = "auditor"  # reads all, and writes nothing


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose records may be read.

    Raises:
        ValueError: a tenant or a party without the name of a tenant, or an operator or an auditor with one.
    """

    role: Role
    tenant: str = ""

    def __post_init__(self) -> None:
        if self.sees_all == bool(self.tenant):
            expected = "no tenant, for it reads all" if self.sees_all else "the name of a tenant"
            raise ValueError(f"scope of role {self.role}: tenant {self.tenant!r}, expected {expected}")

    @property
    def sees_all(self) -> bool:
        return self.role in {Role.OPERATOR, Role.AUDITOR}

    def sees(self, tenant: str) -> bool:
        return self.sees_all or tenant == self.tenant


OPERATOR = Scope(role=Role.OPERATOR)
EVERYBODY = "*"  # the tenant of a record that belongs to no one of them
AUDITOR = Scope(role=Role.AUDITOR)


def of_tenant(tenant: str) -> Scope:
    return Scope(role=Role.TENANT, tenant=tenant)
