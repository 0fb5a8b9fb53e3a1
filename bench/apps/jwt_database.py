"""Flask-JWT-Extended with a blocklist and its users in the database, as its manual shows both. No rotation."""

import os
from datetime import timedelta

from flask import Flask, jsonify, render_template
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    jwt_required,
    set_access_cookies,
    set_refresh_cookies,
)
from flask_sqlalchemy import SQLAlchemy
from page import LINES, page

app = Flask(__name__)
app.config.update(
    JWT_SECRET_KEY="bench, and longer than thirty-two bytes",
    JWT_TOKEN_LOCATION=["cookies"],
    JWT_COOKIE_CSRF_PROTECT=False,
    JWT_ACCESS_TOKEN_EXPIRES=timedelta(hours=1),
    SQLALCHEMY_DATABASE_URI=os.environ["BENCH_DATABASE"],
)
db = SQLAlchemy(app)
jwt = JWTManager(app)


class User(db.Model):
    __tablename__ = "users"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))


class TokenBlocklist(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    jti = db.Column(db.String(36), nullable=False, index=True)


@jwt.token_in_blocklist_loader
def is_revoked(_header, payload) -> bool:
    return db.session.query(TokenBlocklist.id).filter_by(jti=payload["jti"]).scalar() is not None


@jwt.user_lookup_loader
def load_user(_header, payload) -> User | None:
    return db.session.get(User, int(payload["sub"]))


with app.app_context():
    db.create_all()
    if db.session.get(User, 1) is None:
        db.session.add(User(id=1, name="Ada Lovelace"))
        db.session.commit()


@app.get("/enter")
def enter():
    answer = jsonify(ok=True)
    set_access_cookies(answer, create_access_token("1"))
    set_refresh_cookies(answer, create_refresh_token("1"))
    return answer


@app.get("/page")
@jwt_required()
def show() -> str:
    return page(current_user.name)


@app.get("/template")
@jwt_required()
def template() -> str:
    return render_template("page.html", name=current_user.name, lines=LINES)


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    answer = jsonify(ok=True)
    set_access_cookies(answer, create_access_token(str(current_user.id)))
    return answer
