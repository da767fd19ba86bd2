import type { Client, ClientConfig, Source } from './client.js';
import type { Claims, Commit, Flow, Prompt, Reply, Seconds, SigningKey, User } from './steps.js';

export * from './steps.js';
export type { Client, ClientConfig, Source } from './client.js';

/** Header fields, every one, in order, repetitions included. */
export type HeaderFields = Iterable<readonly [name: string, value: string | Uint8Array]>;

/**
 * A client certificate of which the TLS handshake has shown that the client holds its key: from the connection, or from a proxy of
 * the program's own that strips what others send. Lists have one space between their names.
 */
export interface Certificate {
  /** The SHA-256 of its DER encoding. */
  thumbprint: Uint8Array;
  /** It leads to an authority that may name clients; false for a self-signed one. */
  chain_verified?: boolean;
  /** As RFC 4514 writes it. */
  subject?: string;
  dns?: string;
  uri?: string;
  ip?: string;
  email?: string;
}

/** A request as it arrived. */
export interface Request {
  method: string;
  /** What follows the `?`. */
  query?: string | Uint8Array;
  headers: HeaderFields;
  body?: string | Uint8Array;
  certificate?: Certificate;
}

export interface ServerConfig {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  revocation_endpoint: string;
  introspection_endpoint: string;
  /** The server has none if it is left out, as of the two below. */
  pushed_authorization_request_endpoint?: string;
  jwks_uri?: string;
  userinfo_endpoint?: string;
  /** The types that the server knows (RFC 9396). */
  authorization_details_types?: string;
  /** Every client must push its authorization requests. */
  pushed_requests_only?: boolean;
  /** A client may be known by the URL of its metadata document alone. */
  client_id_metadata_documents?: boolean;
  scopes_supported?: string;
  /** To be named in the metadata. A client that is known by its metadata document may ask for these, and for the scopes above. */
  protected_resources?: string;
  /** 32 random bytes each; the first one makes new credentials. */
  keys: Iterable<{ id: number; secret: Uint8Array }>;
  /** The first one signs, all are published. */
  signing_keys?: Iterable<SigningKey>;
  /** Access tokens are JWTs (RFC 9068); else they are opaque. */
  jwt_access_tokens?: boolean;
  /** Every client's tokens must be bound to a key. */
  sender_constrained?: boolean;
  /** A DPoP proof must hold a nonce of this server. */
  dpop_nonces?: boolean;
  /** 600 seconds. */
  interaction_lifetime?: Seconds;
  /** 60 seconds. */
  pushed_request_lifetime?: Seconds;
  /** 60 seconds. */
  code_lifetime?: Seconds;
  /** 600 seconds. */
  access_token_lifetime?: Seconds;
  /** 30 days. */
  refresh_token_lifetime?: Seconds;
  /** 90 days. */
  grant_lifetime?: Seconds;
  /** 30 seconds. */
  retry_lifetime?: Seconds;
  /** The issuer may be http on loopback: for development. */
  plain_http_on_loopback?: boolean;
}

interface Now {
  /** The clock's if it is not given. */
  now?: Seconds;
}

interface Interaction extends Now {
  /** What binds the user's browser: a random cookie of 16 bytes or more; less is refused. */
  browser: string | Uint8Array;
}

export interface Decision extends Interaction {
  /** The user: 1 to 255 printable ASCII characters. */
  subject: string;
  authenticated_at: Seconds;
  /** `'unmet'` if the user cannot be authenticated as `acr_values` ask. */
  approved: boolean | 'unmet';
  /** What is approved. */
  scope?: string;
  /** What of these is approved, as JSON; none if it is left out. */
  authorization_details?: string;
  /** The context class of the authentication. */
  acr?: string;
  /** Its methods, with a space between them. */
  amr?: string;
}

/** Why a request with `prompt: 'none'` cannot be approved. */
export type Unasked = 'login_required' | 'consent_required' | 'account_selection_required' | 'interaction_required';

export interface Server {
  authorize(request: Request, given: Interaction & { /** As of a client. */ entropy?: Uint8Array }): Flow<Prompt | Reply>;
  /** A client pushes its authorization request (RFC 9126). */
  push(request: Request, given?: Now & { /** As of a client. */ entropy?: Uint8Array }): Flow<Reply>;
  resume(handle: string, given: Interaction): Flow<Prompt | Reply>;
  decide(handle: string, decision: Decision): Flow<Reply>;
  /** Ends a request with `prompt: 'none'` that cannot be approved without asking. */
  decline(handle: string, why: Unasked, given: Interaction): Flow<Reply>;
  token(request: Request, given?: Now & { /** As of a client. */ entropy?: Uint8Array }): Flow<Reply>;
  revoke(request: Request, given?: Now): Flow<Reply>;
  introspect(request: Request, given?: Now): Flow<Reply>;
  userinfo(request: Request, given?: Now): Flow<Reply | User>;
  metadata(): Flow<Reply>;
  jwks(): Flow<Reply>;
  /** Zeros the configuration, and gives its memory back. */
  dispose(): void;
}

