#!/bin/sh
# The Bearer flow with curl: log in, call the API, refresh with both tokens, call again, log out.
set -eu
: "${TOKENROOM_URL:=http://127.0.0.1:8000}" "${TOKENROOM_USER:?}" "${TOKENROOM_PASSWORD:?}"
api="$TOKENROOM_URL/api/v1"

# A text as JSON writes it: quotes and backslashes in a password get a backslash.
quoted() { printf '"%s"' "$(printf '%s' "$1" | LC_ALL=C sed 's/[\\"]/\\&/g')"; }
member() { printf '%s' "$2" | sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

# 1. Log in. The response body has both tokens; the access token is also in its Authorization header.
#    The password goes in over standard input, where a list of processes does not show it.
pair=$(printf '{"username": %s, "password": %s}' "$(quoted "$TOKENROOM_USER")" "$(quoted "$TOKENROOM_PASSWORD")" |
  curl -sf "$api/login" -H 'Content-Type: application/json' --data-binary @-)
access=$(member access_token "$pair")
refresh=$(member refresh_token "$pair")

# 2. Send the access token with every request.
curl -sf "$api/me" -H "Authorization: Bearer $access"

# 3. On 401, send both: the old access token in the header, the refresh token
#    in the body. Keep both new tokens.
pair=$(curl -sf "$api/refresh" -H "Authorization: Bearer $access" -H 'Content-Type: application/json' \
  -d "{\"refresh_token\": $(quoted "$refresh")}")
access=$(member access_token "$pair")
refresh=$(member refresh_token "$pair")
curl -sf "$api/me" -H "Authorization: Bearer $access"

# 4. Log out: both tokens stop working immediately.
curl -sf -X POST "$api/logout" -H "Authorization: Bearer $access"
