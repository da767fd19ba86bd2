import type { Reply, Response as Answer, Send } from '../steps.js';
import type { Request as Given } from '../symbolon.js';

/**
 * HTTP by fetch: no redirects, no cookies, nothing cached, the body capped, the time limited.
 *
 * It does not check `public_addresses_only`: fetch does not say to which address a name leads. In a browser and in most edge
 * runtimes the network's own rules do that. In Node, Deno and Bun, an issuer that somebody else chooses may lead to an address
 * of your own network: give this a `fetch` that looks.
 *
 * It throws for `client_certificate` (RFC 8705), which fetch cannot show: such a client sends by another way.
 */
export function fetchSend(by?: (url: string, init: RequestInit) => Promise<Response>): { send(question: Send): Promise<Answer> };

/** A request, as the flows of a server take it. Throws if the body is longer than `cap`, which is 64 KiB. */
export function requestOf(request: Request, cap?: number): Promise<Given>;

/** The end of a flow of a server, as the response that it is. */
export function responseOf(reply: Reply): Response;
