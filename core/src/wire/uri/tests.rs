extern crate std;
use super::*;

#[test]
fn reads_the_examples_of_rfc_3986() {
    // Section 1.1.2, and 3.
    for text in [
        "ftp://ftp.is.co.za/rfc/rfc1808.txt",
        "http://www.ietf.org/rfc/rfc2396.txt",
        "ldap://[2001:db8::7]/c=GB?objectClass?one",
        "mailto:John.Doe@example.com",
        "news:comp.infosystems.www.servers.unix",
        "tel:+1-816-555-1212",
        "telnet://192.0.2.16:80/",
        "urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
        "foo://example.com:8042/over/there?name=ferret#nose",
    ] {
        assert!(parse(text).is_some(), "{text}");
    }
    let uri = parse("foo://u:p@[::1]:/over?a?b#c?d").unwrap();
    let authority = Authority { userinfo: Some("u:p"), host: "[::1]", port: Some("") };
    assert_eq!(uri.authority, Some(authority));
    assert_eq!((uri.scheme, uri.path, uri.query, uri.fragment), ("foo", "/over", Some("a?b"), Some("c?d")));
}

#[test]
fn refuses_what_is_no_uri() {
    for text in [
        "",
        ":",
        "a",
        "/a",
        "//a/b",
        "1a:b",
        "a b:c",
        "a:b c",
        "a:%",
        "a:%4",
        "a:%4g",
        "a:\u{e9}",
        "a:\\",
        "a:\u{0}",
        "a:b#c#d",
        "a:[",
        "a:/]",
        "a://h:1:2",
        "a://h:x",
        "a://b@c@d",
        "a://[::1",
        "a://[::1]x",
        "a://[::1]:x",
        "a://x[::1]",
        "a://[]",
        "a://[:::]",
        "a://[1::2::3]",
        "a://[1:2:3:4:5:6:7]",
        "a://[1:2:3:4:5:6:7:8:9]",
        "a://[12345::]",
        "a://[::1.2.3]",
        "a://[::1.2.3.256]",
        "a://[::01.2.3.4]",
        "a://[1.2.3.4::]",
        "a://[1:2:3:4:5:6:7::8]",
        "a://[g::]",
        "a://[v.x]",
        "a://[v1.]",
        "a://[vg.x]",
        "a://[fe80::1%25eth0]",
        "a:?^",
        "a:`",
        "a:<b>",
        "a:\"",
        "a:{}",
        "a:|",
        "a:\n",
    ] {
        assert_eq!(parse(text), None, "{text:?}");
    }
    let long = std::format!("a:{}", "b".repeat(limits::URI));
    assert_eq!(parse(&long), None);
    assert!(parse(&long[..limits::URI]).is_some());
}

#[test]
fn reads_ip_literals() {
    for host in [
        "[::]",
        "[::1]",
        "[1::]",
        "[1:2:3:4:5:6:7:8]",
        "[1:2:3:4:5:6:7::]",
        "[::2:3:4:5:6:7:8]",
        "[1:2:3:4:5:6:1.2.3.4]",
        "[::255.255.255.255]",
        "[::ffff:0.0.0.0]",
        "[ABCD::]",
        "[v1.x:y]",
        "[vF0.!$&'()*+,;=]",
    ] {
        let text = std::format!("a://{host}");
        assert_eq!(parse(&text).unwrap().authority.unwrap().host, host);
    }
}

#[test]
fn reads_references() {
    for text in ["", "a", "/a", "//a/b", "?a", "#a", "a/b:c", "./b:c", "a:b"] {
        assert!(is_reference(text), "{text}");
    }
    for text in ["1:b", ":", "a b", "%", "//[", "\u{e9}"] {
        assert!(!is_reference(text), "{text}");
    }
}

#[test]
fn parts_put_together_are_the_text() {
    let text = "foo://u@h:80/over/there?name=ferret#nose";
    for end in 0..=text.len() {
        let Some(uri) = parse(&text[..end]) else { continue };
        let mut again = std::format!("{}:", uri.scheme);
        if let Some(authority) = uri.authority {
            again += "//";
            again += &authority.userinfo.map(|userinfo| std::format!("{userinfo}@")).unwrap_or_default();
            again += authority.host;
            again += &authority.port.map(|port| std::format!(":{port}")).unwrap_or_default();
        }
        again += uri.path;
        again += &uri.query.map(|query| std::format!("?{query}")).unwrap_or_default();
        again += &uri.fragment.map(|fragment| std::format!("#{fragment}")).unwrap_or_default();
        assert_eq!(again, text[..end]);
    }
}
