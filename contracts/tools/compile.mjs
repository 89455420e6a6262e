// Writes the artefact that the Python package ships: ABI, bytecode, compiler and the hash of each source.
//
//   node tools/compile.mjs           compile and write
//   node tools/compile.mjs --check   compile and compare; exit 1 when the committed file is stale
//
// Same sources, same compiler, same bytes: inputs are sorted and no path, date or metadata hash enters the bytecode.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { EVM_VERSION, loadCompiler, OPTIMIZER, readSource, REMAPPING, ROOT } from './settings.mjs';

const CONTRACT = { source: 'src/SlaSettlement.sol', name: 'SlaSettlement' };
const ARTEFACT = path.join(ROOT, '..', 'sankofa_observe', 'adapters', 'abi', 'SlaSettlement.json');
const RUNTIME_LIMIT = 24_576; // EIP-170
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
      outputSelection: { '*': { [CONTRACT.name]: ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  };
}

/** A warning is a defect in our sources; in OpenZeppelin's only an error is. */
function isOurs(message) {
  return message.severity === 'error' || !message.sourceLocation?.file.startsWith('node_modules/');
}

function compile(solc, files) {
  const output = JSON.parse(solc.compile(JSON.stringify(standardInput(files)), { import: readSource }));
  const messages = (output.errors ?? []).filter(isOurs).map((entry) => entry.formattedMessage);
  if (messages.length > 0) throw new Error(`solc is not silent:\n${messages.join('\n')}`);
  return output.contracts[CONTRACT.source][CONTRACT.name];
}

function fileHash(file) {
  return createHash('sha256').update(fs.readFileSync(path.join(ROOT, file))).digest('hex');
}

function artefact() {
  const solc = loadCompiler();
  const files = sourceFiles('src');
  const { abi, evm } = compile(solc, files);
  const runtimeBytes = evm.deployedBytecode.object.length / 2;
  if (runtimeBytes > RUNTIME_LIMIT) throw new Error(`runtime is ${runtimeBytes} bytes, the limit is ${RUNTIME_LIMIT}`);
  const openzeppelin = JSON.parse(readSource(`node_modules/${OPENZEPPELIN}/package.json`).contents).version;
  return {
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    compiler: { version: solc.version(), evmVersion: EVM_VERSION, optimizer: OPTIMIZER },
    sources: {
      ...Object.fromEntries(files.map((file) => [`contracts/${file}`, fileHash(file)])),
      [OPENZEPPELIN]: openzeppelin,
    },
  };
}

function committed() {
  return fs.existsSync(ARTEFACT) ? fs.readFileSync(ARTEFACT, 'utf8') : '';
}

function main(checking) {
  const fresh = `${JSON.stringify(artefact(), null, 2)}\n`;
  const shown = path.relative(path.join(ROOT, '..'), ARTEFACT);
  if (!checking) {
    fs.mkdirSync(path.dirname(ARTEFACT), { recursive: true });
    fs.writeFileSync(ARTEFACT, fresh);
    console.log(`${shown}: written`);
  } else if (committed() === fresh) {
    console.log(`${shown}: up to date`);
  } else {
    console.error(`${shown}: stale, it differs from a fresh compile; run: npm --prefix contracts run compile`);
    process.exitCode = 1;
  }
}

try {
  main(process.argv.includes('--check'));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
