/* The flow of the resource server. */
#include "drive.h"

int main(void)
{
    static symbolon_resource_server server;
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    symbolon_reason why;
    read_input();
    symbolon_resource_config config = {
        .abi = SYMBOLON_ABI, .access_tokens = (uint32_t)input_len, .accepts_bearer = 1, .accepts_dpop = 1,
        .accepts_certificate = 1, .resource = given(), .issuer = given(), .introspection_endpoint = given(),
        .client_id = given(), .client_secret = given(), .jwks = given(), .jwks_uri = given(), .realm = given(),
    };
    if (symbolon_resource_init(&server, &config, &why) != SYMBOLON_OK) return 1;
    symbolon_field header = {given(), {input, input_len}};
    symbolon_resource_request request = {given(), given(), &header, 1, input, input_len};
    symbolon_needs needs = {.scope = given()};
    int failed = drive(&flow, symbolon_judge_start(&flow, &server, &request, &needs, 1, buffer, sizeof buffer));
    failed |= drive(&flow, symbolon_resource_metadata_start(&flow, &server, buffer, sizeof buffer));
    symbolon_flow_wipe(&flow);
    symbolon_wipe(buffer, sizeof buffer);
    return failed;
}
