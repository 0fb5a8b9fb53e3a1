"""This application, with the page as one more view: closed by default, `current_user` from the one SELECT."""

from flask_login import current_user
from page import page

from webapp import create_app

app = create_app()


@app.get("/page")
def show() -> str:
    return page(current_user.name)
