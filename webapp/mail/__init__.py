"""Mail: what is written, how it travels, and the courier that sends what waits in the outbox.

Beside `web` and `cli`, which both use it. Texts need gettext, and so an application, but no request.
"""
