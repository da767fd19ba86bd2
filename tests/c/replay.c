/*
 * Replays a tape through the C library: tests/src/transcript/tape.rs says what its lines mean. Reads it on stdin, prints each
 * flow that differs, and at last `N passed, N failed`. It expects nothing by itself but what holds of every call: a buffer that
 * is one byte too short is refused, and so is the answer to another question.
 *
 * What is lent to the library is allocated at its exact size, and freed as soon as the header says that it may be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolon.h"
#include "text.h"
#include "described.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The flow that runs ---------------------------------------------------------------------------------------------- */

static const symbolon_flow fresh = SYMBOLON_FLOW_INIT;
static symbolon_flow flow;
static symbolon_server server;
static symbolon_client client;
static symbolon_metadata metadata;
static symbolon_resource_server resource_server;
static uint8_t *buffer;

static symbolon_server_config server_config;
static symbolon_client_config client_config;
static symbolon_resource_config resource_config;
static symbolon_request request;
static symbolon_certificate certificate;
static symbolon_resource_request resource_request;
static symbolon_needs needs;
static symbolon_decision decision;
static symbolon_authorization_request authorization_request;
static symbolon_client_request client_request;
static const struct { const char *name; void *at; } structs[] = {
    {"server_config", &server_config}, {"client_config", &client_config}, {"resource_config", &resource_config},
    {"request", &request}, {"certificate", &certificate}, {"decision", &decision},
    {"resource_request", &resource_request}, {"needs", &needs}, {"authorization_request", &authorization_request},
    {"client_request", &client_request},
};

static word browser, now, entropy, handle, scope, session, rejected, document, well_known;
static const struct { const char *name; word *at; } arguments[] = {
    {"browser", &browser}, {"now", &now}, {"entropy", &entropy}, {"handle", &handle}, {"scope", &scope},
    {"session", &session}, {"rejected", &rejected}, {"document", &document}, {"well_known", &well_known},
};

/* The response that the next answer gives. */
static symbolon_field headers[64];
static size_t headers_len;

static text title, shown;
static size_t shown_up_to;
static bool is_running, has_certificate;
static unsigned passed, failed;

static void fail(const char *what, const char *expected, const char *got)
{
    if (!is_running)
        return;
    printf("%s: %s\n", title.at, what);
    if (expected)
        printf("  - %s\n", expected);
    if (got)
        printf("  + %s\n", got);
    failed++;
    is_running = false;
}

static void expect_status(const char *what, symbolon_status expected, symbolon_status got)
{
    if (got != expected)
        fail(what, symbolon_strerror(expected), symbolon_strerror(got));
}

/* ---- Steps ----------------------------------------------------------------------------------------------------------- */

static void show_step(void)
{
    const symbolon_step *step = symbolon_next(&flow);
    shown.len = shown_up_to = 0;
    put(&shown, "", 0);
    if (step->kind == SYMBOLON_NONE)
        fail("there is no step", NULL, NULL);
    show_struct(&shown, step, symbolon_describe_step(step->kind));
    if (step->kind == SYMBOLON_DONE)
        show_struct(&shown, step, symbolon_describe_end(step->of.done.kind));
}

/* An answer to another question is refused, and nothing changes. */
static void answer_wrongly(void)
{
    word before = {(uint8_t *)shown.at, shown.len + 1};
    uint32_t kind = symbolon_next(&flow)->kind;
    symbolon_status status = kind == SYMBOLON_LOAD   ? symbolon_answer_committed(&flow)
                             : kind == SYMBOLON_DONE ? symbolon_answer_unavailable(&flow)
                                                     : symbolon_answer_absent(&flow);
    expect_status("an answer to another question", SYMBOLON_ERR_WRONG_STEP, status);
    before = copy(before);
    show_step();
    if (strcmp((char *)before.at, shown.at) != 0)
        fail("an answer to another question has changed the flow", NULL, NULL);
    free(before.at);
}

/* ---- The lines of a tape --------------------------------------------------------------------------------------------- */

static void free_headers(const symbolon_field *fields, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        free((void *)fields[i].name.ptr);
        free((void *)fields[i].value.ptr);
    }
}

static void begin(word name)
{
    if (is_running)
        fail("the tape goes on before the end of this flow", NULL, NULL);
    title.len = shown.len = shown_up_to = 0;
    put(&title, (char *)name.at, name.len);
    for (size_t i = 0; i < COUNT(structs); i++)
        clear(structs[i].at, described(structs[i].name));
    for (size_t i = 0; i < COUNT(arguments); i++) {
        free(arguments[i].at->at);
        *arguments[i].at = nothing;
    }
    flow = fresh;
    has_certificate = false;
    is_running = true;
}

