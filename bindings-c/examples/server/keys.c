/* Signatures, through OpenSSL (RFC 7518 sections 3.3 to 3.5, RFC 8037): the answer to Verify. */
#include "server.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

/* An RSA key of 4096 bits, which is the longest that the library takes. */
#define LONGEST 512

/* A member of a JWK that is a text without escapes: so are all that are read here. The library has checked that it is JSON. */
static symbolon_bytes member(symbolon_bytes jwk, const char *name)
{
    symbolon_bytes none = {NULL, 0};
    const char *at = (const char *)jwk.ptr, *end = at + jwk.len;
    size_t len = strlen(name);
    for (; at + len + 2 < end; at++) {
        if (at[0] != '"' || memcmp(at + 1, name, len) != 0 || at[len + 1] != '"') continue;
        for (at += len + 2; at < end && strchr(" \t\r\n", *at); at++) {}
        if (at == end || *at++ != ':') return none;
        for (; at < end && strchr(" \t\r\n", *at); at++) {}
        if (at == end || *at++ != '"') return none;
        const char *closed = memchr(at, '"', (size_t)(end - at));
        return closed == NULL ? none : (symbolon_bytes){(const uint8_t *)at, (size_t)(closed - at)};
    }
    return none;
}

static bool is(symbolon_bytes text, const char *other)
{
    return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0;
}

/* Decodes base64url; 0 for what is none, or too long. */
static size_t decode(symbolon_bytes text, uint8_t out[LONGEST])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t held = 0;
    size_t bits = 0, len = 0;
    if (text.len > LONGEST * 4 / 3 + 1) return 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *found = text.ptr[i] == '\0' ? NULL : strchr(alphabet, text.ptr[i]);
        if (found == NULL) return 0;
        held = held << 6 | (uint32_t)(found - alphabet);
        bits += 6;
        if (bits >= 8 && len < LONGEST) out[len++] = (uint8_t)(held >> (bits -= 8));
    }
    return len;
}

static EVP_PKEY *from_parts(const char *type, OSSL_PARAM *parts)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    if (context != NULL && parts != NULL && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parts);
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *elliptic(symbolon_bytes jwk)
{
    uint8_t point[1 + 2 * LONGEST] = {4};
    size_t x = decode(member(jwk, "x"), point + 1), y = decode(member(jwk, "y"), point + 33);
    if (!is(member(jwk, "kty"), "EC") || !is(member(jwk, "crv"), "P-256") || x != 32 || y != 32) return NULL;
    char group[] = "P-256";
    OSSL_PARAM parts[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                          OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 65), OSSL_PARAM_construct_end()};
    return from_parts("EC", parts);
}

static EVP_PKEY *edwards(symbolon_bytes jwk)
{
    uint8_t x[LONGEST];
    if (!is(member(jwk, "kty"), "OKP") || !is(member(jwk, "crv"), "Ed25519") || decode(member(jwk, "x"), x) != 32) return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, 32);
}

static EVP_PKEY *rsa(symbolon_bytes jwk)
{
    uint8_t digits[LONGEST];
    size_t len = decode(member(jwk, "n"), digits);
    BIGNUM *n = BN_bin2bn(digits, (int)len, NULL);
    len = decode(member(jwk, "e"), digits);
    BIGNUM *e = BN_bin2bn(digits, (int)len, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parts = NULL;
    EVP_PKEY *key = NULL;
    /* RFC 7518 section 3.3: 2048 bits or more. */
    if (n != NULL && e != NULL && builder != NULL && BN_num_bits(n) >= 2048 && is(member(jwk, "kty"), "RSA") &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1 && (parts = OSSL_PARAM_BLD_to_param(builder)) != NULL)
        key = from_parts("RSA", parts);
    OSSL_PARAM_free(parts);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return key;
}

/* OpenSSL reads ASN.1; RFC 7518 section 3.4 has the two numbers, each in 32 bytes. The length, or 0. */
static size_t asn1(symbolon_bytes signature, uint8_t out[LONGEST])
{
    size_t len = 0;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = signature.len == 64 ? BN_bin2bn(signature.ptr, 32, NULL) : NULL;
    BIGNUM *s = signature.len == 64 ? BN_bin2bn(signature.ptr + 32, 32, NULL) : NULL;
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL;
        int written = i2d_ECDSA_SIG(pair, &out);
        len = written > 0 ? (size_t)written : 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return len;
}

bool verify(const symbolon_verify *question)
{
    symbolon_bytes alg = member(question->key, "alg"), signature = question->signature;
    bool is_elliptic = is(alg, "ES256"), is_edwards = is(alg, "EdDSA"), is_pss = is(alg, "PS256");
    uint8_t written[LONGEST];
    /* An algorithm that is not known here verifies nothing. */
    EVP_PKEY *key = is_elliptic                       ? elliptic(question->key)
                    : is_edwards                      ? edwards(question->key)
                    : is_pss || is(alg, "RS256") ? rsa(question->key)
                                                      : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *settings = NULL;
    if (is_elliptic) signature = (symbolon_bytes){written, asn1(signature, written)};
    bool valid = key != NULL && context != NULL &&
                 EVP_DigestVerifyInit(context, &settings, is_edwards ? NULL : EVP_sha256(), NULL, key) == 1 &&
                 (!is_pss || (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
                              EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
                 EVP_DigestVerify(context, signature.ptr, signature.len, question->message.ptr, question->message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return valid;
}
