// What is in linear memory, and what is not any more.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { SymbolonError, drive, init } from 'symbolon';
import { approve, browser, parties, registrations, secret, serverConfig, toResource } from './parties.js';

const file = (name) => readFile(new URL(import.meta.resolve(`symbolon/${name}.wasm`)));
const code = (expected) => (error) => error instanceof SymbolonError && error.code === expected;

/** The package, and the instance under it. */
async function opened() {
  const { instantiate } = WebAssembly;
  let exports;
  WebAssembly.instantiate = async (...given) => {
    const instance = await instantiate(...given);
    ({ exports } = instance);
    return instance;
  };
  try {
    return { symbolon: await init(), exports };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

const contains = (memory, text) => Buffer.from(memory.buffer).includes(text);
const request = (query = 'client_id=web') => ({ method: 'GET', query, headers: [['X-Told', 'a header field of this request']] });

describe('memory', () => {
  test('a slot is reused, and holds nothing of the flow before', async () => {
    const { symbolon, exports } = await opened();
    const server = symbolon.server(serverConfig);
    const told = ['the-query-of-this-request', 'the binding of this browser', 'a header field of this request'];
    const start = () => server.authorize(request(`client_id=${told[0]}`), { browser: told[1] });
    const size = () => exports.memory.buffer.byteLength;
    const flow = start();
    const grown = size();
    for (const text of told) assert.ok(contains(exports.memory, text), text);
    flow.row(undefined);
    for (const text of told) assert.ok(!contains(exports.memory, text), text);
    for (let again = 0; again < 100; again += 1) start().cancel();
    for (const text of told) assert.ok(!contains(exports.memory, text), text);
    assert.equal(size(), grown);
  });

  test('a flow that cannot be started leaves nothing', async () => {
    const { symbolon, exports } = await opened();
    const server = symbolon.server(serverConfig);
    const refused = () =>
      assert.throws(() => server.authorize(request('a-query-that-is-gone'), { browser: 'short' }), code('refused'));
    refused();
    const size = exports.memory.buffer.byteLength;
    for (let again = 0; again < 100; again += 1) refused();
    assert.ok(!contains(exports.memory, 'a-query-that-is-gone'));
    assert.equal(exports.memory.buffer.byteLength, size);
    server.dispose();
    assert.ok(!contains(exports.memory, Buffer.alloc(32, 7)));
  });

  test('it grows with the flows that run, and those that ran before go on', async () => {
    const { symbolon, exports } = await opened();
    const server = symbolon.server(serverConfig);
    const before = exports.memory.buffer.byteLength;
    const flows = Array.from({ length: 50 }, (_, place) => server.authorize(request(`client_id=client-${place}`), { browser }));
    assert.ok(exports.memory.buffer.byteLength > before);
    const keys = new Set(flows.map((flow) => Buffer.from(flow.next().key).toString('hex')));
    assert.equal(keys.size, 50);
    for (const flow of flows) flow.row(undefined);
    for (const flow of flows) assert.equal(flow.next().end.status, 400);
    const grown = exports.memory.buffer.byteLength;
    Array.from({ length: 50 }, () => server.authorize(request(), { browser })).forEach((flow) => flow.cancel());
    assert.equal(exports.memory.buffer.byteLength, grown);
  });

  test('that cannot grow is an error, and those that ran before go on', async () => {
    const { symbolon } = await opened();
    const server = symbolon.server(serverConfig);
    const flows = [server.authorize(request(), { browser })];
    const { grow } = WebAssembly.Memory.prototype;
    WebAssembly.Memory.prototype.grow = () => { throw new RangeError('no more pages'); };
    const another = () => flows.push(server.authorize(request(), { browser }));
    try {
      // What is left of the last page is used up first.
      assert.throws(() => { for (;;) another(); }, code('out_of_memory'));
      const running = flows.length;
      assert.throws(another, code('out_of_memory'));
      flows.shift().row(undefined);
      another();
      assert.equal(flows.length, running);
    } finally {
      WebAssembly.Memory.prototype.grow = grow;
    }
    another();
    for (const flow of flows) flow.row(undefined);
    for (const flow of flows) assert.equal(flow.next().end.status, 400);
  });

  test('no secret of a whole sign-in is left but those of the configurations', async () => {
    const { symbolon, exports } = await opened();
    const all = await parties(symbolon);
    const { end: found } = await drive(all.client.discover(), all.clientHost);
    const { end: signIn } = await drive(all.client.authorize(found, { browser }), all.clientHost);
    const query = await approve(all, signIn.url);
    const { end } = await drive(all.client.callback(found, query, { browser }), all.clientHost);
    for (const text of [end.access_token, new URLSearchParams(query).get('code'), browser]) {
      assert.ok(!contains(exports.memory, text), text);
    }
    for (const role of [all.client, all.resource, all.server]) role.dispose();
    for (const registration of registrations) assert.ok(!contains(exports.memory, registration.secret));
    assert.ok(!contains(exports.memory, secret));
  });

  test('the stack has room to spare', async (t) => {
    const { symbolon, exports } = await opened();
    // It lies first, and is empty, and zero, while nothing runs. How deep it went is seen before it is zeroed.
    const stack = exports.__stack_pointer.value;
    const all = await parties(symbolon);
    let used = 0;
    const { fill } = Uint8Array.prototype;
    Uint8Array.prototype.fill = function watched(value, start, end) {
      if (start === 0 && end === stack) used = Math.max(used, stack - this.findIndex((byte) => byte !== 0));
      return fill.call(this, value, start, end);
    };
    t.after(() => {
      Uint8Array.prototype.fill = fill;
    });
    const { end: found } = await drive(all.client.discover(), all.clientHost);
    const { end: signIn } = await drive(all.client.authorize(found, { browser }), all.clientHost);
    const { end } = await drive(all.client.callback(found, await approve(all, signIn.url), { browser }), all.clientHost);
    await drive(all.client.refresh(found, end.session, { rejected: end.access_token }), all.clientHost);
    await drive(all.resource.judge(toResource(end.access_token), { needs: { any_token: true } }), all.resourceHost);
    await drive(all.client.revoke(found, end.session), all.clientHost);
    console.log(`# stack: ${used} bytes`);
    assert.ok(used > 1024 && used < stack / 2, `${used} bytes of stack`);
  });
});

describe('the module', () => {
  test('is alone: it imports nothing', async () => {
    for (const name of ['symbolon', 'client']) {
      assert.deepEqual(WebAssembly.Module.imports(await WebAssembly.compile(await file(name))), []);
    }
  });

  test('says nothing of the machine that built it', async () => {
    for (const name of ['symbolon', 'client']) assert.doesNotMatch((await file(name)).toString('latin1'), /\/root\/|\/home\/|\.cargo|rustc/);
  });

  test('comes compiled, as bytes or as a response', async () => {
    const bytes = await file('symbolon');
    const response = (type) => new Response(bytes, { headers: { 'content-type': type } });
    for (const source of [bytes, bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), WebAssembly.compile(bytes), response('application/wasm'), response('text/plain'), Promise.resolve(response('application/wasm'))]) {
      assert.match((await init(source)).version, /^\d+\.\d+\.\d+$/);
    }
    await assert.rejects(init(new Response('', { status: 404 })), /404/);
  });

  test('of another binary interface is refused', async () => {
    // The function symbolon_abi is `i32.const 1`: the same module with another number.
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    await assert.rejects(init(empty), code('abi_mismatch'));
    const other = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 7, 16, 1, 12, ...Buffer.from('symbolon_abi'), 0, 0, 10, 6, 1, 4, 0, 0x41, 99, 0x0b];
    await assert.rejects(init(Uint8Array.from(other)), code('abi_mismatch'));
  });

  test('of the client alone has no server', async () => {
    const symbolon = await init(await file('client'));
    assert.throws(() => symbolon.server(serverConfig), code('no_role'));
    assert.throws(() => symbolon.register(registrations[0]), code('no_role'));
  });

  test('that has failed is used no more', async () => {
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = async (...given) => {
      const { exports } = await instantiate(...given);
      return { exports: { ...exports, symbolon_metadata_start: () => { throw new WebAssembly.RuntimeError('unreachable'); } } };
    };
    const symbolon = await init();
    WebAssembly.instantiate = instantiate;
    const server = symbolon.server(serverConfig);
    assert.throws(() => server.metadata(), code('trapped'));
    assert.throws(() => server.token(request()), code('trapped'));
  });
});
