import { Type } from 'typebox'
import type { Static } from 'typebox'
import { tls } from './tls.ts'
import { flag, text } from './terms.ts'

/** Ways to be known to an upstream server. The last three are names of a later version. */
export const UPSTREAM_AUTH_TYPES = ['static', 'clientCredentials', 'userOAuth', 'tokenExchange', 'mtls'] as const

const url = { pattern: '^https?://', 'x-expected': 'a URL that begins with https://' }

/** `auth` of a server over HTTP. */
export const upstreamAuth = Type.Object({
  type: Type.Enum(UPSTREAM_AUTH_TYPES, { description: 'static: one token for all requests. clientCredentials: tokens that the gateway fetches and renews as an OAuth client (RFC 6749 4.4).' }),
  token: text('static: sent as `Authorization: Bearer`. Write it as a variable, such as $' + '{CRM_TOKEN}.', { maxLength: 16_384 }),
  tokenUrl: text('clientCredentials: token endpoint of the authorization server.', url),
  clientId: text('clientCredentials: who the gateway is there.', { maxLength: 1024 }),
  clientSecretEnv: text('clientCredentials: name of the environment variable (or `<NAME>_FILE`) that holds the secret.', { pattern: '^[A-Za-z_][A-Za-z0-9_]*$', 'x-expected': 'the name of an environment variable' }),
  clientAuthentication: Type.Optional(Type.Enum(['basic', 'post'], { description: 'clientCredentials: the secret goes into the Authorization header, or into the body (RFC 6749 2.3.1).', default: 'basic' })),
  scope: text('clientCredentials: scopes to ask for, separated by spaces.'),
  resource: text('clientCredentials: resource that the token is for (RFC 8707).', url),
  audience: text('clientCredentials: `audience` parameter, which some authorization servers want.'),
  allowPrivateNetwork: flag('clientCredentials: the token endpoint may be at a loopback or private address.', false),
  tls
}, { additionalProperties: false, description: 'http and sse: how the gateway is known to the server.' })

/** `auth` of a server as it stands in a file. */
export type UpstreamAuthEntry = Static<typeof upstreamAuth>
