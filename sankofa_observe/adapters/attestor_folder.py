"""The shared folder between a proposer and attestors that are processes of their own; both sides of it.

    documents/<hash>.json        evidence, as the archive has it                     the proposer writes
    proposals/<digest>.json      batches that are open                               the proposer writes
    attestors/<account>/         answers/<hash>.json, signatures/<digest>.json,      that attestor writes
                                 turn.json

Nobody believes a file for its place: documents and proposals have the name of what is in them, answers and signatures are by a key.
Answers and signatures stay as records; a proposal goes once it is settled or is another one, and with it documents that none names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from sankofa_observe.adapters import attestation_form as form
from sankofa_observe.adapters.whole_files import digests_in, path_of, read_whole, remove, write_whole
from sankofa_observe.errors import InvalidInput, Unavailable, Unusable
from sankofa_observe.ports import Answer, Asked, NoAnswer, Proposal, Signer
from sankofa_observe.sla.evidence import Evidence, document_hash, parse, written
from sankofa_observe.sla.settlement import ChainIdentity

MOST_PROPOSALS = 1000
MOST_AT_HAND = 10_000  # answers, of a kilobyte each
MOST_NAMED = 5  # of files that are none of ours, in one turn


class ProposalFolder:
    """What a proposer lays down, for all attestors that read this folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shown: dict[Path, tuple[int, int] | None] = {}  # size and time of what was found whole

    def show(self, proposals: Sequence[Proposal], documents: Mapping[str, Evidence]) -> None:
        """These and no others; what somebody took away or changed is there again."""
        _need(self.folder)
        named = dict.fromkeys(one for proposal in proposals for one in proposal.documents)
        for name in named:
            self._lay(path_of(self.folder / "documents", name), partial(_written, documents, name))
        raws = {form.digest_of(raw): raw for raw in map(form.proposal_raw, proposals)}
        for digest, raw in raws.items():
            self._lay(path_of(self.folder / "proposals", digest), partial(bytes, raw))
        self._keep_only("proposals", raws)
        self._keep_only("documents", named)

    def _lay(self, path: Path, raw: Callable[[], bytes]) -> None:
        found = _stamp(path)
        if found is not None and self._shown.get(path) == found:
            return
        whole = raw()
        if _stands(path) != whole:
            write_whole(path, whole)
        self._shown[path] = _stamp(path)

    def _keep_only(self, part: str, names: Mapping[str, object]) -> None:
        for name in digests_in(self.folder / part)[0]:
            if name not in names:
                path = path_of(self.folder / part, name)
                self._shown.pop(path, None)
                remove(path)


def _written(documents: Mapping[str, Evidence], name: str) -> bytes:
    return written(documents[name])


class FolderAttestor:
    """An attestor elsewhere, as its proposer sees it: what it lays down is there in the next turn, or not yet."""

    is_awaited = False

    def __init__(self, *, name: str, account: str, proposals: ProposalFolder, chain: ChainIdentity) -> None:
        self.name, self.account = name, account.lower()
        self._proposals, self._folder, self._chain = proposals, proposals.folder, chain
        self._own = self._folder / "attestors" / self.account
        self._read: dict[str, tuple[bytes, Answer]] = {}  # what was found good: a signature is looked at once

    def ask(self, documents: Mapping[str, Evidence]) -> None:
        """It finds them with the proposals."""

    def answers(self, documents: Mapping[str, Evidence]) -> dict[str, Answer | NoAnswer]:
        self._read = {name: known for name, known in self._read.items() if name in documents}
        found = {name: self._answer(name) for name in documents}
        return {name: one for name, one in found.items() if one is not None}

    def _answer(self, document: str) -> Answer | NoAnswer | None:
        path = path_of(self._own / "answers", document)
        try:
            raw = read_whole(path, form.MOST_BYTES)
            if raw is None:
                return None
            known = self._read.get(document)
            if known is None or known[0] != raw:
                known = self._read[document] = (
                    raw,
                    form.answer_of(raw, document, self._chain, self.account, self._told(path)),
                )
        except Unavailable as error:
            return NoAnswer(reason=str(error))
        return known[1]

    def propose(self, proposals: Sequence[Proposal], documents: Mapping[str, Evidence]) -> None:
        self._proposals.show(proposals, documents)

    def signature(self, proposal: Proposal) -> bytes | None:
        path = path_of(self._own / "signatures", form.digest_of(form.proposal_raw(proposal)))
        raw = read_whole(path, form.MOST_BYTES)
        return None if raw is None else form.signature_of(raw, proposal, self.account, self._told(path))

    @property
    def heard_at(self) -> int | None:
        path = self._own / "turn.json"
        try:
            raw = read_whole(path, form.MOST_BYTES)
            return None if raw is None else form.beat_of(raw, self._told(path))
        except Unavailable:
            return None

    def _told(self, path: Path) -> str:
        return str(path.relative_to(self._folder))


