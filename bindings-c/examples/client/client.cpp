/* A client and a resource server in C++, for the example's server: symbolon on libcurl, OpenSSL and libmicrohttpd.
 *
 *     client ISSUER PORT [--demo]   signs in, refreshes, calls the resource, signs out; prints each step. With --demo it
 *                                   plays the user too, so that nobody need be there
 *     client ISSUER PORT --serve    the resource server alone, until it is told to stop
 *
 * The resource is http://127.0.0.1:PORT/notes; the server must have been started with that. The client's redirection URI is
 * on the same port. Its tokens are bound to a key that OpenSSL holds (RFC 9449), and the resource takes no others; with --serve
 * it takes those of other clients, too, which are bound to nothing.
 *
 *     client.cpp   this: the flows of both roles, and what they lead to
 *     http.cpp     the answer to Send, and the user of the demonstration
 *     keys.cpp     the answers to Sign and Verify
 */
#include "http.hpp"
#include "keys.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <curl/curl.h>
#include <future>
#include <iostream>
#include <map>
#include <microhttpd.h>
#include <mutex>
#include <sys/random.h>

using symbolon::Bytes;
using symbolon::Flow;
using symbolon::overloaded;
using symbolon::str;
using symbolon::view;

namespace {

std::uint64_t now() { return static_cast<std::uint64_t>(std::time(nullptr)); }

std::array<std::uint8_t, 32> random_bytes()
{
    std::array<std::uint8_t, 32> bytes;
    if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
    return bytes;
}

/* ---- What answers the questions of both roles ------------------------------------------------------------------------ */

/* The rows of both: sessions, and the marks of proofs that were used, until they end. Whoever wants them to outlive the process
 * keeps them in a database. */
class Store {
public:
    symbolon::Loaded load(const symbolon_load &load)
    {
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = rows_.find(key(load.key));
        if (found == rows_.end()) return symbolon::Absent{};
        return found->second.row;
    }

    symbolon::Written commit(const symbolon_commit &commit)
    {
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = rows_.find(key(commit.key));
        bool exists = found != rows_.end();
        if (exists != commit.exists || (exists && found->second.row.version != commit.expected)) return symbolon::Conflict{};
        if (commit.delete_row) rows_.erase(found);
        else rows_[key(commit.key)] = {{exists ? commit.expected + 1 : 1, std::string(view(commit.value))}, commit.expires_at};
        for (auto row = rows_.begin(); row != rows_.end();)
            row = row->second.expires_at <= now() ? rows_.erase(row) : std::next(row);
        return symbolon::Committed{};
    }

private:
    struct Kept { symbolon::Row row; std::uint64_t expires_at; };

    static std::string key(const std::uint8_t (&bytes)[32]) { return std::string(view(Bytes(bytes))); }

    std::mutex mutex_;
    std::map<std::string, Kept> rows_;
};

const char key_id[] = "example";

struct Host {
    Store store;
    Key signing_key;

    symbolon::Loaded operator()(const symbolon_load &question) { return store.load(question); }
    symbolon::Written operator()(const symbolon_commit &question) { return store.commit(question); }
    symbolon::Sent operator()(const symbolon_send &question) { return answer(question); }
    symbolon::Signed operator()(const symbolon_sign &question)
    {
        if (view(question.key_id) != key_id) return symbolon::Unavailable{};
        return signing_key.sign(question.message);
    }
    symbolon::Verified operator()(const symbolon_verify &question)
    {
        return verify(question.key, question.message, question.signature);
    }
};

/* ---- HTTP in: the protected resource, and the redirection URI ---------------------------------------------------------- */

struct Listener {
    Host host;
    symbolon_resource_server resource;
    std::string url; /* of the resource, as this program knows it */
    std::promise<std::string> callback; /* the query that the user came back with */
    bool called_back = false;

