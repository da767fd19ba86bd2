/*
 * symbolon.h for C++17: conversions, storage that wipes itself, and one lambda for each question.
 *
 *     symbolon::Flow flow(symbolon_server_buffer());
 *     flow.start(symbolon_token_start, &server, &request, now, entropy);
 *     const symbolon_done &done = flow.drive(symbolon::overloaded{
 *         [&](const symbolon_load &load) -> symbolon::Loaded { ... return symbolon::Row{version, value}; },
 *         [&](const symbolon_commit &commit) -> symbolon::Written { ... return symbolon::Conflict{}; },
 *     });
 *
 * What symbolon.h says about memory and threads holds here too. Exceptions come from misuse alone, never from what a peer did.
 */
#ifndef SYMBOLON_HPP
#define SYMBOLON_HPP

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "symbolon.h"

namespace symbolon {

/* A range of bytes of somebody else's. */
struct Bytes : symbolon_bytes {
    constexpr Bytes(const std::uint8_t *first, std::size_t count) noexcept : symbolon_bytes{first, count} {}
    constexpr Bytes(symbolon_bytes bytes) noexcept : symbolon_bytes(bytes) {}
    template <std::size_t N> constexpr Bytes(const std::uint8_t (&bytes)[N]) noexcept : symbolon_bytes{bytes, N} {}
    Bytes(std::string_view text) noexcept : symbolon_bytes{reinterpret_cast<const std::uint8_t *>(text.data()), text.size()} {}
    constexpr std::size_t size() const noexcept { return len; }
    constexpr const std::uint8_t *begin() const noexcept { return ptr; }
    constexpr const std::uint8_t *end() const noexcept { return ptr + len; }
};

constexpr symbolon_str str(std::string_view text) noexcept { return {text.data(), text.size()}; }
constexpr std::string_view view(symbolon_str text) noexcept { return {text.ptr, text.len}; }
inline std::string_view view(symbolon_bytes bytes) noexcept { return {reinterpret_cast<const char *>(bytes.ptr), bytes.len}; }

/* A call that was not done. */
struct Error : std::runtime_error {
    symbolon_status status;
    explicit Error(symbolon_status of, symbolon_reason why = {})
        : std::runtime_error(std::string(symbolon_strerror(of)).append(" ").append(view(why.name))), status(of) {}
};

inline void check(symbolon_status status, symbolon_reason why = {}) { if (status != SYMBOLON_OK) throw Error(status, why); }

template <class... Lambdas> struct overloaded : Lambdas... { using Lambdas::operator()...; };
template <class... Lambdas> overloaded(Lambdas...) -> overloaded<Lambdas...>;

/* Answers. They own what they hold, so that nothing dangles; rows and bodies are wiped once they are given. */
struct Unavailable {}; struct Absent {}; struct Committed {}; struct Conflict {};
struct Row { std::uint64_t version; std::string value; };
struct Signature { std::vector<std::uint8_t> bytes; };
struct Verdict { bool valid; };
struct Response { std::uint32_t status; std::vector<std::pair<std::string, std::string>> headers; std::string body; };
using Loaded = std::variant<Unavailable, Absent, Row>; using Written = std::variant<Unavailable, Committed, Conflict>;
using Signed = std::variant<Unavailable, Signature>; using Verified = std::variant<Unavailable, Verdict>;
using Sent = std::variant<Unavailable, Response>;

/* Calls the overload for what a flow has ended in. */
template <class Visitor> decltype(auto) visit(const symbolon_done &done, Visitor &&visitor)
{
    switch (done.kind) {
    case SYMBOLON_REPLY: return visitor(done.of.reply);
    case SYMBOLON_PROMPT: return visitor(done.of.prompt);
    case SYMBOLON_SIGN_IN: return visitor(done.of.sign_in);
    case SYMBOLON_SIGNED_IN: return visitor(done.of.signed_in);
    case SYMBOLON_USABLE: return visitor(done.of.usable);
    case SYMBOLON_BUSY: return visitor(done.of.busy);
    case SYMBOLON_SIGNED_OUT: return visitor(done.of.signed_out);
    case SYMBOLON_SERVER: return visitor(done.of.server);
    case SYMBOLON_CLAIMS: return visitor(done.of.claims);
    case SYMBOLON_ANSWERED: return visitor(done.of.answered);
    case SYMBOLON_TOKEN_ENDED: return visitor(done.of.token_ended);
    case SYMBOLON_STEP_UP: return visitor(done.of.step_up);
    case SYMBOLON_SCOPE_INSUFFICIENT: return visitor(done.of.scope_insufficient);
    case SYMBOLON_USER_CLAIMS: return visitor(done.of.user_claims);
    case SYMBOLON_USER: return visitor(done.of.user);
    default: return visitor(done.of.failure); /* SYMBOLON_FAILED, SYMBOLON_SIGN_IN_AGAIN */
    }
}

/* A flow and its buffer. Both are wiped at the end, and with them goes what the end of the flow points to. */
class Flow {
public:
    explicit Flow(std::size_t buffer) : buffer_(buffer) {}
    Flow(const Flow &) = delete; void operator=(const Flow &) = delete;
    ~Flow() { symbolon_flow_wipe(&flow_), symbolon_wipe(buffer_.data(), buffer_.size()); }