class FolderDesk:
    """The attestor's side of it."""

    def __init__(self, *, folder: Path, key: Signer, chain: ChainIdentity) -> None:
        self._folder, self._key, self._chain = folder, key, chain
        self._account = str(key.account).lower()
        self._own = folder / "attestors" / self._account
        self._said: dict[str, tuple[bytes, Answer]] = {}  # what stands as it was said: signed and looked at once
        self._laid: dict[str, bytes] = {}

    def asked(self) -> tuple[list[Asked], list[str]]:
        _need(self._folder)
        found, faults = list[Asked](), list[str]()
        names, strange = digests_in(self._folder / "proposals")
        faults += [f"proposals/{name[:80]}: no name of a proposal" for name in strange[:MOST_NAMED]]
        if len(names) > MOST_PROPOSALS:
            faults.append(
                f"proposals: {len(names)} of them, expected at most {MOST_PROPOSALS}; the rest is not looked at"
            )
        for name in names[:MOST_PROPOSALS]:
            try:
                if (one := self._asked(name)) is not None:
                    found.append(one)
            except Unavailable as error:
                faults.append(str(error))
        named = {one for proposal in found for one in proposal.documents}
        self._said = {one: said for one, said in self._said.items() if one in named}
        self._laid = {one.id: self._laid[one.id] for one in found if one.id in self._laid}
        return found, faults

    def _asked(self, name: str) -> Asked | None:
        where = f"proposals/{name}.json"
        raw = read_whole(path_of(self._folder / "proposals", name), form.MOST_BYTES)
        if raw is None:  # taken away meanwhile
            return None
        asked = form.asked_of(raw, name, where)
        if asked.chain != self._chain:
            ours, theirs = (f"{one.contract} on chain {one.chain_id}" for one in (self._chain, asked.chain))
            raise Unusable(f"{where}: for contract {theirs}, expected {ours} of the settings; nothing of it is signed")
        return asked

    def document(self, digest: str) -> Evidence:
        path = path_of(self._folder / "documents", digest)
        where = str(path.relative_to(self._folder))
        raw = read_whole(path, form.MOST_DOCUMENT_BYTES)
        if raw is None:
            raise Unusable(f"{where}: not there yet")
        try:
            document = parse(raw)
        except InvalidInput as error:
            raise Unusable(f"{where}: {error}") from None
        if (found := document_hash(document.identity)) != digest:
            raise Unusable(f"{where}: holds another document, {found}")
        return document

    def tell(self, answer: Answer) -> None:
        """Again at each turn where it is not there as it was said: what somebody took away or changed comes back."""
        path, known = path_of(self._own / "answers", answer.document), self._said.get(answer.document)
        if known is None or known[1] != answer:
            known = self._said[answer.document] = (form.answer_raw(answer, self._chain, self._key), answer)
        if _stands(path) != known[0]:
            write_whole(path, known[0])

    def has_signed(self, asked: Asked) -> bool:
        laid = self._laid.get(asked.id)
        return laid is not None and _stands(path_of(self._own / "signatures", asked.id)) == laid

    def lay_signature(self, asked: Asked, signature: bytes) -> None:
        raw, path = form.signature_raw(asked, signature), path_of(self._own / "signatures", asked.id)
        if _stands(path) != raw:
            write_whole(path, raw)
        self._laid[asked.id] = raw

    def beat(self, at: int) -> None:
        _need(self._folder)
        write_whole(self._own / "turn.json", form.beat_raw(at))


class FolderMemory:
    """What an attestor has said, in a folder of its own that nobody else writes: no document is recounted after a restart.

    Answers there are signed as those in the shared folder are, so that one that somebody slipped in is none.
    """

    def __init__(self, *, folder: Path, key: Signer, chain: ChainIdentity) -> None:
        self._folder, self._key, self._chain = folder / "answers", key, chain
        self._known: dict[str, Answer] = {}

    def get(self, document: str) -> Answer | None:
        if document in self._known:
            return self._known[document]
        path = path_of(self._folder, document)
        try:
            raw = read_whole(path, form.MOST_BYTES)
            if raw is None:
                return None
            account = str(self._key.account).lower()
            return self._keep(form.answer_of(raw, document, self._chain, account, str(path)))
        except Unusable:  # as if it was never said: it is looked at again
            return None

    def put(self, answer: Answer) -> None:
        write_whole(path_of(self._folder, answer.document), form.answer_raw(answer, self._chain, self._key))
        self._keep(answer)

    def _keep(self, answer: Answer) -> Answer:
        """At hand as well: those that were kept last."""
        self._known.pop(answer.document, None)
        self._known[answer.document] = answer
        if len(self._known) > MOST_AT_HAND:
            del self._known[next(iter(self._known))]
        return answer


def _need(folder: Path) -> None:
    """One that is not mounted must not look like one in which nothing is asked."""
    if not folder.is_dir():
        raise Unavailable(f"{folder}: no such folder; make it, or mount it there, as proposer and attestors share it")


def _stands(path: Path) -> bytes | None:
    """What is there, as far as it can be ours."""
    try:
        return read_whole(path, form.MOST_DOCUMENT_BYTES)
    except Unusable:
        return None


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
