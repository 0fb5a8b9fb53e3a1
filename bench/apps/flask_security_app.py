"""Flask-Security with its SQLAlchemy datastore."""

import os

from flask import Flask, render_template
from flask_security import Security, SQLAlchemyUserDatastore, auth_required, current_user, login_user
from flask_security.models import fsqla_v3 as fsqla
from flask_sqlalchemy import SQLAlchemy
from page import LINES, page

app = Flask(__name__)
app.config.update(
    SECRET_KEY="bench",
    SECURITY_PASSWORD_SALT="bench",
    SECURITY_PASSWORD_HASH="argon2",
    SQLALCHEMY_DATABASE_URI=os.environ["BENCH_DATABASE"],
)
db = SQLAlchemy(app)
fsqla.FsModels.set_db_info(db)


class Role(db.Model, fsqla.FsRoleMixin):
    pass


class User(db.Model, fsqla.FsUserMixin):
    pass


security = Security(app, SQLAlchemyUserDatastore(db, User, Role))

with app.app_context():
    db.create_all()
    if not security.datastore.find_user(email="ada@example.com"):
        security.datastore.create_user(email="ada@example.com", username="Ada Lovelace", password="x")
        db.session.commit()


@app.get("/enter")
def enter() -> str:
    login_user(security.datastore.find_user(email="ada@example.com"))
    db.session.commit()
    return "in"


@app.get("/page")
@auth_required("session")
def show() -> str:
    return page(current_user.username)


@app.get("/template")
@auth_required("session")
def template() -> str:
    return render_template("page.html", name=current_user.username, lines=LINES)
