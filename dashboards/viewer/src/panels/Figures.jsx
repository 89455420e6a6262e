// Figures and bars, by Grafana's own components.
import { VizOrientation, getDisplayValueAlignmentFactors } from '@grafana/data';
import { BarGauge, BigValue, VizRepeater } from '@grafana/ui';

import { displays } from '../../gate/shown.mjs';
import { theme } from '../look.mjs';

function Repeated({ panel, frames, values, width, height, children, ...more }) {
  return (
    <VizRepeater
      source={frames} getValues={() => displays(panel, frames, values)} getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderCounter={0} width={width} height={height} orientation={panel.options.orientation ?? VizOrientation.Auto}
      renderValue={children} {...more}
    />
  );
}

export function Figures(props) {
  const { options } = props.panel;
  return (
    <Repeated {...props} autoGrid>
      {({ value, width, height, count, alignmentFactors }) => (
        <BigValue
          value={value.display} count={count} width={width} height={height} theme={theme} alignmentFactors={alignmentFactors}
          colorMode={options.colorMode} graphMode="none" justifyMode={options.justifyMode} textMode={options.textMode}
          text={options.text} disableWideLayout={options.wideLayout === false}
        />
      )}
    </Repeated>
  );
}

export function Bars(props) {
  const { options } = props.panel;
  return (
    <Repeated {...props} minVizWidth={options.minVizWidth} minVizHeight={options.minVizHeight} maxVizHeight={options.maxVizHeight} itemSpacing={8}>
      {({ value, width, height, orientation, alignmentFactors }) => (
        <BarGauge
          value={value.display} field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)} text={options.text}
          width={width} height={height} orientation={orientation} theme={theme} alignmentFactors={alignmentFactors}
          displayMode={options.displayMode} showUnfilled={options.showUnfilled} valueDisplayMode={options.valueMode}
          namePlacement={options.namePlacement} itemSpacing={8}
        />
      )}
    </Repeated>
  );
}
