import fp from 'fastify-plugin'
import type { AppOptions } from '../app-options.ts'
import arrivals from '../edge/arrivals.ts'
import auditGuard from '../edge/audit-guard.ts'
import capacityGuard from '../edge/capacity-guard.ts'
import credentialGuard from '../edge/credential-guard.ts'
import errors from '../edge/errors.ts'
import forward from '../edge/forward.ts'
import hostGuard from '../edge/host-guard.ts'
import jsonBody from '../edge/json-body.ts'
import loopDelay from '../edge/loop-delay.ts'
import { OpenRequests } from '../edge/open-requests.ts'
import originGuard from '../edge/origin-guard.ts'
import { refuseMalformed } from '../edge/malformed.ts'
import replicaForward from '../edge/replica-forward.ts'
import cors from '../external/cors.ts'
import { holdContinue } from '../edge/expectations.ts'
import slowReaders from '../edge/slow-readers.ts'
import { declineUpgrades } from '../edge/upgrades.ts'

/**
 * What every request passes, in this order, before its body is read: id and headers, Host, Origin, CORS preflight,
 * capacity, credential, tenant, room for audit records, the process or replica that owns the caller. Cheap refusals first; nothing that needs the body.
 */
export default fp<AppOptions>(async (app, options) => {
  const open = new OpenRequests()
  await app.register(errors, options)
  await app.register(arrivals, { ...options, open })
  await app.register(hostGuard, options)
  await app.register(originGuard, options)
  await app.register(cors, options)
  await app.register(loopDelay, options)
  await app.register(capacityGuard, { ...options, open })
  await app.register(credentialGuard, options)
  await app.register(auditGuard, options)
  await app.register(forward, options)
  await app.register(replicaForward, options)
  await app.register(jsonBody, { ...options, open })
  await app.register(slowReaders, { ...options, open })
  declineUpgrades(app.server)
  holdContinue(app.server, (request, answer) => { app.routing(request, answer) })
  refuseMalformed(app, open, options)
}, { name: 'edge' })
