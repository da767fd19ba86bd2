//! Redirection URIs.

use symbolon::ErrorCode;
use symbolon::record::Client;
use symbolon::server::Decision;
use symbolon::terms::redirect_uri::ApplicationType;

use super::form::Form;
use super::outcome::*;
use super::{Ground, Row, row};
use crate::fixture::{Bench, C1_SECRET, c1, put};

pub(super) const ROWS: &[Row] = &[
    row(
        "RU-01",
        "the URI is compared at the token endpoint and not at the authorization endpoint",
        "CVE-2025-4143",
        ru_01,
    ),
    row("RU-02", "URIs are lower-cased before they are compared", "CVE-2020-15234", ru_02),
    row("RU-03", "the loopback exception frees more than the port", "CVE-2020-15233", ru_03),
    row("RU-04", "the decoded URI is judged, the raw one is used", "CVE-2023-6291", ru_04),
    row("RU-05", "dot segments lead out of the registered path", "CVE-2024-1132", ru_05),
    row("RU-06", "dot segments encoded twice", "CVE-2022-3782", ru_06),
    row("RU-07", "a path parameter hides a dot segment", "CVE-2026-3872", ru_07),
    row("RU-08", "a loopback registration is taken for a prefix", "CVE-2024-8883", ru_08),
    row("RU-09", "two URI parsers see two hosts", "CVE-2026-7504", ru_09),
    row("RU-10", "a wildcard gets a script URI past the list of forbidden schemes", "CVE-2023-6134", ru_10),
    row("RU-11", "one response mode skips the check", "CVE-2023-6927", ru_11),
    row(
        "RU-12",
        "response parameters in the URI, or two URIs, of which each side reads another",
        "CVE-2026-9689",
        ru_12,
    ),
    row("RU-13", "the registered URI is run as a regular expression", "CVE-2024-52289", ru_13),
    row("RU-14", "a script URI reaches the page that posts the response", "CVE-2024-21637", ru_14),
    row("RU-15", "userinfo moves the host out of a pattern", "CVE-2026-28512", ru_15),
    row("RU-16", "the origin alone is compared", "GHSA-p64j-f4x9-wq66", ru_16),
    row("RU-18", "subdomains and userinfo pass", "CVE-2019-3778, CVE-2019-11269", ru_18),
    row("RU-20", "a script URI is registered, and opened in the server's origin", "GHSA-86j7-9j95-vpqj", ru_20),
    row("RU-21", "a registration is stored unread", "CVE-2026-22752", ru_21),
    row("RU-22", "a return URL in the request is followed after sign-in", "GHSA-vp58-j275-797x", ru_22),
    row("RU-23", "prompt=none sends its error to a URI that nobody checked", "CVE-2019-9837", ru_23),
    row("RU-24", "an error is redirected before the client is known", "CVE-2026-41479", ru_24),
    row("RU-26", "the text of a loopback address before an @ counts as the host", "Authlib 1.8", ru_26),
    row("RU-27", "URIs are compared as prefixes", "oauth2-php 2020-03-03", ru_27),
];

pub(super) const NATIVE: ApplicationType = ApplicationType::Native;
pub(super) const WEB: ApplicationType = ApplicationType::Web;

/// Each of these redirection URIs in an otherwise good request of the client.
pub(super) fn foreign(ground: &Ground, client_id: &str, uris: &[&str]) -> Checked {
    each_text(uris, |uri| local(&mut ground.bench(), &Form::authorization(client_id).with("redirect_uri", uri)))
}

/// A bench with one more client, `x`, that has these redirection URIs.
pub(super) fn registered(ground: &Ground, redirect_uris: &str, application_type: ApplicationType) -> Bench {
    let mut bench = ground.bench();
    let hash = symbolon::terms::secret::hash(C1_SECRET);
    put(&mut bench.store, &Client { client_id: "x", redirect_uris, application_type, ..c1(&hash) });
    bench
}

/// A registration with these redirection URIs.
pub(super) fn register(redirect_uris: &str, application_type: ApplicationType) -> Checked {
    let hash = symbolon::terms::secret::hash(C1_SECRET);
    refused_registration(&Client { redirect_uris, application_type, ..c1(&hash) })
}

fn refused_registration(client: &Client<'_>) -> Checked {
    let mut row = [0; 8192];
    match client.register(&mut row) {
        Err(reason) => {
            ensure(row.iter().all(|&byte| byte == 0), || "a row was written all the same".to_owned())?;
            Ok(format!("registration refused ({reason:?})"))
        }
        Ok(_) => Err("registered".to_owned()),
    }
}

