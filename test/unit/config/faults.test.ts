import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faultsOf, oneServer, SECRET, SHA } from './load.ts'

type Document = Readonly<Record<string, unknown>>
interface Case { readonly what: string, readonly document: Document, readonly key: string, readonly says: RegExp, readonly env?: Record<string, string> }

const jwt = (entry: Document) => oneServer({}, { auth: { jwt: [{ issuer: 'i', audience: 'a', tenant: 't', ...entry }] } })
const apiKey = (entry: Document, rest: Document = {}) => oneServer({}, { auth: { apiKeys: [{ id: 'k', sha256: SHA, tenant: 't', user: 'u', ...entry }] }, ...rest })

const CASES: readonly Case[] = [
  { what: 'wrong type in a list', document: oneServer({ args: ['-y', 3] }), key: 'mcpServers.one.args[1]', says: /^expected a string, got a number$/ },
  { what: 'wrong type of a name with a space', document: { mcpServers: { 'my server': { command: 1 } } }, key: 'mcpServers["my server"].command', says: /^expected a string, got a number$/ },
  { what: 'an object where a list belongs', document: oneServer({ args: {} }), key: 'mcpServers.one.args', says: /^expected a list, got an object$/ },
  { what: 'nothing where an object belongs', document: { mcpServers: null }, key: 'mcpServers', says: /^expected an object, got nothing$/ },
  { what: 'no servers at all', document: { listen: {} }, key: 'mcpServers', says: /^expected an object with at least one server, but the key is missing$/ },
  { what: 'unknown key with a near one', document: oneServer({}, { tenats: {} }), key: 'tenats', says: /^unknown key; did you mean "tenants"\?$/ },
  { what: 'unknown key without a near one', document: oneServer({}, { sessions: { zzz: 1 } }), key: 'sessions.zzz', says: /^unknown key; expected one of idleMs, maxPerUser$/ },
  { what: 'unknown key in a strict part of an entry', document: oneServer({ pool: { maxPerTennant: 1 } }), key: 'mcpServers.one.pool.maxPerTennant', says: /did you mean "maxPerTenant"/ },
  { what: 'number below its bound', document: oneServer({ pool: { max: 0 } }), key: 'mcpServers.one.pool.max', says: /^expected a whole number from 1 to 100000, got 0$/ },
  { what: 'number above its bound', document: oneServer({}, { listen: { port: 70_000 } }), key: 'listen.port', says: /from 0 to 65535, got 70000$/ },
  { what: 'fraction', document: oneServer({ timeoutMs: 1.5 }), key: 'mcpServers.one.timeoutMs', says: /expected a whole number .*got 1\.5$/ },
  { what: 'number in quotes', document: oneServer({}, { limits: { callsPerMinute: '100' } }), key: 'limits.callsPerMinute', says: /expected a whole number .*got a string$/ },
  { what: 'word of a closed list', document: oneServer({ isolation: 'users' }), key: 'mcpServers.one.isolation', says: /^expected one of "shared", "tenant", "user", "session", "call", got "users"$/ },
  { what: 'transport', document: oneServer({ type: 'websocket' }), key: 'mcpServers.one.type', says: /expected one of "stdio".*got "websocket"/ },
  { what: 'union', document: oneServer({ capabilities: { fixd: {} } }), key: 'mcpServers.one.capabilities', says: /^expected "client" or \{ fixed: .*got an object$/ },
  { what: 'env value', document: oneServer({ env: { A: ['x'] } }), key: 'mcpServers.one.env.A', says: /^expected a string, a number, true, false, or null/ },
  { what: 'empty string', document: oneServer({ command: '' }), key: 'mcpServers.one.command', says: /^expected a string of 1 to 4096 characters, got an empty string$/ },
  { what: 'neither command nor url', document: { mcpServers: { a: {} } }, key: 'mcpServers.a', says: /^expected command .* or url/ },
  { what: 'command and url', document: oneServer({ url: 'https://x' }), key: 'mcpServers.one', says: /^expected either command or url, got both/ },
  { what: 'http without url', document: { mcpServers: { a: { type: 'http' } } }, key: 'mcpServers.a.url', says: /transport is http, but the key is missing$/ },
  { what: 'stdio without command', document: { mcpServers: { a: { type: 'stdio', url: 'https://x' } } }, key: 'mcpServers.a.command', says: /transport is stdio, but the key is missing$/ },
  { what: 'two transports', document: oneServer({ type: 'stdio', transportType: 'sse' }), key: 'mcpServers.one.transportType', says: /^expected the same transport as in type$/ },
  { what: 'url of another scheme', document: { mcpServers: { a: { url: 'file:///etc' } } }, key: 'mcpServers.a.url', says: /^expected a URL that begins with http/ },
  { what: 'maxTimeoutMs below timeoutMs', document: oneServer({ timeoutMs: 9, maxTimeoutMs: 8 }), key: 'mcpServers.one.maxTimeoutMs', says: /^expected at least timeoutMs \(9\), got 8$/ },
  { what: 'two names with one slug', document: { mcpServers: { 'a b': { command: 'x' }, 'a-b': { command: 'y' } } }, key: 'mcpServers.a-b', says: /"a b" and "a-b" would both be served as a-b/ },
  { what: '{user} with isolation shared', document: oneServer({ args: ['/data/{user}'], isolation: 'shared' }), key: 'mcpServers.one.args[0]', says: /^expected no \{tenant\} or \{user\}/ },
  { what: '{tenant} with isolation shared, in env', document: oneServer({ env: { D: '{tenant}' }, isolation: 'shared' }), key: 'mcpServers.one.env.D', says: /^expected no \{tenant\} or \{user\}/ },
  { what: '{user} with isolation tenant, in cwd', document: oneServer({ cwd: '/d/{tenant}/{user}', isolation: 'tenant' }), key: 'mcpServers.one.cwd', says: /^expected no \{user\}/ },
  { what: '{user} with isolation tenant, in sandbox paths', document: oneServer({ sandbox: { writable: ['/d/{user}'] }, isolation: 'tenant' }), key: 'mcpServers.one.sandbox.writable[0]', says: /^expected no \{user\}/ },
  { what: '{user} in command', document: oneServer({ command: '/bin/{user}' }), key: 'mcpServers.one.command', says: /replaced in args, env, cwd and sandbox paths only/ },
  { what: '{user} in a header', document: { mcpServers: { a: { url: 'https://x', headers: { 'X-User': '{user}' } } } }, key: 'mcpServers.a.headers.X-User', says: /replaced in args/ },
  { what: 'tenant with an unknown server', document: oneServer({}, { tenants: { acme: { servers: ['onee'] } } }), key: 'tenants.acme.servers[0]', says: /there is no "onee"; did you mean "one"\?$/ },
  { what: 'key without its hash', document: oneServer({}, { auth: { apiKeys: [{ id: 'k', tenant: 't', user: 'u' }] } }), key: 'auth.apiKeys[0].sha256', says: /^expected 64 hex digits.*but the key is missing$/ },
  { what: 'key text in place of its hash', document: apiKey({ sha256: 'db_k_secretsecret' }), key: 'auth.apiKeys[0].sha256', says: /^expected 64 hex digits: the SHA-256 of the key, not the key itself/ },
  { what: 'key id', document: apiKey({ id: 'Key_1' }), key: 'auth.apiKeys[0].id', says: /^expected 1 to 32 characters of a-z and 0-9/ },
  { what: 'key of a tenant that does not exist', document: apiKey({ tenant: 'acmee' }, { tenants: { acme: {} } }), key: 'auth.apiKeys[0].tenant', says: /no "acmee"; did you mean "acme"\?$/ },
  { what: 'user with a control character', document: apiKey({ user: 'a\nb' }), key: 'auth.apiKeys[0].user', says: /without control characters/ },
  { what: 'tenant name with a control character', document: oneServer({}, { tenants: { 'a\u0000': {} } }), key: 'tenants["a\\u0000"]', says: /without control characters/ },
  { what: 'key id twice', document: oneServer({}, { auth: { apiKeys: [{ id: 'k', sha256: SHA, tenant: 't', user: 'u' }, { id: 'k', sha256: SHA.replace('3', '4'), tenant: 't', user: 'u' }] } }), key: 'auth.apiKeys[1].id', says: /^expected each key id once/ },
  { what: 'key hash twice, in another case', document: oneServer({}, { auth: { apiKeys: [{ id: 'k', sha256: SHA, tenant: 't', user: 'u' }, { id: 'l', sha256: SHA.toUpperCase(), tenant: 't', user: 'u' }] } }), key: 'auth.apiKeys[1].sha256', says: /^expected each key once/ },
  { what: 'issuer without keys', document: jwt({}), key: 'auth.jwt[0].issuer', says: /^expected a URL/ },
  { what: 'issuer with both kinds of keys', document: jwt({ jwksUri: 'https://i/jwks', secretEnv: 'S' }), env: { S: SECRET }, key: 'auth.jwt[0]', says: /got both$/ },
  { what: 'HS256 with a JWKS', document: jwt({ jwksUri: 'https://i/jwks', algorithms: ['RS256', 'HS256'] }), key: 'auth.jwt[0].algorithms[1]', says: /with jwksUri, got "HS256"$/ },
  { what: 'RS256 with a secret', document: jwt({ secretEnv: 'S', algorithms: ['RS256'] }), env: { S: SECRET }, key: 'auth.jwt[0].algorithms[0]', says: /^expected one of HS256, HS384, HS512 with secretEnv, got "RS256"$/ },
  { what: 'algorithm none', document: jwt({ jwksUri: 'https://i/jwks', algorithms: ['none'] }), key: 'auth.jwt[0].algorithms[0]', says: /^expected one of "RS256"/ },
  { what: 'secret that is not set', document: jwt({ secretEnv: 'S' }), key: 'auth.jwt[0].secretEnv', says: /environment variable S \(or S_FILE\)/ },
  { what: 'short secret', document: jwt({ secretEnv: 'S' }), env: { S: SECRET.slice(0, 31) }, key: 'auth.jwt[0].secretEnv', says: /at least 32 bytes, got 31/ },
  { what: 'secret too short for HS512', document: jwt({ secretEnv: 'S', algorithms: ['HS512'] }), env: { S: SECRET.slice(0, 63) }, key: 'auth.jwt[0].secretEnv', says: /at least 64 bytes, got 6\d/ },
  { what: 'tenant and tenants', document: jwt({ jwksUri: 'https://i/jwks', tenants: ['t'] }), key: 'auth.jwt[0]', says: /^expected tenant or tenants, got both$/ },
  { what: 'issuer twice', document: oneServer({}, { auth: { jwt: [{ issuer: 'i', audience: 'a', tenant: 't', jwksUri: 'https://i/j' }, { issuer: 'i', audience: 'b', tenant: 'u', jwksUri: 'https://i/j' }] } }), key: 'auth.jwt[1].issuer', says: /^expected each issuer once/ },
  { what: 'no audience', document: oneServer({}, { auth: { jwt: [{ issuer: 'i', jwksUri: 'https://i/j' }] } }), key: 'auth.jwt[0].audience', says: /but the key is missing$/ },
  { what: 'publicUrl with a path', document: oneServer({}, { http: { publicUrl: 'https://x/mcp' } }), key: 'http.publicUrl', says: /^expected an origin/ },
  { what: 'allowed host with a scheme', document: oneServer({}, { http: { allowedHosts: ['https://x'] } }), key: 'http.allowedHosts[0]', says: /^expected a host or host:port/ },
  { what: 'wildcard origin', document: oneServer({}, { http: { allowedOrigins: ['*'] } }), key: 'http.allowedOrigins[0]', says: /without path or wildcard$/ },
  { what: 'proxy range', document: oneServer({}, { http: { trustedProxies: ['10.0.0.0/8'] } }), key: 'http.trustedProxies[0]', says: /^expected one IP address/ },
  { what: 'host that is no host', document: oneServer({}, { listen: { host: 'http://x:1' } }), key: 'listen.host', says: /^expected an address or host name/ },
  { what: 'one port for both listeners', document: oneServer({}, { listen: { port: 8081 } }), key: 'management.port', says: /^expected another port than listen\.port/ },
  { what: 'PORT', document: oneServer(), env: { PORT: '80a' }, key: 'PORT', says: /^expected a port from 0 to 65535, got "80a"$/ },
  { what: 'HOST', document: oneServer(), env: { HOST: 'a b' }, key: 'HOST', says: /^expected an address or host name/ },
  { what: 'DRAWBRIDGE_MODE', document: oneServer(), env: { DRAWBRIDGE_MODE: 'prod' }, key: 'DRAWBRIDGE_MODE', says: /^expected one of development, production, got "prod"$/ },
  { what: 'DRAWBRIDGE_MANAGEMENT_TOKEN twice', document: oneServer(), env: { DRAWBRIDGE_MANAGEMENT_TOKEN: 'x', DRAWBRIDGE_MANAGEMENT_TOKEN_FILE: '/x' }, key: 'DRAWBRIDGE_MANAGEMENT_TOKEN', says: /^both DRAWBRIDGE_MANAGEMENT_TOKEN and/ },
  { what: 'LOG_LEVEL', document: oneServer(), env: { LOG_LEVEL: 'loud' }, key: 'LOG_LEVEL', says: /^expected one of fatal/ }
]

describe('every fault names its key and what was expected', () => {
  for (const { what, document, key, says, env = {} } of CASES) {
    it(what, async () => {
      const faults = await faultsOf(document, { env })
      const found = faults.find((fault) => fault.key === key)
      assert.ok(found, `no fault at ${key}; there are ${JSON.stringify(faults)}`)
      assert.match(found.message, says)
      assert.doesNotMatch(found.message, /\n/)
      assert.equal(faults.length, 1, `one mistake, one fault: ${JSON.stringify(faults)}`)
    })
  }

  it('all faults of all parts come at once', async () => {
    const faults = await faultsOf({
      mcpServers: { a: { command: 'x', args: [1] }, b: { command: 'y', args: ['{user}'], isolation: 'shared' }, c: {} },
      tenants: { acme: { servers: ['a', 'd'] } },
      auth: { apiKeys: [{ id: 'K', sha256: SHA, tenant: 'acme', user: 'u' }, { id: 'k', sha256: SHA, tenant: 'globex', user: 'u' }] },
      limits: { callsPerMinute: 0 },
      http: { publicUrl: 'https://x/y' },
      lissen: {}
    }, { flags: { port: 'x' }, env: { LOG_LEVEL: 'loud' } })
    assert.deepEqual(faults.map(({ key }) => key).sort(), [
      '--port', 'LOG_LEVEL', 'auth.apiKeys[0].id', 'auth.apiKeys[1].tenant', 'http.publicUrl', 'limits.callsPerMinute', 'lissen',
      'mcpServers.a.args[0]', 'mcpServers.b.args[0]', 'mcpServers.c', 'tenants.acme.servers[1]'
    ])
  })

  it('no fault repeats a value that may be a secret', async () => {
    const faults = await faultsOf(oneServer({ args: { token: 'sesame-1' }, url: 'sesame-2', headers: { A: ['sesame-3'] } }, {
      auth: { apiKeys: [{ id: 'sesame-4', sha256: 'sesame-5', tenant: 't', user: 'u' }], jwt: [{ issuer: 'i', audience: 'a', tenant: 't', secretEnv: 'S' }] },
      http: { publicUrl: 'https://user:sesame-6@host' }
    }), { env: { S: 'sesame-7' } })
    assert.ok(faults.length >= 6)
    assert.doesNotMatch(JSON.stringify(faults), /sesame/)
  })
})
