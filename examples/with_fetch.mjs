// The Bearer flow with fetch: log in, call the API, refresh with both tokens when the access token has expired, log out.
const api = (process.env.TOKENROOM_URL ?? "http://127.0.0.1:8000") + "/api/v1";
let tokens, refreshing;

const send = (method, path, body, access) =>
  fetch(api + path, {
    method,
    headers: {
      ...(access && { Authorization: `Bearer ${access}` }),
      ...(body && { "Content-Type": "application/json" }),
    },
    body: body && JSON.stringify(body),
  });

async function keep(answer) {
  if (!answer.ok) throw new Error(`${answer.status}: log in again`);
  tokens = { ...tokens, ...(await answer.json()) };
}

// 3. Send both tokens and keep both new ones. Requests that find the token expired at the same time share one refresh.
const refresh = () =>
  (refreshing ??= send("POST", "/refresh", { refresh_token: tokens.refresh_token }, tokens.access_token)
    .then(keep)
    .finally(() => (refreshing = undefined)));

async function ask(method, path, body) {
  // 2. Send the access token with every request.
  const used = tokens.access_token;
  const answer = await send(method, path, body, used);
  if (answer.status !== 401) return answer; // gateways rename WWW-Authenticate or drop it, so the status decides
  if (tokens.access_token === used) await refresh();
  return send(method, path, body, tokens.access_token);
}

// 1. Log in.
await keep(await send("POST", "/login", { username: process.env.TOKENROOM_USER, password: process.env.TOKENROOM_PASSWORD }));
const answers = await Promise.all(["/me", "/sessions", "/me"].map((path) => ask("GET", path)));
console.log((await answers[0].json()).username, answers.map((answer) => answer.status).join(" "));

// 4. Log out: both tokens stop working immediately.
console.log((await ask("POST", "/logout")).status);
