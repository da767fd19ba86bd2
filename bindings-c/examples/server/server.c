/* An authorization server in C: symbolon between libmicrohttpd and SQLite.
 *
 *     server PORT DATABASE [RESOURCE]
 *
 * It listens on 127.0.0.1, in plain http as the protocol allows there alone; port 0 takes a free one. RESOURCE is the URL
 * of the protected resource that tokens are for. Users and clients are those of a demonstration.
 *
 *     server.c   this: the requests and the replies, the clients, the start and the end
 *     pages.c    the pages on which a person signs in and consents
 *     visitor.c  the users, the cookies and the forms
 *     store.c    the table, and the loop that answers what flows ask
 *     keys.c     the signatures of clients, checked
 *
 * All of it runs in one thread. With more of them, each wants a buffer and a connection to the database of its own;
 * struct symbolon_server is for all. */
#define _POSIX_C_SOURCE 200809L
#include "server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The longest body that is read. The library refuses what is over its own, lower limit, and says so. */
#define BODY 65536

uint64_t now(void)
{
    return (uint64_t)time(NULL);
}

void random_bytes(uint8_t *bytes, size_t len)
{
    /* Up to 256 bytes come whole. Without them nothing here may go on. */
    if (getrandom(bytes, len, 0) != (ssize_t)len) abort();
}

symbolon_str str(const char *text)
{
    return (symbolon_str){text, strlen(text)};
}

/* ---- Requests and replies -------------------------------------------------------------------------------------------- */

enum MHD_Result send_response(struct request *request, unsigned status, struct MHD_Response *response)
{
    static const char *const fields[][2] = {
        {"Cache-Control", "no-store"},          {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Referrer-Policy", "no-referrer"},     {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
    };
    if (response == NULL) return MHD_NO;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (MHD_get_response_header(response, fields[i][0]) == NULL)
            MHD_add_response_header(response, fields[i][0], fields[i][1]);
    enum MHD_Result result = MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_text(struct request *request, unsigned status, const char *text)
{
    return send_response(request, status,
                         MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT));
}

enum MHD_Result send_reply(struct request *request, const symbolon_done *done)
{
    if (done == NULL || done->kind != SYMBOLON_REPLY) return send_text(request, 500, "something went wrong here\n");
    const symbolon_reply *reply = &done->of.reply;
    /* Neither a reason nor an event holds anything that a peer sent. */
    fprintf(stderr, "%s %u %.*s %.*s\n", request->path, (unsigned)reply->status, (int)done->reason.name.len,
            done->reason.name.ptr, (int)done->event.len, done->event.ptr);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply->body.len, (void *)reply->body.ptr, MHD_RESPMEM_MUST_COPY);
    for (size_t i = 0; response != NULL && i < reply->headers.len; i++) {
        const symbolon_field *field = &reply->headers.at[i];
        char *name = strndup(field->name.ptr, field->name.len);
        char *value = strndup((const char *)field->value.ptr, field->value.len);
        bool added = name != NULL && value != NULL && MHD_add_response_header(response, name, value) == MHD_YES;
        free(name);
        free(value);
        if (!added) {
            MHD_destroy_response(response);
            return MHD_NO;
        }
    }
    return send_response(request, reply->status, response);
}

typedef symbolon_status start_function(symbolon_flow *, const symbolon_server *, const symbolon_request *, uint64_t,
                                       uint8_t *, size_t);

static symbolon_request asked_of(struct request *request)
{
    symbolon_request asked = {str(request->method),
                              (uint8_t *)request->query, strlen(request->query),
                              request->headers,          request->headers_len,
                              (uint8_t *)request->body,  request->body_len, NULL};
    return asked;
}

static enum MHD_Result endpoint(struct host *host, struct request *request, start_function *start)
{
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    symbolon_request asked = asked_of(request);
    symbolon_status started = start(&flow, &host->server, &asked, now(), host->buffer, host->buffer_len);
    enum MHD_Result sent = send_reply(request, drive(&flow, started, host->store));
    symbolon_flow_wipe(&flow);
    return sent;
}

