// tests/support/server.ts
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync as rmSync2 } from "node:fs";
import { createServer as createServer2 } from "node:net";
import { tmpdir } from "node:os";
import { join as join3 } from "node:path";

// sandbox/index.ts
import { createServer } from "node:http";

// sandbox/http.ts
async function readBody(request2, limit) {
  const parts = [];
  let size = 0;
  for await (const part of request2.iterator({ destroyOnReturn: false })) {
    size += part.length;
    if (size > limit) throw new BodyTooLarge(limit);
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}
var BodyTooLarge = class extends Error {
  constructor(limit) {
    super(`The body is larger than the ${limit} bytes the sandbox reads; send less.`);
    this.name = "BodyTooLarge";
  }
};
function send(response, status, type, body, headers = {}) {
  const bytes = Buffer.from(body);
  response.writeHead(status, { "content-type": type, "content-length": bytes.length, ...headers });
  response.end(bytes);
}
function sendJson(response, status, value, headers = {}) {
  send(response, status, "application/json; charset=utf-8", JSON.stringify(value), headers);
}
function sendHtml(response, status, html) {
  send(response, status, "text/html; charset=utf-8", html, {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
  });
}
function sendRedirect(response, location) {
  response.writeHead(302, { "location": location, "content-length": 0, "cache-control": "no-store" });
  response.end();
}
function sendNotFound(response, what) {
  sendJson(response, 404, { error: "not_found", error_description: `The sandbox has nothing at ${what}; its front page lists what there is.` });
}
function sendWrongMethod(response, allowed) {
  sendJson(response, 405, { error: "method_not_allowed", error_description: `This address answers ${allowed} only.` }, { allow: allowed });
}

// sandbox/page.ts
var entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
function escapeHtml(text2) {
  return text2.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
var style = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5c6878; --page: #f4f6f9; --card: #fff; --line: #dde3ea; --accent: #0f766e; --warn: #b42318 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7ecf2; --soft: #9aa7b6; --page: #0f141a; --card: #171e26; --line: #2a343f; --accent: #5eead4; --warn: #fda29b }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
main.narrow { max-width: 28rem }
h1 { font-size: 1.4rem; margin: .5rem 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
p { margin: .4rem 0 } .soft, small { color: var(--soft) } .warn { color: var(--warn) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .25rem 1rem; margin: .75rem 0; overflow-x: auto }
code { font: .86em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-top: 1px solid var(--line) }
tr:first-child td, tr:first-child th { border-top: 0 } td code { white-space: nowrap }
@media (max-width: 40rem) { td { display: block; padding: 0 } td:first-child { padding-top: .45rem } td:last-child { padding-bottom: .45rem } td + td { border-top: 0 } td code { white-space: normal } }
a { color: var(--accent) }
a.choice { display: flex; gap: .75rem; align-items: center; min-height: 3.25rem; padding: .5rem 0; border-top: 1px solid var(--line); color: inherit; text-decoration: none }
a.choice:first-child { border-top: 0 } a.choice:hover strong, a.choice:focus strong { color: var(--accent) }
a.choice span { min-width: 0; overflow-wrap: anywhere } a.choice small { display: block }
a.choice img { width: 2.5rem; height: 2.5rem; border-radius: 50%; flex: none }
form { display: flex; gap: .5rem; padding: .75rem 0 } label { display: block; flex: 1 }
input, button { font: inherit; min-height: 2.75rem; border-radius: 8px; border: 1px solid var(--line); background: var(--page); color: inherit; padding: 0 .75rem; width: 100% }
button { width: auto; background: var(--accent); color: var(--card); border: 0; cursor: pointer }
form.stack { flex-direction: column } form.stack button { width: 100% } button.plain { background: var(--page); color: var(--ink); border: 1px solid var(--line) }
button:hover { filter: brightness(1.08) } :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.amount { font-size: 2.5rem; font-weight: 650; line-height: 1.2; margin: .5rem 0 0; font-variant-numeric: tabular-nums } .amount small { font-size: 1rem; font-weight: 400 }
`;
function page(title, body, width = "wide", onward) {
  const refresh = onward ? `
<meta http-equiv="refresh" content="${escapeHtml(`${onward.seconds};url=${onward.address}`)}">` : "";
  return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>${refresh}
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body><main class="${width}">${body}</main></body>
</html>
`;
}

// sandbox/connect/users.ts
function plainUser(id, username, about, rest = {}) {
  return {
    id,
    username,
    name: `Sandbox ${username}`,
    trustLevel: 2,
    active: true,
    silenced: false,
    email: `u${id}@linux.do`,
    avatar: "absolute",
    about,
    ...rest
  };
}
function createUsers() {
  return [
    plainUser(1, "admin", ["\u7BA1\u7406\u5458\uFF0C\u4FE1\u4EFB\u7B49\u7EA7 4", "trust level 4"], { trustLevel: 4 }),
    plainUser(2, "user", ["\u666E\u901A\u7528\u6237\uFF0C\u4FE1\u4EFB\u7B49\u7EA7 2", "trust level 2"]),
    plainUser(3, "newcomer", ["\u65B0\u7528\u6237\uFF0C\u4FE1\u4EFB\u7B49\u7EA7 0", "trust level 0"], { trustLevel: 0 }),
    plainUser(4, "banned", ["\u8D26\u53F7\u5DF2\u505C\u7528", "active is false"], { active: false }),
    plainUser(5, "silenced", ["\u5DF2\u88AB\u7981\u8A00", "silenced is true"], { silenced: true }),
    plainUser(6, "no-email", ["\u6CA1\u6709\u90AE\u7BB1", "the email is missing"], { email: void 0 }),
    plainUser(7, "no-name", ["\u6635\u79F0\u4E3A\u7A7A", "the name is empty"], { name: "" }),
    plainUser(8, "relative-avatar", ["\u5934\u50CF\u4E3A\u76F8\u5BF9\u6A21\u677F", "avatar_template is relative, with {size}"], { avatar: "relative" }),
    plainUser(9, "before-rename", ["\u7B2C\u4E8C\u6B21\u767B\u5F55\u65F6\u5DF2\u6539\u540D", "carries a new username from the second sign-in on"], { renamedTo: "after-rename" }),
    plainUser(10, "before-rename", ["\u5360\u7528\u4E86 9 \u53F7\u7684\u65E7\u7528\u6237\u540D", "took the username number 9 gave up"]),
    plainUser(11, "markup", ["\u6635\u79F0\u91CC\u6709 HTML", "the name holds HTML"], { name: '<img src=x onerror=alert(1)> & "quotes" \u{1F98A}' }),
    plainUser(12, "basic", ["\u4FE1\u4EFB\u7B49\u7EA7 1", "trust level 1"], { trustLevel: 1 }),
    plainUser(13, "regular", ["\u4FE1\u4EFB\u7B49\u7EA7 3", "trust level 3"], { trustLevel: 3 })
  ];
}
function findOrCreateUser(users, hint) {
  const known = users.find((user) => String(user.id) === hint) ?? users.find((user) => user.username === hint);
  if (known || !/^[1-9]\d{0,14}$/.test(hint)) return known;
  const created = plainUser(Number(hint), `u${hint}`, ["\u4E34\u65F6\u7528\u6237", "made on the fly"]);
  users.push(created);
  return created;
}
function claimsOf(user, base) {
  const picture = `/user_avatar/sandbox/${encodeURIComponent(user.username)}`;
  const absolute = `${base}${picture}/288/${user.id}.svg`;
  const claims = {
    id: user.id,
    sub: String(user.id),
    username: user.username,
    login: user.username,
    name: user.name,
    avatar_template: user.avatar === "absolute" ? absolute : `${new URL(base).pathname}${picture}/{size}/${user.id}.svg`,
    active: user.active,
    trust_level: user.trustLevel,
    silenced: user.silenced,
    external_ids: null,
    api_key: `sandbox-forum-key-of-${user.id}-which-nobody-should-keep`
  };
  if (user.email !== void 0) claims.email = user.email;
  if (user.avatar === "absolute") claims.avatar_url = absolute;
  return claims;
}
function drawAvatar(id, letter, size) {
  const hue = id * 137 % 360;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 64 64"><circle cx="32" cy="32" r="32" fill="hsl(${hue} 45% 45%)"/><text x="32" y="43" font-family="system-ui, sans-serif" font-size="30" text-anchor="middle" fill="#fff">${letter}</text></svg>`;
}

// sandbox/connect/authorize-page.ts
function choosePage(context, url) {
  const answered = (name, value) => {
    const next = new URL(url);
    next.searchParams.delete("login_hint");
    next.searchParams.delete("user");
    next.searchParams.set(name, value);
    return escapeHtml(next.pathname + next.search);
  };
  const choices3 = context.users.map((user) => {
    const claims = claimsOf(user, context.base);
    const picture = new URL(claims.avatar_template.replace("{size}", "96"), context.base).pathname;
    return `<a class="choice" href="${answered("login_hint", String(user.id))}"><img src="${escapeHtml(picture)}" alt="" width="40" height="40"><span><strong>${escapeHtml(user.username)}</strong> <span class="soft">#${user.id}</span><small lang="zh-CN">${escapeHtml(user.about[0])}</small><small lang="en">${escapeHtml(user.about[1])}</small></span></a>`;
  });
  const hidden = [...url.searchParams].filter(([name]) => name !== "login_hint" && name !== "user").map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`);
  return page("Sandbox Connect", `
<h1>\u6C99\u76D2\u767B\u5F55 <span class="soft" lang="en">Sandbox sign-in</span></h1>
<p>\u9009\u62E9\u4EE5\u8C01\u7684\u8EAB\u4EFD\u767B\u5F55\u3002\u8FD9\u91CC\u4E0D\u662F LINUX DO\uFF0C\u6CA1\u6709\u771F\u5B9E\u8D26\u53F7\u3002</p>
<p class="soft" lang="en">Choose who signs in. This is not LINUX DO; nobody here is real.</p>
<div class="card">${choices3.join("\n")}</div>
<div class="card"><form method="get" action="${escapeHtml(url.pathname)}">${hidden.join("")}
<label><input name="login_hint" inputmode="numeric" pattern="[1-9][0-9]{0,14}" required placeholder="UID" aria-label="\u5176\u4ED6\u7528\u6237\u7F16\u53F7 \xB7 another user id"></label>
<button type="submit">\u767B\u5F55 \xB7 Sign in</button></form></div>
<div class="card"><a class="choice warn" href="${answered("decision", "deny")}"><span><strong>\u62D2\u7EDD\u6388\u6743</strong> <span lang="en">\xB7 Deny</span></span></a></div>
`, "narrow");
}
function refusalPage(chinese, english) {
  return page("Sandbox Connect", `
<h1>\u65E0\u6CD5\u7EE7\u7EED <span class="soft" lang="en">Cannot go on</span></h1>
<div class="card"><p class="warn">${escapeHtml(chinese)}</p><p lang="en">${escapeHtml(english)}</p></div>
`, "narrow");
}

// sandbox/connect/context.ts
function repeatedParameter(parameters) {
  return [...parameters.keys()].find((name, index, all) => all.indexOf(name) !== index);
}

// sandbox/connect/authorize.ts
function authorize(context, { response, url }) {
  const query = url.searchParams;
  const redirectUri = query.get("redirect_uri") ?? (context.redirectUris.length === 1 ? context.redirectUris[0] : void 0);
  if (query.get("client_id") !== context.clientId) {
    sendHtml(response, 400, refusalPage(`client_id \u4E0D\u6B63\u786E\u3002`, `The client_id must be "${context.clientId}".`));
    return;
  }
  if (redirectUri === void 0 || query.getAll("redirect_uri").length > 1 || !context.redirectUris.includes(redirectUri)) {
    sendHtml(response, 400, refusalPage("redirect_uri \u672A\u767B\u8BB0\u3002", `The redirect_uri must be exactly one of: ${context.redirectUris.join(", ")}`));
    return;
  }
  const back = (parameters) => {
    const target = new URL(redirectUri);
    for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
    const state = query.get("state");
    if (state !== null) target.searchParams.set("state", state);
    sendRedirect(response, target.href);
  };
  const problem2 = problemOf(query);
  if (problem2) return back({ error: problem2[0], error_description: problem2[1] });
  const hint = query.get("login_hint") ?? query.get("user");
  if (query.get("decision") === "deny" || hint === "deny") {
    return back({ error: "access_denied", error_description: "The user refused the request." });
  }
  if (hint === null || hint === "") return sendHtml(response, 200, choosePage(context, url));
  const user = findOrCreateUser(context.users, hint);
  if (!user) {
    return sendHtml(response, 400, refusalPage(`\u6CA1\u6709\u7528\u6237\u201C${hint}\u201D\u3002`, `Nobody is called "${hint}"; a number makes a new user.`));
  }
  back({ code: issueCode(context, query, user) });
}
function issueCode(context, query, user) {
  const code2 = context.grants.issueCode({
    clientId: context.clientId,
    userId: user.id,
    redirectUri: query.get("redirect_uri") ?? void 0,
    codeChallenge: query.get("code_challenge") ?? void 0,
    nonce: query.get("nonce") ?? void 0,
    scopes: (query.get("scope") ?? "").split(/[ :]/).filter((scope) => scope !== "")
  });
  const signIns = (context.signIns.get(user.id) ?? 0) + 1;
  context.signIns.set(user.id, signIns);
  if (signIns === 2 && user.renamedTo !== void 0) user.username = user.renamedTo;
  return code2;
}
function problemOf(query) {
  const repeated = repeatedParameter(query);
  if (repeated !== void 0) return ["invalid_request", `The parameter ${repeated} may be given once only.`];
  if (query.get("response_type") === null) return ["invalid_request", "The parameter response_type is missing."];
  if (query.get("response_type") !== "code") return ["unsupported_response_type", "The sandbox knows response_type=code only."];
  const challenge = query.get("code_challenge");
  const method = query.get("code_challenge_method");
  if (challenge === null) {
    return method === null ? void 0 : ["invalid_request", "A code_challenge_method needs a code_challenge."];
  }
  if (method !== "S256") return ["invalid_request", "The code_challenge_method must be S256."];
  if (!/^[\w-]{43}$/.test(challenge)) return ["invalid_request", "The code_challenge must be 43 characters of base64url."];
  return void 0;
}

// sandbox/connect/faults.ts
import { setTimeout as sleep } from "node:timers/promises";
var endpointFaults = ["401", "429", "html403", "500", "502", "slow", "badjson", "empty", "reset"];
var tokenFaults = [...endpointFaults, "invalid_grant"];
var userFaults = [...endpointFaults, "other-user"];
var idTokenFaults = [
  "wrong-nonce",
  "wrong-aud",
  "wrong-issuer",
  "wrong-subject",
  "bad-signature",
  "expired",
  "alg-none",
  "none"
];
var choices = { token: tokenFaults, user: userFaults, idToken: idTokenFaults };
function parseFaults(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error('Send a JSON object such as {"token":"429"}; {} clears every fault.');
  }
  for (const [name, fault] of Object.entries(value)) {
    if (fault === void 0) continue;
    if (name === "slowMs") {
      if (typeof fault !== "number" || !(fault >= 0 && fault <= 6e5)) throw new Error("slowMs is a number of milliseconds from 0 to 600000.");
      continue;
    }
    const known = Object.hasOwn(choices, name) ? choices[name] : void 0;
    if (!known) throw new Error(`There is no switch "${name}"; there are token, user, idToken and slowMs.`);
    if (!known.includes(String(fault))) throw new Error(`"${name}" knows these faults: ${known.join(", ")}.`);
  }
  return { ...value };
}
async function playEndpointFault(fault, exchange, slowMs = 3e4) {
  const { response } = exchange;
  switch (fault) {
    case "401":
      sendJson(response, 401, { error: "invalid_token", error_description: "The sandbox was told to refuse every token." });
      return true;
    case "429":
      sendJson(response, 429, { error: "too_many_requests", error_description: "The sandbox was told to be busy." }, { "retry-after": "3" });
      return true;
    case "html403":
      send(response, 403, "text/html; charset=utf-8", "<!doctype html><title>Just a moment</title><p>The sandbox plays a wall before the site.", { "server": "cloudflare", "cf-mitigated": "challenge" });
      return true;
    case "500":
      sendJson(response, 500, { error: "server_error", error_description: "The sandbox was told to break." });
      return true;
    case "502":
      send(response, 502, "text/html; charset=utf-8", "<!doctype html><title>502</title><p>The sandbox plays a gateway without a host behind it.", { server: "cloudflare" });
      return true;
    case "badjson":
      send(response, 200, "application/json", '{"access_token":"cut-off-in-the-mid');
      return true;
    case "empty":
      send(response, 200, "application/json", "");
      return true;
    case "reset":
      response.destroy();
      return true;
    case "slow":
      await sleep(slowMs, void 0, { signal: exchange.gone }).catch(() => void 0);
      return exchange.gone.aborted;
    default:
      return false;
  }
}

// sandbox/connect/keys.ts
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair } from "jose";
var keyId = "sandbox-1";
var signingKey;
function getSigningKey() {
  signingKey ??= makeSigningKey();
  return signingKey;
}
async function makeSigningKey() {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  return { privateKey, publicJwk: { ...await exportJWK(publicKey), kid: keyId, alg: "RS256", use: "sig" } };
}
async function publicKeys() {
  return { keys: [(await getSigningKey()).publicJwk] };
}
async function signIdToken(claims, fault) {
  if (fault === "none") return void 0;
  const told = { ...claims, ...spoiled(claims, fault) };
  if (fault === "alg-none") return new UnsecuredJWT(told).encode();
  const token = await new SignJWT(told).setProtectedHeader({ alg: "RS256", kid: keyId, typ: "JWT" }).sign((await getSigningKey()).privateKey);
  return fault === "bad-signature" ? withBrokenSignature(token) : token;
}
function spoiled(claims, fault) {
  switch (fault) {
    case "wrong-nonce":
      return { nonce: "a-nonce-nobody-sent" };
    case "wrong-aud":
      return { aud: "another-client" };
    case "wrong-issuer":
      return { iss: "https://issuer.invalid/" };
    case "wrong-subject":
      return { sub: "999999999", id: 999999999 };
    case "expired":
      return { iat: (claims.iat ?? 0) - 7200, exp: (claims.iat ?? 0) - 3600 };
    default:
      return {};
  }
}
function withBrokenSignature(token) {
  const place2 = token.lastIndexOf(".") + 40;
  return token.slice(0, place2) + (token[place2] === "A" ? "B" : "A") + token.slice(place2 + 1);
}

// sandbox/connect/token.ts
import { createHash } from "node:crypto";

// sandbox/connect/grants.ts
import { randomBytes } from "node:crypto";
var codeLifetimeMs = 6e5;
var accessTokenLifetimeSeconds = 3600;
function createGrants(now) {
  const codes = /* @__PURE__ */ new Map();
  const accessTokens = /* @__PURE__ */ new Map();
  const refreshTokens = /* @__PURE__ */ new Map();
  function forgetExpired() {
    for (const [code2, stored] of codes) if (stored.expiresAt <= now()) codes.delete(code2);
    for (const [token, stored] of accessTokens) if (stored.expiresAt <= now()) accessTokens.delete(token);
  }
  return {
    issueCode(grant) {
      forgetExpired();
      const code2 = randomBytes(24).toString("base64url");
      codes.set(code2, { ...grant, expiresAt: now() + codeLifetimeMs, used: false, tokens: void 0 });
      return code2;
    },
    /**
     * Takes a code out of circulation, whatever comes of it, and returns what it stood for.
     * A second use takes back the tokens of the first (RFC 6749 section 4.1.2).
     */
    spendCode(code2) {
      const stored = codes.get(code2);
      if (!stored || stored.expiresAt <= now()) return void 0;
      if (stored.used) {
        accessTokens.delete(stored.tokens?.accessToken ?? "");
        refreshTokens.delete(stored.tokens?.refreshToken ?? "");
        return void 0;
      }
      stored.used = true;
      return stored;
    },
    issueTokens(grant, code2) {
      const tokens = { accessToken: randomBytes(32).toString("base64url"), refreshToken: randomBytes(32).toString("base64url") };
      accessTokens.set(tokens.accessToken, { grant, expiresAt: now() + accessTokenLifetimeSeconds * 1e3 });
      refreshTokens.set(tokens.refreshToken, grant);
      const stored = code2 === void 0 ? void 0 : codes.get(code2);
      if (stored) stored.tokens = tokens;
      return tokens;
    },
    /** Refresh tokens rotate: each works once, for the client it was given to. */
    spendRefreshToken(token, clientId) {
      const grant = refreshTokens.get(token);
      if (!grant || grant.clientId !== clientId) return void 0;
      refreshTokens.delete(token);
      return grant;
    },
    userOf(accessToken) {
      const stored = accessTokens.get(accessToken);
      return stored && stored.expiresAt > now() ? stored.grant.userId : void 0;
    }
  };
}

// sandbox/connect/token.ts
var noStore = { "cache-control": "no-store", "pragma": "no-cache" };
async function exchangeToken(context, exchange) {
  const { request: request2, response } = exchange;
  const body = await readBody(request2, 65536);
  if (await playEndpointFault(context.faults.token, exchange, context.faults.slowMs)) return;
  const type = request2.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  const form = new URLSearchParams(body.toString());
  const granted = type === "application/x-www-form-urlencoded" ? grantFor(context, form, request2.headers.authorization) : refuse("invalid_request", "The body must be application/x-www-form-urlencoded.");
  if ("error" in granted) return sendRefusal(exchange, granted);
  const tokens = context.grants.issueTokens(granted, form.get("code") ?? void 0);
  const idToken = granted.scopes.includes("openid") ? await idTokenFor(context, granted) : void 0;
  sendJson(response, 200, {
    access_token: tokens.accessToken,
    token_type: "bearer",
    expires_in: accessTokenLifetimeSeconds,
    refresh_token: tokens.refreshToken,
    ...idToken !== void 0 && { id_token: idToken }
  }, noStore);
}
function sendRefusal({ request: request2, response }, refusal2) {
  const challenge = refusal2.status === 401 && request2.headers.authorization !== void 0 ? { "www-authenticate": 'Basic realm="sandbox connect"' } : void 0;
  sendJson(response, refusal2.status, { error: refusal2.error, error_description: refusal2.description }, { ...noStore, ...challenge });
}
function refuse(error, description) {
  return { status: error === "invalid_client" ? 401 : 400, error, description };
}
function grantFor(context, form, authorization) {
  const repeated = repeatedParameter(form);
  if (repeated !== void 0) return refuse("invalid_request", `The parameter ${repeated} may be given once only.`);
  const clientProblem = clientProblemOf(context, form, authorization);
  if (clientProblem) return clientProblem;
  if (context.faults.token === "invalid_grant") return refuse("invalid_grant", "The sandbox was told to refuse every code.");
  switch (form.get("grant_type")) {
    case null:
      return refuse("invalid_request", "The parameter grant_type is missing.");
    case "authorization_code":
      return grantForCode(context, form);
    case "refresh_token": {
      const token = form.get("refresh_token");
      if (!token) return refuse("invalid_request", "The parameter refresh_token is missing.");
      return context.grants.spendRefreshToken(token, context.clientId) ?? refuse("invalid_grant", "The refresh token is unknown or was used.");
    }
    default:
      return refuse("unsupported_grant_type", "The sandbox knows authorization_code and refresh_token.");
  }
}
function clientProblemOf(context, form, authorization) {
  let id = form.get("client_id");
  let secret = form.get("client_secret");
  if (authorization !== void 0) {
    if (secret !== null) return refuse("invalid_request", "The client must authenticate in one way, not in two.");
    const basic = readBasic(authorization);
    if (!basic || id !== null && id !== basic.id) return refuse("invalid_client", "The Authorization header does not name the client.");
    id = basic.id;
    secret = basic.secret;
  }
  return id === context.clientId && secret === context.clientSecret ? void 0 : refuse("invalid_client", "The client is unknown, or its secret is wrong.");
}
function readBasic(authorization) {
  const coded = /^basic +([\w+/=-]+)$/i.exec(authorization)?.[1];
  const halves = /^([^:]*):(.*)$/s.exec(Buffer.from(coded ?? "", "base64").toString());
  if (!halves) return void 0;
  try {
    const [id, secret] = [halves[1] ?? "", halves[2] ?? ""].map((half) => decodeURIComponent(half.replaceAll("+", " ")));
    return { id: id ?? "", secret: secret ?? "" };
  } catch {
    return void 0;
  }
}
function grantForCode(context, form) {
  const code2 = form.get("code");
  if (!code2) return refuse("invalid_request", "The parameter code is missing.");
  const grant = context.grants.spendCode(code2);
  if (!grant) return refuse("invalid_grant", "The code is unknown, was used, or is older than ten minutes.");
  if (grant.redirectUri !== void 0 && form.get("redirect_uri") !== grant.redirectUri) {
    return refuse("invalid_grant", "The redirect_uri is not the one the code was asked with.");
  }
  const verifier = form.get("code_verifier");
  if (grant.codeChallenge === void 0) {
    return verifier === null ? grant : refuse("invalid_grant", "A code_verifier was sent, but no code_challenge before it.");
  }
  const matches = /^[\w.~-]{43,128}$/.test(verifier ?? "") && createHash("sha256").update(verifier ?? "").digest("base64url") === grant.codeChallenge;
  return matches ? grant : refuse("invalid_grant", "The code_verifier does not match the code_challenge.");
}
async function idTokenFor(context, grant) {
  const user = context.users.find(({ id }) => id === grant.userId);
  if (!user) return void 0;
  const seconds = Math.floor(context.now() / 1e3);
  return signIdToken({
    ...claimsOf(user, context.base),
    iss: context.issuer,
    aud: context.clientId,
    iat: seconds,
    exp: seconds + accessTokenLifetimeSeconds,
    ...grant.nonce !== void 0 && { nonce: grant.nonce }
  }, context.faults.idToken);
}

// sandbox/connect/connect.ts
var avatarPath = /^\/user_avatar\/sandbox\/[^/]+\/(\d{1,4})\/(\d{1,15})\.svg$/;
async function handleConnect(context, exchange, path) {
  const { request: request2, response } = exchange;
  const route2 = routes[path];
  if (route2) {
    const handler = route2[request2.method ?? ""];
    return handler ? handler(context, exchange) : sendWrongMethod(response, Object.keys(route2).join(", "));
  }
  const avatar = avatarPath.exec(path);
  if (avatar) return sendAvatar(context, exchange, Number(avatar[2]), Number(avatar[1]));
  sendNotFound(response, `/connect${path}`);
}
var routes = {
  "/oauth2/authorize": { GET: authorize },
  "/oauth2/token": { POST: exchangeToken },
  "/api/user": { GET: sendUserInfo },
  "/.well-known/openid-configuration": { GET: sendDiscovery },
  "/.well-known/jwks.json": { GET: async (_context, { response }) => sendJson(response, 200, await publicKeys()) },
  "/_faults": { GET: sendFaults, POST: setFaults, DELETE: clearFaults }
};
async function sendUserInfo(context, exchange) {
  const { request: request2, response } = exchange;
  if (await playEndpointFault(context.faults.user, exchange, context.faults.slowMs)) return;
  const token = /^bearer +(\S+)$/i.exec(request2.headers.authorization ?? "")?.[1];
  const userId = token === void 0 ? void 0 : context.grants.userOf(token);
  const user = context.users.find(({ id }) => id === userId);
  if (!user) {
    const challenge = token === void 0 ? 'Bearer realm="sandbox connect"' : 'Bearer realm="sandbox connect", error="invalid_token"';
    return sendJson(response, 401, { error: "invalid_token", error_description: "The access token is missing, unknown or expired." }, { "www-authenticate": challenge });
  }
  const claims = claimsOf(user, context.base);
  const told = context.faults.user === "other-user" ? { ...claims, id: claims.id + 1, sub: String(claims.id + 1) } : claims;
  sendJson(response, 200, told, { "cache-control": "no-store" });
}
function sendDiscovery({ base, issuer }, { response }) {
  sendJson(response, 200, {
    issuer,
    authorization_endpoint: `${base}/oauth2/authorize`,
    token_endpoint: `${base}/oauth2/token`,
    userinfo_endpoint: `${base}/api/user`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "profile", "email"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    code_challenge_methods_supported: ["S256"]
  });
}
function sendAvatar(context, { response }, id, size) {
  const user = context.users.find((known) => known.id === id);
  if (!user) return sendNotFound(response, "this avatar");
  const letter = /^[a-z0-9]/i.exec(user.username)?.[0].toUpperCase() ?? "\xB7";
  send(response, 200, "image/svg+xml", drawAvatar(id, letter, Math.min(512, Math.max(16, size))), { "cache-control": "max-age=60" });
}
function sendFaults({ faults }, { response }) {
  sendJson(response, 200, faults);
}
async function setFaults(context, { request: request2, response }) {
  try {
    context.faults = parseFaults(JSON.parse((await readBody(request2, 4096)).toString()));
  } catch (error) {
    return sendJson(response, 400, { error: "invalid_request", error_description: error instanceof Error ? error.message : String(error) });
  }
  sendJson(response, 200, context.faults);
}
function clearFaults(context, { response }) {
  context.faults = {};
  sendJson(response, 200, context.faults);
}

// sandbox/credit/faults.ts
var notifyFaults = [
  "lost",
  "foreign-pid",
  "wrong-sign",
  "replay",
  "injection",
  "altered-money",
  "trimmed-money",
  "fixed-money",
  "extra-fields",
  "empty-out-trade-no",
  "wrong-type",
  "wrong-status"
];
var queryFaults = ["unpaid", "missing", ...endpointFaults];
var refundFaults = ["refused", "lost-reply", ...endpointFaults];
var whens = ["before-return", "after-return"];
var choices2 = { notify: notifyFaults, when: whens, query: queryFaults, refund: refundFaults };
var switches = ["post", "concurrent", "testMode"];
var numbers = { copies: 50, delayMs: 7 * 864e5, notifyTimeoutMs: 6e4, slowMs: 6e5 };
var names = [...Object.keys(choices2), ...switches, ...Object.keys(numbers)];
function parseCreditFaults(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error('Send a JSON object such as {"notify":"lost"}; {} clears every fault.');
  }
  for (const [name, fault] of Object.entries(value)) if (fault !== void 0) checkFault(name, fault);
  return { ...value };
}
function checkFault(name, fault) {
  if (!names.includes(name)) throw new Error(`There is no switch "${name}"; there are ${names.join(", ")}.`);
  if (switches.includes(name)) {
    if (typeof fault !== "boolean") throw new Error(`"${name}" is true or false.`);
    return;
  }
  const most = numbers[name];
  if (most !== void 0) {
    if (!Number.isInteger(fault) || Number(fault) < 0 || Number(fault) > most) throw new Error(`"${name}" is a whole number from 0 to ${most}.`);
    return;
  }
  const known = choices2[name] ?? [];
  if (!known.includes(String(fault))) throw new Error(`"${name}" knows these faults: ${known.join(", ")}.`);
}

// sandbox/credit/notices.ts
import { randomBytes as randomBytes2 } from "node:crypto";

// sandbox/credit/money.ts
var numberPattern = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
function parseDecimal(text2) {
  const [, sign2 = "", whole = "", fraction = "", exponent = "0"] = numberPattern.exec(text2) ?? [];
  if (whole === "") return void 0;
  return { digits: BigInt(sign2 + whole + fraction), places: fraction.length - Number(exponent) };
}
function readAmount(text2) {
  const decimal = parseDecimal(text2.trim().replace(/^"(.*)"$/, "$1"));
  if (!decimal) return { refused: jsonError(text2.trim()) };
  if (decimal.digits <= 0n) return { refused: "\u91D1\u989D\u5FC5\u987B\u5927\u4E8E0" };
  if (decimal.places > 2) return { refused: "\u91D1\u989D\u5C0F\u6570\u4F4D\u6570\u4E0D\u80FD\u8D85\u8FC72\u4F4D" };
  return { cents: decimal.digits * 10n ** BigInt(2 - decimal.places) };
}
function jsonError(text2) {
  if (text2 === "") return "unexpected end of JSON input";
  const start = /^-?(?:0|[1-9]\d*)/.exec(text2)?.[0] ?? "";
  const culprit = text2[start.length] ?? "";
  return start === "" ? `invalid character '${culprit}' looking for beginning of value` : `invalid character '${culprit}' after top-level value`;
}
function fixedMoney(cents) {
  const text2 = String(cents).padStart(3, "0");
  return `${text2.slice(0, -2)}.${text2.slice(-2)}`;
}
function trimmedMoney(cents) {
  return fixedMoney(cents).replace(/\.?0+$/, "");
}
function phpCents(text2) {
  if (!/^(?:\d+\.?\d*|\.\d+)$/.test(text2)) return void 0;
  const [whole = "", fraction = ""] = text2.split(".");
  const thousandths = BigInt((whole || "0") + fraction.padEnd(3, "0").slice(0, 3));
  return (thousandths + 5n) / 10n;
}

// sandbox/credit/sign.ts
import { createHash as createHash2 } from "node:crypto";
function contentOf(fields4) {
  return Object.entries(fields4).filter(([name, value]) => name !== "sign" && name !== "sign_type" && value !== "").sort(([one], [other]) => one < other ? -1 : 1).map(([name, value]) => `${name}=${value}`).join("&");
}
function md5(text2) {
  return createHash2("md5").update(text2).digest("hex");
}
function signatureOf(fields4, key) {
  return md5(contentOf(fields4) + key);
}
function encodeQuery(fields4) {
  return Object.entries(fields4).map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
}
function encode(text2) {
  return encodeURIComponent(text2).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll("%20", "+");
}

// sandbox/credit/notices.ts
function noticeFields(gateway, order, fault) {
  const { profile, key } = gateway;
  const fields4 = profile.fieldsOf(gateway, order);
  switch (fault) {
    case "foreign-pid":
      return profile.sign({ ...fields4, pid: profile.stranger.pid }, profile.stranger.key);
    case "wrong-sign":
      return { ...profile.sign(fields4, key), sign: randomBytes2(16).toString("hex") };
    case "replay":
      return order.created;
    case "injection":
      return injected(gateway, order);
    case "altered-money":
      return profile.sign({ ...fields4, money: fixedMoney(order.cents + 100n) }, key);
    case "trimmed-money":
      return profile.sign({ ...fields4, money: trimmedMoney(order.cents) }, key);
    case "fixed-money":
      return profile.sign({ ...fields4, money: fixedMoney(order.cents) }, key);
    case "extra-fields":
      return { ...profile.sign({ ...fields4, param: "sandbox" }, key), sign_type: "MD5" };
    case "empty-out-trade-no":
      return profile.sign({ ...fields4, out_trade_no: "" }, key);
    case "wrong-type":
      return profile.sign({ ...fields4, type: "sandbox" }, key);
    case "wrong-status":
      return profile.sign({ ...fields4, trade_status: "TRADE_CLOSED" }, key);
    default:
      return profile.sign(fields4, key);
  }
}
function injected({ key }, order) {
  const { out_trade_no = order.outTradeNo, pid = "", type = order.type } = order.created;
  const success = { out_trade_no, pid, trade_no: order.tradeNo, trade_status: "TRADE_SUCCESS", type };
  const name = "sandbox";
  const created = { ...order.created, name: `${name}&${contentOf(success)}` };
  const signed = contentOf(created);
  const known = Object.fromEntries(Object.entries(created).filter(([field]) => field < "name"));
  const before = contentOf({ ...known, name: created.name });
  return { ...known, name, ...success, type: type + signed.slice(before.length), sign: md5(signed + key) };
}

// sandbox/credit/context.ts
var payActions = ["pay", "wrong-key", "insufficient", "daily-limit", "self-pay"];
var formBytesAtMost = 64 * 1024;
async function readForm({ request: request2 }) {
  if (request2.method !== "POST") return new URLSearchParams();
  const body = (await readBody(request2, formBytesAtMost)).toString();
  return new URLSearchParams(/^application\/x-www-form-urlencoded\b/i.test(request2.headers["content-type"] ?? "") ? body : "");
}
function withQuery(address, query) {
  return `${address}${address.includes("?") ? "&" : "?"}${query}`;
}

// sandbox/credit/clock.ts
function createClock(base) {
  let ahead = 0;
  const now = () => base() + ahead;
  return {
    now,
    forwardTo: (time) => {
      ahead += Math.max(0, time - now());
    }
  };
}
function localTime(time) {
  return new Date(time + 8 * 36e5).toISOString().slice(0, 19).replace("T", " ");
}

// sandbox/credit/paying-page.ts
var labels = {
  "pay": ["\u4ED8\u6B3E", "Pay"],
  "wrong-key": ["\u652F\u4ED8\u5BC6\u94A5\u9519\u8BEF", "Wrong pay key"],
  "insufficient": ["\u4F59\u989D\u4E0D\u8DB3", "Not enough balance"],
  "daily-limit": ["\u8D85\u8FC7\u6BCF\u65E5\u9650\u989D", "Beyond the daily limit"],
  "self-pay": ["\u5546\u6237\u81EA\u5DF1\u4ED8\u6B3E", "Pay as the merchant"],
  "expire": ["\u8BA9\u8BA2\u5355\u8FC7\u671F", "Let it expire"]
};
var titles = {
  linuxdo: ["\u6C99\u76D2\u79EF\u5206\u652F\u4ED8", "Sandbox Credit"],
  epay: ["\u6C99\u76D2\u6613\u652F\u4ED8", "Sandbox EPay"]
};
function heading({ profile }) {
  const [chinese, english] = titles[profile.kind];
  return `<h1>${chinese} <span class="soft" lang="en">${english}</span></h1>
<p class="soft">\u8FD9\u91CC\u6CA1\u6709\u771F\u5B9E\u7684\u94B1\u3002<span lang="en">No money here is real.</span></p>`;
}
function row(name, value) {
  return `<tr><td class="soft">${name}</td><td>${value}</td></tr>`;
}
function summary({ profile }, order) {
  const unit = profile.kind === "linuxdo" ? "LDC" : "CNY";
  const expiry = Number.isFinite(order.expiresAt) ? row("\u6709\u6548\u671F\u81F3 \xB7 Until", localTime(order.expiresAt)) : "";
  const name = profile.kind === "epay" ? order.name : escapeHtml(order.name);
  return `<div class="card"><p class="amount">${fixedMoney(order.cents)} <small class="soft">${unit}</small></p><table>
${row("\u5546\u54C1 \xB7 Item", name)}
${row("\u8BA2\u5355\u53F7 \xB7 Order", `<code>${escapeHtml(order.outTradeNo)}</code>`)}
${expiry}</table></div>`;
}
function buttons(order, actions) {
  const rows = actions.map((action) => {
    const [chinese, english] = labels[action];
    return `<button type="submit" name="action" value="${action}"${action === "pay" ? "" : ' class="plain"'}>${chinese} <span lang="en">\xB7 ${english}</span></button>`;
  });
  return `<form class="stack" method="post" action="paying"><input type="hidden" name="order_no" value="${escapeHtml(order.orderNo)}">${rows.join("\n")}</form>`;
}
function payingPage(gateway, order) {
  const others = gateway.profile.actions.filter((action) => action !== "pay");
  return page(titles[gateway.profile.kind][1], `
${heading(gateway)}
${summary(gateway, order)}
<div class="card">${buttons(order, ["pay"])}</div>
<h2>\u6216\u8005\u8BD5\u8BD5\u522B\u7684\u7ED3\u679C <span class="soft" lang="en">\xB7 Or see what else can happen</span></h2>
<div class="card">${buttons(order, [...others, "expire"])}</div>
`, "narrow");
}
function donePage(gateway, order) {
  const { returnAddress, returnSeconds, kind } = gateway.profile;
  const address = returnAddress(gateway, order);
  const target = address !== void 0 && /^https?:\/\//i.test(address) ? address : void 0;
  const back = target === void 0 ? '<p>\u53EF\u4EE5\u5173\u95ED\u6B64\u9875\u3002<span lang="en">You can close this page.</span></p>' : `<p>${returnSeconds} \u79D2\u540E\u8FD4\u56DE\u5546\u5BB6\u3002<span class="soft" lang="en">Back to the shop in ${returnSeconds} s.</span></p>
<p><a href="${escapeHtml(target)}">\u7ACB\u5373\u8FD4\u56DE \xB7 Return now</a></p>`;
  return page(titles[kind][1], `
${heading(gateway)}
${summary(gateway, order)}
<div class="card"><p><strong>\u652F\u4ED8\u6210\u529F</strong> <span lang="en">\xB7 Paid</span></p>${back}</div>
`, "narrow", target === void 0 ? void 0 : { seconds: returnSeconds, address: target });
}
function problemPage(gateway, message, order) {
  const again = order?.state === "pending" ? `<p><a href="paying?order_no=${encodeURIComponent(order.orderNo)}">\u8FD4\u56DE\u652F\u4ED8\u9875 \xB7 Try again</a></p>` : "";
  return page(titles[gateway.profile.kind][1], `
${heading(gateway)}
<div class="card"><p class="warn">${escapeHtml(message)}</p>${again}</div>
`, "narrow");
}

// sandbox/credit/paying.ts
var notFound = { status: 404, message: "\u8BA2\u5355\u4E0D\u5B58\u5728\u6216\u5DF2\u5B8C\u6210" };
function payOrder(gateway, order, action) {
  const { clock, faults, notifier } = gateway;
  const isOwner = action === "self-pay";
  if (isOwner && !faults.testMode) return { status: 400, message: "\u4E0D\u80FD\u7ED9\u81EA\u5DF1\u4ED8\u6B3E" };
  if (!isOwner && faults.testMode) return { status: 400, message: "\u6D4B\u8BD5\u6A21\u5F0F\u4E0B\u65E0\u6CD5\u5904\u7406\u8BA2\u5355" };
  if (action === "wrong-key") return { status: 400, message: "\u652F\u4ED8\u5BC6\u94A5\u9519\u8BEF" };
  if (order.state !== "pending") return notFound;
  if (action === "daily-limit") return { status: 400, message: "\u5DF2\u8D85\u8FC7\u6BCF\u65E5\u9650\u989D" };
  if (action === "insufficient") return { status: 400, message: "\u4F59\u989D\u4E0D\u8DB3" };
  order.state = "success";
  order.paidAt = clock.now();
  if (faults.testMode) order.kind = "test";
  const returnMs = gateway.profile.returnSeconds * 1e3;
  notifier.enqueue(gateway, order, (faults.delayMs ?? 0) + (faults.when === "after-return" ? returnMs + 3e3 : 0));
  return void 0;
}
function showPaying(gateway, { response, url }) {
  const order = gateway.book.findByOrderNo(url.searchParams.get("order_no") ?? "");
  if (order?.state !== "pending") return sendHtml(response, notFound.status, problemPage(gateway, notFound.message, void 0));
  sendHtml(response, 200, payingPage(gateway, order));
}
async function playPaying(gateway, exchange) {
  const { request: request2, response } = exchange;
  const form = await readForm(exchange);
  const order = gateway.book.findByOrderNo(form.get("order_no") ?? "");
  const refusal2 = order ? await act(gateway, order, form.get("action") ?? "pay") : notFound;
  if (request2.headers.accept?.includes("application/json")) {
    return sendJson(response, refusal2?.status ?? 200, { error_msg: refusal2?.message ?? "", data: null });
  }
  if (refusal2 || !order) return sendHtml(response, refusal2?.status ?? 404, problemPage(gateway, refusal2?.message ?? notFound.message, order));
  sendHtml(response, 200, donePage(gateway, order));
}
async function act(gateway, order, action) {
  if (action === "expire") {
    expireOrder(gateway, order);
    return { status: 200, message: "\u8BA2\u5355\u5DF2\u8FC7\u671F" };
  }
  const known = payActions.find((name) => name === action);
  if (!known || !gateway.profile.actions.includes(known)) return { status: 400, message: `action: ${gateway.profile.actions.join(", ")}, expire` };
  const refusal2 = payOrder(gateway, order, known);
  if (!refusal2 && gateway.faults.when === "before-return") await gateway.notifier.tick(gateway);
  return refusal2;
}
function expireOrder({ clock }, order) {
  if (order.state !== "pending") return;
  order.state = "expired";
  order.expiresAt = clock.now();
}

// sandbox/credit/credit.ts
function createCredit(gateway, paths) {
  const { base, book, notifier, pid, key, app, profile } = gateway;
  const need = (outTradeNo) => {
    const order = book.find(outTradeNo);
    if (!order) throw new Error(`No order ${outTradeNo} was submitted to ${base}.`);
    return order;
  };
  const move = (outTradeNo, from, to) => {
    const order = need(outTradeNo);
    if (!from.includes(order.state)) throw new Error(`The order ${outTradeNo} is ${order.state}; this needs one that is ${from.join(" or ")}.`);
    order.state = to;
    return order;
  };
  return {
    profile: profile.kind,
    submitUrl: base + paths.submit,
    apiUrl: base + paths.api,
    pid,
    key,
    app,
    setFault: (faults) => {
      gateway.faults = parseCreditFaults(faults);
    },
    orders: book.all,
    order: need,
    pay: async (outTradeNo, action = "pay") => {
      const order = need(outTradeNo);
      const refusal2 = payOrder(gateway, order, action);
      await notifier.tick(gateway);
      return { paid: !refusal2, refused: refusal2?.message, returnUrl: refusal2 ? void 0 : profile.returnAddress(gateway, order) };
    },
    expire: (outTradeNo) => {
      move(outTradeNo, ["pending"], "expired").expiresAt = gateway.clock.now();
    },
    dispute: (outTradeNo) => {
      move(outTradeNo, ["success"], "disputing").disputedAt = gateway.clock.now();
    },
    closeDispute: (outTradeNo) => {
      move(outTradeNo, ["disputing"], "success");
    },
    refuseDispute: (outTradeNo) => {
      move(outTradeNo, ["disputing"], "refused");
    },
    refundByMerchant: (outTradeNo) => {
      const order = move(outTradeNo, ["success", "disputing"], "refund");
      order.refundedCents = order.cents;
    },
    notifyNow: (outTradeNo, change = {}) => sendByHand(gateway, need(outTradeNo), change),
    notices: notifier.sent,
    tick: () => notifier.tick(gateway),
    advance: (ms) => advance(gateway, gateway.clock.now() + ms)
  };
}
function sendByHand(gateway, order, { fault, fields: fields4, sign: sign2, method, address }) {
  const made = noticeFields(gateway, order, fault);
  const changed = fields4 ? gateway.profile.sign(merged(made, fields4), gateway.key) : made;
  return gateway.notifier.sendNow(gateway, order, {
    attempt: 0,
    method: method ?? "GET",
    address: address ?? (order.notifyUrl || gateway.app.notifyUrl),
    fields: sign2 === void 0 ? changed : { ...changed, sign: sign2 }
  });
}
function merged(fields4, changes) {
  const all = Object.entries({ ...fields4, sign: void 0, sign_type: void 0, ...changes });
  return Object.fromEntries(all.filter((entry) => entry[1] !== void 0));
}
async function advance(gateway, end) {
  const { clock, notifier } = gateway;
  await notifier.tick(gateway);
  for (let due = notifier.nextDue(); due !== void 0 && due <= end; due = notifier.nextDue()) {
    clock.forwardTo(due);
    await notifier.tick(gateway);
  }
  clock.forwardTo(end);
}

// sandbox/credit/linuxdo.ts
import { randomInt } from "node:crypto";
var linuxdo = {
  kind: "linuxdo",
  actions: payActions,
  fieldsOf: ({ pid }, order) => ({
    money: fixedMoney(order.cents),
    name: order.name,
    out_trade_no: order.outTradeNo,
    pid,
    trade_no: order.tradeNo,
    trade_status: "TRADE_SUCCESS",
    // Whatever the order's own type, the notify says this.
    type: "epay"
  }),
  sign: (fields4, key) => {
    const signed = { ...fields4, sign: signatureOf(fields4, key) };
    return Object.fromEntries(Object.entries(signed).sort(([one], [other]) => one < other ? -1 : 1));
  },
  maySend: (order) => order.state === "success",
  acknowledged: (status, body) => status === 200 && body.toLowerCase().trim() === "success",
  headers: { "user-agent": "LinuxDo-Credit/1.0" },
  followsRedirects: true,
  timeoutMs: 1e4,
  gapAfter: (attempt) => attempt > 10 ? void 0 : asynqGap(attempt - 1),
  returnAddress: ({ app }, order) => order.returnUrl || app.returnUrl || void 0,
  returnSeconds: 5,
  stranger: { pid: "5a".repeat(32), key: "c3".repeat(32) }
};
function asynqGap(retried) {
  return (retried ** 4 + 15 + randomInt(30) * (retried + 1)) * 1e3;
}
var epoch = 17645472e5;
function createSnowflakes(now) {
  let last = 0n;
  return () => {
    const time = BigInt(Math.max(Math.trunc(now()) - epoch, 2 ** 33));
    const next = time << 22n | 1n << 12n;
    last = next > last ? next : last + 1n;
    return String(last);
  };
}
function isMerchant(gateway, pid, key) {
  return pid === gateway.pid && key === gateway.key;
}

// sandbox/credit/bind.ts
function bind(parameters, rules2) {
  return Object.fromEntries(rules2.map(({ name }) => [name, parameters.get(name) ?? ""]));
}
function violations(structure, fields4, rules2) {
  const lines = rules2.flatMap((rule) => {
    const tag = brokenTag(fields4[rule.name] ?? "", rule);
    return tag === void 0 ? [] : [`Key: '${structure}.${rule.member}' Error:Field validation for '${rule.member}' failed on the '${tag}' tag`];
  });
  return lines.length === 0 ? void 0 : lines.join("\n");
}
function brokenTag(value, { required, max, url }) {
  if (value === "") return required ? "required" : void 0;
  if (max !== void 0 && [...value].length > max) return "max";
  return url && !isUrl(value) ? "url" : void 0;
}
function isUrl(value) {
  return /^[a-z][a-z0-9+.-]*:(?:\/\/[^/?#\s]|[^/\s])/i.test(value) && URL.canParse(value);
}

// sandbox/credit/linuxdo-api.ts
var orderNotFound = "\u8BA2\u5355\u4E0D\u5B58\u5728\u6216\u5DF2\u5B8C\u6210";
var merchantNotFound = "\u5546\u6237\u4FE1\u606F\u4E0D\u5B58\u5728";
var merchantRules = [
  { name: "pid", member: "ClientID", required: true },
  { name: "key", member: "ClientSecret", required: true }
];
var queryRules = [...merchantRules, { name: "out_trade_no", member: "MerchantOrderNo", required: true, max: 64 }];
var refundRules = [...merchantRules, { name: "trade_no", member: "TradeNo", required: true }];
async function queryOrder(gateway, exchange) {
  const { response, url } = exchange;
  const { query: fault, slowMs } = gateway.faults;
  if (await playEndpointFault(fault, exchange, slowMs)) return;
  const refuse2 = (status, msg) => sendJson(response, status, { code: -1, msg });
  const fields4 = bind(url.searchParams, queryRules);
  const wrong = violations("QueryOrderRequest", fields4, queryRules);
  if (wrong !== void 0) return refuse2(400, wrong);
  if (!isMerchant(gateway, fields4["pid"] ?? "", fields4["key"] ?? "")) return refuse2(400, merchantNotFound);
  const order = gateway.book.find(fields4["out_trade_no"] ?? "");
  if (!order || fault === "missing") return refuse2(404, orderNotFound);
  sendJson(response, 200, {
    code: 1,
    msg: "\u67E5\u8BE2\u8BA2\u5355\u53F7\u6210\u529F\uFF01",
    trade_no: order.tradeNo,
    out_trade_no: order.outTradeNo,
    type: order.type,
    pid: gateway.pid,
    addtime: localTime(order.createdAt),
    endtime: order.paidAt === void 0 ? "0001-01-01 00:00:00" : localTime(order.paidAt),
    name: order.name,
    money: fixedMoney(order.cents),
    status: order.state === "success" && fault !== "unpaid" ? 1 : 0
  });
}
async function refundOrder(gateway, exchange) {
  const { response } = exchange;
  const { refund: fault, slowMs } = gateway.faults;
  const sent = await readRefund(exchange);
  if (await playEndpointFault(fault, exchange, slowMs)) return;
  const answer3 = (status, code2, msg) => sendJson(response, status, { code: code2, msg });
  if (typeof sent === "string") return answer3(400, -1, sent);
  const fields4 = bind(sent, refundRules);
  const tradeNo = fields4["trade_no"] ?? "";
  if (tradeNo !== "" && !/^\d{1,20}$/.test(tradeNo)) return answer3(400, -1, `strconv.ParseUint: parsing "${tradeNo}": invalid syntax`);
  const wrong = violations("RefundOrderRequest", fields4, refundRules);
  if (wrong !== void 0) return answer3(400, -1, wrong);
  const amount = sent.has("money") ? readAmount(sent.get("money") ?? "") : { refused: "\u91D1\u989D\u5FC5\u987B\u5927\u4E8E0" };
  if ("refused" in amount) return answer3(400, -1, amount.refused);
  if (!isMerchant(gateway, fields4["pid"] ?? "", fields4["key"] ?? "")) return answer3(400, -1, merchantNotFound);
  const order = gateway.book.findByTradeNo(String(BigInt(tradeNo)));
  if (order?.state !== "success" || order.cents !== amount.cents || order.kind !== "payment" || fault === "refused") return answer3(200, -1, orderNotFound);
  order.state = "refund";
  order.refundedCents = order.cents;
  if (fault === "lost-reply") response.destroy();
  else answer3(200, 1, "\u9000\u6B3E\u6210\u529F");
}
async function readRefund({ request: request2, url }) {
  const text2 = (await readBody(request2, formBytesAtMost)).toString();
  const type = request2.headers["content-type"] ?? "";
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return new URLSearchParams([...new URLSearchParams(text2), ...url.searchParams]);
  if (!/^application\/json\b/i.test(type)) return url.searchParams;
  try {
    const json = JSON.parse(text2);
    if ("trade_no" in json && typeof json["trade_no"] !== "number") return "json: cannot unmarshal string into Go struct field RefundOrderRequest.trade_no of type uint64";
    const sent = new URLSearchParams(Object.entries(json).map(([name, value]) => [name, String(value)]));
    const digits = /"trade_no"\s*:\s*(\d+)/.exec(text2)?.[1];
    if (digits !== void 0) sent.set("trade_no", digits);
    return sent;
  } catch {
    return "invalid character in JSON body";
  }
}

// sandbox/credit/linuxdo-submit.ts
import { timingSafeEqual } from "node:crypto";
var rules = [
  { name: "pid", member: "ClientID", required: true },
  { name: "name", member: "OrderName", required: true, max: 64 },
  { name: "out_trade_no", member: "MerchantOrderNo", required: true, max: 64 },
  // A missing amount passes the validator and is zero.
  { name: "money", member: "Amount" },
  { name: "notify_url", member: "NotifyURL", max: 100, url: true },
  { name: "return_url", member: "ReturnURL", max: 100, url: true },
  { name: "device", member: "Device" },
  { name: "sign", member: "Sign", required: true },
  { name: "type", member: "PayType", required: true }
];
var orderLifetimeMs = 5 * 6e4;
var centsAtMost = 10n ** 20n;
async function submitOrder(gateway, exchange) {
  const { response, url } = exchange;
  const refuse2 = (status, message) => sendJson(response, status, { error_msg: message, data: null });
  const form = await readForm(exchange);
  const parameters = new URLSearchParams([...form, ...url.searchParams]);
  if (parameters.get("type") !== "epay") return refuse2(400, "\u4E0D\u652F\u6301\u7684\u8BF7\u6C42\u7C7B\u578B");
  const fields4 = bind(parameters, rules);
  const wrong = violations("EPayRequest", fields4, rules);
  if (wrong !== void 0) return refuse2(401, wrong);
  const amount = parameters.has("money") ? readAmount(fields4["money"] ?? "") : { refused: "\u91D1\u989D\u5FC5\u987B\u5927\u4E8E0" };
  if ("refused" in amount) return refuse2(401, amount.refused);
  if (fields4["pid"] !== gateway.pid) return refuse2(401, "record not found");
  if (!isSigned(fields4, amount.cents, gateway.key)) return refuse2(401, "\u7B7E\u540D\u9A8C\u8BC1\u5931\u8D25");
  if (amount.cents >= centsAtMost) return refuse2(500, "ERROR: numeric field overflow (SQLSTATE 22003)");
  const order = placeOrder(gateway, fields4, amount.cents);
  if (order === void 0) return refuse2(500, duplicateNumber);
  sendRedirect(response, `${gateway.base}/paying?order_no=${encodeURIComponent(order)}`);
}
var duplicateNumber = 'ERROR: duplicate key value violates unique constraint "idx_orders_client_merchant_order" (SQLSTATE 23505)';
function placeOrder({ book }, fields4, cents) {
  const { out_trade_no: outTradeNo = "", name = "", notify_url: notifyUrl = "", return_url: returnUrl = "" } = fields4;
  if (book.find(outTradeNo)) return void 0;
  const created = Object.fromEntries(Object.entries(fields4).filter(([, value]) => value !== ""));
  return book.add({ outTradeNo, kind: "payment", type: "epay", name, cents, notifyUrl, returnUrl, param: "", created, state: "pending", lifetime: orderLifetimeMs }).orderNo;
}
function isSigned(fields4, cents, key) {
  const sign2 = (fields4["sign"] ?? "").toLowerCase();
  return [fixedMoney(cents), trimmedMoney(cents)].some((money) => equal(signatureOf({ ...fields4, money }, key), sign2));
}
function equal(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

// sandbox/credit/linuxdo-distribute.ts
async function distribute(gateway, exchange) {
  const { request: request2, response } = exchange;
  const refuse2 = (status, message) => sendJson(response, status, { error_msg: message, data: null });
  const unknown = credentialsProblem(gateway, request2.headers.authorization);
  if (unknown !== void 0) return refuse2(401, unknown);
  const sent = parseObject((await readBody(request2, formBytesAtMost)).toString());
  if (!sent) return refuse2(400, "invalid character in JSON body");
  const { user_id: userId, username, amount: asked, out_trade_no: outTradeNo } = sent;
  if (typeof userId !== "number" || typeof username !== "string") return refuse2(400, "Key: 'MerchantDistributeRequest.RecipientID' Error:Field validation for 'RecipientID' failed on the 'required' tag");
  const amount = asked === void 0 ? { refused: "\u91D1\u989D\u5FC5\u987B\u5927\u4E8E0" } : readAmount(JSON.stringify(asked));
  if ("refused" in amount) return refuse2(400, amount.refused);
  if (!gateway.users.some((user) => user.id === userId && user.username === username)) return refuse2(400, "\u6536\u6B3E\u4EBA\u4E0D\u5B58\u5728");
  const number = typeof outTradeNo === "string" ? outTradeNo : "";
  if (gateway.book.find(number)) return refuse2(400, duplicateNumber);
  const payout = gateway.book.add({ outTradeNo: number, kind: "distribute", type: "", name: "\u5546\u6237\u5206\u53D1", cents: amount.cents, notifyUrl: "", returnUrl: "", param: "", created: {}, state: "success", lifetime: 864e5 });
  sendJson(response, 200, { error_msg: "", data: { trade_no: payout.tradeNo, out_trade_no: outTradeNo ?? null } });
}
function credentialsProblem(gateway, header) {
  if (!header) return "\u7F3A\u5C11\u8BA4\u8BC1\u4FE1\u606F";
  const [scheme, encoded = ""] = header.split(" ", 2);
  if (scheme !== "Basic") return "\u8BA4\u8BC1\u683C\u5F0F\u9519\u8BEF";
  const credentials = Buffer.from(encoded, "base64").toString();
  const colon = credentials.indexOf(":");
  if (colon < 0) return "\u8BA4\u8BC1\u4FE1\u606F\u683C\u5F0F\u9519\u8BEF";
  return isMerchant(gateway, credentials.slice(0, colon), credentials.slice(colon + 1)) ? void 0 : "\u8BA4\u8BC1\u5931\u8D25";
}
function parseObject(text2) {
  try {
    const value = JSON.parse(text2);
    return typeof value === "object" && value !== null ? { ...value } : void 0;
  } catch {
    return void 0;
  }
}

// sandbox/credit/notifier.ts
function createNotifier() {
  const notices = [];
  const underWay = /* @__PURE__ */ new Set();
  const closed = new AbortController();
  let waiting = [];
  let timer;
  function nextDue() {
    return waiting.length === 0 ? void 0 : Math.min(...waiting.map((job) => job.dueAt));
  }
  function arm(gateway) {
    clearTimeout(timer);
    const due = nextDue();
    if (due === void 0) return;
    timer = setTimeout(() => void tick(gateway), Math.min(Math.max(0, due - gateway.clock.now()), 2 ** 31 - 1));
    timer.unref();
  }
  function put(gateway, job) {
    if (closed.signal.aborted) return;
    waiting.push(job);
    arm(gateway);
  }
  async function tick(gateway) {
    const now = gateway.clock.now();
    const due = waiting.filter((job) => job.dueAt <= now);
    waiting = waiting.filter((job) => job.dueAt > now);
    for (const job of due) track(run(gateway, job));
    arm(gateway);
    await Promise.all(underWay);
  }
  function track(work) {
    const tracked = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  }
  async function run(gateway, { order, attempt }) {
    const { faults, profile } = gateway;
    if (!profile.maySend(order)) return;
    const fault = faults.notify;
    if (fault === "lost") return;
    const message = { attempt, method: faults.post ? "POST" : "GET", address: order.notifyUrl || gateway.app.notifyUrl, fields: noticeFields(gateway, order, fault) };
    const results = [];
    const copies = Array.from({ length: faults.copies ?? 1 }, () => async () => results.push(await sendNow(gateway, order, message)));
    if (faults.concurrent) await Promise.all(copies.map((copy) => copy()));
    else for (const copy of copies) await copy();
    const gap = results.some(({ acknowledged }) => acknowledged) ? void 0 : profile.gapAfter(attempt);
    if (gap !== void 0) put(gateway, { order, attempt: attempt + 1, dueAt: gateway.clock.now() + gap });
  }
  async function sendNow(gateway, order, message) {
    const { attempt, method, address, fields: fields4 } = message;
    const query = encodeQuery(fields4);
    const url = method === "GET" ? withQuery(address, query) : address;
    const notice = { at: gateway.clock.now(), outTradeNo: order.outTradeNo, tradeNo: order.tradeNo, attempt, method, url, fields: fields4, status: void 0, body: void 0, error: void 0, acknowledged: false };
    notices.push(notice);
    try {
      const response = await request(gateway, url, method === "POST" ? query : void 0, closed.signal);
      notice.status = response.status;
      notice.body = await response.text();
      notice.acknowledged = gateway.profile.acknowledged(notice.status, notice.body);
    } catch (error) {
      notice.error = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
    return notice;
  }
  return {
    enqueue: (gateway, order, delayMs) => put(gateway, { order, attempt: 1, dueAt: gateway.clock.now() + delayMs }),
    tick,
    nextDue,
    sendNow,
    sent: () => [...notices],
    close: () => {
      clearTimeout(timer);
      waiting = [];
      closed.abort();
    }
  };
}
function request({ profile, faults }, url, form, closed) {
  return fetch(url, {
    headers: { ...profile.headers, ...form !== void 0 && { "content-type": "application/x-www-form-urlencoded" } },
    redirect: profile.followsRedirects ? "follow" : "manual",
    signal: AbortSignal.any([closed, AbortSignal.timeout(faults.notifyTimeoutMs ?? profile.timeoutMs)]),
    ...form !== void 0 && { method: "POST", body: form }
  });
}

// sandbox/credit/orders.ts
import { randomBytes as randomBytes3 } from "node:crypto";
var disputeMs = 168 * 36e5;
function createOrderBook(now, nextTradeNo) {
  const orders = [];
  const first = (is) => {
    const order = orders.findLast(is);
    if (order) age(order, now());
    return order;
  };
  return {
    add: ({ lifetime, ...draft }) => {
      const createdAt = now();
      const paidAt = draft.state === "success" ? createdAt : void 0;
      const orderNo = randomBytes3(47).toString("base64");
      const order = { ...draft, tradeNo: nextTradeNo(), orderNo, refundedCents: 0n, createdAt, expiresAt: createdAt + lifetime, paidAt, disputedAt: void 0 };
      orders.push(order);
      return order;
    },
    find: (outTradeNo) => outTradeNo === "" ? void 0 : first((order) => order.outTradeNo === outTradeNo),
    findByTradeNo: (tradeNo) => first((order) => order.tradeNo === tradeNo),
    findByOrderNo: (orderNo) => first((order) => order.orderNo === orderNo),
    all: () => {
      for (const order of orders) age(order, now());
      return [...orders];
    }
  };
}
function age(order, now) {
  if (order.state === "pending" && order.expiresAt <= now) order.state = "expired";
  if (order.state === "disputing" && order.disputedAt !== void 0 && order.disputedAt + disputeMs <= now) {
    order.state = "refund";
    order.refundedCents = order.cents;
  }
}

// sandbox/credit/rainbow.ts
import { randomInt as randomInt2 } from "node:crypto";
var rainbowTypes = ["alipay", "wxpay", "qqpay"];
var gapMinutes = [1, 2, 16, 36];
var rainbow = {
  kind: "epay",
  actions: ["pay"],
  fieldsOf: ({ pid }, order) => ({
    pid,
    trade_no: order.tradeNo,
    out_trade_no: order.outTradeNo,
    type: order.type || rainbowTypes[0] || "",
    name: order.name,
    // A number on its way to text: no zeros at the end.
    money: trimmedMoney(order.cents),
    trade_status: "TRADE_SUCCESS",
    ...order.param !== "" && { param: order.param }
  }),
  sign: (fields4, key) => ({ ...fields4, sign: rainbowSignature(fields4, key), sign_type: "MD5" }),
  // The job that repeats does not ask how the order stands by now.
  maySend: () => true,
  acknowledged: (_status, body) => ["success", "SUCCESS", "Success"].some((word) => body.includes(word)),
  headers: { "accept": "*/*", "accept-language": "zh-CN,zh;q=0.8", "user-agent": "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.108 Safari/537.36" },
  followsRedirects: false,
  timeoutMs: 5e3,
  gapAfter: (attempt) => {
    const minutes = gapMinutes[attempt - 1];
    return minutes === void 0 ? void 0 : minutes * 6e4;
  },
  returnAddress: (gateway, order) => {
    if (order.paidAt !== void 0 && gateway.clock.now() - order.paidAt > 3e5) return void 0;
    return withQuery(order.returnUrl, encodeQuery(rainbow.sign(rainbow.fieldsOf(gateway, order), gateway.key)));
  },
  returnSeconds: 1,
  stranger: { pid: "10510", key: "c3".repeat(16) }
};
function rainbowSignature(fields4, key) {
  return signatureOf(Object.fromEntries(Object.entries(fields4).filter(([, value]) => value.trim() !== "")), key);
}
function createRainbowNumbers(now) {
  const given = /* @__PURE__ */ new Set();
  return () => {
    let number;
    do
      number = localTime(now()).replaceAll(/\D/g, "") + String(randomInt2(11111, 1e5));
    while (given.has(number));
    given.add(number);
    return number;
  };
}

// sandbox/credit/rainbow-api.ts
var orderNumberMissing = { code: -4, msg: "\u8BA2\u5355\u53F7\u4E0D\u80FD\u4E3A\u7A7A" };
async function answerRainbowApi(gateway, exchange) {
  const { response, url } = exchange;
  const act2 = url.searchParams.get("act");
  const form = await readForm(exchange);
  const { query, refund, slowMs } = gateway.faults;
  if (await playEndpointFault(act2 === "refund" ? refund : query, exchange, slowMs)) return;
  if (act2 === "order") return sendJson(response, 200, describeOrder(gateway, url.searchParams));
  if (act2 !== "refund") return sendJson(response, 200, { code: -5, msg: "No Act!" });
  const answer3 = refundOrder2(gateway, form);
  if (refund === "lost-reply" && answer3["code"] === 0) response.destroy();
  else sendJson(response, 200, answer3);
}
function merchantProblem(gateway, parameters) {
  if (String(Number.parseInt(parameters.get("pid") ?? "", 10)) !== gateway.pid) return { code: -3, msg: "\u5546\u6237ID\u4E0D\u5B58\u5728" };
  return parameters.get("key") === gateway.key ? void 0 : { code: -3, msg: "\u5546\u6237\u5BC6\u94A5\u9519\u8BEF" };
}
function findOrder({ book }, parameters) {
  const tradeNo = parameters.get("trade_no");
  if (tradeNo) return { order: book.findByTradeNo(tradeNo) };
  const outTradeNo = parameters.get("out_trade_no");
  return outTradeNo ? { order: book.find(outTradeNo) } : void 0;
}
function describeOrder(gateway, parameters) {
  const unknown = merchantProblem(gateway, parameters);
  if (unknown) return unknown;
  const found = findOrder(gateway, parameters);
  if (!found) return orderNumberMissing;
  const { order } = found;
  const fault = gateway.faults.query;
  if (!order || fault === "missing") return { code: -1, msg: "\u8BA2\u5355\u53F7\u4E0D\u5B58\u5728" };
  const paid = order.paidAt !== void 0 && fault !== "unpaid";
  return {
    code: 1,
    msg: "succ",
    trade_no: order.tradeNo,
    out_trade_no: order.outTradeNo,
    api_trade_no: paid ? `sandbox${order.tradeNo}` : null,
    type: order.type,
    pid: Number(gateway.pid),
    addtime: localTime(order.createdAt),
    endtime: paid && order.paidAt !== void 0 ? localTime(order.paidAt) : null,
    name: order.name,
    money: fixedMoney(order.cents),
    param: order.param || null,
    buyer: null,
    status: paid ? statusOf(order) : 0
  };
}
function statusOf({ state, refundedCents }) {
  if (state === "disputing") return 3;
  return state === "refund" || refundedCents > 0n ? 2 : 1;
}
function refundOrder2(gateway, form) {
  const unknown = merchantProblem(gateway, form);
  if (unknown) return unknown;
  const cents = phpCents((form.get("money") ?? "").trim());
  if (cents === void 0) return { code: -1, msg: "\u91D1\u989D\u8F93\u5165\u9519\u8BEF" };
  const found = findOrder(gateway, form);
  if (!found) return orderNumberMissing;
  const { order } = found;
  if (!order) return { code: -1, msg: "\u5F53\u524D\u8BA2\u5355\u4E0D\u5B58\u5728\uFF01" };
  if (order.paidAt === void 0) return { code: -1, msg: "\u8BE5\u8BA2\u5355\u72B6\u6001\u4E0D\u652F\u6301\u9000\u6B3E\uFF01" };
  if (cents > order.cents) return { code: -1, msg: "\u9000\u6B3E\u91D1\u989D\u4E0D\u80FD\u5927\u4E8E\u8BA2\u5355\u91D1\u989D" };
  if (order.refundedCents >= order.cents) return { code: -1, msg: "\u8BE5\u8BA2\u5355\u5DF2\u5168\u989D\u9000\u6B3E\uFF01" };
  if (cents > order.cents - order.refundedCents) return { code: -1, msg: "\u9000\u6B3E\u91D1\u989D\u4E0D\u80FD\u8D85\u8FC7\u8BE5\u8BA2\u5355\u5269\u4F59\u53EF\u9000\u6B3E\u91D1\u989D\uFF01" };
  if (gateway.faults.refund === "refused") return { code: -1, msg: "\u5546\u6237\u4F59\u989D\u4E0D\u8DB3\uFF0C\u8BF7\u5148\u5145\u503C" };
  order.refundedCents += cents;
  order.state = "refund";
  const money = fixedMoney(cents);
  return { code: 0, msg: `\u9000\u6B3E\u6210\u529F\uFF01\u9000\u6B3E\u91D1\u989D\xA5${money}`, trade_no: order.tradeNo, money };
}

// sandbox/credit/rainbow-submit.ts
var reopenMs = 864e6;
async function submitRainbow(gateway, exchange) {
  const { response, url } = exchange;
  const form = await readForm(exchange);
  const placed = place(gateway, Object.fromEntries(url.searchParams.has("pid") ? url.searchParams : form), ["return_url"]);
  if ("refused" in placed) return sendHtml(response, 200, refusal(placed.refused));
  sendRedirect(response, payingAddress(gateway, placed.order));
}
async function createRainbow(gateway, exchange) {
  const { response } = exchange;
  const fields4 = Object.fromEntries(await readForm(exchange));
  if (fields4["pid"] === void 0) return sendJson(response, 200, { code: -4, msg: "\u672A\u4F20\u5165\u4EFB\u4F55\u53C2\u6570" });
  const placed = place(gateway, fields4, ["type", "clientip"]);
  if ("refused" in placed) return sendJson(response, 200, { code: placed.refused === wrongSign ? -3 : -1, msg: placed.refused });
  sendJson(response, 200, { code: 1, trade_no: placed.order.tradeNo, payurl: payingAddress(gateway, placed.order) });
}
var wrongSign = "MD5\u7B7E\u540D\u6821\u9A8C\u5931\u8D25";
var labels2 = { out_trade_no: "\u8BA2\u5355\u53F7", notify_url: "\u901A\u77E5\u5730\u5740", return_url: "\u56DE\u8C03\u5730\u5740", name: "\u5546\u54C1\u540D\u79F0", money: "\u91D1\u989D", type: "\u652F\u4ED8\u65B9\u5F0F", clientip: "\u7528\u6237IP\u5730\u5740" };
function payingAddress({ base }, { orderNo }) {
  return `${base}/paying?order_no=${encodeURIComponent(orderNo)}`;
}
function refusal(message) {
  return page("\u7AD9\u70B9\u63D0\u793A\u4FE1\u606F", `<h1>\u7AD9\u70B9\u63D0\u793A\u4FE1\u606F</h1><div class="card"><p class="warn">${escapeHtml(message)}</p></div>`, "narrow");
}
function place(gateway, fields4, alsoNeeded) {
  const problem2 = problemOf2(gateway, fields4, alsoNeeded);
  if (problem2 !== void 0) return { refused: problem2 };
  const outTradeNo = fields4["out_trade_no"] ?? "";
  const type = rainbowTypes.includes(fields4["type"] ?? "") ? fields4["type"] ?? "" : "";
  const draft = {
    // What it keeps is escaped for a page, and escaped it is sent back.
    name: escapeHtml(fields4["name"] ?? ""),
    cents: phpCents(fields4["money"] ?? "") ?? 0n,
    notifyUrl: escapeHtml(fields4["notify_url"] ?? ""),
    returnUrl: escapeHtml(fields4["return_url"] ?? ""),
    param: escapeHtml(fields4["param"] ?? "")
  };
  const old = gateway.book.find(outTradeNo);
  if (!old || gateway.clock.now() - old.createdAt >= reopenMs) {
    return { order: gateway.book.add({ ...draft, outTradeNo, kind: "payment", type, created: fields4, state: "pending", lifetime: Infinity }) };
  }
  if (old.paidAt !== void 0) return { refused: `\u8BE5\u8BA2\u5355(${outTradeNo})\u5DF2\u5B8C\u6210\u652F\u4ED8\uFF0C\u8BF7\u52FF\u91CD\u590D\u53D1\u8D77\u652F\u4ED8` };
  const changed = Object.keys(draft).some((name) => old[name] !== draft[name]);
  if (changed) return { refused: `\u8BE5\u8BA2\u5355(${outTradeNo})\u652F\u4ED8\u53C2\u6570\u6709\u53D8\u5316\uFF0C\u8BF7\u66F4\u6362\u8BA2\u5355\u53F7\u91CD\u65B0\u53D1\u8D77\u652F\u4ED8` };
  old.type = type;
  return { order: old };
}
function problemOf2({ pid, key }, fields4, alsoNeeded) {
  const number = String(Number.parseInt(fields4["pid"] ?? "", 10) || 0);
  if (number === "0") return "\u5546\u6237ID\u4E0D\u80FD\u4E3A\u7A7A";
  if (number !== pid) return "\u5546\u6237\u4E0D\u5B58\u5728\uFF01";
  if (fields4["sign"] === void 0) return "\u7F3A\u5C11\u7B7E\u540D\u53C2\u6570";
  if (rainbowSignature(fields4, key) !== fields4["sign"]) return wrongSign;
  const missing2 = ["out_trade_no", "notify_url", "name", "money", ...alsoNeeded].find((name) => ["", "0"].includes(fields4[name] ?? ""));
  if (missing2 !== void 0) return `${labels2[missing2]}(${missing2})\u4E0D\u80FD\u4E3A\u7A7A`;
  const cents = phpCents(fields4["money"] ?? "");
  if (cents === void 0 || cents <= 0n) return "\u91D1\u989D\u4E0D\u5408\u6CD5";
  return /^[\w.|-]+$/.test(fields4["out_trade_no"] ?? "") ? void 0 : "\u8BA2\u5355\u53F7(out_trade_no)\u683C\u5F0F\u4E0D\u6B63\u786E";
}

// sandbox/credit/gateway.ts
var merchants = {
  linuxdo: { pid: md5("sandbox merchant") + md5("sandbox client"), key: md5("sandbox secret") + md5("sandbox key") },
  epay: { pid: "1000", key: md5("sandbox epay key") }
};
function createGateway({ kind, base, merchant, now, users }) {
  const clock = createClock(now);
  const nextTradeNo = kind === "linuxdo" ? createSnowflakes(clock.now) : createRainbowNumbers(clock.now);
  return {
    profile: kind === "linuxdo" ? linuxdo : rainbow,
    base,
    ...merchants[kind],
    ...merchant,
    clock,
    book: createOrderBook(clock.now, nextTradeNo),
    notifier: createNotifier(),
    faults: {},
    app: { notifyUrl: "", returnUrl: "" },
    users
  };
}
var shared = {
  "/paying": { GET: showPaying, POST: playPaying },
  "/_faults": { GET: sendFaults2, POST: setFaults2, DELETE: clearFaults2 },
  "/_orders": { GET: sendOrders },
  "/_notices": { GET: ({ notifier }, { response }) => sendJson(response, 200, notifier.sent()) }
};
var routes2 = {
  linuxdo: {
    ...shared,
    "/epay/pay/submit.php": { GET: submitOrder, POST: submitOrder },
    "/epay/api.php": { GET: queryOrder, POST: refundOrder },
    "/lpay/distribute": { POST: distribute },
    "/epay/pay/distribute": { POST: distribute }
  },
  epay: {
    ...shared,
    "/submit.php": { GET: submitRainbow, POST: submitRainbow },
    "/mapi.php": { POST: createRainbow },
    "/api.php": { GET: answerRainbowApi, POST: answerRainbowApi }
  }
};
async function handleGateway(gateway, exchange, path) {
  const { request: request2, response, url } = exchange;
  const route2 = routes2[gateway.profile.kind][path];
  if (!route2) return sendNotFound(response, url.pathname);
  const handler = route2[request2.method ?? ""];
  if (!handler) return sendWrongMethod(response, Object.keys(route2).join(", "));
  await handler(gateway, exchange);
}
function sendFaults2({ faults }, { response }) {
  sendJson(response, 200, faults);
}
async function setFaults2(gateway, { request: request2, response }) {
  try {
    gateway.faults = parseCreditFaults(JSON.parse((await readBody(request2, 4096)).toString()));
  } catch (error) {
    return sendJson(response, 400, { error: "invalid_request", error_description: error instanceof Error ? error.message : String(error) });
  }
  sendJson(response, 200, gateway.faults);
}
function clearFaults2(gateway, { response }) {
  gateway.faults = {};
  sendJson(response, 200, gateway.faults);
}
function sendOrders({ book }, { response }) {
  sendJson(response, 200, book.all().map((order) => ({ ...order, cents: String(order.cents), refundedCents: String(order.refundedCents) })));
}

// sandbox/upstream/talk.ts
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function textOfContent(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => isRecord(part) && typeof part["text"] === "string" ? part["text"] : "").join("");
}

// sandbox/upstream/drafts.ts
var fixedText = "\u4F60\u597D\uFF0C\u8FD9\u91CC\u662F\u6C99\u76D2\u3002Every word of this reply is fixed \u{1F30A}, so its price is known beforehand. \u6BCF\u4E00\u4E2A token \u90FD\u7B97\u5F97\u6E05\u695A\uFF0C\u4E00\u5206\u94B1\u4E5F\u4E0D\u4F1A\u591A\u6536 \u2705\u3002Tea is ready: \u559D\u676F\u8336\u5427 \u{1F375}\u{1F469}\u200D\u{1F680}.";
var fixedReasoning = "\u5148\u60F3\u4E00\u60F3\uFF1Athe question is simple, \u4F46\u8981\u786E\u8BA4\u4E24\u904D\u3002First count the words, then count them again \u{1F914}. \u7ED3\u8BBA\u4E00\u81F4\u3002";
function echo(talk) {
  return { text: talk.turns.findLast(({ role }) => role === "user")?.text ?? "" };
}
function reason() {
  return { reasoning: fixedReasoning, text: "\u7B54\u6848\u662F 42\u3002The answer is 42 \u2728." };
}
function words(word, count) {
  return Array.from({ length: Math.min(count, 2e5) }, () => word).join(" ");
}
function callTools({ turns, tools, chosenTool: chosenTool2, parallel }, count) {
  const last = turns.at(-1);
  if (last?.role === "tool") return { text: `\u5DE5\u5177\u8BF4 the tool says: ${last.text} \u2705` };
  const usable = typeof chosenTool2 === "string" ? tools.filter(({ name }) => name === chosenTool2) : tools;
  if (usable.length === 0 || chosenTool2 === null) return { text: "\u6CA1\u6709\u53EF\u7528\u7684\u5DE5\u5177\u3002No tool was offered." };
  return {
    toolCalls: Array.from({ length: parallel ? count : 1 }, (_, index) => {
      const tool = usable[index % usable.length] ?? { name: "" };
      return { name: tool.name, arguments: JSON.stringify(valueFor(tool.parameters, index, 0)) };
    })
  };
}
function thinkAndCall(talk) {
  return { reasoning: fixedReasoning, ...callTools(talk, 2) };
}
function valueFor(schema, index, depth) {
  if (!isRecord(schema)) return {};
  const allowed = schema["enum"];
  if (Array.isArray(allowed) && allowed.length > 0) return allowed[index % allowed.length];
  if ("const" in schema) return schema["const"];
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (typeof type === "string" ? type.toLowerCase() : type) {
    case "string":
      return `\u4E0A\u6D77 "${index + 1}" \u{1F327}`;
    case "number":
      return index + 1.5;
    case "integer":
      return index + 1;
    case "boolean":
      return true;
    case "null":
      return null;
    case "array":
      return depth < 4 ? [valueFor(schema["items"] ?? { type: "string" }, index, depth + 1)] : [];
    default: {
      const properties = isRecord(schema["properties"]) && depth < 4 ? Object.entries(schema["properties"]) : [];
      return Object.fromEntries(properties.map(([name, inner]) => [name, valueFor(inner, index, depth + 1)]));
    }
  }
}

// sandbox/upstream/steps.ts
function answerSteps(status, body, headers = {}) {
  const data = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const type = typeof body === "string" ? "text/html; charset=utf-8" : "application/json";
  return [
    { do: "head", status, headers: { "content-type": type, "content-length": data.length, ...headers } },
    { do: "write", data }
  ];
}

// sandbox/upstream/scenarios.ts
var text = () => ({ text: fixedText });
function textOver(name, about, wire) {
  return { name, about, say: text, wire: () => wire };
}
var errorMessages = {
  400: "The sandbox finds this request malformed.",
  401: "The sandbox does not accept this API key any more.",
  402: "The sandbox account has run out of credit.",
  403: "The sandbox does not serve your region.",
  404: "The sandbox model is gone, or was never yours.",
  408: "The sandbox got tired of waiting for the request.",
  413: "The sandbox finds the request too large.",
  422: "The sandbox understands the request and cannot follow it.",
  429: "The sandbox has seen too many requests; try again in two seconds.",
  500: "The sandbox had an error while it processed the request.",
  502: "The sandbox could not reach its own machines.",
  503: "The sandbox engine is overloaded.",
  529: "The sandbox is overloaded beyond the numbers of RFC 9110."
};
var errors = Object.entries(errorMessages).map(([status, message]) => ({
  name: `sandbox-error-${status}`,
  about: `HTTP ${status} with the vendor's error body${status === "429" ? ", which asks to wait 2 seconds" : ""}`,
  instead: ({ refuse: refuse2 }) => refuse2(Number(status), message)
}));
var scenarios = [
  { name: "sandbox-text", about: "A few fixed sentences: Chinese, English, emoji", say: text },
  { name: "sandbox-echo", about: "Repeats the last user message", say: echo },
  { name: "sandbox-tools", about: "Calls the first tool offered; answers in text after a tool result", say: (talk) => callTools(talk, 1), signed: true },
  { name: "sandbox-parallel-tools", about: "Calls two tools at once", say: (talk) => callTools(talk, 2), signed: true },
  { name: "sandbox-thinking-tools", about: "Reasoning first, then two calls at once, or an answer to their results", say: thinkAndCall, signed: true, thinks: true },
  { name: "sandbox-reasoning", about: "Reasoning first, then text; reports how much of it was reasoning", say: reason },
  { name: "sandbox-cached", about: "Half of the prompt is reported as read from a cache", say: text, cached: true },
  { name: "sandbox-long-<tokens>", examples: ["sandbox-long-1000"], about: "Exactly so many tokens, 200,000 at most", say: (_, [count = 0]) => ({ text: words("word", count) }) },
  { name: "sandbox-paced-<ms>-<count>", examples: ["sandbox-paced-50-20"], about: "So many chunks of content, one each so many milliseconds", say: (_, [, count = 0]) => ({ text: words("tick", count) }), wire: ([ms = 0]) => ({ everyMs: ms }) },
  { name: "sandbox-slow-headers-<ms>", examples: ["sandbox-slow-headers-2000"], about: "Headers come only after so many milliseconds", say: text, wire: ([ms = 0]) => ({ headersAfterMs: ms }) },
  textOver("sandbox-stall", "Headers and what comes before the first word, then silence for ever", { breaks: { at: "role", by: "silence" } }),
  textOver("sandbox-stall-mid", "Half of the content, then silence for ever", { breaks: { at: "middle", by: "silence" } }),
  ...errors,
  { name: "sandbox-html-502", about: "HTTP 502 with an HTML page", instead: () => answerSteps(502, "<!doctype html><title>502</title><h1>Bad gateway</h1><p>The sandbox plays a proxy with nothing behind it.") },
  { name: "sandbox-redirect", about: "HTTP 302 to another address, which must never be asked", instead: ({ origin }) => answerSteps(302, "", { location: `${origin}/upstream/elsewhere` }) },
  { name: "sandbox-reset", about: "The connection drops before any header", instead: () => [{ do: "reset" }] },
  textOver("sandbox-cut-before", "Headers and what comes before the first word, then the connection drops", { breaks: { at: "role", by: "cut" } }),
  textOver("sandbox-cut-mid", "Half of the content, then the connection drops", { breaks: { at: "middle", by: "cut" } }),
  textOver("sandbox-error-first", "HTTP 200 whose first frame is an error", { breaks: { at: "start", by: "error" } }),
  textOver("sandbox-error-mid", "An error frame after half of the content", { breaks: { at: "middle", by: "error" } }),
  textOver("sandbox-no-usage", "Never reports usage", { usage: () => void 0 }),
  textOver("sandbox-no-done", "A stream without [DONE] or message_stop", { done: false }),
  textOver("sandbox-usage-absurd", "Reports 1,000,000,000,000 tokens of output", { usage: (counts) => ({ ...counts, output: 1e12 }) }),
  textOver("sandbox-usage-negative", "Reports -50 tokens of output", { usage: (counts) => ({ ...counts, output: -50 }) }),
  textOver("sandbox-usage-string", "Reports its counts as strings", { usageAsStrings: true }),
  textOver("sandbox-usage-cached-over", "Reports more cached tokens than the prompt has", { usage: (counts) => ({ ...counts, cached: counts.input + 100 }) }),
  textOver("sandbox-usage-in-finish", "Usage only with the reason of the end, asked or not", { usageIn: "finish-chunk" }),
  textOver("sandbox-usage-cumulative", "Usage so far in every chunk of chat completions, asked or not", { usageIn: "every-chunk" }),
  textOver("sandbox-crlf", "CRLF line ends, comments between frames, event: and id: lines", { bytes: "crlf" }),
  { name: "sandbox-bytes", about: "One byte at a time: frames and characters split anywhere", say: () => ({ text: "\u4E00\u5B57\u4E00\u5B57\u5730\u6765 \u{1F30A}\u{1F469}\u200D\u{1F680} byte by byte" }), wire: () => ({ bytes: "one-by-one" }) },
  { name: "sandbox-big-frame", about: "One delta of 300 kB", say: () => ({ text: words("steam", 5e4), inOnePiece: true }) },
  { name: "sandbox-refusal", about: "A refusal in place of content", say: () => ({ refusal: "\u62B1\u6B49\uFF0Cthe sandbox would rather not say that \u{1F64F}." }) },
  { name: "sandbox-content-filter", about: "A few words, then a content filter ends it", say: () => ({ text: "\u8BDD\u8BF4\u5230\u4E00\u534A and then the filter", finish: "content_filter" }) },
  { name: "sandbox-empty", about: "No content, and usage nevertheless", say: () => ({}) },
  textOver("sandbox-badjson", "HTTP 200 with broken JSON, as a whole or in one frame", { breaks: { at: "middle", by: "bad-json" } }),
  { name: "sandbox-flaky-<n>", examples: ["sandbox-flaky-2"], about: "Fails with 500 the first n times, then works until cleared", say: text, failsFirst: true },
  { name: "sandbox-models-slash/like-this", about: "An id with a slash; the fixed sentences", say: text },
  {
    name: "sandbox-secretive-error",
    about: "HTTP 400 whose message gives away the base URL and the API key",
    instead: ({ address, apiKey, refuse: refuse2 }) => refuse2(400, `The request to ${address} with the key ${apiKey} was not understood.`)
  }
];
var patterns = scenarios.map((scenario) => ({
  scenario,
  pattern: new RegExp(`^${scenario.name.replace(/<\w+>/g, "(\\d{1,7})")}$`)
}));
function findScenario(model) {
  for (const { scenario, pattern } of patterns) {
    const match = pattern.exec(model);
    if (match) return { scenario, parameters: match.slice(1).map(Number) };
  }
  return void 0;
}
function listedModels() {
  return scenarios.flatMap(({ name, examples }) => examples ?? [name]);
}

