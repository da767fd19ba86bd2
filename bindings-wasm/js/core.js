// One instance of the module, and what its flows share.

import { STATUS, SymbolonError } from './errors.js';
import { Memory } from './memory.js';
import { describe, readStatic, readStruct, readText, struct } from './structs.js';

/** SYMBOLON_ABI of the header that these files were written against. */
const ABI = 1;
/** The size of a symbolon_reason. */
const REASON = 20;
const DONE = 6;

export class Core {
  #exports;
  #steps = [];
  #ends = [];
  #inputs = new Map();
  #trapped = false;
  abi = ABI;

  constructor(exports) {
    const abi = exports.symbolon_abi?.();
    if (abi !== ABI) {
      throw new SymbolonError('abi_mismatch', `the module has the binary interface ${abi ?? 'of something else'}, these files have ${ABI}`);
    }
    this.#exports = exports;
    this.memory = new Memory(exports);
    this.version = readStatic(this.memory, exports.symbolon_version());
    this.flowSize = exports.symbolon_flow_size();
    const all = (name, first) => {
      const found = [];
      for (let kind = first, at; (at = exports[name](kind)) !== 0; kind += 1) found[kind] = describe(this.memory, at);
      return found;
    };
    this.#steps = all('symbolon_describe_step', 1);
    this.#ends = all('symbolon_describe_end', 1);
    for (const input of all('symbolon_describe_input', 0)) this.#inputs.set(input.name, input);
  }

  /** Whether the module has this function: a module may have been built for one role. */
  has(name) {
    return name in this.#exports;
  }

  /** Calls a function of the module. */
  call(name, ...values) {
    if (this.#trapped) throw new SymbolonError('trapped', 'the module has failed before, and cannot be used any more');
    try {
      return this.#exports[name](...values);
    } catch (cause) {
      // No code is known that gets here. Its stack would be left as it was, so nothing may run on it again.
      this.#trapped = true;
      throw new SymbolonError('trapped', `the module has failed in ${name}`, { cause });
    }
  }

  /** Calls a function that gives a status. `why` is where it says why a value is refused. */
  check(name, values, why) {
    const status = this.call(name, ...values);
    if (status === 0) return;
    const reason = why === undefined ? undefined : this.#reason(why);
    const text = readStatic(this.memory, this.call('symbolon_strerror', status));
    throw new SymbolonError(STATUS[status], reason?.name ? `${text}: ${reason.name} ${reason.parameter ?? ''}`.trim() : text, { reason });
  }

  #reason(at) {
    const limit = this.memory.view.getUint32(at + 16, true);
    return { name: readText(this.memory, at), parameter: readText(this.memory, at + 8), limit };
  }

  /** A struct of the header, with these values. */
  struct(name, values) {
    return struct(this.#inputs.get(name), values);
  }

  /** The step that a flow is at, copied out of memory. */
  step(flow) {
    const at = this.call('symbolon_next', flow);
    const kind = this.memory.view.getUint32(at, true);
    const question = this.#steps[kind];
    if (!question) throw new SymbolonError('ended', 'there is no flow here');
    const step = readStruct(this.memory, at + question.offset, question);
    if (kind === DONE) {
      const end = this.#ends[step.row_kind];
      delete step.row_kind;
      step.end = readStruct(this.memory, at + end.offset, end);
    }
    return step;
  }

  /** A configuration: a struct of the header, checked by the module and kept in a slot. Gives its address, and the slot. */
  configuration(role, values) {
    const config = this.struct(`${role}_config`, { abi: ABI, ...values });
    const size = this.call(`symbolon_${role}_size`);
    const slot = this.memory.lend(size + 8 + REASON + 8 + config.room);
    try {
      const [place, why] = [slot.take(size), slot.take(REASON)];
      this.check(`symbolon_${role}_init`, [place, config.write(slot), why], why);
      return { place, slot };
    } catch (error) {
      this.memory.takeBack(slot);
      throw error;
    }
  }

  /** Calls `use` with the address of a symbolon_reason, in a slot with this much more room. */
  during(room, use) {
    return this.memory.during(room + REASON + 8, (slot) => use(slot, slot.take(REASON)));
  }
}
