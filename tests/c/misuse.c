/*
 * Everything that a program can do wrong with the library and that the library can notice: each is a defined status, and
 * nothing has changed. Run under sanitizers. Prints what is not so, and at last `N passed, N failed`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolon.h"
#include "text.h"
#include "described.h"

static unsigned passed, failed;

static void check(bool holds, const char *what, int line)
{
    if (holds)
        passed++;
    else
        failed++, printf("line %d: %s\n", line, what);
}

#define HOLDS(condition) check(condition, #condition, __LINE__)
#define GIVES(expected, call) check((call) == SYMBOLON_##expected, #call " is not " #expected, __LINE__)

/* ---- What is not misused --------------------------------------------------------------------------------------------- */

static const symbolon_flow fresh = SYMBOLON_FLOW_INIT;
static const symbolon_str none = {NULL, 0}, null = {NULL, 5};
static const symbolon_str no_utf8 = {"\xff\xfe", 2}, half = {"a\xc3", 2};
static const symbolon_bytes browser = {(const uint8_t *)"browser-binding-0001", 20}, null_bytes = {NULL, 20};
static const uint8_t entropy[32] = {9};
static const char document[] =
    "{\"issuer\":\"https://as.example\",\"authorization_endpoint\":\"https://as.example/a\","
    "\"token_endpoint\":\"https://as.example/t\",\"response_types_supported\":[\"code\"],"
    "\"code_challenge_methods_supported\":[\"S256\"]}";
static const char query[] =
    "response_type=code&client_id=c1&redirect_uri=https%3A%2F%2Fclient.example%2Fcb&state=xyz"
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&scope=read";

static symbolon_credential_key key = {1, {7}};
static symbolon_server_config server_config = {
    .abi = SYMBOLON_ABI, .issuer = SYMBOLON_STR("https://as.example"),
    .authorization_endpoint = SYMBOLON_STR("https://as.example/a"), .token_endpoint = SYMBOLON_STR("https://as.example/t"),
    .revocation_endpoint = SYMBOLON_STR("https://as.example/r"), .introspection_endpoint = SYMBOLON_STR("https://as.example/i"),
    .scopes_supported = SYMBOLON_STR("read"), .keys = &key, .keys_len = 1};
static symbolon_client_config client_config = {
    .abi = SYMBOLON_ABI, .authentication = 1, .binding = 1, .mix_up_defense = 2, .issuer = SYMBOLON_STR("https://as.example"),
    .client_id = SYMBOLON_STR("c1"), .redirect_uri = SYMBOLON_STR("https://client.example/cb"),
    .scope = SYMBOLON_STR("read"), .resources = SYMBOLON_STR("https://rs.example/")};
static symbolon_resource_config resource_config = {
    .abi = SYMBOLON_ABI, .access_tokens = 1, .accepts_bearer = 1, .accepts_dpop = 1, .accepts_certificate = 1,
    .resource = SYMBOLON_STR("https://rs.example/"), .issuer = SYMBOLON_STR("https://as.example"),
    .introspection_endpoint = SYMBOLON_STR("https://as.example/i"), .client_id = SYMBOLON_STR("rs1"),
    .client_secret = SYMBOLON_STR("rs1-secret-0123456789abcdef"), .keys = &key, .keys_len = 1, .realm = SYMBOLON_STR("rs")};
static const symbolon_needs any_token = {.any_token = 1};
static symbolon_resource_request to_resource = {.method = SYMBOLON_STR("GET"), .url = SYMBOLON_STR("https://rs.example/")};
static symbolon_registration registration = {
    .abi = SYMBOLON_ABI, .application_type = 1, .authentication = 1, .authorization_code = 1, .refresh_token = 1,
    .client_id = SYMBOLON_STR("c1"), .client_name = SYMBOLON_STR("Client One"),
    .redirect_uris = SYMBOLON_STR("https://client.example/cb"), .scope = SYMBOLON_STR("read write"),
    .default_scope = SYMBOLON_STR("read")};
static symbolon_certificate certificate = {
    .thumbprint = {5}, .chain_verified = 1, .subject = SYMBOLON_STR("CN=c1"), .dns = SYMBOLON_STR("c1.example")};

static symbolon_flow flow;
static symbolon_server server;
static symbolon_client client;
static symbolon_metadata metadata;
static symbolon_resource_server resource_server;
static uint8_t *buffer, lent_query[sizeof query], read_document[sizeof document], client_key[32], row[4096];
static size_t len, row_len;

