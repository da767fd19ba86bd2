// HTTP by fetch, and requests and replies as fetch has them.
//
// What `send` cannot do: fetch does not say to which address a name leads, so `public_addresses_only` is not checked. In a
// browser and in most edge runtimes the network's own rules do that. In Node, Deno and Bun, an issuer that somebody else
// chooses may lead to an address of your own network: give this a `fetch` that looks, such as undici's with a connector that
// refuses private addresses. Nor does fetch show a client certificate: a question with `client_certificate` is refused.

/** All of a body, or an error if it is longer than `cap`. */
async function read(body, cap) {
  const parts = [];
  let length = 0;
  const reader = body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) break;
    length += value.length;
    if (length > cap) {
      await reader.cancel();
      throw new Error(`a body of more than ${cap} bytes`);
    }
    parts.push(value);
  }
  const whole = new Uint8Array(length);
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

/** What a browser must not add of its own. Runtimes without cookies and caches do not know these settings. */
const apart = () =>
  'credentials' in Request.prototype ? { credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer' } : {};

/** Gives `send`, by this `fetch`. */
export function fetchSend(by = (url, init) => fetch(url, init)) {
  return {
    async send({ method, url, headers, body, plain_http, client_certificate, body_cap, timeout }) {
      if (client_certificate) throw new Error('fetch cannot show a client certificate');
      const { protocol } = new URL(url);
      if (protocol !== 'https:' && !(plain_http && protocol === 'http:')) throw new Error(`${protocol} is not allowed`);
      const response = await by(url, {
        method,
        headers,
        body: ['GET', 'HEAD'].includes(method) ? undefined : body,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout * 1000),
        ...apart(),
      });
      // A browser hides redirects. Nothing was to be followed, so nothing is missed.
      if (response.type === 'opaqueredirect') throw new Error(`${url} redirects`);
      return { status: response.status, headers: [...response.headers], body: await read(response.body, body_cap) };
    },
  };
}

/** A request, as the flows of a server take it. Nothing is read of a body that is longer than `cap`. */
export async function requestOf(request, cap = 64 * 1024) {
  const { method, url, headers, body } = request;
  return { method, query: new URL(url).search.slice(1), headers: [...headers], body: await read(body, cap) };
}

/** The end of a flow of a server, as the response that it is. */
export function responseOf({ status, headers, body }) {
  return new Response([204, 304].includes(status) ? null : body, { status, headers });
}