static void set(const word *words)
{
    has_certificate = has_certificate || !strcmp((char *)words[1].at, "certificate");
    for (size_t i = 0; i < COUNT(structs); i++)
        if (!strcmp((char *)words[1].at, structs[i].name)) {
            if (!set_member(structs[i].at, described(structs[i].name), (char *)words[2].at, words[3], words[4], words[5]))
                fail("a member that is not described", (char *)words[2].at, NULL);
            return;
        }
    fail("a struct that is not described", (char *)words[1].at, NULL);
}

static void give(const char *name, word value)
{
    for (size_t i = 0; i < COUNT(arguments); i++)
        if (!strcmp(name, arguments[i].name)) {
            *arguments[i].at = copy(value);
            return;
        }
    fail("an argument that nothing takes", name, NULL);
}

/* Calls the start function of this name with a buffer of `len` bytes, which replaces the one before. */
static symbolon_status start_with(const char *name, size_t len)
{
    uint64_t at = number_of(now);
    symbolon_bytes binding = bytes_of(browser);
    symbolon_request *lent = allocate(NULL, sizeof *lent);
    symbolon_resource_request *to_resource = allocate(NULL, sizeof *to_resource);
    symbolon_status status = SYMBOLON_ERR_REFUSED;
    *lent = request;
    lent->certificate = has_certificate ? &certificate : NULL;
    *to_resource = resource_request;
    free(buffer);
    buffer = allocate(NULL, len);
    if (!strcmp(name, "authorize"))
        status = symbolon_authorize_start(&flow, &server, lent, binding, at, entropy.at, buffer, len);
    else if (!strcmp(name, "push"))
        status = symbolon_push_start(&flow, &server, lent, at, entropy.at, buffer, len);
    else if (!strcmp(name, "resume"))
        status = symbolon_resume_start(&flow, &server, text_of(handle), binding, at, buffer, len);
    else if (!strcmp(name, "decide"))
        status = symbolon_decide_start(&flow, &server, text_of(handle), binding, &decision, at, buffer, len);
    else if (!strcmp(name, "token"))
        status = symbolon_token_start(&flow, &server, lent, at, entropy.at, buffer, len);
    else if (!strcmp(name, "revoke"))
        status = symbolon_revoke_start(&flow, &server, lent, at, buffer, len);
    else if (!strcmp(name, "introspect"))
        status = symbolon_introspect_start(&flow, &server, lent, at, buffer, len);
    else if (!strcmp(name, "userinfo"))
        status = symbolon_userinfo_start(&flow, &server, lent, at, buffer, len);
    else if (!strcmp(name, "metadata"))
        status = symbolon_metadata_start(&flow, &server, buffer, len);
    else if (!strcmp(name, "jwks"))
        status = symbolon_jwks_start(&flow, &server, buffer, len);
    else if (!strcmp(name, "client_discover"))
        status = symbolon_client_discover_start(&flow, &client, (uint32_t)number_of(well_known),
                                                document.at ? &metadata : NULL, buffer, len);
    else if (!strcmp(name, "client_authorize"))
        status = symbolon_client_authorize_start(&flow, &client, &metadata, binding, &authorization_request, at,
                                                 entropy.at, buffer, len);
    else if (!strcmp(name, "client_callback"))
        status = symbolon_client_callback_start(&flow, &client, &metadata, lent->query, lent->query_len, binding,
                                                at, buffer, len);
    else if (!strcmp(name, "client_refresh"))
        status = symbolon_client_refresh_start(&flow, &client, &metadata, session.at, text_of(rejected), at, buffer, len);
    else if (!strcmp(name, "client_credentials"))
        status = symbolon_client_credentials_start(&flow, &client, &metadata, text_of(scope), text_of(rejected), at,
                                                   entropy.at, buffer, len);
    else if (!strcmp(name, "client_request"))
        status = symbolon_client_request_start(&flow, &client, session.at, &client_request, at, entropy.at, buffer, len);
    else if (!strcmp(name, "client_userinfo"))
        status = symbolon_client_userinfo_start(&flow, &client, &metadata, session.at, at, entropy.at, buffer, len);
    else if (!strcmp(name, "client_revoke"))
        status = symbolon_client_revoke_start(&flow, &client, &metadata, session.at, at, buffer, len);
    else if (!strcmp(name, "judge"))
        status = symbolon_judge_start(&flow, &resource_server, to_resource, &needs, at, buffer, len);
    else if (!strcmp(name, "resource_metadata"))
        status = symbolon_resource_metadata_start(&flow, &resource_server, buffer, len);
    free(to_resource);
    free(lent);
    return status;
}

