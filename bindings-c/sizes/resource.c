/* The flow of the resource server. */
#include "drive.h"

int main(void)
{
    static symbolon_resource_server server;
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    symbolon_reason why;
    read_input();
    symbolon_resource_config config = {
        .abi = SYMBOLON_ABI, .resource = given(), .issuer = given(), .introspection_endpoint = given(), .client_id = given(),
        .client_secret = given(), .realm = given(),
    };
    if (symbolon_resource_init(&server, &config, &why) != SYMBOLON_OK) return 1;
    symbolon_field header = {given(), {input, input_len}};
    int failed = drive(&flow, symbolon_judge_start(&flow, &server, &header, 1, given(), 1, buffer, sizeof buffer));
    symbolon_flow_wipe(&flow);
    symbolon_wipe(buffer, sizeof buffer);
    return failed;
}
