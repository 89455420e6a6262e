// Questions to Prometheus as a board asks them, and answers as the frames that Grafana's panels read.
//
// Written from Prometheus' own API and from what Grafana shows, not from Grafana's data source: names of series, the columns of tables
// and the buckets of heat maps are as a reader of Grafana knows them.
import { data } from './grafana.mjs';
import { expression, fill } from './variables.mjs';

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400];
const POINTS = 600; // a panel's width in pixels, about
const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** Seconds that a board looks back, from its `time.from` such as `now-6h`. */
export function lookBack(board) {
  const match = /^now-(\d+)([smhdw])$/.exec(board.time?.from ?? '');
  if (!match) throw new Error(`board ${board.uid}: time.from ${board.time?.from} is not now-<number><unit>`);
  return Number(match[1]) * UNITS[match[2]];
}

/** What Grafana asks for a panel, a question a query: `clock` has end, range and scrape in seconds. */
export function questions(panel, values, clock) {
  const fewest = Math.max(clock.range / (panel.maxDataPoints ?? POINTS), clock.scrape);
  const step = STEPS.find((one) => one >= fewest) ?? STEPS.at(-1);
  const builtIn = {
    __rate_interval: `${Math.max(4 * clock.scrape, step + clock.scrape)}s`, __interval: `${step}s`,
    __range: `${clock.range}s`, __range_s: `${clock.range}`,
  };
  return (panel.targets ?? []).filter((target) => target.expr && !target.hide).map((target) => {
    const query = expression(target.expr, { ...values, ...builtIn });
    const whole = { query, start: clock.end - clock.range, end: clock.end, step };
    const [path, parameters] = target.instant ? ['query', { query, time: clock.end }] : ['query_range', whole];
    return { target, step, path, parameters };
  });
}

/** The frames of all answers of a panel, in the order of its queries. `answers` are lists of Prometheus' results, by refId; null: no frame. */
export function frames(asked, answers) {
  const tables = asked.filter(({ target }) => target.format === 'table').length;
  return asked.flatMap((question) => {
    const result = answers[question.target.refId];
    if (result === null || result === undefined) return [];
    if (result.length === 0) return [data.toDataFrame({ refId: question.target.refId, fields: [] })];
    if (question.target.format === 'table') return [table(question, result, tables)];
    const series = result.map((one) => line(question, one));
    return question.target.format === 'heatmap' ? buckets(question, series) : series;
  });
}

const samples = (one) => one.values ?? [one.value];
const NUMBERS = { NaN, '+Inf': Infinity, '-Inf': -Infinity };
const number = (text) => (typeof text === 'string' ? (NUMBERS[text] ?? Number(text)) : text);
const time = (step, values) => ({ name: 'Time', type: data.FieldType.time, config: { interval: step * 1000 }, values });

function line({ target, step, parameters }, one) {
  const { times, values } = spaced(samples(one), target.instant ? undefined : parameters);
  const { __name__: name, ...labels } = one.metric;
  const config = { displayNameFromDS: legend(target, one.metric, parameters.query) };
  const field = { name: name ?? 'Value', type: data.FieldType.number, labels, config, values };
  return data.toDataFrame({ refId: target.refId, fields: [time(step, times), field] });
}

/** Prometheus leaves out the steps at which it has no sample; a gap must be seen as one. */
function spaced(found, range) {
  if (!range) return { times: found.map(([at]) => at * 1000), values: found.map(([, value]) => number(value)) };
  const byStep = new Map(found.map(([at, value]) => [Math.round((at - range.start) / range.step), number(value)]));
  const steps = Array.from({ length: Math.floor((range.end - range.start) / range.step + 1e-9) + 1 }, (_, place) => place);
  return { times: steps.map((one) => (range.start + one * range.step) * 1000), values: steps.map((one) => byStep.get(one) ?? null) };
}

function legend(target, labels, query) {
  const { __name__: _, ...others } = labels;
  if (target.legendFormat === '__auto' || !target.legendFormat) return Object.keys(others).length ? undefined : query;
  return target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '');
}

/** A row a sample, a column a label; values of several queries are told apart by the query. */
function table({ target }, result, tables) {
  const rows = result.flatMap((one) => samples(one).map(([at, value]) => ({ at: at * 1000, labels: one.metric, value: number(value) })));
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.labels)))].sort();
  const words = names.map((name) => ({ name, type: data.FieldType.string, config: {}, values: rows.map((row) => row.labels[name] ?? '') }));
  const value = { name: tables > 1 ? `Value #${target.refId}` : 'Value', type: data.FieldType.number, config: {}, values: rows.map((row) => row.value) };
  const when = { name: 'Time', type: data.FieldType.time, config: {}, values: rows.map((row) => row.at) };
  return data.toDataFrame({ refId: target.refId, meta: { preferredVisualisationType: 'table' }, fields: [when, ...words, value] });
}

/** One frame with a field a bucket, each without what the buckets below it have. */
function buckets({ target }, series) {
  const bound = (frame) => number(frame.fields[1].labels.le ?? 'NaN');
  const ordered = series.toSorted((one, other) => bound(one) - bound(other));
  const fields = ordered.map((frame, place) => {
    const below = ordered[place - 1]?.fields[1].values;
    const values = frame.fields[1].values.map((value, at) => (value === null ? null : Math.max(0, value - (below?.[at] ?? 0))));
    return { ...frame.fields[1], name: frame.fields[1].labels.le, config: {}, values };
  });
  return [data.toDataFrame({ refId: target.refId, meta: { type: 'heatmap-rows' }, fields: [ordered[0].fields[0], ...fields] })];
}

export { fill };
