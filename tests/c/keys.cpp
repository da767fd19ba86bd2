/* The examples' signatures: what the client signs both verify, and so they do the example of RFC 7515 appendix A.2; the server
 * those of RFC 8037 and of RSASSA-PSS, too; nothing else. */
#include "keys.hpp"
extern "C" {
#include "server.h"
}

#include <cstdio>
#include <cstdlib>

using namespace std::string_view_literals;

static bool valid_at_server(std::string_view jwk, std::string_view message, symbolon::Bytes signature)
{
    symbolon_verify question = {symbolon::Bytes(jwk), symbolon::Bytes(message), signature};
    return verify(&question);
}

/* As the client and the server find it. */
static bool valid(std::string_view jwk, std::string_view message, symbolon::Bytes signature)
{
    bool found = std::get<symbolon::Verdict>(verify(jwk, message, signature)).valid;
    if (found != valid_at_server(jwk, message, signature)) std::abort();
    return found;
}

static void require(bool held, int line)
{
    if (held) return;
    std::fprintf(stderr, "keys.cpp:%d does not hold\n", line);
    std::exit(1);
}
#define REQUIRE(...) require((__VA_ARGS__), __LINE__)

/* RFC 7515 appendix A.2. */
static const auto rsa =
    R"({"kty":"RSA","alg":"RS256","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})"sv;
static const auto input = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"sv;
static const std::uint8_t rsa_signature[] = {
    112, 46, 33, 137, 67, 232, 143, 209, 30, 181, 216, 45, 191, 120, 69, 243, 65, 6, 174, 27, 129, 255, 247, 115, 17, 22, 173, 209,
    113, 125, 131, 101, 109, 66, 10, 253, 60, 150, 238, 221, 115, 162, 102, 62, 81, 102, 104, 123, 0, 11, 135, 34, 110, 1, 135, 237,
    16, 115, 249, 69, 229, 130, 173, 252, 239, 22, 216, 90, 121, 142, 232, 198, 109, 219, 61, 184, 151, 91, 23, 208, 148, 2, 190,
    237, 213, 217, 217, 112, 7, 16, 141, 178, 129, 96, 213, 248, 4, 12, 167, 68, 87, 98, 184, 31, 190, 127, 249, 217, 46, 10, 231,
    111, 36, 242, 91, 51, 187, 230, 244, 74, 230, 30, 177, 4, 10, 203, 32, 4, 77, 62, 249, 18, 142, 212, 1, 48, 121, 91, 212, 189,
    59, 65, 238, 202, 208, 102, 171, 101, 25, 129, 253, 228, 141, 247, 127, 55, 45, 195, 139, 159, 175, 221, 59, 239, 177, 139, 93,
    163, 204, 60, 46, 176, 47, 158, 58, 65, 214, 18, 202, 173, 21, 145, 18, 115, 160, 95, 35, 185, 232, 56, 250, 175, 132, 157,
    105, 132, 41, 239, 90, 30, 136, 121, 130, 54, 195, 212, 14, 96, 69, 34, 165, 68, 200, 242, 122, 122, 45, 184, 6, 99, 209, 108,
    247, 202, 234, 86, 222, 64, 92, 178, 33, 90, 69, 178, 194, 85, 102, 181, 90, 193, 167, 72, 160, 112, 223, 200, 163, 42, 70,
    149, 67, 208, 25, 238, 251, 71};

/* RFC 8037 appendices A.2 and A.4. */
static const auto ed25519 = R"({"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"sv;
static const auto ed25519_input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"sv;
static const std::uint8_t ed25519_signature[] = {
    134, 12, 152, 210, 41, 127, 48, 96, 163, 63, 66, 115, 150, 114, 214, 27, 83, 207, 58, 222, 254, 211, 211, 198, 114, 243, 32,
    220, 2, 27, 65, 30, 157, 89, 184, 98, 141, 195, 81, 226, 72, 184, 139, 41, 70, 142, 14, 65, 133, 91, 15, 183, 216, 59, 177,
    91, 233, 2, 191, 204, 184, 205, 10, 2};

/* By `openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest`. */
static const auto pss =
    R"({"kty":"RSA","alg":"PS256","n":"rO6nV8QaTnc1TvRsYPFI6eDm6ok5OH4R5nwvETBz8TfEd9yz5XsNOtNE1UTLLT_pIO9EkYUOEqzwQ6ogWF-pDoeGysKCJa5bi2w0R-UkobfHPvvJZcaQEzEAbA8NrHQXtJU0fltmRvRNB0z9uo1XXGE-irL3WlG4J889i2Rm_cjF0-CA-SMQKvIbsNDBStiA7yhAQ076_aFVkww6ms4twKj2QE2uEpMZH4nyKb1cdMmb1Xhhs7spQScFCYYPf6luUHFvSC6mjDQI12i80MRKChoUA4sraMQnowsZoooQc_pg6AloBOB8eTKRMzDXXh9Mp6DTX-wLFUskC9QKRdWrUQ","e":"AQAB"})"sv;
