// A board: its title, variables and links above, its panels where the grid has them.
import { useEffect } from 'react';

import { COLUMNS, GAP, HEADER, height } from './grid.mjs';
import { fill } from '../gate/variables.mjs';
import { place, theme } from './look.mjs';
import { Panel } from './panels/Panel.jsx';

const NOTICE = 'drawn with Grafana’s libraries by Sankofa’s viewer; not a Grafana';

export function Board({ board, panels, end, settings }) {
  const width = document.documentElement.clientWidth;
  useEffect(() => {
    document.title = board.title;
  });
  return (
    <div style={{ position: 'relative', width, height: height(panels), fontFamily: theme.typography.fontFamily, color: theme.colors.text.primary }}>
      <Header board={board} values={panels[0]?.values ?? {}} end={end} settings={settings} />
      {panels.map((one, number) => (
        <div key={number} style={{ position: 'absolute', ...place({ x: 0, w: COLUMNS, ...one.panel.gridPos }, width) }}>
          <Panel {...one} size={place(one.panel.gridPos, width)} />
        </div>
      ))}
    </div>
  );
}

function Header({ board, values, end, settings }) {
  const visible = (board.templating?.list ?? []).filter((one) => one.hide !== 2 && one.type !== 'datasource');
  return (
    <div style={{ display: 'flex', gap: 18, alignItems: 'center', height: HEADER, padding: `0 ${GAP + 4}px`, fontSize: 14 }}>
      <b style={{ fontSize: 18 }}>{board.title}</b>
      {visible.map((one) => (
        <span key={one.name} style={{ color: theme.colors.text.secondary }}>
          {one.label || one.name} <b style={{ color: theme.colors.text.primary }}>{values[one.name] === one.allValue ? 'All' : [values[one.name]].flat().join(', ')}</b>
        </span>
      ))}
      {(board.links ?? []).filter((one) => one.url).map((one) => (
        <a key={one.title} href={fill(one.url, values)}>{one.title}</a>
      ))}
      <span style={{ marginLeft: 'auto', color: theme.colors.text.secondary }}>
        {new Date(end * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC{settings.caption ? ` · ${settings.caption}` : ''} · {NOTICE}
      </span>
    </div>
  );
}
