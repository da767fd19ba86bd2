// What a flow asks, and what it ends in: the structs of symbolon.h, by their names there.

/** Seconds since 1970-01-01T00:00:00Z, or a lifetime. A bigint only beyond 2^53, such as the end of what never ends. */
export type Seconds = number | bigint;
/** A header field. Values have one byte per character, as with fetch. */
export type Field = [name: string, value: string];

/** The public half of a key that the host signs with. */
export interface SigningKey {
  key_id: string;
  algorithm: 'ES256' | 'EdDSA' | 'Ed25519' | 'PS256' | 'RS256';
  /** A JWK, as JSON, with this `kid` and `alg`. */
  jwk: string;
}

/** Read one row. The read is linearizable with commits. */
export interface Load {
  kind: 'load';
  /** 32 bytes. */
  key: Uint8Array;
  /** What the row would hold: "client", "grant", "session". */
  row_kind: string;
}

/** A row as it was read. A new row has version 1, and each commit adds 1. */
export interface Row {
  version: number | bigint;
  value: Uint8Array;
}

/**
 * A compare-and-swap of one row. The answer is true when the row is durable, and false if it was not as expected. A write that
 * was tried more than once, or whose end is not known, is no answer: the host throws.
 */
export interface Commit {
  kind: 'commit';
  key: Uint8Array;
  /** Whether there must be a row, of the version below; if not, there must be none. */
  exists: boolean;
  /** The row has the next version afterwards. */
  expected: number | bigint;
  /** Whether the row is to be deleted. */
  delete_row: boolean;
  value: Uint8Array;
  /** From then on the store may drop the row. */
  expires_at: Seconds;
  /** Labels, for the program's own screens. */
  row_kind: string;
  client_id: string | undefined;
  subject: string | undefined;
}

/** Sign bytes. The answer is in the form of RFC 7518 section 3. */
export interface Sign {
  kind: 'sign';
  key_id: string;
  message: Uint8Array;
}

/** Check a signature. */
export interface Verify {
  kind: 'verify';
  /** A JWK with an `alg` (RFC 7517). */
  key: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
}

/** Make one HTTP exchange. Redirects are never followed. */
export interface Send {
  kind: 'send';
  method: 'GET' | 'POST' | 'HEAD' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers: Field[];
  body: Uint8Array;
  /** Whether http is allowed besides https. */
  plain_http: boolean;
  /** Whether the address connected to must not be loopback, private or link-local. */
  public_addresses_only: boolean;
  /** Whether the client's certificate is to be shown (RFC 8705); to others it never is. */
  client_certificate: boolean;
  /** A longer body is an error. */
  body_cap: number;
  /** In seconds. */
  timeout: number;
}

export interface Response {
  status: number;
  headers: Iterable<readonly [name: string, value: string | Uint8Array]>;
  body: Uint8Array;
}

/** A reply, ready to be sent as it is. */
export interface Reply {
  kind: 'reply';
  status: number;
  /** Besides Content-Length and Date. */
  headers: Field[];
  body: Uint8Array;
}

/** Authenticate the user, ask for consent, and go on with `decide`. Nothing in it is safe in HTML unescaped. */
export interface Prompt {
  kind: 'prompt';
  /** Names the interaction; the pages carry it along. */
  handle: string;
  client_id: string;
  client_name: string;
  /** The host of its metadata document, if nothing else is known of the client: to be shown. */
  client_host: string | undefined;
  redirect_uri: string;
  /** To be shown: the host of that, or the scheme if it has none. */
  redirect_host: string;
  /** The user will be sent to a program on their own machine: the page should warn. */
  loopback: boolean;
  /** The client will have to authenticate; if not, consent must not be skipped. */
  confidential: boolean;
  scope: string;
  resources: string;
  /** The authorization details asked for, as JSON (RFC 9396); empty for none. */
  authorization_details: string;
  /** How the user is to be asked: empty, `none`, or some of `login`, `consent` and `select_account`. */
  prompt: string;
  /** A sign-in before that time does not do: authenticate the user anew. 0 if any does. */
  authenticated_since: Seconds;
  /** Who the user might be: it proves nothing. */
  login_hint: string | undefined;
  /** The authentication context classes asked for, the best one first; empty for any. */
  acr_values: string;
  expires_at: Seconds;
  /** The reason of an error that waits to be told to the client. */
  refusal: string | undefined;
  refusal_parameter: string | undefined;
}

