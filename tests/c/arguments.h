/* The arguments of misuse.c: no pointer that may not be NULL, no text that is not UTF-8, no value that is refused. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

/* ---- Arguments ------------------------------------------------------------------------------------------------------- */

/* The introspected token is of a user who signed in at 5. 0 seconds is a limit if it counts, and 1 is none if it does not. */
static void fresh_sign_in(uint8_t *b)
{
    static const char token[] =
        "{\"active\":true,\"iss\":\"https://as.example\",\"aud\":\"https://rs.example/\",\"client_id\":\"c1\","
        "\"scope\":\"read\",\"sub\":\"alice\",\"token_type\":\"Bearer\",\"exp\":1000600,\"auth_time\":5}";
    static const struct { uint32_t has_max_age; uint64_t max_age, now; bool served; } cases[] = {
        {0, 0, 9, true}, {0, 1, 9, true}, {1, 0, 9, false}, {1, 0, 5, true}, {1, 3, 9, false}, {1, 4, 9, true}};
    symbolon_field json = {SYMBOLON_STR("Content-Type"), {(const uint8_t *)"application/json", 16}};
    symbolon_field bearer = {SYMBOLON_STR("Authorization"), {(const uint8_t *)"Bearer an-access-token", 22}};
    symbolon_resource_request request = to_resource;
    uint8_t body[sizeof token];
    request.headers = &bearer, request.headers_len = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        symbolon_needs needs = {.scope = SYMBOLON_STR("read"), .has_max_age = cases[i].has_max_age, .max_age = cases[i].max_age};
        GIVES(OK, symbolon_judge_start(&flow, &resource_server, &request, &needs, cases[i].now, b, len));
        HOLDS(kind() == SYMBOLON_SEND);
        memcpy(body, token, sizeof token);
        GIVES(OK, symbolon_answer_response(&flow, 200, &json, 1, body, sizeof token - 1));
        HOLDS(kind() == SYMBOLON_DONE && (symbolon_next(&flow)->of.done.kind == SYMBOLON_CLAIMS) == cases[i].served);
    }
}

