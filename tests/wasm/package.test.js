// What is packed: it works where nothing else is, and its types hold.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

const here = import.meta.dirname;
const source = join(here, '../../bindings-wasm');
const folder = mkdtempSync(join(tmpdir(), 'symbolon-package-'));
after(() => rmSync(folder, { recursive: true }));

const run = (command, args, options) => execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });

describe('the package', () => {
  let files;
  before(() => {
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: source }));
    files = packed.files.map(({ path }) => path);
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    run('npm', ['install', '--no-progress', '--no-package-lock', '--offline', join(folder, packed.filename)]);
  });

  test('has what it needs and nothing else', () => {
    for (const needed of ['wasm/symbolon.wasm', 'wasm/client.wasm', 'wasm/server.wasm', 'wasm/resource.wasm', 'types/symbolon.d.ts', 'LICENSE-MIT', 'LICENSE-APACHE', 'README.md']) {
      assert.ok(files.includes(needed), needed);
    }
    for (const file of files) assert.match(file, /^(js|types|wasm)\/|^(package\.json|README\.md|LICENSE-(MIT|APACHE))$/);
  });

  test('works in an empty folder', () => {
    const program = `
      import { init, drive } from 'symbolon';
      import { init as initClient } from 'symbolon/client';
      import { init as initServer } from 'symbolon/server';
      import { init as initResource } from 'symbolon/resource';
      import { memoryStore } from 'symbolon/hosts/memory';
      import 'symbolon/hosts/fetch';
      import 'symbolon/hosts/indexeddb';
      import 'symbolon/hosts/webcrypto';
      const endpoint = (name) => 'https://as.example/' + name;
      const server = (await init()).server({
        issuer: 'https://as.example',
        authorization_endpoint: endpoint('authorize'),
        token_endpoint: endpoint('token'),
        revocation_endpoint: endpoint('revoke'),
        introspection_endpoint: endpoint('introspect'),
        keys: [{ id: 1, secret: crypto.getRandomValues(new Uint8Array(32)) }],
      });
      const { end } = await drive(server.metadata(), memoryStore());
      const roles = await Promise.all([initClient(), initServer(), initResource()]);
      console.log(end.status, ...roles.map((role) => Object.keys(role).join()));`;
    writeFileSync(join(folder, 'program.mjs'), program);
    assert.equal(run('node', ['program.mjs']), '200 version,client version,server,register version,resource\n');
  });

  test('has types that hold', () => {
    const compiler = join(source, 'node_modules/typescript/bin/tsc');
    assert.equal(run('node', [compiler, '-p', here]), '');
  });

  test('every entry is there', () => {
    const { exports, files: allowed } = JSON.parse(readFileSync(join(source, 'package.json')));
    const paths = (value) => (typeof value === 'string' ? [value] : Object.values(value).flatMap(paths));
    for (const path of paths(exports)) {
      assert.ok(files.includes(path.slice(2)), path);
      assert.ok(allowed.includes(path.split('/')[1]), path);
    }
    for (const condition of ['browser', 'node', 'deno', 'bun', 'workerd', 'edge-light']) assert.ok(condition in exports['.'], condition);
  });
});
