"""Pictures of what was counted and what it costs: for a terminal, and as SVG that stands by itself.

Values in, text out: nothing here reads a table, judges or prices, and every figure beside a picture comes from slots, never from pixels.
"""
