// One panel: its frame and title, and what draws its kind. A kind that nobody draws says so.
import { GAP } from '../grid.mjs';
import { theme } from '../look.mjs';
import { Bars, Figures } from './Figures.jsx';
import { Heatmap } from './Heatmap.jsx';
import { Lines } from './Lines.jsx';
import { Rows } from './Rows.jsx';
import { Table } from './Table.jsx';
import { Words } from './Words.jsx';

const TITLE = 30;
const DRAWN = {
  stat: Figures, gauge: Figures, bargauge: Bars, timeseries: Lines, table: Table, 'state-timeline': Rows, 'status-history': Rows,
  heatmap: Heatmap, text: Words,
};

export function Panel(props) {
  const { panel, title, size } = props;
  if (panel.type === 'row') return <div style={{ fontSize: 16, fontWeight: 500, padding: '4px 6px' }}>⌄ {title}</div>;
  const Kind = DRAWN[panel.type] ?? (() => <Empty text={`nobody here draws a ${panel.type}`} />);
  const top = title ? TITLE : GAP;
  const inner = { width: size.width - 2 * GAP - 2, height: size.height - top - GAP - 2 };
  return (
    <div style={{ boxSizing: 'border-box', height: '100%', background: theme.colors.background.primary, border: `1px solid ${theme.colors.border.weak}`, borderRadius: 2 }}>
      {title && (
        <div style={{ height: TITLE, lineHeight: `${TITLE}px`, padding: `0 ${GAP}px`, fontSize: 14, fontWeight: 500, whiteSpace: 'nowrap', overflow: 'hidden', textOverflow: 'ellipsis' }}>
          {title}
        </div>
      )}
      <div style={{ margin: `${title ? 0 : GAP}px ${GAP}px ${GAP}px`, ...inner, position: 'relative', overflow: 'hidden' }}>
        <Kind {...props} {...inner} />
      </div>
    </div>
  );
}

/** What Grafana says of a panel without data. */
export function Empty({ text, panel, height }) {
  return (
    <div style={{ display: 'grid', placeItems: 'center', height: height ?? '100%', color: theme.colors.text.secondary, fontSize: 16 }}>
      {text ?? panel.fieldConfig.defaults.noValue ?? 'No data'}
    </div>
  );
}
