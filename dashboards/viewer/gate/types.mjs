// Boards held against Grafana's own types: `node types.mjs BOARD.json...` prints a JSON list of faults, each with board, path and message.
//
// Each board becomes a literal of TypeScript, so that a key Grafana does not know is refused as well as a value it would not take. Enums
// are widened to their words, and what a panel leaves out has Grafana's default. One program for all boards: reading the types is what takes
// the time. Never judges a query or an option of a transformation: @grafana/schema has no type for those.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ts = createRequire(import.meta.url)('typescript');
const HERE = dirname(fileURLToPath(import.meta.url));
const SCHEMA = '@grafana/schema/dist/types/raw';
const KIND = (type) => `${SCHEMA}/composable/${type.replaceAll('-', '')}/panelcfg/x/types.gen`;
const BOARDS_FILE = join(HERE, 'boards.ts'); // lies in memory only
const PRELUDE = `
import type { AnnotationQuery, Dashboard, Panel } from '${SCHEMA}/dashboard/x/types.gen';
type Words<T> = unknown extends T ? T
  : T extends string ? \`\${T}\`
  : T extends number | boolean | null | undefined ? T
  : T extends (infer E)[] ? Words<E>[]
  : { [K in keyof T]: Words<T[K]> };
type Nothing = Record<string, never>;
type Defaults<Custom> = Omit<NonNullable<NonNullable<Panel['fieldConfig']>['defaults']>, 'custom'> & { custom?: Partial<Custom> };
type Config<Custom> = Omit<NonNullable<Panel['fieldConfig']>, 'defaults'> & { defaults: Defaults<Custom> };
type Drawn<Type, Options, Custom> = Words<Omit<Panel, 'type' | 'options' | 'fieldConfig'> & { options: Partial<Options>; fieldConfig: Config<Custom> }> & { type: Type };
type Changed<Custom> = Words<Omit<Defaults<Custom>, 'decimals'> & { decimals?: number; links?: unknown[]; custom?: Partial<Custom> }>;
type Row = { type: 'row'; title: string; id: number; collapsed: boolean; gridPos: Panel['gridPos']; panels: Nothing[]; repeat?: string };
type Asked = { expr: string; step?: string; titleFormat?: string; textFormat?: string; useValueForTime?: boolean }; // what the data source reads of an annotation: the type has nothing of it
type Board = Words<Omit<Dashboard, 'panels' | 'annotations'> & { annotations?: { list?: (AnnotationQuery & Asked)[] } }>;
`;

/** Whether the plugin's types have an interface of that name: some panels have no fields of their own. */
function has(type, name) {
  const path = join(HERE, 'node_modules', `${KIND(type)}.d.ts`);
  return existsSync(path) && readFileSync(path, 'utf8').includes(`export interface ${name} `);
}

/** The type of a panel, or its name in a type that nothing satisfies, when Grafana's schema does not know it. */
function kind(type) {
  if (type === 'row') return 'Row';
  if (!has(type, 'Options')) return `{ type: 'no panel of @grafana/schema is called ${type}' }`;
  return `Drawn<'${type}', import('${KIND(type)}').Options, ${custom(type)}>`;
}

const custom = (type) => (has(type, 'FieldConfig') ? `import('${KIND(type)}').FieldConfig` : 'Nothing');

/** Panels of a board, those inside collapsed rows as well. */
const panels = (board) => board.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);

const declared = (name, type, value) => `const ${name}: ${type} = ${JSON.stringify(value, null, 1)};\n`;

function literal(board, index) {
  const { panels: _, ...rest } = board;
  const each = panels(board).map((panel, place) => panelLiteral(panel, `board${index}_${place}`));
  return declared(`board${index}`, 'Board', rest) + each.join('');
}

function panelLiteral(panel, name) {
  const open = panel.type === 'row' ? { ...panel, panels: [] } : panel;
  const overrides = has(panel.type, 'Options') ? panel.fieldConfig.overrides : [];
  const changes = overrides.map((one, place) => declared(`${name}_${place}`, `Changed<${custom(panel.type)}>`, changed(one)));
  return declared(name, kind(panel.type), open) + changes.join('');
}

/** What an override sets, as the fields it sets them in: Grafana's own type of an override says nothing of its values. */
function changed({ properties }) {
  const plain = properties.filter(({ id }) => !id.startsWith('custom.'));
  const own = properties.filter(({ id }) => id.startsWith('custom.'));
  const fields = (list) => Object.fromEntries(list.map(({ id, value }) => [id.replace('custom.', ''), value]));
  return own.length ? { ...fields(plain), custom: fields(own) } : fields(plain);
}

/** The way from a declaration to the value that does not fit, as `options.legend` or `panels 3.`. */
function path(source, position) {
  const words = [];
  const walk = (node) => {
    if (ts.isPropertyAssignment(node)) words.push(node.name.text ?? node.name.getText(source));
    if (node.parent && ts.isArrayLiteralExpression(node.parent)) words.push(node.parent.elements.indexOf(node));
    ts.forEachChild(node, (child) => {
      if (child.getStart(source) <= position && position < child.getEnd()) walk(child);
    });
  };
  walk(source);
  return words.join('.');
}

function declaration(source, position) {
  const statement = source.statements.find((one) => one.getStart(source) <= position && position < one.getEnd());
  const name = statement.declarationList.declarations[0].name.text;
  const [board, panel] = name.slice('board'.length).split('_').map(Number);
  return { board, panel };
}

function faults(files) {
  const boards = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
  const text = `${PRELUDE}${boards.map(literal).join('')}export {};\n`;
  const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Node10, target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'] };
  const host = ts.createCompilerHost(options, true);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === BOARDS_FILE || fileExists.call(host, name);
  host.getSourceFile = (name, ...more) =>
    name === BOARDS_FILE ? ts.createSourceFile(name, text, options.target, true) : getSourceFile.call(host, name, ...more);
  const program = ts.createProgram([BOARDS_FILE], options, host);
  const source = program.getSourceFile(BOARDS_FILE);
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return found.map((one) => fault(one, source, files, boards));
}

function fault(diagnostic, source, files, boards) {
  const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ');
  if (diagnostic.start < PRELUDE.length) return { board: '', panel: '', path: '', message: `the gate itself: ${message}` };
  const { board, panel } = declaration(source, diagnostic.start);
  const title = panel === undefined ? '' : (panels(boards[board])[panel].title ?? '');
  return { board: basename(files[board]), panel: title, path: path(source, diagnostic.start), message };
}

process.stdout.write(JSON.stringify(faults(process.argv.slice(2)), null, 1));
