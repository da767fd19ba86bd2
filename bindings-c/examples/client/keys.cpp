/* Signatures, through OpenSSL (RFC 7515, RFC 7518 sections 3.3 and 3.4). */
#include "keys.hpp"

#include <memory>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace {

template <auto Free> struct Freed {
    template <class Type> void operator()(Type *pointer) const { Free(pointer); }
};
template <class Type, auto Free> using Owned = std::unique_ptr<Type, Freed<Free>>;
using Number = Owned<BIGNUM, BN_free>;
using Digest = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;

const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(symbolon::Bytes bytes)
{
    std::string text;
    std::uint32_t held = 0;
    int bits = 0;
    for (std::uint8_t byte : bytes) {
        held = held << 8 | byte;
        for (bits += 8; bits >= 6; bits -= 6) text += alphabet[held >> (bits - 6) & 63];
    }
    if (bits > 0) text += alphabet[held << (6 - bits) & 63];
    return text;
}

/* What is not base64url is empty, which is no number of any key. */
std::string decode(std::string_view text)
{
    std::string bytes;
    std::uint32_t held = 0;
    int bits = 0;
    for (char letter : text) {
        std::size_t value = std::string_view(alphabet, 64).find(letter);
        if (value == std::string_view::npos) return "";
        held = held << 6 | static_cast<std::uint32_t>(value);
        if ((bits += 6) >= 8) bytes += static_cast<char>(held >> (bits -= 8) & 255);
    }
    return bytes;
}

/* A member of a JWK that is a text without escapes: so are all that are read here. The library has checked that it is JSON. */
std::string_view member(std::string_view jwk, const std::string &name)
{
    std::size_t at = jwk.find("\"" + name + "\"");
    if (at != jwk.npos) at = jwk.find_first_not_of(" \t\r\n", at + name.size() + 2);
    if (at == jwk.npos || jwk[at] != ':') return {};
    at = jwk.find_first_not_of(" \t\r\n", at + 1);
    if (at == jwk.npos || jwk[at] != '"') return {};
    std::size_t end = jwk.find('"', at + 1);
    return end == jwk.npos ? std::string_view() : jwk.substr(at + 1, end - at - 1);
}

Number number(std::string_view bytes)
{
    symbolon::Bytes from(bytes);
    return Number(BN_bin2bn(from.ptr, static_cast<int>(from.len), nullptr));
}

EVP_PKEY *public_key(const char *type, OSSL_PARAM_BLD *parts)
{
    Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(parts));
    Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY *key = nullptr;
    if (parameters && context && EVP_PKEY_fromdata_init(context.get()) == 1)
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get());
    return key;
}

} // namespace

Key::Key() : key_(EVP_EC_gen("P-256"))
{
    if (key_ == nullptr) throw std::runtime_error("no key");
}

Key::~Key() { EVP_PKEY_free(key_); }

std::string Key::jwk(std::string_view key_id) const
{
    std::uint8_t point[65];
    std::size_t len = 0;
    if (EVP_PKEY_get_octet_string_param(key_, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) != 1 || len != sizeof point)
        throw std::runtime_error("no public key");
    return R"({"kid":")" + std::string(key_id) + R"(","kty":"EC","crv":"P-256","alg":"ES256","x":")" + encode({point + 1, 32}) + R"(","y":")" +
           encode({point + 33, 32}) + "\"}";
}

symbolon::Signed Key::sign(symbolon::Bytes message) const
{
    Digest context(EVP_MD_CTX_new());
    std::uint8_t der[80];
    std::size_t len = sizeof der;
    if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_) != 1 ||
        EVP_DigestSign(context.get(), der, &len, message.ptr, message.len) != 1)
        return symbolon::Unavailable{};
    /* OpenSSL writes ASN.1; RFC 7518 section 3.4 wants the two numbers, each in 32 bytes. */
    const std::uint8_t *at = der;
    Owned<ECDSA_SIG, ECDSA_SIG_free> pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(len)));
    symbolon::Signature signature{std::vector<std::uint8_t>(64)};
    if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), signature.bytes.data(), 32) != 32 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), signature.bytes.data() + 32, 32) != 32)
        return symbolon::Unavailable{};
    return signature;
}

symbolon::Verified verify(symbolon::Bytes jwk, symbolon::Bytes message, symbolon::Bytes signature)
{
    std::string_view text = symbolon::view(jwk), alg = member(text, "alg"), kty = member(text, "kty");
    Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> parts(OSSL_PARAM_BLD_new());
    Owned<EVP_PKEY, EVP_PKEY_free> key;
    std::vector<std::uint8_t> given(signature.begin(), signature.end());
    if (!parts) return symbolon::Unavailable{};
    if (alg == "ES256" && kty == "EC" && member(text, "crv") == "P-256") {
        std::string x = decode(member(text, "x")), y = decode(member(text, "y")), point = "\x04" + x + y;
        if (x.size() != 32 || y.size() != 32 || given.size() != 64) return symbolon::Verdict{false};
        OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
        OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
        key.reset(public_key("EC", parts.get()));
        Owned<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
        Number r = number(symbolon::view(symbolon::Bytes{given.data(), 32}));
        Number s = number(symbolon::view(symbolon::Bytes{given.data() + 32, 32}));
        if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return symbolon::Unavailable{};
        (void)r.release(), (void)s.release();
        given.resize(80);
        std::uint8_t *at = given.data();
        given.resize(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), &at)));
    } else if (alg == "RS256" && kty == "RSA") {
        Number n = number(decode(member(text, "n"))), e = number(decode(member(text, "e")));
        /* RFC 7518 section 3.3: 2048 bits or more. */
        if (!n || !e || BN_num_bits(n.get()) < 2048) return symbolon::Verdict{false};
        OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
        OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
        key.reset(public_key("RSA", parts.get()));
    }
    /* An algorithm that is not known here verifies nothing. */
    Digest context(EVP_MD_CTX_new());
    return symbolon::Verdict{key && context &&
                             EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                             EVP_DigestVerify(context.get(), given.data(), given.size(), message.ptr, message.len) == 1};
}
