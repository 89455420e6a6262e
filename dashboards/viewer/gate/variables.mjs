// The variables above a board: their values, asked of Prometheus where they are queries, and their places in expressions and titles.
// Repeated panels and rows become the panels that are drawn. One value of a variable is the first of its list, as Grafana opens a board.

const PLACE = /\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]/g;
const LABEL_VALUES = /^\s*label_values\(\s*(?:(.+),\s*)?(\w+)\s*\)\s*$/s;
const ALL = '$__all';

/** A text with its variables filled in; `several` writes the values of one with many. What is not known stays as it is. */
export function fill(text, values, several = (list) => list.join(' + ')) {
  return text.replace(PLACE, (whole, braced, _format, plain, square) => {
    const value = values[braced ?? plain ?? square];
    if (value === undefined) return whole;
    return Array.isArray(value) ? several(value) : value;
  });
}

const escaped = (value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\\\$&');
export const expression = (text, values) =>
  fill(text, values, (list) => (list.length === 1 ? escaped(list[0]) : `(${list.map(escaped).join('|')})`));

/** Values by name: those given, those of the board, and the answers to queries; a later variable may lean on an earlier one. */
export async function valuesOf(board, given, ask) {
  const values = {};
  for (const variable of board.templating?.list ?? []) {
    values[variable.name] = given[variable.name] ?? (await value(variable, values, ask));
  }
  return { ...values, ...given };
}

async function value(variable, values, ask) {
  if (variable.type !== 'query') return variable.current?.value ?? variable.options?.[0]?.value ?? variable.query ?? '';
  if (variable.includeAll && variable.allValue && wantsAll(variable)) return variable.allValue;
  const options = await optionsOf(variable, values, ask);
  if (variable.multi || wantsAll(variable)) return options;
  return options.includes(variable.current?.value) ? variable.current.value : (options[0] ?? '');
}

const wantsAll = (variable) => variable.includeAll && [variable.current?.value ?? ALL].flat().includes(ALL);

async function optionsOf(variable, values, ask) {
  const text = typeof variable.query === 'string' ? variable.query : variable.query.query;
  const match = LABEL_VALUES.exec(text);
  if (!match) throw new Error(`variable ${variable.name}: ${text}: only label_values(selector, label) is read here`);
  const [, selector, label] = match;
  const found = await ask(`label/${label}/values`, selector ? { 'match[]': expression(selector, values) } : {});
  const kept = variable.regex ? found.filter((one) => new RegExp(variable.regex.replace(/^\/|\/$/g, '')).test(one)) : found;
  return kept.sort();
}

/** The panels that are drawn, with the variables of their repetition in `scope`; what a collapsed row hides is left out. */
export function drawn(board, values) {
  const panels = board.panels.map((panel) => ({ panel, scope: {} }));
  return moved(repeatedPanels(repeatedRows(panels, values), values));
}

/** A row that repeats takes the panels below it along, up to the next row. */
function repeatedRows(panels, values) {
  const groups = [];
  for (const one of panels) {
    if (one.panel.type === 'row' || groups.length === 0) groups.push([]);
    groups.at(-1).push(one);
  }
  return groups.flatMap((group) => {
    const name = group[0].panel.type === 'row' && group[0].panel.repeat;
    if (!name) return [group];
    return [values[name] ?? []].flat().map((each) => group.map((one) => ({ ...one, scope: { ...one.scope, [name]: each } })));
  });
}

function repeatedPanels(groups, values) {
  return groups.map((group) =>
    group.flatMap(({ panel, scope }) => {
      if (!panel.repeat || panel.type === 'row') return [{ panel, scope }];
      const each = [values[panel.repeat] ?? []].flat();
      const across = Math.min(panel.maxPerRow ?? 4, each.length);
      return each.map((one, place) => ({
        panel: panel.repeatDirection === 'v' ? panel : placed(panel, place, across),
        scope: { ...scope, [panel.repeat]: one },
      }));
    }),
  );
}

function placed(panel, place, across) {
  const w = Math.floor(24 / across);
  const { y, h } = panel.gridPos;
  return { ...panel, gridPos: { h, w, x: (place % across) * w, y: y + Math.floor(place / across) * h } };
}

/** Each group under the one before it: a repetition, or its absence, moves what follows. */
function moved(groups) {
  let top = 0;
  return groups.flatMap((group) => {
    const first = Math.min(...group.map(({ panel }) => panel.gridPos.y));
    const shift = top - first;
    top = Math.max(...group.map(({ panel }) => panel.gridPos.y + panel.gridPos.h)) + shift;
    return group.map(({ panel, scope }) => ({
      scope, panel: { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + shift } },
    }));
  });
}
