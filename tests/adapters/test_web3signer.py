"""Web3Signer from this side: what it answers wrongly is found and named, what it does not answer ends, who we are is shown to nobody."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from deploy.lab.web3signer.double import Web3SignerDouble
from deploy.lab.web3signer.faults import FAULTS
from deploy.parts import need_program
from sankofa_observe.adapters import web3signer
from sankofa_observe.adapters.one_call import Service
from sankofa_observe.adapters.web3signer import Web3Signer
from sankofa_observe.errors import Declined, InvalidInput, InvariantBroken, SankofaError, Unavailable, Unusable
from tests.adapters.signers import CHAIN_ID, DYNAMIC, LEGACY, batch
from tests.adapters.test_bounded import speaking
from tests.exporters.certificates import self_signed
from tests.http_double import Answer, HttpDouble
from tests.pace import limit, until

KEY, STRANGER = Account.create(), Account.create()
TRANSACTION, WITH_FEES, TYPED = "transaction", "transaction of EIP-1559", "typed data"


@pytest.fixture
def double() -> Iterator[Web3SignerDouble]:
    with Web3SignerDouble(keys=[KEY], chain_id=CHAIN_ID, stranger=STRANGER) as running:
        yield running


def signer_at(url: str, **who: Any) -> Web3Signer:
    return Web3Signer(Service(name="signer", url=url, **who), KEY.address)


def asked(signer: Web3Signer, what: str) -> bytes:
    fields = {TRANSACTION: LEGACY, WITH_FEES: DYNAMIC}
    return signer.sign_transaction(fields[what]) if what in fields else signer.sign_typed_data(batch())


def told(signer: Web3Signer, what: str = TYPED) -> str:
    """What an error says, with all that is chained to it."""
    with pytest.raises(SankofaError) as caught:
        asked(signer, what)
    return "".join(traceback.format_exception(caught.value))


STRANGE = f"signature of account {STRANGER.address.lower()}, expected {KEY.address.lower()}"
# Of a fault: what is asked, by whom it is to be mended, and the words that name it.
FOUND: dict[str, tuple[str, type[SankofaError], str]] = {
    "other_nonce": (TRANSACTION, InvariantBroken, "nonce 42, expected 7; nothing was sent"),
    "other_to": (TRANSACTION, InvariantBroken, f"to 0x{'ee' * 20}, expected 0x{'ab' * 20}; nothing was sent"),
    "other_data": (TRANSACTION, InvariantBroken, "data 0xdeadbeef, expected 0x12345678; nothing was sent"),
    "other_value": (TRANSACTION, InvariantBroken, "value 1, expected 0; nothing was sent"),
    "other_gas": (TRANSACTION, InvariantBroken, "gas 1, expected 510000; nothing was sent"),
    "other_price": (TRANSACTION, InvariantBroken, "gasPrice 2000000000, expected 0; nothing was sent"),
    "other_fee": (WITH_FEES, InvariantBroken, "maxFeePerGas 4, expected 3000000000; nothing was sent"),
    "other_tip": (WITH_FEES, InvariantBroken, "maxPriorityFeePerGas 2, expected 1; nothing was sent"),
    "other_kind": (TRANSACTION, InvariantBroken, "another kind of transaction than it was asked for, a legacy one"),
    "other_chain": (TRANSACTION, InvariantBroken, f"chainId 1, expected {CHAIN_ID}; nothing was sent"),
    "other_account": (TRANSACTION, InvariantBroken, STRANGE),
    "other_digest": (TYPED, InvariantBroken, f", expected {KEY.address.lower()}: it is another's, or of other data"),
    "high_s": (TYPED, Unusable, "high s, which nodes and the contract refuse"),
    "v_29_or_30": (TYPED, Unusable, ", expected 27 or 28; nothing was sent"),
    "half_a_result": (TYPED, Unusable, "a signature of 32 bytes, expected 65"),
    "no_hex": (TYPED, Unusable, "no text of 0x and hex digits"),
    "null": (TYPED, Unusable, "no text of 0x and hex digits"),
    "other_number": (TYPED, Unusable, "the result of question 2, expected that of 1"),
    "html": (TYPED, Unusable, "<h1>Bad Gateway</h1></body></html>, expected that of 1"),
    "no_object": (TYPED, Unusable, "[], expected that of 1"),
    "deep": (TYPED, Unusable, "(100000 characters)"),
    "redirect": (TYPED, Unusable, "HTTP 307, expected 200"),
    "http_404": (TYPED, Unusable, "HTTP 404, expected 200: <html><body><h1>Resource not found"),
    "http_401": (TYPED, Declined, "HTTP 401: who are you?"),
    "http_502": (TYPED, Unavailable, "HTTP 502: <html><body><h1>Bad Gateway"),
    "internal": (TYPED, Unavailable, "-32603"),
    "declined": (TYPED, Declined, "declines eth_signTypedData: -32604 Method not enabled"),
    "invalid": (TRANSACTION, Declined, "declines eth_signTransaction: -32602 Invalid params"),
    "huge": (TYPED, Unavailable, "bytes or more, expected 4194304 at most"),
    "truncated": (TYPED, Unavailable, "did not answer: ChunkedEncodingError"),
    "hung_up": (TYPED, Unavailable, "did not answer: ConnectionError"),
}  # fmt: skip
ENDLESS = {"hang", "drip"}
HARMLESS = {"", "v_0_or_1"}


def test_each_fault_of_the_double_is_held_against_us() -> None:
    """None that nothing asks for."""
    assert {*FOUND, *ENDLESS, *HARMLESS} == set(FAULTS)


@pytest.mark.parametrize("fault", FOUND)
def test_wrong_answer_is_refused_and_named(double: Web3SignerDouble, fault: str) -> None:
    """With the signer, what came and what was expected; by the very class that says who has to act."""
    what, kind, words = FOUND[fault]
    double.fault = fault
    with pytest.raises(SankofaError) as caught:
        asked(signer_at(double.url), what)
    assert type(caught.value) is kind
    assert (words in str(caught.value), f"signer {double.url}" in str(caught.value)) == (True, True)


@pytest.mark.parametrize("fault", ["other_account", "high_s", "half_a_result", "no_hex"])
def test_wrong_answer_is_refused_whatever_was_asked(double: Web3SignerDouble, fault: str) -> None:
    """What is wrong with a signature is wrong with one of a transaction of either kind as well."""
    double.fault = fault
    for what in (TRANSACTION, WITH_FEES):
        with pytest.raises((InvariantBroken, Unusable), match="nothing was sent"):
            asked(signer_at(double.url), what)


def test_chain_of_a_dynamic_transaction_is_compared(double: Web3SignerDouble) -> None:
    """It carries its chain as a field, a legacy one in v."""
    double.fault = "other_chain"
    with pytest.raises(InvariantBroken, match=f"chainId 1, expected {CHAIN_ID}; nothing was sent"):
        asked(signer_at(double.url), WITH_FEES)


def test_v_of_zero_or_one_is_handed_on_as_the_contract_takes_it(double: Web3SignerDouble) -> None:
    """The same signature: only the last byte is written in two ways."""
    expected = signer_at(double.url).sign_typed_data(batch())
    double.fault = "v_0_or_1"
    assert signer_at(double.url).sign_typed_data(batch()) == expected


def test_account_that_the_signer_has_not_is_told_with_those_it_has(double: Web3SignerDouble) -> None:
    """A key that is not loaded there, or a mistyped account: the one who runs it has to act, and trying again helps nobody."""
    double.keys = [STRANGER]
    for what in (TRANSACTION, TYPED):
        with pytest.raises(InvalidInput) as caught:
            asked(signer_at(double.url), what)
        assert f"not the key of account {KEY.address.lower()}, it has {STRANGER.address.lower()}" in str(caught.value)
    assert signer_at(double.url).accounts() == (STRANGER.address.lower(),)


def test_nonce_is_always_given_and_nothing_is_ever_sent_by_the_signer(double: Web3SignerDouble) -> None:
    """What it is asked is a whole transaction, its own number in it; the document of typed data is text."""
    signer = signer_at(double.url)
    signer.sign_transaction(LEGACY)
    signer.sign_typed_data(batch())
    (first, (transaction,)), (second, (account, document)) = double.asked
    assert (first, second, account) == ("eth_signTransaction", "eth_signTypedData", KEY.address.lower())
    assert transaction == {
        "from": KEY.address.lower(), "chainId": "0x7a69", "nonce": "0x7", "gas": "0x7c830", "value": "0x0", "gasPrice": "0x0",
        "to": "0x" + "ab" * 20, "data": "0x12345678",
    }  # fmt: skip
    assert isinstance(document, str)


@pytest.mark.parametrize("fault", sorted(ENDLESS))
def test_signer_that_does_not_end_has_one_deadline(
    double: Web3SignerDouble, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Silent, or a byte now and then: for the whole question."""
    monkeypatch.setattr(web3signer, "ANSWER_SECONDS", 0.4)
    double.fault = fault
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"did not answer: no (whole )?answer in time"):
        asked(signer_at(double.url), TYPED)
    assert time.monotonic() - began < limit(5)


