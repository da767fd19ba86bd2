/* Signatures, through OpenSSL: the answers to Sign and Verify. */
#ifndef CLIENT_KEYS_HPP
#define CLIENT_KEYS_HPP

#include <symbolon.hpp>

struct evp_pkey_st;

/* A key of this program's own, for ES256. Its private half never leaves OpenSSL. */
class Key {
public:
    Key();
    ~Key();
    Key(const Key &) = delete;
    Key &operator=(const Key &) = delete;
    symbolon::Signed sign(symbolon::Bytes message) const;
    /* The public half, under this name. */
    std::string jwk(std::string_view key_id) const;

private:
    evp_pkey_st *key_;
};

/* Checks a signature of ES256 or RS256 against a JWK. */
symbolon::Verified verify(symbolon::Bytes jwk, symbolon::Bytes message, symbolon::Bytes signature);

#endif