// sandbox/front-page.ts
function row2(cells) {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}
function code(text2) {
  return `<code>${escapeHtml(text2)}</code>`;
}
var gatewayNames = { linuxdo: ["\u79EF\u5206", "LinuxDo Credit"], epay: ["\u5F69\u8679\u6613\u652F\u4ED8 v1", "generic EPay"] };
var gatewayPaths = { linuxdo: ["/epay/pay/submit.php", "/epay/api.php"], epay: ["/submit.php", "/api.php"] };
function gatewayRows({ profile: { kind }, base, pid, key }) {
  const [submit, api] = gatewayPaths[kind];
  const [chinese, english] = gatewayNames[kind];
  const addresses = [["\u63D0\u4EA4 \xB7 Submit", base + submit], ["\u67E5\u8BE2\u4E0E\u9000\u6B3E \xB7 API", base + api], ["PID", pid], ["Key", key], ["\u6545\u969C \xB7 Faults", `${base}/_faults`], ["\u8BA2\u5355 \xB7 Orders", `${base}/_orders`], ["\u901A\u77E5 \xB7 Notifies", `${base}/_notices`]];
  return `<p>${chinese} <span class="soft" lang="en">\xB7 ${english}</span></p>
<div class="card"><table>${addresses.map(([name = "", value = ""]) => row2([name, code(value)])).join("")}</table></div>`;
}
function frontPage(origin, connect, apiKeys, gateways) {
  const addresses = [
    ["\u6388\u6743 \xB7 Authorize", `${connect.base}/oauth2/authorize`],
    ["\u4EE4\u724C \xB7 Token", `${connect.base}/oauth2/token`],
    ["\u7528\u6237 \xB7 User", `${connect.base}/api/user`],
    ["\u53D1\u73B0 \xB7 Discovery", `${connect.base}/.well-known/openid-configuration`],
    ["\u6545\u969C \xB7 Faults", `${connect.base}/_faults`],
    ["Client ID", connect.clientId],
    ["Client Secret", connect.clientSecret],
    ["\u56DE\u8C03 \xB7 Redirect", connect.redirectUris.join(" ")]
  ];
  const users = connect.users.map((user) => row2([
    code(String(user.id)),
    escapeHtml(user.username),
    escapeHtml(user.about[0]),
    `<span lang="en">${escapeHtml(user.about[1])}</span>`
  ]));
  return page("Vapor sandbox", `
<h1>Vapor \u6C99\u76D2 <span class="soft" lang="en">sandbox</span></h1>
<p>\u5F00\u53D1\u548C\u6D4B\u8BD5\u7528\u7684\u5047\u670D\u52A1\uFF1A\u767B\u5F55\u3001\u652F\u4ED8\u548C\u6A21\u578B\u4E0A\u6E38\u3002\u53EA\u5728\u672C\u673A\uFF0C\u6CA1\u6709\u771F\u5B9E\u7684\u8D26\u53F7\u3001\u5BC6\u94A5\u548C\u94B1\u3002</p>
<p class="soft" lang="en">Fakes to develop and test against: sign-in, payment and a model upstream. Local only; no account, key or money here is real.</p>
<h2>\u767B\u5F55 <span class="soft" lang="en">\xB7 Sign-in (LinuxDo Connect)</span></h2>
<div class="card"><table>${addresses.map(([name = "", value = ""]) => row2([escapeHtml(name), code(value)])).join("")}</table></div>
<div class="card"><table>${users.join("")}</table></div>
<p class="soft">\u5728\u6388\u6743\u5730\u5740\u52A0\u4E0A <code>login_hint=UID</code> \u53EF\u8DF3\u8FC7\u9009\u62E9\u9875\u3002<span lang="en">Add <code>login_hint=UID</code> to the authorize address to skip the page.</span></p>
<h2>\u652F\u4ED8 <span class="soft" lang="en">\xB7 Payment (EPay)</span></h2>
${gateways.map(gatewayRows).join("")}
<h2>\u4E0A\u6E38 <span class="soft" lang="en">\xB7 Upstream (four dialects)</span></h2>
<div class="card"><table>
${row2(["OpenAI Chat", code(`${origin}/upstream/openai/v1`)])}
${row2(["OpenAI Responses", code(`${origin}/upstream/openai-responses/v1`)])}
${row2(["Anthropic", code(`${origin}/upstream/anthropic/v1`)])}
${row2(["Gemini", code(`${origin}/upstream/gemini/v1beta`)])}
${row2(["\u5BC6\u94A5 \xB7 API keys", apiKeys.map(code).join(" ")])}
${row2(["\u8BF7\u6C42\u8BB0\u5F55 \xB7 Requests", code(`${origin}/upstream/_requests`)])}
</table></div>
<p>\u6A21\u578B\u540D\u51B3\u5B9A\u5B83\u7684\u884C\u4E3A\u3002<span class="soft" lang="en">The name of the model decides what happens.</span></p>
<div class="card" lang="en"><table>${scenarios.map(({ name, about }) => row2([code(name), escapeHtml(about)])).join("")}</table></div>
`);
}

