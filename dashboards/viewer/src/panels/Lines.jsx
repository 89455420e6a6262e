// Lines over time, by Grafana's own component.
import { FieldType, dateTime } from '@grafana/data';
import { TimeSeries, TooltipDisplayMode } from '@grafana/ui';

import { Empty } from './Panel.jsx';

export function Lines({ panel, frames, clock, width, height }) {
  const drawn = frames.filter((frame) => frame.fields.some((field) => field.type === FieldType.number && field.values.some((value) => Number.isFinite(value))));
  if (drawn.length === 0) return <Empty panel={panel} height={height} />;
  // To the next whole millisecond: a last point that lay beyond by a rounding was drawn, and left out of the axis' range.
  const [from, to] = [dateTime(Math.floor((clock.end - clock.range) * 1000)), dateTime(Math.ceil(clock.end * 1000) + 1)];
  return (
    <TimeSeries
      frames={drawn} width={width} height={height} timeRange={{ from, to, raw: { from, to } }} timeZone="utc"
      legend={{ ...panel.options.legend, calcs: [] }} options={{ tooltip: { mode: TooltipDisplayMode.None } }}
    />
  );
}
