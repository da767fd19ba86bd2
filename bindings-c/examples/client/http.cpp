/* HTTP out, through libcurl: what a flow demands of an exchange, setting by setting. */
#include "http.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <curl/curl.h>
#include <memory>
#include <stdexcept>

/* RFC 6890, and the IANA registries that it began. */
bool is_public(const std::uint8_t *a, std::size_t len)
{
    static const std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (len == 16 && std::memcmp(a, mapped, 12) == 0) return is_public(a + 12, 4);
    if (len == 16)
        return a[0] >> 5 == 1 && !(a[0] == 0x20 && a[1] == 0x01 && (a[2] < 2 || (a[2] == 0x0d && a[3] == 0xb8))) &&
               !(a[0] == 0x20 && a[1] == 0x02) && !(a[0] == 0x3f && a[1] == 0xff && a[2] < 0x10);
    return !(a[0] == 0 || a[0] == 10 || a[0] == 127 || a[0] >= 224 || (a[0] == 100 && a[1] >= 64 && a[1] < 128) ||
             (a[0] == 169 && a[1] == 254) || (a[0] == 172 && a[1] >= 16 && a[1] < 32) || (a[0] == 192 && a[1] == 168) ||
             (a[0] == 192 && a[1] == 0 && (a[2] == 0 || a[2] == 2)) || (a[0] == 192 && a[1] == 88 && a[2] == 99) ||
             (a[0] == 198 && (a[1] == 18 || a[1] == 19)) || (a[0] == 198 && a[1] == 51 && a[2] == 100) ||
             (a[0] == 203 && a[1] == 0 && a[2] == 113));
}

namespace {

using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

struct Received {
    symbolon::Response response;
    std::size_t cap = 0;
};

/* Called with the address that is about to be connected to, after names are resolved: so no second resolution can differ. */
curl_socket_t open_public(void *, curlsocktype, curl_sockaddr *address)
{
    bool allowed = false;
    if (address->family == AF_INET)
        allowed = is_public(reinterpret_cast<std::uint8_t *>(&reinterpret_cast<sockaddr_in *>(&address->addr)->sin_addr), 4);
    else if (address->family == AF_INET6)
        allowed = is_public(reinterpret_cast<sockaddr_in6 *>(&address->addr)->sin6_addr.s6_addr, 16);
    return allowed ? socket(address->family, address->socktype, address->protocol) : CURL_SOCKET_BAD;
}

std::size_t take_body(char *data, std::size_t size, std::size_t count, void *place)
{
    auto &received = *static_cast<Received *>(place);
    if (size * count > received.cap - received.response.body.size()) return 0;
    received.response.body.append(data, size * count);
    return size * count;
}

std::size_t take_header(char *data, std::size_t size, std::size_t count, void *place)
{
    auto &headers = static_cast<Received *>(place)->response.headers;
    std::string_view line(data, size * count);
    std::size_t colon = line.find(':');
    if (line.substr(0, 5) == "HTTP/") headers.clear(); /* An interim response came before. */
    if (colon != line.npos) {
        std::string_view value = line.substr(colon + 1);
        std::size_t first = value.find_first_not_of(" \t\r\n"), last = value.find_last_not_of(" \t\r\n");
        headers.emplace_back(line.substr(0, colon), first == value.npos ? "" : value.substr(first, last - first + 1));
    }
    return size * count;
}

template <class Value> void set(const Curl &curl, CURLoption option, Value value)
{
    /* A setting that is not made would be a demand that is not met. */
    if (curl_easy_setopt(curl.get(), option, value) != CURLE_OK) throw std::runtime_error("libcurl lacks a setting");
}

} // namespace

