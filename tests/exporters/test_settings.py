"""A broken configuration is told whole: every violation, with what was seen, what is expected and a hint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from sankofa_exporters.besu.settings import BesuModule, BesuTarget
from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.config.settings import (
    Conflict,
    Module,
    ReadableFile,
    Target,
    exposed_files,
    load,
    read_secret,
    secret_file,
)
from sankofa_exporters.proxmox.settings import ProxmoxModule, ProxmoxTarget

SECRET = "b2f0c6a4-secret"


class OwnFiles(Module):
    """A module whose targets have files of their own."""

    SKIPPABLE: ClassVar[tuple[str, ...]] = ("version",)
    token_file: Annotated[ReadableFile, secret_file(read_secret, "a file with one line")]


class Somewhere(Target):
    """A target that wants a module which asks for the version."""

    def conflicts(self, module: Any) -> Iterator[Conflict]:
        if "version" in module.skip:
            yield Conflict(key="module", seen="skip: version", expected="a module that asks for the version")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"sankofa@pve!exporter={SECRET}\n")
    return file


def complaint(tmp_path: Path, text: str) -> str:
    file = tmp_path / "proxmox.yml"
    file.write_text(text)
    with pytest.raises(BrokenConfigError) as caught:
        load(file, ProxmoxModule, ProxmoxTarget)
    return str(caught.value).replace(str(file), "FILE").replace(str(tmp_path), "DIR")


def test_settings_load_the_documented_shape(tmp_path: Path, token_file: Path) -> None:
    """The shape of the documentation loads, and no repr of it holds the token."""
    file = tmp_path / "proxmox.yml"
    file.write_text(
        f"modules:\n  pve: {{token_file: {token_file}}}\n"
        'targets:\n  edge-nairobi-1: {module: pve, endpoints: ["https://127.0.0.1:8006/"]}\n'
    )
    document = load(file, ProxmoxModule, ProxmoxTarget)

    assert document.targets["edge-nairobi-1"].endpoints == ("https://127.0.0.1:8006",)
    assert SECRET not in repr(document)


def test_settings_tell_every_violation_in_one_run(tmp_path: Path, token_file: Path) -> None:
    """Six things are wrong; six lines say so, each with path, value seen and what is expected."""
    lines = complaint(
        tmp_path,
        f"""
modules:
  pve: {{token_file: {token_file}, ca_file: {tmp_path}/absent.pem}}
  old: {{token_fil: {token_file}}}
targets:
  edge-1: {{module: pve, endpoints: ["htp://10.0.0.1"]}}
  edge-2: {{module: nobody, endpoints: ["https://10.0.0.1"]}}
  edge-3: {{module: pve, endpoints: []}}
""",
    ).splitlines()

    assert lines == [
        "FILE: modules.pve.ca_file: saw 'DIR/absent.pem'; expected an existing file; create it, or correct the path",
        "FILE: modules.old.token_file: saw nothing; expected this key; hint: it has no default",
        "FILE: modules.old.token_fil: saw an unknown key; expected a known key; hint: did you mean token_file?",
        "FILE: targets.edge-1.endpoints[0]: saw 'htp://10.0.0.1'; expected an http or https URL such as https://10.0.0.11:8006",
        "FILE: targets.edge-3.endpoints: saw a list of 0; expected 1 to 16 addresses of nodes",
        "FILE: targets.edge-2.module: saw 'nobody'; expected one of the modules ['old', 'pve']; hint: name the module under modules: first",
    ]


def test_settings_refuse_a_ca_file_that_is_none(tmp_path: Path, token_file: Path) -> None:
    """A CA file without a certificate is found at the start, not at the first probe."""
    (tmp_path / "ca.pem").write_text("not a certificate\n")
    text = f"modules: {{pve: {{token_file: {token_file}, ca_file: {tmp_path}/ca.pem}}}}\ntargets: {{}}\n"

    assert complaint(tmp_path, text) == (
        "FILE: modules.pve.ca_file: saw 'DIR/ca.pem'; expected a PEM file with the certificate of a CA"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "FILE: (file): saw nothing; expected a mapping of keys"),
        ("- a\n", "FILE: (file): saw list; expected a mapping of keys"),
        ("modules: {a: [}\n", "FILE: line 1: saw expected the node content, but found '}'; expected valid YAML"),
        ("modules: {}\nmodules: {}\n", "FILE: line 2: saw key 'modules' appears twice; expected valid YAML"),
    ],
)
def test_settings_tell_what_is_wrong_with_the_file(tmp_path: Path, text: str, expected: str) -> None:
    """Empty, misshapen, broken and doubled YAML each have a line of their own."""
    assert complaint(tmp_path, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"modules: {{pve: {{token: 'root@pam!x={SECRET}'}}}}\ntargets: {{}}\n",
        f"modules: {{}}\ntargets: {{a: {{module: pve, endpoints: ['https://root:{SECRET}@10.0.0.1']}}}}\n",
        f"modules: {{}}\ntargets: {{a: {{module: pve, endpoints: ['https://10.0.0.1/?token={SECRET}']}}}}\n",
    ],
)
def test_settings_never_echo_what_may_be_a_secret(tmp_path: Path, text: str) -> None:
    """A secret pasted under a wrong key or into a URL is refused without being quoted."""
    assert SECRET not in complaint(tmp_path, text)


def test_settings_refuse_a_token_of_another_form(tmp_path: Path) -> None:
    """A password or ticket in the token file is refused at the start, unquoted."""
    (tmp_path / "token").write_text(SECRET)
    text = f"modules: {{pve: {{token_file: {tmp_path}/token}}}}\ntargets: {{}}\n"

    assert complaint(tmp_path, text) == (
        "FILE: modules.pve.token_file: saw a value that is not shown; "
        "expected a file with one line user@realm!name=value (an API token)"
    )


def test_secret_file_open_to_others_is_named(tmp_path: Path, token_file: Path) -> None:
    """A token that others on the host may read is told at start, with the cure; a CA's certificate is not."""
    file = tmp_path / "proxmox.yml"
    file.write_text(f"modules:\n  pve: {{token_file: {token_file}}}\ntargets: {{}}\n")
    document = load(file, ProxmoxModule, ProxmoxTarget)
    told = []
    for mode in (0o644, 0o640, 0o600):
        token_file.chmod(mode)
        told.append(list(exposed_files(document)))

    assert told == [
        [f"modules.pve.token_file: {token_file} is open to others (mode 644); chmod 600"],
        [f"modules.pve.token_file: {token_file} is open to others (mode 640); chmod 600"],
        [],
    ]


