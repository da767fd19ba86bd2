/* The pages on which a person signs in and consents: plain HTML, no script, everything that comes from outside escaped. */
#define _POSIX_C_SOURCE 200809L
#include "server.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- HTML ------------------------------------------------------------------------------------------------------------ */

struct page { FILE *out; char *text; size_t len; };

static void escaped(struct page *page, symbolon_str text)
{
    for (size_t i = 0; i < text.len; i++)
        switch (text.ptr[i]) {
        case '&': fputs("&amp;", page->out); break;
        case '<': fputs("&lt;", page->out); break;
        case '>': fputs("&gt;", page->out); break;
        case '"': fputs("&quot;", page->out); break;
        case '\'': fputs("&#39;", page->out); break;
        default: fputc(text.ptr[i], page->out);
        }
}

/* Each %s is a text from outside; there is no other conversion. */
static void html(struct page *page, const char *format, ...)
{
    va_list texts;
    va_start(texts, format);
    for (const char *mark; (mark = strstr(format, "%s")) != NULL; format = mark + 2) {
        fwrite(format, 1, (size_t)(mark - format), page->out);
        escaped(page, va_arg(texts, symbolon_str));
    }
    va_end(texts);
    fputs(format, page->out);
}

static bool page_begin(struct page *page, const char *title)
{
    page->out = open_memstream(&page->text, &page->len);
    if (page->out == NULL) return false;
    html(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n"
               "<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<main>\n<h1>%s</h1>\n", str(title), str(title));
    return true;
}

/* Nothing is loaded but the stylesheet, and nobody frames the page. The form with the password goes nowhere else; the one
 * for consent has no such rule, since browsers hold the redirect to the client to it. */
#define POLICY "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"

static enum MHD_Result page_end(struct page *page, struct request *request, unsigned status, const char *policy)
{
    fputs("</main>\n</body>\n</html>\n", page->out);
    bool whole = !ferror(page->out);
    if (fclose(page->out) != 0 || !whole) {
        free(page->text);
        return MHD_NO;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(page->len, page->text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) return MHD_NO;
    MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
    MHD_add_response_header(response, "Content-Security-Policy", policy);
    return send_response(request, status, response);
}

static void form_begin(struct page *page, const char *action, const symbolon_prompt *prompt, const struct visitor *visitor)
{
    html(page, "<form method=\"post\" action=\"/interaction/%s\">\n<input type=\"hidden\" name=\"handle\" value=\"%s\">\n"
               "<input type=\"hidden\" name=\"csrf\" value=\"%s\">\n", str(action), prompt->handle, str(visitor->csrf));
}

static enum MHD_Result sign_in_page(struct request *request, const symbolon_prompt *prompt, const struct visitor *visitor,
                                    const char *complaint)
{
    struct page page;
    if (!page_begin(&page, "Sign in")) return MHD_NO;
    html(&page, "<p>to continue to <strong><bdi>%s</bdi></strong></p>\n", prompt->client_name);
    if (visitor->user != NULL) html(&page, "<p>It asks that you sign in again.</p>\n");
    if (complaint != NULL) html(&page, "<p role=\"alert\">%s</p>\n", str(complaint));
    form_begin(&page, "sign-in", prompt, visitor);
    html(&page, "<label for=\"username\">Username</label>\n<input id=\"username\" name=\"username\" autocomplete=\"username\" "
                "autocapitalize=\"none\" spellcheck=\"false\" required autofocus>\n<label for=\"password\">Password</label>\n"
                "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\n"
                "<button type=\"submit\">Sign in</button>\n</form>\n");
    return page_end(&page, request, complaint == NULL ? 200 : 401, POLICY "; form-action 'self'");
}

static symbolon_str next_word(symbolon_str *list)
{
    const char *space = list->len == 0 ? NULL : memchr(list->ptr, ' ', list->len);
    symbolon_str word = {list->ptr, space == NULL ? list->len : (size_t)(space - list->ptr)};
    size_t taken = word.len + (space != NULL);
    *list = (symbolon_str){list->len == taken ? NULL : list->ptr + taken, list->len - taken};
    return word;
}

static enum MHD_Result consent_page(struct request *request, const symbolon_prompt *prompt, const struct visitor *visitor,
                                    const char *complaint)
{
    struct page page;
    bool refusal = prompt->refusal.len > 0;
    if (!page_begin(&page, refusal ? "This request cannot be met" : "Allow access?")) return MHD_NO;
    html(&page, refusal ? "<p><strong><bdi>%s</bdi></strong> asked for something that it cannot have. It gets no access.</p>\n"
                        : "<p><strong><bdi>%s</bdi></strong> wants access to your account.</p>\n", prompt->client_name);
    if (complaint != NULL) html(&page, "<p role=\"alert\">%s</p>\n", str(complaint));
    if (!prompt->confidential && !refusal)
        html(&page, "<p>Nothing proves which application is asking: the name is only what it goes by.</p>\n");
    if (prompt->loopback && !refusal)
        html(&page, "<p><strong>You will be sent to a program on your own computer.</strong> Any program there could pretend "
                    "to be it. Go on only if you started it yourself just now.</p>\n");
    form_begin(&page, "consent", prompt, visitor);
    if (!refusal) html(&page, "<fieldset>\n<legend>It asks to</legend>\n");
    for (symbolon_str list = prompt->scope; !refusal && list.len > 0;) {
        symbolon_str word = next_word(&list);
        html(&page, "<label><input type=\"checkbox\" name=\"scope\" value=\"%s\" checked> %s</label>\n", word, word);
    }
    if (!refusal) html(&page, "</fieldset>\n");
    for (symbolon_str list = prompt->resources; !refusal && list.len > 0;)
        html(&page, "<p>for use at <code>%s</code></p>\n", next_word(&list));
    html(&page, "<p>You will be sent to <strong><bdi>%s</bdi></strong>.</p>\n", prompt->redirect_host);
    if (!refusal) html(&page, "<button type=\"submit\" name=\"decision\" value=\"approve\">Allow</button>\n");
    html(&page, "<button type=\"submit\" name=\"decision\" value=\"deny\">%s</button>\n</form>\n", str(refusal ? "Return" : "Refuse"));
    form_begin(&page, "sign-out", prompt, visitor);
    html(&page, "<p>Signed in as <strong>%s</strong>. <button type=\"submit\">Use another account</button></p>\n</form>\n",
         str(visitor->user));
    return page_end(&page, request, 200, POLICY);
}

enum MHD_Result style(struct host *host, struct request *request)
{
    static const char text[] =
        ":root { color-scheme: light dark }\nbody { font: 1rem/1.5 system-ui, sans-serif }\n"
        "main { max-width: 27rem; margin: 6vh auto; padding: 0 1rem }\nlabel { display: block }\n"
        "fieldset, button, input:not([type=checkbox]) { margin: .5rem 0 }\n[role=alert] { color: #c22 }\n";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof text - 1, (void *)text, MHD_RESPMEM_PERSISTENT);
    (void)host;
    if (response == NULL) return MHD_NO;
    MHD_add_response_header(response, "Content-Type", "text/css");
    return send_response(request, 200, response);
}

