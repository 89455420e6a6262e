// Grafana's own library of data frames in plain Node, with what Grafana's server would have registered: transformations, and the
// options of fields that overrides may set. Without those registries an override is ignored without a word.
//
// The viewer is bundled from its own copy of the library and replaces this file by `../src/grafana.mjs`.
import { createRequire } from 'node:module';

export const data = createRequire(import.meta.url)('@grafana/data');
// Transformations look at it; the library must be loaded before, or it takes Node for a browser.
globalThis.window ??= globalThis;
