//! A browser of few means: cookies, links and forms, without a window. The demonstration and the tests drive it.

use std::collections::BTreeMap;
use std::error::Error;

use crate::send::Trust;

/// A browser. Redirects are left to its user.
pub struct Browser {
    client: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

/// What came back.
pub struct Page {
    /// Where it is.
    pub url: reqwest::Url,
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub body: String,
}

impl Browser {
    /// A browser without cookies.
    pub fn new() -> Result<Self, Box<dyn Error + Send + Sync>> {
        Self::trusting(&Trust::default())
    }

    /// The same, for a host with a certificate of its own making.
    pub fn trusting(trust: &Trust) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self { client: trust.builder()?.build()?, cookies: BTreeMap::new() })
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Puts a cookie there, as somebody else might.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Goes to a URL.
    pub async fn get(&mut self, url: &str) -> reqwest::Result<Page> {
        self.exchange(self.client.get(url)).await
    }

    /// Goes to where a redirect leads.
    pub async fn follow(&mut self, page: &Page) -> reqwest::Result<Page> {
        self.get(&page.location()).await
    }

    /// Sends a form of the page: its hidden fields, and what the user filled in.
    pub async fn submit(&mut self, page: &Page, action: &str, filled: &[(&str, &str)]) -> reqwest::Result<Page> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for name in ["handle", "csrf"] {
            form.append_pair(name, page.hidden(name));
        }
        self.post(page.url.join(action).unwrap_or(page.url.clone()).as_str(), form.extend_pairs(filled).finish()).await
    }

    /// Posts a form.
    pub async fn post(&mut self, url: &str, form: String) -> reqwest::Result<Page> {
        let request = self.client.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(form);
        self.exchange(request).await
    }

    async fn exchange(&mut self, request: reqwest::RequestBuilder) -> reqwest::Result<Page> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header("Cookie", cookies.join("; ")) };
        let response = request.send().await?;
        for cookie in response.headers().get_all("Set-Cookie").iter().filter_map(|value| value.to_str().ok()) {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else { continue };
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(Page {
            url: response.url().clone(),
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }
}

impl Page {
    /// The value of a header field; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Where a redirect leads; empty if this is none.
    pub fn location(&self) -> String {
        match self.header("Location") {
            "" => String::new(),
            location => self.url.join(location).map_or(String::new(), Into::into),
        }
    }

    /// A parameter of where a redirect leads; empty if it is not there.
    pub fn parameter(&self, name: &str) -> String {
        let url = reqwest::Url::parse(&self.location()).ok();
        let found = url.as_ref().and_then(|url| url.query_pairs().find(|(known, _)| known == name));
        found.map_or(String::new(), |(_, value)| value.into_owned())
    }

    /// The value of a hidden field of the page's forms; empty if it is not there.
    pub fn hidden(&self, name: &str) -> &str {
        let start = format!("name=\"{name}\" value=\"");
        let found = self.body.split_once(&start).and_then(|(_, rest)| rest.split_once('"'));
        found.map_or("", |(value, _)| value)
    }

    /// A member of the JSON body that is a string; empty if it is not there.
    pub fn member(&self, name: &str) -> String {
        let body: Option<serde_json::Value> = serde_json::from_str(&self.body).ok();
        body.and_then(|body| Some(body.get(name)?.as_str()?.to_owned())).unwrap_or_default()
    }
}
