// Theme and places: Grafana's dark theme on the fonts that a plain Debian has.
import { createTheme } from '@grafana/data';

import { COLUMNS, GAP, HEADER, ROW } from './grid.mjs';

export const theme = createTheme({
  colors: { mode: 'dark' },
  typography: { fontFamily: "Inter, 'DejaVu Sans Condensed', Helvetica, Arial, sans-serif" },
});

/** A panel's rectangle in pixels on a page of this width. */
export function place({ x, y, w, h }, width) {
  const column = (width - GAP) / COLUMNS;
  return {
    left: GAP + x * column, top: HEADER + y * (ROW + GAP), width: w * column - GAP, height: h * (ROW + GAP) - GAP,
  };
}
