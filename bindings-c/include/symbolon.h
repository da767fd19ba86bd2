/*
 * symbolon: OAuth 2.0 for programs that do their own I/O. Authorization server, client and resource server.
 *
 * A request goes in, questions to the program come out, a reply ends it:
 *
 *     static symbolon_flow flow = SYMBOLON_FLOW_INIT;
 *     symbolon_token_start(&flow, &server, &request, now, entropy, buffer, sizeof buffer);
 *     for (;;) {
 *         const symbolon_step *step = symbolon_next(&flow);
 *         switch (step->kind) {
 *         case SYMBOLON_LOAD:   ... symbolon_answer_row(&flow, version, value, len); break;
 *         case SYMBOLON_COMMIT: ... symbolon_answer_committed(&flow); break;
 *         case SYMBOLON_DONE:   return &step->of.done;
 *         default:              symbolon_answer_unavailable(&flow);
 *         }
 *     }
 *
 * The caller's memory. Nothing is allocated here, and there is nothing to release. What a start function is lent (texts,
 * query, body, buffer, configuration) stays where it is, and untouched, until the flow has ended and its end was used: steps
 * point into it. Exceptions are named where they are. A buffer holds secrets afterwards: see symbolon_wipe.
 *
 * Texts are UTF-8 with a length, and do not end in NUL. NULL with length 0 is an absent text.
 *
 * Outputs are written on success only. No pointer may be NULL unless its comment says so; one that is, is refused.
 *
 * Threads. There are no globals. Flows are independent of one another; one flow is for one thread at a time. Configurations
 * do not change, and are for all threads. A flow must not be moved while it runs; configurations may be, while no flow uses them.
 *
 * Times are seconds since 1970-01-01T00:00:00Z; lifetimes are seconds; lengths are bytes.
 */
#ifndef SYMBOLON_H
#define SYMBOLON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SYMBOLON_VERSION "0.1.0"
/* The number of this binary interface. A library of another number refuses the storage that is initialized below. */
#define SYMBOLON_ABI 1

const char *symbolon_version(void);
uint32_t symbolon_abi(void);

#if defined(__GNUC__)
#define SYMBOLON_CHECK __attribute__((warn_unused_result))
#else
#define SYMBOLON_CHECK
#endif

/* Whether a call did what it was asked. What a peer did wrong is no status: it is a reply. */
typedef int32_t symbolon_status;
enum {
    SYMBOLON_OK = 0,
    SYMBOLON_ERR_NULL = -1,       /* a pointer is NULL that may not be */
    SYMBOLON_ERR_ABI = -2,        /* storage of another version of this interface, or never initialized */
    SYMBOLON_ERR_FLOW = -3,       /* a flow that was never started, was moved or was wiped */
    SYMBOLON_ERR_WRONG_STEP = -4, /* an answer to another question than the one asked; nothing has changed */
    SYMBOLON_ERR_TOO_SMALL = -5,  /* the buffer is too small: see symbolon_needed, and call again with a longer one */
    SYMBOLON_ERR_UTF8 = -6,       /* a text of the program's that is not UTF-8; what a peer sent may be any bytes */
    SYMBOLON_ERR_REFUSED = -7     /* a value is refused; the reason says why, where one is asked for */
};

/* Static text for people. */
const char *symbolon_strerror(symbolon_status status);

typedef struct symbolon_str { const char *ptr; size_t len; } symbolon_str;
typedef struct symbolon_bytes { const uint8_t *ptr; size_t len; } symbolon_bytes;
#define SYMBOLON_STR(literal) { "" literal, sizeof(literal) - 1 }

/* A header field. */
typedef struct symbolon_field { symbolon_str name; symbolon_bytes value; } symbolon_field;
#define SYMBOLON_FIELDS 6
typedef struct symbolon_fields { symbolon_field at[SYMBOLON_FIELDS]; size_t len; } symbolon_fields;

/* Why something was refused: for the log, never for the peer. Empty for no reason. */
typedef struct symbolon_reason {
    symbolon_str name;      /* as "CodeReplayed"; static text */
    symbolon_str parameter; /* the parameter, header field or member at fault, where one is */
    size_t limit;           /* the limit that was exceeded, where one was */
} symbolon_reason;

/* ---- What a flow does next ------------------------------------------------------------------------------------------- */

enum {
    SYMBOLON_NONE = 0,   /* there is no flow in this storage */
    SYMBOLON_LOAD = 1,   /* read one row */
    SYMBOLON_COMMIT = 2, /* write one row, if it is still as it was read */
    SYMBOLON_SIGN = 3,   /* sign bytes */
    SYMBOLON_VERIFY = 4, /* check a signature */
    SYMBOLON_SEND = 5,   /* make one HTTP exchange */
    SYMBOLON_DONE = 6    /* the end */
};

