// Prints table rows: what a page downloads that uses an entry, WebAssembly and bundled JavaScript together, gzipped. Exits with 1
// if something is above its bound, which is somewhat more than it takes today where the aim is missed.
//
// The module is what the core compiles to: `sizes.mjs` shows what it is made of.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const source = join(import.meta.dirname, '../../bindings-wasm');
const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

console.log('| entry | bytes, gzipped | of wasm | of JavaScript | aim |');
console.log('|---|---|---|---|---|');
for (const { entry, aim, bound } of [
  { entry: 'client', aim: 14, bound: 64 },
  { entry: 'server', bound: 81 },
  { entry: 'resource', bound: 43 },
  { entry: 'symbolon', aim: 32, bound: 124 },
]) {
  const { outputFiles } = await build({
    entryPoints: [join(source, `js/entry/${entry}.fetch.js`)], bundle: true, minify: true, format: 'esm', write: false,
  });
  const [wasm, js] = [gzipped(readFileSync(join(source, `wasm/${entry}.wasm`))), gzipped(outputFiles[0].contents)];
  const total = wasm + js;
  let words = aim ? `at most ${aim * 1024}` : '-';
  if (total > aim * 1024) words += ', missed';
  if (total > bound * 1024) {
    words += `, and above its bound of ${bound * 1024}`;
    process.exitCode = 1;
  }
  console.log(`| ${entry} | ${total} | ${wasm} | ${js} | ${words} |`);
}
