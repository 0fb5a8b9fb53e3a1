"""The least that both tokens and an immediate logout can cost: the measure of what is left to gain.

Two cookies split at semicolons, two tokens remembered from their first sight, two expiries compared, one SELECT, and
flask-login's `current_user`. No check of host, site or form, no headers, no metrics, no rotation: nothing to be used.
"""

import json
import os
import sqlite3
import time
from pathlib import Path

import jwt
from flask import Flask, g, render_template, request
from flask_login import LoginManager, current_user
from jwt.utils import base64url_decode
from page import LINES, page

instance = Path(os.environ["WEBAPP_INSTANCE_PATH"])
keys = {
    key["kid"]: base64url_decode(key["k"]) for key in json.loads((instance / "keys.json").read_text("utf-8"))["keys"]
}
cursor = sqlite3.connect(instance / "tokenroom.db", isolation_level=None, check_same_thread=False).cursor()
SELECT = (
    "SELECT u.name, s.revoked_at, s.expires_at, u.disabled_at, s.credential_epoch, u.credential_epoch, "
    "s.refresh_generation, s.refresh_jti, s.previous_refresh_jti, s.refresh_confirmed_at "
    "FROM auth_sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = ?"
)
seen = {}

app = Flask(__name__)
app.login_manager = LoginManager()


class Person:
    is_authenticated = True

    def __init__(self, name):
        self.name = name


def claims_of(token):
    claims = seen.get(token)
    if claims is None:
        kid = jwt.get_unverified_header(token)["kid"]
        unchecked = {"verify_exp": False, "verify_aud": False}
        claims = seen[token] = jwt.decode(token, keys[kid], algorithms=["HS256"], options=unchecked)
    return claims


@app.before_request
def door():
    cookies = dict(part.partition("=")[::2] for part in request.environ["HTTP_COOKIE"].split("; "))
    access, refresh = claims_of(cookies["__Host-access_token"]), claims_of(cookies["__Host-refresh_token"])
    now = time.time()
    row = cursor.execute(SELECT, (access["sid"],)).fetchone()
    dead = row is None or row[1] is not None or now >= row[2] or row[3] is not None or row[4] != row[5]
    if dead or now >= access["exp"] or now >= refresh["exp"] or row[7] != refresh["jti"]:
        return "Log in", 401
    g._login_user = Person(row[0])
    return None


@app.get("/page")
def show():
    return page(current_user.name)


@app.get("/template")
def template():
    return render_template("page.html", name=current_user.name, lines=LINES)