static void starts(void)
{
    symbolon_server no_server;
    symbolon_client no_client;
    symbolon_metadata no_metadata;
    symbolon_resource_server no_resource_server;
    symbolon_request request = request_of(), gone = request;
    symbolon_decision decision = {
        .subject = SYMBOLON_STR("alice"), .authenticated_at = 1, .approved = 1, .scope = SYMBOLON_STR("read")};
    symbolon_decision bad = decision;
    symbolon_str handle = SYMBOLON_STR("handle");
    symbolon_bytes guessable = {browser.ptr, 15};
    symbolon_field field = {{"\xff", 1}, {NULL, 0}}, empty = {{NULL, 1}, {NULL, 0}};
    uint8_t session[32] = {1}, *b = buffer;
    memset(&no_server, 0, sizeof no_server);
    memset(&no_client, 0, sizeof no_client);
    memset(&no_metadata, 0, sizeof no_metadata);
    memset(&no_resource_server, 0, sizeof no_resource_server);

#define AUTHORIZE(expected, flow, server, request, browser, entropy, buffer) \
    GIVES(expected, symbolon_authorize_start(flow, server, request, browser, 1, entropy, buffer, len))
    AUTHORIZE(ERR_NULL, NULL, &server, &request, browser, entropy, b);
    AUTHORIZE(ERR_NULL, &flow, NULL, &request, browser, entropy, b);
    AUTHORIZE(ERR_ABI, &flow, &no_server, &request, browser, entropy, b);
    AUTHORIZE(ERR_NULL, &flow, &server, NULL, browser, entropy, b);
    AUTHORIZE(ERR_NULL, &flow, &server, &request, null_bytes, entropy, b);
    AUTHORIZE(ERR_REFUSED, &flow, &server, &request, guessable, entropy, b);
    AUTHORIZE(ERR_NULL, &flow, &server, &request, browser, NULL, b);
    AUTHORIZE(ERR_NULL, &flow, &server, &request, browser, entropy, NULL);

    /* The parts of a request. */
#define TOKEN(expected, member, value, number) \
    (gone = request, gone.member = value, gone.member##_len = number, \
     check(symbolon_token_start(&flow, &server, &gone, 1, entropy, b, len) == SYMBOLON_##expected, #member, __LINE__))
    TOKEN(ERR_NULL, query, NULL, 1);
    TOKEN(ERR_NULL, body, NULL, 1);
    TOKEN(ERR_NULL, headers, NULL, 1);
    TOKEN(ERR_NULL, headers, &empty, 1);
    TOKEN(OK, headers, &field, 1);
    HOLDS(kind() == SYMBOLON_DONE); /* without a name that is a text, it is a field that nobody knows */
    gone = request, gone.certificate = &certificate;
    GIVES(OK, symbolon_token_start(&flow, &server, &gone, 1, entropy, b, len));
    certificate.dns = null;
    GIVES(ERR_NULL, symbolon_token_start(&flow, &server, &gone, 1, entropy, b, len));
    gone = request, gone.method = null;
    GIVES(ERR_NULL, symbolon_token_start(&flow, &server, &gone, 1, entropy, b, len));

#define PUSH(expected, flow, server, request, entropy, buffer) \
    GIVES(expected, symbolon_push_start(flow, server, request, 1, entropy, buffer, len))
    PUSH(ERR_NULL, NULL, &server, &request, entropy, b);
    PUSH(ERR_NULL, &flow, NULL, &request, entropy, b);
    PUSH(ERR_ABI, &flow, &no_server, &request, entropy, b);
    PUSH(ERR_NULL, &flow, &server, NULL, entropy, b);
    PUSH(ERR_NULL, &flow, &server, &request, NULL, b);
    PUSH(ERR_NULL, &flow, &server, &request, entropy, NULL);

#define WITH_REQUEST(start) \
    GIVES(ERR_NULL, start(NULL, &server, &request, 1, b, len)); \
    GIVES(ERR_NULL, start(&flow, NULL, &request, 1, b, len)); \
    GIVES(ERR_ABI, start(&flow, &no_server, &request, 1, b, len)); \
    GIVES(ERR_NULL, start(&flow, &server, NULL, 1, b, len)); \
    GIVES(ERR_NULL, start(&flow, &server, &request, 1, NULL, len)); \
    GIVES(ERR_TOO_SMALL, start(&flow, &server, &request, 1, NULL, 0))
    GIVES(ERR_NULL, symbolon_token_start(NULL, &server, &request, 1, entropy, b, len));
    GIVES(ERR_NULL, symbolon_token_start(&flow, NULL, &request, 1, entropy, b, len));
    GIVES(ERR_ABI, symbolon_token_start(&flow, &no_server, &request, 1, entropy, b, len));
    GIVES(ERR_NULL, symbolon_token_start(&flow, &server, NULL, 1, entropy, b, len));
    GIVES(ERR_NULL, symbolon_token_start(&flow, &server, &request, 1, NULL, b, len));
    GIVES(ERR_NULL, symbolon_token_start(&flow, &server, &request, 1, entropy, NULL, len));
    GIVES(ERR_TOO_SMALL, symbolon_token_start(&flow, &server, &request, 1, entropy, NULL, 0));
    WITH_REQUEST(symbolon_revoke_start);
    WITH_REQUEST(symbolon_introspect_start);
    GIVES(ERR_NULL, symbolon_metadata_start(NULL, &server, b, len));
    GIVES(ERR_NULL, symbolon_metadata_start(&flow, NULL, b, len));
    GIVES(ERR_NULL, symbolon_metadata_start(&flow, &server, NULL, len));
    GIVES(ERR_NULL, symbolon_jwks_start(NULL, &server, b, len));
    GIVES(ERR_NULL, symbolon_jwks_start(&flow, NULL, b, len));
    GIVES(ERR_NULL, symbolon_jwks_start(&flow, &server, NULL, len));

#define RESUME(expected, flow, server, handle, browser, buffer) \
    GIVES(expected, symbolon_resume_start(flow, server, handle, browser, 1, buffer, len))
    RESUME(ERR_NULL, NULL, &server, handle, browser, b);
    RESUME(ERR_NULL, &flow, NULL, handle, browser, b);
    RESUME(ERR_NULL, &flow, &server, null, browser, b);
    RESUME(OK, &flow, &server, no_utf8, browser, b);
    HOLDS(kind() == SYMBOLON_DONE && symbolon_next(&flow)->of.done.of.reply.status == 400);
    RESUME(ERR_REFUSED, &flow, &server, handle, guessable, b);
    RESUME(ERR_NULL, &flow, &server, handle, null_bytes, b);
    RESUME(ERR_NULL, &flow, &server, handle, browser, NULL);

#define DECIDE(expected, flow, server, handle, browser, decision, buffer) \
    GIVES(expected, symbolon_decide_start(flow, server, handle, browser, decision, 1, buffer, len))
    DECIDE(ERR_NULL, NULL, &server, handle, browser, &decision, b);
    DECIDE(ERR_NULL, &flow, NULL, handle, browser, &decision, b);
    DECIDE(ERR_NULL, &flow, &server, null, browser, &decision, b);
    DECIDE(ERR_NULL, &flow, &server, handle, null_bytes, &decision, b);
    DECIDE(ERR_REFUSED, &flow, &server, handle, guessable, &decision, b);
    DECIDE(OK, &flow, &server, half, browser, &decision, b);
    HOLDS(kind() == SYMBOLON_DONE);
    DECIDE(ERR_NULL, &flow, &server, handle, browser, NULL, b);
    DECIDE(ERR_NULL, &flow, &server, handle, browser, &decision, NULL);
    bad.subject = none;
    DECIDE(ERR_REFUSED, &flow, &server, handle, browser, &bad, b);
    bad.subject = half;
    DECIDE(ERR_UTF8, &flow, &server, handle, browser, &bad, b);
    bad = decision, bad.scope = half;
    DECIDE(ERR_UTF8, &flow, &server, handle, browser, &bad, b);
    bad = decision, bad.amr = half;
    DECIDE(ERR_UTF8, &flow, &server, handle, browser, &bad, b);
    bad = decision, bad.unasked = 5;
    DECIDE(ERR_REFUSED, &flow, &server, handle, browser, &bad, b);

#define DISCOVER(expected, flow, client, well_known, known, buffer) \
    GIVES(expected, symbolon_client_discover_start(flow, client, well_known, known, buffer, len))
    DISCOVER(ERR_NULL, NULL, &client, 1, NULL, b);
    DISCOVER(ERR_NULL, &flow, NULL, 1, NULL, b);
    DISCOVER(ERR_ABI, &flow, &no_client, 1, NULL, b);
    DISCOVER(ERR_REFUSED, &flow, &client, 0, NULL, b);
    DISCOVER(ERR_REFUSED, &flow, &client, 4, NULL, b);
    DISCOVER(ERR_ABI, &flow, &client, 1, &no_metadata, b);
    DISCOVER(ERR_NULL, &flow, &client, 1, NULL, NULL);
    DISCOVER(OK, &flow, &client, 3, &metadata, b);

    symbolon_authorization_request asked = {.scope = SYMBOLON_STR("read"), .has_max_age = 1}, bad_asked = asked;
#define SIGN_IN(expected, flow, client, metadata, browser, request, entropy, buffer) \
    GIVES(expected, symbolon_client_authorize_start(flow, client, metadata, browser, request, 1, entropy, buffer, len))
    SIGN_IN(ERR_NULL, NULL, &client, &metadata, browser, NULL, entropy, b);
    SIGN_IN(ERR_NULL, &flow, NULL, &metadata, browser, NULL, entropy, b);
    SIGN_IN(ERR_NULL, &flow, &client, NULL, browser, NULL, entropy, b);
    SIGN_IN(ERR_ABI, &flow, &client, &no_metadata, browser, NULL, entropy, b);
    SIGN_IN(ERR_NULL, &flow, &client, &metadata, null_bytes, NULL, entropy, b);
    SIGN_IN(ERR_REFUSED, &flow, &client, &metadata, guessable, NULL, entropy, b);
    SIGN_IN(OK, &flow, &client, &metadata, browser, &asked, entropy, b);
    bad_asked.scope = null;
    SIGN_IN(ERR_NULL, &flow, &client, &metadata, browser, &bad_asked, entropy, b);
    bad_asked = asked, bad_asked.acr_values = no_utf8;
    SIGN_IN(ERR_UTF8, &flow, &client, &metadata, browser, &bad_asked, entropy, b);
    bad_asked = asked, bad_asked.login_hint = half;
    SIGN_IN(ERR_UTF8, &flow, &client, &metadata, browser, &bad_asked, entropy, b);
    SIGN_IN(ERR_NULL, &flow, &client, &metadata, browser, NULL, NULL, b);
    SIGN_IN(ERR_NULL, &flow, &client, &metadata, browser, NULL, entropy, NULL);

#define CREDENTIALS(expected, flow, client, metadata, scope, rejected, entropy, buffer) \
    GIVES(expected, symbolon_client_credentials_start(flow, client, metadata, scope, rejected, 1, entropy, buffer, len))
    CREDENTIALS(ERR_NULL, NULL, &client, &metadata, none, none, entropy, b);
    CREDENTIALS(ERR_NULL, &flow, NULL, &metadata, none, none, entropy, b);
    CREDENTIALS(ERR_NULL, &flow, &client, NULL, none, none, entropy, b);
    CREDENTIALS(ERR_NULL, &flow, &client, &metadata, null, none, entropy, b);
    CREDENTIALS(ERR_UTF8, &flow, &client, &metadata, none, half, entropy, b);
    CREDENTIALS(ERR_NULL, &flow, &client, &metadata, none, none, NULL, b);
    CREDENTIALS(ERR_NULL, &flow, &client, &metadata, none, none, entropy, NULL);

#define CALLBACK(expected, flow, client, metadata, query, browser, buffer) \
    GIVES(expected, symbolon_client_callback_start(flow, client, metadata, query, 3, browser, 1, buffer, len))
    CALLBACK(ERR_NULL, NULL, &client, &metadata, lent_query, browser, b);
    CALLBACK(ERR_NULL, &flow, NULL, &metadata, lent_query, browser, b);
    CALLBACK(ERR_NULL, &flow, &client, NULL, lent_query, browser, b);
    CALLBACK(ERR_NULL, &flow, &client, &metadata, NULL, browser, b);
    CALLBACK(ERR_NULL, &flow, &client, &metadata, lent_query, null_bytes, b);
    CALLBACK(ERR_REFUSED, &flow, &client, &metadata, lent_query, guessable, b);
    CALLBACK(ERR_NULL, &flow, &client, &metadata, lent_query, browser, NULL);

#define REFRESH(expected, flow, client, metadata, session, rejected, buffer) \
    GIVES(expected, symbolon_client_refresh_start(flow, client, metadata, session, rejected, 1, buffer, len))
    REFRESH(ERR_NULL, NULL, &client, &metadata, session, none, b);
    REFRESH(ERR_NULL, &flow, NULL, &metadata, session, none, b);
    REFRESH(ERR_NULL, &flow, &client, NULL, session, none, b);
    REFRESH(ERR_NULL, &flow, &client, &metadata, NULL, none, b);
    REFRESH(ERR_NULL, &flow, &client, &metadata, session, null, b);
    REFRESH(ERR_UTF8, &flow, &client, &metadata, session, half, b);
    REFRESH(ERR_NULL, &flow, &client, &metadata, session, none, NULL);

    symbolon_client_request request_to = {.method = SYMBOLON_STR("GET"), .url = SYMBOLON_STR("https://rs.example/data"),
                                          .resource = SYMBOLON_STR("https://rs.example/")}, bad_to = request_to;
#define ASK(expected, flow, client, session, request, entropy, buffer) \
    GIVES(expected, symbolon_client_request_start(flow, client, session, request, 1, entropy, buffer, len))
    ASK(ERR_NULL, NULL, &client, session, &request_to, entropy, b);
    ASK(ERR_NULL, &flow, NULL, session, &request_to, entropy, b);
    ASK(ERR_NULL, &flow, &client, NULL, &request_to, entropy, b);
    ASK(ERR_NULL, &flow, &client, session, NULL, entropy, b);
    ASK(ERR_NULL, &flow, &client, session, &request_to, NULL, b);
    ASK(ERR_NULL, &flow, &client, session, &request_to, entropy, NULL);
    bad_to.body_len = 1;
    ASK(ERR_NULL, &flow, &client, session, &bad_to, entropy, b);
    bad_to = request_to, bad_to.url = half;
    ASK(ERR_UTF8, &flow, &client, session, &bad_to, entropy, b);
    ASK(OK, &flow, &client, session, &request_to, entropy, b);
    request_to.body_cap = 1 << 20;
    ASK(ERR_TOO_SMALL, &flow, &client, session, &request_to, entropy, b);
#define USERINFO(expected, flow, client, metadata, session, entropy, buffer) \
    GIVES(expected, symbolon_client_userinfo_start(flow, client, metadata, session, 1, entropy, buffer, len))
    USERINFO(ERR_NULL, NULL, &client, &metadata, session, entropy, b);
    USERINFO(ERR_NULL, &flow, NULL, &metadata, session, entropy, b);
    USERINFO(ERR_NULL, &flow, &client, NULL, session, entropy, b);
    USERINFO(ERR_NULL, &flow, &client, &metadata, NULL, entropy, b);
    USERINFO(ERR_NULL, &flow, &client, &metadata, session, NULL, b);
    USERINFO(ERR_NULL, &flow, &client, &metadata, session, entropy, NULL);

    GIVES(ERR_NULL, symbolon_client_revoke_start(NULL, &client, &metadata, session, 1, b, len));
    GIVES(ERR_NULL, symbolon_client_revoke_start(&flow, NULL, &metadata, session, 1, b, len));
    GIVES(ERR_NULL, symbolon_client_revoke_start(&flow, &client, NULL, session, 1, b, len));
    GIVES(ERR_NULL, symbolon_client_revoke_start(&flow, &client, &metadata, NULL, 1, b, len));
    GIVES(ERR_NULL, symbolon_client_revoke_start(&flow, &client, &metadata, session, 1, NULL, len));

#define JUDGE(expected, flow, server, request, needs, buffer) \
    GIVES(expected, symbolon_judge_start(flow, server, request, needs, 1, buffer, len))
    field.name.ptr = "A";
    symbolon_resource_request resource_request = to_resource;
    symbolon_needs needs = any_token;
    resource_request.headers = &field;
    resource_request.headers_len = 1;
    JUDGE(ERR_NULL, NULL, &resource_server, &resource_request, &needs, b);
    JUDGE(ERR_NULL, &flow, NULL, &resource_request, &needs, b);
    JUDGE(ERR_ABI, &flow, &no_resource_server, &resource_request, &needs, b);
    JUDGE(ERR_NULL, &flow, &resource_server, NULL, &needs, b);
    JUDGE(ERR_NULL, &flow, &resource_server, &resource_request, NULL, b);
    JUDGE(ERR_NULL, &flow, &resource_server, &resource_request, &needs, NULL);
    resource_request.certificate = entropy;
    resource_request.certificate_len = 31;
    JUDGE(ERR_REFUSED, &flow, &resource_server, &resource_request, &needs, b);
    resource_request.certificate_len = 0;
    resource_request.headers = NULL;
    JUDGE(ERR_NULL, &flow, &resource_server, &resource_request, &needs, b);
    resource_request.headers_len = 0;
    needs.scope = null;
    JUDGE(ERR_NULL, &flow, &resource_server, &resource_request, &needs, b);
    needs.scope = half;
    JUDGE(ERR_UTF8, &flow, &resource_server, &resource_request, &needs, b);
    /* A detail that is needed, and has no type, is not one that is not needed. */
    symbolon_needs untyped[5];
    symbolon_str transfer = SYMBOLON_STR("transfer"), *members[5] = {
        &untyped[0].detail_actions, &untyped[1].detail_datatypes, &untyped[2].detail_privileges, &untyped[3].detail_identifier,
        &untyped[4].detail_judged_by_caller};
    symbolon_field bearer = {SYMBOLON_STR("Authorization"), {(const uint8_t *)"Bearer an-access-token", 22}};
    resource_request.headers = &bearer, resource_request.headers_len = 1;
    for (size_t i = 0; i < 5; i++) {
        untyped[i] = any_token;
        *members[i] = transfer;
        JUDGE(OK, &flow, &resource_server, &resource_request, &untyped[i], b);
        HOLDS(kind() == SYMBOLON_DONE && is_text(symbolon_next(&flow)->of.done.reason.name, "NeedMalformed"));
        untyped[i].detail_type = transfer;
        JUDGE(OK, &flow, &resource_server, &resource_request, &untyped[i], b);
        HOLDS(kind() == SYMBOLON_SEND);
    }
    fresh_sign_in(b);
    GIVES(ERR_NULL, symbolon_resource_metadata_start(NULL, &resource_server, b, len));
    GIVES(ERR_NULL, symbolon_resource_metadata_start(&flow, NULL, b, len));
    GIVES(ERR_NULL, symbolon_resource_metadata_start(&flow, &resource_server, NULL, len));
    HOLDS(kind() == SYMBOLON_NONE);
    HOLDS(symbolon_next(NULL)->kind == SYMBOLON_NONE);
}

/* ---- Configurations -------------------------------------------------------------------------------------------------- */

#define CONFIG(init, config, place, expected, change) \
    do { \
        struct config changed = config##_good; \
        symbolon_reason why = {{NULL, 0}, {NULL, 0}, 0}; \
        memset(place, 0x5a, sizeof *place); \
        changed.change; \
        check(init(place, &changed, &why) == SYMBOLON_##expected, #init ": " #change, __LINE__); \
        check((why.name.len > 0) == (SYMBOLON_##expected == SYMBOLON_ERR_REFUSED), "the reason: " #change, __LINE__); \
        check(((uint8_t *)place)[0] == 0x5a && ((uint8_t *)place)[sizeof *place - 1] == 0x5a, "it was written", __LINE__); \
        GIVES(expected, init(place, &changed, NULL)); \
    } while (0)

static void configurations(void)
{
    symbolon_server_config symbolon_server_config_good = server_config;
    symbolon_client_config symbolon_client_config_good = client_config;
    symbolon_resource_config symbolon_resource_config_good = resource_config;
    symbolon_server one, two;
    symbolon_client other;
    symbolon_resource_server third;
    symbolon_metadata found;
    symbolon_reason why;
    symbolon_credential_key twice[2];
    symbolon_credential_key five[5] = {{1, {1}}, {2, {2}}, {3, {3}}, {4, {4}}, {5, {5}}};
    symbolon_str unknown = SYMBOLON_STR("none");
    symbolon_signing_key signing[2] = {{SYMBOLON_STR("k"), SYMBOLON_STR("ES256"), SYMBOLON_STR("{}")}}, many[5], twins[2];
    twice[0] = twice[1] = key;
    signing[1] = twins[0] = twins[1] = signing[0];
    for (size_t i = 0; i < 5; i++) {
        static const char ids[] = "abcde";
        many[i] = signing[0];
        many[i].key_id.ptr = ids + i;
    }
    GIVES(ERR_NULL, symbolon_server_init(NULL, &server_config, &why));
    GIVES(ERR_NULL, symbolon_server_init(&one, NULL, &why));
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_ABI, abi = 0);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_ABI, abi = SYMBOLON_ABI + 1);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_NULL, keys = NULL);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_REFUSED, keys_len = 0);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_REFUSED, keys = twice; changed.keys_len = 2);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_REFUSED, keys = five; changed.keys_len = 5);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_NULL, issuer = null);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_UTF8, issuer = no_utf8);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_REFUSED, issuer = none);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_NULL, token_endpoint = null);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_UTF8, scopes_supported = half);

    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_NULL, signing_keys_len = 1);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_REFUSED, signing_keys = signing; changed.signing_keys_len = 2);
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_REFUSED, signing_keys = many; changed.signing_keys_len = 5);
    signing[0].algorithm = unknown;
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_REFUSED, signing_keys = signing; changed.signing_keys_len = 1);
    signing[0].key_id = half;
    CONFIG(symbolon_server_init, symbolon_server_config, &one, ERR_UTF8, signing_keys = signing; changed.signing_keys_len = 1);

    GIVES(ERR_NULL, symbolon_client_init(NULL, &client_config, &why));
    GIVES(ERR_NULL, symbolon_client_init(&other, NULL, &why));
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_ABI, abi = 0);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, authentication = 0);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, authentication = 4); /* without a key */
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, authentication = 7);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, client_secret = unknown); /* of no use */
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, assertion_key = many);    /* likewise */
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, binding = 0);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, binding = 2); /* without a key */
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, binding = 4);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_NULL, dpop_keys_len = 1);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, dpop_keys = many; changed.dpop_keys_len = 1);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED,
           dpop_keys = many; changed.dpop_keys_len = 5; changed.binding = 2);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED,
           dpop_keys = twins; changed.dpop_keys_len = 2; changed.binding = 2);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, id_token_algorithm = unknown);
    symbolon_client_config_good.assertion_key = symbolon_client_config_good.dpop_keys = many;
    symbolon_client_config_good.authentication = 4, symbolon_client_config_good.binding = 2;
    symbolon_client_config_good.dpop_keys_len = 4;
    GIVES(OK, symbolon_client_init(&other, &symbolon_client_config_good, NULL));
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, authentication = 5);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_UTF8, assertion_key = signing);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, binding = 3);
    symbolon_client_config_good = client_config;
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, mix_up_defense = 0);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_NULL, issuer = null);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_REFUSED, client_id = none);
    CONFIG(symbolon_client_init, symbolon_client_config, &other, ERR_UTF8, redirect_uri = half);

    GIVES(ERR_NULL, symbolon_resource_init(NULL, &resource_config, &why));
    GIVES(ERR_NULL, symbolon_resource_init(&third, NULL, &why));
    CONFIG(symbolon_resource_init, symbolon_resource_config, &third, ERR_ABI, abi = 0);
    CONFIG(symbolon_resource_init, symbolon_resource_config, &third, ERR_REFUSED, resource = none);
    CONFIG(symbolon_resource_init, symbolon_resource_config, &third, ERR_UTF8, realm = half);
    CONFIG(symbolon_resource_init, symbolon_resource_config, &third, ERR_NULL, client_secret = null);

    memcpy(read_document, document, sizeof document);
    GIVES(ERR_NULL, symbolon_metadata_read(NULL, &client, read_document, sizeof document - 1, &why));
    GIVES(ERR_NULL, symbolon_metadata_read(&found, NULL, read_document, sizeof document - 1, &why));
    GIVES(ERR_NULL, symbolon_metadata_read(&found, &client, NULL, 5, &why));
    memset(&found, 0x5a, sizeof found);
    GIVES(ERR_REFUSED, symbolon_metadata_read(&found, &client, read_document, 5, &why));
    HOLDS(((uint8_t *)&found)[0] == 0x5a && why.name.len > 0);

    /* A configuration may be moved. */
    GIVES(OK, symbolon_server_init(&one, &server_config, NULL));
    two = one;
    memset(&one, 0, sizeof one);
    GIVES(OK, symbolon_metadata_start(&flow, &two, buffer, len));
    GIVES(ERR_ABI, symbolon_metadata_start(&flow, &one, buffer, len));
}

