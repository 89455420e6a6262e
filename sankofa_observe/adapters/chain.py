"""The SLA contracts behind the `SettlementChain` port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.types import Wei

from sankofa_observe.adapters.artefacts import SETTLEMENTS, artefact, reason_of
from sankofa_observe.adapters.books import Books, Logged
from sankofa_observe.adapters.contract import as_bytes, key_fields, row_fields
from sankofa_observe.adapters.node import Node
from sankofa_observe.adapters.node import Signed as SignedBytes
from sankofa_observe.adapters.transaction import Transaction
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable
from sankofa_observe.ports import (
    CHANGES,
    Attempt,
    AttemptKind,
    AttestorSet,
    ChainHead,
    Finalisation,
    OnChainAgreement,
    OnChainSettlement,
    OnChainWord,
    PartyRole,
    Receipt,
    Ruling,
    RulingOutcome,
    Signed,
    Signer,
)
from sankofa_observe.sla.settlement import MAX_BATCH, ChainIdentity, Row, SettlementKey, SettlementState

# The contract's enums, by number. Of a dispute it knows who objects.
STATES = (
    None,
    SettlementState.REPORTED,
    SettlementState.DISPUTED,
    SettlementState.DISPUTED,
    SettlementState.DISPUTED,
    SettlementState.FINAL,
    SettlementState.VOIDED,
)
DISPUTED_BY = {2: frozenset({PartyRole.PROVIDER}), 3: frozenset({PartyRole.TENANT}), 4: frozenset(PartyRole)}
OUTCOMES = tuple(RulingOutcome)
NOBODY = "0x" + "00" * 20
FINALIZED = "SettlementFinalized"
WITH_ROWS = ("SettlementReported", "DisputeResolved")
OF_SETTLEMENT = (*WITH_ROWS, "SettlementDisputed", "DisputeWithdrawn", FINALIZED, "RowSkipped")
"""Every event that is about one settlement."""

# Gas by formula: QBFT's estimate has been wrong more than once. Generous; what is not used costs nothing.
REPORT_GAS, REPORT_GAS_EACH = 250_000, 90_000
FINALISE_GAS, FINALISE_GAS_EACH = 100_000, 130_000


class ContractChain:
    """Both books at one node; the sender needs no authority: anybody may send what k attestors signed."""

    def __init__(
        self,
        node: Node,
        identity: ChainIdentity,
        sender: Signer | None,
        from_block: int = 0,
        *,
        genesis: str | None = None,
        confirmations: int = 0,
    ) -> None:
        """Without a sender it is only read. A block is believed once so many others stand on it."""
        self._node = node
        self._identity = identity
        self._genesis, self._confirmations = genesis, confirmations
        self._believed: int | None = None  # the newest block that is believed, as `head` last found it
        self._signer = sender
        self._from_block = from_block
        address = Web3.to_checksum_address(identity.contract)
        self._contract = node.web3.eth.contract(address=address, abi=artefact(SETTLEMENTS)["abi"], decode_tuples=True)

    @property
    def identity(self) -> ChainIdentity:
        return self._identity

    @property
    def account(self) -> str:
        return NOBODY if self._signer is None else self._signer.account

    @property
    def _sender(self) -> Signer:
        if self._signer is None:
            raise InvalidInput(
                "a chain that was opened to be read sends nothing: name the key of chain.sender in the settings"
            )
        return self._signer

    @cached_property
    def _books(self) -> Books:
        return Books.at(self._node, self._identity.contract)

    @property
    def _at(self) -> str:
        """At which block things are asked."""
        return "latest" if self._believed is None else hex(self._believed)

    def _believe(self) -> None:
        """Choose the block at which things are asked from here on."""
        if not self._confirmations:
            return
        [newest] = self._node.batch("newest block", [("eth_blockNumber", [])])
        self._believed = max(0, int(newest, 16) - self._confirmations)

    def head(self) -> ChainHead:
        self._believe()
        block, newest = self._right_chain()
        contract = self._contract.address
        words = [self._contract.functions[name]()._encode_transaction_data() for name in ("paused", "unpausedTime")]  # noqa: SLF001
        calls: list[tuple[str, list[Any]]] = [("eth_call", [{"to": contract, "data": one}, self._at]) for one in words]
        said = self._node.batch("chain head", calls)
        with self._node.asking("chain head"):
            paused, unpaused_at = (int(one, 16) for one in said)
            return ChainHead(
                number=int(block["number"], 16),
                at=int(newest["timestamp"], 16),
                hash=block["hash"],
                unpaused_at=unpaused_at,
                paused=bool(paused),
                most_rows=_most_rows(int(block["gasLimit"], 16)),
            )

    def _right_chain(self) -> tuple[Any, Any]:
        """The block at which things are asked, and the newest one; raises `InvariantBroken` on another chain or contract."""
        contract = self._contract.address
        asked: list[tuple[str, list[Any]]] = [
            ("eth_chainId", []), ("eth_getBlockByNumber", ["0x0", False]), ("eth_getCode", [contract, "latest"]),
            ("eth_getBlockByNumber", ["latest", False]), ("eth_getBlockByNumber", [self._at, False]),
        ]  # fmt: skip
        chain_id, first, code, newest, block = self._node.batch("chain head", asked)
        with self._node.asking("chain head"):
            if int(chain_id, 16) != self._identity.chain_id:
                raise InvariantBroken(
                    f"{self._node.shown} is chain {int(chain_id, 16)}, expected {self._identity.chain_id}; nothing was sent"
                )
            if self._genesis is not None and first["hash"] != self._genesis:
                raise InvariantBroken(
                    f"{self._node.shown} is of another chain {int(chain_id, 16)}: its first block is {first['hash']}, expected {self._genesis}; "
                    "was the chain wiped? nothing was sent"
                )
            if not as_bytes(code):
                raise InvariantBroken(
                    f"no contract at {self._identity.contract} on chain {int(chain_id, 16)}; was the chain wiped? nothing was sent"
                )
            if (size := len(as_bytes(code))) != artefact(SETTLEMENTS)["runtimeBytes"]:
                raise InvariantBroken(
                    f"the contract at {self._identity.contract} has {size} bytes, and the settlement book of this release "
                    f"{artefact(SETTLEMENTS)['runtimeBytes']}: another release's, or no settlement book; nothing was sent"
                )
        return block, newest

    def attestor_set(self) -> AttestorSet:
        members, threshold, epoch, config_digest = self._ask("attestors", self._contract.functions.attestors())
        return AttestorSet(
            members=tuple(member.lower() for member in members),
            threshold=threshold,
            epoch=epoch,
            config_digest="0x" + config_digest.hex(),
        )

    def changes(self, first_block: int, last_block: int) -> list[str]:
        names = {as_bytes(self._contract.events[name].topic): name for name in CHANGES}
        found = self._books.topics(self._contract, CHANGES, first_block, last_block)
        with self._node.asking("changes of the contract"):
            return [names[event] for event, *_ in found]

    def settlements(self, keys: Sequence[SettlementKey]) -> list[OnChainSettlement | None]:
        calls = [self._contract.functions.getSettlement(tuple(key_fields(key).values())) for key in keys]
        return [_settlement(*found) for found in self._books.batch("settlements", calls, at=self._at)]

    def touched(self, first_block: int, last_block: int) -> frozenset[SettlementKey]:
        found = self._books.topics(self._contract, OF_SETTLEMENT, first_block, last_block)
        return frozenset(_key_of(*words) for _, *words in found)

    def block_hash(self, number: int) -> str | None:
        [block] = self._node.batch(f"block {number}", [("eth_getBlockByNumber", [hex(number), False])])
        return None if block is None else str(block["hash"])

    def agreement(self, agreement_id: str) -> OnChainAgreement | None:
        found = self._ask("agreement", self._books.agreements.functions.getAgreement(as_bytes(agreement_id)))
        if found.version == 0:
            return None
        return OnChainAgreement(version=found.version, first_period=found.firstPeriod, end_period=found.endPeriod)

    def terms_hashes(self, periods: Sequence[tuple[str, int]]) -> list[str | None]:
        functions = self._books.agreements.functions
        named = [as_bytes(agreement) for agreement, _ in periods]
        found = self._books.batch("agreements", list(map(functions.getAgreement, named)))
        held = [
            n
            for n, (_, index) in enumerate(periods)
            if found[n].firstPeriod <= index < found[n].endPeriod and found[n].version
        ]
        asked = [functions.versionAt(named[n], periods[n][1]) for n in held]
        versions = self._books.batch("versions", asked)
        terms = self._books.batch(
            "terms", [functions.getTerms(named[n], version) for n, version in zip(held, versions, strict=True)]
        )
        hashes = {n: "0x" + bytes(one.termsHash).hex() for n, one in zip(held, terms, strict=True)}
        return [hashes.get(n) for n in range(len(periods))]

    def next_nonce(self, account: str | None = None) -> int:
        of = Web3.to_checksum_address(account or self.account)
        with self._node.asking("nonce"):
            return int(self._node.web3.eth.get_transaction_count(of, self._at))  # type: ignore[arg-type]  # as text

    def sign_reports(self, rows: Sequence[Row], signatures: Sequence[bytes], nonce: int) -> Signed:
        call = self._contract.functions.submitReports([row_fields(row) for row in rows], list(signatures))
        return self._sign(AttemptKind.REPORT, call, [row.key for row in rows], nonce, report_gas(len(rows)))

    def sign_finalise(self, keys: Sequence[SettlementKey], nonce: int) -> Signed:
        call = self._contract.functions.finalizeSettlements([key_fields(key) for key in keys])
        return self._sign(AttemptKind.FINALISE, call, keys, nonce, finalise_gas(len(keys)))

    def replacement(self, attempt: Attempt) -> Attempt:
        was = Transaction.read(attempt.raw)
        fields = {
            "chainId": was.chain_id,
            "from": self._sender.account,
            "nonce": was.nonce,
            "gas": was.gas,
            "gasPrice": self._node.gas_price_wei,
            "to": "0x" + was.to.hex(),
            "value": was.value,
            "data": "0x" + was.data.hex(),
        }
        signed = SignedBytes(raw_transaction=self._sender.sign_transaction(fields))
        return replace(
            attempt,
            transaction="0x" + signed.hash.hex(),
            raw=bytes(signed.raw_transaction),
            replacement=attempt.replacement + 1,
        )

    def send(self, attempt: Attempt) -> None:
        self._node.send(attempt.raw)

    def receipt(self, attempt: Attempt) -> Receipt | None:
        found = self._node.receipt(attempt.transaction)
        if found is None or (self._believed is not None and found["blockNumber"] > self._believed):
            return None
        succeeded = found["status"] == 1
        reason = "" if succeeded else self._replay(attempt, found["blockNumber"])
        return Receipt(
            succeeded=succeeded,
            block_number=found["blockNumber"],
            reason=reason,
            block_hash="0x" + bytes(found["blockHash"]).hex(),
        )

    def finalisations(self, keys: frozenset[SettlementKey]) -> dict[SettlementKey, list[Finalisation]]:
        """Newest pages first: what is looked for is nearly always among them. A revision above 1 has others before it."""
        found: dict[SettlementKey, dict[int, Finalisation]] = {key: {} for key in keys}
        blocks: dict[int, int] = {}
        for one in self._books.logged(self._contract, (FINALIZED,), {}, first_block=self._from_block):
            said = one.values
            if (key := _settlement_of(said)) not in keys:
                continue
            if one.block_number not in blocks:
                with self._node.asking(f"block {one.block_number}"):
                    blocks[one.block_number] = self._node.web3.eth.get_block(one.block_number)["timestamp"]
            found[key][said["revision"]] = _finalisation(one, blocks[one.block_number])
            if all(revisions and min(revisions) == 1 for revisions in found.values()):
                break
        return {key: [revisions[n] for n in sorted(revisions)] for key, revisions in found.items() if revisions}

    def rows(self, keys: frozenset[SettlementKey]) -> dict[SettlementKey, dict[int, Row]]:
        found: dict[SettlementKey, dict[int, Row]] = {key: {} for key in keys}
        for one in self._books.logged(self._contract, WITH_ROWS, {}, first_block=self._from_block):
            row = _row(one)
            if row.key in keys:
                found[row.key].setdefault(row.revision, row)
        return found

    def ruling(self, key: SettlementKey, revision: int) -> Ruling | None:
        found = self._newest("DisputeResolved", key, revision)
        if found is None:
            return None
        said = found.values
        return Ruling(
            outcome=OUTCOMES[said["outcome"]],
            row=_row(found),
            credit_ppm=said["creditPpm"],
            ruling_hash=_hex(said["rulingHash"]),
            transaction=found.transaction,
            block_number=found.block_number,
        )

    def _newest(self, event: str, key: SettlementKey, revision: int) -> Logged | None:
        """The last event of a revision; it is nearly always among the newest blocks."""
        found = self._books.of_settlement((event,), key, first_block=self._from_block)
        return next((one for one in found if one.values["revision"] == revision), None)

    def _ask(self, what: str, call: ContractFunction) -> Any:
        with self._node.asking(what):
            return call.call({"from": Web3.to_checksum_address(self.account)})

    def _sign(
        self, kind: AttemptKind, call: ContractFunction, keys: Sequence[SettlementKey], nonce: int, gas: int
    ) -> Signed:
        with self._node.asking(kind.value):
            # With its own gas and price, so that what a node would not take is found out before a nonce is spent.
            asked: Any = {"from": self._sender.account, "gas": gas, "gasPrice": Wei(self._node.gas_price_wei)}
            refused: Any = ()
            with self._node.taking():
                refused = call.call(asked)
            signed = self._node.sign(call, self._sender, nonce=nonce, gas=gas, chain_id=self._identity.chain_id)
        attempt = Attempt(
            kind=kind,
            settlement_ids=tuple(key.id_on(self._identity) for key in keys),
            sender=self._sender.account.lower(),
            nonce=nonce,
            transaction="0x" + bytes(signed.hash).hex(),
            raw=bytes(signed.raw_transaction),
        )
        return Signed(attempt=attempt, refused=tuple(map(reason_of, refused)))

    def _replay(self, attempt: Attempt, block: int) -> str:
        """Why a mined transaction was refused: the receipt does not say, so the call is repeated on its own block.

        The block itself, not the one before it, because what refuses a second write may be the transaction just ahead.
        """
        try:
            with self._node.asking("replay"):
                sent = self._node.web3.eth.get_transaction(attempt.transaction)  # type: ignore[arg-type]  # hex text is accepted
                again = {"from": sent["from"], "to": sent["to"], "data": sent["input"], "gas": sent["gas"]}
                self._node.web3.eth.call(again, block)  # type: ignore[arg-type]
        except Unavailable as error:
            return str(error)
        return "refused, and the replay succeeds: probably out of gas"


def _settlement(standing: Any, pending: Any) -> OnChainSettlement | None:
    word = word_of(standing)
    return None if word is None else OnChainSettlement(standing=word, pending=word_of(pending))


def _key_of(agreement: bytes, period: bytes, slo: bytes) -> SettlementKey:
    """A settlement by the three words that its events are found by."""
    return SettlementKey(
        agreement_id=_hex(agreement), period_index=int.from_bytes(period, "big"), slo_index=int.from_bytes(slo, "big")
    )


def _settlement_of(said: Mapping[str, Any]) -> SettlementKey:
    """The settlement that an event is about."""
    return SettlementKey(agreement_id=_hex(said["agreementId"]), period_index=said["period"], slo_index=said["slo"])


def _row(one: Logged) -> Row:
    """What an event that has counts says of its settlement."""
    said, key = one.values, _settlement_of(one.values)
    return Row(
        agreement_id=key.agreement_id,
        period_index=key.period_index,
        slo_index=key.slo_index,
        revision=said["revision"],
        good=said["good"],
        valid=said["valid"],
        document_hash=_hex(said["documentHash"]),
    )


def _finalisation(one: Logged, at: int) -> Finalisation:
    said = one.values
    return Finalisation(
        revision=said["revision"],
        period_minor=said["periodMinor"],
        delta_minor=said["deltaMinor"],
        by_default=said["byDefault"],
        transaction=one.transaction,
        block_number=one.block_number,
        at=at,
    )


def _hex(value: Any) -> str:
    return f"0x{bytes(value).hex()}"


def report_gas(rows: int) -> int:
    """What a transaction of so many rows may use."""
    return REPORT_GAS + REPORT_GAS_EACH * rows


def finalise_gas(rows: int) -> int:
    """What making so many rows final may use."""
    return FINALISE_GAS + FINALISE_GAS_EACH * rows


def _most_rows(gas_limit: int) -> int:
    """Of one transaction: a node takes none that asks for more gas than a block holds, and what was stored would be sent for ever."""
    fit = min((gas_limit - REPORT_GAS) // REPORT_GAS_EACH, (gas_limit - FINALISE_GAS) // FINALISE_GAS_EACH)
    return max(1, min(fit, MAX_BATCH))


def word_of(found: Any) -> OnChainWord | None:
    state = STATES[found.state]
    if state is None:
        return None
    return OnChainWord(
        state=state,
        disputed_by=DISPUTED_BY.get(found.state, frozenset()),
        revision=found.revision,
        commitment="0x" + bytes(found.commitment).hex(),
        credit_ppm=found.creditPpm,
        deadline_at=found.deadline,
        deadline_block=found.deadlineBlock,
    )
