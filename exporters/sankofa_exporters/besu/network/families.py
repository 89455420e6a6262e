"""The catalogue of a network: what several nodes together show of one chain.

Window families are gauges over the last `window_blocks` headers, and say nothing about now: who takes part now is in
families of its own. A stalled chain shows no new header, so windows freeze with it: read them beside the head's age.
Counters begin at the head that the first probe saw, exactly once for a block.
"""

from __future__ import annotations

from sankofa_exporters.model.family import Family

_SINCE = "counted once for each block since this process began at the head it saw first"

NETWORK_UP = Family(
    name="sankofa_besu_network_up",
    help="1 when the newest head any witness has is young enough and no fork is proven; read it only where "
    "sankofa_besu_network_known is 1.",
)
NETWORK_KNOWN = Family(
    name="sankofa_besu_network_known",
    help="1 when at least min_witnesses nodes gave heads of one chain that can be believed; 0 means unknown, never down.",
)
NETWORK_HEAD_BLOCK = Family(name="sankofa_besu_network_head_block", help="Number of the newest block any witness has.")
NETWORK_HEAD_TIMESTAMP = Family(
    name="sankofa_besu_network_head_timestamp_seconds",
    unit="seconds",
    help="Time in the newest head's header, seconds since the epoch by its proposer's clock.",
)
WITNESSES = Family(name="sankofa_besu_witnesses", help="Witnesses whose head was believed in this probe.")
WITNESSES_REQUIRED = Family(
    name="sankofa_besu_witnesses_required", help="Witnesses that must be believed for the network to be known."
)
WITNESS_KNOWN = Family(
    name="sankofa_besu_witness_known",
    labels=("witness",),
    help="1 when the witness gave a head of this chain by a clock that can be believed; absent while no witness did.",
)
WITNESS_ERROR = Family(
    name="sankofa_besu_witness_error",
    labels=("witness", "kind"),
    help="1 for a witness that does not count, by kind of failure; decode includes another chain, and a head whose header "
    "is not what it says. Absent while no witness counts at all: the collector head has the kind.",
)
WITNESS_HEAD = Family(
    name="sankofa_besu_witness_head_block", labels=("witness",), help="Number of the witness's newest block."
)
WITNESS_LAG = Family(
    name="sankofa_besu_witness_lag_blocks",
    labels=("witness",),
    help="Blocks the witness is behind the newest head; one that lags is that node's fault, not the network's.",
)
COMPARED = Family(
    name="sankofa_besu_compared_blocks", help="Heights at which the blocks of two or more witnesses were compared."
)
FORKED = Family(
    name="sankofa_besu_forked_blocks",
    help="Compared heights at which witnesses hold different blocks; under immediate finality one is too many.",
)
FORK_PROVEN = Family(
    name="sankofa_besu_fork_proven",
    help="1 when two blocks of one height are each sealed by a quorum of validators: the network has two histories.",
)
CONSENSUS_INFO = Family(
    name="sankofa_besu_consensus_info",
    kind="info",
    labels=("dialect",),
    help="How the newest header was made: qbft, ibft2, ibft1 or clique; always 1.",
)
WINDOW_BLOCKS = Family(
    name="sankofa_besu_window_blocks",
    help="Blocks the window families are about; below window_blocks on a young chain or when headers are missing.",
)
WINDOW_ROUNDS = Family(
    name="sankofa_besu_window_rounds",
    help="Sum of the rounds in the window's headers: 0 when each first proposer succeeded; absent without rounds.",
)
WINDOW_UNATTRIBUTED = Family(
    name="sankofa_besu_window_unattributed_rounds",
    help="Rounds of the window whose owner cannot be named with certainty; they are in no validator's missed proposals.",
)
WINDOW_SPAN = Family(
    name="sankofa_besu_window_span_seconds",
    unit="seconds",
    help="Time from the block before the window to its last block, by their headers; absent without that block.",
)
WINDOW_TRANSACTIONS = Family(name="sankofa_besu_window_transactions", help="Transactions in the blocks of the window.")
THROUGHPUT = Family(
    name="sankofa_besu_window_transactions_per_second",
    help="Transactions of the window over its span; absent without a span.",
)
NETWORK_WAITING = Family(
    name="sankofa_besu_network_waiting_transactions",
    help="Transactions that wait in the pool of the one witness that this probe asked, another one in the next: pools of one "
    "network hold the same ones, so they are not added up. Absent where it told none to this probe.",
)
WAITING = Family(
    name="sankofa_besu_witness_waiting_transactions",
    labels=("witness",),
    help="Transactions that wait in the witness's pool. One witness is asked in each probe, and its answer kept for five "
    "minutes at most, see witness_waiting_age_seconds; absent for a witness without the TXPOOL API.",
)
WAITING_AGE = Family(
    name="sankofa_besu_witness_waiting_age_seconds",
    unit="seconds",
    labels=("witness",),
    help="Age of witness_waiting_transactions; absent with it.",
)
WINDOW_GAS = Family(
    name="sankofa_besu_window_gas_used_ratio", unit="ratio", help="Gas used in the window over its gas limit."
)
VALIDATORS = Family(
    name="sankofa_besu_validators",
    help="Validators that decide the newest block; a network's from its header (or asked when it lists none), a node's "
    "from its own answer.",
)
NEXT_VALIDATORS = Family(
    name="sankofa_besu_next_validators",
    help="Validators that decide the block after the newest; differs from validators when a change has been decided. Absent "
    "where no node tells it: it needs the consensus API, and Quorum has no such answer.",
)
QUORUM = Family(name="sankofa_besu_quorum_validators", help="Validators that must commit a block: 2n/3 rounded up.")
TOLERANCE = Family(
    name="sankofa_besu_fault_tolerance_validators",
    help="Validators that may fail before blocks stop, if all others take part.",
)
DISTINCT = Family(
    name="sankofa_besu_distinct_committers",
    help="Validators of today that committed at least one block of the window, by the seals of all witnesses; one that died "
    "within the window is among them, so it is no figure of now.",
)
PRESENT = Family(
    name="sankofa_besu_present_validators",
    help="Validators that take part now: each but those in validator_absent. Absent while one is too new to say, while the "
    "head is old, and without seals.",
)
MARGIN = Family(
    name="sankofa_besu_fault_margin_validators",
    help="Validators that take part now, minus quorum: the failures the network can still bear. Absent while one validator "
    "is too new to say, while the head is old, and without seals.",
)
ABSENT = Family(
    name="sankofa_besu_validator_absent",
    labels=("validator",),
    help="1 when the validator has neither committed nor proposed for far longer than its own share of blocks explains, 0 "
    "when it has. Absent while it is too new to say, while the head is old, and without seals.",
)
PROPOSED = Family(
    name="sankofa_besu_validator_proposed_blocks",
    labels=("validator",),
    help="Blocks of the window that the validator proposed.",
)
MISSED = Family(
    name="sankofa_besu_validator_missed_proposals",
    labels=("validator",),
    help="Slots of the window that were the validator's by the rotation rule and went by without its block.",
)
COMMITTED = Family(
    name="sankofa_besu_validator_committed_blocks",
    labels=("validator",),
    help="Blocks of the window with the validator's commit seal; below all is normal, none over many blocks is not.",
)
LAST_COMMITTED = Family(
    name="sankofa_besu_validator_last_committed_block",
    labels=("validator",),
    help="Newest block of the window with the validator's commit seal; absent when there is none.",
)
BLOCKS = Family(name="sankofa_besu_blocks_total", kind="counter", help=f"Blocks read, {_SINCE}.")
SKIPPED = Family(
    name="sankofa_besu_skipped_blocks_total",
    kind="counter",
    help="Blocks whose events were not counted: too many came between two probes, or witnesses changed their history.",
)
GAS_USED = Family(name="sankofa_besu_gas_used_total", kind="counter", help=f"Gas used, {_SINCE}.")
TRANSACTIONS = Family(name="sankofa_besu_transactions_total", kind="counter", help=f"Transactions, {_SINCE}.")
SECURITY_EVENTS = Family(
    name="sankofa_besu_security_events_total",
    kind="counter",
    labels=("event",),
    help=f"Validators added and removed, votes in headers, logs of permission contracts, {_SINCE}.",
)
SLA_EVENTS = Family(
    name="sankofa_besu_sla_events_total",
    kind="counter",
    labels=("event",),
    help=f"Events of the SLA contracts by name, other for unknown topics, {_SINCE}.",
)
SLA_GAS = Family(
    name="sankofa_besu_sla_gas_used_total",
    kind="counter",
    help=f"Gas used by the transactions that emitted SLA events, {_SINCE}.",
)

