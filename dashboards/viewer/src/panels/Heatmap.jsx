// Buckets over time, darker where there is more.
import { FieldType } from '@grafana/data';

import { theme } from '../look.mjs';
import { Empty } from './Panel.jsx';

const NAMES = 56;
const FROM = [255, 245, 235];
const TO = [217, 72, 1];

export function Heatmap({ panel, frames, width, height }) {
  const frame = frames[0];
  const buckets = (frame?.fields ?? []).filter((field) => field.type === FieldType.number);
  const most = Math.max(0, ...buckets.flatMap((field) => field.values.filter((value) => Number.isFinite(value))));
  if (most === 0) return <Empty panel={panel} height={height} />;
  const [cell, line] = [(width - NAMES) / frame.length, height / buckets.length];
  return (
    <svg width={width} height={height} fontSize={11} fill={theme.colors.text.secondary}>
      {buckets.map((field, number) => {
        const y = height - (number + 1) * line;
        return (
          <g key={number}>
            <text x={NAMES - 6} y={y + line / 2 + 4} textAnchor="end">{field.name}</text>
            {field.values.map((value, place) => value > 0 && (
              <rect key={place} x={NAMES + place * cell} y={y + 0.5} width={Math.max(0.5, cell)} height={line - 1} fill={colour(Math.sqrt(value / most))} />
            ))}
          </g>
        );
      })}
    </svg>
  );
}

const colour = (share) => `rgb(${FROM.map((low, place) => Math.round(low + (TO[place] - low) * share)).join(',')})`;
