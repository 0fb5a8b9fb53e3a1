"""Flask-JWT-Extended without a database: fast, and nobody can be logged out."""

from datetime import timedelta

from flask import Flask, jsonify, render_template
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
    set_access_cookies,
    set_refresh_cookies,
)
from page import LINES, page

app = Flask(__name__)
app.config.update(
    JWT_SECRET_KEY="bench, and longer than thirty-two bytes",
    JWT_TOKEN_LOCATION=["cookies"],
    JWT_COOKIE_CSRF_PROTECT=False,
    JWT_ACCESS_TOKEN_EXPIRES=timedelta(hours=1),
)
JWTManager(app)


@app.get("/enter")
def enter():
    answer = jsonify(ok=True)
    set_access_cookies(answer, create_access_token("1", additional_claims={"name": "Ada Lovelace"}))
    set_refresh_cookies(answer, create_refresh_token("1"))
    return answer


@app.get("/page")
@jwt_required()
def show() -> str:
    return page(get_jwt()["name"])


@app.get("/template")
@jwt_required()
def template() -> str:
    return render_template("page.html", name=get_jwt()["name"], lines=LINES)


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    answer = jsonify(ok=True)
    set_access_cookies(answer, create_access_token(get_jwt_identity(), additional_claims={"name": "Ada Lovelace"}))
    return answer
