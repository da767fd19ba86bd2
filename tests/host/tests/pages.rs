//! The pages: who may send their forms, and what every response carries.

mod common;

use common::{Folder, Person, host, person};
use symbolon_host::clients;
use symbolon_host::users::USERS;
use symbolon_tests::fixture::CHALLENGE;

fn assert_guarded(page: &symbolon_host::browser::Page) {
    let policy = page.header("Content-Security-Policy");
    assert!(policy.starts_with("default-src 'none'"), "{}: {policy}", page.url);
    assert!(policy.contains("frame-ancestors 'none'"), "{}: {policy}", page.url);
    assert!(!policy.contains("unsafe"), "{}: {policy}", page.url);
    assert_eq!(page.header("X-Frame-Options"), "DENY", "{}", page.url);
    assert_eq!(page.header("Referrer-Policy"), "no-referrer", "{}", page.url);
    assert_eq!(page.header("X-Content-Type-Options"), "nosniff", "{}", page.url);
    assert_eq!(page.header("Cache-Control"), "no-store", "{}", page.url);
    assert_eq!(page.header("Access-Control-Allow-Origin"), "", "{}", page.url);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_guarded() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let url = person.authorization("&scope=read+write");
    let sent = person.browser.get(&url).await.unwrap();
    assert_guarded(&sent);
    let sign_in = person.browser.follow(&sent).await.unwrap();
    assert_guarded(&sign_in);
    assert!(sign_in.header("Content-Security-Policy").contains("form-action 'self'"));
    let consent = person.sign_in(&sign_in).await;
    assert_guarded(&consent);
    for shown in ["Notes on this computer", "127.0.0.1", "Read your notes", "alice"] {
        assert!(consent.body.contains(shown), "{shown}: {}", consent.body);
    }
    assert!(!consent.body.contains("<script") && !consent.body.contains("style="), "{}", consent.body);
    let back = person.approve(&consent).await;
    assert_guarded(&back);
    let error = person.browser.get(&format!("{}/authorize?client_id=%3Cb%3Enobody", person.root)).await.unwrap();
    assert_guarded(&error);
    assert_eq!(error.status, 400);
    assert!(!error.body.contains("nobody"), "{}", error.body);
    assert!(error.header("Content-Security-Policy").contains("style-src 'self'"), "the page goes without its style");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_warns_of_what_is_not_proven() {
    const UNPROVEN: &str = "Nothing proves which application is asking";
    const LOOPBACK: &str = "You will be sent to a program on your own computer";
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let (native, (web, _)) = (clients::NATIVE, clients::WEB);
    for (client_id, redirect_uri, warnings) in [
        (native, "http://127.0.0.1:9/callback", [true, true]),
        (web, "http://127.0.0.1/callback", [false, true]),
        (web, "https://notes.example/callback", [false, false]),
    ] {
        let mut person = person(&running);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("response_type", "code"), ("client_id", client_id), ("redirect_uri", redirect_uri)])
            .extend_pairs([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")])
            .finish();
        let sent = person.browser.get(&format!("{}/authorize?{query}", person.root)).await.unwrap();
        let page = person.browser.follow(&sent).await.unwrap();
        let consent = person.sign_in(&page).await;
        assert!(consent.body.contains("Allow access?"), "{}", consent.body);
        assert_eq!(
            [UNPROVEN, LOOPBACK].map(|text| consent.body.contains(text)),
            warnings,
            "{client_id} {redirect_uri}"
        );
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_this_browsers_token_is_not_accepted() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let (mut alice, mut mallory) = (person(&running), person(&running));
    let page = alice.begin().await;
    let theirs = mallory.begin().await;
    let (username, password) = USERS[0];
    let form = |handle: &str, csrf: &str| {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("handle", handle), ("csrf", csrf), ("username", username), ("password", password)])
            .finish()
    };
    let url = format!("{}/interaction/sign-in", alice.root);
    for csrf in ["", "AAAA", theirs.hidden("csrf")] {
        let refused = alice.browser.post(&url, form(page.hidden("handle"), csrf)).await.unwrap();
        assert_eq!(refused.status, 403, "{csrf}");
        assert_eq!(alice.browser.cookie("symbolon-session"), None);
    }
    // A token of before the sign-in is not one of after it.
    let consent = alice.sign_in(&page).await;
    let stale = format!("handle={}&csrf={}&decision=approve&scope=read", page.hidden("handle"), page.hidden("csrf"));
    let refused = alice.browser.post(&format!("{}/interaction/consent", alice.root), stale).await.unwrap();
    assert_eq!(refused.status, 403);
    assert_eq!(alice.approve(&consent).await.status, 303);
    // No form is read from a URL.
    let get = format!("{url}?{}", form(page.hidden("handle"), page.hidden("csrf")));
    assert_eq!(alice.browser.get(&get).await.unwrap().status, 403);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_says_no_more_than_that() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let page = person.begin().await;
    let mut pages = Vec::new();
    for username in ["alice", "nobody"] {
        let filled = [("username", username), ("password", "wrong")];
        let refused = person.browser.submit(&page, "/interaction/sign-in", &filled).await.unwrap();
        assert_eq!(refused.status, 401);
        assert!(refused.body.contains("Wrong username or password"), "{}", refused.body);
        pages.push(refused.body);
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(person.browser.cookie("symbolon-session"), None);
    person.sign_in(&page).await;
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_session_is_not_the_one_signed_in() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let planted = "A".repeat(43);
    person.browser.set_cookie("symbolon-session", &planted);
    let page = person.begin().await;
    assert!(page.body.contains("name=\"password\""));
    person.sign_in(&page).await;
    let session = person.browser.cookie("symbolon-session").unwrap().to_owned();
    assert_ne!(session, planted);
    // And a second sign-in ends the first session.
    let page = as_another(&mut person).await;
    person.sign_in(&page).await;
    assert_ne!(person.browser.cookie("symbolon-session"), Some(session.as_str()));
    running.stop().await.unwrap();
}

/// The sign-in page, shown again because another account was wanted.
async fn as_another(person: &mut Person) -> symbolon_host::browser::Page {
    let consent = person.begin().await;
    let out = person.browser.submit(&consent, "/interaction/sign-out", &[]).await.unwrap();
    assert_eq!(person.browser.cookie("symbolon-session"), None);
    let page = person.browser.follow(&out).await.unwrap();
    assert!(page.body.contains("name=\"password\""));
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_works_in_no_other_browser() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let (mut alice, mut mallory) = (person(&running), person(&running));
    let sent = alice.browser.get(&alice.authorization("&scope=read")).await.unwrap();
    let without_cookies = mallory.browser.follow(&sent).await.unwrap();
    assert_eq!(without_cookies.status, 400);
    mallory.begin().await;
    let elsewhere = mallory.browser.follow(&sent).await.unwrap();
    assert_eq!(elsewhere.status, 400);
    assert!(elsewhere.body.contains("started elsewhere"), "{}", elsewhere.body);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_scope_can_be_approved_and_nothing_cannot() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let page = person.begin().await;
    let page = person.sign_in(&page).await;
    let nothing = person.browser.submit(&page, "/interaction/consent", &[("decision", "approve")]).await.unwrap();
    assert_eq!(nothing.status, 200);
    assert!(nothing.body.contains("Choose at least one"), "{}", nothing.body);
    let filled = [("decision", "approve"), ("scope", "write")];
    let sent = person.browser.submit(&page, "/interaction/consent", &filled).await.unwrap();
    let tokens = person.redeem(&sent.parameter("code")).await;
    assert_eq!(tokens.member("scope"), "write", "{}", tokens.body);
    let twice = person.browser.submit(&page, "/interaction/consent", &filled).await.unwrap();
    assert_eq!(twice.status, 400);
    assert!(twice.body.contains("no longer valid"), "{}", twice.body);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_goes_back_only_when_the_user_says_so() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let sent = person.browser.get(&person.authorization("&scope=admin")).await.unwrap();
    let page = person.browser.follow(&sent).await.unwrap();
    let page = person.sign_in(&page).await;
    assert!(page.body.contains("cannot have"), "{}", page.body);
    let sent = person.browser.submit(&page, "/interaction/consent", &[("decision", "deny")]).await.unwrap();
    assert_eq!((sent.status, sent.parameter("error").as_str()), (303, "invalid_scope"));
    let page = person.begin().await;
    let sent = person.browser.submit(&page, "/interaction/consent", &[("decision", "deny")]).await.unwrap();
    assert_eq!((sent.parameter("error").as_str(), sent.parameter("state").as_str()), ("access_denied", "xyz"));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_in_a_browser_may_call_what_is_for_them() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let root = format!("http://{}", running.address);
    let open = ["/token", "/revoke", "/.well-known/oauth-authorization-server"];
    for (path, allowed) in
        open.map(|path| (path, true)).into_iter().chain([("/authorize", false), ("/introspect", false)])
    {
        let preflight =
            client.request(reqwest::Method::OPTIONS, format!("{root}{path}")).header("Origin", "https://a.example");
        let response = preflight.send().await.unwrap();
        let origin = response.headers().get("Access-Control-Allow-Origin").map(|value| value.as_bytes());
        assert_eq!(origin, allowed.then_some(b"*".as_slice()), "{path}");
        assert!(response.headers().get("Access-Control-Allow-Credentials").is_none());
        assert_eq!(response.status().as_u16() == 204, allowed, "{path}");
    }
    let refused = client.post(format!("{root}/token")).send().await.unwrap();
    assert_eq!(refused.headers()["Access-Control-Allow-Origin"], "*");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_cap_and_a_repeated_header_are_refused() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/token", running.address);
    let form = |len: usize| {
        let body = format!("grant_type={}", "a".repeat(len));
        client.post(&url).header("Content-Type", "application/x-www-form-urlencoded").body(body)
    };
    assert_eq!(form(20_000).send().await.unwrap().status(), 400);
    assert_eq!(form(200_000).send().await.unwrap().status(), 413);
    let twice = form(1).header("Authorization", "Basic YTpi").header("Authorization", "Basic YTpi");
    assert_eq!(twice.send().await.unwrap().status(), 400);
    running.stop().await.unwrap();
}

/// The URL that the confidential client sends its user to.
fn authorization_of_web(person: &Person, more: &str) -> String {
    let native = person.authorization(more);
    native.replace(&format!("client_id={}", clients::NATIVE), &format!("client_id={}", clients::WEB.0))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_where_the_client_says_so() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let unasked = authorization_of_web(&person, "&scope=openid+read&prompt=none");
    let asked = authorization_of_web(&person, "&scope=openid+read");
    let sent = person.browser.get(&unasked).await.unwrap();
    assert_eq!((sent.status, sent.parameter("error").as_str()), (303, "login_required"));
    let begun = person.browser.get(&asked).await.unwrap();
    let page = person.browser.follow(&begun).await.unwrap();
    let consent = person.sign_in(&page).await;
    let sent = person.browser.get(&unasked).await.unwrap();
    assert_eq!((sent.status, sent.parameter("error").as_str()), (303, "consent_required"));
    let filled = [("scope", "openid"), ("scope", "read"), ("decision", "approve")];
    let sent = person.browser.submit(&consent, "/interaction/consent", &filled).await.unwrap();
    assert_ne!(sent.parameter("code"), "", "{}", sent.location());
    // The same is not asked again; anything else is.
    let sent = person.browser.get(&unasked).await.unwrap();
    assert_ne!(sent.parameter("code"), "", "{}", sent.location());
    let more = authorization_of_web(&person, "&scope=openid+read+write&prompt=none");
    let sent = person.browser.get(&more).await.unwrap();
    assert_eq!(sent.parameter("error"), "consent_required");
    // A client that proves nothing is not believed to be the same.
    let native = person.authorization("&scope=openid+read&prompt=none");
    let sent = person.browser.get(&native).await.unwrap();
    assert_eq!(sent.parameter("error"), "consent_required");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in_again_where_the_client_wants_it() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let first = person.begin().await;
    person.sign_in(&first).await;
    let again = person.authorization("&scope=read&prompt=login&login_hint=ali%22ce");
    let begun = person.browser.get(&again).await.unwrap();
    let page = person.browser.follow(&begun).await.unwrap();
    assert!(page.body.contains("sign in again") && page.body.contains("value=\"ali&quot;ce\""), "{}", page.body);
    let consent = person.sign_in(&page).await;
    let filled = [("scope", "read"), ("decision", "approve")];
    let sent = person.browser.submit(&consent, "/interaction/consent", &filled).await.unwrap();
    assert_ne!(sent.parameter("code"), "", "{}", sent.location());
    // A kind of sign-in that there is not.
    let begun = person.browser.get(&person.authorization("&scope=read&acr_values=hardware")).await.unwrap();
    let page = person.browser.follow(&begun).await.unwrap();
    assert!(page.body.contains("something that it cannot have"), "{}", page.body);
    let sent = person.browser.submit(&page, "/interaction/consent", &[("decision", "approve")]).await.unwrap();
    assert_eq!(sent.parameter("error"), "unmet_authentication_requirements");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn authorization_details_are_shown_and_chosen_from() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let details = r#"[{"type":"note","identifier":"<b>shopping","actions":["read","write"]},{"type":"note","identifier":"diary"}]"#;
    let encoded: String = form_urlencoded::byte_serialize(details.as_bytes()).collect();
    let url = person.authorization(&format!("&scope=read&authorization_details={encoded}"));
    let begun = person.browser.get(&url).await.unwrap();
    let page = person.browser.follow(&begun).await.unwrap();
    let consent = person.sign_in(&page).await;
    for shown in ["identifier: <bdi>&lt;b&gt;shopping</bdi>", "actions: <bdi>read, write</bdi>", "<bdi>diary</bdi>"] {
        assert!(consent.body.contains(shown), "{shown}: {}", consent.body);
    }
    let filled = [("scope", "read"), ("detail", "1"), ("decision", "approve")];
    let sent = person.browser.submit(&consent, "/interaction/consent", &filled).await.unwrap();
    let tokens = person.redeem(&sent.parameter("code")).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    running.stop().await.unwrap();
}
