import type { Busy, Failed, Flow, Found, Seconds, ServerFound, SignedIn, SignedOut, SignIn, SignInAgain, Usable } from './steps.js';

export * from './steps.js';

export interface ClientConfig {
  issuer: string;
  client_id: string;
  authentication: 'none' | 'client_secret_basic' | 'client_secret_post';
  client_secret?: string;
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

export interface Client {
  discover(): Flow<ServerFound | Failed>;
  /** No scope is that of the configuration. */
  authorize(server: Found, given: { browser: Browser; scope?: string } & Now & Entropy): Flow<SignIn | Failed>;
  /** `query` is what came to the redirection URI after the `?`. */
  callback(server: Found, query: string | Uint8Array, given: { browser: Browser } & Now): Flow<SignedIn | Failed>;
  /** `rejected` is the access token that a resource has refused as invalid, if one has. */
  refresh(server: Found, session: Uint8Array, given?: { rejected?: string | Uint8Array } & Now): Flow<Usable | Busy | SignInAgain | Failed>;
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
