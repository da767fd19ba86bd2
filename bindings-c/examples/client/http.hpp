/* HTTP out, through libcurl. See http.cpp. */
#ifndef CLIENT_HTTP_HPP
#define CLIENT_HTTP_HPP

#include <string>
#include <symbolon.hpp>

/* What an exchange may do. A flow brings its own; an application's call has this one. */
struct Policy {
    bool plain_http = true, public_addresses_only = false;
    std::size_t body_cap = 65536;
    std::uint32_t timeout = 10;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

/* One exchange within its policy; a redirect is a response like any other. */
symbolon::Sent exchange(const Policy &policy, const std::string &method, const std::string &url, const Fields &headers,
                        std::string_view body);

/* Whether an address, of 4 or of 16 bytes, is one of the public internet. */
bool is_public(const std::uint8_t *address, std::size_t len);

/* The answer to a question of a flow. */
symbolon::Sent answer(const symbolon_send &send);

/* Plays the user: goes through the sign-in and the consent page of the example's server, as a browser would, and ends where
 * the server sends it. */
void sign_in_and_consent(const std::string &url, const std::string &username, const std::string &password);

#endif
