// `node sizes.mjs FILE [COUNT]`: the largest functions of a module that has kept its names, as cargo builds it or as
// `wasm-opt -g` leaves it.

import { readFileSync } from 'node:fs';

const [, , file, count = 40] = process.argv;
const bytes = readFileSync(file);
let at = 8;

function number() {
  let [value, shift, byte] = [0, 1, 0];
  do {
    byte = bytes[at++];
    value += (byte & 0x7f) * shift;
    shift *= 128;
  } while (byte & 0x80);
  return value;
}
const text = (length = number()) => bytes.toString('utf8', at, (at += length));

const sections = { 0: 'custom', 1: 'types', 3: 'functions', 7: 'exports', 10: 'code', 11: 'data' };
const sizes = [];
const names = [];
while (at < bytes.length) {
  const id = bytes[at++];
  const length = number();
  const end = at + length;
  console.log(`${String(length).padStart(7)} section: ${sections[id] ?? id}`);
  if (id === 10) {
    for (let left = number(); left > 0; left -= 1) {
      const size = number();
      sizes.push(size);
      at += size;
    }
  } else if (id === 0 && text() === 'name') {
    while (at < end) {
      const kind = bytes[at++];
      const after = number() + at;
      if (kind === 1) for (let left = number(); left > 0; left -= 1) names[number()] = text();
      at = after;
    }
  }
  at = end;
}
const rows = sizes.map((size, place) => [size, names[place] ?? `function ${place}`]).sort(([a], [b]) => b - a);
for (const [size, name] of rows.slice(0, Number(count))) console.log(`${String(size).padStart(7)} ${name.slice(0, 160)}`);