// sandbox/upstream/requests.ts
var requestsAtMost = 1e3;
var bytesAtMost = 64 * 1024 * 1024;
function createRequestLog() {
  let requests = [];
  return {
    add(request2) {
      requests.push(request2);
      let bytes = requests.reduce((sum, { body }) => sum + body.length, 0);
      while (requests.length > requestsAtMost || bytes > bytesAtMost && requests.length > 1) {
        bytes -= requests.shift()?.body.length ?? 0;
      }
    },
    /** A copy of the list; the entries are the live ones. */
    all: () => [...requests],
    clear() {
      requests = [];
    }
  };
}

// sandbox/upstream/anthropic/errors.ts
var types = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  408: "timeout_error",
  413: "request_too_large",
  422: "invalid_request_error",
  429: "rate_limit_error",
  529: "overloaded_error"
};
function anthropicError(status, message, requestId) {
  return { type: "error", error: { type: types[status] ?? "api_error", message }, request_id: requestId };
}
function refuseAsAnthropic(requestId) {
  return (status, message) => {
    return answerSteps(status, anthropicError(status, message, requestId), status === 429 ? { "retry-after": "2" } : {});
  };
}

// sandbox/upstream/models.ts
function pageOf(all, idOf, after, limit) {
  const start = after === null ? 0 : all.findIndex((entry) => idOf(entry) === after) + 1;
  const page2 = all.slice(start, start + limit);
  return { page: page2, more: start + limit < all.length };
}

