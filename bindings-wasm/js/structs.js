// The structs of symbolon.h, read and written by what the module says of them, so that a new flow needs no line here.

import { SymbolonError } from './errors.js';
import { room } from './memory.js';

const [BOOL, U32, U64, SIZE, TEXT, BYTES, KEY, HEADERS, POINTER] = [1, 2, 3, 4, 5, 6, 7, 8, 9];
/** SYMBOLON_FIELDS, and the sizes of a symbolon_field and a symbolon_member. */
const [FIELDS, FIELD, MEMBER] = [6, 16, 16];
/** The size of a symbolon_str. */
const PAIR = 8;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Fails for what a caller may not hand in. */
export const refuse = (what) => {
  throw new SymbolonError('bad_input', what);
};

// ---- Reading

const range = (memory, at) => {
  const [start, length] = [memory.view.getUint32(at, true), memory.view.getUint32(at + 4, true)];
  return { start, bytes: memory.bytes.subarray(start, start + length) };
};

/** A text; undefined for an absent one. */
export function readText(memory, at) {
  const { start, bytes } = range(memory, at);
  return start === 0 ? undefined : decoder.decode(bytes);
}

/** Static text that ends in NUL. */
export function readStatic(memory, at) {
  return decoder.decode(memory.bytes.subarray(at, memory.bytes.indexOf(0, at)));
}

// Header fields are one byte per character here, as fetch has them.
const latin1 = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

const u32 = (memory, at) => memory.view.getUint32(at, true);
const READ = {
  [BOOL]: (memory, at) => memory.bytes[at] === 1,
  [U32]: u32,
  // A time or a version. A number is exact for 285 million years, or as many writes of a row; what is beyond stays as it is.
  [U64](memory, at) {
    const exact = memory.view.getBigUint64(at, true);
    return exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact;
  },
  [SIZE]: u32,
  [TEXT]: readText,
  [BYTES]: (memory, at) => range(memory, at).bytes.slice(),
  [KEY]: (memory, at) => memory.bytes.slice(at, at + 32),
  [HEADERS]: (memory, at) =>
    Array.from({ length: u32(memory, at + FIELDS * FIELD) }, (_, place) => {
      const field = at + place * FIELD;
      return [readText(memory, field), latin1(range(memory, field + 8).bytes)];
    }),
};

/** What a symbolon_description says. */
export function describe(memory, at) {
  if (at === 0) return undefined;
  const [list, length, offset, size] = [8, 12, 16, 20].map((part) => u32(memory, at + part));
  const members = Array.from({ length }, (_, place) => {
    const member = list + place * MEMBER;
    return { name: readText(memory, member), type: u32(memory, member + 8), offset: u32(memory, member + 12) };
  });
  return { name: readText(memory, at), members, offset, size };
}

/** The members of a struct, but for what is opaque. The labels of a row come as `row_kind` and so on: see the types. */
export function readStruct(memory, at, { name, members }) {
  const read = { kind: name };
  for (const { name: member, type, offset } of members) {
    if (READ[type]) read[member === 'kind' ? 'row_kind' : member] = READ[type](memory, at + offset);
  }
  return read;
}

// ---- Writing: each value knows the room that it takes before there is a slot for it

const texts = (value, what) => (typeof value === 'string' ? encoder.encode(value) : refuse(`${what} must be a string`));

/** Bytes as they are, or a text in UTF-8. `write` gives their address. */
export function bytes(value, what) {
  const encoded = value instanceof Uint8Array ? value : texts(value, what);
  return { length: encoded.length, room: room(encoded.length), write: (slot) => slot.put(encoded) };
}

/** Bytes that the flow overwrites: handed over by address and length. */
export const lent = (value, what) => ({ ...bytes(value, what), withLength: true });

/** 32 bytes. */
export function key(value, what) {
  return value?.length === 32 ? bytes(value, what) : refuse(`${what} must be 32 bytes`);
}

/** A symbolon_str or symbolon_bytes, which is handed over by its address; undefined is an absent one. */
export function pair(value, what) {
  const of = value === undefined ? { length: 0, room: 0, write: () => 0 } : bytes(value, what);
  return {
    room: of.room + 8,
    write(slot, at = slot.take(8)) {
      const start = of.write(slot);
      slot.memory.view.setUint32(at, start, true);
      slot.memory.view.setUint32(at + 4, of.length, true);
      return at;
    },
  };
}

function fieldValue(value, what) {
  if (value instanceof Uint8Array) return value;
  texts(value, what);
  return Uint8Array.from(value, (character) =>
    character <= '\xff' ? character.charCodeAt(0) : refuse(`${what} has a character that no header field has`));
}

/** An array of structs that hold nothing but texts: rows of pairs. */
export function table(rows) {
  const width = rows[0]?.length ?? 0;
  return {
    length: rows.length,
    room: rows.flat().reduce((sum, { room }) => sum + room, 0),
    write(slot) {
      const at = slot.take(rows.length * width * PAIR);
      rows.flat().forEach((value, place) => value.write(slot, at + place * PAIR));
      return at;
    },
  };
}

const notPairs = () => refuse('headers must be pairs of a name and a value');

/** Header fields: pairs of a name and a value, in order, as a Headers object has them. */
export const fields = (headers = []) =>
  // Array.from makes nothing of a plain object, and its fields would be gone.
  table(Array.from(headers?.[Symbol.iterator] ? headers : notPairs(), (field) => {
    const [name, value] = Array.isArray(field) ? field : notPairs();
    return [pair(name, 'a header name'), pair(fieldValue(value, name))];
  }));

/** A whole number of so many bits. */
function whole(value, bits, what) {
  const exact = Number.isSafeInteger(value) || ['bigint', 'boolean'].includes(typeof value) ? BigInt(value) : -1n;
  return exact >= 0n && exact >> bits === 0n ? exact : refuse(`${what} must be a whole number of ${bits} bits`);
}

/** A uint64_t, as an argument. */
export const u64 = (value, what) => whole(value, 64n, what);

/**
 * A struct that the caller fills in. What is not given is zero. A member that is a pointer takes one of the values above, and
 * its length is the member whose name ends in `_len`. A name that the struct does not have is an error: it would be a setting
 * that is believed and not there.
 */
export function struct({ name: struct, members, size }, values) {
  const known = new Map(members.map((member) => [member.name, member]));
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const writes = [];
  let total = room(size);
  for (const [name, value] of given) {
    const { type, offset } = known.get(name) ?? refuse(`${struct} has no ${name}`);
    const what = `${name} of ${struct}`;
    if (type === POINTER) {
      const length = known.get(`${name}_len`);
      total += value.room;
      writes.push((view, at, slot) => {
        view.setUint32(at + offset, value.write(slot), true);
        if (length) view.setUint32(at + length.offset, value.length, true);
      });
    } else if (type === KEY) {
      key(value, what);
      writes.push((_, at, slot) => slot.memory.bytes.set(value, at + offset));
    } else if (type === TEXT) {
      const text = pair(value, what);
      total += text.room;
      writes.push((_, at, slot) => text.write(slot, at + offset));
    } else if (type === U64) {
      const wide = u64(value, what);
      writes.push((view, at) => view.setBigUint64(at + offset, wide, true));
    } else {
      const narrow = Number(whole(value, 32n, what));
      writes.push((view, at) => view.setUint32(at + offset, narrow, true));
    }
  }
  return {
    room: total,
    write(slot) {
      const at = slot.take(size);
      for (const write of writes) write(slot.memory.view, at, slot);
      return at;
    },
  };
}
