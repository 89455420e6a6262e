"""An attestor for tests: its samples, its key, and documents that are honest, lie, or are of a period that its samples have not passed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sankofa_observe.adapters.attestor import LocalAttestor
from sankofa_observe.adapters.attestor_folder import FolderAttestor, FolderDesk, FolderMemory, ProposalFolder
from sankofa_observe.pipeline.answering import Answering
from sankofa_observe.pipeline.attesting import Attesting
from sankofa_observe.ports import AttestorSet, Proposal, Signer
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.evidence import Evidence
from sankofa_observe.testing import FixedClock, MemoryExclusions, ScriptedSamples
from tests import builders
from tests.builders import CHAIN, PERIOD_SECONDS, START, Breach
from tests.chain import new_signer

SCRAPED_PERIODS = 4
DIGEST = "0x" + "5e" * 32


def samples(periods: int = SCRAPED_PERIODS) -> ScriptedSamples:
    """A site that was down at the first scrape of each period, and well at all others; scraped until a slot after them."""
    source = ScriptedSamples(scraped_at=START + periods * PERIOD_SECONDS + 60)
    every = range(-60, periods * PERIOD_SECONDS + 60, 15)
    source.add("sankofa_pve_up", [((START + at) * 1000, int(at % PERIOD_SECONDS != 0)) for at in every], site="edge-1")
    source.add("sankofa_pve_known", [((START + at) * 1000, int(at >= 0)) for at in every], site="edge-1")
    return source


def honest(index: int = 0) -> Breach:
    """One slot was bad, and that is what it says."""
    return builders.breach(builders.agreement(), index, bad=1)


def lie(index: int = 0) -> Breach:
    """It says that three were."""
    return builders.breach(builders.agreement(), index, bad=3)


def early(index: int = 0) -> Breach:
    """Of a period that the samples have not passed."""
    return builders.breach(builders.agreement(), SCRAPED_PERIODS + index, bad=1)


def members(*accounts: str, threshold: int = 1, epoch: int = 1) -> AttestorSet:
    return AttestorSet(members=accounts, threshold=threshold, epoch=epoch, config_digest=DIGEST)


def proposal(*breaches: Breach, attestors: AttestorSet | None = None) -> Proposal:
    reports = tuple(one.penalty.row() for one in breaches)
    return Proposal(chain=CHAIN, attestors=attestors or members(), rows=reports)


def documents(*breaches: Breach) -> dict[str, Evidence]:
    return {one.penalty.document_hash: one.document for one in breaches}


@dataclass(kw_only=True)
class House:
    """A folder that is shared, an attestor beside it that can be started anew, and the proposer's view of it."""

    folder: Path
    key: Signer = field(default_factory=new_signer)
    source: ScriptedSamples = field(default_factory=samples)
    exclusions: MemoryExclusions = field(default_factory=MemoryExclusions)
    agreement: Agreement = field(default_factory=builders.agreement)
    clock: FixedClock = field(default_factory=lambda: FixedClock(at=START + 10_000))

    def __post_init__(self) -> None:
        self.shared.mkdir()
        self.attesting = self.started()

    @property
    def shared(self) -> Path:
        return self.folder / "shared"

    @property
    def own(self) -> Path:
        """The attestor's part of it."""
        return self.shared / "attestors" / self.key.account.lower()

    def started(self) -> Attesting:
        """As a process that begins: nothing is remembered but what is in files."""
        witness = LocalAttestor(
            name="a1",
            key=self.key,
            source=self.source,
            catalog=Catalog(agreements={self.agreement.version_id: self.agreement}),
            exclusions=self.exclusions,
        )
        memory = FolderMemory(folder=self.folder / "data", key=self.key, chain=CHAIN)
        return Attesting(
            desk=FolderDesk(folder=self.shared, key=self.key, chain=CHAIN),
            witness=witness,
            answering=Answering(witness=witness, memory=memory, clock=self.clock),
            clock=self.clock,
        )

    @cached_property
    def proposer(self) -> FolderAttestor:
        return FolderAttestor(name="a1", account=self.key.account, proposals=ProposalFolder(self.shared), chain=CHAIN)

    def propose(self, *proposals: tuple[Breach, ...]) -> list[Proposal]:
        """Each a batch, and nothing else is open."""
        made = [proposal(*one) for one in proposals]
        self.proposer.propose(made, documents(*(breach for one in proposals for breach in one)))
        return made
