"""The page without any authentication: 1.00."""

from flask import Flask, render_template
from page import LINES, page

app = Flask(__name__)


@app.get("/page")
def show() -> str:
    return page("Ada Lovelace")


@app.get("/template")
def template() -> str:
    return render_template("page.html", name="Ada Lovelace", lines=LINES)