def test_handshake_that_does_not_end_has_the_same_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS by the byte, before any question is sent: the thread that waits for it ends as well."""
    monkeypatch.setattr(web3signer, "ANSWER_SECONDS", 0.4)

    def by_the_byte(peer: socket.socket) -> None:
        peer.sendall(b"\x16\x03\x03\x40\x00")
        while True:
            peer.sendall(b"\x02")
            time.sleep(0.02)

    began, others = time.monotonic(), set(threading.enumerate())
    with speaking(by_the_byte) as url:
        with pytest.raises(Unavailable, match=r"did not answer: no (whole )?answer in time"):
            asked(signer_at(url.replace("http:", "https:")), TYPED)
        own = [one for one in threading.enumerate() if one.name == "exchange" and one not in others]
        until(lambda: not any(one.is_alive() for one in own), seconds=5)
        assert time.monotonic() - began < limit(5)


def test_name_that_is_looked_up_without_end_has_the_same_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver has no timeout that a question could set."""
    monkeypatch.setattr(web3signer, "ANSWER_SECONDS", 0.4)
    found = threading.Event()

    def looks_up(*_: Any, **__: Any) -> None:
        found.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", looks_up)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="did not answer: no whole answer in time"):
        asked(signer_at("http://signer.internal:9000"), TYPED)
    took = time.monotonic() - began
    found.set()
    assert took < limit(5)


