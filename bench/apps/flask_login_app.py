"""Flask-Login as its manual shows it, the user from Flask-SQLAlchemy."""

import os

from flask import Flask, render_template
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from page import LINES, page

app = Flask(__name__)
app.config.update(SECRET_KEY="bench", SQLALCHEMY_DATABASE_URI=os.environ["BENCH_DATABASE"])
db = SQLAlchemy(app)
manager = LoginManager(app)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))


@manager.user_loader
def load_user(user_id: str) -> User | None:
    return db.session.get(User, int(user_id))


with app.app_context():
    db.create_all()
    if db.session.get(User, 1) is None:
        db.session.add(User(id=1, name="Ada Lovelace"))
        db.session.commit()


@app.get("/enter")
def enter() -> str:
    login_user(db.session.get(User, 1))
    return "in"


@app.get("/page")
@login_required
def show() -> str:
    return page(current_user.name)


@app.get("/template")
@login_required
def template() -> str:
    return render_template("page.html", name=current_user.name, lines=LINES)