/* Answer with symbolon_answer_row or symbolon_answer_absent. The read is linearizable with commits. */
typedef struct symbolon_load {
    uint8_t key[32];
    symbolon_str kind; /* what the row would hold: "client", "grant", "session" */
} symbolon_load;

/* A compare-and-swap. Answer with symbolon_answer_committed when the row is durable, or with symbolon_answer_conflict if it
 * was not as expected. A write that was tried more than once, or whose end is not known, is symbolon_answer_unavailable. */
typedef struct symbolon_commit {
    uint8_t key[32];
    bool exists;           /* whether there must be a row, of the version below; if not, there must be none */
    uint64_t expected;     /* the version; the row has the next one afterwards, and a new row has 1 */
    bool delete_row;       /* whether the row is to be deleted */
    symbolon_bytes value;  /* the new value */
    uint64_t expires_at;   /* from then on the store may drop the row */
    symbolon_str kind, client_id, subject; /* labels, for the program's own screens: what it holds, whose it is, of whom */
} symbolon_commit;

/* Answer with symbolon_answer_signature, in the form of RFC 7518 section 3. */
typedef struct symbolon_sign { symbolon_str key_id; symbolon_bytes message; } symbolon_sign;

/* Answer with symbolon_answer_verdict. */
typedef struct symbolon_verify {
    symbolon_bytes key; /* a JWK with an alg (RFC 7517) */
    symbolon_bytes message, signature;
} symbolon_verify;

/* Answer with symbolon_answer_response, whatever the status. Redirects are never followed. TLS certificates are checked. */
typedef struct symbolon_send {
    symbolon_str method, url; /* the URL is absolute */
    symbolon_fields headers;
    symbolon_bytes body;
    bool plain_http;            /* whether http is allowed besides https */
    bool public_addresses_only; /* whether the address connected to must not be loopback, private or link-local */
    bool client_certificate;    /* whether the client's certificate is to be shown (RFC 8705); to others it never is */
    size_t body_cap;            /* a longer body is symbolon_answer_unavailable */
    uint32_t timeout;           /* after so many seconds it is symbolon_answer_unavailable */
} symbolon_send;

/* ---- What a flow ends in --------------------------------------------------------------------------------------------- */

enum {
    SYMBOLON_REPLY = 1, SYMBOLON_PROMPT = 2, SYMBOLON_SIGN_IN = 3, SYMBOLON_SIGNED_IN = 4, SYMBOLON_USABLE = 5,
    SYMBOLON_BUSY = 6, SYMBOLON_SIGN_IN_AGAIN = 7, SYMBOLON_SIGNED_OUT = 8, SYMBOLON_SERVER = 9, SYMBOLON_CLAIMS = 10,
    SYMBOLON_FAILED = 11, SYMBOLON_ANSWERED = 12, SYMBOLON_TOKEN_ENDED = 13, SYMBOLON_STEP_UP = 14,
    SYMBOLON_SCOPE_INSUFFICIENT = 15, SYMBOLON_USER_CLAIMS = 16, SYMBOLON_USER = 17
};

/* A reply, ready to be sent as it is. */
typedef struct symbolon_reply {
    uint32_t status;
    symbolon_fields headers; /* besides Content-Length and Date */
    symbolon_bytes body;
} symbolon_reply;

/* Authenticate the user, ask for consent, and go on with symbolon_decide_start. Nothing in it is safe in HTML unescaped. */
typedef struct symbolon_prompt {
    symbolon_str handle; /* names the interaction; the pages carry it along */
    symbolon_str client_id, client_name;
    symbolon_str client_host; /* of its metadata document, if nothing else is known of the client: show it; absent for others */
    symbolon_str redirect_uri;
    symbolon_str redirect_host; /* to be shown: the host of that, or the scheme if it has none */
    bool loopback;     /* the user will be sent to a program on their own machine: the page should warn */
    bool confidential; /* the client will have to authenticate; if not, consent must not be skipped */
    symbolon_str scope, resources;
    symbolon_str authorization_details; /* as JSON (RFC 9396); empty for none */
    symbolon_str prompt;          /* how to ask: empty, none, or some of login, consent and select_account */
    uint64_t authenticated_since; /* a sign-in before that time does not do: authenticate the user anew; 0 if any does */
    symbolon_str login_hint;      /* who the user might be: it proves nothing */
    symbolon_str acr_values;      /* the authentication context classes asked for, the best first; empty for any */
    uint64_t expires_at;
    symbolon_str refusal, refusal_parameter; /* why an error waits to be told to the client, and its parameter; empty for none */
} symbolon_prompt;

/* Send the user to this URL; the session has this key. */
typedef struct symbolon_sign_in { symbolon_str url; uint8_t session[32]; } symbolon_sign_in;

