"""An attestor with a key of its own and a Prometheus of its own.

It recounts the period from its own raw samples, compares slot by slot with the proposer's document, and signs that document
or nothing. Keys of one owner are not independence: run attestors at parties who do not trust each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_account.signers.local import LocalAccount

from sankofa_observe.adapters.contract import typed_batch
from sankofa_observe.errors import InvariantBroken
from sankofa_observe.pipeline.attest import attested_report, objection, papers
from sankofa_observe.ports import AttestorSet, KnownExclusions, SampleSource
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.evidence import Evidence, Identity, document_hash
from sankofa_observe.sla.settlement import ChainIdentity, Report


class LocalAttestor:
    """A witness with its key in this process; who asks it, and how, is not its affair."""

    def __init__(
        self,
        *,
        name: str,
        key: LocalAccount,
        source: SampleSource,
        catalog: Catalog,
        exclusions: KnownExclusions,
    ) -> None:
        self._name = name
        self._key = key
        self._source = source
        self._catalog = catalog
        self._exclusions = exclusions
        self._reviewed: dict[str, tuple[ChainIdentity, Report]] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def account(self) -> str:
        return str(self._key.address)

    def objection(self, document: Evidence) -> str | None:
        found = objection(
            document,
            agreements=self._catalog.agreements,
            source=self._source,
            exclusions=self._exclusions,
            since_at=self._catalog.since_at,
        )
        if found is None:
            self._reviewed[document_hash(document.identity)] = attested_report(document)
        return found

    def papers(self, identity: Identity) -> str:
        return papers(
            identity,
            agreements=self._catalog.agreements,
            exclusions=self._exclusions,
            since_at=self._catalog.since_at,
        )

    def recall(self, document: Evidence) -> None:
        self._reviewed[document_hash(document.identity)] = attested_report(document)

    def sign_documents(self, documents: Sequence[str], attestors: AttestorSet, chain: ChainIdentity) -> bytes:
        if strange := [one for one in documents if one not in self._reviewed]:
            raise InvariantBroken(f"attestor {self._name}: asked to sign what it did not review: {', '.join(strange)}")
        return self.sign([self._reviewed[one][1] for one in documents], attestors, chain)

    def sign(self, reports: Sequence[Report], attestors: AttestorSet, chain: ChainIdentity) -> bytes:
        for report in reports:
            if self._reviewed.get(report.document_hash) != (chain, report):
                raise InvariantBroken(f"attestor {self._name}: asked to sign what it did not review as such: {report}")
        signed = self._key.sign_typed_data(full_message=typed_batch(reports, attestors, chain))
        return bytes(signed.signature)
