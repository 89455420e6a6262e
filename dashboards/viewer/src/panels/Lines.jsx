// Lines over time, by Grafana's own component.
import { FieldType, dateTime } from '@grafana/data';
import { TimeSeries, TooltipDisplayMode } from '@grafana/ui';

import { Empty } from './Panel.jsx';

export function Lines({ panel, frames, clock, width, height }) {
  const drawn = frames.filter((frame) => frame.fields.some((field) => field.type === FieldType.number && field.values.some((value) => Number.isFinite(value))));
  if (drawn.length === 0) return <Empty panel={panel} height={height} />;
  const [from, to] = [dateTime((clock.end - clock.range) * 1000), dateTime(clock.end * 1000)];
  return (
    <TimeSeries
      frames={drawn} width={width} height={height} timeRange={{ from, to, raw: { from, to } }} timeZone="utc"
      legend={{ ...panel.options.legend, calcs: [] }} options={{ tooltip: { mode: TooltipDisplayMode.None } }}
    />
  );
}
