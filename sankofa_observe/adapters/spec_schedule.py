"""Another schedule of credits for a question: in a line like `99.9:10,99:25`, or in a file as an agreement has it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from sankofa_observe.adapters import spec_credit
from sankofa_observe.adapters.spec_models import Band, FormulaSpec
from sankofa_observe.adapters.spec_slot import exact_ppm
from sankofa_observe.documents import BrokenYaml, read
from sankofa_observe.errors import InvalidInput, Violation
from sankofa_observe.sla.schedule import CreditBand, Schedule, band_problems
from sankofa_observe.units import PPM

Part = TypeVar("Part")
MOST_BANDS = 8  # as an agreement may have
_LINE = "expected BELOW:CREDIT in percent, the highest first, like 99.9:10,99:25, or the path of a YAML file with `bands` or `formula`"
_FILE = "expected `bands`, a list of {belowPpm: 999000, creditPpm: 100000}, or `formula`, as in an agreement"


def objective(option: str, text: str) -> int:
    """A target in ppm, from a share like 0.999 or a percentage like 99.9%."""
    number, digits = (text[:-1].strip(), 4) if text.endswith("%") else (text.strip(), 6)
    ppm = _ppm(number, digits)
    if ppm is None or not 0 < ppm < PPM:
        raise InvalidInput(
            f"{option} {text[:80]!r}: expected a share between 0 and 1 like 0.999, or a percentage like 99.9%, in whole parts per million"
        )
    return ppm


def schedule(option: str, text: str, target_ppm: int | None) -> Schedule:
    """A formula, or bands that begin at the objective where one is given; raises `InvalidInput` with all that is wrong."""
    bands = _of_line(option, text) if ":" in text and not Path(text).exists() else _of_file(option, Path(text))
    if not isinstance(bands, tuple):
        return bands
    problems = band_problems(bands, target_ppm or (bands[0].below_ppm if bands else 0))
    problems += [f"{len(bands)} bands, expected {MOST_BANDS} at most"] if len(bands) > MOST_BANDS else []
    if problems:
        violations = [Violation(code="agreement.bands", where=f"{option} {text[:80]}", problem=one) for one in problems]
        raise InvalidInput("the schedule cannot be asked for", violations)
    return bands


def _of_line(option: str, text: str) -> tuple[CreditBand, ...]:
    bands = []
    for part in text.split(","):
        below, _, credit = part.partition(":")
        edges = _ppm(below.strip(), 4), _ppm(credit.strip(), 4)
        if edges[0] is None or edges[1] is None:
            raise InvalidInput(f"{option}: {part[:40]!r} is no band; {_LINE}")
        bands.append(CreditBand(below_ppm=edges[0], credit_ppm=edges[1]))
    return tuple(bands)


def _of_file(option: str, file: Path) -> Schedule:
    try:
        found = read(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{option} {str(file)[:80]!r}: {error.strerror}; {_LINE}") from error
    except (BrokenYaml, UnicodeDecodeError) as error:
        raise InvalidInput(f"{option} {file}: no YAML in UTF-8 ({error}); {_FILE}") from error
    given = [name for name in ("bands", "formula") if isinstance(found, dict) and name in found]
    if given == ["bands"]:
        return spec_credit.bands(_validated(option, file, "bands", list[Band], found))
    if given == ["formula"]:
        spec = _validated(option, file, "formula", FormulaSpec, found)
        if faults := list(spec_credit.formula_faults(f"{file}:/formula", spec)):
            told = [Violation(code=one.code, where=one.path, problem=one.problem, hint=one.hint) for one in faults]
            raise InvalidInput("the schedule cannot be asked for", told)
        return spec_credit.formula(spec)
    problem = "has both `bands` and `formula`" if given else "has no `bands`"
    raise InvalidInput(f"{option} {file}: {problem}; {_FILE}")


def _validated(option: str, file: Path, name: str, kind: type[Part], found: Any) -> Part:
    try:
        return TypeAdapter(kind).validate_python(found[name])
    except ValidationError as error:
        wrong = [
            Violation(
                code=f"agreement.{name}", where=f"{file}:/{name}/{'/'.join(map(str, one['loc']))}", problem=one["msg"]
            )
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInput(f"{option} {file}: {_FILE}", wrong) from None


def _ppm(number: str, digits: int) -> int | None:
    """A decimal number of so many places as a whole number of ppm; None where it is none."""
    try:
        value = Decimal(number)
        return exact_ppm(value, digits) if value.is_finite() and abs(value) <= 100 else None  # noqa: PLR2004  percent
    except InvalidOperation:
        return None
