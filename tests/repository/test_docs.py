"""Documents are true: links lead somewhere, commands are accepted, references are what the code says."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

from docs import generate, pictures
from sankofa_exporters.cli import command_line as exporter_parser
from sankofa_observe.adapters.spec_import import LEAVABLE
from tests.repository.tree import ROOT, named, python_sources, text

PAGES = named(".md")
FENCE = re.compile(r"^( *)```[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")  # no link, whatever it looks like
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
COMMANDS = dict(generate.commands())


def prose(page: Path) -> str:
    return FENCE.sub("", text(page))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    kept = (re.sub(r"[^\w\- ]", "", heading.strip().lower()) for heading in HEADING.findall(prose(page)))
    return {heading.replace(" ", "-") for heading in kept}


def broken_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(CODE.sub("", prose(page))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page.parent / name).resolve() if name else ROOT / page
        if not target.exists() or not target.is_relative_to(ROOT):
            yield f"{page}: {link}"
        elif anchor and anchor not in anchors(target.relative_to(ROOT)):
            yield f"{page}: {link}: no such heading"


def fenced_lines() -> Iterator[tuple[Path, str]]:
    """Lines of code blocks, continued lines joined."""
    for page in PAGES:
        for _, block in FENCE.findall(text(page)):
            yield from ((page, line.strip()) for line in block.replace("\\\n", " ").splitlines())


def command_lines(program: str) -> list[tuple[Path, list[str]]]:
    """Each call of the program that a page shows, up to a pipe, a redirection or another command."""
    return [
        (page, simple(line)[1:])
        for page, line in ((page, line.removeprefix("runuser -u sankofa -- ")) for page, line in fenced_lines())
        if line.split(" ")[0] in {program, f".venv/bin/{program}"}
    ]


def simple(line: str) -> list[str]:
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    return list(takewhile(lambda word: word[0] not in "|&;<>", words))


def refused(arguments: list[str]) -> str:
    """Why the real parser does not accept a call of sankofa-observe, or nothing; no command is run."""
    words, path = list(arguments), generate.PROGRAM
    while words and f"{path} {words[0]}" in COMMANDS:
        path += f" {words.pop(0)}"
    try:
        COMMANDS[path].make_context(path, words)
    except Exception as error:  # noqa: BLE001  typer brings its own copy of click, whose errors have no public name
        return "" if type(error).__name__ == "Exit" else f"{path}: {getattr(error, 'message', error)}"
    return f"{path}: no such command: {words}" if getattr(COMMANDS[path], "commands", None) else ""


def refused_by_exporter(arguments: list[str], said: pytest.CaptureFixture[str]) -> str:
    try:
        exporter_parser().parse_args(arguments)
    except SystemExit as error:
        return said.readouterr().err if error.code else ""
    return ""


def test_links_lead_to_a_file_and_a_heading() -> None:
    """Every relative link of every page resolves inside the repository."""
    assert [fault for page in PAGES for fault in broken_links(page)] == []


def test_commands_of_the_platform_are_accepted_by_its_parser() -> None:
    """Every line of `sankofa-observe` in a code block names a command, its arguments and options as they are."""
    found = command_lines("sankofa-observe")
    assert [f"{page}: {why}" for page, words in found if (why := refused(words))] == []
    assert len(found) > 20


def test_commands_of_the_exporters_are_accepted_by_their_parser(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line of `sankofa-exporter` in a code block is one that starts; test_new_system.py runs those of a new system."""
    new = Path("docs/exporters/new-system.md")
    found = [(page, words) for page, words in command_lines("sankofa-exporter") if page != new]
    assert [f"{page}: {why}" for page, words in found if (why := refused_by_exporter(words, capsys))] == []
    assert len(found) > 2


def test_commands_in_help_texts_are_accepted_by_their_parser() -> None:
    """Each of a command's own examples is a call of that command."""
    faults = []
    for path, command in COMMANDS.items():
        for example in (command.help or "").split("Example: ")[1:]:
            words = simple(" ".join(example.split()))
            if not " ".join(words).startswith(path) or refused(words[1:]):
                faults.append(f"{path}: {refused(words[1:]) or example}")
    assert faults == []


def test_commands_that_do_not_exist_are_told() -> None:
    """The check above sees a wrong command, a wrong option and a missing one."""
    assert refused(["nonsense"])
    assert refused(["verify", "evidence.json", "--nonsense"])
    assert refused(["observe"])
    assert refused(["verify", "evidence.json"]) == ""


