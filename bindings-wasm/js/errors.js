// What is thrown here. A peer's mistake never is: that is a reply, or the end of a flow.

/** An error of the program that uses this package, or of what it was given. `code` says which. */
export class SymbolonError extends Error {
  constructor(code, message, more) {
    super(message, more?.cause && { cause: more.cause });
    this.name = 'SymbolonError';
    this.code = code;
    if (more?.reason) this.reason = more.reason;
  }
}

/** The codes of the statuses of symbolon.h. */
export const STATUS = {
  [-1]: 'bad_input',
  [-2]: 'abi_mismatch',
  [-3]: 'ended',
  [-4]: 'wrong_step',
  [-5]: 'too_small',
  [-6]: 'bad_input',
  [-7]: 'refused',
};
