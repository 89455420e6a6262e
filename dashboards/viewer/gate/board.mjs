// A board on a Prometheus, or on answers that were recorded: which panels are drawn, what they ask, and what came.
import { frames, lookBack, questions } from './prometheus.mjs';
import { drawn, fill, valuesOf } from './variables.mjs';

/** Asks `address`, an API of Prometheus; counts the bytes of all answers. */
export function prometheus(address, count = () => {}) {
  return async (path, parameters) => {
    const url = `${address}/api/v1/${path}?${new URLSearchParams(Object.entries(parameters))}`;
    const answer = await fetch(url);
    const text = await answer.text();
    count(new TextEncoder().encode(text).length);
    const document = JSON.parse(text);
    if (document.status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${document.error}`);
    return document.data;
  };
}

/** Every panel of a board with its frames: `{panel, title, values, asked, frames}`. `answer` gives the result of one question. */
export async function filled(board, { variables = {}, end, range = lookBack(board), scrape = 15, ask, answer }) {
  const values = await valuesOf(board, variables, ask);
  const clock = { end, range, scrape };
  const found = [];
  for (const { panel, scope } of drawn(board, values)) {
    const here = { ...values, ...scope };
    const title = fill(panel.title ?? '', here);
    const asked = panel.type === 'row' ? [] : questions(panel, here, clock);
    const answers = await Promise.all(asked.map(async (one) => [one.target.refId, await answer(one, panel)]));
    found.push({ panel, title, values: here, asked, frames: frames(asked, Object.fromEntries(answers)), clock });
  }
  return found;
}

/** Asks a real Prometheus. */
export const live = (ask) => async ({ path, parameters }) => (await ask(path, parameters)).result;