// sandbox/upstream/player.ts
import { setTimeout as sleep2 } from "node:timers/promises";
var longestWaitMs = 864e5;
async function play(steps, { response, gone }, record) {
  for (const step of steps) {
    if (gone.aborted) return;
    switch (step.do) {
      case "head":
        response.writeHead(step.status, step.headers);
        response.flushHeaders();
        break;
      case "write":
        await written(response, step.data);
        record.chunks++;
        break;
      case "wait":
        if (step.ms > 0) await sleep2(Math.min(step.ms, longestWaitMs), void 0, { signal: gone }).catch(() => void 0);
        break;
      case "silence":
        return;
      case "cut":
        await flushed(response);
        if (!gone.aborted) record.closed = "finished";
        response.destroy();
        return;
      case "reset":
        record.closed = "finished";
        response.socket?.resetAndDestroy();
        return;
    }
  }
  if (!gone.aborted) response.end();
}
function written(response, data) {
  return new Promise((resolve) => response.write(data, () => resolve()));
}
function flushed({ socket }) {
  return new Promise((resolve) => socket && !socket.destroyed ? socket.write("", () => resolve()) : resolve());
}

// sandbox/upstream/reply.ts
import { createHash as createHash3 } from "node:crypto";

// sandbox/upstream/tokens.ts
import { countTokens, decodeGenerator, encode as encode2 } from "gpt-tokenizer/encoding/o200k_base";
var asPlainText = { disallowedSpecial: /* @__PURE__ */ new Set() };
function tokensIn(text2) {
  return text2 === "" ? 0 : countTokens(text2, asPlainText);
}
function piecesOf(text2) {
  return text2 === "" ? [] : [...decodeGenerator(encode2(text2, asPlainText))];
}
function cutToTokens(text2, limit) {
  if (limit <= 0) return "";
  const pieces = piecesOf(text2);
  const beginning = (count) => pieces.slice(0, count).join("");
  let low = 0;
  let high = Math.min(limit, pieces.length);
  if (tokensIn(beginning(high)) <= limit) return beginning(high);
  while (high - low > 1) {
    const middle = low + high >> 1;
    if (tokensIn(beginning(middle)) <= limit) low = middle;
    else high = middle;
  }
  return beginning(low);
}

// sandbox/upstream/reply.ts
function replyWith({ scenario, parameters }, talk) {
  const said = scenario.say?.(talk, parameters) ?? {};
  const draft = talk.thinks ? said : { ...said, reasoning: "" };
  const cut = cutDraft(draft, talk.maxTokens ?? Number.MAX_SAFE_INTEGER);
  const promptTokens = promptTokensOf(talk.turns);
  return {
    text: cut.text,
    reasoning: cut.reasoning,
    refusal: cut.refusal,
    toolCalls: cut.toolCalls.map((call, index) => ({
      id: toolCallId(talk, index),
      type: "function",
      function: { name: call.name, arguments: call.arguments }
    })),
    finishReason: cut.short ? "length" : draft.finish ?? (cut.toolCalls.length > 0 ? "tool_calls" : "stop"),
    inOnePiece: draft.inOnePiece ?? false,
    choices: talk.choices,
    promptTokens,
    cachedTokens: scenario.cached === true ? Math.floor(promptTokens / 2) : 0,
    completionTokens: cut.tokens * talk.choices,
    reasoningTokens: tokensIn(cut.reasoning) * talk.choices
  };
}
function promptTokensOf(turns) {
  return turns.reduce((sum, { text: text2 }) => sum + tokensIn(text2) + 4, 3);
}
function splitFor(reply, text2) {
  return reply.inOnePiece && text2 !== "" ? [text2] : piecesOf(text2);
}
function cutDraft(draft, limit) {
  let tokens = 0;
  let short = false;
  const take = (whole = "") => {
    const count = tokensIn(whole);
    if (count <= limit - tokens) {
      tokens += count;
      return whole;
    }
    short = true;
    const part = cutToTokens(whole, limit - tokens);
    tokens += tokensIn(part);
    return part;
  };
  const reasoning = take(draft.reasoning);
  const refusal2 = take(draft.refusal);
  const text2 = take(draft.text);
  const toolCalls = (draft.toolCalls ?? []).flatMap((call) => {
    const name = short ? "" : take(call.name);
    return name === call.name ? [{ name, arguments: take(call.arguments) }] : [];
  });
  return { reasoning, refusal: refusal2, text: text2, toolCalls, tokens, short };
}
function toolCallId({ model, turns }, index) {
  const seed = `${model} ${turns.length} ${index}`;
  return `call_${createHash3("sha256").update(seed).digest("hex").slice(0, 24)}`;
}

// sandbox/upstream/script.ts
var eventFraming = {
  type: "text/event-stream; charset=utf-8",
  frame: ({ event, data }, crlf) => crlf ? `: keep-alive\r
\r
event: ${event ?? "message"}\r
id: 1\r
data:${data}\r
\r
` : `${event === void 0 ? "" : `event: ${event}
`}data: ${data}

`
};
function* wholeSteps(wire, pieces, body, failure) {
  const pauses = wire.everyMs === void 0 ? 0 : wire.everyMs * pieces;
  yield { do: "wait", ms: (wire.headersAfterMs ?? 0) + pauses };
  const bytes = Buffer.from(JSON.stringify(wire.breaks?.by === "error" ? failure : body));
  const by = wire.breaks?.by;
  const half = bytes.subarray(0, bytes.length >> 1);
  const promised = by === "bad-json" ? half : bytes;
  yield { do: "head", status: 200, headers: { "content-type": "application/json", "content-length": promised.length } };
  if (by === "silence" || by === "cut") {
    if (wire.breaks?.at === "middle") yield { do: "write", data: half };
    yield { do: by };
    return;
  }
  yield* inBytes([{ do: "write", data: promised }], wire);
}
function* streamSteps(script, wire, framing = eventFraming) {
  yield { do: "wait", ms: wire.headersAfterMs ?? 0 };
  yield { do: "head", status: 200, headers: { "content-type": framing.type, "cache-control": "no-cache" } };
  yield* inBytes(framed(eventSteps(script, wire), wire, framing), wire);
}
function* framed(acts, wire, framing) {
  const { first = "", last = "", between = "" } = framing;
  let before = first;
  for (const act2 of acts) {
    if (act2.do !== "frame") {
      yield act2;
      if (act2.do === "cut" || act2.do === "silence") return;
      continue;
    }
    yield { do: "write", data: before + framing.frame(act2.frame, wire.bytes === "crlf") };
    before = between;
  }
  const end = (before === first ? first : "") + last;
  if (end !== "") yield { do: "write", data: end };
}
function* eventSteps(script, wire) {
  const at2 = wire.breaks?.at;
  if (at2 === "start" && (yield* breakOff(script, wire))) return;
  yield* asActs(script.opening());
  if (at2 === "role" && (yield* breakOff(script, wire))) return;
  const middle = Math.ceil(script.pieces / 2);
  let place2 = 0;
  for (const frames of script.content()) {
    if (wire.everyMs !== void 0) yield { do: "wait", ms: wire.everyMs };
    yield* asActs(frames);
    if (++place2 === middle && at2 === "middle" && (yield* breakOff(script, wire))) return;
  }
  yield* asActs(script.closing());
}
function* asActs(frames) {
  for (const frame2 of frames) yield { do: "frame", frame: frame2 };
}
function* breakOff(script, wire) {
  switch (wire.breaks?.by) {
    case "silence":
    case "cut":
      yield { do: wire.breaks.by };
      return true;
    case "error":
      yield* asActs(script.failure());
      return true;
    case "bad-json":
      yield* asActs([script.broken]);
      return false;
    default:
      return false;
  }
}
var singleBytesAtMost = 16384;
function* inBytes(steps, wire) {
  let sent = 0;
  for (const step of steps) {
    if (wire.bytes !== "one-by-one" || step.do !== "write" || sent >= singleBytesAtMost) {
      yield step;
      continue;
    }
    const bytes = Buffer.from(step.data);
    for (let at2 = 0; at2 < bytes.length; at2++) yield { do: "write", data: bytes.subarray(at2, at2 + 1) };
    sent += bytes.length;
  }
}

// sandbox/upstream/vendor.ts
import { createHmac } from "node:crypto";
function playScenario(context, asked, found, reply) {
  const { scenario, parameters } = found;
  if (scenario.failsFirst) {
    const key = `${asked.vendor} ${asked.model}`;
    const attempt = (context.attempts.get(key) ?? 0) + 1;
    context.attempts.set(key, attempt);
    if (attempt <= (parameters[0] ?? 0)) return asked.refuse(500, "The sandbox has not warmed up yet.");
  }
  if (!scenario.instead) return reply();
  return scenario.instead({
    origin: context.origin,
    address: context.origin + asked.record.path,
    apiKey: asked.apiKey,
    refuse: asked.refuse
  });
}
function readJson(bytes) {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return void 0;
  }
}
function decoded(text2) {
  try {
    return decodeURIComponent(text2);
  } catch {
    return text2;
  }
}
function sign(purpose, content) {
  return `sandbox${createHmac("sha256", "vapor-sandbox").update(`${purpose}
${content}`).digest("base64")}`;
}