/** Send the user to this URL. */
export interface SignIn {
  kind: 'sign-in';
  url: string;
  /** The key of the session. */
  session: Uint8Array;
}

export interface Tokens {
  /** To be sent to the resources below and to no other. */
  access_token: string;
  /** The key of which each request needs a proof (RFC 9449); undefined for a token that is sent as Bearer. */
  key_id: string | undefined;
  /** 0 if the server did not say. */
  expires_at: Seconds;
  scope: string;
  /** The server granted more than it was asked for. */
  scope_is_wider: boolean;
  resources: string;
  /** The user, if the sign-in was one of OpenID Connect; with the issuer, this is who they are. */
  subject: string | undefined;
  /** 0 if the server did not say. */
  authenticated_at: Seconds;
}

/** The session has tokens. */
export interface SignedIn extends Tokens {
  kind: 'signed-in';
  session: Uint8Array;
}

/** The session has an access token that works. */
export interface Usable extends Tokens {
  kind: 'usable';
}

/** The session is being refreshed elsewhere; ask again soon. */
export interface Busy {
  kind: 'busy';
  until: Seconds;
}

/** What the server said, if it was the server that refused: another party's words. */
interface Failure {
  error: string | undefined;
  error_description: string | undefined;
}

/** The session is over. */
export interface SignInAgain extends Failure {
  kind: 'sign-in-again';
}

/** Nothing came of it: the reason is in the end of the flow. */
export interface Failed extends Failure {
  kind: 'failed';
}

/** The session is gone. */
export interface SignedOut {
  kind: 'signed-out';
  /** Whether the server has revoked its tokens. */
  at_server: boolean;
}

/** A resource has answered, well or not. */
export interface Answered {
  kind: 'answered';
  status: number;
  /** Those that were wanted, each as a line: name, colon and space, value, CR LF. */
  headers: Uint8Array;
  body: Uint8Array;
}

/** The access token has ended, or the resource has refused it as invalid: have another, and ask again. */
export interface TokenEnded {
  kind: 'token-ended';
  rejected: string | undefined;
}

/** The user must authenticate as the resource needs it (RFC 9470): begin a sign-in that asks for this. Its words. */
export interface StepUp {
  kind: 'step-up';
  /** Empty if it does not say, as `scope`. */
  acr_values: string;
  has_max_age: boolean;
  max_age: Seconds;
  scope: string;
}

/** The access token does not hold the scope that the resource needs. */
export interface ScopeInsufficient {
  kind: 'scope-insufficient';
  /** Empty if it does not say which. */
  scope: string;
}

/** What the server says of the user whom the ID token has named. With the issuer, `subject` alone is who they are. */
export interface UserClaims {
  kind: 'user-claims';
  subject: string;
  /** As JSON. */
  claims: string;
}

/** What a client keeps of its server. Structured cloning and IndexedDB take it as it is. */
export interface Found {
  /** The metadata document, as it came. */
  document: Uint8Array | string;
}

/** The server was found. */
export interface ServerFound extends Found {
  kind: 'server';
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  revocation_endpoint: string | undefined;
  introspection_endpoint: string | undefined;
  sends_iss: boolean;
  document: Uint8Array;
}

