// The grid of a board in pixels, as Grafana has it.
export const COLUMNS = 24;
export const ROW = 30;
export const GAP = 8;
export const HEADER = 44;

/** Pixels of a whole board. */
export const height = (panels) => HEADER + Math.max(...panels.map(({ panel }) => panel.gridPos.y + panel.gridPos.h)) * (ROW + GAP);
