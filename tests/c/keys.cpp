/* The example's signatures: what it signs it verifies, and so it does the example of RFC 7515 appendix A.2; nothing else. */
#include "keys.hpp"

#include <cstdio>
#include <cstdlib>

using namespace std::string_view_literals;

static bool valid(std::string_view jwk, std::string_view message, symbolon::Bytes signature)
{
    return std::get<symbolon::Verdict>(verify(jwk, message, signature)).valid;
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

int main()
{
    Key key, other;
    std::string jwk = key.jwk();
    for (int i = 0; i < 64; i++) {
        auto signature = std::get<symbolon::Signature>(key.sign("a message"sv)).bytes;
        REQUIRE(signature.size() == 64);
        REQUIRE(valid(jwk, "a message", {signature.data(), 64}));
        REQUIRE(!valid(jwk, "another", {signature.data(), 64}));
        REQUIRE(!valid(other.jwk(), "a message", {signature.data(), 64}));
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
    std::puts("the signatures hold");
    return 0;
}
