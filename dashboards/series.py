"""Names of series that are not an exporter's: what the platform says of itself, and what the alert rules record.

Written out, since boards import neither; a test holds every name against the rules' own catalogue.
"""

from __future__ import annotations

SITE_INFO = "sankofa_site_info"
SLO_OBJECTIVE = "sankofa_slo_objective_ratio"
SLO_SLOTS = "sankofa_slo_period_slots"
SLO_LOW = "sankofa_slo_attainment_low_ratio"
SLO_HIGH = "sankofa_slo_attainment_high_ratio"
SLO_SPENT = "sankofa_slo_error_budget_spent_ratio"
SETTLEMENTS = "sankofa_settlements"
CREDIT = "sankofa_service_credit_minor"
PENALTY = "sankofa_penalty_minor"
PIPELINE_SUCCESS = "sankofa_pipeline_last_success_timestamp_seconds"
PIPELINE_FAILURES = "sankofa_pipeline_failures_total"
CHAIN_HEAD_AGE = "sankofa_chain_head_age_seconds"

NOT_KNOWN = "sankofa:site_not_known:now"
STATE = "sankofa:site_state:now"
RANK = "sankofa:site_rank:now"
BURN = "sankofa:slo_burn:1h"
