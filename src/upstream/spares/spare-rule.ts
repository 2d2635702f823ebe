import type { ServerSettings } from '../../shared/settings/server.ts'
import { isTemplated, mountsLate, templatePlaces, whyNoLateMounts } from '../../stdio-pool/index.ts'

/**
 * Why no spare may be kept of a server's workers, whatever the server does; undefined = one may (rulings 1). A spare is started
 * for nobody: what stands in the entry for somebody could only be filled in too late.
 */
export function whyNoSpares (server: ServerSettings): string | undefined {
  if (server.transport !== 'stdio') return 'it is reached over the network, and nothing is started for it'
  if (server.pool.warm === 0) return 'pool.warm is 0'
  if (server.isolation === 'shared') return 'everybody shares one worker: it is started with the gateway and kept'
  const templated = templatePlaces(server).find(([, text]) => isTemplated(text))
  if (templated === undefined || mountsLate(server)) return undefined
  const why = `${templated[0]} holds ${templated[1].includes('{user}') ? '{user}' : '{tenant}'}, which is known only when somebody calls`
  const whyNotLate = server.sandbox.mountLate === true ? whyNoLateMounts(server) : undefined
  return whyNotLate === undefined ? why : `${why}, and mountLate does not help: ${whyNotLate}`
}
