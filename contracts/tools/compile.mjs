// Writes the artefacts that the Python package ships, one a contract: ABI, what each error
// means, bytecode, compiler and the hash of each source.
//
//   node tools/compile.mjs           compile and write
//   node tools/compile.mjs --check   compile and compare; exit 1 when a committed file is stale
//
// Same sources, same compiler, same bytes: inputs are sorted and no path, date or metadata hash enters the bytecode.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { EVM_VERSION, loadCompiler, OPTIMIZER, readSource, REMAPPING, ROOT } from './settings.mjs';

const CONTRACTS = ['AgreementBook', 'SettlementBook'];
const ABI_FOLDER = path.join(ROOT, '..', 'sankofa_observe', 'adapters', 'abi');
const RUNTIME_LIMIT = 22_000; // EIP-170 has 24,576: what a mend needs is left free
const OPENZEPPELIN = '@openzeppelin/contracts';

function sourceFiles(folder) {
  return fs
    .readdirSync(path.join(ROOT, folder), { recursive: true })
    .filter((name) => name.endsWith('.sol'))
    .map((name) => `${folder}/${name.split(path.sep).join('/')}`)
    .sort();
}

function standardInput(files) {
  return {
    language: 'Solidity',
    sources: Object.fromEntries(files.map((file) => [file, { content: readSource(file).contents }])),
    settings: {
      remappings: [REMAPPING],
      evmVersion: EVM_VERSION,
      optimizer: OPTIMIZER,
      metadata: { bytecodeHash: 'none' },
      outputSelection: Object.fromEntries(
        CONTRACTS.map((name) => [source(name), { [name]: ['abi', 'userdoc', 'evm.bytecode.object', 'evm.deployedBytecode.object'] }]),
      ),
    },
  };
}

function source(name) {
  return `src/${name}.sol`;
}

/** A warning is a defect in our sources; in OpenZeppelin's only an error is. */
function isOurs(message) {
  return message.severity === 'error' || !message.sourceLocation?.file.startsWith('node_modules/');
}

function compile(solc, files) {
  const output = JSON.parse(solc.compile(JSON.stringify(standardInput(files)), { import: readSource }));
  const messages = (output.errors ?? []).filter(isOurs).map((entry) => entry.formattedMessage);
  if (messages.length > 0) throw new Error(`solc is not silent:\n${messages.join('\n')}`);
  return Object.fromEntries(CONTRACTS.map((name) => [name, output.contracts[source(name)][name]]));
}

function fileHash(file) {
  return createHash('sha256').update(fs.readFileSync(path.join(ROOT, file))).digest('hex');
}

function artefacts() {
  const solc = loadCompiler();
  const files = sourceFiles('src');
  const openzeppelin = JSON.parse(readSource(`node_modules/${OPENZEPPELIN}/package.json`).contents).version;
  const sources = {
    ...Object.fromEntries(files.map((file) => [`contracts/${file}`, fileHash(file)])),
    [OPENZEPPELIN]: openzeppelin,
  };
  const compiler = { version: solc.version(), evmVersion: EVM_VERSION, optimizer: OPTIMIZER };
  return Object.entries(compile(solc, files)).map(([name, { abi, userdoc, evm }]) => {
    const runtimeBytes = evm.deployedBytecode.object.length / 2;
    if (runtimeBytes > RUNTIME_LIMIT) {
      throw new Error(`${name}: the runtime has ${runtimeBytes} bytes, expected ${RUNTIME_LIMIT} at most`);
    }
    const errors = Object.fromEntries(
      Object.entries(userdoc.errors ?? {}).map(([signature, [{ notice }]]) => [signature, notice]),
    );
    return [name, { abi, errors, bytecode: `0x${evm.bytecode.object}`, runtimeBytes, compiler, sources }];
  });
}

function committed(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
}

function main(checking) {
  for (const [name, artefact] of artefacts()) {
    const file = path.join(ABI_FOLDER, `${name}.json`);
    const fresh = `${JSON.stringify(artefact, null, 2)}\n`;
    const shown = path.relative(path.join(ROOT, '..'), file);
    if (!checking) {
      fs.mkdirSync(ABI_FOLDER, { recursive: true });
      fs.writeFileSync(file, fresh);
      console.log(`${shown}: written`);
    } else if (committed(file) === fresh) {
      console.log(`${shown}: up to date`);
    } else {
      console.error(`${shown}: stale, it differs from a fresh compile; run: npm --prefix contracts run compile`);
      process.exitCode = 1;
    }
  }
}

try {
  main(process.argv.includes('--check'));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