@pytest.mark.parametrize(
    "line",
    [
        f"modules: {{pve: {{token_file: 'sankofa@pve!exporter={SECRET}'}}}}\ntargets: {{}}",
        f"modules: {{pve: {{token_file: {SECRET}}}}}\ntargets: {{}}",
        f"modules: {{}}\ntargets: {{a: {{module: pve, endpoints: ['https://root:{SECRET}@10.0.0.1:80x6']}}}}",
        f"modules: {{}}\ntargets: {{a: {{module: pve, endpoints: ['root:{SECRET}@10.0.0.1:8006']}}}}",
    ],
)
def test_secret_in_the_wrong_place_is_not_echoed(tmp_path: Path, line: str) -> None:
    """A token where a file belongs, a password in an address: the line names the place and hides the value."""
    text = complaint(tmp_path, line)

    assert SECRET not in text
    assert "a value that is not shown" in text or "a URL with more than an address" in text


def clusters(tmp_path: Path, *names: str, more: str = "") -> Path:
    targets = "".join(f"  {name}: {{module: own}}\n" for name in names)
    file = tmp_path / "own.yml"
    file.write_text(f'modules:\n  own: {{token_file: "{tmp_path}/{{target}}.token"{more}}}\ntargets:\n{targets}')
    return file


def token_of(tmp_path: Path, name: str, text: str = SECRET, mode: int = 0o600) -> None:
    file = tmp_path / f"{name}.token"
    file.write_text(text)
    file.chmod(mode)


def test_one_module_serves_targets_with_secrets_of_their_own(tmp_path: Path) -> None:
    """`{target}` in a path is the target's name: 325 clusters need one module."""
    names = [f"edge-{number}" for number in range(325)]
    for name in names:
        token_of(tmp_path, name)
    document = load(clusters(tmp_path, *names), OwnFiles, Somewhere)

    own = {document.modules["own"].for_target(name).token_file for name in names}
    assert own == {tmp_path / f"{name}.token" for name in names}
    assert SECRET not in repr(document)


def test_each_target_without_its_file_is_told(tmp_path: Path) -> None:
    """One missing, one of another kind, one whose name would leave the folder: a line each, and no secret."""
    token_of(tmp_path, "good")
    token_of(tmp_path, "odd", f"{SECRET}\n{SECRET}")
    with pytest.raises(BrokenConfigError) as caught:
        load(clusters(tmp_path, "good", "odd", "gone", "a/../good"), OwnFiles, Somewhere)
    lines = str(caught.value).replace(str(tmp_path), "DIR").splitlines()

    assert lines == [
        (
            "DIR/own.yml: targets.odd: saw token_file of module 'own' for this target; expected a file with one line; "
            "hint: {target} in the path is odd"
        ),
        (
            "DIR/own.yml: targets.gone: saw token_file of module 'own' for this target; expected an existing file; create it, "
            "or correct the path; hint: {target} in the path is gone"
        ),
        (
            "DIR/own.yml: targets.a/../good: saw 'a/../good'; expected a name of letters, digits and -._:@ without two dots in "
            "a row, for {target} in a path is it; hint: rename the target, or give it a module without {target}"
        ),
    ]


