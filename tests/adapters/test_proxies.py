"""What is asked of a service of ours goes there and nowhere else, whatever proxies the environment names."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sankofa_observe.adapters.alertmanager import AlertmanagerSilences
from sankofa_observe.adapters.node import Node
from sankofa_observe.adapters.one_call import Service, post
from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.operations.deadman import Call, Word
from sankofa_observe.operations.second_channel import SecondChannel
from sankofa_observe.units import Period
from sankofa_observe.verify.node import node
from tests.http_double import Answer, HttpDouble

NUMBER = b'{"jsonrpc":"2.0","id":1,"result":"0x7"}'
VECTOR = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"7"]}]}}'
MATRIX = b'{"status":"success","data":{"resultType":"matrix","result":[]}}'


def _samples(url: str, _: Path) -> object:
    """By the bulk reader, and by prometheus-api-client, of one session."""
    with closing(PrometheusSamples(url)) as source:
        return source.read("up", Period(starts_at=60, ends_at=120)).series, source.newest_at()


def _silences(url: str, _: Path) -> object:
    with closing(AlertmanagerSilences(url, "mark")) as silences:
        return silences.standing()


def _chain(url: str, _: Path) -> object:
    with closing(Node(url)) as opened:
        return opened.web3.eth.block_number


def _signer(url: str, _: Path) -> object:
    return post(Service(name="signer", url=url), b"{}", until=time.monotonic() + 30).body


def _webhook(url: str, folder: Path) -> object:
    file = folder / "url"
    file.write_text(url)
    file.chmod(0o600)
    return SecondChannel(url_file=file).tell(Call(sender="east", word=Word.LATE, silent_seconds=90))


def _verifier(url: str, _: Path) -> object:
    return node(url)("eth_blockNumber", [])


ASKED: dict[str, tuple[Callable[[str, Path], object], object]] = {
    "prometheus": (_samples, ([], 7)),
    "alertmanager": (_silences, {}),
    "chain": (_chain, 7),
    "signer": (_signer, NUMBER),
    "webhook": (_webhook, True),
    "verifier": (_verifier, "0x7"),
}


def _answer(method: str, path: str, body: bytes) -> Answer:
    if "silences" in path:
        return Answer(body=b"[]")
    if "/api/v1/query" in path:
        return Answer(body=MATRIX if b"up%5B" in body else VECTOR)
    return Answer(body=NUMBER)


@pytest.mark.parametrize("client", ASKED)
def test_a_proxy_of_the_environment_sees_nothing(client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature, a token or evidence would be a stranger's to read, and the answers a stranger's to write."""
    ask, expected = ASKED[client]
    with HttpDouble(answer=lambda *_: Answer(status=502)) as proxy, HttpDouble(answer=_answer) as double:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        answer = ask(double.url, tmp_path)
    assert (proxy.requests, answer, double.requests != []) == ([], expected, True)
