//! The program: its first line, and how it stops.
#![cfg(unix)]

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use common::{Folder, Person, host, person};
use symbolon_host::browser::Browser;
use symbolon_host::clients;
use symbolon_host::users::USERS;

struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

/// Starts the program; the address of its first line.
fn demo(arguments: &[&str]) -> (Demo, String) {
    demo_with_log(arguments, Stdio::null())
}

fn demo_with_log(arguments: &[&str], log: Stdio) -> (Demo, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.args(["--listen", "127.0.0.1:0"]).args(arguments).stdout(Stdio::piped()).stderr(log);
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
    (Demo(child), address)
}

fn terminate(demo: &Demo) {
    assert!(Command::new("kill").args(["-TERM", &demo.0.id().to_string()]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_every_question_and_no_secret() {
    let folder = Folder::new();
    let log = folder.store().with_extension("log");
    let store = folder.store();
    let arguments = ["--log", "trace", "--store", store.to_str().unwrap()];
    let (mut demo, address) = demo_with_log(&arguments, File::create(&log).unwrap().into());
    let mut person = Person { browser: Browser::new().unwrap(), root: format!("http://{address}") };
    let code = person.code().await;
    let tokens = person.redeem(&code).await;
    let (access, refresh) = (tokens.member("access_token"), tokens.member("refresh_token"));
    person.introspect(&access).await;
    person.redeem("forged-0123456789").await;
    person.revoke(&refresh).await;
    terminate(&demo);
    demo.0.wait().unwrap();
    let said = std::fs::read_to_string(&log).unwrap();
    let cookies = ["browser", "session"].map(|name| person.browser.cookie(&format!("symbolon-{name}")).unwrap());
    let secrets = [&code, &access, &refresh, symbolon_tests::fixture::VERIFIER, USERS[0].1, "forged-0123456789"];
    for secret in secrets.into_iter().chain(cookies).chain([clients::RESOURCE_SERVER.1, "xyz"]) {
        assert!(secret.len() > 2 && !said.contains(secret), "{secret} is in the log: {said}");
    }
    for told in ["load", "commit", "Approved", "CodeRedeemed", "CodeInvalid", "CredentialForged", "Revoked"] {
        assert!(said.contains(told), "{told} is not in the log: {said}");
    }
}

#[test]
fn a_request_in_flight_is_finished_before_the_program_stops() {
    let folder = Folder::new();
    let store = folder.store();
    let (mut demo, address) = demo(&["--store", store.to_str().unwrap()]);
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // Only once its head is read is a request in flight.
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminate(&demo);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(TcpStream::connect(&address).is_err(), "still listening");
    stream.write_all(b"grant_type=x").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
    assert_eq!(demo.0.wait().unwrap().code(), Some(0));
    // The write-ahead log is folded into the file when it is closed.
    assert!(store.exists() && !store.with_extension("sqlite-wal").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_file_redeem_a_code_once() {
    let folder = Folder::new();
    let running = host(&folder.store()).await;
    let (mut demo, address) = demo(&["--store", folder.store().to_str().unwrap(), "--issuer", running.host.issuer()]);
    let mut asking = person(&running);
    for round in 0..25 {
        let code = asking.code().await;
        let mut here = person(&running);
        let mut there = Person { browser: Browser::new().unwrap(), root: format!("http://{address}") };
        let (a, b) = tokio::join!(here.redeem(&code), there.redeem(&code));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400], "round {round}: {} {}", a.body, b.body);
    }
    terminate(&demo);
    assert_eq!(demo.0.wait().unwrap().code(), Some(0));
    running.stop().await.unwrap();
}