typedef symbolon_status drawing_function(symbolon_flow *, const symbolon_server *, const symbolon_request *, uint64_t,
                                         const uint8_t *, uint8_t *, size_t);

static enum MHD_Result drawing(struct host *host, struct request *request, drawing_function *start)
{
    uint8_t entropy[32];
    random_bytes(entropy, sizeof entropy);
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    symbolon_request asked = asked_of(request);
    symbolon_status started = start(&flow, &host->server, &asked, now(), entropy, host->buffer, host->buffer_len);
    enum MHD_Result sent = send_reply(request, drive(&flow, started, host->store));
    symbolon_flow_wipe(&flow);
    symbolon_wipe(entropy, sizeof entropy);
    return sent;
}

static enum MHD_Result push(struct host *host, struct request *request)
{
    return drawing(host, request, symbolon_push_start);
}

static enum MHD_Result token(struct host *host, struct request *request)
{
    return drawing(host, request, symbolon_token_start);
}

static enum MHD_Result revoke(struct host *host, struct request *request)
{
    return endpoint(host, request, symbolon_revoke_start);
}

static enum MHD_Result introspect(struct host *host, struct request *request)
{
    return endpoint(host, request, symbolon_introspect_start);
}

static enum MHD_Result metadata(struct host *host, struct request *request)
{
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    symbolon_status started = symbolon_metadata_start(&flow, &host->server, host->buffer, host->buffer_len);
    return send_reply(request, drive(&flow, started, host->store));
}

static enum MHD_Result add_header(void *place, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                  const char *value, size_t value_len)
{
    struct request *request = place;
    (void)kind;
    request->headers[request->headers_len++] =
        (symbolon_field){{name, name_len}, {(const uint8_t *)value, value == NULL ? 0 : value_len}};
    return MHD_YES;
}

static enum MHD_Result answer(struct host *host, struct request *request)
{
    static const struct { const char *path; enum MHD_Result (*answer)(struct host *, struct request *); } routes[] = {
        {"/.well-known/oauth-authorization-server", metadata},
        {"/par", push}, {"/authorize", authorize}, {"/token", token}, {"/revoke", revoke}, {"/introspect", introspect},
        {"/interaction", interaction}, {"/interaction/sign-in", sign_in}, {"/interaction/sign-out", sign_out},
        {"/interaction/consent", consent}, {"/style.css", style},
    };
    int count = MHD_get_connection_values(request->connection, MHD_HEADER_KIND, NULL, NULL);
    request->headers = calloc((size_t)count + 1, sizeof *request->headers);
    if (request->headers == NULL) return MHD_NO;
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, add_header, request);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(routes[i].path, request->path) == 0) {
            enum MHD_Result result = routes[i].answer(host, request);
            symbolon_wipe(host->buffer, host->buffer_len);
            return result;
        }
    return send_text(request, 404, "there is nothing here\n");
}

/* libmicrohttpd decodes the query; flows want it as it came. */
static void *begin(void *unused, const char *uri, struct MHD_Connection *connection)
{
    struct request *request = calloc(1, sizeof *request);
    (void)unused;
    if (request == NULL) return NULL;
    request->connection = connection;
    request->path = strdup(uri);
    request->body = calloc(1, BODY + 1);
    if (request->path != NULL) {
        char *mark = strchr(request->path, '?');
        request->query = mark == NULL ? request->path + strlen(uri) : mark + 1;
        if (mark != NULL) *mark = '\0';
    }
    return request;
}

static void end(void *unused, struct MHD_Connection *connection, void **place, enum MHD_RequestTerminationCode code)
{
    struct request *request = *place;
    (void)unused, (void)connection, (void)code;
    if (request == NULL) return;
    if (request->body != NULL) symbolon_wipe((uint8_t *)request->body, BODY);
    free(request->headers);
    free(request->body);
    free(request->path);
    free(request);
    *place = NULL;
}

