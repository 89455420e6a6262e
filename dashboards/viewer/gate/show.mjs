// What boards show, told on standard output: `node show.mjs < requests.json`, a JSON list in, a JSON list out, in the same order.
//
// A request has `board` (JSON), `variables`, `end` (seconds), perhaps `range` and `scrape`, and one of
//   prometheus   an address; its answers are counted in bytes
//   answers      results of Prometheus by the panel's title and the query's refId, as they were recorded
//   every        one result for every query of every panel: a list of series, [] for an empty answer, null for none; `without` names
//                queries (refIds) that have an empty answer all the same
// An answer has `panels`, each with title, type and `shown` (see shown.mjs), and `bytes`.
import { filled, live, prometheus } from './board.mjs';
import { processed, shown } from './shown.mjs';

async function told(request) {
  let bytes = 0;
  const ask = request.prometheus ? prometheus(request.prometheus, (count) => (bytes += count)) : () => [];
  const answer = request.prometheus ? live(ask) : recorded(request);
  const found = await filled(request.board, { ...request, ask, answer });
  const panels = [];
  for (const { panel, title, values, frames } of found.filter((one) => one.panel.type !== 'row')) {
    const after = await processed(panel, frames, values);
    panels.push({ title, type: panel.type, shown: shown(panel, after, values) });
  }
  return { uid: request.board.uid, bytes, panels };
}

const recorded = (request) => ({ target, parameters }, panel) => {
  if (request.answers) return request.answers[panel.title]?.[target.refId] ?? null;
  if (request.without?.includes(target.refId)) return [];
  const at = request.end;
  return request.every?.map(({ metric, value }) => (target.instant ? { metric, value: [at, value] } : { metric, values: [[parameters.start, value], [at, value]] })) ?? null;
};

let text = '';
for await (const piece of process.stdin) text += piece;
const answers = [];
for (const request of JSON.parse(text)) answers.push(await told(request));
process.stdout.write(JSON.stringify(answers));
