// Grafana's library of data frames, of the viewer's own packages: takes the place of `gate/grafana.mjs` in the bundle.
import * as data from '@grafana/data';

export { data };
