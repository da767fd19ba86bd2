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

/* ---- pages.c: sign in, consent, and back to the client --------------------------------------------------------------- */

int pages_init(void); /* 0 if it went well */
enum MHD_Result authorize(struct host *host, struct request *request);
enum MHD_Result interaction(struct host *host, struct request *request);
enum MHD_Result sign_in(struct host *host, struct request *request);
enum MHD_Result sign_out(struct host *host, struct request *request);
enum MHD_Result consent(struct host *host, struct request *request);
enum MHD_Result style(struct host *host, struct request *request);

#endif
