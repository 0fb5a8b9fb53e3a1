"""Django: sessions in the database, and SimpleJWT with rotation and blacklist."""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from page import LINES, page

address = urlsplit(os.environ["BENCH_DATABASE"])
if address.scheme == "sqlite":
    DATABASE = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": address.path[1:],
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
            "transaction_mode": "IMMEDIATE",
        },
    }
else:
    DATABASE = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": address.path[1:],
        "USER": address.username,
        "PASSWORD": address.password or "",
        "HOST": address.hostname,
        "PORT": address.port or 5432,
    }

settings.configure(
    SECRET_KEY="bench, and longer than thirty-two bytes",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": DATABASE | {"CONN_MAX_AGE": None}},
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "rest_framework",
        "rest_framework_simplejwt.token_blacklist",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).parent / "templates"],
        }
    ],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
    SIMPLE_JWT={
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
        "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    },
)
django.setup()

from django.contrib.auth import get_user_model, login  # noqa: E402
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework_simplejwt.tokens import RefreshToken  # noqa: E402
from rest_framework_simplejwt.views import TokenRefreshView  # noqa: E402

call_command("migrate", verbosity=0)
User = get_user_model()
User.objects.get_or_create(username="ada", defaults={"first_name": "Ada Lovelace"})


def enter(request):
    login(request, User.objects.get(username="ada"))
    return HttpResponse("in")


def pair(request):
    token = RefreshToken.for_user(User.objects.get(username="ada"))
    return JsonResponse({"access": str(token.access_token), "refresh": str(token)})


@login_required
def show(request):
    return HttpResponse(page(request.user.first_name))


@login_required
def template(request):
    return render(request, "page.html", {"name": request.user.first_name, "lines": LINES})


urlpatterns = [
    path("enter", enter),
    path("pair", pair),
    path("page", show),
    path("template", template),
    path("refresh", TokenRefreshView.as_view()),
]
app = get_wsgi_application()
