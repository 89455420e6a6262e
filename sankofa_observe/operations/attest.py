"""An attestor's process: turn after turn, each said in a line where it is news, and measured."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from sankofa_observe import telemetry
from sankofa_observe.errors import ENDS, InvariantBroken, SankofaError, kind_of, unforeseen
from sankofa_observe.operations.process import Ending
from sankofa_observe.operations.registry import ProcessMetrics
from sankofa_observe.pipeline.attesting import Attested, Attesting
from sankofa_observe.ports import Word

log = logging.getLogger(__name__)
PART, WAITING = "attest", "waiting"
LOOK_SECONDS = 0.2


class AttestMetrics:
    """What stands after a turn."""

    def __init__(self, process: ProcessMetrics) -> None:
        self._process = process
        self._documents = process.gauge(telemetry.ATTEST_DOCUMENTS)
        self._waits = process.gauge(telemetry.ATTEST_WAITING_SECONDS)
        self._faults = process.gauge(telemetry.ATTEST_FAULTS)
        self._recounts = process.totals(telemetry.ATTEST_RECOUNTS)
        self._signed = process.counter(telemetry.ATTEST_SIGNED)
        self._turn = process.gauge(telemetry.ATTEST_TURN)
        process.expect_errors_of(PART)

    def turned(self, found: Attested, recounts: int, now: int) -> None:
        for word in Word:
            self._documents.labels(word.value).set(found.count(word))
        self._documents.labels(WAITING).set(found.waiting)
        self._waits.set(found.waits_seconds(now))
        self._faults.set(len(found.faults))
        self._recounts.show({(): recounts})
        self._signed.inc(len(found.signed))
        self._turn.set(now)

    def failed(self, error: BaseException) -> None:
        self._process.error(PART, kind_of(error))


@dataclass(kw_only=True)
class AttestTurns:
    """Turns until the process ends; one that fails is tried again, and ends nothing."""

    attesting: Attesting
    metrics: AttestMetrics
    ending: Ending
    every_seconds: float
    _said: str = ""
    _failures: int = field(default=0)

    def run(self) -> None:
        while not self.ending.has_begun:
            began = time.monotonic()
            self.turn()
            while not self.ending.has_begun and time.monotonic() - began < self.every_seconds:
                time.sleep(LOOK_SECONDS)

    def turn(self) -> bool:
        """Whether it was taken to its end."""
        began = time.perf_counter()
        try:
            found = self.attesting.turn()
        except ENDS:
            raise
        except BaseException as error:  # noqa: BLE001  an attestor that dies of one turn attests nothing more
            self.metrics.failed(error)
            self._log_failure(error)
            return False
        self.metrics.turned(found, self.attesting.answering.recounts, self.attesting.clock.now())
        did, fields = str(found), dict[str, object]()
        if self._failures:
            fields["failures_before"] = self._failures
        if did and did != self._said:
            fields["did"] = did
        if fields or found.signed:
            log.info("turn done", extra={"seconds": f"{time.perf_counter() - began:.3f}", **fields})
        self._said, self._failures = did, 0
        return True

    def _log_failure(self, error: BaseException) -> None:
        """Once: one that goes on failing in the same way is silent above debug until it says something else."""
        text = str(error) if isinstance(error, SankofaError) else unforeseen(error)
        same = self._failures and text == self._said
        level = logging.CRITICAL if isinstance(error, InvariantBroken) else logging.WARNING
        log.log(logging.DEBUG if same else level, "turn failed", extra={"error": text})
        self._said, self._failures = text, self._failures + 1