    /* Calls a start function; flow and buffer are its first and its last arguments, and are not given here. */
    template <class Start, class... Arguments> void start(Start start, Arguments &&...arguments)
    {
        check(start(&flow_, std::forward<Arguments>(arguments)..., buffer_.data(), buffer_.size()));
    }

    /* Answers questions with the overloads of host to the end. A question that none of them takes is unavailable. */
    template <class Host> const symbolon_done &drive(Host &&host)
    {
        for (;;) {
            const symbolon_step &step = *symbolon_next(&flow_);
            switch (step.kind) {
            case SYMBOLON_LOAD: ask<Loaded>(host, step.of.load); break;
            case SYMBOLON_COMMIT: ask<Written>(host, step.of.commit); break;
            case SYMBOLON_SIGN: ask<Signed>(host, step.of.sign); break;
            case SYMBOLON_VERIFY: ask<Verified>(host, step.of.verify); break;
            case SYMBOLON_SEND: ask<Sent>(host, step.of.send); break;
            case SYMBOLON_DONE: return step.of.done;
            default: throw Error(SYMBOLON_ERR_FLOW);
            }
        }
    }

private:
    template <class Answer, class Host, class Question> void ask(Host &host, const Question &question)
    {
        if constexpr (std::is_invocable_v<Host &, const Question &>) {
            Answer answer = host(question);
            check(std::visit([this](auto &given) { return this->give(given); }, answer));
        } else check(symbolon_answer_unavailable(&flow_));
    }

    static std::uint8_t *bytes(std::string &text) { return reinterpret_cast<std::uint8_t *>(text.data()); }
    static symbolon_status wiped(std::string &text, symbolon_status status) { return symbolon_wipe(bytes(text), text.size()), status; }
    symbolon_status give(Unavailable) { return symbolon_answer_unavailable(&flow_); }
    symbolon_status give(Absent) { return symbolon_answer_absent(&flow_); }
    symbolon_status give(Row &row)
    {
        return wiped(row.value, symbolon_answer_row(&flow_, row.version, bytes(row.value), row.value.size()));
    }
    symbolon_status give(Committed) { return symbolon_answer_committed(&flow_); }
    symbolon_status give(Conflict) { return symbolon_answer_conflict(&flow_); }
    symbolon_status give(Signature &of) { return symbolon_answer_signature(&flow_, of.bytes.data(), of.bytes.size()); }
    symbolon_status give(Verdict verdict) { return symbolon_answer_verdict(&flow_, verdict.valid ? 1 : 0); }
    symbolon_status give(Response &response)
    {
        std::vector<symbolon_field> fields;
        for (auto &[name, value] : response.headers) fields.push_back({str(name), {bytes(value), value.size()}});
        return wiped(response.body, symbolon_answer_response(&flow_, response.status, fields.data(), fields.size(),
                                                             bytes(response.body), response.body.size()));
    }

    symbolon_flow flow_ = SYMBOLON_FLOW_INIT;
    std::vector<std::uint8_t> buffer_;
};

} // namespace symbolon

#endif
