/* The example's HTTP client keeps to the policy of an exchange. */
#include "http.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <microhttpd.h>
#include <unistd.h>

static void require(bool held, int line)
{
    if (held) return;
    std::fprintf(stderr, "http.cpp:%d does not hold\n", line);
    std::exit(1);
}
#define REQUIRE(...) require((__VA_ARGS__), __LINE__)

static MHD_Result serve(void *, MHD_Connection *connection, const char *path, const char *method, const char *,
                        const char *data, size_t *len, void **seen)
{
    static std::string body;
    if (*seen == nullptr) {
        *seen = &body;
        body = method;
        return MHD_YES;
    }
    if (*len > 0) {
        body.append(" ").append(data, *len);
        *len = 0;
        return MHD_YES;
    }
    if (std::strcmp(path, "/slow") == 0) sleep(3);
    if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type") != nullptr) body.append(" typed");
    if (const char *said = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Said")) body.append(" ").append(said);
    MHD_Response *response = MHD_create_response_from_buffer(body.size(), body.data(), MHD_RESPMEM_MUST_COPY);
    bool redirect = std::strcmp(path, "/redirect") == 0;
    if (redirect) MHD_add_response_header(response, "Location", "/elsewhere");
    MHD_add_response_header(response, "Said", " twice  ");
    MHD_add_response_header(response, "Said", "again");
    MHD_add_response_header(response, "Asked", method);
    MHD_Result result = MHD_queue_response(connection, redirect ? 302 : 200, response);
    MHD_destroy_response(response);
    return result;
}

static bool is_public(const char *text)
{
    std::uint8_t address[16];
    int family = std::strchr(text, ':') != nullptr ? AF_INET6 : AF_INET;
    REQUIRE(inet_pton(family, text, address) == 1);
    return is_public(address, family == AF_INET ? 4 : 16);
}

static bool unavailable(const symbolon::Sent &sent) { return std::holds_alternative<symbolon::Unavailable>(sent); }

int main()
{
    for (auto text : {"1.1.1.1", "100.63.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "2001:4860::8888", "::ffff:1.1.1.1"})
        if (!is_public(text)) return std::printf("%s is public\n", text), 1;
    for (auto text : {"0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "192.0.2.1",
                      "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
                      "64:ff9b::7f00:1", "fc00::1", "fe80::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1"})
        if (is_public(text)) return std::printf("%s is not public\n", text), 1;

    /* A proxy would be asked first, and there is none. */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, nullptr, nullptr, serve, nullptr,
                                          MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
    REQUIRE(daemon != nullptr);
    std::string port = std::to_string(MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    std::string root = "http://127.0.0.1:" + port;

    Policy any, capped, hasty, encrypted, outside;
    auto response = std::get<symbolon::Response>(exchange(any, "POST", root + "/", {{"Said", "hello"}}, "a=b"));
    REQUIRE(response.status == 200 && response.body == "POST a=b hello");
    REQUIRE(std::count(response.headers.begin(), response.headers.end(), std::pair<std::string, std::string>("Said", "twice")) == 1);
    REQUIRE(std::count(response.headers.begin(), response.headers.end(), std::pair<std::string, std::string>("Said", "again")) == 1);
    for (std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
        REQUIRE(std::get<symbolon::Response>(exchange(any, method, root + "/", {}, "")).body == method);
        response = std::get<symbolon::Response>(exchange(any, method, root + "/", {{"Content-Type", "text/plain"}}, "a=b"));
        REQUIRE(response.body == method + " a=b typed");
    }
    response = std::get<symbolon::Response>(exchange(any, "HEAD", root + "/", {}, ""));
    REQUIRE(response.status == 200 && response.body.empty());
    REQUIRE(std::count(response.headers.begin(), response.headers.end(), std::pair<std::string, std::string>("Asked", "HEAD")) == 1);
    response = std::get<symbolon::Response>(exchange(any, "GET", root + "/redirect", {}, ""));
    REQUIRE(response.status == 302 && response.body == "GET");

    symbolon_send question{};
    question.method = symbolon::str("GET"), question.url = symbolon::str(root);
    question.plain_http = true, question.body_cap = 64, question.timeout = 10;
    REQUIRE(!unavailable(answer(question)));
    question.client_certificate = true;
    REQUIRE(unavailable(answer(question)));

    capped.body_cap = 3;
    REQUIRE(std::get<symbolon::Response>(exchange(capped, "GET", root + "/", {}, "")).body == "GET");
    capped.body_cap = 2;
    REQUIRE(unavailable(exchange(capped, "GET", root + "/", {}, "")));
    hasty.timeout = 1;
    REQUIRE(unavailable(exchange(hasty, "GET", root + "/slow", {}, "")));
    encrypted.plain_http = false;
    REQUIRE(unavailable(exchange(encrypted, "GET", root + "/", {}, "")));
    REQUIRE(unavailable(exchange(any, "GET", "file:///dev/null", {}, "")));
    outside.public_addresses_only = true;
    for (auto host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"})
        REQUIRE(unavailable(exchange(outside, "GET", std::string("http://") + host + ":" + port + "/", {}, "")));
    MHD_stop_daemon(daemon);
    std::puts("the policy holds");
    return 0;
}