    ~Listener() { symbolon_wipe(reinterpret_cast<std::uint8_t *>(&resource), sizeof resource); }
};

MHD_Result respond(MHD_Connection *connection, unsigned status, std::string_view body,
                   const symbolon_fields *headers = nullptr)
{
    MHD_Response *response =
        MHD_create_response_from_buffer(body.size(), const_cast<char *>(body.data()), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) return MHD_NO;
    for (std::size_t i = 0; headers != nullptr && i < headers->len; i++)
        MHD_add_response_header(response, std::string(view(headers->at[i].name)).c_str(),
                                std::string(view(headers->at[i].value)).c_str());
    MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

MHD_Result add_header(void *place, MHD_ValueKind, const char *name, std::size_t name_len, const char *value, std::size_t len)
{
    auto &fields = *static_cast<std::vector<symbolon_field> *>(place);
    fields.push_back({str({name, name_len}), Bytes(std::string_view(value == nullptr ? "" : value, len))});
    return MHD_YES;
}

/* The notes, for whoever may read them. */
MHD_Result notes(Listener &listener, MHD_Connection *connection)
{
    std::vector<symbolon_field> headers;
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_header, &headers);
    Flow flow(symbolon_resource_buffer());
    symbolon_resource_request request{};
    request.method = str("GET");
    request.url = str(listener.url);
    request.headers = headers.data();
    request.headers_len = headers.size();
    symbolon_needs needs{};
    needs.scope = str("read");
    flow.start(symbolon_judge_start, &listener.resource, &request, &needs, now());
    return symbolon::visit(flow.drive(listener.host), overloaded{
        [&](const symbolon_claims &claims) {
            /* A nonce that is soon to end is followed by another. */
            symbolon_fields fields{};
            if (claims.dpop_nonce.len > 0) fields.at[fields.len++] = {str("DPoP-Nonce"), Bytes(view(claims.dpop_nonce))};
            /* A subject has printable ASCII; what JSON would want escaped is not in the names of this server's users. */
            std::string body = R"({"notes_of":")" + std::string(view(claims.sub)) + R"(","notes":["Buy a looking-glass."]})";
            return respond(connection, 200, body, &fields);
        },
        [&](const symbolon_reply &reply) { return respond(connection, reply.status, view(reply.body), &reply.headers); },
        [&](const auto &) { return respond(connection, 500, ""); },
    });
}

/* libmicrohttpd decodes the query; flows want it as it came. */
void *keep_uri(void *, const char *uri, MHD_Connection *) { return new std::string(uri); }

void forget_uri(void *, MHD_Connection *, void **uri, MHD_RequestTerminationCode)
{
    delete static_cast<std::string *>(*uri);
    *uri = nullptr;
}

MHD_Result serve(void *place, MHD_Connection *connection, const char *path, const char *method, const char *, const char *,
                 std::size_t *len, void **kept)
try {
    auto &listener = *static_cast<Listener *>(place);
    std::string_view uri = *static_cast<std::string *>(*kept);
    if (*len > 0) return MHD_NO;
    if (std::strcmp(method, "GET") != 0) return respond(connection, 405, "");
    if (std::strcmp(path, "/notes") == 0) return notes(listener, connection);
    if (std::strcmp(path, "/callback") != 0) return respond(connection, 404, "");
    if (!std::exchange(listener.called_back, true))
        listener.callback.set_value(std::string(uri.substr(std::min(uri.find('?'), uri.size() - 1) + 1)));
    return respond(connection, 200, "You may close this page.\n");
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return MHD_NO;
}

/* ---- The client -------------------------------------------------------------------------------------------------------- */

struct Failed : std::runtime_error { using std::runtime_error::runtime_error; };

/* What a flow was to end in, or an exception that says what it ended in. */
template <class Wanted> const Wanted &expect(const symbolon_done &done)
{
    return symbolon::visit(done, overloaded{
        [](const Wanted &wanted) -> const Wanted & { return wanted; },
        [&](const auto &) -> const Wanted & {
            std::string why(view(done.reason.name));
            if (done.kind == SYMBOLON_FAILED || done.kind == SYMBOLON_SIGN_IN_AGAIN)
                why.append(" ").append(view(done.of.failure.error));
            throw Failed(why);
        },
    });
}

/* What anybody can do who has the token, and not the key. */
std::uint32_t steal(const std::string &url, const std::string &scheme, const std::string &access_token)
{
    symbolon::Sent sent = exchange({}, "GET", url, {{"Authorization", scheme + " " + access_token}}, "");
    if (auto *response = std::get_if<symbolon::Response>(&sent)) return response->status;
    throw Failed("the resource cannot be reached");
}

/* Asks the resource with the token of the session, and a proof of the key that it is bound to. */
const symbolon_done &call(Flow &flow, Host &host, const symbolon_client &client, const std::uint8_t *session,
                          const std::string &resource)
{
    auto entropy = random_bytes();
    symbolon_client_request request{};
    request.method = str("GET");
    request.url = request.resource = str(resource);
    request.accept = str("application/json");
    flow.start(symbolon_client_request_start, &client, session, &request, now(), entropy.data());
    return flow.drive(host);
}

std::string call_allowed(Host &host, const symbolon_client &client, const std::uint8_t *session, const std::string &resource)
{
    Flow flow(symbolon_client_buffer());
    const auto &answered = expect<symbolon_answered>(call(flow, host, client, session, resource));
    if (answered.status != 200) throw Failed("the resource answers " + std::to_string(answered.status));
    return std::string(view(answered.body));
}

void run(Listener &listener, const std::string &issuer, const std::string &here, bool demo)
{
    Host &host = listener.host;
    const std::string resource = here + "/notes", redirect_uri = here + "/callback";
    const std::string jwk = host.signing_key.jwk(key_id);
    const symbolon_signing_key key{str(key_id), str("ES256"), str(jwk)};
    symbolon_client_config config{};
    config.abi = SYMBOLON_ABI;
    config.authentication = 1;
    config.binding = 2;
    config.dpop_keys = &key;
    config.dpop_keys_len = 1;
    config.pushed_requests_only = 1;
    config.mix_up_defense = 1;
    config.plain_http_on_loopback = 1;
    config.private_addresses = 1;
    config.issuer = str(issuer);
    config.client_id = str("native");
    config.redirect_uri = str(redirect_uri);
    config.scope = str("read write");
    config.resources = str(resource);
    symbolon_client client;
    symbolon_reason why{};
    symbolon::check(symbolon_client_init(&client, &config, &why), why);

    /* Its buffer holds the metadata, which the other flows read. */
    Flow discovery(symbolon_client_buffer());
    discovery.start(symbolon_client_discover_start, &client, 1, nullptr);
    const auto &server = expect<symbolon_server_found>(discovery.drive(host));
    std::cout << "found      " << view(server.issuer) << ", tokens at " << view(server.token_endpoint) << std::endl;

    /* A client of many users has a cookie here; this one has one user. */
    auto browser = random_bytes(), entropy = random_bytes(), session = browser;
    symbolon_bytes user_agent{browser.data(), browser.size()};
    {
        Flow flow(symbolon_client_buffer());
        flow.start(symbolon_client_authorize_start, &client, &server.metadata, user_agent, nullptr, now(), entropy.data());
        const auto &sign_in = expect<symbolon_sign_in>(flow.drive(host));
        std::string url(view(sign_in.url));
        std::cout << "sign in at " << url.substr(0, demo ? 60 : url.npos) << (demo ? "..." : "") << std::endl;
        if (demo) sign_in_and_consent(url, "alice", "rabbit-hole-1865");
    }
    std::string query = listener.callback.get_future().get(), access_token;
    {
        Flow flow(symbolon_client_buffer());
        auto *bytes = reinterpret_cast<std::uint8_t *>(query.data());
        flow.start(symbolon_client_callback_start, &client, &server.metadata, bytes, query.size(), user_agent, now());
        const auto &signed_in = expect<symbolon_signed_in>(flow.drive(host));
        std::memcpy(session.data(), signed_in.session, session.size());
        access_token = view(signed_in.access_token);
        if (view(signed_in.key_id) != key_id) throw Failed("the tokens are bound to no key");
        std::cout << "signed in  for " << view(signed_in.scope) << ", until " << signed_in.expires_at << std::endl;
    }
    std::cout << "called     " << call_allowed(host, client, session.data(), resource) << std::endl;
    for (const char *scheme : {"Bearer", "DPoP"})
        if (steal(resource, scheme, access_token) != 401) throw Failed("a token without its key is of use");
    std::cout << "stolen     a token is of no use without its key" << std::endl;
    {
        /* As if the resource had refused the token: so there is another before this one expires. */
        Flow flow(symbolon_client_buffer());
        flow.start(symbolon_client_refresh_start, &client, &server.metadata, session.data(), str(access_token), now());
        const auto &usable = expect<symbolon_usable>(flow.drive(host));
        if (view(usable.access_token) == access_token) throw Failed("the access token is the old one");
        access_token = view(usable.access_token);
        std::cout << "refreshed  until " << usable.expires_at << std::endl;
    }
    std::cout << "called     " << call_allowed(host, client, session.data(), resource) << std::endl;
    {
        Flow flow(symbolon_client_buffer());
        flow.start(symbolon_client_revoke_start, &client, &server.metadata, session.data(), now());
        bool at_server = expect<symbolon_signed_out>(flow.drive(host)).at_server;
        std::cout << "signed out " << (at_server ? "here and at the server" : "here alone") << std::endl;
        if (!at_server) throw Failed("the tokens are not revoked");
    }
    Flow flow(symbolon_client_buffer());
    if (call(flow, host, client, session.data(), resource).kind != SYMBOLON_SIGN_IN_AGAIN) throw Failed("the session is not gone");
    std::cout << "signed out, and so nothing is called any more" << std::endl;
}

} // namespace