def test_own_files_that_others_may_read_are_named(tmp_path: Path) -> None:
    """Each target's secret is looked at."""
    token_of(tmp_path, "one")
    token_of(tmp_path, "two", mode=0o644)

    assert list(exposed_files(load(clusters(tmp_path, "one", "two"), OwnFiles, Somewhere))) == [
        f"targets.two: token_file: {tmp_path}/two.token is open to others (mode 644); chmod 600"
    ]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (", skip: [head]", "modules.own: saw a mapping of 2; expected skip: 'head' is none of version"),
        (", skip: [version]", "targets.one.module: saw skip: version; expected a module that asks for the version"),
        (
            f", cert_file: {__file__}",
            "modules.own: saw a mapping of 2; expected cert_file and key_file together, or neither",
        ),
    ],
)
def test_what_cannot_be_true_together_is_told(tmp_path: Path, more: str, line: str) -> None:
    """A collector that a verdict leans on, a target beside its module, half a pair of files."""
    token_of(tmp_path, "one")
    with pytest.raises(BrokenConfigError) as caught:
        load(clusters(tmp_path, "one", more=more), OwnFiles, Somewhere)

    assert str(caught.value) == f"{tmp_path}/own.yml: {line}"


@pytest.mark.parametrize(
    "text",
    [
        "modules: {own: {since: 2026-02-30}}",
        "modules: {own: {since: 0x_}}",
        "modules: {own: {since: " + "9" * 5_000 + "}}",
        "modules: " + "[" * 20_000,
        "modules: {own: {token_file: " + "x" * 5_000 + "}}",
        "modules: {own: {token_file: /proc/1/root/none/token}}",
    ],
    ids=["date", "hex", "digits", "deep", "long path", "closed folder"],
)
def test_file_that_nobody_can_read_is_a_violation(tmp_path: Path, text: str) -> None:
    """Whatever YAML or the file system makes of a word, it is told in lines."""
    file = tmp_path / "own.yml"
    file.write_text(f"{text}\n" if text.endswith("[") else f"{text}\ntargets: {{}}\n")
    with pytest.raises(BrokenConfigError) as caught:
        load(file, OwnFiles, Somewhere)

    assert str(caught.value).startswith(f"{file}: ")


@pytest.mark.parametrize(
    "target",
    [
        f'{{module: own, endpoint: "http://127.0.0.1:99999/{SECRET}"}}',
        f'{{module: own, witnesses: "http://h/v3/{SECRET}"}}',
        f'{{module: own, witnesses: {{"http://h/v3/{SECRET}": "http://h"}}}}',
        f'{{module: own, witnesses: {{one: "htp://h/v3/{SECRET}"}}}}',
    ],
)
def test_address_that_may_be_a_secret_is_shown_nowhere(tmp_path: Path, target: str) -> None:
    """A key in an address that stands in the wrong place, or under no name: it is told without it."""
    file = tmp_path / "besu.yml"
    file.write_text(f"modules: {{own: {{}}}}\ntargets: {{one: {target}}}\n")
    with pytest.raises(BrokenConfigError) as caught:
        load(file, BesuModule, BesuTarget)

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("header", [f'"X-Key: {SECRET}"', f'{{name: "X-K: {SECRET}"}}', f'{{"X-Key: {SECRET}": 1}}'])
def test_header_that_holds_its_value_is_shown_nowhere(tmp_path: Path, header: str) -> None:
    """A header's value belongs into a file."""
    file = tmp_path / "besu.yml"
    file.write_text(f"modules: {{own: {{header: {header}}}}}\ntargets: {{}}\n")
    with pytest.raises(BrokenConfigError) as caught:
        load(file, BesuModule, BesuTarget)

    assert SECRET not in str(caught.value)


def test_what_is_wrong_together_is_told_beside_what_is_wrong_alone(tmp_path: Path) -> None:
    """One run tells all of it: a target that is broken hides no missing file of another."""
    file = clusters(tmp_path, "gone")
    file.write_text(file.read_text() + "  broken: {module: own, lables: {}}\n  lost: {module: nobody}\n")
    with pytest.raises(BrokenConfigError) as caught:
        load(file, OwnFiles, Somewhere)

    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "targets.broken.lables",
        "targets.lost.module",
        "targets.gone",
    ]