// sandbox/upstream/anthropic/reply.ts
function talkOfAnthropic(body) {
  const choice = isRecord(body["tool_choice"]) ? body["tool_choice"] : {};
  const system = textOfContent(body["system"]);
  const name = choice["name"];
  const tools = Array.isArray(body["tools"]) ? body["tools"] : [];
  return {
    model: body.model,
    turns: [...system === "" ? [] : [{ role: "system", text: system }], ...body.messages.flatMap(turnsOf)],
    tools: tools.filter(isRecord).map((tool) => ({ name: String(tool["name"]), parameters: tool["input_schema"] })),
    ...choice["type"] === "none" && { chosenTool: null },
    ...typeof name === "string" && { chosenTool: name },
    parallel: choice["disable_parallel_tool_use"] !== true,
    thinks: !(isRecord(body["thinking"]) && body["thinking"]["type"] === "disabled"),
    ...typeof body["max_tokens"] === "number" && { maxTokens: body["max_tokens"] },
    choices: 1
  };
}
function turnsOf({ role, content }) {
  const blocks = blocksOf(content);
  const results = blocks.filter(({ type }) => type === "tool_result");
  const text2 = blocks.map(({ type, text: text3 }) => type === "text" && typeof text3 === "string" ? text3 : "").join("");
  const own = { role: role === "assistant" ? "assistant" : "user", text: text2 };
  const tools = results.map((block) => ({ role: "tool", text: textOfContent(block["content"]) }));
  return tools.length > 0 && blocks.length === results.length ? tools : [...tools, own];
}
function blocksOf(content) {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? content.filter(isRecord) : [];
}

// sandbox/upstream/anthropic/messages.ts
var blockFields = {
  text: ["text", "citations", "cache_control"],
  image: ["source", "cache_control"],
  document: ["source", "title", "context", "citations", "cache_control"],
  tool_use: ["id", "name", "input", "caller", "cache_control"],
  tool_result: ["tool_use_id", "content", "is_error", "cache_control"],
  thinking: ["thinking", "signature"],
  redacted_thinking: ["data"]
};
var uncheckedBlocks = /* @__PURE__ */ new Set([
  "search_result",
  "server_tool_use",
  "web_search_tool_result",
  "web_fetch_tool_result",
  "code_execution_tool_result",
  "container_upload",
  "mcp_tool_use",
  "mcp_tool_result"
]);
var pictures = ["image/jpeg", "image/png", "image/gif", "image/webp"];
function thinkingSignature(thinking) {
  return sign("anthropic thinking", thinking);
}
function problemInMessages(messages) {
  if (!Array.isArray(messages)) return "messages: Input should be a valid list";
  if (messages.length === 0) return "messages: at least one message is required";
  for (const [index, message] of messages.entries()) {
    const problem2 = problemInMessage(message, `messages.${index}`, index === messages.length - 1);
    if (problem2 !== void 0) return problem2;
  }
  const checked = messages.filter(isRecord);
  if (checked[0]?.["role"] !== "user") return 'messages: first message must use the "user" role';
  return problemInToolLoop(checked) ?? problemInPrefill(checked);
}
function problemInMessage(message, path, last) {
  if (!isRecord(message)) return `${path}: Input should be an object`;
  const extra = Object.keys(message).find((name) => name !== "role" && name !== "content");
  if (extra !== void 0) return `${path}.${extra}: Extra inputs are not permitted`;
  const { role, content } = message;
  if (role === "system") {
    return 'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.';
  }
  if (role !== "user" && role !== "assistant") return `messages: Unexpected role "${String(role)}". Allowed roles are "user" or "assistant".`;
  if (content === void 0) return `${path}.content: Field required`;
  if (content === "" || Array.isArray(content) && content.length === 0) {
    return last && role === "assistant" ? void 0 : `${path}: all messages must have non-empty content except for the optional final assistant message`;
  }
  if (typeof content === "string") return void 0;
  if (!Array.isArray(content)) return `${path}.content: Input should be a valid list`;
  for (const [index, block] of content.entries()) {
    const problem2 = problemInBlock(block, `${path}.content.${index}`, role);
    if (problem2 !== void 0) return problem2;
  }
  return void 0;
}
function problemInBlock(block, path, role) {
  if (!isRecord(block)) return `${path}: Input should be an object`;
  const type = String(block["type"]);
  const known = blockFields[type];
  if (uncheckedBlocks.has(type)) return void 0;
  if (!known) {
    const tags = [...Object.keys(blockFields), ...uncheckedBlocks].toSorted().map((tag) => `'${tag}'`).join(", ");
    return `${path}: Input tag '${type}' found using 'type' does not match any of the expected tags: ${tags}`;
  }
  const extra = Object.keys(block).find((name) => name !== "type" && !known.includes(name));
  if (extra !== void 0) return `${path}.${type}.${extra}: Extra inputs are not permitted`;
  if (type === "tool_result" && role !== "user") return `${path}: \`tool_result\` blocks can only be in \`user\` messages`;
  if (/^(?:tool_use|thinking|redacted_thinking)$/.test(type) && role !== "assistant") return `${path}: \`${type}\` blocks can only be in \`assistant\` messages`;
  return problemInside(type, block, path);
}
function problemInside(type, block, path) {
  const { text: text2, id, name, input, source, thinking, signature, tool_use_id: answered, content } = block;
  switch (type) {
    case "text":
      if (typeof text2 !== "string") return `${path}.text.text: Field required`;
      return text2 === "" ? "messages: text content blocks must be non-empty" : void 0;
    case "image":
      return isRecord(source) && source["type"] === "base64" && !pictures.includes(String(source["media_type"])) ? `${path}.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'` : void 0;
    case "tool_use":
      if (typeof id !== "string" || !/^[\w-]+$/.test(id)) return `${path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`;
      if (typeof name !== "string") return `${path}.tool_use.name: Field required`;
      return isRecord(input) ? void 0 : `${path}.tool_use.input: Input should be a valid dictionary`;
    case "tool_result":
      if (typeof answered !== "string") return `${path}.tool_result.tool_use_id: Field required`;
      return Array.isArray(content) && content.some((part) => isRecord(part) && part["text"] === "") ? "messages: text content blocks must be non-empty" : void 0;
    case "thinking":
      if (typeof thinking !== "string") return `${path}.thinking.thinking: Field required`;
      if (typeof signature !== "string") return `${path}.thinking.signature: Field required`;
      return signature === thinkingSignature(thinking) ? void 0 : `${path}: Invalid \`signature\` in \`thinking\` block`;
    case "redacted_thinking":
      return `${path}: Invalid \`data\` in \`redacted_thinking\` block`;
    default:
      return void 0;
  }
}
function problemInToolLoop(messages) {
  const idsOf = (message, type, field) => blocksOf(message?.["content"]).filter((block) => block["type"] === type).map((block) => block[field]);
  const calls = messages.flatMap((message) => idsOf(message, "tool_use", "id"));
  if (new Set(calls).size < calls.length) return "messages: `tool_use` ids must be unique";
  for (const [index, message] of messages.entries()) {
    const blocks = blocksOf(message["content"]);
    const called = idsOf(messages[index - 1], "tool_use", "id");
    for (const [place2, block] of blocks.entries()) {
      const id = block["tool_use_id"];
      if (block["type"] === "tool_result" && !called.includes(id)) {
        return `messages.${index}.content.${place2}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(id)}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`;
      }
    }
    const first = blocks.findIndex(({ type }) => type !== "tool_result");
    const answered = blocks.slice(0, first < 0 ? blocks.length : first).map((block) => block["tool_use_id"]);
    if (new Set(answered).size < answered.length) return `messages.${index}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with one id.`;
    const open2 = called.filter((id) => !answered.includes(id));
    if (open2.length > 0) return unanswered(index - 1, open2);
  }
  const open = idsOf(messages.at(-1), "tool_use", "id");
  return open.length > 0 ? unanswered(messages.length - 1, open) : void 0;
}
function unanswered(index, ids) {
  return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
}
function problemInThoughts(thinking, messages) {
  if (!isRecord(thinking) || thinking["type"] !== "enabled") return void 0;
  const at2 = messages.findLastIndex(({ role }) => role === "assistant");
  const first = blocksOf(messages[at2]?.["content"])[0]?.["type"];
  const isRunning = at2 >= 0 && at2 === messages.length - 2 && blocksOf(messages[at2 + 1]?.["content"]).every(({ type }) => type === "tool_result");
  if (!isRunning || first === "thinking" || first === "redacted_thinking") return void 0;
  return `messages.${at2}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${String(first)}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks).`;
}
function problemInPrefill(messages) {
  const last = messages.at(-1);
  const text2 = last?.["role"] === "assistant" ? blocksOf(last["content"]).at(-1)?.["text"] : void 0;
  return typeof text2 === "string" && /\s$/.test(text2) ? "messages: final assistant content cannot end with trailing whitespace" : void 0;
}

// sandbox/upstream/anthropic/body.ts
var fields = /* @__PURE__ */ new Set([
  "model",
  "messages",
  "max_tokens",
  "cache_control",
  "container",
  "inference_geo",
  "metadata",
  "output_config",
  "service_tier",
  "stop_sequences",
  "stream",
  "system",
  "temperature",
  "thinking",
  "tool_choice",
  "tools",
  "top_k",
  "top_p"
]);
var betaFields = /* @__PURE__ */ new Set(["context_management", "mcp_servers", "output_format", "speed", "diagnostics", "fallbacks"]);
var countedFields = /* @__PURE__ */ new Set(["model", "messages", "cache_control", "output_config", "system", "thinking", "tool_choice", "tools"]);
var toolFields = /* @__PURE__ */ new Set([
  "type",
  "name",
  "description",
  "input_schema",
  "cache_control",
  "strict",
  "eager_input_streaming",
  "defer_loading",
  "allowed_callers",
  "input_examples"
]);
function parseAnthropicBody(value, asking) {
  if (!isRecord(value)) return { problem: "The request body is not valid JSON: it has to be an object." };
  const problem2 = problemIn(value, asking);
  return problem2 === void 0 ? { body: value } : { problem: problem2 };
}
function problemIn(body, { counting, beta }) {
  const known = counting ? countedFields : fields;
  const extra = Object.keys(body).find((name) => !known.has(name) && !(beta && betaFields.has(name)));
  if (extra !== void 0) return `${extra}: Extra inputs are not permitted`;
  const missing2 = ["model", "messages", ...counting ? [] : ["max_tokens"]].find((name) => body[name] === void 0);
  if (missing2 !== void 0) return `${missing2}: Field required`;
  if (typeof body["model"] !== "string") return "model: Input should be a valid string";
  return (counting ? void 0 : problemInSampling(body)) ?? problemInTools(body) ?? problemInThinking(body) ?? problemInSystem(body) ?? problemInMessages(body["messages"]) ?? problemInCacheHints(body);
}
function problemInSampling(body) {
  const { max_tokens: limit, temperature, top_p: topP, stop_sequences: stops, metadata } = body;
  if (!Number.isInteger(limit)) return "max_tokens: Input should be a valid integer";
  if (Number(limit) < 1) return "max_tokens: Input should be greater than or equal to 1";
  if (temperature != null && !inUnitRange(temperature)) return "temperature: range: 0..1";
  if (topP != null && !inUnitRange(topP)) return "top_p: range: 0..1";
  if (temperature != null && topP != null) return "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
  if (stops != null) {
    if (!Array.isArray(stops)) return "stop_sequences: Input should be a valid list";
    if (stops.some((stop) => typeof stop !== "string" || stop.trim() === "")) return "stop_sequences: each stop sequence must contain non-whitespace";
  }
  const extra = isRecord(metadata) ? Object.keys(metadata).find((name) => name !== "user_id") : void 0;
  if (extra !== void 0) return `metadata.${extra}: Extra inputs are not permitted`;
  return body["stream"] === void 0 || typeof body["stream"] === "boolean" ? void 0 : "stream: Input should be a valid boolean";
}
function inUnitRange(value) {
  return typeof value === "number" && value >= 0 && value <= 1;
}
function problemInTools({ tools = [], tool_choice: choice }) {
  if (!Array.isArray(tools)) return "tools: Input should be a valid list";
  for (const [index, tool] of tools.entries()) {
    const problem2 = problemInTool(tool, `tools.${index}`);
    if (problem2 !== void 0) return problem2;
  }
  const names3 = tools.filter(isRecord).map(({ name: name2 }) => name2);
  if (new Set(names3).size < names3.length) return "tools: Tool names must be unique.";
  if (choice == null) return void 0;
  if (!isRecord(choice)) return "tool_choice: Input should be an object";
  const { type, name } = choice;
  if (!["auto", "any", "tool", "none"].includes(String(type))) {
    return `tool_choice: Input tag '${String(type)}' found using 'type' does not match any of the expected tags: 'any', 'auto', 'none', 'tool'`;
  }
  if (tools.length === 0) return "tool_choice may only be specified while providing tools.";
  return type === "tool" && !names3.includes(name) ? `Tool '${String(name)}' not found in provided tools` : void 0;
}
function problemInTool(tool, path) {
  if (!isRecord(tool)) return `${path}: Input should be an object`;
  if (tool["type"] != null && tool["type"] !== "custom") {
    return tool["type"] === "function" ? `${path}: Input tag 'function' found using 'type' does not match any of the expected tags: 'bash_20250124', 'custom', 'text_editor_20250124', 'web_search_20250305'` : void 0;
  }
  const at2 = `${path}.custom`;
  const extra = Object.keys(tool).find((name2) => !toolFields.has(name2));
  if (extra !== void 0) return `${at2}.${extra}: Extra inputs are not permitted`;
  const { name, input_schema: schema } = tool;
  if (name === void 0) return `${at2}.name: Field required`;
  if (typeof name !== "string" || !/^[\w-]{1,128}$/.test(name)) return `${at2}.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`;
  if (schema === void 0) return `${at2}.input_schema: Field required`;
  if (!isRecord(schema)) return `${at2}.input_schema: Input should be an object`;
  if (schema["type"] === void 0) return `${at2}.input_schema.type: Field required`;
  return schema["type"] === "object" ? void 0 : `${at2}.input_schema.type: Input should be 'object'`;
}
function problemInThinking(body) {
  const { thinking, temperature, tool_choice: choice, max_tokens: limit } = body;
  if (thinking == null) return void 0;
  if (!isRecord(thinking)) return "thinking: Input should be an object";
  const { type, budget_tokens: budget } = thinking;
  if (type === "disabled") return void 0;
  if (type !== "enabled" && type !== "adaptive") {
    return `thinking: Input tag '${String(type)}' found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'`;
  }
  if (type === "enabled") {
    if (budget === void 0) return "thinking.enabled.budget_tokens: Field required";
    if (typeof budget !== "number" || budget < 1024) return "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
    if (typeof limit === "number" && limit <= budget) return "`max_tokens` must be greater than `thinking.budget_tokens`.";
  }
  if (type === "adaptive" && budget !== void 0) return "thinking.adaptive.budget_tokens: Extra inputs are not permitted";
  if (temperature != null && temperature !== 1) return "`temperature` may only be set to 1 when thinking is enabled.";
  if (body["top_k"] != null) return "`top_k` must be unset when thinking is enabled.";
  return isRecord(choice) && (choice["type"] === "any" || choice["type"] === "tool") ? "Thinking may not be enabled when tool_choice forces tool use." : void 0;
}
function problemInSystem({ system }) {
  if (system == null || typeof system === "string") return void 0;
  if (!Array.isArray(system)) return "system: Input should be a valid list";
  const wrong = system.findIndex((block) => !isRecord(block) || block["type"] !== "text" || typeof block["text"] !== "string");
  if (wrong >= 0) return `system.${wrong}.type: Input should be 'text'`;
  return system.some((block) => isRecord(block) && block["text"] === "") ? "system: text content blocks must be non-empty" : void 0;
}
function problemInCacheHints(body) {
  const messages = Array.isArray(body["messages"]) ? body["messages"] : [];
  const lists = [body["tools"], body["system"], ...messages.map((message) => isRecord(message) ? blocksOf(message["content"]) : [])];
  const marks = lists.flatMap((list) => Array.isArray(list) ? list : []).filter((block) => isRecord(block) && block["cache_control"] != null);
  return marks.length > 4 ? `A maximum of 4 blocks with cache_control may be provided. Found ${marks.length}.` : void 0;
}

// sandbox/upstream/counts.ts
function countsOf(reply) {
  return {
    input: reply.promptTokens,
    cached: reply.cachedTokens,
    output: reply.completionTokens,
    reasoning: reply.reasoningTokens
  };
}
function countsSoFar(counts, output) {
  return { ...counts, output: Math.min(output, counts.output), reasoning: Math.min(counts.reasoning, output) };
}
function asStrings(usage, names3) {
  return Object.fromEntries(Object.entries(usage).map(([name, value]) => [name, names3.includes(name) ? String(value) : value]));
}

// sandbox/upstream/anthropic/usage.ts
function usageOfAnthropic({ input, cached, output, reasoning }) {
  return {
    input_tokens: Math.max(0, input - cached),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    ...reasoning > 0 && { output_tokens_details: { thinking_tokens: reasoning } },
    service_tier: "standard"
  };
}
function reportedAnthropicUsage(reply, wire) {
  const honest = countsOf(reply);
  const counts = wire.usage ? wire.usage(honest) : honest;
  if (!counts) return void 0;
  const usage = usageOfAnthropic(counts);
  return wire.usageAsStrings ? asStrings(usage, ["input_tokens", "output_tokens", "cache_read_input_tokens"]) : usage;
}
function startingUsage(reply, wire) {
  const honest = countsOf(reply);
  if (wire.usageIn === "finish-chunk") return usageOfAnthropic({ input: 0, cached: 0, output: 0, reasoning: 0 });
  const reported = reportedAnthropicUsage(reply, wire);
  return reported && { ...reported, output_tokens: Math.min(1, honest.output), output_tokens_details: void 0 };
}

// sandbox/upstream/anthropic/script.ts
function blocksOfReply(reply, hidesThoughts) {
  const blocks = [];
  if (reply.reasoning !== "") {
    const thinking = hidesThoughts ? "" : reply.reasoning;
    const signature = thinkingSignature(thinking);
    blocks.push({
      start: { type: "thinking", thinking: "", signature: "" },
      deltas: [...splitFor(reply, thinking).map((piece) => ({ type: "thinking_delta", thinking: piece })), { type: "signature_delta", signature }],
      whole: { type: "thinking", thinking, signature }
    });
  }
  if (reply.text !== "") {
    blocks.push({
      start: { type: "text", text: "" },
      deltas: splitFor(reply, reply.text).map((text2) => ({ type: "text_delta", text: text2 })),
      whole: { type: "text", text: reply.text }
    });
  }
  return [...blocks, ...reply.toolCalls.map((call) => callBlock(reply, call))];
}
function callBlock(reply, { id, function: { name, arguments: json } }) {
  const call = { type: "tool_use", id: id.replace("call_", "toolu_"), name };
  const pieces = ["", ...json === "{}" ? [] : splitFor(reply, json)];
  return {
    start: { ...call, input: {} },
    deltas: pieces.map((partial) => ({ type: "input_json_delta", partial_json: partial })),
    whole: { ...call, input: parsedOrEmpty(json) }
  };
}
function parsedOrEmpty(json) {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}
var stopReasons = { stop: "end_turn", length: "max_tokens", tool_calls: "tool_use", content_filter: "refusal" };
function ending(reply) {
  const refused = reply.refusal !== "" || reply.finishReason === "content_filter";
  return {
    stop_reason: reply.refusal === "" ? stopReasons[reply.finishReason] : "refusal",
    stop_sequence: null,
    stop_details: refused ? { type: "refusal", category: null, explanation: reply.refusal === "" ? null : reply.refusal } : null
  };
}
function wholeMessage(identity, reply, wire) {
  const content = blocksOfReply(reply, identity.hidesThoughts).map(({ whole }) => whole);
  return { ...head(identity), content, ...ending(reply), usage: reportedAnthropicUsage(reply, wire) };
}
function head({ id, model }) {
  return { model, id, type: "message", role: "assistant" };
}
function piecesOfMessage(identity, reply) {
  return blocksOfReply(reply, identity.hidesThoughts).reduce((sum, { deltas }) => sum + deltas.length, 0);
}
function messageScript(identity, reply, wire) {
  const blocks = blocksOfReply(reply, identity.hidesThoughts);
  const nothing = { stop_reason: null, stop_sequence: null, stop_details: null };
  return {
    opening: () => [frame("message_start", { message: { ...head(identity), content: [], ...nothing, usage: startingUsage(reply, wire) } })],
    pieces: blocks.reduce((sum, { deltas }) => sum + deltas.length, 0),
    *content() {
      for (const [index, { start, deltas }] of blocks.entries()) {
        for (const [place2, delta] of deltas.entries()) {
          yield [
            ...place2 === 0 ? [frame("content_block_start", { index, content_block: start })] : [],
            ...place2 === 0 && index === 0 ? [frame("ping", {})] : [],
            frame("content_block_delta", { index, delta }),
            ...place2 === deltas.length - 1 ? [frame("content_block_stop", { index })] : []
          ];
        }
      }
    },
    *closing() {
      const usage = reportedAnthropicUsage(reply, wire);
      yield frame("message_delta", { delta: ending(reply), usage: usage && { ...usage, cache_creation: void 0, service_tier: void 0 } });
      if (wire.done !== false) yield frame("message_stop", {});
    },
    failure: () => [{ event: "error", data: JSON.stringify(midwayError(identity)) }],
    broken: { event: "content_block_delta", data: '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"half a fr' }
  };
}
function midwayError({ requestId }) {
  return anthropicError(529, "The sandbox broke down while it was answering.", requestId);
}
function frame(type, rest) {
  return { event: type, data: JSON.stringify({ type, ...rest }) };
}

// sandbox/upstream/anthropic/anthropic.ts
var versions = ["2023-01-01", "2023-06-01", "2026-10-21"];
async function handleAnthropic(context, exchange, record, path) {
  const requestId = `req_sandbox_${++context.answers}`;
  exchange.response.setHeader("request-id", requestId);
  await play(stepsFor(context, record, path, exchange.url.searchParams, requestId), exchange, record);
}
function stepsFor(context, record, path, query, requestId) {
  const refuse2 = refuseAsAnthropic(requestId);
  const { "x-api-key": header, "authorization": authorization, "anthropic-version": version } = record.headers;
  const bearer = /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  const apiKey = typeof header === "string" ? header : bearer;
  if (apiKey === void 0) return refuse2(401, "x-api-key header is required");
  if (!context.apiKeys.includes(apiKey)) return refuse2(401, header === void 0 ? "Invalid bearer token" : "invalid x-api-key");
  if (version === void 0) return refuse2(400, "anthropic-version: header is required");
  if (!versions.includes(String(version))) return refuse2(400, `anthropic-version: "${String(version)}" is not a valid version`);
  const route2 = `${record.method} ${path}`;
  if (route2 === "POST /messages") return messageSteps(context, record, apiKey, requestId);
  if (route2 === "POST /messages/count_tokens") return countSteps(record, refuse2);
  if (route2 === "GET /models") return listSteps(query);
  if (record.method === "GET" && path.startsWith("/models/")) return modelSteps(decoded(path.slice("/models/".length)), refuse2);
  return /^\/(?:messages(?:\/count_tokens)?|models)$/.test(path) ? refuse2(405, "Method Not Allowed") : refuse2(404, "Not Found");
}
function describe(id) {
  return { type: "model", id, display_name: id, created_at: "2026-01-01T00:00:00Z" };
}
function listSteps(query) {
  const { page: page2, more } = pageOf(listedModels(), (id) => id, query.get("after_id"), Number(query.get("limit") ?? 20));
  return answerSteps(200, { data: page2.map(describe), has_more: more, first_id: page2[0] ?? null, last_id: page2.at(-1) ?? null });
}
function modelSteps(id, refuse2) {
  return findScenario(id) ? answerSteps(200, describe(id)) : refuse2(404, `model: ${id}`);
}
function readBody2(record, counting, refuse2) {
  const json = readJson(record.body);
  if (json === void 0) return { refusal: refuse2(400, "The request body is not valid JSON: it could not be read.") };
  const parsed2 = parseAnthropicBody(json, { counting, beta: record.headers["anthropic-beta"] !== void 0 });
  if ("problem" in parsed2) return { refusal: refuse2(400, parsed2.problem) };
  const found = findScenario(parsed2.body.model);
  if (!found) return { refusal: refuse2(404, `model: ${parsed2.body.model}`) };
  const problem2 = found.scenario.thinks ? problemInThoughts(parsed2.body["thinking"], parsed2.body.messages) : void 0;
  return problem2 === void 0 ? { body: parsed2.body, found } : { refusal: refuse2(400, problem2) };
}
function countSteps(record, refuse2) {
  const read = readBody2(record, true, refuse2);
  return "refusal" in read ? read.refusal : answerSteps(200, { input_tokens: promptTokensOf(talkOfAnthropic(read.body).turns) });
}
function messageSteps(context, record, apiKey, requestId) {
  const refuse2 = refuseAsAnthropic(requestId);
  const read = readBody2(record, false, refuse2);
  if ("refusal" in read) return read.refusal;
  const { body, found } = read;
  const asked = { vendor: "anthropic", model: body.model, apiKey, record, refuse: refuse2 };
  return playScenario(context, asked, found, () => replySteps(context, body, found, requestId));
}
function replySteps(context, body, found, requestId) {
  const reply = replyWith(found, talkOfAnthropic(body));
  const wire = found.scenario.wire?.(found.parameters) ?? {};
  const identity = {
    id: `msg_sandbox_${context.answers}`,
    requestId,
    model: body.model,
    hidesThoughts: isRecord(body["thinking"]) && body["thinking"]["display"] === "omitted"
  };
  return body["stream"] === true ? streamSteps(messageScript(identity, reply, wire), wire) : wholeSteps(wire, piecesOfMessage(identity, reply), wholeMessage(identity, reply, wire), midwayError(identity));
}

