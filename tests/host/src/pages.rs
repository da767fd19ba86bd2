//! The pages: plain HTML, no script, everything that comes from outside escaped.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;
use symbolon::Reason;
use symbolon::server::Prompt;

use crate::clients::scope_text;
use crate::interaction::details;

/// The stylesheet.
pub const STYLE: &str = include_str!("style.css");

/// Nothing is loaded but the stylesheet, and nobody frames the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The same for the page that asks for a password: its form goes nowhere else.
///
/// The consent page has no such rule: Chromium and Safari hold every redirect that follows a form to it, and where the
/// client's own redirects lead (another origin, an application's scheme) is not for this server to know.
const PASSWORD_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// Text made safe to stand in HTML, between tags and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A page. `title` and `body` are HTML.
pub fn page(status: StatusCode, base: &str, title: &str, body: &str) -> Response<Body> {
    let main = format!("<main>\n<h1>{title}</h1>\n{body}</main>\n");
    with_policy(status, base, title, &main, POLICY)
}

/// A page with more room.
pub fn wide_page(base: &str, title: &str, body: &str) -> Response<Body> {
    let main = format!("<main class=\"wide\">\n<h1>{title}</h1>\n{body}</main>\n");
    with_policy(StatusCode::OK, base, title, &main, POLICY)
}

fn with_policy(status: StatusCode, base: &str, title: &str, main: &str, policy: &'static str) -> Response<Body> {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<link rel=\"stylesheet\" href=\"{base}/style.css\">\n</head>\n\
         <body>\n{main}</body>\n</html>\n"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// What every form of an interaction carries along.
pub struct Form<'a> {
    /// Where the host's pages are.
    pub base: &'a str,
    /// The interaction.
    pub prompt: &'a Prompt<'a>,
    /// The CSRF token.
    pub csrf: &'a str,
}

impl Form<'_> {
    fn open(&self, action: &str) -> String {
        format!(
            "<form method=\"post\" action=\"{}/interaction/{action}\">\n\
             <input type=\"hidden\" name=\"handle\" value=\"{}\">\n<input type=\"hidden\" name=\"csrf\" value=\"{}\">\n",
            self.base,
            escape(self.prompt.handle),
            escape(self.csrf)
        )
    }

    /// The client's name; and of one that is known by the URL of its metadata the host that says so, which the name is not.
    fn client(&self) -> String {
        let Prompt { client_host, client_name, .. } = *self.prompt;
        let strong = |text: &str| format!("<strong><bdi>{}</bdi></strong>", escape(text));
        match client_host {
            None => strong(client_name),
            Some(host) if client_name.is_empty() => strong(host),
            Some(host) => format!("{} of {}", strong(client_name), strong(host)),
        }
    }

    /// Asks for name and password.
    pub fn sign_in(&self, status: StatusCode, complaint: Option<&str>) -> Response<Body> {
        let main = format!(
            "<main>\n<h1>Sign in</h1>\n<p>to continue to {}</p>\n{}{}\
             <label for=\"username\">Username</label>\n\
             <input id=\"username\" name=\"username\" autocomplete=\"username\" autocapitalize=\"none\" \
             spellcheck=\"false\" value=\"{}\" required autofocus>\n\
             <label for=\"password\">Password</label>\n\
             <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\n\
             <button type=\"submit\">Sign in</button>\n</form>\n</main>\n",
            self.client(),
            complaint.map(alert).unwrap_or_default(),
            self.open("sign-in"),
            // A hint, and no more than that: the user may be another.
            escape(self.prompt.login_hint.unwrap_or_default()),
        );
        with_policy(status, self.base, "Sign in", &main, PASSWORD_POLICY)
    }

    /// Asks for consent.
    pub fn consent(&self, subject: &str, complaint: Option<&str>) -> Response<Body> {
        let prompt = self.prompt;
        let scopes: String = prompt.scope.split(' ').filter(|token| !token.is_empty()).map(checkbox).collect();
        let details: String = details(prompt).iter().enumerate().map(detail).collect();
        let resources: String = prompt
            .resources
            .split(' ')
            .filter(|resource| !resource.is_empty())
            .map(|resource| format!("<li><code>{}</code></li>\n", escape(resource)))
            .collect();
        let resources = match resources.as_str() {
            "" => String::new(),
            items => format!("<p>for use at</p>\n<ul>\n{items}</ul>\n"),
        };
        let warning = if prompt.loopback {
            "<p class=\"warning\"><strong>You will be sent to a program on your own computer.</strong> Any program there could \
             pretend to be it. Go on only if you started it yourself just now.</p>\n"
        } else {
            ""
        };
        let unproven = if prompt.confidential {
            ""
        } else {
            "<p class=\"warning\">Nothing proves which application is asking: the name above is only what it goes by.</p>\n"
        };
        let body = format!(
            "<p>{client} wants access to your account.</p>\n{complaint}{unproven}{warning}\
             {open}<fieldset>\n<legend>It asks to</legend>\n{scopes}{details}</fieldset>\n{resources}\
             <p class=\"destination\">You will be sent to <strong><bdi>{host}</bdi></strong>.</p>\n\
             <div class=\"choice\">\n<button type=\"submit\" name=\"decision\" value=\"approve\">Allow</button>\n\
             <button type=\"submit\" name=\"decision\" value=\"deny\" class=\"quiet\">Refuse</button>\n</div>\n</form>\n\
             {out}<p class=\"account\">Signed in as <strong><bdi>{subject}</bdi></strong>. \
             <button type=\"submit\" class=\"link\">Use another account</button></p>\n</form>\n",
            client = self.client(),
            complaint = complaint.map(alert).unwrap_or_default(),
            open = self.open("consent"),
            host = escape(prompt.redirect_host),
            out = self.open("sign-out"),
            subject = escape(subject),
        );
        page(StatusCode::OK, self.base, "Allow access?", &body)
    }

    /// Tells the user that the request cannot be met, before the client is told so.
    pub fn refusal(&self) -> Response<Body> {
        let body = format!(
            "<p>{} asked for something that it cannot have. You can return to it; \
             it gets no access.</p>\n{}\
             <p class=\"destination\">You will be sent to <strong><bdi>{}</bdi></strong>.</p>\n\
             <button type=\"submit\" name=\"decision\" value=\"deny\">Return</button>\n</form>\n",
            self.client(),
            self.open("consent"),
            escape(self.prompt.redirect_host),
        );
        page(StatusCode::OK, self.base, "This request cannot be met", &body)
    }
}

