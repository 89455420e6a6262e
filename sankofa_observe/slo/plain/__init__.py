"""Plain slots, in columns: those around which nothing unusual was seen, which are nearly all.

Around a plain slot every source was scraped in its rhythm, each of its series stands at every scrape and never falls, and
nothing is ambiguous. Then every event is known and its slot certain, and the figures are sums of differences. Every other slot is
left to `counter` and `gauge`, which are the specification of both: a property test holds the columns to them, proof included.
"""

from sankofa_observe.slo.plain.composite import composed
from sankofa_observe.slo.plain.events import plain_events
from sankofa_observe.slo.plain.gauges import Shown, plain_gauges, shown_states
from sankofa_observe.slo.plain.levels import shown_levels
from sankofa_observe.slo.plain.outage import outages
from sankofa_observe.slo.plain.slots import STATES, Counted, PlainSlots

__all__ = [
    "STATES",
    "Counted",
    "PlainSlots",
    "Shown",
    "composed",
    "outages",
    "plain_events",
    "plain_gauges",
    "shown_levels",
    "shown_states",
]
