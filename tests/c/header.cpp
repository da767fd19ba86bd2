/* symbolon.hpp: what it converts, that a question nobody takes is unavailable, and that misuse throws. */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <map>
#include <new>
#include <string>
#include <symbolon.hpp>

using namespace std::string_view_literals;

static void require(bool held, int line)
{
    if (held) return;
    std::fprintf(stderr, "header.cpp:%d does not hold\n", line);
    std::exit(1);
}
#define REQUIRE(...) require((__VA_ARGS__), __LINE__)

/* What is given back must not hold this. */
static const char secret[] = "a row that holds a secret";
static bool given_back = false;

void *operator new(std::size_t size)
{
    void *place = std::malloc(size);
    return place != nullptr ? place : throw std::bad_alloc();
}
void operator delete(void *place) noexcept
{
    if (place != nullptr && memmem(place, malloc_usable_size(place), secret, sizeof secret - 1) != nullptr) given_back = true;
    std::free(place);
}
void operator delete(void *place, std::size_t) noexcept { operator delete(place); }

static_assert(!std::is_copy_constructible_v<symbolon::Flow> && !std::is_move_constructible_v<symbolon::Flow>,
              "a flow must not be moved");

static symbolon_server server;

static void configure()
{
    static const symbolon_credential_key key = {1, {7}};
    symbolon_server_config config = {};
    config.abi = SYMBOLON_ABI;
    config.issuer = symbolon::str("https://as.example");
    config.authorization_endpoint = symbolon::str("https://as.example/authorize");
    config.token_endpoint = symbolon::str("https://as.example/token");
    config.revocation_endpoint = symbolon::str("https://as.example/revoke");
    config.introspection_endpoint = symbolon::str("https://as.example/introspect");
    config.scopes_supported = symbolon::str("read");
    config.keys = &key;
    config.keys_len = 1;
    symbolon_reason why = {};
    symbolon::check(symbolon_server_init(&server, &config, &why), why);
}

/* An authorization request; what the flow asks is answered by host. The status of the reply. */
template <class Host> static std::uint32_t authorize(symbolon::Flow &flow, Host &&host)
{
    static std::string query;
    query = "response_type=code&client_id=app";
    const std::uint8_t browser[16] = {1}, entropy[32] = {2};
    static symbolon_request request;
    request = {symbolon::str("GET"), reinterpret_cast<std::uint8_t *>(query.data()), query.size(), nullptr, 0, nullptr, 0, nullptr};
    flow.start(symbolon_authorize_start, &server, &request, symbolon::Bytes(browser), 1000, entropy);
    return symbolon::visit(flow.drive(host), symbolon::overloaded{
        [](const symbolon_reply &reply) { return reply.status; },
        [](const auto &) { return std::uint32_t(0); },
    });
}

int main()
{
    const std::uint8_t bytes[] = {'a', 'b'};
    REQUIRE(symbolon::view(symbolon::Bytes(bytes)) == "ab" && symbolon::Bytes("ab"sv).size() == 2);
    REQUIRE(symbolon::view(symbolon::str("text")) == "text" && symbolon::view(symbolon_str{nullptr, 0}).empty());
    std::string copy;
    for (std::uint8_t byte : symbolon::Bytes(bytes)) copy += static_cast<char>(byte);
    REQUIRE(copy == "ab");

    configure();
    try {
        symbolon_reason why = {};
        symbolon_server_config nothing = {};
        symbolon::check(symbolon_server_init(&server, &nothing, &why), why);
        REQUIRE(false);
    } catch (const symbolon::Error &error) {
        REQUIRE(error.status == SYMBOLON_ERR_ABI);
    }
    configure();

    symbolon::Flow flow(symbolon_server_buffer());
    int asked = 0;
    REQUIRE(authorize(flow, symbolon::overloaded{[&](const symbolon_load &load) -> symbolon::Loaded {
                asked++;
                REQUIRE(symbolon::view(load.kind) == "client");
                return symbolon::Absent{};
            }}) == 400);
    REQUIRE(asked == 1);
    /* Nobody takes the question. */
    REQUIRE(authorize(flow, symbolon::overloaded{[](const symbolon_sign &) -> symbolon::Signed { return {}; }}) == 503);
    /* A row that is none is an error of the server, not of the program. */
    REQUIRE(authorize(flow, [](const symbolon_load &) -> symbolon::Loaded { return symbolon::Row{1, secret}; }) == 500);
    REQUIRE(!given_back);
    delete new std::string(secret);
    REQUIRE(given_back);

    try {
        symbolon::Flow small(1);
        authorize(small, [](const symbolon_load &) -> symbolon::Loaded { return symbolon::Absent{}; });
        REQUIRE(false);
    } catch (const symbolon::Error &error) {
        REQUIRE(error.status == SYMBOLON_ERR_TOO_SMALL);
    }
    symbolon::Flow never(10);
    try {
        never.drive([](const symbolon_load &) -> symbolon::Loaded { return symbolon::Absent{}; });
        REQUIRE(false);
    } catch (const symbolon::Error &error) {
        REQUIRE(error.status == SYMBOLON_ERR_FLOW);
    }
    std::puts("symbolon.hpp holds");
    return 0;
}
