// A flow: a question at a time.

import { SymbolonError } from './errors.js';
import { bytes, fields, u64 } from './structs.js';

const badAnswer = (to, what) => {
  throw new SymbolonError('bad_answer', `the answer to ${to} must be ${what}`);
};

/**
 * A running flow.
 *
 * It has a slot of linear memory of its own, with its storage, what it was handed, and its buffer in it, until it has ended.
 * Swapping one arena out to JavaScript at each await would do with less memory, but a flow of the core points into what it
 * was handed and into its buffer, so it must come back to the same addresses: a flow could then not go on while another is
 * half way, and each question would copy the arena, some 100 KiB of it, twice. A slot is written once, and stays.
 */
export class Flow {
  #role;
  #slot;
  #at;
  #step;

  /**
   * `start` is a function of the module. `given` are plain arguments, or values that know their room, in the order that the
   * function has them in between the configuration and the buffer.
   */
  constructor(role, start, given) {
    const { core, place, buffer } = role;
    const inSlot = given.filter((value) => value.write);
    this.#role = role;
    this.#slot = core.memory.lend(core.flowSize + buffer + 32 + inSlot.reduce((sum, { room }) => sum + room, 0));
    role.running += 1;
    try {
      const slot = this.#slot;
      this.#at = slot.take(core.flowSize);
      // SYMBOLON_FLOW_INIT: all else is zero in a slot.
      core.memory.view.setUint32(this.#at, core.abi, true);
      core.memory.view.setUint32(this.#at + 4, core.flowSize, true);
      const values = given.flatMap((value) => {
        if (!value.write) return [value];
        return value.withLength ? [value.write(slot), value.length] : [value.write(slot)];
      });
      core.check(start, [this.#at, place, ...values, slot.take(buffer), buffer]);
      this.#read();
    } catch (error) {
      this.cancel();
      throw error;
    }
  }

  #read() {
    this.#step = this.#role.core.step(this.#at);
    // The end has been copied out, so the slot can serve another.
    if (this.#step.kind === 'done') this.#giveBack();
  }

  #giveBack() {
    if (!this.#slot) return;
    this.#role.core.memory.takeBack(this.#slot);
    this.#role.running -= 1;
    this.#slot = undefined;
  }

  /** What the flow asks, or its end; the same until it is answered. */
  next() {
    return this.#step ?? this.#ended();
  }

  #ended() {
    throw new SymbolonError('ended', 'the flow has ended');
  }

  #answer(name, given, length = 0) {
    if (!this.#slot) this.#ended();
    const { core } = this.#role;
    const write = (slot) => core.check(`symbolon_answer_${name}`, [this.#at, ...given(slot)]);
    if (length > 0) core.memory.during(length, write);
    else write();
    this.#read();
  }

  /** Answers a load: the row, or nothing if there is none. */
  row(row) {
    if (row === undefined || row === null) return this.#answer('absent', () => []);
    if (!(row.value instanceof Uint8Array)) return badAnswer('a load', '{ version, value } or nothing');
    const [version, value] = [u64(row.version, 'version'), bytes(row.value)];
    return this.#answer('row', (slot) => [version, value.write(slot), value.length], value.room + 8);
  }

  /** Answers a commit: whether the row was as expected and now is as written. */
  committed(won) {
    if (typeof won !== 'boolean') badAnswer('a commit', 'true or false');
    this.#answer(won ? 'committed' : 'conflict', () => []);
  }

  /** Answers a sign: in the form of RFC 7518 section 3. */
  signature(signature) {
    if (!(signature instanceof Uint8Array)) badAnswer('a sign', 'bytes');
    const value = bytes(signature);
    this.#answer('signature', (slot) => [value.write(slot), value.length], value.room + 8);
  }

  /** Answers a verify. */
  verdict(valid) {
    if (typeof valid !== 'boolean') badAnswer('a verify', 'true or false');
    this.#answer('verdict', () => [Number(valid)]);
  }

  /** Answers a send: { status, headers, body }. */
  response(response) {
    if (!(response?.body instanceof Uint8Array)) badAnswer('a send', '{ status, headers, body }');
    const [headers, body] = [fields(response.headers), bytes(response.body)];
    this.#answer(
      'response',
      (slot) => [Number(response.status), headers.write(slot), headers.length, body.write(slot), body.length],
      headers.room + body.room + 8,
    );
  }

  /** Answers any question: the store, the key or the peer cannot be reached. */
  unavailable() {
    this.#answer('unavailable', () => []);
  }

  /** Gives the slot of a flow back that is not gone on with. Nothing happens to one that has ended. */
  cancel() {
    if (this.#slot) this.#step = undefined;
    this.#giveBack();
  }
}
