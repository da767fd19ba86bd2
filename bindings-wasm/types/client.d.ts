import type {
  Answered, Busy, Failed, Flow, Found, ScopeInsufficient, Seconds, ServerFound, SignedIn, SignedOut, SigningKey, SignIn,
  SignInAgain, StepUp, TokenEnded, Usable, UserClaims,
} from './steps.js';

export * from './steps.js';

export interface ClientConfig {
  issuer: string;
  client_id: string;
  authentication:
    | 'none'
    | 'client_secret_basic'
    | 'client_secret_post'
    | 'private_key_jwt'
    | 'tls_client_auth'
    | 'self_signed_tls_client_auth';
  client_secret?: string;
  /** Of private_key_jwt. */
  assertion_key?: SigningKey;
  /** What its tokens are bound to: nothing, a key (RFC 9449), the certificate that it shows (RFC 8705). */
  binding: 'none' | 'dpop' | 'certificate';
  /** The first one is for what begins now, the others for sessions that began with them. */
  dpop_keys?: Iterable<SigningKey>;
  /** Every authorization request is pushed; else those that the server demands so (RFC 9126). */
  pushed_requests_only?: boolean;
  /** The algorithm that its ID tokens are signed with, as it is registered: RS256 if none is named. */
  id_token_algorithm?: SigningKey['algorithm'];
  redirect_uri: string;
  /** What to ask for if a sign-in names nothing else. */
  scope?: string;
  /** What tokens are for, with one space between them. */
  resources?: string;
  /** How responses of this server are told from another's: by `iss`, by a redirect_uri of its own, or not at all. */
  mix_up_defense: 'iss' | 'own_redirect_uri' | 'only_server';
  /** 600 seconds. */
  sign_in_lifetime?: Seconds;
  /** 90 days. */
  session_lifetime?: Seconds;
  /** The server may be http on loopback: for development. */
  plain_http_on_loopback?: boolean;
  /** The server may have a private address. */
  private_addresses?: boolean;
}

/** What binds the user's browser: a random cookie, or in a page a value that is kept there, of 16 bytes or more; less is refused. */
type Browser = string | Uint8Array;

interface Now {
  /** The clock's if it is not given. */
  now?: Seconds;
}

interface Entropy {
  /** 32 bytes, drawn here if they are not given: give them to replay a run, and never else. */
  entropy?: Uint8Array;
}

/** What a sign-in asks for. With `openid` in its scope it is one of OpenID Connect. */
export interface AuthorizationRequest {
  /** The client's own if none is named. */
  scope?: string;
  /** The authentication context classes that will do, with a space between them. What the server says of it is checked. */
  acr_values?: string;
  prompt?: string;
  login_hint?: string;
  /** The seconds within which the user must have been authenticated. What the server says of it is checked. */
  max_age?: Seconds;
}

/** What is asked of a resource. Header fields that are not here the host adds to the exchange when it makes it. */
export interface ClientRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  /** What the URL must be at or below; one of those that the session's tokens are for. */
  resource: string;
  accept?: string;
  content_type?: string;
  body?: string | Uint8Array;
  /** The names of the response's header fields to be seen, with a space between them. */
  wanted?: string;
  /** Of the response, 64 KiB at most. */
  body_cap?: number;
}

/** How a request to a resource ends. */
export type Requested = Answered | TokenEnded | StepUp | ScopeInsufficient | SignInAgain | Failed;

export interface Client {
  /** `known` is what was known of the server before: a document that no longer promises what protects is then refused. */
  discover(given?: {
    well_known?: 'oauth-authorization-server' | 'openid-configuration' | 'openid-configuration-inserted';
    known?: Found;
  }): Flow<ServerFound | Failed>;
  authorize(server: Found, given: { browser: Browser } & AuthorizationRequest & Now & Entropy): Flow<SignIn | Failed>;
  /** `query` is what came to the redirection URI after the `?`. */
  callback(server: Found, query: string | Uint8Array, given: { browser: Browser } & Now): Flow<SignedIn | Failed>;
  /** `rejected` is the access token that a resource has refused as invalid, if one has. */
  refresh(server: Found, session: Uint8Array, given?: { rejected?: string | Uint8Array } & Now): Flow<Usable | Busy | SignInAgain | Failed>;
  /** An access token of the client's own, without a user. */
  credentials(server: Found, given?: { scope?: string; rejected?: string | Uint8Array } & Now & Entropy): Flow<SignedIn | Failed>;
  /** Asks a resource with the session's token: a bound one goes with a proof (RFC 9449), and never as Bearer. */
  request(session: Uint8Array, request: ClientRequest, given?: Now & Entropy): Flow<Requested>;
  /** Asks the server about the user of a session whose sign-in was one of OpenID Connect. */
  userinfo(server: Found, session: Uint8Array, given?: Now & Entropy): Flow<UserClaims | Requested>;
  revoke(server: Found, session: Uint8Array, given?: Now): Flow<SignedOut | Failed>;
  /** Zeros the configuration, and gives its memory back. */
  dispose(): void;
}

/** What a module is compiled from. */
export type Source = WebAssembly.Module | BufferSource | globalThis.Response;

export interface ClientModule {
  readonly version: string;
  client(config: ClientConfig): Client;
}

/** Loads the module of this package, or another one that was built from it. */
export function init(module?: Source | Promise<Source>): Promise<ClientModule>;
