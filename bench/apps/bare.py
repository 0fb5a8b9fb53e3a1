"""The page without any authentication: 1.00."""

from flask import Flask
from page import page

app = Flask(__name__)


@app.get("/page")
def show() -> str:
    return page("Ada Lovelace")
