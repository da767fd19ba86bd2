/* Who is there: the users, the cookies, and the forms that a browser sends. */
#define _POSIX_C_SOURCE 200809L
#include "server.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The users: a DEMONSTRATION. A real server keeps salted hashes and never the passwords, and slows guessing down. --- */

static struct user { const char *name, *password; uint8_t salt[16], hash[32]; } users[] = {
    {"alice", "rabbit-hole-1865", {0}, {0}},
    {"bob", "can-we-fix-it-1999", {0}, {0}},
};
enum { USERS = sizeof users / sizeof *users };

static int scrypt(const char *password, const uint8_t salt[16], uint8_t hash[32])
{
    return EVP_PBE_scrypt(password, strlen(password), salt, 16, 1 << 14, 8, 1, 64 << 20, hash, 32);
}

int users_init(void)
{
    for (size_t i = 0; i < USERS; i++) {
        random_bytes(users[i].salt, sizeof users[i].salt);
        if (scrypt(users[i].password, users[i].salt, users[i].hash) != 1) return 1;
    }
    return 0;
}

static const struct user *user_named(const char *name, size_t len)
{
    for (size_t i = 0; i < USERS; i++)
        if (strlen(users[i].name) == len && memcmp(users[i].name, name, len) == 0) return &users[i];
    return NULL;
}

const char *user_of(const char *name, const char *password)
{
    const struct user *user = user_named(name, strlen(name));
    uint8_t hash[32];
    /* A name that nobody has takes as long. */
    bool hashed = scrypt(password, user == NULL ? users[0].salt : user->salt, hash) == 1;
    bool same = user != NULL && hashed && CRYPTO_memcmp(hash, user->hash, sizeof hash) == 0;
    OPENSSL_cleanse(hash, sizeof hash);
    return same ? user->name : NULL;
}

/* ---- Cookies and forms ----------------------------------------------------------------------------------------------- */

void hexadecimal(const uint8_t bytes[32], char text[65])
{
    for (size_t i = 0; i < 32; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static void mac(const struct host *host, const char *what, const char *browser, const char *rest, char text[65])
{
    char message[256];
    uint8_t tag[32];
    int len = snprintf(message, sizeof message, "%s/%s/%s", what, browser, rest);
    HMAC(EVP_sha256(), host->cookie_key, sizeof host->cookie_key, (uint8_t *)message, (size_t)len, tag, NULL);
    hexadecimal(tag, text);
}

void session_of(const struct host *host, const char *browser, const char *user, uint64_t at, char session[160])
{
    char claim[80], tag[65];
    snprintf(claim, sizeof claim, "%s.%llu", user, (unsigned long long)at);
    mac(host, "session", browser, claim, tag);
    snprintf(session, 160, "%s.%s", claim, tag);
}

struct cookie { const char *name, *value; size_t count; };

static enum MHD_Result find_cookie(void *place, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct cookie *cookie = place;
    (void)kind;
    if (strcmp(name, cookie->name) == 0) cookie->value = value, cookie->count++;
    return MHD_YES;
}

static const char *cookie_named(struct request *request, const char *name)
{
    struct cookie cookie = {name, NULL, 0};
    MHD_get_connection_values(request->connection, MHD_COOKIE_KIND, find_cookie, &cookie);
    /* Two of one name: somebody else put one of them there. */
    return cookie.count == 1 && cookie.value != NULL ? cookie.value : "";
}

struct visitor visitor(const struct host *host, struct request *request)
{
    struct visitor visitor = {"", "", "", NULL, 0};
    const char *browser = cookie_named(request, BROWSER), *session = cookie_named(request, SESSION);
    if (strlen(browser) == 64 && strspn(browser, "0123456789abcdef") == 64) memcpy(visitor.browser, browser, 65);
    const char *dot = strchr(session, '.');
    const struct user *user = dot == NULL ? NULL : user_named(session, (size_t)(dot - session));
    if (user != NULL && visitor.browser[0] != '\0') {
        visitor.at = strtoull(dot + 1, NULL, 10);
        session_of(host, visitor.browser, user->name, visitor.at, visitor.session);
        size_t len = strlen(visitor.session);
        if (strlen(session) == len && CRYPTO_memcmp(session, visitor.session, len) == 0 && now() < visitor.at + SESSION_LIFETIME)
            visitor.user = user->name;
        else
            visitor.session[0] = '\0';
    }
    mac(host, "csrf", visitor.browser, visitor.session, visitor.csrf);
    return visitor;
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF", *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits) % 16;
}

size_t form_values(const char *form, const char *name, char *out, size_t size)
{
    size_t count = 0, len = 0, name_len = strlen(name);
    for (const char *pair = form; pair != NULL; pair = strchr(pair, '&')) {
        if (*pair == '&') pair++;
        if (strncmp(pair, name, name_len) != 0 || pair[name_len] != '=') continue;
        if (count++ > 0 && len < size) out[len++] = ' ';
        for (const char *at = pair + name_len + 1; *at != '\0' && *at != '&' && len < size; at++) {
            bool coded = *at == '%' && digit(at[1]) >= 0 && digit(at[2]) >= 0;
            out[len++] = coded ? (char)(digit(at[1]) * 16 + digit(at[2])) : *at == '+' ? ' ' : *at;
            if (coded) at += 2;
        }
    }
    if (len >= size) count = len = 0;
    out[len] = '\0';
    return count;
}

void form_value(const char *form, const char *name, char *out, size_t size)
{
    if (form_values(form, name, out, size) != 1) out[0] = '\0';
}

bool is_ours(struct request *request, const struct visitor *visitor)
{
    char csrf[65];
    form_value(request->body, "csrf", csrf, sizeof csrf);
    return strcmp(request->method, "POST") == 0 && visitor->browser[0] != '\0' && strlen(csrf) == 64 &&
           CRYPTO_memcmp(csrf, visitor->csrf, 64) == 0;
}