/* The session has tokens. */
typedef struct symbolon_signed_in {
    uint8_t session[32];
    symbolon_str access_token; /* to be sent to the resources below and to no other */
    symbolon_str key_id;       /* the key of which each request needs a proof (RFC 9449); absent for a Bearer token */
    uint64_t expires_at;       /* 0 if the server did not say */
    symbolon_str scope;
    bool scope_is_wider; /* the server granted more than it was asked for */
    symbolon_str resources;
    symbolon_str subject;      /* the user, if the sign-in was one of OpenID Connect; with the issuer, this is who they are */
    uint64_t authenticated_at; /* 0 if the server did not say */
} symbolon_signed_in;

/* The session has an access token that works: the same members. */
typedef struct symbolon_usable {
    symbolon_str access_token, key_id;
    uint64_t expires_at;
    symbolon_str scope;
    bool scope_is_wider;
    symbolon_str resources, subject;
    uint64_t authenticated_at;
} symbolon_usable;

/* The session is being refreshed elsewhere; ask again soon. */
typedef struct symbolon_busy { uint64_t until; } symbolon_busy;

/* The session is gone. */
typedef struct symbolon_signed_out { bool at_server; /* whether the server has revoked its tokens */ } symbolon_signed_out;

/* What a client knows of its server: opaque. */
typedef struct symbolon_metadata { uint64_t opaque[43]; } symbolon_metadata;

/* The server was found. */
typedef struct symbolon_server_found {
    symbolon_str issuer, authorization_endpoint, token_endpoint;
    symbolon_str revocation_endpoint, introspection_endpoint; /* empty if it has none */
    bool sends_iss;
    symbolon_metadata metadata; /* for the other flows of the client; points into the flow's buffer */
} symbolon_server_found;

/* The request may be served, within these claims. */
typedef struct symbolon_claims {
    symbolon_str client_id, sub;
    bool sub_is_client; /* the client acts for itself: no user is behind the token */
    symbolon_str scope;
    symbolon_str authorization_details; /* those that cover what is needed, as a JSON array */
    symbolon_str acr;                   /* how the user authenticated; empty if the issuer did not say */
    uint64_t auth_time;                 /* when; 0 if the issuer did not say, as exp */
    uint64_t exp;
    symbolon_str jti;
    symbolon_str sender;     /* "bearer", or the key that was proven: "dpop" or "certificate" */
    symbolon_str dpop_nonce; /* to be sent as DPoP-Nonce with the response; empty for none */
} symbolon_claims;

/* A resource has answered, well or not. */
typedef struct symbolon_answered {
    uint32_t status;
    symbolon_bytes headers; /* those that were wanted, each as a line: name, colon and space, value, CR LF */
    symbolon_bytes body;
} symbolon_answered;

/* The access token has ended, or the resource has refused it as invalid: have another, and ask again. */
typedef struct symbolon_token_ended { symbolon_str rejected; /* absent if none was refused */ } symbolon_token_ended;

/* The user must authenticate as the resource needs it (RFC 9470): begin a sign-in that asks for this. Its words. */
typedef struct symbolon_step_up {
    symbolon_str acr_values; /* empty if it does not say, as scope */
    bool has_max_age;
    uint64_t max_age;
    symbolon_str scope;
} symbolon_step_up;

/* The access token does not hold the scope that the resource needs; empty if it does not say which. */
typedef struct symbolon_scope_insufficient { symbolon_str scope; } symbolon_scope_insufficient;

/* What the server says of the user whom the ID token has named. With the issuer, subject alone is who they are. */
typedef struct symbolon_user_claims { symbolon_str subject, claims; /* as JSON */ } symbolon_user_claims;

/* Reply with the claims about this user that `scope` allows, as application/json with Cache-Control: no-store. */
typedef struct symbolon_user {
    symbolon_str subject, client_id, scope;
    symbolon_str body;       /* a JSON object with "sub" alone: the other claims go before its last brace */
    symbolon_str dpop_nonce; /* to be sent as DPoP-Nonce with the response; absent for none */
} symbolon_user;

/* Of SYMBOLON_FAILED and SYMBOLON_SIGN_IN_AGAIN: what the server said, if it was the server that refused. Another party's
 * words, in printable ASCII without quotation marks. */
typedef struct symbolon_failure { symbolon_str error, error_description; } symbolon_failure;

typedef struct symbolon_done {
    uint32_t kind;
    symbolon_reason reason; /* why it was refused or failed */
    symbolon_str event;     /* what belongs into the audit log, as "RefreshTokenReused"; empty for nothing; static text */
    union {
        symbolon_reply reply; symbolon_prompt prompt; symbolon_sign_in sign_in; symbolon_signed_in signed_in;
        symbolon_usable usable; symbolon_busy busy; symbolon_signed_out signed_out; symbolon_server_found server;
        symbolon_claims claims; symbolon_answered answered; symbolon_token_ended token_ended; symbolon_step_up step_up;
        symbolon_scope_insufficient scope_insufficient; symbolon_user_claims user_claims; symbolon_user user;
        symbolon_failure failure;
    } of;
} symbolon_done;

