/* Every flow of the server. */
#include "drive.h"

int main(int argc, char **argv)
{
    static symbolon_server server;
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    symbolon_reason why;
    read_input();
    symbolon_credential_key key = {1, {0}};
    memcpy(key.secret, input, sizeof key.secret);
    symbolon_server_config config = {
        .abi = SYMBOLON_ABI, .issuer = given(), .authorization_endpoint = given(), .token_endpoint = given(),
        .revocation_endpoint = given(), .introspection_endpoint = given(), .scopes_supported = given(), .keys = &key, .keys_len = 1,
    };
    symbolon_registration client = {
        .abi = SYMBOLON_ABI, .application_type = 1, .authentication = 1, .authorization_code = 1, .refresh_token = 1,
        .client_id = given(), .client_name = given(), .redirect_uris = given(), .scope = given(),
    };
    if (symbolon_server_init(&server, &config, &why) != SYMBOLON_OK) return 1;
    if (symbolon_register(&client, key.secret, row, sizeof row, &row_len, &why) != SYMBOLON_OK) return 1;
    symbolon_field header = {given(), {input, input_len}};
    symbolon_request request = {{"POST", 4}, input, input_len, &header, 1, input, input_len, NULL};
    symbolon_bytes browser = {input, 32};
    symbolon_decision decision = {.subject = given(), .authenticated_at = 1, .approved = 1, .scope = given()};
    int failed = 0;
    switch (argc) {
    case 1: failed = drive(&flow, symbolon_authorize_start(&flow, &server, &request, browser, 1, input, buffer, sizeof buffer)); break;
    case 2: failed = drive(&flow, symbolon_resume_start(&flow, &server, given(), browser, 1, buffer, sizeof buffer)); break;
    case 3: failed = drive(&flow, symbolon_decide_start(&flow, &server, given(), browser, &decision, 1, buffer, sizeof buffer)); break;
    case 4: failed = drive(&flow, symbolon_token_start(&flow, &server, &request, 1, input, buffer, sizeof buffer)); break;
    case 5: failed = drive(&flow, symbolon_revoke_start(&flow, &server, &request, 1, buffer, sizeof buffer)); break;
    case 6: failed = drive(&flow, symbolon_introspect_start(&flow, &server, &request, 1, buffer, sizeof buffer)); break;
    case 7: failed = drive(&flow, symbolon_push_start(&flow, &server, &request, 1, input, buffer, sizeof buffer)); break;
    case 8: failed = drive(&flow, symbolon_userinfo_start(&flow, &server, &request, 1, buffer, sizeof buffer)); break;
    case 9: failed = drive(&flow, symbolon_jwks_start(&flow, &server, buffer, sizeof buffer)); break;
    default: failed = drive(&flow, symbolon_metadata_start(&flow, &server, buffer, sizeof buffer));
    }
    symbolon_flow_wipe(&flow);
    symbolon_wipe(buffer, sizeof buffer);
    (void)argv;
    return failed;
}