fn checkbox(token: &str) -> String {
    let (token, text) = (escape(token), escape(scope_text(token)));
    format!(
        "<label class=\"check\"><input type=\"checkbox\" name=\"scope\" value=\"{token}\" checked> \
         <span>{text} <code>{token}</code></span></label>\n"
    )
}

/// One of the authorization details: its type, and what it says besides.
fn detail((n, detail): (usize, &Value)) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(all) if all.iter().all(Value::is_string) => {
            all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    let members = detail.as_object().into_iter().flatten().filter(|(name, _)| *name != "type");
    let says: String =
        members.map(|(name, value)| format!("<br>{}: <bdi>{}</bdi>", escape(name), escape(&text(value)))).collect();
    format!(
        "<label class=\"check\"><input type=\"checkbox\" name=\"detail\" value=\"{n}\" checked> \
         <span><code>{}</code>{says}</span></label>\n",
        escape(&text(&detail["type"]))
    )
}

fn alert(text: &str) -> String {
    format!("<p class=\"alert\" role=\"alert\">{text}</p>\n")
}

/// Says what went wrong and what to do. `detail` is fixed words of the core; nothing of the request is shown.
pub fn error(base: &str, status: u16, reason: Option<Reason>, detail: &str) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (title, advice) = match reason {
        Some(Reason::InteractionInvalid | Reason::InteractionExpired | Reason::InteractionDecided) => {
            ("This page is no longer valid", "Go back to the application and start again.")
        }
        Some(Reason::InteractionForeign) => (
            "This was started elsewhere",
            "Go back to the application and start again in this browser, with cookies allowed.",
        ),
        Some(Reason::StoreUnavailable | Reason::StoreBusy) => {
            ("Not available right now", "Nothing was changed. Wait a moment and try again.")
        }
        _ if status.is_server_error() => ("Something went wrong here", "Nothing was granted. Try again later."),
        _ => (
            "The application made a mistake",
            "It sent you here with a request that cannot be answered, so you were not sent back. There is nothing that \
             you did wrong; its makers will want to know the line below.",
        ),
    };
    let body = format!("<p>{advice}</p>\n<p class=\"detail\">{}</p>\n", escape(detail));
    page(status, base, title, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape("<a href='x' b=\"y\">&amp;"), "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;amp;");
    }
}
