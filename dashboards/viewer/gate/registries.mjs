// What an application registers with Grafana's library before it is used: transformations and the options of fields.
import { data } from './grafana.mjs';

const PROCESSES = {
  displayName: data.displayNameOverrideProcessor,
  links: data.dataLinksOverrideProcessor,
  mappings: data.valueMappingsOverrideProcessor,
  thresholds: data.thresholdsOverrideProcessor,
};
const STANDARD = ['unit', 'min', 'max', 'fieldMinMax', 'decimals', 'displayName', 'noValue', 'thresholds', 'mappings', 'links', 'color', 'filterable'];

const item = (id, path, isCustom) => ({
  id, path, name: id, isCustom, process: PROCESSES[id] ?? data.identityOverrideProcessor, shouldApply: () => true,
});

/** Options that overrides of this board may set: Grafana's standard ones, and those of plugins that an override or a default names. */
export function optionsOf(panel) {
  const { defaults, overrides } = panel.fieldConfig;
  const named = overrides.flatMap((one) => one.properties.map((property) => property.id)).filter((id) => id.startsWith('custom.'));
  const plugin = new Set([...named, ...Object.keys(defaults.custom ?? {}).map((key) => `custom.${key}`)]);
  const items = [...plugin].map((id) => item(id, id.slice('custom.'.length), true));
  return new data.FieldConfigOptionsRegistry(() => [...STANDARD.map((id) => item(id, id, false)), ...items]);
}

// Some stand under two names.
const known = new Map(Object.values(data.standardTransformers).map((one) => [one.id, one]));
data.standardTransformersRegistry.setInit(() =>
  [...known.values()].map((one) => ({ id: one.id, name: one.name, transformation: () => Promise.resolve(one) })),
);

/** Grafana leaves a transformation out that it does not know; here that is an error. */
export function transform(transformations, frames, replace) {
  const strange = transformations.find((one) => !data.standardTransformersRegistry.getIfExists(one.id));
  if (strange) throw new Error(`no transformation of @grafana/data is called ${strange.id}`);
  const wanted = transformations.filter((one) => !one.disabled);
  return new Promise((resolve, reject) => {
    data.transformDataFrame(wanted, frames, { interpolate: replace }).subscribe({ next: resolve, error: reject });
  });
}