/** The request may be served, within these claims. */
export interface Claims {
  kind: 'claims';
  client_id: string | undefined;
  sub: string | undefined;
  /** The client acts for itself: no user is behind the token. */
  sub_is_client: boolean;
  scope: string;
  /** Those that cover what is needed, as a JSON array. */
  authorization_details: string | undefined;
  acr: string | undefined;
  /** When the user authenticated; 0 if the issuer did not say. */
  auth_time: Seconds;
  /** 0 if the issuer did not say. */
  exp: Seconds;
  jti: string | undefined;
  /** Who sent it: whoever has it, or who has proven its key. */
  sender: 'bearer' | 'dpop' | 'certificate';
  /** To be sent as DPoP-Nonce with the response. */
  dpop_nonce: string | undefined;
}

/** Reply with the claims about this user that `scope` allows, as `application/json` with `Cache-Control: no-store`. */
export interface User {
  kind: 'user';
  subject: string;
  client_id: string;
  scope: string;
  /** A JSON object with `sub` alone: the other claims go before its last brace. */
  body: string;
  /** To be sent as DPoP-Nonce with the response. */
  dpop_nonce: string | undefined;
}

export type Question = Load | Commit | Sign | Verify | Send;

/** The end of a flow. */
export interface Done<End> {
  kind: 'done';
  end: End;
  /** Why it was refused or failed, as "CodeReplayed": for the log, never for the peer. */
  reason: string | undefined;
  /** The parameter, header field or member at fault, where one is. */
  parameter: string | undefined;
  /** The limit that was exceeded, where one was. */
  limit: number;
  /** What belongs into the audit log, as "RefreshTokenReused". */
  event: string | undefined;
}

export type Step<End> = Question | Done<End>;

/** A flow: a question at a time. An answer to another question than the one asked throws, and changes nothing. */
export interface Flow<End> {
  /** What the flow asks, or its end; the same until it is answered. */
  next(): Step<End>;
  /** Answers a load; nothing is an absent row. */
  row(row: Row | undefined | null): void;
  committed(won: boolean): void;
  signature(signature: Uint8Array): void;
  verdict(valid: boolean): void;
  response(response: Response): void;
  /** Answers any question: the store, the key or the peer cannot be reached. */
  unavailable(): void;
  /** Gives back the memory of a flow that is not gone on with. `drive` does so. */
  cancel(): void;
}

/**
 * What answers the questions. A method that throws, or that is not there, is answered for by `unavailable`: the flow goes on to
 * an end that says so.
 */
export interface Host {
  load?(question: Load): Promise<Row | undefined | null> | Row | undefined | null;
  commit?(question: Commit): Promise<boolean> | boolean;
  sign?(question: Sign): Promise<Uint8Array> | Uint8Array;
  verify?(question: Verify): Promise<boolean> | boolean;
  send?(question: Send): Promise<Response> | Response;
  /** Told of what a method has thrown, or answered that is no answer. */
  onerror?(error: unknown, question: Question): void;
}

/** Drives a flow to its end. */
export function drive<End>(flow: Flow<End>, host: Host): Promise<Done<End>>;

export type ErrorCode =
  /** Something was handed in that has another type, or another name. */
  | 'bad_input'
  /** A host has answered with something else than was asked for. `drive` answers `unavailable` and tells `onerror`. */
  | 'bad_answer'
  /** A configuration or registration is refused; `reason` says why. */
  | 'refused'
  /** The answer is to another question than the one asked. */
  | 'wrong_step'
  /** The flow has ended or was cancelled, or its configuration was disposed of. */
  | 'ended'
  /** A configuration cannot be disposed of while flows use it. */
  | 'in_use'
  /** The module and these files are of different versions. */
  | 'abi_mismatch'
  /** The module was built without this role. */
  | 'no_role'
  /** More bytes than any flow takes: a server answers 413. */
  | 'too_large'
  | 'out_of_memory'
  /** The module has failed, which is a fault in it. No instance can be used after that. */
  | 'trapped'
  /** A buffer is too short, which is a fault in these files. */
  | 'too_small';

/** An error of the program. A peer's mistake never is one: it is a reply, or the end of a flow. */
export class SymbolonError extends Error {
  readonly code: ErrorCode;
  readonly reason?: { name: string; parameter: string | undefined; limit: number };
}
