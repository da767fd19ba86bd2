/* Every flow of the client. */
#include "drive.h"

int main(int argc, char **argv)
{
    static symbolon_client client;
    static symbolon_metadata metadata;
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    symbolon_reason why;
    read_input();
    symbolon_client_config config = {
        .abi = SYMBOLON_ABI, .authentication = 1, .binding = 1, .mix_up_defense = 1, .issuer = given(), .client_id = given(),
        .redirect_uri = given(), .scope = given(), .resources = given(),
    };
    if (symbolon_client_init(&client, &config, &why) != SYMBOLON_OK) return 1;
    if (symbolon_metadata_read(&metadata, &client, input, input_len, &why) != SYMBOLON_OK) return 1;
    symbolon_bytes browser = {input, 32};
    symbolon_client_request request = {.method = given(), .url = given(), .resource = given()};
    int failed = 0;
    switch (argc) {
    case 1: failed = drive(&flow, symbolon_client_discover_start(&flow, &client, 1, NULL, buffer, sizeof buffer)); break;
    case 2: failed = drive(&flow, symbolon_client_authorize_start(&flow, &client, &metadata, browser, NULL, 1, input, buffer,
                                                                  sizeof buffer)); break;
    case 3: failed = drive(&flow, symbolon_client_callback_start(&flow, &client, &metadata, input, input_len, browser, 1, buffer,
                                                                 sizeof buffer)); break;
    case 4: failed = drive(&flow, symbolon_client_refresh_start(&flow, &client, &metadata, input, given(), 1, buffer,
                                                                sizeof buffer)); break;
    case 5: failed = drive(&flow, symbolon_client_credentials_start(&flow, &client, &metadata, given(), given(), 1, input,
                                                                    buffer, sizeof buffer)); break;
    case 6: failed = drive(&flow, symbolon_client_request_start(&flow, &client, input, &request, 1, input, buffer,
                                                                sizeof buffer)); break;
    case 7: failed = drive(&flow, symbolon_client_userinfo_start(&flow, &client, &metadata, input, 1, input, buffer,
                                                                 sizeof buffer)); break;
    default: failed = drive(&flow, symbolon_client_revoke_start(&flow, &client, &metadata, input, 1, buffer, sizeof buffer));
    }
    symbolon_flow_wipe(&flow);
    symbolon_wipe(buffer, sizeof buffer);
    (void)argv;
    return failed;
}