/** A client's registration. Lists have one space between their words. */
export interface Registration {
  client_id: string;
  client_name: string;
  application_type: 'web' | 'native' | 'native_with_any_localhost_port';
  authentication:
    | 'none'
    | 'client_secret_basic'
    | 'client_secret_post'
    | 'private_key_jwt'
    | 'tls_client_auth'
    | 'self_signed_tls_client_auth';
  /** Drawn at random, with 128 bits of entropy or more. */
  secret?: string;
  /** The one that it replaces. */
  previous_secret?: string;
  /** Its public keys, as a JWK set, or where such a set is. */
  jwks?: string;
  jwks_uri?: string;
  /** Of its assertions; left out if its keys say it. */
  token_endpoint_auth_signing_alg?: string;
  /** Whom its certificate is for: one of these five. */
  tls_client_auth_subject_dn?: string;
  tls_client_auth_san_dns?: string;
  tls_client_auth_san_uri?: string;
  tls_client_auth_san_ip?: string;
  tls_client_auth_san_email?: string;
  /** Whether it may use this grant. */
  authorization_code?: boolean;
  /** Whether it gets refresh tokens. */
  refresh_token?: boolean;
  /** Whether it may act for itself. */
  client_credentials?: boolean;
  /** Whether its tokens must be bound to a key. */
  sender_constrained?: boolean;
  redirect_uris?: string;
  scope?: string;
  default_scope?: string;
  resources?: string;
  /** The types of authorization details that it may ask for. */
  authorization_details_types?: string;
  /** It must push its authorization requests. */
  pushed_requests_only?: boolean;
  /** The resources that it serves, and whose tokens it may introspect. */
  serves?: string;
  disabled?: boolean;
}

export interface ResourceConfig {
  resource: string;
  issuer: string;
  /** What access tokens look like. It is never guessed from a token. */
  access_tokens: 'opaque' | 'jwt';
  /** By whom a token may be sent: whoever has it, who proves its key by DPoP, who shows its certificate. */
  accepts: Iterable<'bearer' | 'dpop' | 'certificate'>;
  /** Of opaque tokens. */
  introspection_endpoint?: string;
  client_id?: string;
  client_secret?: string;
  /** Of JWTs: the JWK set of the issuer, if it never changes. */
  jwks?: string;
  /** Of JWTs: where that is published. */
  jwks_uri?: string;
  /** Of JWTs: the algorithm of RSA keys that name none. */
  algorithm?: 'PS256' | 'RS256';
  /** 32 random bytes each: DPoP proofs must bear a nonce that is made with the first one. */
  keys?: Iterable<{ id: number; secret: Uint8Array }>;
  realm?: string;
  /** What the resource says of itself (RFC 9728); challenges name the URL of that. */
  metadata?: {
    scopes_supported?: string;
    authorization_details_types?: string;
    resource_name?: string;
    resource_documentation?: string;
  };
  /** Issuer and endpoints may be http on loopback: for development. */
  plain_http_on_loopback?: boolean;
}

/** A request to the resource. */
export interface ResourceRequest {
  method: string;
  /** Absolute, and the program's own knowledge: never what a header field says. */
  url: string;
  headers: HeaderFields;
  /** The SHA-256 hash of the client certificate of the connection. */
  certificate?: Uint8Array;
}

/** What a request needs of its token. Lists are words with a space between them. */
export interface Needs {
  /** Any token for the resource will do. */
  any_token?: boolean;
  scope?: string;
  /** One of its authorization details must cover this (RFC 9396). One without a type is refused. */
  detail?: {
    type: string;
    actions?: string;
    datatypes?: string;
    privileges?: string;
    identifier?: string;
    /** Members that the caller looks at itself, in the claims. */
    judged_by_caller?: string;
  };
  /** The ways to authenticate of which one is needed (RFC 9470), the best one first. */
  acr_values?: string;
  /** The seconds within which the user must have authenticated; absent for any. */
  max_age?: Seconds;
}

export interface ResourceServer {
  /** Judges a request. */
  judge(request: ResourceRequest, given: { needs: Needs } & Now): Flow<Claims | Reply>;
  /** The document of `/.well-known/oauth-protected-resource`. */
  metadata(): Flow<Reply>;
  /** Zeros the configuration, and gives its memory back. */
  dispose(): void;
}

export interface Symbolon {
  readonly version: string;
  server(config: ServerConfig): Server;
  client(config: ClientConfig): Client;
  resource(config: ResourceConfig): ResourceServer;
  /** The row of a client, as the commit that stores it. `version` is that of the row that it replaces, if it does. */
  register(registration: Registration, version?: number | bigint): Commit;
}

/** Loads the module of this package, or another one that was built from it. */
export function init(module?: Source | Promise<Source>): Promise<Symbolon>;
