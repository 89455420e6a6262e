// Boards without a Grafana server: the same JSON, real answers of a Prometheus, Grafana's own figures, bars and lines.
//
// The server tells where Prometheus is and at what pace the lab runs (/settings.json); the address names the board: /d/UID?var-site=x.
// With `end` in the address the board is drawn once, at that moment; without, now and every minute again. It is no Grafana.
import { GlobalStyles } from '@grafana/ui';
import { ThemeContext } from '@grafana/data';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { filled, live, prometheus } from '../gate/board.mjs';
import { processed } from '../gate/shown.mjs';
import { Board } from './Board.jsx';
import { theme } from './look.mjs';

const json = async (path) => (await fetch(path)).json();
const uid = window.location.pathname.split('/').at(-1) || 'sk-fleet';
const words = new URLSearchParams(window.location.search);
const chosen = Object.fromEntries([...words].filter(([key]) => key.startsWith('var-')).map(([key, value]) => [key.slice(4), value]));

/** Everything a page shows: the board, its panels with processed frames, and when that was. */
async function load(settings) {
  const board = await json(`/boards/${uid}.json`);
  const end = Number(words.get('end')) || Date.now() / 1000;
  const ask = prometheus('/prometheus');
  const range = settings.range_seconds ? { range: settings.range_seconds } : {};
  const panels = await filled(board, { variables: chosen, end, scrape: settings.scrape_seconds, ...range, ask, answer: live(ask) });
  for (const one of panels) {
    if (one.panel.type !== 'row') one.frames = await processed(one.panel, one.frames, one.values);
  }
  return { board, panels, end, settings };
}

function Page({ settings }) {
  const [page, show] = useState({});
  useEffect(() => {
    const draw = () => load(settings).then(show, (error) => show({ error }));
    draw();
    const timer = words.has('end') ? undefined : setInterval(draw, 60_000);
    return () => clearInterval(timer);
  }, [settings]);
  if (page.error) return <pre style={{ color: theme.colors.error.text }}>{`${page.error.stack}`}</pre>;
  if (!page.board) return null;
  return <Board {...page} />;
}

// Grafana measures words before it draws them: the font must be there.
const fonts = [400, 500].map((weight) => document.fonts.load(`${weight} 14px Inter`));

Promise.all([json('/settings.json'), ...fonts]).then(([settings]) => {
  createRoot(document.getElementById('boards')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Page settings={settings} />
    </ThemeContext.Provider>,
  );
});