/// None of these may be registered, be the client a web or a native application.
pub(super) fn never_registered(uris: &[&str]) -> Checked {
    each_text(uris, |uri| {
        let web = register(uri, WEB)?;
        let native = register(uri, NATIVE)?;
        register(uri, ApplicationType::NativeTreatingLocalhostAsLoopback)?;
        ensure(web == native, || format!("web {web}, native {native}"))?;
        Ok(web)
    })
}

fn ru_01(ground: &Ground) -> Checked {
    let first = foreign(ground, "c1", &["https://evil.example/cb"])?;
    let mut bench = ground.bench();
    bench.code_of_c1("read");
    let again = local(&mut bench, &Form::authorization("c1").with("redirect_uri", "https://evil.example/cb"))?;
    Ok(format!("{first}; after an earlier approval by the same user -> {again}"))
}

fn ru_02(ground: &Ground) -> Checked {
    foreign(ground, "c1", &["https://client.example/CB", "HTTPS://client.example/cb", "https://CLIENT.example/cb"])
}

fn ru_03(ground: &Ground) -> Checked {
    let uris =
        ["http://127.0.0.1:9/cb?x=1", "http://127.0.0.1/cb?x=1", "http://evil.example:9/cb", "http://127.0.0.1:9/"];
    foreign(ground, "pub1", &uris)
}

fn ru_04(ground: &Ground) -> Checked {
    foreign(ground, "c1", &["https://client%2eexample%2fcb%2f:y@evil.example/", "https://client%2eexample/cb"])
}

fn ru_05(ground: &Ground) -> Checked {
    let uris = [
        "https://client.example/cb/..%2f..%2fevil",
        "https://client.example/cb/../evil",
        "https://client.example/x/../cb",
    ];
    foreign(ground, "c1", &uris)
}

fn ru_06(ground: &Ground) -> Checked {
    foreign(ground, "c1", &["https://client.example/cb/%252e%252e%252fevil", "https://client.example/%252e/cb"])
}

fn ru_07(ground: &Ground) -> Checked {
    foreign(
        ground,
        "c1",
        &["https://client.example/cb/..;/evil", "https://client.example/cb;x=1", "https://client.example/..;/cb"],
    )
}

fn ru_08(ground: &Ground) -> Checked {
    let uris = ["http://127.0.0.1@evil.example/", "http://127.0.0.1.evil.example/", "http://127.0.0.1:1.evil.example/"];
    each_text(uris, |uri| {
        let mut bench = registered(ground, "http://127.0.0.1/", NATIVE);
        local(&mut bench, &Form::authorization("x").with("redirect_uri", uri))
    })
}

fn ru_09(ground: &Ground) -> Checked {
    let uris = [
        "https://client.example:x@evil.example/cb",
        "https://evil.example\\@client.example/cb",
        "https://u@client.example/cb",
    ];
    let requested = foreign(ground, "c1", &uris)?;
    Ok(format!("requested: {requested}; registered: {}", never_registered(&uris)?))
}

fn ru_10(_: &Ground) -> Checked {
    never_registered(&[
        "javascript:*",
        "*",
        "data:text/html,x",
        "https://*",
        "https://*.client.example/cb",
        "http://*/cb",
    ])
}

fn ru_11(ground: &Ground) -> Checked {
    let modes = ["query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt", "web_message"];
    let foreign = each_text(modes, |mode| {
        let form = Form::authorization("c1").with("redirect_uri", "https://evil.example/cb");
        local(&mut ground.bench(), &form.with("response_mode", mode))
    })?;
    let own = each_text(&modes[1..], |mode| {
        let form = Form::authorization("c1").with("response_mode", mode);
        redirected(&mut ground.bench(), &form, ErrorCode::InvalidRequest)
    })?;
    Ok(format!("foreign URI: {foreign}; own URI: {own}"))
}

fn ru_12(ground: &Ground) -> Checked {
    let uri = "https://client.example/cb?code=x&iss=y";
    let planted = foreign(ground, "c1", &[uri])?;
    let copies = ["https://client.example/cb", "https://evil.example/cb", ""];
    let twice =
        each_text(copies, |copy| local(&mut ground.bench(), &Form::authorization("c1").and("redirect_uri", copy)))?;
    Ok(format!("{planted}; the URI twice, the second time {twice}"))
}

fn ru_13(ground: &Ground) -> Checked {
    foreign(ground, "c1", &["https://clientXexample/cb", "https://client.example/c.", "https://client.example/.*"])
}

fn ru_14(ground: &Ground) -> Checked {
    let at_registration = never_registered(&["javascript:alert(1)"])?;
    let requested = each_text(["form_post", "query"], |mode| {
        let form = Form::authorization("c1").with("redirect_uri", "javascript:alert(1)");
        local(&mut ground.bench(), &form.with("response_mode", mode))
    })?;
    Ok(format!("{at_registration}; requested with response_mode {requested}"))
}