typedef struct symbolon_step {
    uint32_t kind;
    union {
        symbolon_load load; symbolon_commit commit; symbolon_sign sign; symbolon_verify verify; symbolon_send send;
        symbolon_done done;
    } of;
} symbolon_step;

/* ---- Flows ----------------------------------------------------------------------------------------------------------- */

/* The storage of any flow: opaque. It is started with one of the functions further down, and can be started again; that ends
 * what was in it, even if it is refused. */
#define SYMBOLON_FLOW_STATE 1024
typedef struct symbolon_flow {
    uint32_t abi, size;
    size_t opaque[3];
    symbolon_step step;
    uint64_t state[SYMBOLON_FLOW_STATE / 8];
} symbolon_flow;
#define SYMBOLON_FLOW_INIT { SYMBOLON_ABI, (uint32_t)sizeof(symbolon_flow), {0, 0, 0}, {0, {{{0}, {0, 0}}}}, {0} }

size_t symbolon_flow_size(void); /* sizeof(symbolon_flow), as the library has it */

/* The next step; it is of kind SYMBOLON_NONE where there is no flow. Good until the next answer. */
const symbolon_step *symbolon_next(const symbolon_flow *flow);

/* How long the buffer must be that a start function found too small. */
size_t symbolon_needed(const symbolon_flow *flow); /* 0 of storage of another version */

/* The answers. Their arguments are lent for the call alone; the body of a response is overwritten. */
SYMBOLON_CHECK symbolon_status symbolon_answer_row(symbolon_flow *flow, uint64_t version, const uint8_t *value, size_t len);
SYMBOLON_CHECK symbolon_status symbolon_answer_absent(symbolon_flow *flow);
SYMBOLON_CHECK symbolon_status symbolon_answer_committed(symbolon_flow *flow);
SYMBOLON_CHECK symbolon_status symbolon_answer_conflict(symbolon_flow *flow);
SYMBOLON_CHECK symbolon_status symbolon_answer_signature(symbolon_flow *flow, const uint8_t *signature, size_t len);
SYMBOLON_CHECK symbolon_status symbolon_answer_verdict(symbolon_flow *flow, uint32_t valid); /* 1 is valid, all else is not */
SYMBOLON_CHECK symbolon_status symbolon_answer_response(symbolon_flow *flow, uint32_t status, const symbolon_field *headers,
    size_t headers_len, uint8_t *body, size_t body_len);
/* Answers any question: the store, the key or the peer cannot be reached. */
SYMBOLON_CHECK symbolon_status symbolon_answer_unavailable(symbolon_flow *flow);

/* Zeros what a flow holds. Storage of another version stays as it is. */
void symbolon_flow_wipe(symbolon_flow *flow);
void symbolon_wipe(uint8_t *bytes, size_t len);

/* ---- Authorization server -------------------------------------------------------------------------------------------- */

/* A secret that credentials are made with: 32 random bytes. */
typedef struct symbolon_credential_key { uint8_t id; uint8_t secret[32]; } symbolon_credential_key;

/* The public half of a key that the program signs with. */
typedef struct symbolon_signing_key {
    symbolon_str key_id;
    symbolon_str algorithm; /* ES256, EdDSA, PS256 or RS256 */
    symbolon_str jwk;       /* with this kid and alg */
} symbolon_signing_key;

/* Lifetimes of 0 are the default: 600, 60, 60, 600 seconds, 30 days, 90 days, 30 seconds. */
typedef struct symbolon_server_config {
    uint32_t abi;                    /* SYMBOLON_ABI */
    uint32_t plain_http_on_loopback; /* 1 if the issuer may be http on loopback: for development */
    symbolon_str issuer, authorization_endpoint, token_endpoint, revocation_endpoint, introspection_endpoint;
    symbolon_str pushed_authorization_request_endpoint; /* empty, as the two below, if the server has none */
    symbolon_str jwks_uri, userinfo_endpoint;
    symbolon_str scopes_supported;
    symbolon_str protected_resources; /* what a client of a metadata document alone may ask for, besides the scopes above */
    symbolon_str authorization_details_types; /* that the server knows (RFC 9396) */
    uint32_t pushed_requests_only;         /* 1 if every client must push its authorization requests */
    uint32_t client_id_metadata_documents; /* 1 if a client may be known by the URL of its metadata document alone */
    const symbolon_credential_key *keys; /* the first one makes new credentials; lent for the call */
    size_t keys_len;
    const symbolon_signing_key *signing_keys; /* the first one signs, all are published; lent for the call, but for the texts */
    size_t signing_keys_len;
    uint32_t jwt_access_tokens;  /* 1 if access tokens are JWTs (RFC 9068), else they are opaque */
    uint32_t sender_constrained; /* 1 if every client's tokens must be bound to a key */
    uint32_t dpop_nonces;        /* 1 if a DPoP proof must hold a nonce of this server */
    uint64_t interaction_lifetime, pushed_request_lifetime, code_lifetime, access_token_lifetime, refresh_token_lifetime;
    uint64_t grant_lifetime, retry_lifetime;
} symbolon_server_config;

