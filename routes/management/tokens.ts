import { Ajv } from 'ajv'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { AppOptions } from '../../plugins/app-options.ts'
import { MAX_CREDENTIAL_BYTES, MAX_TOKEN_S } from '../../src/auth/index.ts'
import type { Revoked } from '../../src/auth/index.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import { brandAs } from '../../src/shared/ids.ts'
import type { TenantId } from '../../src/shared/ids.ts'
import { readJson } from '../../src/shared/read-json.ts'
import { mintDocs, REVOKE_KEY, revokeDocs } from '../operations/management.ts'

/** What tokens and files may call a tenant, a user or a role. */
const name = Type.String({ minLength: 1, maxLength: 256, pattern: '^\\P{Cc}+$' })
const scope = Type.String({ maxLength: 256, pattern: '^(?:\\*|tools:read|tools:call(?::.+)?|resources:read|prompts:read)$' })

const wantedToken = Type.Object({
  tenant: name,
  user: name,
  scopes: Type.Optional(Type.Array(scope, { maxItems: 100 })),
  roles: Type.Optional(Type.Array(name, { maxItems: 100 })),
  expiresInSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_TOKEN_S }))
}, { additionalProperties: false })

const wantedRevocation = Type.Union([
  Type.Object({ jti: name }, { additionalProperties: false }),
  Type.Object({ tenant: name, user: name }, { additionalProperties: false })
])

/** As strict as the schemas say: nothing is converted, nothing left out. */
const ajv = new Ajv({ strict: true, ownProperties: true })

/**
 * For backends and operators with the management token: tokens of the gateway's own, and what is not to be let in any more
 * (rulings 2). Revoking answers 200 when every gateway hears of it within 5 s, and 202 when only this one knows for now.
 */
export default async function tokenRoutes (app: FastifyInstance, options: AppOptions): Promise<void> {
  const { authenticator, revocations, audit, telemetry, clock, now } = options
  const issued = telemetry.count('tokens_issued_total')
  app.setValidatorCompiler(({ schema }) => ajv.compile(schema as object))
  app.setSchemaErrorFormatter((errors) => new GatewayError('GW_HTTP_BAD_REQUEST', { publicMessage: `The body is not what this takes: ${ajv.errorsText(errors as never, { dataVar: 'body' })}.` }))
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => { parse(String(text), done) })

  app.post('/admin/tokens', { schema: { body: wantedToken }, config: { docs: mintDocs(wantedToken) } }, async (request, reply) => {
    const { tenant, ...wanted } = request.body as Static<typeof wantedToken>
    const { own } = authenticator
    if (own === undefined) throw new GatewayError('GW_HTTP_NOT_FOUND', { publicMessage: 'This gateway issues no tokens: auth.tokens.keys has no key.' })
    if (now().tenants?.has(brandAs<TenantId>(tenant)) === false) throw new GatewayError('GW_HTTP_BAD_REQUEST', { publicMessage: 'There is no such tenant.' })
    const { token, expiresInSeconds, jti } = await own.mint({ tenant: brandAs<TenantId>(tenant), ...wanted })
    if (token.length > MAX_CREDENTIAL_BYTES) throw new GatewayError('GW_HTTP_BAD_REQUEST', { publicMessage: 'A token with all these scopes and roles would be too long to be sent.' })
    issued.inc()
    audit.record({ event: 'token_issued', requestId: request.id, tenant, user: wanted.user, credentialId: jti, outcome: 'ok' })
    return await reply.code(201).send({ token, token_type: 'Bearer', expires_in: expiresInSeconds })
  })

  app.post('/admin/tokens/revoke', { schema: { body: wantedRevocation }, config: { docs: revokeDocs(wantedRevocation) } }, async (request, reply) => {
    const body = request.body as Static<typeof wantedRevocation>
    if ('jti' in body) return await revoke({ kind: 'token', jti: body.jti }, request.id, { credentialId: body.jti }, reply)
    return await revoke({ kind: 'user', ...body, atMs: clock.wallMs() }, request.id, body, reply)
  })

  app.post('/admin/keys/:id/revoke', { config: { docs: REVOKE_KEY } }, async (request, reply) => {
    const { id } = request.params as { readonly id: string }
    const revoked = authenticator.revocationOfKey(id)
    if (revoked === undefined) throw new GatewayError('GW_HTTP_NOT_FOUND', { publicMessage: 'There is no API key of this id.' })
    return await revoke(revoked, request.id, { credentialId: id }, reply)
  })

  async function revoke (revoked: Revoked, requestId: string, whose: { readonly tenant?: string, readonly user?: string, readonly credentialId?: string }, reply: FastifyReply): Promise<FastifyReply> {
    const reached = await revocations.revoke(revoked)
    audit.record({ event: 'credential_revoked', requestId, ...whose, outcome: 'ok', reason: reached })
    return await reply.code(reached === 'everywhere' ? 200 : 202).send({ revoked: true, reached })
  }
}

function parse (text: string, done: (error: Error | null, body?: unknown) => void): void {
  try {
    done(null, text === '' ? undefined : readJson(text))
  } catch {
    done(new GatewayError('GW_HTTP_BAD_REQUEST', { publicMessage: 'The body is not JSON.' }))
  }
}