CONTRACT_TRANSACTIONS = Family(
    name="sankofa_besu_contract_transactions_total",
    kind="counter",
    labels=("contract",),
    help=f"Transactions sent to the contract, reverted ones included, by receipts, {_SINCE}.",
)
CONTRACT_REVERTS = Family(
    name="sankofa_besu_contract_reverts_total",
    kind="counter",
    labels=("contract",),
    help=f"Transactions sent to the contract that failed, by receipts, {_SINCE}.",
)
CONTRACT_GAS = Family(
    name="sankofa_besu_contract_gas_used_total",
    kind="counter",
    labels=("contract",),
    help=f"Gas used by transactions sent to the contract, reverted ones included, {_SINCE}.",
)
CONTRACT_EVENTS = Family(
    name="sankofa_besu_contract_events_total",
    kind="counter",
    labels=("contract", "event"),
    help=f"Events that the contract emitted by name, other for unknown topics, whoever called it, {_SINCE}.",
)
CONTRACT_BLOCK = Family(
    name="sankofa_besu_contract_block",
    help="Newest block whose receipts are in the contract counters; behind the head while they catch up. Absent until "
    "the first block was read.",
)

NETWORK_FAMILIES = (
    NETWORK_UP, NETWORK_KNOWN, NETWORK_HEAD_BLOCK, NETWORK_HEAD_TIMESTAMP, WITNESSES, WITNESSES_REQUIRED, WITNESS_KNOWN,
    WITNESS_ERROR, WITNESS_HEAD, WITNESS_LAG, COMPARED, FORKED, FORK_PROVEN, CONSENSUS_INFO, WINDOW_BLOCKS,
    WINDOW_ROUNDS, WINDOW_UNATTRIBUTED, WINDOW_SPAN, WINDOW_TRANSACTIONS, THROUGHPUT, NETWORK_WAITING, WAITING, WAITING_AGE, WINDOW_GAS, VALIDATORS, NEXT_VALIDATORS, QUORUM, TOLERANCE, DISTINCT, PRESENT, MARGIN, ABSENT,
    PROPOSED, MISSED, COMMITTED, LAST_COMMITTED, BLOCKS, SKIPPED, GAS_USED, TRANSACTIONS, SECURITY_EVENTS, SLA_EVENTS,
    SLA_GAS, CONTRACT_TRANSACTIONS, CONTRACT_REVERTS, CONTRACT_GAS, CONTRACT_EVENTS, CONTRACT_BLOCK,
)  # fmt: skip