static const std::uint8_t pss_signature[] = {
    154, 84, 193, 15, 114, 247, 190, 160, 204, 25, 176, 226, 251, 47, 172, 16, 162, 6, 183, 80, 104, 112, 23, 187, 130, 243, 247,
    131, 83, 239, 223, 126, 61, 35, 126, 194, 246, 55, 96, 4, 211, 138, 156, 189, 25, 242, 7, 65, 118, 116, 89, 185, 53, 119, 1,
    30, 19, 83, 223, 87, 97, 230, 124, 159, 5, 170, 147, 146, 133, 223, 4, 111, 233, 75, 31, 216, 21, 61, 132, 127, 12, 248, 211,
    136, 97, 38, 178, 51, 99, 187, 181, 74, 54, 74, 193, 252, 189, 212, 225, 5, 203, 247, 240, 80, 27, 66, 84, 68, 134, 251, 209,
    227, 114, 38, 151, 36, 70, 165, 191, 130, 231, 147, 194, 225, 69, 161, 228, 195, 227, 198, 176, 123, 95, 248, 38, 177, 199,
    200, 111, 80, 22, 74, 156, 204, 186, 183, 167, 111, 90, 163, 9, 88, 209, 111, 247, 119, 7, 252, 104, 158, 61, 211, 43, 136,
    53, 80, 112, 61, 244, 251, 89, 21, 248, 54, 138, 167, 90, 175, 126, 207, 182, 47, 226, 127, 251, 83, 205, 160, 67, 236, 4,
    225, 13, 253, 143, 98, 253, 219, 7, 64, 95, 129, 250, 20, 4, 178, 229, 132, 75, 73, 120, 163, 28, 210, 129, 50, 195, 68, 194,
    169, 53, 43, 63, 8, 57, 82, 149, 73, 216, 37, 51, 77, 164, 95, 161, 141, 183, 47, 99, 5, 176, 72, 65, 97, 209, 234, 175, 70,
    196, 65, 166, 171, 29, 51, 64, 105};

int main()
{
    Key key, other;
    std::string jwk = key.jwk("key");
    for (int i = 0; i < 64; i++) {
        auto signature = std::get<symbolon::Signature>(key.sign("a message"sv)).bytes;
        REQUIRE(signature.size() == 64);
        REQUIRE(valid(jwk, "a message", {signature.data(), 64}));
        REQUIRE(!valid(jwk, "another", {signature.data(), 64}));
        REQUIRE(!valid(other.jwk("other"), "a message", {signature.data(), 64}));
        REQUIRE(!valid(jwk, "a message", {signature.data(), 63}));
        signature[i] ^= 1;
        REQUIRE(!valid(jwk, "a message", {signature.data(), 64}));
    }
    const std::uint8_t zeros[64] = {};
    REQUIRE(!valid(jwk, "a message", zeros));

    REQUIRE(valid(rsa, input, rsa_signature));
    REQUIRE(!valid(rsa, input.substr(1), rsa_signature));
    REQUIRE(!valid(rsa, input, {rsa_signature, 255}));
    REQUIRE(!valid(R"({"kty":"RSA","alg":"RS256","n":"ofgWCuLjybRlzo0t","e":"AQAB"})", input, rsa_signature));
    /* Another algorithm, none, and keys that are not of the algorithm. */
    std::string text(rsa);
    for (auto alg : {"RS512"sv, "none"sv, "ES256"sv, "HS256"sv, ""sv})
        REQUIRE(!valid(std::string(text).replace(text.find("RS256"), 5, alg), input, rsa_signature));
    for (auto nothing : {""sv, "{}"sv, "{\"alg\":"sv, "{\"alg\":\"RS256"sv}) REQUIRE(!valid(nothing, input, rsa_signature));
    REQUIRE(valid_at_server(ed25519, ed25519_input, ed25519_signature));
    REQUIRE(!valid_at_server(ed25519, ed25519_input.substr(1), ed25519_signature));
    REQUIRE(!valid_at_server(ed25519, ed25519_input, {ed25519_signature, 63}));
    REQUIRE(valid_at_server(pss, "a message", pss_signature));
    REQUIRE(!valid_at_server(pss, "another", pss_signature));
    std::string other_padding(pss);
    REQUIRE(!valid_at_server(other_padding.replace(other_padding.find("PS256"), 5, "RS256"), "a message", pss_signature));
    std::puts("the signatures hold");
    return 0;
}
