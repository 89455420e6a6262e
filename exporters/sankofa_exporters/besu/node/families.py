"""The catalogue of a node."""

from __future__ import annotations

from sankofa_exporters.besu.network.families import NEXT_VALIDATORS, VALIDATORS
from sankofa_exporters.model.family import Family

# 0.2 is the objective of eth_call: its bucket is exact, so the SLI needs no interpolation.
CALL_OBJECTIVE_SECONDS = 0.2
CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, CALL_OBJECTIVE_SECONDS, 0.5, 1.0, 2.0, 5.0)

UP = Family(
    name="sankofa_besu_up",
    help="1 when the node answers and its head is not older than max_head_age_seconds; read it only where "
    "sankofa_besu_known is 1.",
)
KNOWN = Family(
    name="sankofa_besu_known",
    help="1 when the node gave a head block whose clock can be believed; 0 means unknown, never down.",
)
HEAD_BLOCK = Family(name="sankofa_besu_head_block", help="Number of the node's newest block.")
HEAD_TIMESTAMP = Family(
    name="sankofa_besu_head_timestamp_seconds",
    unit="seconds",
    help="Time in the head block's header, seconds since the epoch by the proposer's clock.",
)
HEAD_TRANSACTIONS = Family(name="sankofa_besu_head_transactions", help="Transactions in the head block.")
HEAD_GAS_USED = Family(
    name="sankofa_besu_head_gas_used_ratio", unit="ratio", help="Gas used by the head block over its gas limit."
)
CHAIN_INFO = Family(
    name="sankofa_besu_chain_info",
    kind="info",
    labels=("chain_id", "client_version"),
    help="Chain id (decimal) and client version; client_version is empty on a node without the web3 API; always 1.",
)
PEERS = Family(name="sankofa_besu_peers", help="Connected peers.")
VALIDATOR_PEER = Family(
    name="sankofa_besu_validator_peer_connected",
    labels=("validator",),
    help="1 when this node is connected to the validator, by the node id that is its key; the node itself is left out.",
)
PEERS_BY_CLIENT = Family(
    name="sankofa_besu_peers_by_client",
    labels=("client",),
    help="Connected peers by the client they say they run, other beyond 15 clients; absent without the ADMIN API, and a "
    "client is absent while no peer runs it.",
)
IS_VALIDATOR = Family(
    name="sankofa_besu_is_validator",
    help="1 when the node's own address is among the validators; of targets with the role validator only.",
)
PENDING_VOTES = Family(
    name="sankofa_besu_pending_votes",
    labels=("vote",),
    help="Votes (add, drop) this node will cast when it proposes; they are the node's own, not the network's. Absent "
    "where a contract names the validators, for nobody votes there.",
)
TXPOOL = Family(
    name="sankofa_besu_txpool_transactions",
    labels=("part",),
    help="Transactions that wait in the node's pool: local and remote (Besu), or pending and queued (Quorum, geth).",
)
TXPOOL_LIMIT = Family(
    name="sankofa_besu_txpool_limit_transactions",
    help="Transactions the node's pool may hold; absent when the node says 0 or does not say.",
)
SYNCING = Family(
    name="sankofa_besu_syncing", help="1 when the node knows of blocks above its own head and is fetching them."
)
SYNC_DISTANCE = Family(
    name="sankofa_besu_sync_distance_blocks",
    help="Blocks the node knows of and has not got yet; absent while it says that it is not syncing, which a node without "
    "peers says too.",
)
BLOCK_PERIOD = Family(
    name="sankofa_besu_block_period_seconds",
    unit="seconds",
    help="Time from block to block by the genesis in admin_nodeInfo, later transitions not included; absent without the "
    "ADMIN API, or when the node does not show it.",
)
EMPTY_BLOCK_PERIOD = Family(
    name="sankofa_besu_empty_block_period_seconds",
    unit="seconds",
    help="Time to an empty block by the genesis in admin_nodeInfo; absent when the chain has none, without the ADMIN API, "
    "or when the node does not show it.",
)
ROUND_TIMEOUT = Family(
    name="sankofa_besu_round_timeout_seconds",
    unit="seconds",
    help="Length of a block's first round by the genesis in admin_nodeInfo, doubled for each further one; absent without "
    "the ADMIN API, or when the node does not show it.",
)
GAS_PRICE = Family(name="sankofa_besu_gas_price_wei", unit="wei", help="Gas price the node suggests.")
CALL_DURATION = Family(
    name="sankofa_besu_eth_call_duration_seconds",
    kind="histogram",
    unit="seconds",
    buckets=CALL_BUCKETS,
    help="Time of the exporter's own eth_call; a call that timed out counts with the time waited, a refused "
    "connection and an error answer do not count.",
)
CALL_NOT_KNOWN = Family(
    name="sankofa_besu_eth_call_not_known_total",
    kind="counter",
    help="The exporter's eth_calls that were over call_objective_seconds only by a delay of our own: in no bucket, and the "
    "answer has no histogram.",
)
CALL_ERRORS = Family(
    name="sankofa_besu_eth_call_errors_total",
    kind="counter",
    labels=("kind",),
    help="The exporter's eth_calls without a result, by kind of failure.",
)

NODE_FAMILIES = (
    UP,
    KNOWN,
    HEAD_BLOCK,
    HEAD_TIMESTAMP,
    HEAD_TRANSACTIONS,
    HEAD_GAS_USED,
    CHAIN_INFO,
    PEERS,
    VALIDATORS,
    NEXT_VALIDATORS,
    VALIDATOR_PEER,
    PEERS_BY_CLIENT,
    IS_VALIDATOR,
    PENDING_VOTES,
    SYNCING,
    SYNC_DISTANCE,
    BLOCK_PERIOD,
    EMPTY_BLOCK_PERIOD,
    ROUND_TIMEOUT,
    GAS_PRICE,
    TXPOOL,
    TXPOOL_LIMIT,
    CALL_DURATION,
    CALL_NOT_KNOWN,
    CALL_ERRORS,
)