// sandbox/upstream/gemini/errors.ts
var names2 = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  402: "FAILED_PRECONDITION",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  408: "DEADLINE_EXCEEDED",
  413: "INVALID_ARGUMENT",
  422: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL"
};
function geminiError(status, message, details) {
  const told = details ?? (status === 429 ? [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s" }] : void 0);
  return { error: { code: status, message, status: names2[status] ?? "UNAVAILABLE", ...told && { details: told } } };
}
function refuseAsGemini(inArray) {
  return (status, message, details) => {
    const body = geminiError(status, message, details);
    return answerSteps(status, inArray ? [body] : body);
  };
}
var wrongKeyDetails = [
  { "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com", "metadata": { service: "generativelanguage.googleapis.com" } },
  { "@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": "API key not valid. Please pass a valid API key." }
];

// sandbox/upstream/gemini/fields.ts
function camelKeys(value) {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [camel(name), inner]));
}
function camel(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}
function snake(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
function recordIn(value, name) {
  return camelKeys(value[name]);
}
function listIn(value, name) {
  const list = value[name];
  return Array.isArray(list) ? list : [];
}
function at(path, name) {
  return path === "" ? snake(name) : `${path}.${snake(name)}`;
}
function unknownField(value, known, path) {
  if (!isRecord(value)) return void 0;
  const name = Object.keys(value).find((key) => !known.has(camel(key)));
  return name === void 0 ? void 0 : cannotFind(name, path);
}
function cannotFind(name, path) {
  return `Invalid JSON payload received. Unknown name ${JSON.stringify(name)}${path === "" ? "" : ` at '${path}'`}: Cannot find field.`;
}
function notRepeating(name, path) {
  return `Invalid JSON payload received. Unknown name ${JSON.stringify(name)} at '${path}': Proto field is not repeating, cannot start list.`;
}
function firstProblem(values, check) {
  for (const [index, value] of values.entries()) {
    const problem2 = check(value, index);
    if (problem2 !== void 0) return problem2;
  }
  return void 0;
}

// sandbox/upstream/gemini/contents.ts
var contentFields = /* @__PURE__ */ new Set(["role", "parts"]);
var dataFields = ["text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"];
var partFields = /* @__PURE__ */ new Set([...dataFields, "thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata"]);
var callFields = /* @__PURE__ */ new Set(["id", "name", "args"]);
var responseFields = /* @__PURE__ */ new Set(["id", "name", "response", "parts", "scheduling", "willContinue"]);
var escapes = ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"];
function callSignature(name) {
  return sign("gemini call", name);
}
function problemInContents(value, signed) {
  if (!Array.isArray(value) || value.length === 0) return "* GenerateContentRequest.contents: contents is not specified";
  const contents = turnsIn(value);
  return firstProblem(value, (content, index) => problemInContent(content, `contents[${index}]`)) ?? problemInOrder(contents) ?? (signed ? problemInSignatures(contents) : void 0);
}
function turnsIn(contents) {
  const turns = [];
  for (const content of contents.map(camelKeys)) {
    const last = turns.at(-1);
    if (last?.["role"] === "model" && content["role"] === "model") last["parts"] = [...listIn(last, "parts"), ...listIn(content, "parts")];
    else turns.push(content);
  }
  return turns;
}
function problemInContent(value, path) {
  const unknown = unknownField(value, contentFields, path);
  if (unknown !== void 0) return unknown;
  const { role, parts } = camelKeys(value);
  if (role !== void 0 && role !== "user" && role !== "model") return "Please use a valid role: user, model.";
  if (!Array.isArray(parts) || parts.length === 0) return `* GenerateContentRequest.${path}.parts: contents.parts must not be empty.`;
  return firstProblem(parts, (part, index) => problemInPart(part, `${path}.parts[${index}]`));
}
function problemInPart(value, path) {
  const unknown = unknownField(value, partFields, path);
  if (unknown !== void 0) return unknown;
  const part = camelKeys(value);
  const data = dataFields.filter((name) => part[name] !== void 0);
  if (data.length === 0) return `* GenerateContentRequest.${path}.data: required oneof field 'data' must have one initialized field`;
  if (data.length > 1) return `Invalid value at '${path}' (oneof), oneof field 'data' is already set. Cannot set '${data[1]}'`;
  const { functionCall: call, functionResponse: response } = part;
  return (isRecord(call) ? problemInFunction(call, callFields, "args", `${path}.function_call`) : void 0) ?? (isRecord(response) ? problemInFunction(response, responseFields, "response", `${path}.function_response`) : void 0);
}
function problemInFunction(value, known, content, path) {
  const unknown = unknownField(value, known, path);
  if (unknown !== void 0) return unknown;
  const { name, [content]: inner } = camelKeys(value);
  if (typeof name !== "string" || name === "") return `* GenerateContentRequest.${path}.name: Name cannot be empty.`;
  return inner === void 0 || isRecord(inner) ? void 0 : `Invalid value at '${path}.${content}' (type.googleapis.com/google.protobuf.Struct), ${JSON.stringify(inner)}`;
}
function partsWith(content, name) {
  return content ? listIn(content, "parts").map(camelKeys).filter((part) => isRecord(part[name])) : [];
}
function problemInOrder(contents) {
  return firstProblem(contents, (content, index) => {
    const calls = partsWith(content, "functionCall").length;
    const responses = partsWith(content, "functionResponse").length;
    const before = contents[index - 1];
    if (calls > 0 && before?.["role"] === "model" && partsWith(before, "functionCall").length === 0) return outOfOrder;
    if (calls > 0 && index === 0) return outOfOrder;
    const called = partsWith(before, "functionCall").length;
    return called !== responses ? "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn." : void 0;
  });
}
var outOfOrder = "Please ensure that function call turn comes immediately after a user turn or after a function response turn.";
function problemInSignatures(contents) {
  const start = contents.findLastIndex((content) => {
    return content["role"] !== "model" && listIn(content, "parts").some((part) => !isRecord(camelKeys(part)["functionResponse"]));
  });
  return firstProblem(contents, (content, index) => {
    const [first] = index > start ? partsWith(content, "functionCall") : [];
    if (!first) return void 0;
    const name = String(camelKeys(first["functionCall"])["name"]);
    const signature = first["thoughtSignature"];
    if (typeof signature !== "string" || signature === "") {
      return `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${name}\` , position ${index + 1}.`;
    }
    return signature === callSignature(name) || escapes.includes(signature) ? void 0 : "Thought signature is not valid.";
  });
}

// sandbox/upstream/gemini/schema.ts
var words2 = /* @__PURE__ */ new Set([
  "type",
  "format",
  "title",
  "description",
  "nullable",
  "enum",
  "maxItems",
  "minItems",
  "properties",
  "required",
  "minProperties",
  "maxProperties",
  "minLength",
  "maxLength",
  "pattern",
  "example",
  "anyOf",
  "propertyOrdering",
  "default",
  "items",
  "minimum",
  "maximum"
]);
var types2 = /* @__PURE__ */ new Set(["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL", "TYPE_UNSPECIFIED"]);
function problemInSchema(schema, path) {
  if (!isRecord(schema)) return schema == null ? void 0 : `Invalid value at '${path}' (type.googleapis.com/google.ai.generativelanguage.v1beta.Schema), ${JSON.stringify(schema)}`;
  const unknown = unknownField(schema, words2, path);
  if (unknown !== void 0) return unknown;
  const { type, enum: allowed, properties, items, anyOf } = schema;
  if (Array.isArray(type)) return notRepeating("type", path);
  if (type !== void 0 && !types2.has(String(type).toUpperCase())) {
    return `Invalid value at '${path}.type' (type.googleapis.com/google.ai.generativelanguage.v1beta.Type), ${JSON.stringify(type)}`;
  }
  if (Array.isArray(items)) return notRepeating("items", path);
  const wrong = Array.isArray(allowed) ? allowed.findIndex((value) => typeof value !== "string") : -1;
  if (wrong >= 0) return `Invalid value at '${path}.enum[${wrong}]' (TYPE_STRING), ${JSON.stringify(allowed[wrong])}`;
  return problemInMeaning(schema, path) ?? firstProblem(isRecord(properties) ? Object.values(properties) : [], (inner, index) => problemInSchema(inner, `${path}.properties[${index}].value`)) ?? problemInSchema(items, `${path}.items`) ?? firstProblem(Array.isArray(anyOf) ? anyOf : [], (inner, index) => problemInSchema(inner, `${path}.any_of[${index}]`));
}
function problemInMeaning({ type, format, properties, items }, path) {
  const field = `* GenerateContentRequest.${path}`;
  switch (String(type).toUpperCase()) {
    case "OBJECT":
      return isRecord(properties) && Object.keys(properties).length > 0 ? void 0 : `${field}.properties: should be non-empty for OBJECT type`;
    case "ARRAY":
      return items === void 0 ? `${field}.items: missing field.` : void 0;
    case "STRING":
      return format === void 0 || format === "enum" || format === "date-time" ? void 0 : `${field}.format: only 'enum' and 'date-time' are supported for STRING type`;
    default:
      return void 0;
  }
}

// sandbox/upstream/gemini/body.ts
var fields2 = /* @__PURE__ */ new Set(["contents", "systemInstruction", "generationConfig", "safetySettings", "tools", "toolConfig", "cachedContent", "model", "serviceTier"]);
var countedFields2 = /* @__PURE__ */ new Set(["contents", "generateContentRequest", "model"]);
var configFields = /* @__PURE__ */ new Set([
  "candidateCount",
  "stopSequences",
  "maxOutputTokens",
  "temperature",
  "topP",
  "topK",
  "seed",
  "presencePenalty",
  "frequencyPenalty",
  "responseMimeType",
  "responseSchema",
  "responseJsonSchema",
  "responseLogprobs",
  "logprobs",
  "responseModalities",
  "speechConfig",
  "thinkingConfig",
  "imageConfig",
  "mediaResolution",
  "enableEnhancedCivicAnswers"
]);
var thinkingFields = /* @__PURE__ */ new Set(["includeThoughts", "thinkingBudget", "thinkingLevel"]);
var toolFields2 = /* @__PURE__ */ new Set([
  "functionDeclarations",
  "googleSearch",
  "googleSearchRetrieval",
  "codeExecution",
  "urlContext",
  "computerUse",
  "fileSearch",
  "googleMaps"
]);
var declarationFields = /* @__PURE__ */ new Set(["name", "description", "behavior", "parameters", "parametersJsonSchema", "response", "responseJsonSchema"]);
var toolConfigFields = /* @__PURE__ */ new Set(["functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"]);
var callingFields = /* @__PURE__ */ new Set(["mode", "allowedFunctionNames"]);
function problemInGeminiBody(value, signed) {
  if (!isRecord(value)) return "Invalid JSON payload received. Expected an object.";
  const body = camelKeys(value);
  return unknownField(value, fields2, "") ?? problemInSystem2(body["systemInstruction"]) ?? problemInConfig(body["generationConfig"]) ?? problemInTools2(body) ?? problemInContents(body["contents"], signed);
}
function problemInCount(value) {
  if (!isRecord(value)) return "Invalid JSON payload received. Expected an object.";
  const unknown = unknownField(value, countedFields2, "");
  if (unknown !== void 0) return unknown;
  const body = camelKeys(value);
  return body["generateContentRequest"] === void 0 ? problemInContents(body["contents"], false) : problemInGeminiBody(body["generateContentRequest"], false);
}
function problemInSystem2(system) {
  if (system == null) return void 0;
  const parts = listIn(camelKeys(system), "parts");
  if (parts.length === 0) return "* GenerateContentRequest.system_instruction.parts: must not be empty.";
  return unknownField(system, /* @__PURE__ */ new Set(["role", "parts"]), "system_instruction") ?? firstProblem(parts, (part, index) => problemInPart(part, `system_instruction.parts[${index}]`));
}
function problemInConfig(value) {
  const path = "generation_config";
  const config = camelKeys(value);
  const thinking = recordIn(config, "thinkingConfig");
  const { temperature, maxOutputTokens: limit, stopSequences: stops } = config;
  const unknown = unknownField(value, configFields, path) ?? unknownField(config["thinkingConfig"], thinkingFields, at(path, "thinkingConfig"));
  if (unknown !== void 0) return unknown;
  if (typeof temperature === "number" && (temperature < 0 || temperature > 2)) {
    return `* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].`;
  }
  if (limit != null && (typeof limit !== "number" || limit < 1)) return "max_output_tokens must be positive.";
  if (Array.isArray(stops) && stops.length > 5) return "The number of stop sequences must be at most 5.";
  if (thinking["thinkingBudget"] !== void 0 && thinking["thinkingLevel"] !== void 0) return "You can only set only one of thinking budget and thinking level.";
  return problemInSchema(config["responseSchema"], at(path, "responseSchema"));
}
function problemInTools2(body) {
  const problem2 = firstProblem(listIn(body, "tools"), (tool, index) => {
    const path = `tools[${index}]`;
    return unknownField(tool, toolFields2, path) ?? firstProblem(listIn(camelKeys(tool), "functionDeclarations"), (declaration, place2) => problemInDeclaration(declaration, `${path}.function_declarations[${place2}]`));
  });
  if (problem2 !== void 0) return problem2;
  const config = recordIn(body, "toolConfig");
  const calling = recordIn(config, "functionCallingConfig");
  const unknown = unknownField(body["toolConfig"], toolConfigFields, "tool_config") ?? unknownField(config["functionCallingConfig"], callingFields, "tool_config.function_calling_config");
  if (unknown !== void 0) return unknown;
  const { mode } = calling;
  if (mode !== void 0 && !["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"].includes(String(mode))) {
    return `Invalid value at 'tool_config.function_calling_config.mode' (type.googleapis.com/google.ai.generativelanguage.v1beta.FunctionCallingConfig.Mode), ${JSON.stringify(mode)}`;
  }
  return listIn(calling, "allowedFunctionNames").length > 0 && mode !== "ANY" && mode !== "VALIDATED" ? "Allowed function names can only be set when the function calling mode is ANY or VALIDATED." : void 0;
}
function problemInDeclaration(value, path) {
  const unknown = unknownField(value, declarationFields, path);
  if (unknown !== void 0) return unknown;
  const { name, parameters, parametersJsonSchema } = camelKeys(value);
  if (typeof name !== "string" || !/^[a-zA-Z_][\w.:-]{0,127}$/.test(name)) {
    return `* GenerateContentRequest.${path}.name: Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.`;
  }
  if (parameters != null && parametersJsonSchema != null) return `* GenerateContentRequest.${path}: parameters_json_schema must not be set when parameters is set.`;
  return problemInSchema(parameters, `${path}.parameters`);
}

// sandbox/upstream/gemini/reply.ts
function talkOfGemini(model, value) {
  const body = camelKeys(value);
  const config = recordIn(body, "generationConfig");
  const calling = recordIn(recordIn(body, "toolConfig"), "functionCallingConfig");
  const allowed = listIn(calling, "allowedFunctionNames").filter((name) => typeof name === "string");
  const thinking = recordIn(config, "thinkingConfig");
  const system = textOfParts(recordIn(body, "systemInstruction"));
  const { maxOutputTokens: limit, candidateCount: choices3 } = config;
  return {
    model,
    turns: [...system === "" ? [] : [{ role: "system", text: system }], ...turnsIn(listIn(body, "contents")).flatMap(turnsOf2)],
    tools: listIn(body, "tools").flatMap((tool) => listIn(camelKeys(tool), "functionDeclarations")).map((declaration) => {
      const { name, parameters, parametersJsonSchema } = camelKeys(declaration);
      return { name: String(name), parameters: parametersJsonSchema ?? parameters };
    }),
    ...calling["mode"] === "NONE" && { chosenTool: null },
    ...allowed.length === 1 && { chosenTool: allowed[0] },
    parallel: true,
    thinks: thinking["thinkingBudget"] !== 0,
    ...typeof limit === "number" && { maxTokens: limit },
    choices: typeof choices3 === "number" ? choices3 : 1
  };
}
function asGemini(reply) {
  return reply.refusal === "" ? reply : { ...reply, completionTokens: 0 };
}
function turnsOf2(value) {
  const content = camelKeys(value);
  const parts = listIn(content, "parts").map(camelKeys);
  const responses = parts.filter((part) => isRecord(part["functionResponse"]));
  const tools = responses.map((part) => ({ role: "tool", text: textOfResponse(camelKeys(part["functionResponse"])["response"]) }));
  const own = { role: content["role"] === "model" ? "assistant" : "user", text: textOfParts(content) };
  return tools.length > 0 && tools.length === parts.length ? tools : [...tools, own];
}
function textOfParts(content) {
  return listIn(content, "parts").map((part) => {
    const { text: text2, thought } = camelKeys(part);
    return typeof text2 === "string" && thought !== true ? text2 : "";
  }).join("");
}
function textOfResponse(response) {
  const values = isRecord(response) ? Object.values(response) : [];
  return values.length === 1 && typeof values[0] === "string" ? values[0] : JSON.stringify(response ?? {});
}

// sandbox/upstream/gemini/usage.ts
function usageOfGemini({ input, cached, output, reasoning }) {
  const candidates = output - reasoning;
  return {
    promptTokenCount: input,
    ...candidates !== 0 && { candidatesTokenCount: candidates },
    ...cached > 0 && { cachedContentTokenCount: cached },
    ...reasoning > 0 && { thoughtsTokenCount: reasoning },
    totalTokenCount: input + output,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: input }]
  };
}
function usageAfter(reply, wire, sent) {
  const honest = countsOf(reply);
  const counts = wire.usage ? wire.usage(honest) : countsSoFar(honest, sent);
  if (!counts) return void 0;
  const usage = usageOfGemini(counts);
  return wire.usageAsStrings ? asStrings(usage, ["promptTokenCount", "candidatesTokenCount", "totalTokenCount"]) : usage;
}

// sandbox/upstream/gemini/script.ts
var midwayError2 = geminiError(500, "The sandbox broke down while it was answering.");
var geminiEvents = {
  ...eventFraming,
  type: "text/event-stream",
  frame: (frame2, crlf) => crlf ? eventFraming.frame(frame2, true) : `data: ${frame2.data}\r
\r
`
};
var geminiArray = {
  type: "application/json; charset=UTF-8",
  first: "[",
  between: ",\r\n",
  last: "]",
  frame: ({ data }, crlf) => crlf ? `\r
\r
${data}\r
` : `${data}
`
};
function partsOf(reply, hidesThoughts, split) {
  const inPieces = (text2, rest) => split(text2).map((piece) => ({ part: { text: piece, ...rest }, tokens: tokensIn(piece) }));
  return [
    ...hidesThoughts ? [] : inPieces(reply.reasoning, { thought: true }),
    ...inPieces(reply.text, {}),
    ...reply.toolCalls.flatMap(({ function: { name, arguments: json } }, index) => {
      const args = parsed(json);
      if (args === void 0) return [];
      return [{ part: { functionCall: { name, args }, ...index === 0 && { thoughtSignature: callSignature(name) } }, tokens: tokensIn(name) + tokensIn(json) }];
    })
  ];
}
function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return void 0;
  }
}
var finishReasons = { stop: "STOP", length: "MAX_TOKENS", tool_calls: "STOP", content_filter: "SAFETY" };
function textSignature(reply) {
  return reply.reasoning === "" ? {} : { thoughtSignature: sign("gemini text", reply.text) };
}
function wholeContent(identity, reply, wire) {
  const parts = partsOf(reply, identity.hidesThoughts, (text2) => text2 === "" ? [] : [text2]).map(({ part }) => part);
  const last = parts.at(-1);
  if (last && reply.toolCalls.length === 0) Object.assign(last, textSignature(reply));
  const content = { ...parts.length > 0 && { parts }, role: "model" };
  const usage = usageAfter(reply, wire, reply.completionTokens);
  return { ...answer(reply, () => ({ content, finishReason: finishReasons[reply.finishReason] })), ...tail(identity, usage) };
}
function piecesOfContent(identity, reply) {
  return partsOf(reply, identity.hidesThoughts, (text2) => splitFor(reply, text2)).length;
}
function answer(reply, candidate) {
  if (reply.refusal !== "") return { promptFeedback: { blockReason: "PROHIBITED_CONTENT", blockReasonMessage: reply.refusal } };
  return { candidates: Array.from({ length: reply.choices }, (_, index) => ({ ...candidate(), index })) };
}
function tail({ modelVersion, responseId }, usageMetadata) {
  return { usageMetadata, modelVersion, responseId };
}
function contentScript(identity, reply, wire) {
  const parts = partsOf(reply, identity.hidesThoughts, (text2) => splitFor(reply, text2));
  let sent = identity.hidesThoughts ? reply.reasoningTokens : 0;
  const frame2 = (value, last) => {
    const usage = wire.usageIn === "finish-chunk" && !last ? void 0 : usageAfter(reply, wire, last ? reply.completionTokens : sent);
    return { data: JSON.stringify({ ...value, ...tail(identity, usage) }) };
  };
  return {
    opening: () => [],
    pieces: parts.length,
    *content() {
      for (const { part, tokens } of parts) {
        sent += tokens * reply.choices;
        yield [frame2(answer(reply, () => ({ content: { parts: [part], role: "model" } })), false)];
      }
    },
    *closing() {
      const content = { parts: [{ text: "", ...reply.toolCalls.length === 0 && textSignature(reply) }], role: "model" };
      yield frame2(answer(reply, () => ({ content, finishReason: finishReasons[reply.finishReason] })), true);
    },
    failure: () => [{ data: JSON.stringify(midwayError2) }],
    broken: { data: '{"candidates":[{"content":{"parts":[{"text":"half a fr' }
  };
}

// sandbox/upstream/gemini/gemini.ts
async function handleGemini(context, exchange, record, path) {
  context.answers++;
  await play(stepsFor2(context, record, decoded(path), exchange.url.searchParams), exchange, record);
}
function stepsFor2(context, record, path, query) {
  const [, model = "", method = ""] = /^\/models\/(.+):(generateContent|streamGenerateContent|countTokens)$/.exec(path) ?? [];
  const events = query.get("alt") === "sse";
  const refuse2 = refuseAsGemini(method === "streamGenerateContent" && !events);
  const header = record.headers["x-goog-api-key"];
  const apiKey = typeof header === "string" ? header : query.get("key");
  if (apiKey === null) {
    return refuse2(403, "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.");
  }
  if (!context.apiKeys.includes(apiKey)) return refuse2(400, "API key not valid. Please pass a valid API key.", wrongKeyDetails);
  if (record.method === "POST" && model !== "") return callSteps(context, { record, model, apiKey, method, events, refuse: refuse2 });
  if (record.method === "GET" && path === "/models") return listSteps2(query);
  if (record.method === "GET" && path.startsWith("/models/") && method === "") {
    const id = path.slice("/models/".length);
    return findScenario(id) ? answerSteps(200, describe2(id)) : unknownModel(id, refuse2);
  }
  return answerSteps(404, "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title><p><b>404.</b> <ins>That\u2019s an error.</ins>");
}
function unknownModel(model, refuse2) {
  return refuse2(404, `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`);
}
function describe2(id) {
  return {
    name: `models/${id}`,
    version: "001",
    displayName: id,
    description: "A model of the sandbox",
    inputTokenLimit: 1048576,
    outputTokenLimit: 65536,
    supportedGenerationMethods: ["generateContent", "countTokens"],
    thinking: id === "sandbox-reasoning"
  };
}
function listSteps2(query) {
  const { page: page2, more } = pageOf(listedModels(), (id) => id, query.get("pageToken"), Number(query.get("pageSize") ?? 20));
  return answerSteps(200, { models: page2.map(describe2), ...more && { nextPageToken: page2.at(-1) } });
}
function callSteps(context, call) {
  const { record, model, method, refuse: refuse2 } = call;
  const json = readJson(record.body);
  if (json === void 0) return refuse2(400, "Invalid JSON payload received. Unexpected token.");
  const found = findScenario(model);
  if (!found) return unknownModel(model, refuse2);
  const problem2 = method === "countTokens" ? problemInCount(json) : problemInGeminiBody(json, found.scenario.signed === true);
  if (problem2 !== void 0) return refuse2(400, problem2, badRequest(problem2));
  if (method === "countTokens") return countSteps2(model, json);
  const asked = { vendor: "gemini", model, apiKey: call.apiKey, record, refuse: refuse2 };
  return playScenario(context, asked, found, () => replySteps2(context, call, json, found));
}
function badRequest(problem2) {
  if (!problem2.startsWith("Invalid JSON payload")) return void 0;
  const field = / at '([^']*)'/.exec(problem2)?.[1];
  return [{ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{ ...field && { field }, description: problem2 }] }];
}
function countSteps2(model, json) {
  const body = camelKeys(json);
  const totalTokens = promptTokensOf(talkOfGemini(model, body["generateContentRequest"] ?? body).turns);
  return answerSteps(200, { totalTokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }] });
}
function replySteps2(context, { model, method, events }, json, found) {
  const reply = asGemini(replyWith(found, talkOfGemini(model, json)));
  const wire = found.scenario.wire?.(found.parameters) ?? {};
  const thinking = recordIn(recordIn(camelKeys(json), "generationConfig"), "thinkingConfig");
  const identity = {
    responseId: `sandbox-${context.answers}`,
    modelVersion: model,
    hidesThoughts: thinking["includeThoughts"] === false
  };
  return method === "streamGenerateContent" ? streamSteps(contentScript(identity, reply, wire), wire, events ? geminiEvents : geminiArray) : wholeSteps(wire, piecesOfContent(identity, reply), wholeContent(identity, reply, wire), midwayError2);
}

// sandbox/upstream/openai-chat/errors.ts
function errorBody(message, type, code2 = null, param = null) {
  return { error: { message, type, param, code: code2 } };
}
var kinds = {
  400: { type: "invalid_request_error", code: null },
  401: { type: "invalid_request_error", code: "invalid_api_key" },
  402: { type: "insufficient_quota", code: "insufficient_balance" },
  403: { type: "invalid_request_error", code: "unsupported_country_region_territory" },
  404: { type: "invalid_request_error", code: "model_not_found" },
  408: { type: "server_error", code: "timeout" },
  413: { type: "invalid_request_error", code: null },
  422: { type: "invalid_request_error", code: null },
  429: { type: "requests", code: "rate_limit_exceeded" },
  529: { type: "overloaded_error", code: null }
};
function refuseAsOpenAi(status, message) {
  const { type, code: code2 } = kinds[status] ?? { type: "server_error", code: null };
  return answerSteps(status, errorBody(message, type, code2), status === 429 ? { "retry-after": "2" } : {});
}

// sandbox/upstream/openai-chat/chat-body.ts
import { z } from "zod";
var chatBodySchema = z.looseObject({
  model: z.string().min(1),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  n: z.int().min(1).max(128).nullish(),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string(), parameters: z.unknown().optional() }).optional() })).nullish(),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: z.boolean().nullish()
});
function parseChatBody(value) {
  const parsed2 = chatBodySchema.safeParse(value);
  if (parsed2.success) return { body: parsed2.data };
  const issue = parsed2.error.issues[0];
  const parameter = issue && issue.path.length > 0 ? issue.path.join(".") : null;
  return { problem: `Invalid value for '${parameter ?? "body"}': ${issue?.message ?? "it cannot be read"}.`, parameter };
}