def test_make_targets_in_pages_exist() -> None:
    """Every `make TARGET` in a code block is a target of the Makefile."""
    known = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    shown = {line.split()[1] for _, line in fenced_lines() if line.startswith("make ")}
    assert shown - known == set()


def test_reference_has_every_command() -> None:
    """Each command and group has a heading in the reference of commands."""
    assert set(COMMANDS) <= set(HEADING.findall(text("docs/reference/cli.md")))


def test_reference_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    """Settings, commands and metrics in the pages are those of the code."""
    assert (generate.main(["--check"]), capsys.readouterr().err) == (0, "")


@pytest.mark.parametrize("name", generate.PAGES)
def test_reference_that_is_stale_is_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One changed line is exit 1 with the page's name, and writing mends it."""
    folder = Path(shutil.copytree(generate.FOLDER, tmp_path / "reference"))
    page = folder / name
    page.write_text(text(f"docs/reference/{name}").replace(generate.END, f"another line\n{generate.END}"))
    assert generate.main(["--check", "--folder", str(folder)]) == 1
    assert capsys.readouterr().err.startswith(f"{page}: stale")
    assert generate.main(["--write", "--folder", str(folder)]) == 0
    assert page.read_text() == text(f"docs/reference/{name}")


def test_pictures_are_what_the_commands_draw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the same example data, to the last byte; one that differs or is missing is exit 1 with its name."""
    fresh = pictures.drawn(pictures.counted(tmp_path), tmp_path)
    assert fresh == {name: text(f"docs/how-to/pictures/{name}") for name in pictures.PICTURES}
    assert (pictures.stale(fresh, tmp_path), capsys.readouterr().err) == (0, "")
    (tmp_path / "month.svg").write_text("another")
    assert (
        pictures.stale(fresh, tmp_path),
        capsys.readouterr().err.startswith(f"{tmp_path / 'month.svg'}: stale"),
    ) == (1, True)


def test_violation_codes_are_all_explained() -> None:
    """The codes in the table of specs are the codes the checks give, and each has a sentence."""
    code = re.compile(r'"((?:spec|fleet|sli|slo|agreement)\.[a-z-]+)"')
    given = {one for path in python_sources() if path.name.startswith("spec") for one in code.findall(text(path))}
    explained = re.findall(
        r"^\| `((?:spec|fleet|sli|slo|agreement)\.[a-z-]+)` \| .+ \|$", prose_of_specs(), re.MULTILINE
    )
    assert (sorted(given), len(explained)) == (sorted(set(explained)), len(set(explained)))


def test_codes_of_imports_and_of_live_checks_are_all_explained() -> None:
    """In the tables of their own pages; what may be left out gives its code by its kind."""
    code = re.compile(r'"((?:import|live)\.[a-z-]+)"')
    sources = [text(path) for path in python_sources() if any(part.startswith("spec_") for part in path.parts)]
    given = {one for source in sources for one in code.findall(source)} | {f"import.{kind}" for kind in LEAVABLE}
    pages = text("docs/reference/specs-import.md") + text("docs/reference/specs.md")
    explained = {
        one
        for row in re.findall(r"^\| (`(?:import|live)\..+?) \| ", pages, re.MULTILINE)
        for one in re.findall(r"`([a-z.-]+)`", row)
    }
    assert given == explained


def prose_of_specs() -> str:
    return text("docs/reference/specs.md").partition("## Violation codes")[2]


def test_pages_named_in_code_exist() -> None:
    """Where code, an error or an alert sends its reader to a page or a decision, there is one."""
    decisions = {path.name[:4] for path in PAGES if path.parent == Path("docs/decisions")}
    faults = []
    for path in [*python_sources(), *named(".sol", ".yaml", ".yml", ".toml")]:
        content = text(path)
        faults += [f"{path}: {page}" for page in re.findall(r"docs/[\w/-]+\.md", content) if not (ROOT / page).exists()]
        faults += [f"{path}: decision {n}" for n in re.findall(r"decision (\d{4})", content) if n not in decisions]
    assert faults == []


def test_pages_name_the_version_that_is_built() -> None:
    """The changelog knows this version, and a wheel in a page is this version's."""
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    wheels = {name for page in PAGES for name in re.findall(r"sankofa_observe-([\w.]+)-py3", text(page))}
    assert wheels == {version}
    assert version in text("CHANGELOG.md")