typedef struct symbolon_server { uint64_t opaque[193]; } symbolon_server;
size_t symbolon_server_size(void);
size_t symbolon_server_buffer(void); /* the buffer that its flows need */

/* Here and below, the texts of a configuration are lent for as long as the role is in use, not for the call alone. Both hold
 * secrets: zero both with symbolon_wipe when they are used no more. why may be NULL. */
SYMBOLON_CHECK symbolon_status symbolon_server_init(symbolon_server *server, const symbolon_server_config *config,
    symbolon_reason *why);

/* A client's registration. Lists have one space between their words. */
typedef struct symbolon_registration {
    uint32_t abi;                /* SYMBOLON_ABI */
    uint32_t application_type;   /* 1 web, 2 native, 3 native with a port that may vary for localhost too */
    uint32_t authentication;     /* 1 none, 2 client_secret_basic, 3 client_secret_post, 4 private_key_jwt, 5 tls_client_auth,
                                    6 self_signed_tls_client_auth */
    uint32_t authorization_code; /* 1 if it may use this grant */
    uint32_t refresh_token;      /* 1 if it gets refresh tokens */
    uint32_t client_credentials; /* 1 if it may act for itself */
    uint32_t sender_constrained; /* 1 if its tokens must be bound to a key */
    uint32_t pushed_requests_only; /* 1 if it must push its authorization requests */
    uint32_t disabled;           /* 1 if it is shut out */
    symbolon_str client_id, client_name;
    symbolon_str secret, previous_secret; /* drawn at random, with 128 bits of entropy or more; the one that it replaces */
    symbolon_str jwks, jwks_uri; /* its public keys, as a JWK set, or where such a set is */
    symbolon_str token_endpoint_auth_signing_alg; /* of its assertions; empty if its keys say it */
    symbolon_str tls_client_auth_subject_dn; /* whom its certificate is for: one of these five, as RFC 4514 writes it, */
    symbolon_str tls_client_auth_san_dns, tls_client_auth_san_uri, tls_client_auth_san_ip, tls_client_auth_san_email;
    symbolon_str redirect_uris, scope, default_scope, resources;
    symbolon_str authorization_details_types; /* that it may ask for */
    symbolon_str serves; /* the resources that it serves, and whose tokens it may introspect */
} symbolon_registration;

/* Writes the key and the value of the client's row, for the program to store. The texts are lent for the call. */
SYMBOLON_CHECK symbolon_status symbolon_register(const symbolon_registration *registration, uint8_t key[32], uint8_t *row,
    size_t row_len, size_t *written, symbolon_reason *why);
size_t symbolon_client_row_size(void); /* the longest row */

/* A client certificate of which the TLS handshake has shown that the client holds its key: from the connection, or from a proxy
 * of the program's own that strips what others send. Lists have one space between their names. */
typedef struct symbolon_certificate {
    uint8_t thumbprint[32];  /* the SHA-256 of its DER encoding */
    uint32_t chain_verified; /* 1 if it leads to an authority that may name clients; 0 for a self-signed one */
    symbolon_str subject;    /* as RFC 4514 writes it */
    symbolon_str dns, uri, ip, email; /* its alternative names */
} symbolon_certificate;

/* A request as it arrived. Query and body are overwritten. The struct and the header fields are lent for the call. */
typedef struct symbolon_request {
    symbolon_str method;
    uint8_t *query; /* what follows the ? */
    size_t query_len;
    const symbolon_field *headers; /* every one, in order, repetitions included */
    size_t headers_len;
    uint8_t *body;
    size_t body_len;
    const symbolon_certificate *certificate; /* NULL for none */
} symbolon_request;

/* browser is what binds the user's browser: a random cookie of 16 bytes or more. One that is shorter, or missing, is
 * SYMBOLON_ERR_REFUSED, here and below: set a cookie before a user is sent here. entropy is 32 bytes, drawn anew. */
SYMBOLON_CHECK symbolon_status symbolon_authorize_start(symbolon_flow *flow, const symbolon_server *server,
    const symbolon_request *request, symbolon_bytes browser, uint64_t now, const uint8_t entropy[32], uint8_t *buffer,
    size_t buffer_len);
