//! The flow over HTTP, and what the store goes through meanwhile.

mod common;

use common::{Folder, host, person};
use symbolon_host::config::Config;
use symbolon_host::start;

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_flow_with_a_restart_at_each_step() {
    let folder = Folder::new();
    let mut running = host(&folder.store()).await;
    let address = running.address;
    let again = || Config { listen: address, store: Some(folder.store()), ..Config::default() };
    let mut person = person(&running);

    let code = person.code().await;
    running.stop().await.unwrap();
    running = start(again()).await.unwrap();
    let tokens = person.redeem(&code).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let access = tokens.member("access_token");

    running.stop().await.unwrap();
    running = start(again()).await.unwrap();
    let shown = person.introspect(&access).await;
    assert!(shown.body.starts_with("{\"active\":true"), "{}", shown.body);
    assert_eq!(shown.member("sub"), "alice");
    let refreshed = person.refresh(&tokens.member("refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);

    running.stop().await.unwrap();
    running = start(again()).await.unwrap();
    assert_eq!(person.revoke(&refreshed.member("refresh_token")).await.status, 200);
    assert_eq!(person.introspect(&access).await.body, "{\"active\":false}");
    let refused = person.refresh(&refreshed.member("refresh_token")).await;
    assert_eq!((refused.status, refused.member("error").as_str()), (400, "invalid_grant"));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interaction_survives_a_restart() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    person.begin().await;
    let sent = person.browser.get(&person.authorization("&scope=read")).await.unwrap();
    let listen = running.address;
    running.stop().await.unwrap();
    let running = start(Config { listen, store: Some(folder.store()), ..Config::default() }).await.unwrap();
    let page = person.browser.follow(&sent).await.unwrap();
    let page = person.sign_in(&page).await;
    let sent = person.browser.submit(&page, "/interaction/consent", &[("scope", "read"), ("decision", "approve")]);
    assert_ne!(sent.await.unwrap().parameter("code"), "");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_on_one_file_redeem_a_code_once() {
    let folder = Folder::new();
    let one = host(&folder.store()).await;
    let config =
        Config { store: Some(folder.store()), issuer: Some(one.host.issuer().to_owned()), ..Config::default() };
    let other = start(config).await.unwrap();
    let mut asking = person(&one);
    for round in 0..25 {
        let code = asking.code().await;
        let (mut a, mut b) = (person(&one), person(&other));
        let (a, b) = tokio::join!(a.redeem(&code), b.redeem(&code));
        let (won, lost) = if a.status == 200 { (a, b) } else { (b, a) };
        assert_eq!((won.status, lost.status), (200, 400), "round {round}: {} {}", won.body, lost.body);
        assert_eq!(lost.member("error"), "invalid_grant");
        // The code came twice from its owner, so the tokens of the first redemption are dead (RFC 6749 section 4.1.2).
        let shown = asking.introspect(&won.member("access_token")).await;
        assert_eq!(shown.body, "{\"active\":false}", "round {round}");
    }
    one.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_store_is_temporarily_unavailable_and_nothing_is_half_written() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let code = person.code().await;
    let lock = rusqlite::Connection::open(folder.store()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = person.redeem(&code).await;
    assert_eq!(
        (refused.status, refused.member("error").as_str()),
        (503, "temporarily_unavailable"),
        "{}",
        refused.body
    );
    assert_eq!(refused.member("access_token"), "");
    let page = person.browser.get(&person.authorization("&scope=read")).await.unwrap();
    assert_eq!(page.status, 503);
    assert!(page.body.contains("Not available right now"), "{}", page.body);
    lock.execute_batch("ROLLBACK").unwrap();
    assert_eq!(person.redeem(&code).await.status, 200);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_temporarily_unavailable_and_nothing_is_half_written() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let code = person.code().await;
    let rows = || -> u32 {
        let connection = rusqlite::Connection::open(folder.store()).unwrap();
        let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        connection.query_row("SELECT count(*) FROM rows", [], |row| row.get(0)).unwrap()
    };
    let before = rows();
    running.host.store.allow_pages(2).await.unwrap();
    let mut stored = 0;
    let refused = loop {
        let sent = person.browser.get(&person.authorization("&scope=read")).await.unwrap();
        if sent.status != 303 {
            break sent;
        }
        stored += 1;
        assert!(stored < 500, "the disk never fills");
    };
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert_eq!(rows(), before + stored);
    running.host.store.allow_pages(1000).await.unwrap();
    assert_eq!(person.redeem(&code).await.status, 200);
    person.begin().await;
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_rows_are_swept_and_others_are_not() {
    let folder = Folder::new();
    let mut config = Config { store: Some(folder.store()), ..Config::default() };
    config.lifetimes.interaction = 0;
    let running = start(config).await.unwrap();
    let mut person = person(&running);
    let sent = person.browser.get(&person.authorization("")).await.unwrap();
    let late = person.browser.follow(&sent).await.unwrap();
    assert_eq!(late.status, 400);
    assert!(late.body.contains("no longer valid"), "{}", late.body);
    assert_eq!(running.host.store.sweep(symbolon::terms::Time(4_000_000_000)).await, Ok(1));
    assert_eq!(running.host.store.sweep(symbolon::terms::Time(4_000_000_000)).await, Ok(0));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_once_and_for_their_owner_alone() {
    for (name, cut_off) in [("sqlite.keys", "01 cut-off"), ("sqlite.jwks", "{\"keys\":[]}")] {
        let folder = Folder::new();
        let keys = folder.store().with_extension(name);
        let running = host(&folder.store()).await;
        let first = std::fs::read(&keys).unwrap();
        running.stop().await.unwrap();
        host(&folder.store()).await.stop().await.unwrap();
        assert_eq!(std::fs::read(&keys).unwrap(), first, "{name}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        }
        std::fs::write(&keys, cut_off).unwrap();
        assert!(start(Config { store: Some(folder.store()), ..Config::default() }).await.is_err(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_with_a_path_has_everything_below_it() {
    let folder = Folder::new();
    let config = Config {
        store: Some(folder.store()),
        issuer: Some("https://as.example/tenant/".to_owned()),
        ..Config::default()
    };
    let running = start(config).await.unwrap();
    let mut person = person(&running);
    let url = format!("{}/.well-known/oauth-authorization-server/tenant", person.root);
    let document = person.browser.get(&url).await.unwrap();
    assert_eq!(document.member("issuer"), "https://as.example/tenant/");
    assert_eq!(document.member("token_endpoint"), "https://as.example/tenant/token");
    person.root.push_str("/tenant");
    let sent = person.browser.get(&person.authorization("&scope=read")).await.unwrap();
    assert!(sent.header("Location").starts_with("/tenant/interaction?handle="), "{}", sent.header("Location"));
    let cookie = sent.header("Set-Cookie");
    assert!(cookie.starts_with("__Host-symbolon-browser="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let page = person.browser.follow(&sent).await.unwrap();
    assert!(page.body.contains("action=\"/tenant/interaction/sign-in\""), "{}", page.body);
    assert_eq!(person.redeem("nothing").await.member("error"), "invalid_grant");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_resource_answers_to_the_scope_that_was_granted() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let mut person = person(&running);
    let page = person.begin().await;
    let page = person.sign_in(&page).await;
    let filled = [("decision", "approve"), ("scope", "read")];
    let sent = person.browser.submit(&page, "/interaction/consent", &filled).await.unwrap();
    let access = person.redeem(&sent.parameter("code")).await.member("access_token");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/resource", person.root);
    let challenge = |response: &reqwest::Response| {
        let value = response.headers().get("WWW-Authenticate").map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), value.unwrap_or_default())
    };
    let read = client.get(&url).bearer_auth(&access).send().await.unwrap();
    assert_eq!(read.headers()["Access-Control-Allow-Origin"], "*");
    assert_eq!(challenge(&read), (200, String::new()));
    assert!(read.text().await.unwrap().contains("alice"));
    let (status, why) = challenge(&client.post(&url).bearer_auth(&access).send().await.unwrap());
    assert!(status == 403 && why.contains("insufficient_scope") && why.contains("scope=\"write\""), "{status} {why}");
    let (status, why) = challenge(&client.get(&url).send().await.unwrap());
    assert!(status == 401 && why.starts_with("Bearer ") && !why.contains("error"), "{status} {why}");
    let (status, why) = challenge(&client.get(&url).bearer_auth("forged").send().await.unwrap());
    assert!(status == 401 && why.contains("invalid_token"), "{status} {why}");
    running.stop().await.unwrap();
}
