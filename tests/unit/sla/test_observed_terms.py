"""Observers as terms of an agreement: they are hashed, read again, and told."""

from __future__ import annotations

from dataclasses import replace

from sankofa_observe.sla.recorded_terms import agreement_of
from sankofa_observe.sla.terms import counting_digest, with_terms
from sankofa_observe.slo.quorum import Quorum
from tests import builders

SALT = "0x" + "5a" * 32
THREE = Quorum(names=("east", "north", "west"), bad=2, good=2)


def test_who_observes_is_a_term_and_outlives_its_file() -> None:
    """Other observers, or other thresholds, are other terms; none by a name leave the hash of before."""
    made = builders.agreement()
    slo = replace(made.promises[0].slo, tier="", digest=counting_digest(made.promises[0].slo))
    plain = with_terms(replace(made, promises=(replace(made.promises[0], slo=slo),)), SALT)
    three = with_terms(replace(plain, observers=THREE), SALT)
    stricter = with_terms(replace(plain, observers=replace(THREE, good=3)), SALT)

    assert len({one.terms_hash for one in (plain, three, stricter)}) == 3
    assert '"observers"' not in plain.terms_document
    for one in (plain, three, stricter):
        assert agreement_of(one.terms_document) == one