static void start(const char *name)
{
    size_t needed = symbolon_server_buffer();
    if (!strncmp(name, "client_", 7)) {
        needed = symbolon_client_buffer();
        expect_status("client_init", SYMBOLON_OK, symbolon_client_init(&client, &client_config, NULL));
        if (is_running && document.at)
            expect_status("metadata_read", SYMBOLON_OK,
                          symbolon_metadata_read(&metadata, &client, document.at, document.len, NULL));
    } else if (!strcmp(name, "judge") || !strncmp(name, "resource_", 9)) {
        needed = symbolon_resource_buffer();
        expect_status("resource_init", SYMBOLON_OK, symbolon_resource_init(&resource_server, &resource_config, NULL));
        free((void *)resource_config.keys);
        resource_config.keys = NULL;
    } else {
        expect_status("server_init", SYMBOLON_OK, symbolon_server_init(&server, &server_config, NULL));
        free((void *)server_config.keys);
        server_config.keys = NULL;
    }
    if (is_running)
        expect_status("a short buffer", SYMBOLON_ERR_TOO_SMALL, start_with(name, needed - 1));
    if (is_running && symbolon_needed(&flow) != needed)
        fail("symbolon_needed is not what is needed", NULL, NULL);
    if (is_running)
        expect_status("start", SYMBOLON_OK, start_with(name, needed));
    free_headers(request.headers, request.headers_len);
    free_headers(resource_request.headers, resource_request.headers_len);
    request.headers_len = resource_request.headers_len = 0;
    if (is_running)
        show_step();
    if (is_running)
        answer_wrongly();
}

static void compare(const char *expected)
{
    char *got = shown.at + shown_up_to, *end = shown_up_to < shown.len ? strchr(got, '\n') : NULL;
    if (!end) {
        fail("nothing more was asked or said", expected, NULL);
        return;
    }
    *end = 0;
    shown_up_to = (size_t)(end - shown.at) + 1;
    if (strcmp(expected, got) != 0)
        fail("differs", expected, got);
}

static bool is_compared(void)
{
    if (shown_up_to < shown.len)
        fail("more was asked or said", NULL, shown.at + shown_up_to);
    return is_running;
}

static void answer(const char *kind, word first, word second)
{
    symbolon_status status = SYMBOLON_ERR_REFUSED;
    word value = copy(second);
    if (!strcmp(kind, "row"))
        status = symbolon_answer_row(&flow, number_of(first), value.at, value.len);
    else if (!strcmp(kind, "absent"))
        status = symbolon_answer_absent(&flow);
    else if (!strcmp(kind, "committed"))
        status = symbolon_answer_committed(&flow);
    else if (!strcmp(kind, "conflict"))
        status = symbolon_answer_conflict(&flow);
    else if (!strcmp(kind, "unavailable"))
        status = symbolon_answer_unavailable(&flow);
    else if (!strcmp(kind, "signature"))
        status = symbolon_answer_signature(&flow, value.at, value.len);
    else if (!strcmp(kind, "verdict"))
        status = symbolon_answer_verdict(&flow, (uint32_t)number_of(first));
    else if (!strcmp(kind, "response"))
        status = symbolon_answer_response(&flow, (uint32_t)number_of(first), headers, headers_len, value.at, value.len);
    free(value.at);
    free_headers(headers, headers_len);
    headers_len = 0;
    expect_status("answer", SYMBOLON_OK, status);
    if (is_running)
        show_step();
    if (is_running)
        answer_wrongly();
}

static void follow(char *line)
{
    word words[6] = {{NULL, 0}};
    char *what = line;
    if (is_running && !strncmp(line, "= ", 2)) {
        compare(line);
        return;
    }
    split(line, words, COUNT(words));
    if (!strcmp(what, "flow"))
        begin(words[1]);
    else if (!is_running)
        ; /* the rest of a flow that has failed */
    else if (!strcmp(what, "set"))
        set(words);
    else if (!strcmp(what, "give"))
        give((char *)words[1].at, words[2]);
    else if (!strcmp(what, "header") && headers_len < COUNT(headers)) {
        symbolon_field field = {text_of(copy(words[1])), bytes_of(copy(words[2]))};
        headers[headers_len++] = field;
    } else if (!strcmp(what, "start"))
        start((char *)words[1].at);
    else if (!strcmp(what, "answer") && is_compared())
        answer((char *)words[1].at, words[2], words[3]);
    else if (!strcmp(what, "end") && is_compared()) {
        passed++;
        is_running = false;
    } else
        fail("a line that means nothing", what, NULL);
}

int main(void)
{
    text line = {NULL, 0, 0};
    while (read_line(&line))
        follow(line.at);
    begin(nothing);
    free(buffer);
    free(line.at);
    free(title.at);
    free(shown.at);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
