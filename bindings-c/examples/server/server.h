/* What the files of the server share. See server.c. */
#ifndef SERVER_H
#define SERVER_H

#include <microhttpd.h>
#include <symbolon.h>

/* ---- store.c: one table, and the loop that answers what flows ask ---------------------------------------------------- */

struct store;
struct row { uint64_t version; const uint8_t *value; size_t len; }; /* good until the next call */
enum store_answer { STORE_DOWN, STORE_YES, STORE_NO };

struct store *store_open(const char *path);
void store_close(struct store *store);
enum store_answer store_load(struct store *store, const uint8_t key[32], struct row *row); /* NO: there is no such row */
enum store_answer store_commit(struct store *store, const symbolon_commit *commit);         /* NO: not as expected */
void store_sweep(struct store *store, uint64_t now);

/* Drives a flow to its end; NULL if it was not started. */
const symbolon_done *drive(symbolon_flow *flow, symbolon_status started, struct store *store);

/* ---- keys.c: the signatures of clients ------------------------------------------------------------------------------- */

bool verify(const symbolon_verify *question);

/* ---- server.c: requests in, replies out ------------------------------------------------------------------------------ */

struct host {
    symbolon_server server;
    struct store *store;
    uint8_t cookie_key[32]; /* makes session cookies and CSRF tokens; drawn at the start, so a restart signs everybody out */
    /* The buffer of flows. One is enough, since one request is served at a time. */
    uint8_t *buffer;
    size_t buffer_len;
};

struct request {
    struct MHD_Connection *connection;
    const char *method;
    char *path;  /* as it came, not decoded */
    char *query; /* what follows the ?; "" for nothing */
    char *body;  /* ends in NUL, besides what it may hold */
    size_t body_len;
    symbolon_field *headers;
    size_t headers_len;
    bool begun, too_long;
};

uint64_t now(void);
void random_bytes(uint8_t *bytes, size_t len);
symbolon_str str(const char *text);

/* Sends a response, and gives up our hold on it. */
enum MHD_Result send_response(struct request *request, unsigned status, struct MHD_Response *response);
/* Sends what a flow ended in, if that is a reply. */
enum MHD_Result send_reply(struct request *request, const symbolon_done *done);

/* ---- visitor.c: who is there ----------------------------------------------------------------------------------------- */

/* On loopback there is no https. With it, these are __Host-symbolon-browser and __Host-symbolon-session, and Secure. */
#define BROWSER "symbolon-browser"
#define SESSION "symbolon-session"
#define ATTRIBUTES "; Path=/; HttpOnly; SameSite=Lax"
#define SESSION_LIFETIME (8 * 3600)

struct visitor {
    char browser[65];   /* what tells this browser from others: 32 random bytes; "" for none */
    char session[160];  /* user.time.mac, where the browser is under the mac */
    char csrf[65];      /* bound to both of these */
    const char *user;   /* NULL for nobody */
    uint64_t at;        /* when the user signed in */
};

int users_init(void);                                            /* 0 if it went well */
const char *user_of(const char *name, const char *password);     /* NULL if they are nobody's */
void hexadecimal(const uint8_t bytes[32], char text[65]);
struct visitor visitor(const struct host *host, struct request *request);
void session_of(const struct host *host, const char *browser, const char *user, uint64_t at, char session[160]);

/* Whether a form was sent from a page of ours that this browser was shown. */
bool is_ours(struct request *request, const struct visitor *visitor);
/* Writes every value of a field with spaces between them, and returns how many there are; 0 if they are too long. */
size_t form_values(const char *form, const char *name, char *out, size_t size);
/* The value of a field that is there once; "" for all else. */
void form_value(const char *form, const char *name, char *out, size_t size);

/* ---- pages.c: sign in, consent, and back to the client --------------------------------------------------------------- */

enum MHD_Result authorize(struct host *host, struct request *request);
enum MHD_Result interaction(struct host *host, struct request *request);
enum MHD_Result sign_in(struct host *host, struct request *request);
enum MHD_Result sign_out(struct host *host, struct request *request);
enum MHD_Result consent(struct host *host, struct request *request);
enum MHD_Result style(struct host *host, struct request *request);

#endif
