// What a panel shows: words and colours, by Grafana's own transformations, reductions and display processor.
import { data } from './grafana.mjs';
import { optionsOf, transform } from './registries.mjs';
import { fill } from './variables.mjs';

export const theme = data.createTheme({ colors: { mode: 'dark' } });
const UTC = 'utc';

/** Frames after the panel's transformations, with its field options applied. */
export async function processed(panel, frames, values) {
  const replace = (text, scoped) => fill(links(text, scoped), values);
  const changed = await transform(panel.transformations ?? [], frames, (text) => fill(text, values));
  return data.applyFieldOverrides({
    data: changed, fieldConfig: panel.fieldConfig, fieldConfigRegistry: optionsOf(panel), replaceVariables: replace, theme, timeZone: UTC,
  });
}

/** Grafana's own places in links, of the row that the link stands in. */
function links(text, scoped) {
  const context = scoped?.__dataContext?.value;
  if (!context) return text;
  const row = context.rowIndex ?? 0;
  const field = (name) => context.frame.fields.find((one) => one.name === name || data.getFieldDisplayName(one, context.frame) === name);
  return text
    .replace(/\$\{__data\.fields(?:\.(\w+)|\["([^"]+)"\])(?::\w+)?\}/g, (_, plain, quoted) => encodeURIComponent(field(plain ?? quoted)?.values[row] ?? ''))
    .replace(/\$\{__(?:field|series)\.labels\.(\w+)\}/g, (_, name) => encodeURIComponent(context.field.labels?.[name] ?? ''))
    .replace(/\$\{__value\.(?:raw|text)\}/g, () => encodeURIComponent(context.field.values[row] ?? ''));
}

/**
 * Every word a panel shows with its colour: `{name, text, color}`; in tables with `row`, and `label` where it is no value; over time
 * with `from` and `to`.
 */
export function shown(panel, frames, values) {
  const say = { stat: figures, gauge: figures, bargauge: figures, table, timeseries: lines, 'state-timeline': rows, 'status-history': rows, heatmap, text: words };
  if (!say[panel.type]) throw new Error(`panel ${panel.title}: nobody here can tell what a ${panel.type} shows`);
  return say[panel.type](panel, frames, values);
}

const said = (name, display, more = {}) => ({ name, text: data.formattedValueToString(display), color: display.color ?? '', ...more });
const nothing = (panel) => [{ name: '', text: panel.fieldConfig.defaults.noValue ?? 'No data', color: '' }];
const valueFields = (frames) => frames.flatMap((frame) => frame.fields.filter((one) => one.type !== data.FieldType.time).map((field) => ({ frame, field })));

export function displays(panel, frames, values) {
  return data.getFieldDisplayValues({
    data: frames, fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, theme, timeZone: UTC,
    replaceVariables: (text) => fill(text, values),
  });
}

function figures(panel, frames, values) {
  return displays(panel, frames, values).map(({ display }) => said(display.title ?? '', display));
}

function table(panel, frames) {
  const frame = frames[0];
  if (!frame?.fields.length) return nothing(panel);
  const columns = frame.fields.filter((field) => !field.config.custom?.hideFrom?.viz);
  return columns.flatMap((field) => {
    const name = data.getFieldDisplayName(field, frame, frames);
    if (frame.length === 0) return [{ name, ...nothing(panel)[0], row: -1 }];
    const label = field.type === data.FieldType.string;
    return field.values.map((value, row) => said(name, field.display(value), { row, label }));
  });
}

function lines(panel, frames) {
  const found = valueFields(frames).filter(({ field }) => field.type === data.FieldType.number);
  if (found.every(({ field }) => field.values.length === 0)) return nothing(panel);
  return found.map(({ frame, field }) => {
    const last = field.values.findLast((value) => value !== null && value !== undefined && !Number.isNaN(value)) ?? null;
    const display = field.display(last);
    const color = last === null ? '' : lineColour(field, display);
    return said(data.getFieldDisplayName(field, frame, frames), { ...display, color });
  });
}

/** A line has one colour, that of its last value when thresholds colour it, else the palette's; without a value nothing is drawn. */
function lineColour(field, display) {
  const mode = field.config.color?.mode;
  return mode === 'thresholds' || mode === 'fixed' ? display.color : data.getFieldSeriesColor(field, theme).color;
}

function rows(panel, frames) {
  const found = valueFields(frames);
  if (found.every(({ field }) => field.values.length === 0)) return nothing(panel);
  return found.flatMap(({ frame, field }) => {
    const name = data.getFieldDisplayName(field, frame, frames);
    const times = frame.fields.find((one) => one.type === data.FieldType.time)?.values ?? [];
    return spans(times, field).map(({ from, to, value }) => said(name, field.display(value), { from, to }));
  });
}

/** Equal neighbours as one. */
export function spans(times, field) {
  const found = [];
  field.values.forEach((value, place) => {
    const last = found.at(-1);
    if (last && Object.is(last.value ?? null, value ?? null)) last.to = times[place];
    else found.push({ value, from: times[place], to: times[place] });
    if (found.length > 1 && found.at(-1).from === times[place]) found.at(-2).to = times[place];
  });
  return found;
}

function heatmap(panel, frames) {
  const cells = valueFields(frames).flatMap(({ field }) => field.values).filter((value) => Number.isFinite(value));
  if (cells.length === 0) return nothing(panel);
  return [{ name: '', text: `${cells.reduce((sum, value) => sum + value, 0)} in ${cells.length} cells`, color: '' }];
}

function words(panel, _frames, values) {
  return [{ name: '', text: fill(panel.options.content ?? '', values), color: '' }];
}