// sandbox/upstream/openai-chat/chunks.ts
function chunk(identity, choice) {
  return {
    ...head2(identity, "chat.completion.chunk"),
    choices: [{ index: choice.index, delta: choice.delta, logprobs: null, finish_reason: choice.finish }]
  };
}
function usageChunk(identity) {
  return { ...head2(identity, "chat.completion.chunk"), choices: [] };
}
function head2({ id, created, model }, object) {
  return { id, object, created, model, service_tier: "default", system_fingerprint: "fp_sandbox" };
}
function roleDelta(reply) {
  return reply.toolCalls.length > 0 ? { role: "assistant", content: null } : { role: "assistant", content: "", refusal: null };
}
function contentDeltas(reply) {
  const split = (text2) => splitFor(reply, text2);
  return [
    ...split(reply.reasoning).map((piece) => ({ reasoning_content: piece })),
    ...split(reply.refusal).map((piece) => ({ refusal: piece })),
    ...split(reply.text).map((piece) => ({ content: piece })),
    ...reply.toolCalls.flatMap((call, index) => [
      { tool_calls: [{ index, id: call.id, type: "function", function: { name: call.function.name, arguments: "" } }] },
      ...split(call.function.arguments).map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] }))
    ])
  ];
}
function completion(identity, reply, usage) {
  const silent = reply.refusal !== "" || reply.toolCalls.length > 0 && reply.text === "";
  const message = {
    role: "assistant",
    content: silent ? null : reply.text,
    ...reply.reasoning !== "" && { reasoning_content: reply.reasoning },
    refusal: reply.refusal === "" ? null : reply.refusal,
    annotations: [],
    ...reply.toolCalls.length > 0 && { tool_calls: reply.toolCalls }
  };
  return {
    ...head2(identity, "chat.completion"),
    choices: Array.from({ length: reply.choices }, (_, index) => ({ index, message, logprobs: null, finish_reason: reply.finishReason })),
    ...usage !== void 0 && { usage }
  };
}

// sandbox/upstream/openai-chat/reply.ts
function talkOfChat(body) {
  const limit = body.max_completion_tokens ?? body.max_tokens;
  const chosen = chosenTool(body.tool_choice);
  return {
    model: body.model,
    turns: body.messages.map(({ role, content }) => ({ role: roleOf(role), text: textOfContent(content) })),
    tools: (body.tools ?? []).flatMap((tool) => tool.function ? [tool.function] : []),
    ...chosen !== void 0 && { chosenTool: chosen },
    parallel: body.parallel_tool_calls !== false,
    thinks: true,
    ...limit != null && { maxTokens: limit },
    choices: body.n ?? 1
  };
}
function roleOf(role) {
  return role === "user" || role === "assistant" || role === "tool" ? role : "system";
}
function chosenTool(choice) {
  if (choice === "none") return null;
  const named = isRecord(choice) && isRecord(choice["function"]) ? choice["function"]["name"] : void 0;
  return typeof named === "string" ? named : void 0;
}

// sandbox/upstream/openai-chat/usage.ts
function usageOfCounts({ input, cached, output, reasoning }) {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0
    }
  };
}
function reportedUsage(reply, wire) {
  const honest = countsOf(reply);
  const counts = wire.usage ? wire.usage(honest) : honest;
  if (!counts) return void 0;
  const usage = usageOfCounts(counts);
  return wire.usageAsStrings ? asStrings(usage, ["prompt_tokens", "completion_tokens", "total_tokens"]) : usage;
}

// sandbox/upstream/openai-chat/script.ts
var midwayError3 = errorBody("The sandbox broke down while it was answering.", "server_error", "sandbox_breakdown");
function chatScript(identity, reply, wire, includeUsage) {
  const meter = createMeter(reply, wire, includeUsage);
  const frame2 = (value) => ({ data: JSON.stringify(value) });
  const indexes = Array.from({ length: reply.choices }, (_, index) => index);
  const deltas = contentDeltas(reply);
  return {
    opening: () => indexes.map((index) => frame2(meter.during(chunk(identity, { index, delta: roleDelta(reply), finish: null })))),
    pieces: deltas.length,
    *content() {
      for (const delta of deltas) yield indexes.map((index) => frame2(meter.during(chunk(identity, { index, delta, finish: null }), 1)));
    },
    *closing() {
      for (const index of indexes) {
        const finish = chunk(identity, { index, delta: {}, finish: reply.finishReason });
        yield frame2(index === reply.choices - 1 ? meter.atFinish(finish) : meter.during(finish));
      }
      if (meter.wantsUsageChunk) yield frame2(meter.atEnd(usageChunk(identity)));
      if (wire.done !== false) yield { data: "[DONE]" };
    },
    failure: () => [{ data: JSON.stringify(midwayError3) }],
    broken: { data: '{"choices":[{"index":0,"delta":{"content":"half a fr' }
  };
}
function createMeter(reply, wire, includeUsage) {
  const reported = reportedUsage(reply, wire);
  const wantsUsageChunk = includeUsage && wire.usageIn === void 0 && reported !== void 0;
  let sent = 0;
  function during(value, tokens = 0) {
    sent = Math.min(sent + tokens, reply.completionTokens);
    if (wire.usageIn === "every-chunk") return { ...value, usage: usageOfCounts(countsSoFar(countsOf(reply), sent)) };
    return wantsUsageChunk ? { ...value, usage: null } : value;
  }
  return {
    wantsUsageChunk,
    during,
    atFinish: (value) => wire.usageIn === void 0 ? during(value) : { ...value, usage: reported },
    atEnd: (value) => ({ ...value, usage: reported })
  };
}

// sandbox/upstream/openai-chat/openai-chat.ts
async function handleOpenAiChat(context, exchange, record, path) {
  exchange.response.setHeader("x-request-id", `req_sandbox_${++context.answers}`);
  await play(stepsFor3(context, record, path), exchange, record);
}
function stepsFor3(context, record, path) {
  const key = bearerKey(context, record);
  if ("refusal" in key) return key.refusal;
  if (path === "/chat/completions") {
    return record.method === "POST" ? chatSteps(context, record, key.apiKey) : wrongMethod(record.method, "POST");
  }
  return otherSteps(record, path);
}
function bearerKey(context, record) {
  const apiKey = /^bearer +(\S+)$/i.exec(record.headers.authorization ?? "")?.[1];
  if (apiKey === void 0) {
    return { refusal: answerSteps(401, errorBody('No API key came with the request; send it as "Authorization: Bearer <key>".', "invalid_request_error")) };
  }
  if (!context.apiKeys.includes(apiKey)) {
    return { refusal: answerSteps(401, errorBody(`The API key ${apiKey.slice(0, 4)}*** is not one of the sandbox's.`, "invalid_request_error", "invalid_api_key")) };
  }
  return { apiKey };
}
function otherSteps(record, path) {
  if (path === "/models" || path.startsWith("/models/")) {
    return record.method === "GET" ? modelSteps2(path) : wrongMethod(record.method, "GET");
  }
  return answerSteps(404, errorBody(`There is no ${record.method} ${path} here.`, "invalid_request_error"));
}
function wrongMethod(method, allowed) {
  return answerSteps(405, errorBody(`This address does not answer ${method}, only ${allowed}.`, "invalid_request_error"), { allow: allowed });
}
function unknownModel2(model) {
  return answerSteps(404, errorBody(`The sandbox has no model "${model}"; GET models lists them.`, "invalid_request_error", "model_not_found", "model"));
}
function modelSteps2(path) {
  const describe3 = (id2) => ({ id: id2, object: "model", created: 175e7, owned_by: "sandbox" });
  if (path === "/models") return answerSteps(200, { object: "list", data: listedModels().map(describe3) });
  const id = decoded(path.slice("/models/".length));
  return findScenario(id) ? answerSteps(200, describe3(id)) : unknownModel2(id);
}
function chatSteps(context, record, apiKey) {
  const json = readJson(record.body);
  if (json === void 0) return answerSteps(400, errorBody("The body could not be read as JSON.", "invalid_request_error"));
  const parsed2 = parseChatBody(json);
  if ("problem" in parsed2) return answerSteps(400, errorBody(parsed2.problem, "invalid_request_error", null, parsed2.parameter));
  const { body } = parsed2;
  const found = findScenario(body.model);
  if (!found) return unknownModel2(body.model);
  const asked = { vendor: "openai-chat", model: body.model, apiKey, record, refuse: refuseAsOpenAi };
  return playScenario(context, asked, found, () => replySteps3(context, body, found));
}
function replySteps3(context, body, found) {
  const reply = replyWith(found, talkOfChat(body));
  const wire = found.scenario.wire?.(found.parameters) ?? {};
  const identity = { id: `chatcmpl-sandbox-${context.answers}`, created: Math.floor(context.now() / 1e3), model: body.model };
  return body.stream === true ? streamSteps(chatScript(identity, reply, wire, body.stream_options?.include_usage === true), wire) : wholeSteps(wire, contentDeltas(reply).length, completion(identity, reply, reportedUsage(reply, wire)), midwayError3);
}

// sandbox/upstream/openai-responses/items.ts
var itemTypes = ["message", "reasoning", "function_call", "function_call_output", "item_reference"];
var userParts = ["input_text", "input_image", "input_file", "input_audio"];
var assistantParts = ["output_text", "refusal"];
function encryptedReasoning(itemId) {
  return `${itemId}.${sign("openai reasoning", itemId)}`;
}
function problemInItems(input) {
  if (typeof input === "string") return void 0;
  if (!Array.isArray(input)) return problem("Invalid type for 'input': expected one of a string or array of input items.", "invalid_type", "input");
  for (const [index, item] of input.entries()) {
    const found = isRecord(item) ? problemInItem(item, `input[${index}]`) : problem(`Invalid type for 'input[${index}]': expected an input item.`, "invalid_type", `input[${index}]`);
    if (found) return found;
  }
  return problemInOrder2(input.filter(isRecord));
}
function problemInItem(item, path) {
  const { type = "message" } = item;
  switch (type) {
    case "message":
      return problemInMessage2(item, path);
    case "function_call": {
      const left = ["call_id", "name", "arguments"].find((name) => item[name] === void 0);
      if (left !== void 0) return missing(`${path}.${left}`);
      if (typeof item["arguments"] !== "string") return problem(`Invalid type for '${path}.arguments': expected a string, but got an object instead.`, "invalid_type", `${path}.arguments`);
      return problemInId(item, "fc", path);
    }
    case "function_call_output":
      if (item["call_id"] === void 0) return missing(`${path}.call_id`);
      return item["output"] === void 0 ? missing(`${path}.output`) : void 0;
    case "reasoning":
      return problemInReasoning(item, path);
    case "item_reference":
      return notFound2(item["id"]);
    default:
      return problem(`Invalid value: '${String(type)}'. Supported values are: ${itemTypes.map((name) => `'${name}'`).join(", ")}.`, "invalid_value", `${path}.type`);
  }
}
function notFound2(id) {
  return problem(
    `Item with id '${String(id)}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
    null,
    "input",
    404
  );
}
function problemInId({ id, call_id: callId }, prefix, path) {
  if (typeof id === "string" && !id.startsWith(prefix)) {
    return problem(`Invalid '${path}.id': '${id}'. Expected an ID that begins with '${prefix}'.`, "invalid_value", `${path}.id`);
  }
  return typeof callId === "string" && callId.length > 64 ? problem(`Invalid '${path}.call_id': string too long. Expected a string with maximum length 64, but got a string with length ${callId.length} instead.`, "string_above_max_length", `${path}.call_id`) : void 0;
}
function problemInMessage2(item, path) {
  const { role, content } = item;
  if (!["user", "assistant", "system", "developer"].includes(String(role))) {
    return problem(`Invalid value: '${String(role)}'. Supported values are: 'assistant', 'system', 'developer', and 'user'.`, "invalid_value", `${path}.role`);
  }
  const wrongId = problemInId(item, "msg", path);
  if (wrongId) return wrongId;
  if (typeof content === "string") return void 0;
  if (!Array.isArray(content)) return missing(`${path}.content`);
  const known = role === "assistant" ? assistantParts : userParts;
  for (const [index, part] of content.entries()) {
    const type = isRecord(part) ? part["type"] : void 0;
    if (!known.includes(String(type))) {
      return problem(`Invalid value: '${String(type)}'. Supported values are: ${known.map((name) => `'${name}'`).join(", ")}.`, "invalid_value", `${path}.content[${index}]`);
    }
  }
  return void 0;
}
function problemInReasoning({ id, summary: summary2, encrypted_content: encrypted }, path) {
  if (!Array.isArray(summary2)) return missing(`${path}.summary`);
  if (encrypted == null) return notFound2(id);
  const [owner = ""] = String(encrypted).split(".");
  const label = typeof id === "string" ? ` for item ${id}` : "";
  const unverified = (reason2) => problem(`The encrypted content${label} could not be verified. Reason: ${reason2}`, "invalid_encrypted_content", null);
  if (encrypted !== encryptedReasoning(owner)) return unverified("Encrypted content could not be decrypted or parsed.");
  return typeof id === "string" && id !== owner ? unverified("Encrypted content item_id did not match the target item id.") : void 0;
}
function problemInOrder2(items) {
  const called = /* @__PURE__ */ new Set();
  const answered = new Set(items.filter(({ type }) => type === "function_call_output").map((item) => item["call_id"]));
  for (const [index, item] of items.entries()) {
    const { type, call_id: callId } = item;
    if (type === "reasoning" && !followsReasoning(items[index + 1])) {
      return problem(`Item '${String(item["id"])}' of type 'reasoning' was provided without its required following item.`, null, "input");
    }
    if (type === "function_call") {
      called.add(callId);
      if (!answered.has(callId)) return problem(`No tool output found for function call ${String(callId)}.`, null, "input");
    }
    if (type === "function_call_output" && !called.has(callId)) {
      return problem(`No tool call found for function call output with call_id ${String(callId)}.`, null, "input");
    }
  }
  return void 0;
}
function followsReasoning(next) {
  return next !== void 0 && (next["type"] === "reasoning" || next["type"] === "function_call" || next["type"] === "message" && next["role"] === "assistant");
}

// sandbox/upstream/openai-responses/body.ts
var fields3 = /* @__PURE__ */ new Set([
  "background",
  "context_management",
  "conversation",
  "include",
  "input",
  "instructions",
  "max_output_tokens",
  "max_tool_calls",
  "metadata",
  "model",
  "moderation",
  "parallel_tool_calls",
  "previous_response_id",
  "prompt",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "reasoning",
  "safety_identifier",
  "service_tier",
  "store",
  "stream",
  "stream_options",
  "temperature",
  "text",
  "tool_choice",
  "tools",
  "top_logprobs",
  "top_p",
  "truncation",
  "user"
]);
var streamFields = /* @__PURE__ */ new Set(["include_obfuscation"]);
var textFields = /* @__PURE__ */ new Set(["format", "verbosity"]);
var reasoningFields = /* @__PURE__ */ new Set(["effort", "summary", "generate_summary", "context", "mode"]);
var functionFields = /* @__PURE__ */ new Set(["type", "name", "description", "parameters", "strict", "defer_loading", "output_schema", "allowed_callers"]);
function problem(message, code2, parameter, status = 400) {
  return { status, body: errorBody(message, "invalid_request_error", code2, parameter) };
}
function parseResponsesBody(value) {
  if (!isRecord(value)) return { problem: problem("The body has to be a JSON object.", null, null) };
  const found = problemInFields(value) ?? problemInRanges(value) ?? problemInState(value) ?? problemInTools3(value) ?? problemInItems(value["input"]);
  return found ? { problem: found } : { body: value };
}
function unknownIn(value, known, path) {
  const name = isRecord(value) ? Object.keys(value).find((key) => !known.has(key)) : void 0;
  return name === void 0 ? void 0 : problem(`Unknown parameter: '${path}${name}'.`, "unknown_parameter", path + name);
}
function missing(path) {
  return problem(`Missing required parameter: '${path}'.`, "missing_required_parameter", path);
}
function problemInFields(body) {
  const { text: text2 } = body;
  const unknown = unknownIn(body, fields3, "") ?? unknownIn(body["stream_options"], streamFields, "stream_options.") ?? unknownIn(text2, textFields, "text.") ?? unknownIn(body["reasoning"], reasoningFields, "reasoning.");
  if (unknown) return unknown;
  if (typeof body["model"] !== "string") return missing("model");
  if (body["input"] === void 0) return missing("input");
  const format = isRecord(text2) ? text2["format"] : void 0;
  if (!isRecord(format) || format["type"] !== "json_schema") return void 0;
  return format["name"] === void 0 ? missing("text.format.name") : format["schema"] === void 0 ? missing("text.format.schema") : void 0;
}
function problemInRanges(body) {
  const { max_output_tokens: limit, temperature, top_p: topP, stream_options: options, include } = body;
  if (limit != null && !Number.isInteger(limit)) return problem("Invalid type for 'max_output_tokens': expected an integer.", "invalid_type", "max_output_tokens");
  if (typeof limit === "number" && limit < 16) {
    return problem(`Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got ${limit} instead.`, "integer_below_min_value", "max_output_tokens");
  }
  if (temperature != null && !inRange(temperature, 2)) return outOfRange("temperature", 2);
  if (topP != null && !inRange(topP, 1)) return outOfRange("top_p", 1);
  if (options != null && body["stream"] !== true) return problem("The 'stream_options' parameter is only allowed when 'stream' is enabled.", null, "stream_options");
  if (include != null && !Array.isArray(include)) return problem("Invalid type for 'include': expected an array.", "invalid_type", "include");
  return void 0;
}
function inRange(value, most) {
  return typeof value === "number" && value >= 0 && value <= most;
}
function outOfRange(name, most) {
  return problem(`Invalid '${name}': expected a number between 0 and ${most}.`, "decimal_out_of_range", name);
}
function problemInState({ previous_response_id: previous, conversation }) {
  if (previous != null) return problem(`Previous response with id '${String(previous)}' not found.`, "previous_response_not_found", "previous_response_id");
  const id = isRecord(conversation) ? conversation["id"] : conversation;
  return id == null ? void 0 : problem(`Conversation with id '${String(id)}' not found.`, null, null, 404);
}
function problemInTools3({ tools = [], tool_choice: choice }) {
  if (!Array.isArray(tools)) return problem("Invalid type for 'tools': expected an array.", "invalid_type", "tools");
  for (const [index, tool] of tools.entries()) {
    const path = `tools[${index}]`;
    if (!isRecord(tool) || tool["type"] === void 0) return missing(`${path}.type`);
    if (tool["type"] !== "function") continue;
    const { name, parameters, strict } = tool;
    if (name === void 0) return missing(`${path}.name`);
    const unknown = unknownIn(tool, functionFields, `${path}.`);
    if (unknown) return unknown;
    if (typeof name !== "string" || !/^[\w-]{1,64}$/.test(name)) {
      return problem(`Invalid '${path}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`, "invalid_value", `${path}.name`);
    }
    const wrong = strict === true ? problemInStrictSchema(parameters) : void 0;
    if (wrong !== void 0) return problem(`Invalid schema for function '${name}': In context=(), ${wrong}`, "invalid_function_parameters", `${path}.parameters`);
  }
  if (isRecord(choice) && choice["type"] === "function") {
    const { name } = choice;
    if (name === void 0) return missing("tool_choice.name");
    if (!tools.some((tool) => isRecord(tool) && tool["name"] === name)) return problem(`Tool choice '${String(name)}' not found in 'tools' parameter.`, null, "tool_choice");
  }
  if (choice === "required" && tools.length === 0) return problem("Tool choice 'required' must be specified with 'tools' parameter.", null, "tool_choice");
  return void 0;
}
function problemInStrictSchema(schema) {
  if (!isRecord(schema)) return void 0;
  if (schema["additionalProperties"] !== false) return "'additionalProperties' is required to be supplied and to be false.";
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const left = Object.keys(isRecord(schema["properties"]) ? schema["properties"] : {}).find((name) => !required.includes(name));
  return left === void 0 ? void 0 : `'required' is required to be supplied and to be an array including every key in properties. Missing '${left}'.`;
}

// sandbox/upstream/openai-responses/output.ts
function itemsOf({ number, body }, reply) {
  const items = [];
  const last = reply.finishReason === "stop" || reply.finishReason === "tool_calls" ? "completed" : "incomplete";
  if (reply.reasoning !== "") items.push(reasoningItem(`rs_sandbox_${number}`, reply.reasoning, body));
  if (reply.refusal !== "") items.push(messageItem(`msg_sandbox_${number}`, "refusal", reply.refusal, last));
  if (reply.text !== "") items.push(messageItem(`msg_sandbox_${number}`, "text", reply.text, last));
  for (const [index, { id: callId, function: { name, arguments: json } }] of reply.toolCalls.entries()) {
    const call = { id: `fc_sandbox_${number}_${index}`, type: "function_call" };
    const status = index === reply.toolCalls.length - 1 ? last : "completed";
    items.push({
      kind: "call",
      text: json,
      begun: { ...call, status: "in_progress", arguments: "", call_id: callId, name },
      done: { ...call, status, arguments: json, call_id: callId, name }
    });
  }
  return items;
}
function reasoningItem(id, text2, { include }) {
  const encrypted = Array.isArray(include) && include.includes("reasoning.encrypted_content");
  const item = { id, type: "reasoning", content: [] };
  return {
    kind: "reasoning",
    text: text2,
    // The value at the beginning is not the final one, as with the real one.
    begun: { ...item, ...encrypted && { encrypted_content: "sandbox-unfinished" }, summary: [] },
    done: { ...item, ...encrypted && { encrypted_content: encryptedReasoning(id) }, summary: [{ type: "summary_text", text: text2 }] }
  };
}
function messageItem(id, kind, text2, status) {
  const item = { id, type: "message", role: "assistant" };
  return {
    kind,
    text: text2,
    begun: { ...item, status: "in_progress", content: [] },
    done: { ...item, status, content: [partOf(kind, text2)] }
  };
}
function partOf(kind, text2) {
  return kind === "refusal" ? { type: "refusal", refusal: text2 } : { type: "output_text", annotations: [], logprobs: [], text: text2 };
}
function responseOf({ number, createdAt, body }, { status, output, usage, error, incomplete }) {
  const echoed = (name, standard) => ({ [name]: body[name] ?? standard });
  const reasoning = isRecord(body["reasoning"]) ? body["reasoning"] : {};
  const tools = Array.isArray(body["tools"]) ? body["tools"] : [];
  return {
    id: `resp_sandbox_${number}`,
    object: "response",
    created_at: createdAt,
    status,
    ...echoed("background", false),
    completed_at: status === "completed" ? createdAt + 1 : null,
    error: error ?? null,
    incomplete_details: incomplete === void 0 ? null : { reason: incomplete },
    ...echoed("instructions", null),
    ...echoed("max_output_tokens", null),
    model: body.model,
    output,
    ...echoed("parallel_tool_calls", true),
    previous_response_id: null,
    reasoning: { effort: reasoning["effort"] ?? null, summary: reasoning["summary"] ?? null },
    ...echoed("service_tier", "default"),
    ...echoed("store", true),
    ...echoed("temperature", 1),
    text: { format: { type: "text" }, verbosity: "medium", ...isRecord(body["text"]) && body["text"] },
    ...echoed("tool_choice", "auto"),
    // A function that does not say so is strict here, unlike in chat completions.
    tools: tools.filter(isRecord).map((tool) => tool["type"] === "function" ? { strict: true, ...tool } : tool),
    ...echoed("top_p", 1),
    ...echoed("truncation", "disabled"),
    usage,
    user: null,
    ...echoed("metadata", {})
  };
}
function finalResponse(identity, reply, usage) {
  const output = itemsOf(identity, reply).map(({ done }) => done);
  if (reply.finishReason === "length" || reply.finishReason === "content_filter") {
    const incomplete = reply.finishReason === "length" ? "max_output_tokens" : "content_filter";
    return { event: "response.incomplete", response: responseOf(identity, { status: "incomplete", output, usage, incomplete }) };
  }
  return { event: "response.completed", response: responseOf(identity, { status: "completed", output, usage }) };
}

// sandbox/upstream/openai-responses/reply.ts
function talkOfResponses(body) {
  const { instructions, tool_choice: choice, reasoning, max_output_tokens: limit } = body;
  const tools = Array.isArray(body["tools"]) ? body["tools"] : [];
  return {
    model: body.model,
    turns: [
      ...typeof instructions === "string" && instructions !== "" ? [{ role: "system", text: instructions }] : [],
      ...turnsOf3(body.input)
    ],
    tools: tools.filter(isRecord).filter(({ type }) => type === "function").map(({ name, parameters }) => ({ name: String(name), parameters })),
    ...choice === "none" && { chosenTool: null },
    ...isRecord(choice) && typeof choice["name"] === "string" && { chosenTool: choice["name"] },
    parallel: body["parallel_tool_calls"] !== false,
    thinks: !(isRecord(reasoning) && reasoning["effort"] === "none"),
    ...typeof limit === "number" && { maxTokens: limit },
    choices: 1
  };
}
function turnsOf3(input) {
  if (typeof input === "string") return [{ role: "user", text: input }];
  const turns = [];
  for (const item of input) {
    const last = turns.at(-1);
    const turn = turnOf(item);
    if (turn.role === "assistant" && last?.role === "assistant") last.text += turn.text;
    else turns.push(turn);
  }
  return turns;
}
function turnOf(item) {
  switch (item["type"]) {
    case "function_call_output":
      return { role: "tool", text: textOfContent(item["output"]) };
    case void 0:
    case "message": {
      const { role } = item;
      return { role: role === "user" || role === "assistant" ? role : "system", text: textOfContent(item["content"]) };
    }
    default:
      return { role: "assistant", text: "" };
  }
}

// sandbox/upstream/openai-responses/usage.ts
function usageOfResponses({ input, cached, output, reasoning }) {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output
  };
}
function reportedResponsesUsage(reply, wire) {
  const honest = countsOf(reply);
  const counts = wire.usage ? wire.usage(honest) : honest;
  if (!counts) return null;
  const usage = usageOfResponses(counts);
  return wire.usageAsStrings ? asStrings(usage, ["input_tokens", "output_tokens", "total_tokens"]) : usage;
}