static enum MHD_Result serve(void *host, struct MHD_Connection *connection, const char *url, const char *method,
                             const char *version, const char *data, size_t *len, void **place)
{
    struct request *request = *place;
    (void)connection, (void)url, (void)version;
    if (request == NULL || request->path == NULL || request->body == NULL) return MHD_NO;
    if (!request->begun) {
        request->begun = true;
        request->method = method;
        return MHD_YES;
    }
    if (*len == 0) return request->too_long ? send_text(request, 413, "too long\n") : answer(host, request);
    if (*len > BODY - request->body_len) {
        request->too_long = true;
    } else {
        memcpy(request->body + request->body_len, data, *len);
        request->body_len += *len;
    }
    *len = 0;
    return MHD_YES;
}

/* ---- The start and the end ------------------------------------------------------------------------------------------- */

static int register_client(struct host *host, const symbolon_registration *client)
{
    uint8_t *value = malloc(symbolon_client_row_size());
    symbolon_commit commit = {.expires_at = UINT64_MAX, .kind = SYMBOLON_STR("client"), .client_id = client->client_id};
    symbolon_reason why = {{NULL, 0}, {NULL, 0}, 0};
    struct row row;
    int failed = 1;
    if (value == NULL ||
        symbolon_register(client, commit.key, value, symbolon_client_row_size(), &commit.value.len, &why) != SYMBOLON_OK) {
        fprintf(stderr, "%.*s is refused: %.*s\n", (int)client->client_id.len, client->client_id.ptr, (int)why.name.len,
                why.name.ptr);
    } else {
        commit.value.ptr = value;
        enum store_answer found = store_load(host->store, commit.key, &row);
        commit.exists = found == STORE_YES;
        if (commit.exists) commit.expected = row.version;
        failed = found == STORE_DOWN || store_commit(host->store, &commit) != STORE_YES;
    }
    free(value);
    return failed;
}

static int register_clients(struct host *host, const char *resource)
{
    /* The secrets are a demonstration's: real ones are drawn for each client, and told to it alone. */
    symbolon_registration native = {
        .abi = SYMBOLON_ABI, .application_type = 2, .authentication = 1, .authorization_code = 1, .refresh_token = 1,
        .client_id = SYMBOLON_STR("native"), .client_name = SYMBOLON_STR("Notes on this computer"),
        .redirect_uris = SYMBOLON_STR("http://127.0.0.1/callback http://[::1]/callback"),
        .scope = SYMBOLON_STR("read write"), .default_scope = SYMBOLON_STR("read"), .resources = str(resource),
    };
    symbolon_registration web = native;
    web.client_id = str("web");
    web.client_name = str("Notes on the web");
    web.authentication = 2;
    web.secret = str("web-secret-f3pTq0nVb7Kx2LmZ");
    symbolon_registration post = web;
    post.client_id = str("web-post");
    post.authentication = 3;
    post.secret = str("web-post-secret-9RdYc4HsWj6G");
    symbolon_registration notes = {
        .abi = SYMBOLON_ABI, .application_type = 1, .authentication = 2, .client_id = SYMBOLON_STR("resource-server"),
        .client_name = SYMBOLON_STR("The notes themselves"),
        .secret = SYMBOLON_STR("resource-secret-Ub8eXk1QzN5v"), .serves = str(resource),
    };
    return register_client(host, &native) || register_client(host, &web) || register_client(host, &post) ||
           register_client(host, &notes);
}

