// A table of a frame: Grafana's words, colours and links in cells of our own.
import { FieldType, formattedValueToString, getFieldDisplayName } from '@grafana/data';

import { theme } from '../look.mjs';
import { Empty } from './Panel.jsx';

const LINE = 36; // of cells that Grafana calls small
const NOTE = 20;

export function Table({ panel, frames, height }) {
  const frame = frames[0];
  const columns = (frame?.fields ?? []).filter((field) => !field.config.custom?.hideFrom?.viz && !field.config.custom?.hidden);
  if (columns.length === 0) return <Empty panel={panel} height={height} />;
  const room = Math.floor((height - LINE) / LINE);
  const rows = frame.length <= room ? frame.length : Math.max(1, Math.floor((height - LINE - NOTE) / LINE));
  return (
    <>
      <table style={{ borderCollapse: 'collapse', width: '100%', fontSize: 13, tableLayout: 'auto' }}>
        <thead>
          <tr>{columns.map((field, number) => <Title key={number} field={field} frame={frame} />)}</tr>
        </thead>
        <tbody>
          {Array.from({ length: rows }, (_, row) => (
            <tr key={row}>{columns.map((field, number) => <Cell key={number} field={field} row={row} />)}</tr>
          ))}
        </tbody>
      </table>
      {rows < frame.length && <div style={{ lineHeight: `${NOTE}px`, padding: '0 8px', fontSize: 12, color: theme.colors.text.secondary }}>{frame.length - rows} more below: a Grafana scrolls</div>}
      {frame.length === 0 && <Empty panel={panel} height={height - LINE} />}
    </>
  );
}

const aside = (field) => {
  const { align } = field.config.custom ?? {};
  if (align && align !== 'auto') return align;
  return field.type === FieldType.number ? 'right' : 'left';
};

const readable = (ground) => (ground === 'transparent' ? theme.colors.text.secondary : theme.colors.getContrastText(ground ?? '#000'));

function Title({ field, frame }) {
  const hidden = field.config.custom?.hideHeader;
  return (
    <th style={{ textAlign: aside(field), height: LINE - 2, padding: '0 8px', color: theme.colors.primary.text, fontWeight: 500, whiteSpace: 'nowrap', width: field.config.custom?.width }}>
      {hidden ? '' : getFieldDisplayName(field, frame)}
    </th>
  );
}

function Cell({ field, row }) {
  const display = field.display(field.values[row]);
  const { type = 'auto' } = field.config.custom?.cellOptions ?? {};
  const link = field.config.links?.length ? field.getLinks({ valueRowIndex: row })[0] : undefined;
  const text = formattedValueToString(display);
  const look = {
    'color-background': { background: display.color, color: readable(display.color) },
    'color-text': { color: display.color },
  };
  return (
    <td style={{ textAlign: aside(field), height: LINE - 1, padding: '0 8px', borderTop: `1px solid ${theme.colors.border.weak}`, whiteSpace: 'nowrap', overflow: 'hidden', textOverflow: 'ellipsis', maxWidth: field.config.custom?.width ?? 520, ...look[type] }}>
      {type === 'gauge' ? <Gauge field={field} display={display} text={text} /> : link ? <a href={link.href}>{text}</a> : text}
    </td>
  );
}

function Gauge({ field, display, text }) {
  const { min = 0, max = 1 } = field.config;
  const share = Math.max(0, Math.min(1, (display.numeric - min) / (max - min))) || 0;
  return (
    <span style={{ display: 'flex', gap: 8, alignItems: 'center' }}>
      <span style={{ flex: 1, height: 14, minWidth: 60, background: theme.colors.background.secondary }}>
        <span style={{ display: 'block', height: '100%', width: `${share * 100}%`, background: display.color }} />
      </span>
      <span style={{ color: display.color, minWidth: 48, textAlign: 'right' }}>{text}</span>
    </span>
  );
}
