"""The table of gas and sizes in contracts/README.md, from the snapshots of forge and the artefacts of the compiler.

`python -m tests.contracts.figures` writes it anew; a test fails where it is stale. The first cut's figures are those that its own
snapshot held when it was replaced.
"""

from __future__ import annotations

import json
from pathlib import Path

from deploy.parts import CHECKOUT

README = CHECKOUT / "contracts" / "README.md"
SNAPSHOTS = CHECKOUT / "contracts" / "snapshots"
ABI_FOLDER = CHECKOUT / "sankofa_observe" / "adapters" / "abi"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
BATCHES = (1, 10, 100, 200)
FIRST_CUT_BYTES = 22_608
FIRST_CUT_GAS = {  # by rows: submitted, finalised; every agreement has had a credit before; one cap, three attestors of five
    1: (168_094, 49_213),
    100: (12_030_859, 2_526_445),
}


def snapshot(name: str) -> dict[str, int]:
    loaded = json.loads((SNAPSHOTS / f"{name}.json").read_text())
    return {call: int(gas) for call, gas in loaded.items()}


def runtime_bytes(name: str) -> int:
    return int(json.loads((ABI_FOLDER / f"{name}.json").read_text())["runtimeBytes"])


def table() -> str:
    """Everything between the marks: batches beside the first cut's, then each other call, then sizes."""
    return "\n".join([*batches(), "", *singles(), "", *sizes()])


def batches() -> list[str]:
    gas = snapshot("SettlementBook")
    lines = [
        "| a batch, 3 SLOs and both caps | reported | final | gas a row | the first cut's, a row |",
        "|---|---|---|---|---|",
    ]
    for rows in BATCHES:
        reported, final = (
            gas[f"{call}, {rows} rows, 3 SLOs, both caps"] for call in ("submitReports", "finalizeSettlements")
        )
        old = f"{sum(FIRST_CUT_GAS[rows]) // rows:,}" if rows in FIRST_CUT_GAS else "not kept"
        lines.append(f"| {rows} | {reported:,} | {final:,} | {(reported + final) // rows:,} | {old} |")
    return lines


def singles() -> list[str]:
    calls = {**snapshot("AgreementBook"), **snapshot("SettlementBook")}
    lines = ["| any other call | gas |", "|---|---|"]
    for call, gas in sorted(calls.items()):
        a_batch = any(f", {rows} rows," in call for rows in BATCHES)
        if not a_batch or ("100 rows" in call and "both caps" not in call) or "100 rows, 8 SLOs" in call:
            lines.append(f"| {call} | {gas:,} |")
    return lines


def sizes() -> list[str]:
    lines = ["| contract | bytes of runtime |", "|---|---|"]
    lines += [f"| {name} | {runtime_bytes(name):,} |" for name in ("AgreementBook", "SettlementBook")]
    return [*lines, f"| the first cut, one contract | {FIRST_CUT_BYTES:,} |"]


def with_table(page: str) -> str:
    """The page with the table of today between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def write(page: Path = README) -> None:
    page.write_text(with_table(page.read_text()))


if __name__ == "__main__":
    write()