def test_signer_is_not_waited_for_once_the_process_ends(double: Web3SignerDouble) -> None:
    """A stop of the platform waits for no KMS."""
    double.fault = "hang"
    signer = Web3Signer(Service(name="signer", url=double.url), KEY.address, waits_no_more=lambda: bool(double.asked))
    with pytest.raises(Unavailable, match="the process ends"):
        asked(signer, TYPED)


def test_one_signer_serves_many_threads(double: Web3SignerDouble) -> None:
    """Each gets the answer to its own question."""
    signer, found = signer_at(double.url), {}

    def sign(nonce: int) -> None:
        found[nonce] = signer.sign_transaction({**LEGACY, "nonce": nonce})

    threads = [threading.Thread(target=sign, args=(nonce,)) for nonce in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found.values())) == len(threads)


def test_environment_leads_no_question_astray(double: Web3SignerDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a proxy nor a store of certificates is taken from there."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    assert len(asked(signer_at(double.url), TYPED)) == 65


def test_host_that_the_signer_does_not_allow_is_refused_with_its_option(double: Web3SignerDouble) -> None:
    """As it comes, a Web3Signer answers to localhost and 127.0.0.1 only."""
    double.allowed_hosts = ("signer.internal",)
    with pytest.raises(Declined, match=r"HTTP 403: .*Host not authorized.*--http-host-allowlist"):
        asked(signer_at(double.url), TYPED)


HEADER = "Bearer tok3nSECRET.of-ours"


@pytest.fixture
def header_file(tmp_path: Path) -> Path:
    file = tmp_path / "header"
    file.touch(0o600)
    file.write_text(f"Authorization: {HEADER}\n")
    return file


def test_header_of_a_file_is_sent_and_shown_nowhere(double: Web3SignerDouble, header_file: Path) -> None:
    """It is read at each call, so that a new one holds at once; a proxy that repeats it is not repeated."""
    signer = signer_at(double.url, header_file=header_file)
    asked(signer, TYPED)
    header_file.write_text("X-Key: second\n")
    asked(signer, TYPED)
    assert [(one.get("Authorization"), one.get("X-Key")) for one in double.headers] == [
        (HEADER, None),
        (None, "second"),
    ]
    header_file.write_text(f"Authorization: {HEADER}\n")
    for status in (200, 401, 500):
        body = f'{{"error": {{"code": -1, "message": "no {HEADER}"}}}}'.encode()
        with HttpDouble(answer=lambda *_, status=status, body=body: Answer(status=status, body=body)) as echo:
            assert "tok3nSECRET" not in told(signer_at(f"{echo.url}/tok3nSECRET", header_file=header_file))
    assert "tok3nSECRET" not in f"{signer!r}{signer._service!r}"


@pytest.mark.parametrize(
    "text", ["", "Bearer x", "Host: other", "A: b\nC: d", "A: \x7f", "Näme: x", "Content-Length: 3"]
)
def test_header_file_that_is_no_header_is_told_without_what_it_holds(header_file: Path, text: str) -> None:
    """With what is expected, before anything is sent."""
    header_file.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        asked(signer_at("http://127.0.0.1:1", header_file=header_file), TYPED)
    assert ("expected one line like `Authorization: Bearer" in str(caught.value), f" {text};" in str(caught.value)) == (
        True,
        False,
    )


def test_header_is_sent_over_a_network_in_tls_only(header_file: Path) -> None:
    """On this machine it may go in clear."""
    for url in ("http://signer.internal:9000", "http://127.0.0.1.example"):
        with pytest.raises(InvalidInput, match="in clear over a network, expected https://"):
            signer_at(url, header_file=header_file)
    for url in ("http://localhost:9000", "http://127.0.0.1", "http://[::1]", "https://signer.internal:9000"):
        signer_at(url, header_file=header_file)


@pytest.mark.real("openssl")
def test_certificates_are_checked_on_both_sides(tmp_path: Path) -> None:
    """Signed is where the server is of the named authority and we are of its clients; else nothing is asked."""
    server, client, other = (self_signed(tmp_path / name) for name in ("server", "client", "other"))
    for _, key in (client, other):
        key.chmod(0o600)
    ours = {"client_certificate_file": client[0], "client_key_file": client[1]}
    with Web3SignerDouble(keys=[KEY], chain_id=CHAIN_ID, certificate=server, clients_file=client[0]) as double:
        assert len(asked(signer_at(double.url, ca_file=server[0], **ours), TYPED)) == 65
        before = len(double.asked)
        wrong: list[dict[str, Path]] = [
            ours,  # whose authorities are the public ones
            {"ca_file": other[0], **ours},
            {"ca_file": server[0]},
            {"ca_file": server[0], "client_certificate_file": other[0], "client_key_file": other[1]},
        ]
        for who in wrong:
            with pytest.raises(Unavailable, match=f"signer {double.url} did not answer"):
                asked(signer_at(double.url, **who), TYPED)
        assert len(double.asked) == before


def _open_key(folder: Path, files: dict[str, Path]) -> dict[str, Path]:
    files["client_key_file"].chmod(0o644)
    return files


def _locked_key(folder: Path, files: dict[str, Path]) -> dict[str, Path]:
    locked = folder / "locked.pem"
    command = [
        need_program("openssl"),
        "pkey",
        "-aes256",
        "-passout",
        "pass:word",
        "-in",
        str(files["client_key_file"]),
    ]
    subprocess.run([*command, "-out", str(locked)], check=True, capture_output=True)
    locked.chmod(0o600)
    return {**files, "client_key_file": locked}


WRONG_FILES: dict[str, tuple[Callable[[Path, dict[str, Path]], dict[str, Path]], str]] = {
    "open-key": (_open_key, "run chmod 600"),
    "locked-key": (_locked_key, "without a password"),
    "no-key": (lambda _, files: {"client_certificate_file": files["client_certificate_file"]}, "expected both or none"),
    "key-of-another": (lambda _, files: {**files, "client_certificate_file": files["ca_file"]}, "KEY_VALUES_MISMATCH"),
    "no-authority": (lambda folder, files: {**files, "ca_file": folder / "none"}, "ca_file .*No such file"),
    "key-as-authority": (lambda _, files: {**files, "ca_file": files["client_key_file"]}, "ca_file .*expected PEM"),
    "no-certificate": (lambda folder, files: {**files, "client_certificate_file": folder / "none"}, "No such file"),
}


@pytest.mark.real("openssl")
@pytest.mark.parametrize("case", WRONG_FILES)
def test_certificate_that_cannot_be_used_is_told_before_anything_is_asked(tmp_path: Path, case: str) -> None:
    """By the setting, and at once: TLS would wait at a keyboard for the password of a key."""
    authority, client = self_signed(tmp_path / "server")[0], self_signed(tmp_path / "client")
    client[1].chmod(0o600)
    change, words = WRONG_FILES[case]
    files = {"ca_file": authority, "client_certificate_file": client[0], "client_key_file": client[1]}
    with pytest.raises(InvalidInput, match=words):
        signer_at("https://127.0.0.1:1", **change(tmp_path, files))


def test_certificate_without_tls_is_refused(tmp_path: Path) -> None:
    """It would look safe, and be sent to nobody."""
    with pytest.raises(InvalidInput, match="has certificates and no TLS, expected https://"):
        signer_at("http://127.0.0.1:1", ca_file=tmp_path / "ca.pem")


def test_account_with_a_wrong_checksum_is_refused() -> None:
    """One letter of another case is a typing error that its checksum shows."""
    letter = next(at for at, one in enumerate(KEY.address) if one.isalpha() and at > 1)
    spoiled = KEY.address[:letter] + KEY.address[letter].swapcase() + KEY.address[letter + 1 :]
    with pytest.raises(InvalidInput, match="with the checksum"):
        Web3Signer(Service(name="signer", url="http://127.0.0.1:1"), spoiled)
