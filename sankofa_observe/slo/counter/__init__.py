"""Counting events: the specification. One site, source by source, scrape by scrape, in integers.

An event belongs to the slot of the first scheduled scrape of its source at or after it. From one scrape of a source to the next
stands a parcel: so many good and bad events, so many hidden ones, and the slots they may belong to. `top` is what a step of
the source may have held at most: `burst_factor` times the busiest one near it. The truth lies between the bounds that follow
*if* nothing that was not seen was busier; what cannot be known in principle stands in docs/reference/specs.md.
"""

from sankofa_observe.slo.counter.slots import count_events

__all__ = ["count_events"]
