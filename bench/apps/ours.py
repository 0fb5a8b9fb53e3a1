"""This application, with the page as two more views: closed by default, `current_user` from the one SELECT."""

from flask import Blueprint, render_template
from flask_login import current_user
from page import LINES, page

from webapp import create_app

views = Blueprint("bench", __name__, template_folder="templates")


@views.get("/page")
def show() -> str:
    return page(current_user.name)


@views.get("/template")
def template() -> str:
    return render_template("page.html", name=current_user.name, lines=LINES)


app = create_app()
app.register_blueprint(views)
