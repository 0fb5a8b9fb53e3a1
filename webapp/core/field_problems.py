"""What can be wrong with a field, by field and code of `FieldError`: one text for pages, API and commands."""

from __future__ import annotations

from webapp.core.text import N_

PROBLEMS = {
    ("username", "invalid"): N_("Use 3 to 32 letters, digits, dots, underscores or hyphens."),
    ("username", "taken"): N_("This username is taken. Choose another one."),
    ("email", "invalid"): N_("This is not a valid email address. Check for typos."),
    ("email", "taken"): N_("An account with this email address already exists. Log in instead?"),
    ("name", "unprintable"): N_("The name contains a character that cannot be displayed. Remove it."),
    ("name", "too_long"): N_("Use at most 80 characters."),
    ("name", "invisible"): N_("This name shows nothing. Type a name, or leave the field empty."),
    ("password", "unreadable"): N_("The password contains a character that cannot be used. Choose a different one."),
    ("password", "too_short"): N_("Use at least 8 characters. A short sentence is easy to remember."),
    ("password", "too_long"): N_("Use at most 1024 characters."),
    ("password", "personal"): N_(
        "This is your own username, name or email address. Choose something that is hard to guess."
    ),
    ("password", "common"): N_("This password is too common. Attackers try it first. Choose another one."),
    ("password", "same"): N_("This is your current password. Choose a new one."),
    ("current_password", "wrong"): N_("This is not your current password."),
    ("email", "same"): N_("This is your present email address."),
    ("email", "settled"): N_("This account is too old for that. Ask the operator of this site for help."),
    ("code", "wrong"): N_("This code is wrong."),
    ("code", "used_up"): N_("This code is no longer good. Ask for a new one."),
    ("otp", "wrong"): N_("This code is wrong or was used already. Wait for the next one."),
    ("otp", "taken"): N_("There is an authenticator app already. Remove it first."),
    ("recovery_code", "wrong"): N_("This recovery code is wrong or was used already."),
    ("name", "missing"): N_("Type a name."),
    ("username", "wrong"): N_("This is not your username."),
    ("login", "missing"): N_("Type your username or email address."),
    ("theme", "invalid"): N_("Choose one of the available themes."),
    ("language", "invalid"): N_("Choose one of the available languages."),
}
