import { managementRefusals } from '../../plugins/openapi/refusals.ts'
import type { AnswerDocs, RouteDocs, Schema } from '../../plugins/openapi/route-docs.ts'
import type { ErrorCode } from '../../src/shared/errors.ts'

const object: Schema = { type: 'object', additionalProperties: true }
const text: Schema = { type: 'string' }

type Op = Omit<RouteDocs, 'tags' | 'x-refusals'> & { readonly refusals?: readonly ErrorCode[] }

function operation ({ refusals = [], ...docs }: Op): RouteDocs {
  return { ...docs, tags: ['Management'], 'x-refusals': managementRefusals(...refusals) }
}

function json (description: string, schema: Schema): AnswerDocs {
  return { description, content: { 'application/json': { schema } } }
}

function body (schema: object): NonNullable<RouteDocs['body']> {
  return { content: { 'application/json': { schema: { ...schema } } } }
}

/** This listener's own document. */
export const MANAGEMENT_OPENAPI = operation({
  operationId: 'managementOpenapi',
  summary: 'This document',
  description: 'The public routes are described at /openapi.json of the public listener.',
  response: { 200: json('The document.', { type: 'object', required: ['openapi', 'info', 'paths'] }) }
})

/** Prometheus' target. */
export const METRICS = operation({
  operationId: 'metrics',
  summary: 'Metrics for Prometheus',
  description: 'METRICS.md says what each means. On a loopback address no token is needed.',
  response: { 200: { description: 'The metrics.', content: { 'text/plain': { schema: text } } } }
})

/** One server, as operators see it. */
export const SERVER = operation({
  operationId: 'server',
  summary: 'One server, with the end of its workers\' stderr',
  description: 'Over all users. With several processes, `processes` has the state in each.',
  params: { type: 'object', properties: { name: { type: 'string', description: 'As the configuration names it.', examples: ['everything'] } } },
  response: { 200: json('Its state.', object) },
  refusals: ['GW_ROUTE_SERVER']
})

/** Reads the configuration anew. */
export const RELOAD = operation({
  operationId: 'reload',
  summary: 'Read the configuration anew',
  description: 'As SIGHUP and a changed file do.',
  response: { 200: json('It serves, or nothing differs. `waiting` names keys that wait for a restart.', object), 422: json('It has faults; the one before still serves.', object) }
})

/** The other replicas. */
export const REPLICAS = operation({
  operationId: 'replicas',
  summary: 'The replicas, as this one sees them',
  description: '404 without Redis: there are no others.',
  response: { 200: json('The replicas.', { type: 'object', required: ['replicas', 'keysOwned'], properties: { replicas: { type: 'array', items: object }, keysOwned: { type: 'integer' } } }) }
})

const revoked: Schema = { type: 'object', required: ['revoked', 'reached'], properties: { revoked: { const: true }, reached: text } }
const REVOKED = { 200: json('Every gateway hears of it within 5 s.', revoked), 202: json('Only this gateway knows for now.', revoked) }

/** Issues a token. @param wanted schema of its body */
export function mintDocs (wanted: object): RouteDocs {
  return operation({
    operationId: 'mintToken',
    summary: 'Issue a token of the gateway\'s own',
    description: 'For backends that act for their users. 404 where `auth.tokens.keys` has no key.',
    body: body(wanted),
    response: {
      201: json('The token; it is not kept.', { type: 'object', required: ['token', 'token_type', 'expires_in'], properties: { token: text, token_type: { const: 'Bearer' }, expires_in: { type: 'integer', description: 'Seconds.' } } })
    },
    refusals: ['GW_HTTP_MEDIA_TYPE', 'GW_HTTP_BODY_TOO_LARGE']
  })
}

/** Revokes a token, or everything of a user. @param wanted schema of its body */
export function revokeDocs (wanted: object): RouteDocs {
  return operation({
    operationId: 'revoke',
    summary: 'Revoke a token, or everything that a user has now',
    description: 'Tokens that are issued later are not touched.',
    body: body(wanted),
    response: REVOKED,
    refusals: ['GW_HTTP_MEDIA_TYPE', 'GW_HTTP_BODY_TOO_LARGE']
  })
}

/** Revokes an API key. */
export const REVOKE_KEY = operation({
  operationId: 'revokeKey',
  summary: 'Revoke an API key',
  description: 'By the id in its text: `db_<id>_…`.',
  params: { type: 'object', properties: { id: { type: 'string' } } },
  response: REVOKED
})
