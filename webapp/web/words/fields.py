"""Words for what can be wrong with a field, by field and code of `FieldError`."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

PROBLEMS = {
    ("username", "invalid"): _l("Use 3 to 32 letters, digits, dots, underscores or hyphens."),
    ("username", "taken"): _l("This username is taken. Choose another one."),
    ("email", "invalid"): _l("This is not a valid email address. Check for typos."),
    ("email", "taken"): _l("An account with this email address already exists. Log in instead?"),
    ("name", "unprintable"): _l("The name contains a character that cannot be displayed. Remove it."),
    ("name", "too_long"): _l("Use at most 80 characters."),
    ("name", "invisible"): _l("This name shows nothing. Type a name, or leave the field empty."),
    ("password", "unreadable"): _l("The password contains a character that cannot be used. Choose a different one."),
    ("password", "too_short"): _l("Use at least 8 characters. A short sentence is easy to remember."),
    ("password", "too_long"): _l("Use at most 1024 characters."),
    ("password", "personal"): _l(
        "This is your own username, name or email address. Choose something that is hard to guess."
    ),
    ("password", "common"): _l("This password is too common: attackers try it first. Choose another one."),
    ("password", "same"): _l("This is your current password. Choose a new one."),
    ("current_password", "wrong"): _l("This is not your current password."),
    ("login", "missing"): _l("Type your username or email address."),
    ("theme", "invalid"): _l("Choose one of the available themes."),
    ("language", "invalid"): _l("Choose one of the available languages."),
}
