"""The client of Authlib as a program: a Flask application, as its users write one, that is told what to do as one JSON object
per line and answers each with one. Its configuration is the JSON object in its first argument."""

import copy
import json
import sys

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.flask_client import OAuth
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from flask import Flask, jsonify, request

configuration = json.loads(sys.argv[1])
app = Flask(__name__)
app.secret_key = generate_token(48)
# Errors come out of the test client as they are.
app.testing = True
well_known = get_well_known_url(configuration["issuer"], external=True)
counterpart = OAuth(app).register(
    "counterpart",
    client_id=configuration["client_id"],
    client_secret=configuration.get("client_secret"),
    server_metadata_url=well_known,
    client_kwargs={
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": configuration["method"],
        "revocation_endpoint_auth_method": configuration["method"],
    },
)


@app.get("/begin")
def begin():
    parameters = {"resource": configuration["resource"], **request.args}
    redirect_uri = parameters.pop("redirect_uri", configuration["redirect_uri"])
    return counterpart.authorize_redirect(redirect_uri, **parameters)


@app.get("/callback")
def callback():
    return jsonify(counterpart.authorize_access_token(resource=configuration["resource"]))


browser = app.test_client()
# What the application's session holds of the sign-in that began last. Authlib forgets it once it is used; tests do not.
pending = {}


def come_back(url, verifier):
    with browser.session_transaction() as stored:
        stored.clear()
        stored.update(copy.deepcopy(pending))
        for sign_in in stored.values() if verifier else ():
            sign_in["data"]["code_verifier"] = verifier
    return browser.get(f"/callback?{url.partition('?')[2]}").get_json()


def session():
    return counterpart._get_oauth_client(**counterpart.load_server_metadata())


def checked(response):
    """Authlib hands the answers of these endpoints out as they are."""
    body = response.json() if response.content else {}
    if "error" in body:
        raise AuthlibBaseError(body["error"], body.get("error_description"))
    response.raise_for_status()
    return body


def discover():
    metadata = AuthorizationServerMetadata(requests.get(well_known, timeout=10).json())
    metadata.validate()
    return {"metadata": metadata}


def begin_anew(parameters):
    url = browser.get("/begin", query_string=parameters).location
    with browser.session_transaction() as stored:
        pending.clear()
        pending.update(copy.deepcopy(dict(stored)))
        stored.clear()
    return {"url": url}


def obey(order):
    what = order["do"]
    if what == "discover":
        return discover()
    if what == "begin":
        return begin_anew(order.get("parameters"))
    if what == "callback":
        return come_back(order["url"], order.get("verifier"))
    with app.app_context(), session() as oauth:
        endpoint = counterpart.server_metadata
        if what == "refresh":
            return oauth.refresh_token(endpoint["token_endpoint"], refresh_token=order["token"])
        if what == "revoke":
            return checked(oauth.revoke_token(endpoint["revocation_endpoint"], token=order["token"]))
        if what == "introspect":
            return checked(oauth.introspect_token(endpoint["introspection_endpoint"], token=order["token"]))
        if what == "call":
            oauth.token = {"access_token": order["token"], "token_type": "Bearer"}
            response = oauth.get(order["url"])
            return {"status": response.status_code, "body": response.text}
    raise ValueError(what)


for line in sys.stdin:
    try:
        answer = obey(json.loads(line))
    except AuthlibBaseError as error:
        answer = {"error": error.error, "text": str(error)}
    except Exception as error:
        answer = {"error": type(error).__name__, "text": str(error)}
    print(json.dumps(answer), flush=True)