symbolon::Sent exchange(const Policy &policy, const std::string &method, const std::string &url, const Fields &headers,
                        std::string_view body)
{
    Curl curl(curl_easy_init(), curl_easy_cleanup);
    if (!curl) return symbolon::Unavailable{};
    Received received;
    received.cap = policy.body_cap;
    List list(nullptr, curl_slist_free_all);
    auto add = [&](const std::string &line) {
        curl_slist *longer = curl_slist_append(list.get(), line.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        (void)list.release();
        list.reset(longer);
    };
    for (const auto &[name, value] : headers) add(name + ": " + value);
    /* Without these, libcurl would add fields of its own; a Content-Type that is there already is sent. */
    add("Expect:");
    add("Content-Type:");

    set(curl, CURLOPT_URL, url.c_str());
    set(curl, CURLOPT_PROTOCOLS_STR, policy.plain_http ? "http,https" : "https");
    set(curl, CURLOPT_FOLLOWLOCATION, 0L);
    /* A proxy would connect in our place, and so void the check of the address. */
    set(curl, CURLOPT_PROXY, "");
    set(curl, CURLOPT_TIMEOUT, static_cast<long>(policy.timeout));
    set(curl, CURLOPT_NOSIGNAL, 1L);
    set(curl, CURLOPT_HTTPHEADER, list.get());
    set(curl, CURLOPT_WRITEFUNCTION, take_body);
    set(curl, CURLOPT_WRITEDATA, &received);
    set(curl, CURLOPT_HEADERFUNCTION, take_header);
    set(curl, CURLOPT_HEADERDATA, &received);
    if (policy.public_addresses_only) set(curl, CURLOPT_OPENSOCKETFUNCTION, open_public);
    if (method == "HEAD") set(curl, CURLOPT_NOBODY, 1L);
    else if (method != "GET" || !body.empty()) {
        set(curl, CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());
        set(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        set(curl, CURLOPT_CUSTOMREQUEST, method.c_str()); /* CURLOPT_POSTFIELDS alone is a POST. */
    }
    if (curl_easy_perform(curl.get()) != CURLE_OK) return symbolon::Unavailable{};
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    received.response.status = static_cast<std::uint32_t>(status);
    return std::move(received.response);
}

symbolon::Sent answer(const symbolon_send &send)
{
    using symbolon::view;
    if (send.client_certificate) return symbolon::Unavailable{}; /* This program has none to show. */
    Fields headers;
    for (std::size_t i = 0; i < send.headers.len; i++)
        headers.emplace_back(view(send.headers.at[i].name), view(send.headers.at[i].value));
    Policy policy{send.plain_http, send.public_addresses_only, send.body_cap, send.timeout};
    return exchange(policy, std::string(view(send.method)), std::string(view(send.url)), headers, view(send.body));
}

/* ---- The user of a demonstration: cookies, redirects and forms ------------------------------------------------------- */

namespace {

std::string perform(const Curl &curl, const std::string &url, const std::string *form)
{
    Received received;
    received.cap = 65536;
    set(curl, CURLOPT_URL, url.c_str());
    set(curl, CURLOPT_WRITEDATA, &received);
    if (form != nullptr) set(curl, CURLOPT_COPYPOSTFIELDS, form->c_str());
    else set(curl, CURLOPT_HTTPGET, 1L);
    CURLcode result = curl_easy_perform(curl.get());
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK || status != 200)
        throw std::runtime_error(url + " ends with " + std::to_string(status) + ": " + curl_easy_strerror(result));
    return received.response.body;
}

/* The values of the page are plain; one of another server would have to be unescaped. */
std::string hidden(const std::string &page, const std::string &name)
{
    std::string start = "name=\"" + name + "\" value=\"";
    std::size_t at = page.find(start);
    if (at == page.npos) throw std::runtime_error("the page has no " + name);
    at += start.size();
    return page.substr(at, page.find('"', at) - at);
}

} // namespace

void sign_in_and_consent(const std::string &url, const std::string &username, const std::string &password)
{
    Curl curl(curl_easy_init(), curl_easy_cleanup);
    if (!curl) throw std::bad_alloc();
    set(curl, CURLOPT_COOKIEFILE, "");
    set(curl, CURLOPT_FOLLOWLOCATION, 1L);
    set(curl, CURLOPT_MAXREDIRS, 5L);
    set(curl, CURLOPT_PROXY, "");
    set(curl, CURLOPT_TIMEOUT, 10L);
    set(curl, CURLOPT_NOSIGNAL, 1L);
    set(curl, CURLOPT_WRITEFUNCTION, take_body);
    std::string root = url.substr(0, url.find('/', url.find("://") + 3));
    std::string page = perform(curl, url, nullptr);
    auto form = [&] { return "handle=" + hidden(page, "handle") + "&csrf=" + hidden(page, "csrf"); };
    std::string filled = form() + "&username=" + username + "&password=" + password;
    page = perform(curl, root + "/interaction/sign-in", &filled);
    filled = form() + "&scope=read&scope=write&decision=approve";
    perform(curl, root + "/interaction/consent", &filled);
}
