"""Notes: each user sees their own. A model, a form, two views."""

import time

from flask import Blueprint, redirect, render_template, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import BigInteger, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from webapp.store.database import db
from webapp.web.authentication import public

blueprint = Blueprint("notes", __name__, url_prefix="/notes", template_folder="templates", static_folder="static")


class Note(db.Model):
    """One note. It goes when its owner's account is deleted."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(String(200))
    written_at: Mapped[int] = mapped_column(BigInteger)


class NoteForm(FlaskForm):
    text = StringField("Note", [InputRequired(), Length(max=200)])


@blueprint.route("", methods=["GET", "POST"])
def show():
    """Closed by default, so its user is logged in, and the form's token has been checked."""
    form = NoteForm()
    if form.validate_on_submit():
        db.session.add(Note(user_id=current_user.id, text=form.text.data, written_at=int(time.time())))
        db.session.commit()
        return redirect(url_for("notes.show"), 303)
    mine = select(Note).where(Note.user_id == current_user.id).order_by(Note.id.desc()).limit(50)
    notes = db.session.scalars(mine).all()
    return render_template("notes/show.html", form=form, notes=notes), 422 if form.errors else 200


@blueprint.get("/about")
@public
def about():
    """Open to strangers, by one word."""
    return render_template("notes/about.html")