int main(int argc, char **argv)
try {
    const std::string mode = argc > 3 ? argv[3] : "";
    if (argc < 3 || argc > 4 || (argc == 4 && mode != "--demo" && mode != "--serve")) {
        std::cerr << "usage: " << argv[0] << " ISSUER PORT [--demo | --serve]\n";
        return 2;
    }
    /* Before there are threads, so that they have it too: the signals wait for sigwait. */
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    if (mode == "--serve") pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    curl_global_init(CURL_GLOBAL_DEFAULT);

    const std::string issuer = argv[1], here = std::string("http://127.0.0.1:") + argv[2];
    const std::string resource = here + "/notes", introspection_endpoint = issuer + "/introspect";
    Listener listener;
    listener.url = resource;
    symbolon_resource_config config{};
    config.abi = SYMBOLON_ABI;
    config.plain_http_on_loopback = 1;
    config.access_tokens = 1;
    config.accepts_bearer = mode == "--serve" ? 1 : 0;
    config.accepts_dpop = 1;
    /* The secret of the nonces that proofs must bear. It goes with the process: a client then has another nonce to fetch. */
    symbolon_credential_key nonces{1, {}};
    auto secret = random_bytes();
    std::copy(secret.begin(), secret.end(), nonces.secret);
    config.keys = &nonces;
    config.keys_len = 1;
    config.resource = str(resource);
    config.issuer = str(issuer);
    config.introspection_endpoint = str(introspection_endpoint);
    config.client_id = str("resource-server");
    config.client_secret = str("resource-secret-Ub8eXk1QzN5v");
    config.realm = str(resource);
    symbolon_reason why{};
    symbolon_status status = symbolon_resource_init(&listener.resource, &config, &why);
    symbolon_wipe(nonces.secret, sizeof nonces.secret), symbolon_wipe(secret.data(), secret.size());
    symbolon::check(status, why);

    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(argv[2])));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::unique_ptr<MHD_Daemon, decltype(&MHD_stop_daemon)> daemon(
        MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, nullptr, nullptr, serve, &listener,
                         MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_URI_LOG_CALLBACK, keep_uri, nullptr,
                         MHD_OPTION_NOTIFY_COMPLETED, forget_uri, nullptr, MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END),
        MHD_stop_daemon);
    if (!daemon) throw Failed("cannot listen on " + here);
    if (mode == "--serve") {
        int signal;
        std::cout << "resource at " << resource << std::endl;
        sigwait(&stop, &signal);
    } else {
        run(listener, issuer, here, mode == "--demo");
    }
    return 0;
} catch (const std::exception &error) {
    std::cerr << "failed: " << error.what() << '\n';
    return 1;
}