static symbolon_request request_of(void)
{
    symbolon_request request = {.method = SYMBOLON_STR("GET"), .query = lent_query, .query_len = sizeof query - 1};
    memcpy(lent_query, query, sizeof query);
    return request;
}

static symbolon_status authorize(void)
{
    symbolon_request request = request_of();
    return symbolon_authorize_start(&flow, &server, &request, browser, 1000000, entropy, buffer, len);
}

static symbolon_status discover(void)
{
    return symbolon_client_discover_start(&flow, &client, 1, NULL, buffer, len);
}

static symbolon_status answer_client(void)
{
    return symbolon_answer_row(&flow, 1, row, row_len);
}

static uint32_t kind(void)
{
    return symbolon_next(&flow)->kind;
}

/* The step as text: the same as before if nothing has changed. */
static char *step(void)
{
    const symbolon_step *step = symbolon_next(&flow);
    text out = {NULL, 0, 0};
    put(&out, "", 0);
    if (step->kind != SYMBOLON_NONE)
        show_struct(&out, step, symbolon_describe_step(step->kind));
    if (step->kind == SYMBOLON_DONE)
        show_struct(&out, step, symbolon_describe_end(step->of.done.kind));
    return out.at;
}

/* ---- Answers --------------------------------------------------------------------------------------------------------- */

/* Every answer that is not to this question. */
static void answer_wrongly(int line)
{
    uint32_t asked = kind();
    char *before = step(), *after;
    uint8_t body[] = "{\"a\\u0062\":1}", untouched[sizeof body];
    memcpy(untouched, body, sizeof body);
    for (int answer = 0; answer < 8; answer++) {
        static const uint32_t to[] = {SYMBOLON_LOAD, SYMBOLON_LOAD, SYMBOLON_COMMIT, SYMBOLON_COMMIT,
                                      SYMBOLON_SIGN, SYMBOLON_VERIFY, SYMBOLON_SEND, 0};
        symbolon_status status = SYMBOLON_OK;
        if (to[answer] == asked || (!to[answer] && asked != SYMBOLON_DONE))
            continue;
        switch (answer) {
        case 0: status = symbolon_answer_row(&flow, 1, row, row_len); break;
        case 1: status = symbolon_answer_absent(&flow); break;
        case 2: status = symbolon_answer_committed(&flow); break;
        case 3: status = symbolon_answer_conflict(&flow); break;
        case 4: status = symbolon_answer_signature(&flow, row, 64); break;
        case 5: status = symbolon_answer_verdict(&flow, 1); break;
        case 6: status = symbolon_answer_response(&flow, 200, NULL, 0, body, sizeof body - 1); break;
        case 7: status = symbolon_answer_unavailable(&flow); break;
        }
        check(status == SYMBOLON_ERR_WRONG_STEP, "an answer to another question", line);
    }
    after = step();
    check(!strcmp(before, after), "the step has changed", line);
    check(!memcmp(body, untouched, sizeof body), "the body has changed", line);
    free(before);
    free(after);
}

#define ANSWER_WRONGLY() answer_wrongly(__LINE__)

/* Every answer gives this status. */
static void answer_all(symbolon_flow *to, symbolon_status expected, int line)
{
    uint8_t body[] = "{}";
    check(symbolon_answer_row(to, 1, row, row_len) == expected, "row", line);
    check(symbolon_answer_absent(to) == expected, "absent", line);
    check(symbolon_answer_committed(to) == expected, "committed", line);
    check(symbolon_answer_conflict(to) == expected, "conflict", line);
    check(symbolon_answer_signature(to, row, 64) == expected, "signature", line);
    check(symbolon_answer_verdict(to, 1) == expected, "verdict", line);
    check(symbolon_answer_response(to, 200, NULL, 0, body, 2) == expected, "response", line);
    check(symbolon_answer_unavailable(to) == expected, "unavailable", line);
    check(symbolon_next(to)->kind == SYMBOLON_NONE, "there is a step", line);
}

#define ALL_ANSWERS_GIVE(expected, to) answer_all(to, SYMBOLON_##expected, __LINE__)

