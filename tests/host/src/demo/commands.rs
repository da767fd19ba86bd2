//! What the demonstration prints for people with a terminal.

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

use crate::users::USERS;
use crate::{Host, clients};

/// The URL, the users, the clients, and the whole flow as commands.
pub fn commands(host: &Host) -> String {
    let issuer = host.issuer().trim_end_matches('/');
    let verifier = Base64UrlUnpadded::encode_string(&crate::random::<32>());
    let challenge = Base64UrlUnpadded::encode_string(&Sha256::digest(verifier.as_bytes()));
    let [(alice, password), (bob, other_password)] = USERS;
    let (web, web_secret) = clients::WEB;
    let (post, post_secret) = clients::WEB_POST;
    let (server, server_secret) = clients::RESOURCE_SERVER;
    let native = clients::NATIVE;
    format!(
        r#"
Open {issuer}/ in a browser to go through the flow and see what travels.

users      {alice} / {password}
           {bob} / {other_password}
clients    {native} (public), {web} / {web_secret} (Basic),
           {post} / {post_secret} (in the body)
resource   {server} / {server_secret} (introspects)

The whole flow by hand, in one shell:

# what the server does
curl -s {issuer}/.well-known/oauth-authorization-server

# ask for authorization, and sign in
curl -s -L -c jar -b jar -o page '{issuer}/authorize?response_type=code&client_id={native}&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback&scope=read+write&state=abc&code_challenge={challenge}&code_challenge_method=S256'
field() {{ sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" page | head -n 1; }}
curl -s -L -c jar -b jar -o page.next -d username={alice} -d password={password} --data-urlencode "handle=$(field handle)" --data-urlencode "csrf=$(field csrf)" {issuer}/interaction/sign-in && mv page.next page

# consent, and take the code out of the redirect
code=$(curl -s -b jar -o /dev/null -w '%{{redirect_url}}' -d decision=approve -d scope=read -d scope=write --data-urlencode "handle=$(field handle)" --data-urlencode "csrf=$(field csrf)" {issuer}/interaction/consent | sed 's/.*[?&]code=\([^&]*\).*/\1/')

# exchange it
tokens=$(curl -s -d grant_type=authorization_code -d client_id={native} -d redirect_uri=http://127.0.0.1/callback -d code_verifier={verifier} -d "code=$code" {issuer}/token); echo "$tokens"
member() {{ printf %s "$tokens" | sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }}

# use the access token, and see what the resource sees
curl -s -H "Authorization: Bearer $(member access_token)" {issuer}/resource
curl -s -u {server}:{server_secret} -d "token=$(member access_token)" {issuer}/introspect

# refresh, revoke, and be refused
tokens=$(curl -s -d grant_type=refresh_token -d client_id={native} -d "refresh_token=$(member refresh_token)" {issuer}/token); echo "$tokens"
curl -s -d client_id={native} -d "token=$(member refresh_token)" {issuer}/revoke
curl -s -d grant_type=refresh_token -d client_id={native} -d "refresh_token=$(member refresh_token)" {issuer}/token
"#
    )
}
