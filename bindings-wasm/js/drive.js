// The loop that answers a flow's questions from a host.

import { SymbolonError } from './errors.js';

const ANSWER = {
  load: (flow, row) => flow.row(row),
  commit: (flow, won) => flow.committed(won),
  sign: (flow, signature) => flow.signature(signature),
  verify: (flow, valid) => flow.verdict(valid),
  send: (flow, response) => flow.response(response),
};

/**
 * Drives a flow to its end. The host answers what it is asked by the method of that name; one that throws, or that it does not
 * have, or that answers with something else, is answered for by `unavailable`, which leads to an end as well.
 */
export async function drive(flow, host) {
  try {
    for (;;) {
      const step = flow.next();
      if (step.kind === 'done') return step;
      await answer(flow, step, host);
    }
  } finally {
    flow.cancel();
  }
}

async function answer(flow, step, host) {
  let give = () => flow.unavailable();
  try {
    if (host[step.kind]) {
      const value = await host[step.kind](step);
      give = () => ANSWER[step.kind](flow, value);
    }
  } catch (error) {
    host.onerror?.(error, step);
  }
  // Somebody else has driven it meanwhile: this answer is not for the question that it is at now.
  if (flow.next() !== step) throw new SymbolonError('wrong_step', 'the flow was answered by two');
  try {
    give();
  } catch (error) {
    if (!['bad_answer', 'bad_input', 'too_large'].includes(error.code)) throw error;
    host.onerror?.(error, step);
    flow.unavailable();
  }
}