/* A client pushes its authorization request (RFC 9126). */
SYMBOLON_CHECK symbolon_status symbolon_push_start(symbolon_flow *flow, const symbolon_server *server,
    const symbolon_request *request, uint64_t now, const uint8_t entropy[32], uint8_t *buffer, size_t buffer_len);
SYMBOLON_CHECK symbolon_status symbolon_resume_start(symbolon_flow *flow, const symbolon_server *server, symbolon_str handle,
    symbolon_bytes browser, uint64_t now, uint8_t *buffer, size_t buffer_len);

typedef struct symbolon_decision {
    symbolon_str subject; /* the user: 1 to 255 printable ASCII characters */
    uint64_t authenticated_at;
    uint32_t approved;  /* 1 if the user approves, 2 if acr_values cannot be met, all else is a refusal */
    uint32_t unasked;   /* why prompt=none cannot be met, and then nothing else here counts: 1 login_required,
                           2 consent_required, 3 account_selection_required, 4 interaction_required; else 0 */
    symbolon_str scope; /* what is approved */
    symbolon_str authorization_details; /* what of these is approved, as JSON; empty for none */
    symbolon_str acr, amr; /* the context class of the authentication, and its methods with a space between; may be empty */
} symbolon_decision;
SYMBOLON_CHECK symbolon_status symbolon_decide_start(symbolon_flow *flow, const symbolon_server *server, symbolon_str handle,
    symbolon_bytes browser, const symbolon_decision *decision, uint64_t now, uint8_t *buffer, size_t buffer_len);
SYMBOLON_CHECK symbolon_status symbolon_token_start(symbolon_flow *flow, const symbolon_server *server,
    const symbolon_request *request, uint64_t now, const uint8_t entropy[32], uint8_t *buffer, size_t buffer_len);
SYMBOLON_CHECK symbolon_status symbolon_revoke_start(symbolon_flow *flow, const symbolon_server *server,
    const symbolon_request *request, uint64_t now, uint8_t *buffer, size_t buffer_len);
SYMBOLON_CHECK symbolon_status symbolon_introspect_start(symbolon_flow *flow, const symbolon_server *server,
    const symbolon_request *request, uint64_t now, uint8_t *buffer, size_t buffer_len);
SYMBOLON_CHECK symbolon_status symbolon_userinfo_start(symbolon_flow *flow, const symbolon_server *server,
    const symbolon_request *request, uint64_t now, uint8_t *buffer, size_t buffer_len);
SYMBOLON_CHECK symbolon_status symbolon_metadata_start(symbolon_flow *flow, const symbolon_server *server, uint8_t *buffer,
    size_t buffer_len);
SYMBOLON_CHECK symbolon_status symbolon_jwks_start(symbolon_flow *flow, const symbolon_server *server, uint8_t *buffer,
    size_t buffer_len);

/* ---- Client ---------------------------------------------------------------------------------------------------------- */

typedef struct symbolon_client_config {
    uint32_t abi;                    /* SYMBOLON_ABI */
    uint32_t authentication;         /* as of a registration */
    uint32_t binding;                /* its tokens are bound to: 1 nothing, 2 a key (RFC 9449), 3 its certificate (RFC 8705) */
    uint32_t mix_up_defense;         /* 1 iss, 2 a redirect_uri of this server's own, 3 the only server there will be */
    uint32_t pushed_requests_only;   /* 1 to push every authorization request, else if the server demands it (RFC 9126) */
    uint32_t plain_http_on_loopback; /* 1 if the server may be http on loopback: for development */
    uint32_t private_addresses;      /* 1 if the server may have a private address */
    symbolon_str issuer, client_id, client_secret;
    const symbolon_signing_key *assertion_key; /* of private_key_jwt, else NULL; keys are lent for the call, but for the texts */
    const symbolon_signing_key *dpop_keys; /* the first one for what begins now, the others for sessions that began with them */
    size_t dpop_keys_len;
    symbolon_str id_token_algorithm; /* that it is registered with; empty for RS256 */
    symbolon_str redirect_uri;
    symbolon_str scope;     /* what to ask for if a sign-in names nothing else */
    symbolon_str resources; /* what tokens are for, with one space between them */
    uint64_t sign_in_lifetime, session_lifetime; /* 0 for 600 seconds, for 90 days */
} symbolon_client_config;

typedef struct symbolon_client { uint64_t opaque[66]; } symbolon_client;
size_t symbolon_client_size(void);
size_t symbolon_client_buffer(void);
size_t symbolon_metadata_size(void);
SYMBOLON_CHECK symbolon_status symbolon_client_init(symbolon_client *client, const symbolon_client_config *config,
    symbolon_reason *why);