fn ru_15(ground: &Ground) -> Checked {
    foreign(ground, "c1", &["https://client.example@evil.example/cb", "https://client.example%40evil.example/cb"])
}

fn ru_16(ground: &Ground) -> Checked {
    foreign(ground, "c1", &["https://client.example/other", "https://client.example/", "https://client.example"])
}

fn ru_18(ground: &Ground) -> Checked {
    let uris = [
        "https://sub.client.example/cb",
        "https://client.example@evil.example/cb",
        "https://client.example.evil.example/cb",
    ];
    foreign(ground, "c1", &uris)
}

fn ru_20(_: &Ground) -> Checked {
    never_registered(&[
        "javascript:fetch('//e')",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "blob:https://client.example/1",
        "file:///etc/passwd",
        "about:blank",
    ])
}

fn ru_21(_: &Ground) -> Checked {
    let hash = symbolon::terms::secret::hash(C1_SECRET);
    let good = c1(&hash);
    let mut row = [0; 8192];
    good.register(&mut row).map_err(|reason| format!("the unspoilt registration: {reason:?}"))?;
    let fields = [
        (
            "redirect_uris javascript:",
            Client { redirect_uris: "https://client.example/cb javascript:alert(1)", ..good },
        ),
        ("redirect_uris data:", Client { redirect_uris: "data:text/html,x", ..good }),
        ("redirect_uris empty", Client { redirect_uris: "", ..good }),
        ("scope with a quotation mark", Client { scope: "read \"write", ..good }),
        ("default_scope beyond scope", Client { default_scope: "read admin", ..good }),
        ("resources relative", Client { resources: "//evil.example/", ..good }),
        ("serves with a fragment", Client { serves: "https://rs.example/#", ..good }),
        ("client_id an https URL", Client { client_id: "https://x.example/y", ..good }),
        ("client_id with a line feed", Client { client_id: "c\n1", ..good }),
        ("client_name with CR LF", Client { name: "One\r\nSet-Cookie: a=b", ..good }),
        ("no secret", Client { secrets: &[], ..good }),
    ];
    each(fields, |client| refused_registration(&client))
}

fn ru_22(ground: &Ground) -> Checked {
    const NAMES: [&str; 6] =
        ["return_to", "callbackUrl", "next", "post_login_redirect_uri", "trustedOrigins", "RelayState"];
    each_text(NAMES, |name| {
        let mut bench = ground.bench();
        let form = Form::authorization("c1").and(name, "https://trusted.example.evil.example/");
        let handle = asked(&mut bench, &form)?;
        let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
        let location = response(&answer, "https://client.example/cb")?;
        ensure(location.names() == ["code", "state", "iss"], || format!("{:?}", location.names()))?;
        Ok(format!("ignored: 303 to {} with {}", "https://client.example/cb", location.names().join(", ")))
    })
}

fn ru_23(ground: &Ground) -> Checked {
    let form = Form::authorization("c1").with("prompt", "none").with("scope", "openid");
    local(&mut ground.bench(), &form.with("redirect_uri", "https://evil.example/"))
}

fn ru_24(ground: &Ground) -> Checked {
    let evil = |client_id| {
        Form::authorization("c1").with("client_id", client_id).with("redirect_uri", "https://evil.example/")
    };
    each(
        [
            ("response_type=zzz of an unknown client", evil("nope").with("response_type", "zzz")),
            ("no response_type, unknown client", evil("nope").without("response_type")),
            ("scope=zzz, unknown client", evil("nope").with("scope", "zzz")),
            ("response_type=zzz to a foreign URI", evil("c1").with("response_type", "zzz")),
            ("scope=zzz to a foreign URI", evil("c1").with("scope", "zzz")),
            ("code_challenge_method=zzz to a foreign URI", evil("c1").with("code_challenge_method", "zzz")),
            ("no client_id", evil("c1").without("client_id")),
        ],
        |form| local(&mut ground.bench(), &form),
    )
}

fn ru_26(ground: &Ground) -> Checked {
    let uris = [
        "http://127.0.0.1:80@evil.example/cb",
        "http://localhost:80@evil.example/cb",
        "http://[::1]:80@evil.example/cb",
    ];
    Ok(format!("requested: {}; registered: {}", foreign(ground, "pub1", &uris)?, never_registered(&uris)?))
}

fn ru_27(ground: &Ground) -> Checked {
    let uris = [
        "https://client.example/cbEVIL",
        "https://client.example/cb.evil.example",
        "https://client.example/cb/",
        "https://client.example/c",
    ];
    foreign(ground, "c1", &uris)
}
