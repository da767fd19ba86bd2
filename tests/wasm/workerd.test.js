// An authorization server inside workerd, with a Durable Object as its store: the clients of tests/interop go through all that
// they try at the reference host.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';

const here = import.meta.dirname;
const source = join(here, '../../bindings-wasm');

async function start() {
  // The module stays one: workers may not compile at run time, so it is imported.
  const external = { name: 'wasm', setup: ({ onResolve }) => onResolve({ filter: /\.wasm$/ }, () => ({ path: './symbolon.wasm', external: true })) };
  const { outputFiles } = await build({
    entryPoints: [join(here, 'worker.js')], bundle: true, format: 'esm', write: false, conditions: ['workerd'], plugins: [external],
  });
  const worker = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    cf: false,
    compatibilityDate: '2026-01-01',
    modulesRoot: here,
    modules: [
      { type: 'ESModule', path: join(here, 'worker.mjs'), contents: outputFiles[0].text },
      { type: 'CompiledWasm', path: join(here, 'symbolon.wasm'), contents: await readFile(join(source, 'wasm/symbolon.wasm')) },
    ],
    durableObjects: { STORE: 'Store' },
  });
  const issuer = (await worker.ready).origin;
  return { issuer, resource: `${issuer}/resource`, stop: () => worker.dispose() };
}

const { atServer } = await import('../interop/server.js');
const { openidClient, oauth4webapi } = await import('../interop/clients.js');
atServer(start, { openidClient, oauth4webapi });