/* Reads a metadata document that the program has kept. It is overwritten, and lent while the metadata is in use. */
SYMBOLON_CHECK symbolon_status symbolon_metadata_read(symbolon_metadata *metadata, const symbolon_client *client,
    uint8_t *document, size_t len, symbolon_reason *why);

/* well_known is where the document is: 1 oauth-authorization-server (RFC 8414), 2 openid-configuration (OpenID Connect
 * Discovery), 3 the same, inserted before the path of the issuer. known is what was known of the server before, or NULL: a
 * document that no longer promises what protects is then refused. */
SYMBOLON_CHECK symbolon_status symbolon_client_discover_start(symbolon_flow *flow, const symbolon_client *client,
    uint32_t well_known, const symbolon_metadata *known, uint8_t *buffer, size_t buffer_len);

/* What a sign-in asks for. With openid in its scope it is one of OpenID Connect, whose acr and auth_time are checked. */
typedef struct symbolon_authorization_request {
    symbolon_str scope;      /* absent for the client's own */
    symbolon_str acr_values; /* the authentication context classes that will do, with a space between them; empty for any */
    symbolon_str prompt;     /* empty for the server's choice */
    symbolon_str login_hint; /* absent for none */
    uint32_t has_max_age;    /* 1 if the next member counts */
    uint64_t max_age;        /* the seconds within which the user must have been authenticated */
} symbolon_authorization_request;
/* request may be NULL, if the client's own scope is all that is asked for. */
SYMBOLON_CHECK symbolon_status symbolon_client_authorize_start(symbolon_flow *flow, const symbolon_client *client,
    const symbolon_metadata *metadata, symbolon_bytes browser, const symbolon_authorization_request *request, uint64_t now,
    const uint8_t entropy[32], uint8_t *buffer, size_t buffer_len);
/* query is what came to the redirection URI after the ?; it is overwritten. */
SYMBOLON_CHECK symbolon_status symbolon_client_callback_start(symbolon_flow *flow, const symbolon_client *client,
    const symbolon_metadata *metadata, uint8_t *query, size_t query_len, symbolon_bytes browser, uint64_t now, uint8_t *buffer,
    size_t buffer_len);
/* rejected is the access token that a resource has refused as invalid, if one has. */
SYMBOLON_CHECK symbolon_status symbolon_client_refresh_start(symbolon_flow *flow, const symbolon_client *client,
    const symbolon_metadata *metadata, const uint8_t session[32], symbolon_str rejected, uint64_t now, uint8_t *buffer,
    size_t buffer_len);
/* An access token of the client's own, without a user; ends in SYMBOLON_SIGNED_IN. An absent scope is the client's own. */
SYMBOLON_CHECK symbolon_status symbolon_client_credentials_start(symbolon_flow *flow, const symbolon_client *client,
    const symbolon_metadata *metadata, symbolon_str scope, symbolon_str rejected, uint64_t now, const uint8_t entropy[32],
    uint8_t *buffer, size_t buffer_len);

/* What is asked of a resource with the session's token: a bound one goes with a proof (RFC 9449), and never as Bearer. Header
 * fields that are not here the program adds to the exchange when it makes it. */
typedef struct symbolon_client_request {
    symbolon_str method;   /* GET, HEAD, POST, PUT, PATCH or DELETE */
    symbolon_str url;
    symbolon_str resource; /* that the URL must be at or below; one of those that the session's tokens are for */
    symbolon_str accept, content_type; /* empty for none */
    const uint8_t *body;   /* lent until the flow has ended, as the texts */
    size_t body_len;
    symbolon_str wanted;   /* the names of the response's header fields to be seen, with a space between them */
    uint32_t body_cap;     /* of the response; 0 for 64 KiB. What is over that must be in the buffer besides */
} symbolon_client_request;
SYMBOLON_CHECK symbolon_status symbolon_client_request_start(symbolon_flow *flow, const symbolon_client *client,
    const uint8_t session[32], const symbolon_client_request *request, uint64_t now, const uint8_t entropy[32], uint8_t *buffer,
    size_t buffer_len);
/* Asks the server about the user of a session whose sign-in was one of OpenID Connect. */
SYMBOLON_CHECK symbolon_status symbolon_client_userinfo_start(symbolon_flow *flow, const symbolon_client *client,
    const symbolon_metadata *metadata, const uint8_t session[32], uint64_t now, const uint8_t entropy[32], uint8_t *buffer,
    size_t buffer_len);
SYMBOLON_CHECK symbolon_status symbolon_client_revoke_start(symbolon_flow *flow, const symbolon_client *client,
    const symbolon_metadata *metadata, const uint8_t session[32], uint64_t now, uint8_t *buffer, size_t buffer_len);

/* ---- Resource server ------------------------------------------------------------------------------------------------- */