static void registrations(void)
{
    symbolon_registration changed = registration;
    symbolon_reason why = {{NULL, 0}, {NULL, 0}, 0};
    symbolon_str two = SYMBOLON_STR("https://two.example/");
    uint8_t of[32] = {0x5a}, small[4];
    size_t written = 7;
    GIVES(ERR_NULL, symbolon_register(NULL, of, row, sizeof row, &written, &why));
    GIVES(ERR_NULL, symbolon_register(&changed, NULL, row, sizeof row, &written, &why));
    GIVES(ERR_NULL, symbolon_register(&changed, of, NULL, sizeof row, &written, &why));
    GIVES(ERR_NULL, symbolon_register(&changed, of, row, sizeof row, NULL, &why));
    GIVES(ERR_TOO_SMALL, symbolon_register(&changed, of, small, sizeof small, &written, &why));
    GIVES(ERR_TOO_SMALL, symbolon_register(&changed, of, NULL, 0, &written, NULL));
#define REGISTER(expected, change) \
    do { \
        changed = registration; \
        changed.change; \
        check(symbolon_register(&changed, of, row, sizeof row, &written, &why) == SYMBOLON_##expected, #change, __LINE__); \
    } while (0)
    REGISTER(ERR_ABI, abi = 0);
    REGISTER(ERR_REFUSED, application_type = 0);
    HOLDS(is_text(why.name, "Malformed") && is_text(why.parameter, "application_type"));
    REGISTER(ERR_REFUSED, authentication = 4);
    REGISTER(ERR_REFUSED, authentication = 2); /* without a secret */
    REGISTER(ERR_REFUSED, authentication = 7);
    REGISTER(ERR_REFUSED, authentication = 4); /* without keys */
    REGISTER(ERR_REFUSED, authentication = 5); /* without a name */
    REGISTER(ERR_REFUSED, jwks = two; changed.jwks_uri = two);
    REGISTER(ERR_REFUSED, authentication = 5; changed.tls_client_auth_san_dns = two; changed.tls_client_auth_san_ip = two);
    REGISTER(ERR_REFUSED, token_endpoint_auth_signing_alg = two);
    REGISTER(ERR_REFUSED, client_id = none);
    REGISTER(ERR_UTF8, client_name = half);
    REGISTER(ERR_NULL, redirect_uris = null);
    HOLDS(of[0] == 0x5a && written == 7);
}

#endif
