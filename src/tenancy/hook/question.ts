import type { ServerName } from '../../shared/ids.ts'
import type { Principal } from '../../shared/principal.ts'
import type { FeatureKind } from '../types.ts'

/** What a decision point is asked about. */
export interface Question {
  readonly principal: Principal
  readonly requestId: string
  readonly server: ServerName
  readonly kind: FeatureKind
  readonly method: string
  /** As the server knows it. */
  readonly name: string
  /** SHA-256 of the arguments' JSON as they are sent on, in hex; absent = the method has none. */
  readonly argumentsSha256: string | undefined
  /** The same as JSON, if the operator wants them told. */
  readonly argumentsJson: string | undefined
}

/** The question as it is sent; nothing of a credential is in it but its id. */
export function questionText (question: Question): string {
  const { principal, requestId, server, kind, method, name, argumentsSha256, argumentsJson } = question
  const { tenant, user, issuer, clientId, credentialId, roles, scopes } = principal
  const text = JSON.stringify({
    version: 1,
    request_id: requestId,
    tenant,
    user,
    issuer,
    client_id: clientId,
    credential_id: credentialId,
    ...(roles === undefined ? {} : { roles }),
    ...(scopes === undefined ? {} : { scopes }),
    server,
    kind,
    method,
    name,
    ...(argumentsSha256 === undefined ? {} : { arguments_sha256: argumentsSha256 })
  })
  return argumentsJson === undefined ? text : `${text.slice(0, -1)},"arguments":${argumentsJson}}`
}
