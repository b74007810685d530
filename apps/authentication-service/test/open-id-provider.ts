/**
 * A real OpenID provider on loopback, and a browser that logs in there.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { Provider } from 'oidc-provider';

export const CLIENT_ID = 'canopy';
export const OTHER_CLIENT_ID = 'another-service';
const REDIRECT_URI = 'http://127.0.0.1/done';

interface ProviderKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

/** A provider that is up. */
export interface OpenIdProvider {
  readonly issuer: string;
  readonly key: ProviderKey;
  /** How often the key set was fetched. */
  readonly fetches: number;
  /** Logs in by the authorization code flow with PKCE, as a browser does, and gives the ID token. */
  logIn(name: string, nonce: string, clientId?: string): Promise<string>;
  /** Signs whatever a test makes up, with the provider's own key. */
  forge(claims: JWTPayload, header?: { readonly typ?: string; readonly kid?: string }): Promise<string>;
  /** Signs with another key from now on, and publishes only that one. */
  rotate(): Promise<void>;
  /** Answers nothing any more, until it is called again. */
  setAway(away: boolean): void;
  close(): Promise<void>;
}

/** Certificate and private key of `localhost`, good for a hundred years. */
export const TLS = {
  certificate: join(import.meta.dirname, 'tls/certificate.pem'),
  key: join(import.meta.dirname, 'tls/key.pem'),
};

/** How a provider differs from the usual. */
export interface ProviderOptions {
  readonly tls?: true;
}

export async function startProvider({ tls }: ProviderOptions = {}): Promise<OpenIdProvider> {
  let serving: RequestListener | undefined;
  let [away, fetches] = [false, 0];
  const listener: RequestListener = (request, response) => {
    if (away) return void request.socket.destroy();
    if (request.url?.startsWith('/jwks') === true) fetches += 1;
    serving?.(request, response);
  };
  const files = { cert: readFileSync(TLS.certificate), key: readFileSync(TLS.key) };
  const server = tls ? createSecureServer(files, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const issuer = `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`;
  let key = await createKey('first');
  serving = providerOf(issuer, key);
  return {
    issuer,
    get key() {
      return key;
    },
    get fetches() {
      return fetches;
    },
    logIn: (name, nonce, clientId = CLIENT_ID) => logIn(issuer, { name, nonce, clientId }),
    forge: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: key.kid, ...header }).sign(key.privateKey),
    async rotate() {
      key = await createKey('second');
      serving = providerOf(issuer, key);
    },
    setAway(value) {
      away = value;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function createKey(kid: string): Promise<ProviderKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' };
  return { kid, privateKey, publicKey, jwk };
}

function providerOf(issuer: string, { jwk }: ProviderKey): RequestListener {
  const clients = [CLIENT_ID, OTHER_CLIENT_ID].map((clientId) => ({
    client_id: clientId,
    application_type: 'native' as const,
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code'],
    response_types: ['code' as const],
    token_endpoint_auth_method: 'none' as const,
    id_token_signed_response_alg: 'ES256' as const,
  }));
  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: [{ ...jwk, kty: 'EC' }] },
    cookies: { keys: ['a key for tests'] },
    claims: { profile: ['preferred_username'] },
    conformIdTokenClaims: false,
    findAccount: (_, accountId) => ({
      accountId,
      // What comes after the colon is who it is, what stands before it the name.
      claims: () => ({ sub: accountId, preferred_username: accountId.split(':', 1)[0] }),
    }),
    ttl: { IdToken: 3_600, Grant: 3_600, Interaction: 600, Session: 3_600, AccessToken: 600 },
  });
  const answer = provider.callback();
  return (request, response) => void answer(request, response);
}

interface LogIn {
  readonly name: string;
  readonly nonce: string;
  readonly clientId: string;
}

async function logIn(issuer: string, { name, nonce, clientId }: LogIn): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const start = new URL('/auth', issuer);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  start.search = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile',
    nonce,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }).toString();
  const code = await browse(start, name);
  const answer = await fetch(new URL('/token', issuer), {
    method: 'POST',
    body: new URLSearchParams({
      client_id: clientId,
      grant_type: 'authorization_code',
      redirect_uri: REDIRECT_URI,
      code,
      code_verifier: verifier,
    }),
  });
  const tokens: unknown = await answer.json();
  if (typeof tokens !== 'object' || tokens === null || !('id_token' in tokens))
    throw new Error('no ID token');
  return String(tokens.id_token);
}

/** Follows redirections, logs in and consents where a form asks for it, and gives the code at the end. */
async function browse(start: URL, name: string): Promise<string> {
  const cookies = new Map<string, string>();
  let [url, form]: [URL, Form | undefined] = [start, undefined];
  for (let step = 0; step < 12; step++) {
    const response = await visit(url, cookies, form);
    const location = response.headers.get('location');
    form = location === null ? formFor(await response.text(), name) : undefined;
    url = new URL(location ?? url, url);
    if (url.href.startsWith(REDIRECT_URI)) return url.searchParams.get('code') ?? '';
  }
  throw new Error('the provider did not send the browser back');
}

type Form = Readonly<Record<string, string>>;

/** Opens a page, or sends a form to it, with the cookies of before. */
async function visit(url: URL, cookies: Map<string, string>, form?: Form): Promise<Response> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { cookie: Array.from(cookies, ([key, value]) => `${key}=${value}`).join('; ') },
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  });
  for (const cookie of response.headers.getSetCookie()) {
    const [, key, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    if (key !== undefined && value !== undefined) cookies.set(key, value);
  }
  return response;
}

function formFor(page: string, name: string): Form {
  if (page.includes('value="login"')) return { prompt: 'login', login: name, password: 'any' };
  if (page.includes('value="consent"')) return { prompt: 'consent' };
  throw new Error('a page that is not known', { cause: page.slice(0, 2_000) });
}