static void answers(void)
{
    symbolon_field field = {SYMBOLON_STR("Content-Type"), {(const uint8_t *)"application/json", 16}};
    symbolon_field fields[2] = {{{"\xff", 1}, {NULL, 0}}, field}, gone = {SYMBOLON_STR("A"), {NULL, 3}};
    uint8_t body[sizeof document];
    char *before, *after;
    GIVES(OK, authorize());
    HOLDS(kind() == SYMBOLON_LOAD);
    ANSWER_WRONGLY();
    before = step();
    GIVES(ERR_NULL, symbolon_answer_row(&flow, 1, NULL, 5));
    after = step();
    HOLDS(!strcmp(before, after));
    free(before), free(after);
    GIVES(OK, answer_client());
    HOLDS(kind() == SYMBOLON_COMMIT);
    ANSWER_WRONGLY();
    GIVES(OK, symbolon_answer_committed(&flow));
    HOLDS(kind() == SYMBOLON_DONE && symbolon_next(&flow)->of.done.kind == SYMBOLON_PROMPT);
    ANSWER_WRONGLY();

    GIVES(OK, discover());
    HOLDS(kind() == SYMBOLON_SEND);
    ANSWER_WRONGLY();
    before = step();
    memcpy(body, document, sizeof document);
    GIVES(ERR_NULL, symbolon_answer_response(&flow, 200, NULL, 1, body, sizeof document - 1));
    GIVES(ERR_NULL, symbolon_answer_response(&flow, 200, &field, 1, NULL, 7));
    GIVES(ERR_NULL, symbolon_answer_response(&flow, 200, &gone, 1, body, sizeof document - 1));
    after = step();
    HOLDS(!strcmp(before, after) && !memcmp(body, document, sizeof document));
    free(before), free(after);
    /* A name that is no text is a field that nobody knows. */
    GIVES(OK, symbolon_answer_response(&flow, 200, fields, 2, body, sizeof document - 1));
    HOLDS(kind() == SYMBOLON_DONE && symbolon_next(&flow)->of.done.kind == SYMBOLON_SERVER);
    ANSWER_WRONGLY();

    /* A status that does not exist is one that was not expected. */
    GIVES(OK, discover());
    GIVES(OK, symbolon_answer_response(&flow, 65736, &field, 1, body, 0));
    HOLDS(kind() == SYMBOLON_DONE && is_text(symbolon_next(&flow)->of.done.reason.name, "Status"));
    /* A flow that ends where it starts has no question either. */
    GIVES(OK, symbolon_metadata_start(&flow, &server, buffer, len));
    HOLDS(kind() == SYMBOLON_DONE);
    ANSWER_WRONGLY();
    GIVES(OK, symbolon_resource_metadata_start(&flow, &resource_server, buffer, len));
    HOLDS(kind() == SYMBOLON_DONE);
    ANSWER_WRONGLY();
    GIVES(OK, symbolon_judge_start(&flow, &resource_server, &to_resource, &any_token, 1, buffer, len));
    HOLDS(kind() == SYMBOLON_DONE && is_text(symbolon_next(&flow)->of.done.reason.name, "TokenMissing"));
    ANSWER_WRONGLY();
}

/* ---- The storage ----------------------------------------------------------------------------------------------------- */