/* The key of credentials lies beside the database, since rows and tokens outlive the process. */
static int read_key(const char *database, symbolon_credential_key *key)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s.key", database) >= sizeof path) return 1;
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    key->id = 1;
    if (file >= 0) {
        random_bytes(key->secret, sizeof key->secret);
        bool written = write(file, key->secret, sizeof key->secret) == sizeof key->secret && fsync(file) == 0;
        return close(file) != 0 || !written;
    }
    file = open(path, O_RDONLY);
    bool whole = file >= 0 && read(file, key->secret, sizeof key->secret) == sizeof key->secret;
    if (file >= 0) close(file);
    if (!whole) fprintf(stderr, "%s: not the 32 bytes of a key\n", path);
    return !whole;
}

static int configure(struct host *host, const char *issuer, const char *database)
{
    symbolon_credential_key key;
    static char endpoints[5][64]; /* The configuration points to them. */
    static const char *const paths[] = {"authorize", "token", "revoke", "introspect", "par"};
    for (size_t i = 0; i < 5; i++) snprintf(endpoints[i], sizeof endpoints[i], "%s/%s", issuer, paths[i]);
    if (read_key(database, &key) != 0) return 1;
    symbolon_server_config config = {
        .abi = SYMBOLON_ABI, .plain_http_on_loopback = 1, .issuer = str(issuer),
        .authorization_endpoint = str(endpoints[0]), .token_endpoint = str(endpoints[1]),
        .revocation_endpoint = str(endpoints[2]), .introspection_endpoint = str(endpoints[3]),
        .pushed_authorization_request_endpoint = str(endpoints[4]), .dpop_nonces = 1,
        .scopes_supported = SYMBOLON_STR("read write"), .keys = &key, .keys_len = 1,
    };
    symbolon_reason why = {{NULL, 0}, {NULL, 0}, 0};
    symbolon_status status = symbolon_server_init(&host->server, &config, &why);
    symbolon_wipe(key.secret, sizeof key.secret);
    if (status != SYMBOLON_OK)
        fprintf(stderr, "%s: %.*s\n", symbolon_strerror(status), (int)why.name.len, why.name.ptr);
    return status != SYMBOLON_OK;
}

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static int listen_on(const char *port, char *issuer, size_t issuer_len)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    socklen_t len = sizeof address;
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        perror("127.0.0.1");
        return -1;
    }
    snprintf(issuer, issuer_len, "http://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return listener;
}

int main(int argc, char **argv)
{
    static struct host host;
    static char issuer[40]; /* The configuration points to it. */
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s PORT DATABASE [RESOURCE]\n", argv[0]);
        return 2;
    }
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    int listener = listen_on(argv[1], issuer, sizeof issuer);
    host.buffer_len = symbolon_server_buffer();
    host.buffer = malloc(host.buffer_len);
    host.store = store_open(argv[2]);
    random_bytes(host.cookie_key, sizeof host.cookie_key);
    struct MHD_Daemon *daemon = NULL;
    if (listener >= 0 && host.buffer != NULL && host.store != NULL && configure(&host, issuer, argv[2]) == 0 &&
        register_clients(&host, argc == 4 ? argv[3] : "http://127.0.0.1:8081/notes") == 0 && users_init() == 0)
        daemon = MHD_start_daemon(MHD_USE_AUTO | MHD_USE_ERROR_LOG, 0, NULL, NULL, serve, &host, MHD_OPTION_LISTEN_SOCKET,
                                  listener, MHD_OPTION_URI_LOG_CALLBACK, begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, end, NULL,
                                  MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_CONNECTION_LIMIT, 256u, MHD_OPTION_END);
    if (daemon != NULL) {
        printf("listening on %s\n", issuer);
        fflush(stdout);
        for (uint64_t swept = 0; !stopped && MHD_run_wait(daemon, 1000) == MHD_YES;)
            if (now() >= swept + 30) store_sweep(host.store, swept = now());
        MHD_stop_daemon(daemon);
    }
    symbolon_wipe((uint8_t *)&host.server, sizeof host.server);
    if (host.store != NULL) store_close(host.store);
    free(host.buffer);
    return daemon == NULL;
}
