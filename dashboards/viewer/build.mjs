// One bundle of the viewer, for a browser: `node build.mjs FOLDER`. Nothing it writes is committed.
import { build } from 'esbuild';
import { builtinModules } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));

/** What reads boards is shared with the gates; here it runs on the viewer's own copy of Grafana's library. */
const ownGrafana = {
  name: 'own-grafana',
  setup(builder) {
    builder.onResolve({ filter: /\/grafana\.mjs$/ }, () => ({ path: join(HERE, 'src', 'grafana.mjs') }));
  },
};

/** Libraries of Grafana's name Node's modules on ways that no browser goes. */
const noNode = {
  name: 'no-node',
  setup(builder) {
    const modules = new RegExp(`^(node:)?(${builtinModules.join('|')})$`);
    builder.onResolve({ filter: modules }, ({ path }) => ({ path, namespace: 'no-node' }));
    builder.onLoad({ filter: /.*/, namespace: 'no-node' }, () => ({ contents: 'module.exports = {};' }));
  },
};

await build({
  absWorkingDir: HERE,
  entryPoints: ['src/index.jsx'],
  outfile: join(resolve(process.argv[2]), 'viewer.js'),
  bundle: true, minify: true, format: 'iife', target: 'chrome110', jsx: 'automatic', logLevel: 'error',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}', global: 'window' },
  loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl', '.png': 'dataurl', '.svg': 'dataurl' },
  plugins: [ownGrafana, noNode],
});