// sandbox/upstream/openai-responses/script.ts
var breakdown = { code: "server_error", message: "The sandbox broke down while it was answering." };
function stagesOf({ kind, text: text2, begun, done }, index) {
  const where = { item_id: begun.id, output_index: index };
  const added = ["response.output_item.added", { output_index: index, item: begun }];
  const ended = ["response.output_item.done", { output_index: index, item: done }];
  switch (kind) {
    case "call":
      return {
        before: [added],
        piece: (delta) => ["response.function_call_arguments.delta", { ...where, delta, obfuscation: "sandbox" }],
        after: [["response.function_call_arguments.done", { ...where, arguments: text2, name: begun["name"] }], ended]
      };
    case "reasoning": {
      const summary2 = { ...where, summary_index: 0 };
      return {
        before: [added, ["response.reasoning_summary_part.added", { ...summary2, part: { type: "summary_text", text: "" } }]],
        piece: (delta) => ["response.reasoning_summary_text.delta", { ...summary2, delta, obfuscation: "sandbox" }],
        after: [
          ["response.reasoning_summary_text.done", { ...summary2, text: text2 }],
          ["response.reasoning_summary_part.done", { ...summary2, part: { type: "summary_text", text: text2 } }],
          ended
        ]
      };
    }
    default: {
      const content = { ...where, content_index: 0 };
      const logprobs = kind === "text" ? { logprobs: [] } : {};
      const name = kind === "text" ? "response.output_text" : "response.refusal";
      return {
        before: [added, ["response.content_part.added", { ...content, part: partOf(kind, "") }]],
        piece: (delta) => [`${name}.delta`, { ...content, delta, ...logprobs, obfuscation: "sandbox" }],
        after: [
          [`${name}.done`, { ...content, [kind]: text2, ...logprobs }],
          ["response.content_part.done", { ...content, part: partOf(kind, text2) }],
          ended
        ]
      };
    }
  }
}
function splitItem(reply, { text: text2 }) {
  return text2 === "" ? [""] : splitFor(reply, text2);
}
function piecesOfResponse(identity, reply) {
  return itemsOf(identity, reply).reduce((sum, item) => sum + splitItem(reply, item).length, 0);
}
function responseScript(identity, reply, wire) {
  let number = 0;
  const frame2 = ([type, rest]) => ({ event: type, data: JSON.stringify({ type, ...rest, sequence_number: number++ }) });
  const items = itemsOf(identity, reply);
  const response = responseOf(identity, { status: "in_progress", output: [], usage: null });
  return {
    opening: () => ["response.created", "response.in_progress"].map((type) => frame2([type, { response }])),
    pieces: piecesOfResponse(identity, reply),
    *content() {
      for (const [index, item] of items.entries()) {
        const { before, piece, after } = stagesOf(item, index);
        const pieces = splitItem(reply, item);
        for (const [place2, delta] of pieces.entries()) {
          yield [...place2 === 0 ? before : [], piece(delta), ...place2 === pieces.length - 1 ? after : []].map(frame2);
        }
      }
    },
    *closing() {
      const { event, response: response2 } = finalResponse(identity, reply, reportedResponsesUsage(reply, wire));
      yield frame2([event, { response: response2 }]);
    },
    failure: () => [
      frame2(["error", { ...breakdown, param: null }]),
      frame2(["response.failed", { response: failedResponse(identity) }])
    ],
    broken: { event: "response.output_text.delta", data: '{"type":"response.output_text.delta","delta":"half a fr' }
  };
}
function failedResponse(identity) {
  return responseOf(identity, { status: "failed", output: [], usage: null, error: breakdown });
}

// sandbox/upstream/openai-responses/openai-responses.ts
async function handleOpenAiResponses(context, exchange, record, path) {
  exchange.response.setHeader("x-request-id", `req_sandbox_${++context.answers}`);
  await play(stepsFor4(context, record, path), exchange, record);
}
function stepsFor4(context, record, path) {
  const key = bearerKey(context, record);
  if ("refusal" in key) return key.refusal;
  if (path !== "/responses") return otherSteps(record, path);
  return record.method === "POST" ? responseSteps(context, record, key.apiKey) : wrongMethod(record.method, "POST");
}
function responseSteps(context, record, apiKey) {
  const json = readJson(record.body);
  if (json === void 0) return answerSteps(400, errorBody("The body could not be read as JSON.", "invalid_request_error"));
  const parsed2 = parseResponsesBody(json);
  if ("problem" in parsed2) return answerSteps(parsed2.problem.status, parsed2.problem.body);
  const { body } = parsed2;
  const found = findScenario(body.model);
  if (!found) return answerSteps(400, errorBody(`The requested model '${body.model}' does not exist.`, "invalid_request_error", "model_not_found", "model"));
  const asked = { vendor: "openai-responses", model: body.model, apiKey, record, refuse: refuseAsOpenAi };
  return playScenario(context, asked, found, () => replySteps4(context, body, found));
}
function replySteps4(context, body, found) {
  const reply = replyWith(found, talkOfResponses(body));
  const wire = found.scenario.wire?.(found.parameters) ?? {};
  const identity = { number: String(context.answers), createdAt: Math.floor(context.now() / 1e3), body };
  return body["stream"] === true ? streamSteps(responseScript(identity, reply, wire), wire) : wholeSteps(wire, piecesOfResponse(identity, reply), finalResponse(identity, reply, reportedResponsesUsage(reply, wire)).response, failedResponse(identity));
}

// sandbox/upstream/upstream.ts
var bodyBytesAtMost = 32 * 1024 * 1024;
var tooLarge = "The body is larger than the sandbox reads.";
var vendors = [
  { prefix: "/openai/v1", handle: handleOpenAiChat, refusal: errorBody(tooLarge, "invalid_request_error") },
  { prefix: "/anthropic/v1", handle: handleAnthropic, refusal: anthropicError(413, tooLarge, "req_sandbox") },
  { prefix: "/gemini/v1beta", handle: handleGemini, refusal: geminiError(413, tooLarge) },
  { prefix: "/openai-responses/v1", handle: handleOpenAiResponses, refusal: errorBody(tooLarge, "invalid_request_error") }
];
function clearUpstream({ log, vendors: vendors2 }) {
  log.clear();
  vendors2.attempts.clear();
}
async function handleUpstream(context, exchange, path) {
  if (path === "/_requests") return handleRequestList(context, exchange);
  const { response } = exchange;
  const record = await recordRequest(context, exchange);
  const vendor = vendors.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));
  if (!record) return sendJson(response, 413, vendor?.refusal ?? errorBody(tooLarge, "invalid_request_error"), { connection: "close" });
  if (vendor) return vendor.handle(context.vendors, exchange, record, path.slice(vendor.prefix.length));
  if (path === "/elsewhere") return sendJson(response, 200, { elsewhere: true });
  sendNotFound(response, `/upstream${path}`);
}
async function recordRequest({ log, vendors: vendors2 }, { request: request2, response }) {
  const record = {
    method: request2.method ?? "",
    path: request2.url ?? "",
    headers: request2.headers,
    body: Buffer.alloc(0),
    startedAt: vendors2.now(),
    model: void 0,
    closed: void 0,
    chunks: 0
  };
  log.add(record);
  response.once("finish", () => record.closed ??= "finished");
  response.once("close", () => record.closed ??= "aborted");
  try {
    record.body = await readBody(request2, bodyBytesAtMost);
  } catch (error) {
    if (error instanceof BodyTooLarge) return void 0;
    throw error;
  }
  record.model = modelInPath(record.path) ?? modelIn(record.body);
  return record;
}
function modelInPath(path) {
  const match = /\/gemini\/v1beta\/models\/([^?]+?)(?::|%3A)\w+(?:\?|$)/i.exec(path);
  return match?.[1] === void 0 ? void 0 : decoded(match[1]);
}
function modelIn(body) {
  try {
    const value = JSON.parse(body.toString());
    return typeof value === "object" && value !== null && "model" in value && typeof value.model === "string" ? value.model : void 0;
  } catch {
    return void 0;
  }
}
function handleRequestList(context, { request: request2, response }) {
  if (request2.method === "GET") {
    return sendJson(response, 200, { requests: context.log.all().map((record) => ({ ...record, body: record.body.toString() })) });
  }
  if (request2.method !== "DELETE") return sendWrongMethod(response, "GET, DELETE");
  clearUpstream(context);
  response.writeHead(204).end();
}

// sandbox/index.ts
var defaultRedirectUris = ["http://127.0.0.1:3000/api/auth/callback", "http://localhost:3000/api/auth/callback"];
async function startSandbox(options = {}) {
  if (process.env["NODE_ENV"] === "production") {
    throw new Error("The sandbox lets anyone sign in as anyone and does not run with NODE_ENV=production; unset NODE_ENV, or configure the real services.");
  }
  const server = createServer();
  server.keepAliveTimeout = 65e3;
  const origin = await listen(server, options.port ?? 0);
  const rooms = createRooms(origin, options);
  server.on("request", (request2, response) => void answer2(rooms, request2, response));
  const { connect, connect: { base }, upstream, credit, epay } = rooms;
  const apiKey = upstream.vendors.apiKeys[0] ?? "";
  return {
    url: origin,
    connect: {
      authorizeUrl: `${base}/oauth2/authorize`,
      tokenUrl: `${base}/oauth2/token`,
      userinfoUrl: `${base}/api/user`,
      issuer: connect.issuer,
      jwksUrl: `${base}/.well-known/jwks.json`,
      discoveryUrl: `${base}/.well-known/openid-configuration`,
      clientId: connect.clientId,
      clientSecret: connect.clientSecret,
      redirectUris: connect.redirectUris,
      setFault: (faults) => {
        connect.faults = parseFaults(faults);
      },
      users: connect.users
    },
    upstream: {
      baseUrl: `${origin}/upstream/openai/v1`,
      apiKey,
      apiKeys: upstream.vendors.apiKeys,
      anthropic: { baseUrl: `${origin}/upstream/anthropic/v1`, apiKey },
      gemini: { baseUrl: `${origin}/upstream/gemini/v1beta`, apiKey },
      responses: { baseUrl: `${origin}/upstream/openai-responses/v1`, apiKey },
      requests: () => upstream.log.all(),
      clear: () => clearUpstream(upstream)
    },
    credit: createCredit(credit, { submit: "/epay/pay/submit.php", api: "/epay/api.php" }),
    epay: createCredit(epay, { submit: "/submit.php", api: "/api.php" }),
    close: () => {
      for (const gateway of [credit, epay]) gateway.notifier.close();
      return close(server);
    }
  };
}
function createRooms(origin, options) {
  const now = options.now ?? Date.now;
  const redirectUris = options.redirectUri ?? defaultRedirectUris;
  const users = createUsers();
  return {
    origin,
    connect: {
      base: `${origin}/connect`,
      issuer: `${origin}/connect/`,
      clientId: options.clientId ?? "sandbox-client",
      clientSecret: options.clientSecret ?? "sandbox-client-secret",
      redirectUris: typeof redirectUris === "string" ? [redirectUris] : [...redirectUris],
      now,
      users,
      grants: createGrants(now),
      signIns: /* @__PURE__ */ new Map(),
      faults: {}
    },
    upstream: {
      log: createRequestLog(),
      vendors: { origin, apiKeys: options.apiKeys ?? ["sk-sandbox-one", "sk-sandbox-two"], now, attempts: /* @__PURE__ */ new Map(), answers: 0 }
    },
    credit: createGateway({ kind: "linuxdo", base: `${origin}/credit`, merchant: options.credit, now, users }),
    epay: createGateway({ kind: "epay", base: `${origin}/epay`, merchant: options.epay, now, users })
  };
}
function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === "object" ? address?.port : port}`);
    });
  });
}
function close(server) {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
async function answer2(rooms, request2, response) {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const url = URL.parse(rooms.origin + (request2.url ?? "/"));
  if (!url) return sendJson(response, 400, { error: "invalid_request", error_description: "The sandbox cannot read this address." });
  try {
    await route(rooms, { request: request2, response, url, gone: gone.signal });
  } catch (error) {
    if (gone.signal.aborted || response.headersSent) response.destroy();
    else sendJson(response, 500, { error: "sandbox_error", error_description: error instanceof Error ? error.message : String(error) });
  }
}
async function route({ origin, connect, upstream, credit, epay }, exchange) {
  const { url, response } = exchange;
  if (url.pathname === "/") return sendHtml(response, 200, frontPage(origin, connect, upstream.vendors.apiKeys, [credit, epay]));
  if (url.pathname.startsWith("/connect/")) return handleConnect(connect, exchange, url.pathname.slice("/connect".length));
  if (url.pathname.startsWith("/upstream/")) return handleUpstream(upstream, exchange, url.pathname.slice("/upstream".length));
  if (url.pathname.startsWith("/credit/")) return handleGateway(credit, exchange, url.pathname.slice("/credit".length));
  if (url.pathname.startsWith("/epay/")) return handleGateway(epay, exchange, url.pathname.slice("/epay".length));
  sendNotFound(response, url.pathname);
}

// tests/support/build.ts
import { spawnSync } from "node:child_process";
import { existsSync as existsSync2, mkdirSync, readdirSync as readdirSync2, renameSync, rmSync, statSync as statSync2, utimesSync } from "node:fs";
import { join as join2 } from "node:path";

// scripts/sources.ts
import { createHash as createHash4 } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
var root = fileURLToPath(new URL("..", import.meta.url));
var folders = ["assets", "build", "components", "composables", "i18n", "middleware", "modules", "pages", "plugins", "presets", "public", "server", "shared", "stores", "utils"];
var files = ["app.vue", "app.config.ts", "error.vue", "nuxt.config.ts", "package-lock.json", "tsconfig.json"];
function listSources() {
  return [...files.filter((file) => existsSync(join(root, file))), ...folders.flatMap(listFolder)].sort();
}
function listFolder(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}
function hashSources() {
  const hash = createHash4("sha256").update(process.version);
  for (const file of listSources()) hash.update(`
${file}
`).update(readFileSync(join(root, file)));
  return hash.digest("hex").slice(0, 16);
}

// tests/support/build.ts
var workDir = ".nuxt-test";
var store = join2(root, ".nuxt-test-builds");
var LOCK_STALE_MS = 10 * 6e4;
var KEEP_MS = 60 * 6e4;
async function ensureBuild() {
  const given = process.env["VAPOR_TEST_BUILD"];
  if (given) {
    if (!existsSync2(join2(given, "server/index.mjs"))) throw new Error(`VAPOR_TEST_BUILD names ${given}, but there is no server/index.mjs in it.`);
    return given;
  }
  const finished = join2(store, hashSources());
  if (!isBuilt(finished)) {
    await locked(() => {
      if (!isBuilt(finished)) build(finished);
    });
  }
  utimesSync(finished, /* @__PURE__ */ new Date(), /* @__PURE__ */ new Date());
  process.env["VAPOR_TEST_BUILD"] = finished;
  return finished;
}
var isBuilt = (folder) => existsSync2(join2(folder, "server/index.mjs"));
function build(finished) {
  const { VITEST: _vitest, TEST: _test, VITE: _vite, ...env } = process.env;
  const result = spawnSync(process.execPath, ["node_modules/nuxt/bin/nuxt.mjs", "build", "--logLevel", "silent"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...env, NODE_ENV: "production", NUXT_BUILD_DIR: workDir, NUXT_TELEMETRY_DISABLED: "1" }
  });
  if (result.status !== 0) throw new Error("The build failed; `npm run build` shows why.");
  forgetOldBuilds();
  renameSync(join2(root, workDir, "output"), finished);
}
function forgetOldBuilds() {
  for (const name of readdirSync2(store)) {
    const folder = join2(store, name);
    if (name !== "lock" && Date.now() - statSync2(folder).mtimeMs > KEEP_MS) rmSync(folder, { recursive: true, force: true });
  }
}
async function locked(work) {
  mkdirSync(store, { recursive: true });
  const lock = join2(store, "lock");
  for (; ; ) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      if (existsSync2(lock) && Date.now() - statSync2(lock).mtimeMs > LOCK_STALE_MS) rmSync(lock, { recursive: true, force: true });
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

// tests/support/server.ts
var READY_MS = 3e4;
var STOP_MS = 15e3;
async function startVapor(options = {}) {
  const build2 = await ensureBuild();
  const port = options.port ?? await freePort();
  const url = `http://127.0.0.1:${port}`;
  const dataDir = options.dataDir ?? mkdtempSync(join3(tmpdir(), "vapor-test-"));
  const sandbox = options.sandbox === false ? void 0 : options.sandbox ?? await startSandbox();
  sandbox?.connect.redirectUris.push(`${url}/api/auth/callback`);
  const output = [];
  const child = spawn(process.execPath, [join3(build2, "server/index.mjs")], {
    env: { ...inheritedEnv(), ...testEnv(url, dataDir, sandbox), ...options.env, PORT: String(port), HOST: "127.0.0.1" },
    stdio: ["ignore", "pipe", "pipe"]
  });
  child.stdout.on("data", (part) => output.push(part));
  child.stderr.on("data", (part) => output.push(part));
  const log = () => Buffer.concat(output).toString("utf8");
  const kill = async (signal = "SIGKILL") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  };
  const clear = async () => {
    if (!options.sandbox) await sandbox?.close();
    if (!options.dataDir) rmSync2(dataDir, { recursive: true, force: true });
  };
  const stop = async () => {
    const patience = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await kill("SIGTERM");
    clearTimeout(patience);
    await clear();
  };
  try {
    await waitUntilReady(url, child);
  } catch (error) {
    await kill();
    await clear();
    throw new Error(`Vapor did not start: ${error instanceof Error ? error.message : error}
${log()}`, { cause: error });
  }
  return { url, port, dataDir, sandbox, process: child, log, stop, kill };
}
function inheritedEnv() {
  const kept = ["PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT", "LANG", "NODE_OPTIONS", "NODE_EXTRA_CA_CERTS"];
  return Object.fromEntries(kept.flatMap((name) => process.env[name] === void 0 ? [] : [[name, process.env[name]]]));
}
function testEnv(url, dataDir, sandbox) {
  return {
    NODE_ENV: "production",
    JWT_SECRET: "test-only-session-secret-0123456789abcdef",
    VAPOR_SECRET: "test-only-vault-secret-0123456789abcdef00",
    FRONTEND_URL: url,
    ADMIN_UIDS: "1",
    WELCOME_CREDIT: "10",
    VAPOR_STORE: `sqlite:${join3(dataDir, "vapor.db")}`,
    VAPOR_DATA_DIR: dataDir,
    VAPOR_ALLOW_PRIVATE_UPSTREAMS: "true",
    ...sandbox ? oauthEnv(url, sandbox) : {}
  };
}
function oauthEnv(url, { connect }) {
  return {
    OAUTH_CLIENT_ID: connect.clientId,
    OAUTH_CLIENT_SECRET: connect.clientSecret,
    OAUTH_REDIRECT_URI: `${url}/api/auth/callback`,
    OAUTH_AUTHORIZE_URL: connect.authorizeUrl,
    OAUTH_TOKEN_URL: connect.tokenUrl,
    OAUTH_USERINFO_URL: connect.userinfoUrl,
    OAUTH_ISSUER: connect.issuer,
    OAUTH_JWKS_URL: connect.jwksUrl
  };
}
async function freePort() {
  const server = createServer2().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
async function waitUntilReady(url, child) {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
    const status = await fetch(`${url}/v1/models`, { signal: AbortSignal.timeout(5e3) }).then((response) => response.status, () => 0);
    if (status > 0 && status < 500) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no answer within ${READY_MS / 1e3} s`);
}

// tests/support/console.ts
var ApiError = class extends Error {
  status;
  code;
  constructor(status, code2, message) {
    super(`${status} ${code2}: ${message}`);
    this.status = status;
    this.code = code2;
  }
};
async function signIn(url, uid, cookies) {
  const jar = new Map(Object.entries(cookies ?? {}));
  const header = () => [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  let next = `${url}/api/auth/login?login_hint=${uid}`;
  for (let hops = 0; next && hops < 10; hops++) {
    const here = next;
    const response = await fetch(here, { redirect: "manual", headers: here.startsWith(url) ? { cookie: header() } : {} });
    if (here.startsWith(url)) keep(jar, response);
    const location = response.headers.get("location");
    await response.body?.cancel();
    next = location && new URL(location, here).href;
    if (next && here.includes("/api/auth/callback")) break;
  }
  async function call(method, path, body, idempotencyKey) {
    const response = await fetch(url + path, {
      method,
      headers: {
        cookie: header(),
        origin: url,
        ...body === void 0 ? {} : { "content-type": "application/json" },
        ...idempotencyKey ? { "idempotency-key": idempotencyKey } : {}
      },
      ...body === void 0 ? {} : { body: JSON.stringify(body) }
    });
    keep(jar, response);
    const text2 = await response.text();
    const value = text2 ? JSON.parse(text2) : void 0;
    if (!response.ok) throw new ApiError(response.status, value?.error?.code ?? "", value?.error?.message ?? text2.slice(0, 200));
    return value;
  }
  return { get: (path) => call("GET", path), send: call, cookies: header };
}
function keep(jar, response) {
  for (const line of response.headers.getSetCookie()) {
    const [pair = ""] = line.split(";");
    const equals = pair.indexOf("=");
    const value = pair.slice(equals + 1);
    if (value) jar.set(pair.slice(0, equals), value);
    else jar.delete(pair.slice(0, equals));
  }
}
async function stockShop(url, upstream, models) {
  const admin = await signIn(url, "1");
  await admin.send("POST", "/api/admin/channels", { id: "sandbox", name: "Sandbox", dialect: "openai-chat", baseUrl: upstream.baseUrl, credentials: [upstream.apiKey] });
  for (const name of models) await admin.send("POST", "/api/admin/models", { name, prices: { input: "1", output: "2" }, routes: [{ channel: "sandbox" }] });
  const user = await signIn(url, "2");
  const { secret } = await user.send("POST", "/api/user/keys", { name: "test" });
  return { admin, user, key: secret };
}

// tests/support/browser.ts
import { existsSync as existsSync3 } from "node:fs";
import { chromium } from "playwright-core";
var installed = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"
];
var flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
async function launchBrowser() {
  const named = process.env["CHROMIUM_PATH"];
  const path = named === "npm" ? void 0 : named ?? installed.find((candidate) => existsSync3(candidate));
  if (path) return chromium.launch({ executablePath: path, args: flags });
  const { default: packed } = await import("@sparticuz/chromium");
  return chromium.launch({ executablePath: await packed.executablePath(), args: flags });
}

// tests/.shots-admin.mts
import { mkdirSync as mkdirSync2 } from "node:fs";
mkdirSync2("/tmp/admin-shots", { recursive: true });
var vapor = await startVapor();
var browser = await launchBrowser();
try {
  const { upstream } = vapor.sandbox;
  const shop = await stockShop(vapor.url, { baseUrl: upstream.baseUrl, apiKey: upstream.apiKeys[0] }, ["sandbox-text", "sandbox-tools"]);
  const a = shop.admin;
  await a.send("POST", "/api/admin/channels", { id: "claude", name: "Claude direct", dialect: "openai-chat", baseUrl: upstream.baseUrl, credentials: ["sk-nobody-knows-this-9999", "sk-second-key-000-1234"], priority: 5 });
  await a.send("POST", "/api/admin/models", { name: "claude-opus-5", prices: { input: "6", output: "30", cachedInput: "0.6" }, routes: [{ channel: "claude", priority: 1, upstream: "sandbox-text" }, { channel: "sandbox", upstream: "sandbox-text" }] });
  await a.send("POST", "/api/admin/models", { name: "gemini-3.1-pro-preview", routes: [{ channel: "sandbox" }] });
  for (let i = 0; i < 14; i++) {
    const r = await fetch(vapor.url + "/v1/chat/completions", { method: "POST", headers: { authorization: `Bearer ${shop.key}`, "content-type": "application/json" }, body: JSON.stringify({ model: i % 3 ? "sandbox-text" : "claude-opus-5", messages: [{ role: "user", content: "hello ".repeat(50 * i + 1) }] }) });
    await r.text();
  }
  await a.send("POST", "/api/admin/announcements", { level: "warning", title: { zh: "\u5468\u65E5\u51CC\u6668\u7EF4\u62A4", en: "Maintenance on Sunday" }, text: { zh: "2:00\u20133:00 \u671F\u95F4\u53EF\u80FD\u77ED\u6682\u4E2D\u65AD\u3002", en: "A short break between 2 and 3 a.m." } });
  await a.send("POST", "/api/admin/announcements", { level: "info", title: { zh: "\u65B0\u6A21\u578B\u4E0A\u67B6", en: "New models" }, from: new Date(Date.now() + 9e7).toISOString() });
  for (const [locale, width, scheme] of [["zh-CN", 1440, "light"], ["en", 390, "light"], ["en", 1440, "dark"]]) {
    const c = await browser.newContext({ locale, viewport: { width, height: 900 }, colorScheme: scheme });
    await c.addCookies(a.cookies().split("; ").map((p2) => {
      const [n = "", ...v] = p2.split("=");
      return { name: n, value: v.join("="), url: vapor.url };
    }));
    const p = await c.newPage();
    p.setDefaultTimeout(8e3);
    const snap = (n, full = true) => p.screenshot({ path: `/tmp/admin-shots/${n}-${locale}-${width}-${scheme}.png`, fullPage: full });
    for (const path of ["", "channels", "models", "announcements", "audit", "settings"]) {
      await p.goto(vapor.url + "/admin/" + path, { waitUntil: "networkidle" });
      await snap(path || "overview");
    }
    try {
      await p.goto(vapor.url + "/admin/channels", { waitUntil: "networkidle" });
      await p.getByTestId("channel-claude").getByRole("button").nth(1).click();
      await p.waitForTimeout(500);
      await snap("credentials", false);
      await p.keyboard.press("Escape");
      await p.waitForTimeout(400);
      await p.goto(vapor.url + "/admin/models", { waitUntil: "networkidle" });
      await p.getByRole("checkbox").first().click();
      await snap("models-selected", false);
      await p.getByRole("region").getByRole("button").first().click();
      await p.waitForTimeout(700);
      await snap("pricing", false);
      await p.keyboard.press("Escape");
      await p.waitForTimeout(400);
      await p.getByRole("button", { name: /claude-opus-5/ }).first().click();
      await p.waitForTimeout(600);
      await p.locator("ol").last().scrollIntoViewIfNeeded();
      await snap("routes", false);
      await p.goto(vapor.url + "/admin/users?search=2", { waitUntil: "networkidle" });
      await p.getByRole("button", { name: /user$/ }).first().click();
      await p.waitForTimeout(600);
      await p.getByRole("tab").nth(1).click();
      await p.waitForTimeout(600);
      await snap("user", false);
      await p.goto(vapor.url + "/console", { waitUntil: "networkidle" });
      await snap("console", false);
    } catch (e) {
      console.log(locale, width, String(e).slice(0, 300));
    }
    await c.close();
  }
} finally {
  await browser.close();
  await vapor.stop();
}