/* ---- The steps of an interaction ------------------------------------------------------------------------------------- */

static enum MHD_Result forged(struct request *request)
{
    struct page page;
    if (!page_begin(&page, "Not accepted")) return MHD_NO;
    html(&page, "<p>This page is out of date, or it was started in another browser or by another site. Go back to the "
                "application and start again, with cookies allowed.</p>\n");
    return page_end(&page, request, 403, POLICY);
}

/* A handle has letters that stand for themselves in a URL; what has others is none. */
static bool is_handle(symbolon_str handle)
{
    for (size_t i = 0; i < handle.len; i++)
        if (handle.ptr[i] == '\0' ||
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", handle.ptr[i]) == NULL)
            return false;
    return handle.len < 512;
}

static enum MHD_Result see_interaction(struct request *request, symbolon_str handle, const char *cookie)
{
    char location[640];
    struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) return MHD_NO;
    snprintf(location, sizeof location, "/interaction?handle=%.*s", is_handle(handle) ? (int)handle.len : 0, handle.ptr);
    MHD_add_response_header(response, "Location", location);
    if (cookie[0] != '\0') MHD_add_response_header(response, "Set-Cookie", cookie);
    return send_response(request, 303, response);
}

static bool is(symbolon_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

/* Whether somebody is signed in, and recently enough. */
static bool does(const struct visitor *visitor, const symbolon_prompt *prompt)
{
    return visitor->user != NULL && visitor->at >= prompt->authenticated_since;
}

static enum MHD_Result decide(struct host *host, struct request *request, const char *handle, const struct visitor *from,
                              const symbolon_decision *decision)
{
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    symbolon_bytes browser = {(const uint8_t *)from->browser, strlen(from->browser)};
    symbolon_status started = symbolon_decide_start(&flow, &host->server, str(handle), browser, decision, now(),
                                                    host->buffer, host->buffer_len);
    enum MHD_Result sent = send_reply(request, drive(&flow, started, host->store));
    symbolon_flow_wipe(&flow);
    return sent;
}

/* Decides without a page (OpenID Connect Core section 3.1.2.1, prompt=none). Approvals are not remembered here. */
static enum MHD_Result unasked(struct host *host, struct request *request, const struct visitor *from,
                               const symbolon_prompt *prompt)
{
    char handle[512]; /* The prompt is in the buffer, which the decision takes. */
    symbolon_decision decision = {.unasked = !does(from, prompt) ? 1 : prompt->refusal.len == 0 ? 2 : 0};
    if (decision.unasked == 0) decision.subject = str(from->user), decision.authenticated_at = from->at;
    snprintf(handle, sizeof handle, "%.*s", (int)prompt->handle.len, prompt->handle.ptr);
    return decide(host, request, handle, from, &decision);
}

enum MHD_Result authorize(struct host *host, struct request *request)
{
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    struct visitor from = visitor(host, request);
    uint8_t entropy[32];
    char cookie[128] = "";
    if (from.browser[0] == '\0') {
        random_bytes(entropy, sizeof entropy);
        hexadecimal(entropy, from.browser);
        snprintf(cookie, sizeof cookie, BROWSER "=%s" ATTRIBUTES, from.browser);
    }
    symbolon_request asked = {str(request->method),
                              (uint8_t *)request->query, strlen(request->query),
                              request->headers,          request->headers_len,
                              (uint8_t *)request->body,  request->body_len, NULL};
    symbolon_bytes browser = {(uint8_t *)from.browser, strlen(from.browser)};
    random_bytes(entropy, sizeof entropy);
    symbolon_status started = symbolon_authorize_start(&flow, &host->server, &asked, browser, now(), entropy,
                                                       host->buffer, host->buffer_len);
    const symbolon_done *done = drive(&flow, started, host->store);
    enum MHD_Result sent = done == NULL || done->kind != SYMBOLON_PROMPT ? send_reply(request, done)
                           : is(done->of.prompt.prompt, "none") ? unasked(host, request, &from, &done->of.prompt)
                                                                : see_interaction(request, done->of.prompt.handle, cookie);
    symbolon_flow_wipe(&flow);
    symbolon_wipe(entropy, sizeof entropy);
    return sent;
}

/* Finds an interaction again. */
static const symbolon_done *resume(struct host *host, symbolon_flow *flow, const char *handle, const struct visitor *from)
{
    symbolon_bytes browser = {(const uint8_t *)from->browser, strlen(from->browser)};
    symbolon_status started =
        symbolon_resume_start(flow, &host->server, str(handle), browser, now(), host->buffer, host->buffer_len);
    return drive(flow, started, host->store);
}

/* Finds an interaction again, and shows what is to be done next. */
static enum MHD_Result show(struct host *host, struct request *request, const char *handle, const char *complaint)
{
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    struct visitor from = visitor(host, request);
    if (from.browser[0] == '\0') return forged(request);
    const symbolon_done *done = resume(host, &flow, handle, &from);
    enum MHD_Result sent = done == NULL || done->kind != SYMBOLON_PROMPT ? send_reply(request, done)
                           : does(&from, &done->of.prompt) ? consent_page(request, &done->of.prompt, &from, complaint)
                                                           : sign_in_page(request, &done->of.prompt, &from, complaint);
    symbolon_flow_wipe(&flow);
    return sent;
}

enum MHD_Result interaction(struct host *host, struct request *request)
{
    char handle[512];
    form_value(request->query, "handle", handle, sizeof handle);
    return show(host, request, handle, NULL);
}

enum MHD_Result sign_in(struct host *host, struct request *request)
{
    struct visitor from = visitor(host, request);
    char handle[512], name[64], password[256], session[160], cookie[256];
    if (!is_ours(request, &from)) return forged(request);
    form_value(request->body, "handle", handle, sizeof handle);
    form_value(request->body, "username", name, sizeof name);
    form_value(request->body, "password", password, sizeof password);
    const char *user = user_of(name, password);
    OPENSSL_cleanse(password, sizeof password);
    if (user == NULL) return show(host, request, handle, "Wrong username or password.");
    session_of(host, from.browser, user, now(), session);
    snprintf(cookie, sizeof cookie, SESSION "=%s" ATTRIBUTES "; Max-Age=%d", session, SESSION_LIFETIME);
    return see_interaction(request, str(handle), cookie);
}

/* Another account is wanted. A session is not kept here, so what ends is the cookie; a real server ends both. */
enum MHD_Result sign_out(struct host *host, struct request *request)
{
    struct visitor from = visitor(host, request);
    char handle[512];
    if (!is_ours(request, &from)) return forged(request);
    form_value(request->body, "handle", handle, sizeof handle);
    return see_interaction(request, str(handle), SESSION "=" ATTRIBUTES "; Max-Age=0");
}

enum MHD_Result consent(struct host *host, struct request *request)
{
    symbolon_flow flow = SYMBOLON_FLOW_INIT;
    struct visitor from = visitor(host, request);
    char handle[512], answer[16], scope[4096];
    if (!is_ours(request, &from)) return forged(request);
    form_value(request->body, "handle", handle, sizeof handle);
    form_value(request->body, "decision", answer, sizeof answer);
    form_values(request->body, "scope", scope, sizeof scope);
    if (from.user == NULL) return see_interaction(request, str(handle), "");
    const symbolon_done *done = resume(host, &flow, handle, &from);
    bool stale = done != NULL && done->kind == SYMBOLON_PROMPT && !does(&from, &done->of.prompt);
    symbolon_flow_wipe(&flow);
    /* The sign-in has become too old meanwhile. */
    if (stale) return see_interaction(request, str(handle), "");
    bool approved = strcmp(answer, "approve") == 0;
    if (approved && scope[0] == '\0') return show(host, request, handle, "Choose at least one, or refuse.");
    symbolon_decision decision = {
        .subject = str(from.user), .authenticated_at = from.at, .approved = approved, .scope = str(approved ? scope : "")};
    return decide(host, request, handle, &from, &decision);
}
