#!/bin/sh
# The header flow with curl: log in, ask, refresh with both tokens, ask again, log out.
set -eu
: "${TOKENROOM_URL:=http://127.0.0.1:8000}" "${TOKENROOM_USER:?}" "${TOKENROOM_PASSWORD:?}"
api="$TOKENROOM_URL/api/v1"

member() { printf '%s' "$2" | sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

# 1. Log in. Both tokens are in the body, the access token in the Authorization header of the answer as well.
pair=$(curl -sf "$api/login" -H 'Content-Type: application/json' \
  -d "{\"username\": \"$TOKENROOM_USER\", \"password\": \"$TOKENROOM_PASSWORD\"}")
access=$(member access_token "$pair")
refresh=$(member refresh_token "$pair")

# 2. Every request carries the access token.
curl -sf "$api/me" -H "Authorization: Bearer $access"

# 3. Answered with 401 and "The access token expired"? Send both: the old access token in the header, the refresh token
#    in the body. Keep both of the answer.
pair=$(curl -sf "$api/refresh" -H "Authorization: Bearer $access" -H 'Content-Type: application/json' \
  -d "{\"refresh_token\": \"$refresh\"}")
access=$(member access_token "$pair")
refresh=$(member refresh_token "$pair")
curl -sf "$api/me" -H "Authorization: Bearer $access"

# 4. Log out: both tokens are dead at once.
curl -sf -X POST "$api/logout" -H "Authorization: Bearer $access"
