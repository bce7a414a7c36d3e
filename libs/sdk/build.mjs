// Builds the package into dist/: ES modules with source maps, and their types. `npm pack` and `npm publish` run it first.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

// Its compiler API, which TypeScript 7 has not got yet.
const typescript = createRequire(import.meta.url)('typescript');

const root = dirname(fileURLToPath(import.meta.url));

/** @param {string} out an absolute folder, emptied first */
export const buildPackage = async (out) => {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  // The folder above says nothing of the kind, so that the sources are read as those of the rest of the repository are.
  writeFileSync(join(out, 'package.json'), '{ "type": "module" }\n');
  await Promise.all([buildModules(out), Promise.resolve().then(() => writeTypes(out))]);
};

const buildModules = async (out) => {
  const common = {
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    target: ['es2022', 'node20'],
    sourcemap: true,
    outdir: out,
    logLevel: 'warning',
  };
  await build({
    ...common,
    entryPoints: { index: 'src/index.ts', millrace: 'src/cli/main.ts' },
    platform: 'node',
    splitting: true,
    chunkNames: 'parts/[name]-[hash]',
  });
  await build({ ...common, entryPoints: { browser: 'src/runs-anywhere.ts' }, platform: 'browser' });
  chmodSync(join(out, 'millrace.js'), 0o755);
};

const writeTypes = (out) => {
  const options = {
    ...typescript.parseJsonConfigFileContent(
      JSON.parse(readFileSync(join(root, '../../tsconfig.base.json'), 'utf8')),
      typescript.sys,
      join(root, '../..'),
    ).options,
    rootDir: join(root, 'src'),
    outDir: out,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    types: ['node'],
  };
  const program = typescript.createProgram([join(root, 'src/index.ts')], options);
  const { diagnostics } = program.emit();
  const problems = [...typescript.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) {
    const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => root, getNewLine: () => '\n' };
    throw new Error(typescript.formatDiagnostics(problems, host));
  }
  for (const file of readdirSync(out, { recursive: true }).filter((name) => name.endsWith('.d.ts'))) {
    const path = join(out, file);
    writeFileSync(path, withExtensions(readFileSync(path, 'utf8')));
  }
};

/** Node's rules for ES modules want a file's whole name; the sources, read as CommonJS, leave the extension out. */
const withExtensions = (text) =>
  typescript
    .preProcessFile(text)
    .importedFiles.toReversed()
    .reduce((done, { fileName, pos }) => {
      if (!fileName.startsWith('.')) return done;
      const end = text.indexOf(fileName, pos) + fileName.length;
      return `${done.slice(0, end)}.js${done.slice(end)}`;
    }, text);

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPackage(join(root, 'dist'));
