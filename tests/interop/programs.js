// Programs of this repository and of others: started on loopback, spoken to in lines, and stopped by their pid.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const here = import.meta.dirname;
const built = process.env.SYMBOLON_BUILT ?? join(here, '../../target/debug');

/** A program that ends when its input does: so nothing is left behind, however this process ends. */
class Program {
  constructor(command, args) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = once(this.child, 'exit');
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.child.spawnargs.join(' ')} has ended`);
    return value;
  }

  async stop() {
    this.child.stdin.end();
    await this.ended;
  }
}

/** The reference host on a free port, with a temporary store; or the server that `run` was told to take. */
export async function startHost(...flags) {
  // The host does not read its input, so a shell does in its place. Its output ends with the host's.
  const leash = '"$0" "$@" & exec >&-; read -r _; kill $!; wait $!';
  const reference = [join(built, 'demo'), '--listen', '127.0.0.1:0', '--log', 'error'];
  const command = process.env.SYMBOLON_SERVER ? [process.env.SYMBOLON_SERVER] : reference;
  const program = new Program('sh', ['-c', leash, ...command, ...flags]);
  const said = await program.line().catch((error) => program.stop().then(() => Promise.reject(error)));
  const [, issuer, resource] = said.match(/^listening on (https?:\S+?)(?:, resource at (https?:\S+))?$/);
  program.child.stdout.resume();
  return { issuer, resource: resource ?? `${issuer}/resource`, stop: () => program.stop() };
}

/** What a program answers if it cannot do what it was told. */
export class Refused extends Error {
  constructor({ error, text }) {
    super(text ?? error);
    this.error = error;
  }
}

/** A client that is a program of its own: one JSON object per line says what to do, one per line how it went. */
function lines(command, args) {
  const program = new Program(command, args);
  let last = Promise.resolve();
  const ask = (order) => {
    last = last.catch(() => {}).then(async () => {
      program.child.stdin.write(`${JSON.stringify(order)}\n`);
      const answer = JSON.parse(await program.line());
      if ('error' in answer) throw new Refused(answer);
      return answer;
    });
    return last;
  };
  return { ask, stop: () => program.stop() };
}

/** Our own client. */
export function ourClient(configuration) {
  return lines(join(built, 'client'), [JSON.stringify(configuration)]);
}

/** The client of Authlib, with the interface that the others of `clients.js` have. */
export async function authlib(configuration) {
  const { ask, stop } = lines(join(here, '.venv/bin/python'), [join(here, 'authlib_client.py'), JSON.stringify(configuration)]);
  try {
    const { metadata } = await ask({ do: 'discover' });
    return {
      metadata,
      begin: async (parameters) => (await ask({ do: 'begin', parameters })).url,
      callback: (url, { verifier } = {}) => ask({ do: 'callback', url, verifier }),
      refresh: (token) => ask({ do: 'refresh', token }),
      revoke: (token) => ask({ do: 'revoke', token }),
      introspect: (token) => ask({ do: 'introspect', token }),
      call: (url, token) => ask({ do: 'call', url, token }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
