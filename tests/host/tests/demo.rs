//! The demonstration: its page, its run, and the commands that it prints.
#![cfg(unix)]

mod common;

use std::process::{Command, Stdio};

use common::{Folder, Person};
use symbolon::record::{Key, Kind};
use symbolon::step::{Committed, Labels, Write};
use symbolon::terms::Time;
use symbolon_host::browser::{Browser, Page};
use symbolon_host::config::Config;
use symbolon_host::{Running, clients, demo, start};

async fn demonstration(folder: &Folder) -> Running {
    start(Config { store: Some(folder.store()), demo: true, ..Config::default() }).await.unwrap()
}

async fn press(person: &mut Person, action: &str) -> Page {
    let home = person.browser.get(&format!("{}/", person.root)).await.unwrap();
    let form = format!("csrf={}", home.hidden("csrf"));
    let sent = person.browser.post(&format!("{}/demo/{action}", person.root), form).await.unwrap();
    assert_eq!(sent.status, 303, "{action}");
    person.browser.follow(&sent).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_clicks_through_the_page() {
    let folder = Folder::new();
    let running = demonstration(&folder).await;
    let mut person = common::person(&running);
    let away = press(&mut person, "start").await;
    let sign_in = person.browser.follow(&away).await.unwrap();
    let consent = person.sign_in(&sign_in).await;
    let filled = [("scope", "openid"), ("scope", "read"), ("scope", "write"), ("decision", "approve")];
    let back = person.browser.submit(&consent, "/interaction/consent", &filled).await.unwrap();
    let callback = person.browser.follow(&back).await.unwrap();
    let home = person.browser.follow(&callback).await.unwrap();
    assert!(
        home.body.contains("You are signed in, and the application was granted: openid read write."),
        "{}",
        home.body
    );
    assert!(!home.body.contains(&back.parameter("code")), "a code is shown in full");
    let called = press(&mut person, "call").await;
    assert!(called.body.contains("The resource answered 200") && called.body.contains("alice"), "{}", called.body);
    assert!(press(&mut person, "refresh").await.body.contains("The application has refreshed its tokens."));
    assert!(press(&mut person, "call").await.body.contains("The resource answered 200"));
    assert!(press(&mut person, "revoke").await.body.contains("The application has signed you out"));
    // The same response again, and in a browser that has not asked for it.
    for browser in [person.browser, Browser::new().unwrap()] {
        let mut other = Person { browser, root: person.root.clone() };
        other.browser.get(&format!("{}/", other.root)).await.unwrap();
        let replayed = other.browser.follow(&back).await.unwrap();
        let home = other.browser.follow(&replayed).await.unwrap();
        assert!(home.body.contains("That did not work"), "{}", home.body);
    }
    running.stop().await.unwrap();
}

/// RFC 9700 section 4.11.1: whatever the query says, the way from the callback leads to the application's own page.
#[tokio::test(flavor = "multi_thread")]
async fn the_callback_sends_nobody_where_its_query_says() {
    let folder = Folder::new();
    let running = demonstration(&folder).await;
    let mut person = common::person(&running);
    let home = format!("{}/", person.root);
    for known in [false, true] {
        if known {
            person.browser.get(&home).await.unwrap();
        }
        for query in
            ["next=https://evil.example/", "redirect_uri=//evil.example/", "state=https://evil.example/&code=x", ""]
        {
            let page = person.browser.get(&format!("{}/demo/callback?{query}", person.root)).await.unwrap();
            assert_eq!((page.status, page.location()), (303, home.clone()), "{query}");
        }
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_works_from_the_page_alone() {
    let folder = Folder::new();
    let running = demonstration(&folder).await;
    let mut person = common::person(&running);
    person.browser.get(&format!("{}/", person.root)).await.unwrap();
    let sent = person.browser.post(&format!("{}/demo/start", person.root), "csrf=AAAA".to_owned()).await.unwrap();
    assert_eq!(sent.location(), format!("{}/", person.root));
    running.stop().await.unwrap();
}

#[test]
fn the_run_exits_with_0() {
    let run = Command::new(env!("CARGO_BIN_EXE_demo")).arg("--once").output().unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    assert_eq!(run.status.code(), Some(0), "{said}");
    assert!(said.starts_with("listening on http://127.0.0.1:"), "{said}");
    assert!(said.ends_with("Every outcome is as it should be.\n"), "{said}");
    assert_eq!(said.matches("   ok: ").count(), 13, "{said}");
    let legend: Vec<&str> = said.lines().skip(1).take(4).collect();
    for (line, mark) in legend.iter().zip(["<- ", "-> ", "? ", "Lines further right"]) {
        assert!(line.starts_with(mark), "{line}");
    }
    // What the guard adds has travelled, too.
    for shown in
        ["content-security-policy: default-src 'none'", "referrer-policy: no-referrer", "Basic resource-server:…"]
    {
        assert!(said.contains(shown), "{shown}: {said}");
    }
    // A copy of a token comes without the cookies of whom it was copied from.
    let (_, copied) = said.split_once("11. Nor does a copy").unwrap();
    assert!(!copied.contains("cookie:"), "{copied}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_says_what_went_wrong() {
    // Each ends the run in a step of its own: an outcome that is not as it should be, and what a step cannot do.
    type Spoil = fn(&mut Config);
    let lifetimes: [(Spoil, &str); 2] = [
        (|config| config.lifetimes.access_token = 0, "step 5: the ID token is not valid here"),
        (|config| config.lifetimes.refresh_token = 0, "step 7: sign in again: the server said invalid_grant"),
    ];
    for (spoil, said) in lifetimes {
        let folder = Folder::new();
        let mut config = Config { store: Some(folder.store()), demo: true, ..Config::default() };
        spoil(&mut config);
        let running = start(config).await.unwrap();
        assert_eq!(demo::once(&running.host).await, Err(said.to_owned()));
        running.stop().await.unwrap();
    }

    // The server does not know the resource any more, and so tells it nothing about tokens.
    let folder = Folder::new();
    let running = demonstration(&folder).await;
    let key = Key::client(clients::RESOURCE_SERVER.0);
    let stored = running.host.store.load(key).await.unwrap().unwrap();
    let labels = Labels { kind: Kind::Client, client_id: None, subject: None };
    let expected = Some(stored.row().version);
    let write = Write { key, expected, value: None, expires_at: Time(u64::MAX), labels };
    assert_eq!(running.host.store.commit(&write).await.unwrap(), Committed::Yes);
    let outcome = demo::once(&running.host).await;
    assert_eq!(outcome, Err("step 6: the resource answers, and knows the user: no".to_owned()));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_work_as_they_are_printed() {
    let curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status();
    assert!(
        curl.is_ok_and(|status| status.success()),
        "this test runs the printed commands, which need curl: install it"
    );
    let folder = Folder::new();
    let running = demonstration(&folder).await;
    let printed = demo::commands(&running.host);
    let (_, script) = printed.split_once("in one shell:\n").unwrap();
    let script = script.to_owned();
    let place = folder.store().parent().unwrap().to_owned();
    let run = move || Command::new("sh").args(["-c", &script]).current_dir(place).output().unwrap();
    let run = tokio::task::spawn_blocking(run).await.unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    for expected in ["\"issuer\":", "\"refresh_token\":", "\"notes_of\":\"alice\"", "{\"active\":true", "invalid_grant"]
    {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(said.matches("\"access_token\":").count(), 2, "{said}");
    running.stop().await.unwrap();
}