typedef struct symbolon_resource_config {
    uint32_t abi;                    /* SYMBOLON_ABI */
    uint32_t plain_http_on_loopback; /* 1 if issuer and endpoints may be http on loopback: for development */
    uint32_t access_tokens;          /* what they look like: 1 opaque, 2 JWTs (RFC 9068); never guessed from a token */
    uint32_t accepts_bearer;      /* 1 to serve whoever has a token that is bound to no key, */
    uint32_t accepts_dpop;        /* who proves the key that its token is bound to (RFC 9449), */
    uint32_t accepts_certificate; /* who shows the certificate that its token is bound to (RFC 8705) */
    uint32_t has_metadata;        /* 1 if the last members are published, and challenges name their URL (RFC 9728) */
    symbolon_str resource, issuer;
    symbolon_str introspection_endpoint; /* of opaque tokens, */
    symbolon_str client_id, client_secret;
    symbolon_str jwks, jwks_uri; /* of JWTs: the issuer's JWK set, if it never changes, or where it is published; */
    symbolon_str algorithm; /* that of RSA keys that name none; empty for none */
    const symbolon_credential_key *keys; /* of the nonces that DPoP proofs must bear, lent for the call; none: no nonces */
    size_t keys_len;
    symbolon_str realm; /* empty for none */
    symbolon_str scopes_supported, authorization_details_types, resource_name, resource_documentation;
} symbolon_resource_config;

typedef struct symbolon_resource_server { uint64_t opaque[164]; } symbolon_resource_server;
size_t symbolon_resource_size(void);
size_t symbolon_resource_buffer(void);
SYMBOLON_CHECK symbolon_status symbolon_resource_init(symbolon_resource_server *server, const symbolon_resource_config *config,
    symbolon_reason *why);

/* A request to the resource. The URL is absolute, and the program's own knowledge: never what a header field says. */
typedef struct symbolon_resource_request {
    symbolon_str method, url;
    const symbolon_field *headers; /* every one of them, in order */
    size_t headers_len;
    const uint8_t *certificate; /* the SHA-256 hash of the client certificate of the connection: 32 bytes, or none */
    size_t certificate_len;
} symbolon_resource_request;

/* What a request needs of its token. Lists are words with a space between them. A detail (RFC 9396) is needed if one of its
 * members is not empty, and must have a type then. A request that needs nothing must say so: any_token. */
typedef struct symbolon_needs {
    uint32_t any_token; /* 1 if any token for the resource will do */
    symbolon_str scope, detail_type, detail_actions, detail_datatypes, detail_privileges, detail_identifier;
    symbolon_str detail_judged_by_caller; /* members that the caller looks at itself, in the claims */
    symbolon_str acr_values; /* the ways to authenticate of which one is needed (RFC 9470), the best one first */
    uint32_t has_max_age;    /* 1 if the next member counts */
    uint64_t max_age;        /* the seconds within which the user must have authenticated */
} symbolon_needs;

/* Judges a request, which is lent for the call. What it needs is lent until the flow has ended. */
SYMBOLON_CHECK symbolon_status symbolon_judge_start(symbolon_flow *flow, const symbolon_resource_server *server,
    const symbolon_resource_request *request, const symbolon_needs *needs, uint64_t now, uint8_t *buffer, size_t buffer_len);

/* Ends at once in the reply for /.well-known/oauth-protected-resource and the path of the resource (RFC 9728 section 3). */
SYMBOLON_CHECK symbolon_status symbolon_resource_metadata_start(symbolon_flow *flow, const symbolon_resource_server *server,
    uint8_t *buffer, size_t buffer_len);

/* ---- Descriptions: for those who read and write these structs without knowing them, such as bindings ------------------- */

enum {
    SYMBOLON_BOOL = 1, SYMBOLON_U32 = 2, SYMBOLON_U64 = 3, SYMBOLON_SIZE = 4, SYMBOLON_TEXT = 5, SYMBOLON_BYTES = 6,
    SYMBOLON_KEY = 7, SYMBOLON_HEADERS = 8, SYMBOLON_POINTER = 9, SYMBOLON_OPAQUE = 10
};
typedef struct symbolon_member { symbolon_str name; uint32_t member_type; uint32_t offset; } symbolon_member;
typedef struct symbolon_description {
    symbolon_str name;
    const symbolon_member *members;
    size_t members_len;
    uint32_t offset, size; /* offset is where it is in a symbolon_step; 0 for a struct that is no part of one */
} symbolon_description;

const symbolon_description *symbolon_describe_step(uint32_t kind); /* NULL for none, here and below */
const symbolon_description *symbolon_describe_end(uint32_t kind);
const symbolon_description *symbolon_describe_input(size_t place); /* one by one, until NULL */

#ifdef __cplusplus
}
#endif

#endif
