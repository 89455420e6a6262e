// States over time, a row a thing. As in Grafana, a gap is blank unless a mapping of null alone has a word for it.
import { FieldType, SpecialValueMatch, MappingType, formattedValueToString, getFieldDisplayName } from '@grafana/data';

import { spans } from '../../gate/shown.mjs';
import { theme } from '../look.mjs';
import { Empty } from './Panel.jsx';

const AXIS = 18;
const TICKS = 5;
const CHAR = 7;

const saysNull = (field) => field.config.mappings?.some((one) => one.type === MappingType.SpecialToText && one.options.match === SpecialValueMatch.Null);

export function Rows({ panel, frames, clock, width, height }) {
  const fields = frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === FieldType.time);
    return frame.fields.filter((field) => field !== time).map((field) => ({ field, times: time?.values ?? [], name: getFieldDisplayName(field, frame, frames) }));
  });
  if (fields.every(({ field }) => field.values.length === 0)) return <Empty panel={panel} height={height} />;
  const shown = fields.slice(0, panel.options.perPage ?? 20);
  const names = Math.min(width / 3, 12 + CHAR * Math.max(...shown.map(({ name }) => name.length)));
  const line = (height - AXIS) / shown.length;
  return (
    <div style={{ fontSize: 12 }}>
      {shown.map((one, number) => (
        <Row key={number} {...one} clock={clock} names={names} width={width - names} line={Math.min(line, 40)} panel={panel} />
      ))}
      <Axis clock={clock} left={names} />
    </div>
  );
}

function Row({ field, times, name, clock, names, width, line, panel }) {
  const start = (clock.end - clock.range) * 1000;
  const x = (time) => ((time - start) / (clock.range * 1000)) * width;
  const drawn = spans(times, field).filter(({ value }) => (value !== null && value !== undefined) || saysNull(field));
  const thick = line * (panel.options.rowHeight ?? 0.9);
  return (
    <div style={{ position: 'relative', height: line }}>
      <span style={{ position: 'absolute', width: names - 8, lineHeight: `${line}px`, textAlign: 'right', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}>{name}</span>
      {drawn.map(({ value, from, to }, number) => {
        const display = field.display(value);
        const text = formattedValueToString(display);
        const wide = Math.max(1, x(to) - x(from));
        const worded = panel.options.showValue !== 'never' && wide > CHAR * text.length + 6 && thick >= 12;
        return (
          <span key={number} style={{ position: 'absolute', left: names + x(from), top: (line - thick) / 2, width: wide, height: thick, lineHeight: `${thick}px`, background: display.color, opacity: 0.9, color: theme.colors.getContrastText(display.color ?? '#000'), paddingLeft: 4, textAlign: panel.options.alignValue ?? 'center', overflow: 'hidden' }}>
            {worded ? text : ''}
          </span>
        );
      })}
    </div>
  );
}

function Axis({ clock, left }) {
  const times = Array.from({ length: TICKS }, (_, number) => clock.end - clock.range + (clock.range * (number + 0.5)) / TICKS);
  return (
    <div style={{ display: 'flex', marginLeft: left, height: AXIS, color: theme.colors.text.secondary }}>
      {times.map((time) => (
        <span key={time} style={{ flex: 1, textAlign: 'center' }}>{new Date(time * 1000).toISOString().slice(11, 19)}</span>
      ))}
    </div>
  );
}
