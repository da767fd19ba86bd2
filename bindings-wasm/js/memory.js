// Linear memory: cut into slots, each lent to one flow, one configuration or one call.

import { SymbolonError } from './errors.js';

const align = (value, to) => Math.ceil(value / to) * to;

/** Slots are made in these steps, so that those of one kind of flow fit all of its flows. */
const STEP = 16 * 1024;
/** The longest slot: several times what the longest request or response may have, so that a flood of bytes is no slot. */
const LONGEST = 1024 * 1024;

/** A range of memory, filled from its beginning. */
class Slot {
  constructor(memory, at, size) {
    this.memory = memory;
    this.at = at;
    this.size = size;
    this.used = 0;
  }

  /** The address of the next `length` bytes, aligned to 8. Slots are asked for with enough room: see `room`. */
  take(length) {
    const at = this.at + this.used;
    this.used += align(length, 8);
    if (this.used > this.size) throw new SymbolonError('out_of_memory', 'the slot was asked for with too little room');
    return at;
  }

  /** The address of a copy of these bytes. It is none of NULL, even without a byte: NULL is an absent text. */
  put(bytes) {
    const at = this.take(bytes.length);
    this.memory.bytes.set(bytes, at);
    return at;
  }
}

/** The room that so many bytes take in a slot. */
export const room = (length) => align(length, 8);

export class Memory {
  #memory;
  #end;
  #free = [];
  #view;
  #stack;

  constructor({ memory, __heap_base, __stack_pointer }) {
    this.#memory = memory;
    this.#stack = __stack_pointer.value;
    this.#end = align(__heap_base.value, STEP);
  }

  /** Of all memory. Not to be kept: it is detached when memory grows. */
  get view() {
    if (this.#view?.buffer !== this.#memory.buffer) this.#view = new DataView(this.#memory.buffer);
    return this.#view;
  }

  get bytes() {
    return new Uint8Array(this.#memory.buffer);
  }

  /** A slot with this much room, all of it zero. */
  lend(length) {
    if (length > LONGEST) throw new SymbolonError('too_large', `${length} bytes are more than any flow takes`);
    const size = align(Math.max(length, 1), STEP);
    const place = this.#free.findIndex((slot) => slot.size === size);
    if (place >= 0) return this.#free.splice(place, 1)[0];
    const missing = this.#end + size - this.#memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.#memory.grow(align(missing, 65536) / 65536);
      } catch (cause) {
        throw new SymbolonError('out_of_memory', 'memory cannot grow', { cause });
      }
    }
    const slot = new Slot(this, this.#end, size);
    this.#end += size;
    return slot;
  }

  /**
   * Takes a slot back, and zeros it: there were secrets in it. The stack, which lies first in memory, is empty now, and zeroed
   * as well: what was hashed, and what was moved, may have left a copy there.
   */
  takeBack(slot) {
    this.bytes.fill(0, slot.at, slot.at + slot.size);
    this.bytes.fill(0, 0, this.#stack);
    slot.used = 0;
    this.#free.push(slot);
  }

  /** Lends a slot for the length of one call. */
  during(length, call) {
    const slot = this.lend(length);
    try {
      return call(slot);
    } finally {
      this.takeBack(slot);
    }
  }
}
