// An OAuth2 provider on loopback for the tests: oidc-provider, with PKCE required, refresh tokens that rotate, the device
// flow, introspection for a mail server, and a record of what it gave out.
//
//   node provider.mjs '{"accessTokenSeconds": 3600, "secret": "…"}'
//
// Writes its port to a file `port` beside it. Any login and password are let in; the login is the subject of the tokens. Beside the
// protocol's own addresses there are, for the tests:
//   GET  /record   {"tokens": every token given out, "grants": [each answered token request: type and what came of it]}
//   POST /expire   ends every access token
//   POST /revoke   takes back every grant

import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const options = JSON.parse(process.argv[2] ?? '{}');
const accessTokenSeconds = options.accessTokenSeconds ?? 3600;

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const { port } = server.address();

const authentication = options.secret
  ? { client_secret: options.secret, token_endpoint_auth_method: 'client_secret_post' }
  : { token_endpoint_auth_method: 'none' };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'popfetch-test',
      application_type: 'native', // RFC 8252 §7.3: any port of a loopback address that is registered
      redirect_uris: ['http://127.0.0.1/', 'http://127.0.0.1', 'http://localhost/', 'http://localhost'],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      ...authentication,
    },
    {
      client_id: 'mail-server',
      client_secret: 'known-to-the-provider',
      redirect_uris: [],
      response_types: [],
      grant_types: [],
    },
  ],
  scopes: ['openid', 'offline_access', 'mail'],
  pkce: { required: () => true, methods: ['S256'] },
  rotateRefreshToken: true,
  // As with Google: whoever may have a refresh token gets one.
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  ttl: { AccessToken: accessTokenSeconds, DeviceCode: 600, AuthorizationCode: 60, Grant: 86400, Interaction: 600, RefreshToken: 86400, Session: 3600, IdToken: 3600 },
  features: {
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

const record = { tokens: [], grants: [] };
const accessTokens = [];

provider.on('access_token.saved', (token) => accessTokens.push(token));
provider.on('server_error', (ctx, error) => console.error(error));
provider.on('authorization.error', (ctx, error) => console.error('authorization', error.message, error.error_description));

provider.use(async (ctx, next) => {
  if (ctx.method === 'GET' && ctx.path === '/record') {
    ctx.body = record;
    return;
  }
  if (ctx.method === 'POST' && ['/expire', '/revoke'].includes(ctx.path)) {
    for (const token of accessTokens) {
      await token.destroy();
      if (ctx.path === '/revoke') {
        await provider.RefreshToken.revokeByGrantId(token.grantId);
      }
    }
    ctx.status = 204;
    return;
  }
  await next();
  if (ctx.path !== '/token' || ctx.method !== 'POST') {
    return;
  }
  const sent = ctx.oidc?.params ?? {};
  if (ctx.body?.error !== 'authorization_pending') {
    record.grants.push({ type: sent.grant_type, status: ctx.status });
  }
  for (const name of ['access_token', 'refresh_token', 'id_token']) {
    if (ctx.body?.[name]) {
      record.tokens.push(ctx.body[name]);
    }
  }
});

server.on('request', provider.callback());
// Whoever sees the file finds the whole number in it.
writeFileSync('port.new', String(port));
renameSync('port.new', 'port');
