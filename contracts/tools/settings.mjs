// The compiler and how it finds sources: one place for the forge shim and for the committed artefact.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

export const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const EVM_VERSION = 'shanghai'; // Besu's BFT networks run Shanghai; OpenZeppelin above 5.4.0 needs Cancun
export const OPTIMIZER = { enabled: true, runs: 100 }; // of the books alone; 200 would deploy in no block of 4.7 million gas
export const REMAPPING = '@openzeppelin/contracts/=node_modules/@openzeppelin/contracts/';

export function loadCompiler() {
  return require('solc');
}

/** solc's import callback: a source is read from below contracts/, never from elsewhere and never from the network. */
export function readSource(name) {
  const file = path.resolve(ROOT, name);
  if (!file.startsWith(ROOT + path.sep)) return { error: `${name}: outside contracts/` };
  try {
    return { contents: fs.readFileSync(file, 'utf8') };
  } catch (error) {
    return { error: `${name}: ${error.code}` };
  }
}