static void storage(void)
{
    symbolon_flow zeroed, moved, other;
    symbolon_request request = request_of();
    char *first, *again;
    memset(&zeroed, 0, sizeof zeroed);
    ALL_ANSWERS_GIVE(ERR_NULL, NULL);
    ALL_ANSWERS_GIVE(ERR_ABI, &zeroed);
    GIVES(ERR_ABI, symbolon_token_start(&zeroed, &server, &request, 1, entropy, buffer, len));
    GIVES(ERR_ABI, symbolon_metadata_start(&zeroed, &server, buffer, len));
    HOLDS(symbolon_needed(NULL) == 0 && symbolon_needed(&zeroed) == 0);
    for (int wrong = 0; wrong < 3; wrong++) {
        other = fresh;
        if (wrong)
            other.size += wrong == 1 ? 8 : (uint32_t)-8;
        else
            other.abi++;
        GIVES(ERR_ABI, symbolon_client_discover_start(&other, &client, 1, NULL, buffer, len));
        ALL_ANSWERS_GIVE(ERR_ABI, &other);
    }
    other = fresh;
    ALL_ANSWERS_GIVE(ERR_FLOW, &other);

    /* Of a library whose flow ends after these two members: nothing behind them is read or written. */
    for (int wrong = 0; wrong < 2; wrong++) {
        uint8_t canary[sizeof(symbolon_flow) - 8];
        uint32_t told[2] = {SYMBOLON_ABI + !wrong, wrong ? 8 : (uint32_t)sizeof(symbolon_flow)};
        symbolon_flow *shorter = allocate(NULL, sizeof told);
        memset(canary, 0x5a, sizeof canary);
        memcpy(&other, told, sizeof told), memcpy((uint8_t *)&other + sizeof told, canary, sizeof canary);
        memcpy(shorter, told, sizeof told);
        HOLDS(symbolon_needed(&other) == 0 && symbolon_needed(shorter) == 0);
        symbolon_flow_wipe(&other);
        symbolon_flow_wipe(shorter);
        HOLDS(!memcmp(&other, told, sizeof told) && !memcmp((uint8_t *)&other + sizeof told, canary, sizeof canary));
        HOLDS(!memcmp(shorter, told, sizeof told));
        ALL_ANSWERS_GIVE(ERR_ABI, shorter);
        GIVES(ERR_ABI, symbolon_jwks_start(shorter, &server, buffer, len));
        GIVES(ERR_ABI, symbolon_client_discover_start(shorter, &client, 1, NULL, buffer, len));
        free(shorter);
    }

    /* Moved: not in the new place, and still in the old one. */
    GIVES(OK, authorize());
    first = step();
    memcpy(&moved, &flow, sizeof flow);
    ALL_ANSWERS_GIVE(ERR_FLOW, &moved);
    again = step();
    HOLDS(!strcmp(first, again));
    free(again);
    GIVES(OK, answer_client());
    GIVES(OK, symbolon_metadata_start(&moved, &server, buffer, len));
    HOLDS(symbolon_next(&moved)->kind == SYMBOLON_DONE);

    /* Started again in the middle, and at the end. */
    GIVES(OK, authorize());
    again = step();
    HOLDS(!strcmp(first, again));
    free(again);
    GIVES(OK, answer_client());
    HOLDS(kind() == SYMBOLON_COMMIT);
    GIVES(OK, symbolon_answer_unavailable(&flow));
    HOLDS(kind() == SYMBOLON_DONE);
    GIVES(OK, authorize());
    again = step();
    HOLDS(!strcmp(first, again));
    free(again);

    /* A start that is refused ends what was there; a short buffer does, too, and the same call succeeds with a longer one. */
    request = request_of();
    GIVES(ERR_TOO_SMALL, symbolon_authorize_start(&flow, &server, &request, browser, 1000000, entropy, buffer, 0));
    HOLDS(symbolon_needed(&flow) == symbolon_server_buffer() && kind() == SYMBOLON_NONE);
    ALL_ANSWERS_GIVE(ERR_FLOW, &flow);
    GIVES(OK, symbolon_authorize_start(&flow, &server, &request, browser, 1000000, entropy, buffer, len));
    again = step();
    HOLDS(!strcmp(first, again));
    free(again);

    /* Wiped. */
    symbolon_flow_wipe(&flow);
    ALL_ANSWERS_GIVE(ERR_FLOW, &flow);
    GIVES(OK, authorize());
    again = step();
    HOLDS(!strcmp(first, again));
    free(again), free(first);
    symbolon_flow_wipe(NULL);
    symbolon_wipe(NULL, 7);
    symbolon_wipe(buffer, len);
    HOLDS(buffer[0] == 0 && buffer[len - 1] == 0);
}

#include "arguments.h"

int main(void)
{
    len = symbolon_server_buffer();
    len = symbolon_client_buffer() > len ? symbolon_client_buffer() : len;
    len = symbolon_resource_buffer() > len ? symbolon_resource_buffer() : len;
    buffer = allocate(NULL, len);
    flow = fresh;
    if (symbolon_server_init(&server, &server_config, NULL) || symbolon_client_init(&client, &client_config, NULL) ||
        symbolon_resource_init(&resource_server, &resource_config, NULL) ||
        symbolon_register(&registration, client_key, row, sizeof row, &row_len, NULL))
        return 2;
    memcpy(read_document, document, sizeof document);
    if (symbolon_metadata_read(&metadata, &client, read_document, sizeof document - 1, NULL))
        return 2;
    HOLDS(row_len <= symbolon_client_row_size());
    answers();
    storage();
    starts();
    registrations();
    for (symbolon_status status = SYMBOLON_OK; status >= SYMBOLON_ERR_REFUSED - 1; status--)
        HOLDS(strlen(symbolon_strerror(status)) > 3);
    HOLDS(!symbolon_describe_step(0) && !symbolon_describe_step(7) && !symbolon_describe_end(0) && !symbolon_describe_end(99));
    HOLDS(!symbolon_describe_input(99) && !symbolon_describe_input((size_t)-1));
    configurations();
#ifdef PLANTED
    uint8_t *volatile gone = buffer;
    free(buffer);
    GIVES(OK, symbolon_metadata_start(&flow, &server, gone, len));
#else
    free(buffer);
#endif
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
