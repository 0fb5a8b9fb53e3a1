#!/bin/sh
# The Bearer flow with curl: log in, call the API, refresh with both tokens, call again, log out.
set -eu
: "${TOKENROOM_URL:=http://127.0.0.1:8000}" "${TOKENROOM_USER:?}" "${TOKENROOM_PASSWORD:?}"
api="$TOKENROOM_URL/api/v1"

member() { printf '%s' "$2" | sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

# 1. Log in. The response body has both tokens; the access token is also in its Authorization header.
pair=$(curl -sf "$api/login" -H 'Content-Type: application/json' \
  -d "{\"username\": \"$TOKENROOM_USER\", \"password\": \"$TOKENROOM_PASSWORD\"}")
access=$(member access_token "$pair")
refresh=$(member refresh_token "$pair")

# 2. Send the access token with every request.
curl -sf "$api/me" -H "Authorization: Bearer $access"

# 3. On 401 with "The access token expired", send both: the old access token in the header, the refresh token
#    in the body. Keep both new tokens.
pair=$(curl -sf "$api/refresh" -H "Authorization: Bearer $access" -H 'Content-Type: application/json' \
  -d "{\"refresh_token\": \"$refresh\"}")
access=$(member access_token "$pair")
refresh=$(member refresh_token "$pair")
curl -sf "$api/me" -H "Authorization: Bearer $access"

# 4. Log out: both tokens stop working immediately.
curl -sf -X POST "$api/logout" -H "Authorization: Bearer $access"
