// The entries of the package in the runtimes that they are for. Node, Deno and Bun run the same program; for an edge runtime it is
// bundled, and may not compile.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { EdgeVM } from '@edge-runtime/vm';
import { build } from 'esbuild';

const here = import.meta.dirname;
const source = join(here, '../../bindings-wasm');
const installed = (program) => join(here, 'node_modules/.bin', program);

for (const [runtime, command] of Object.entries({
  Node: [process.execPath, 'runtime.js'],
  Deno: [installed('deno'), 'run', '--no-config', '--node-modules-dir=manual', '--allow-read', 'runtime.js'],
  Bun: [installed('bun'), 'run', 'runtime.js'],
})) {
  test(`a sign-in in ${runtime}`, () => {
    const [program, ...args] = command;
    const said = execFileSync(program, args, { cwd: here, encoding: 'utf8', timeout: 60_000 });
    assert.equal(said, 'symbolon.fs.js claims alice read\n');
  });
}

test('a sign-in in an edge runtime', async () => {
  const taken = [];
  const compiled = {
    name: 'wasm',
    setup({ onLoad }) {
      onLoad({ filter: /\.wasm$/ }, ({ path }) => {
        taken.push(basename(path));
        return { contents: `export default modules['${basename(path)}']` };
      });
    },
  };
  const { outputFiles } = await build({
    stdin: { contents: `import { signIn } from './sign-in.js'; globalThis.said = signIn();`, resolveDir: here },
    bundle: true,
    format: 'iife',
    write: false,
    conditions: ['edge-light'],
    plugins: [compiled],
  });
  assert.deepEqual(taken.sort(), ['client.wasm', 'symbolon.wasm']);
  const modules = Object.fromEntries(
    taken.map((file) => [file, new WebAssembly.Module(readFileSync(join(source, 'wasm', file)))]),
  );
  const vm = new EdgeVM({ codeGeneration: { strings: false, wasm: false }, extend: (context) => Object.assign(context, { modules }) });
  vm.evaluate(outputFiles[0].text);
  assert.equal(await vm.evaluate('said'), 'claims alice read');
  assert.throws(() => vm.evaluate('new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))'), /disallowed/);
});
