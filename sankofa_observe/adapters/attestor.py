"""An attestor with a key of its own and a Prometheus of its own.

It recounts the period from its own raw samples, compares slot by slot with the proposer's document, and signs that document
or nothing. Keys of one owner are not independence: run attestors at parties who do not trust each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sankofa_observe.adapters.contract import typed_batch
from sankofa_observe.errors import InvariantBroken
from sankofa_observe.pipeline.attest import objection, papers
from sankofa_observe.ports import AttestorSet, KnownExclusions, SampleSource, Signer
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.evidence import Evidence, Identity, attested_row, document_hash
from sankofa_observe.sla.settlement import ChainIdentity, Row


class LocalAttestor:
    """A witness with its key in this process; who asks it, and how, is not its affair."""

    def __init__(
        self,
        *,
        name: str,
        key: Signer,
        source: SampleSource,
        catalog: Catalog,
        exclusions: KnownExclusions,
    ) -> None:
        self._name = name
        self._key = key
        self._source = source
        self._catalog = catalog
        self._exclusions = exclusions
        self._reviewed: dict[str, tuple[ChainIdentity, Row]] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def account(self) -> str:
        return self._key.account

    def objection(self, document: Evidence) -> str | None:
        found = objection(
            document,
            agreements=self._catalog.agreements,
            source=self._source,
            exclusions=self._exclusions,
            since_at=self._catalog.since_at,
        )
        if found is None:
            self._reviewed[document_hash(document.identity)] = attested_row(document)
        return found

    def papers(self, identity: Identity) -> str:
        return papers(
            identity,
            agreements=self._catalog.agreements,
            exclusions=self._exclusions,
            since_at=self._catalog.since_at,
        )

    def recall(self, document: Evidence) -> None:
        self._reviewed[document_hash(document.identity)] = attested_row(document)

    def sign_documents(self, revisions: Mapping[str, int], attestors: AttestorSet, chain: ChainIdentity) -> bytes:
        if strange := [one for one in revisions if one not in self._reviewed]:
            raise InvariantBroken(f"attestor {self._name}: asked to sign what it did not review: {', '.join(strange)}")
        rows = [replace(self._reviewed[one][1], revision=revision) for one, revision in revisions.items()]
        return self.sign(rows, attestors, chain)

    def sign(self, rows: Sequence[Row], attestors: AttestorSet, chain: ChainIdentity) -> bytes:
        for row in rows:
            if self._reviewed.get(row.document_hash) != (chain, replace(row, revision=1)):
                raise InvariantBroken(f"attestor {self._name}: asked to sign what it did not review as such: {row}")
        return self._key.sign_typed_data(typed_batch(rows, attestors, chain))
