"""Words for errors, by HTTP status and by the name of a limit."""

from __future__ import annotations

from webapp.web.texts import lazy_gettext as _l

WORDS = {
    400: (
        _l("We can't process that request"),
        _l("Something in the address or the form is not valid."),
        _l("Go back, check the address, and try again."),
    ),
    401: (
        _l("Please log in"),
        _l("You need to be logged in to do this."),
        _l("Log in and try again."),
    ),
    403: (
        _l("Access denied"),
        _l("Your account does not have permission for this."),
        _l("If you need access, ask an administrator."),
    ),
    404: (
        _l("Page not found"),
        _l("There is no page at this address."),
        _l("Check the address, or go to the home page."),
    ),
    405: (
        _l("Method not allowed"),
        _l("This address does not support that method."),
        _l("Go back and use the button or link on the page."),
    ),
    413: (
        _l("Too large"),
        _l("Your request is larger than 64 KB."),
        _l("Shorten it and send it again."),
    ),
    429: (
        _l("Too many attempts"),
        _l("Too many requests in a short time."),
        _l("Wait a moment and try again."),
    ),
    500: (
        _l("Something went wrong on our side"),
        _l("The request could not be completed. The problem has been logged."),
        _l("Try again. If it happens again, tell the administrator of this site."),
    ),
    503: (
        _l("Back in a moment"),
        _l("We can't reach the database right now. If you were logged in, you still are."),
        _l("Wait a few seconds and try again. If you sent a form, check first whether it was saved."),
    ),
}
"""Status -> what happened, in a title and a sentence, and what to do next."""

LIMIT_WORDS = {
    "login_account": _l("Too many wrong passwords for this account."),
    "login_browser": _l("Too many wrong passwords for this account."),
    "login_address": _l("Too many wrong passwords from your network."),
    "logins": _l("This account has logged in too often in the last hour."),
    "password": _l("The current password was entered wrongly too many times."),
    "password_elsewhere": _l("The current password was entered wrongly too many times in other sessions."),
    "step_up": _l("Your identity was confirmed too often in the last hour."),
    "passkey": _l("Too many passkeys were refused from your network."),
    "acts": _l("Too many experiments in a short time."),
    "code_sent": _l("Too many codes were asked for."),
    "code_to": _l("Too many codes were asked for."),
    "export": _l("Your data was downloaded too often in the last hour."),
    "codes": _l("New recovery codes were made too often in the last hour."),
    "reset": _l("Too many links were asked for."),
    "reset_sender": _l("Too many links were asked for from your network."),
    "reset_new": _l("Too many links were tried from your network."),
    "sign_up": _l("Too many accounts were created from your network."),
}
"""What happened, by the name of the limit."""
