import type { ServerSettings } from '../../shared/settings.ts'
import { isTemplated } from '../../stdio-pool/index.ts'

/**
 * Why no spare may be kept of a server's workers, whatever the server does; undefined = one may (rulings 1). A spare is started
 * for nobody: what stands in the entry for somebody could only be filled in too late.
 */
export function whyNoSpares (server: ServerSettings): string | undefined {
  if (server.transport !== 'stdio') return 'it is reached over the network, and nothing is started for it'
  if (server.pool.warm === 0) return 'pool.warm is 0'
  if (server.isolation === 'shared') return 'everybody shares one worker: it is started with the gateway and kept'
  const templated = placesOf(server).find(([, text]) => isTemplated(text))
  return templated === undefined ? undefined : `${templated[0]} holds ${templated[1].includes('{user}') ? '{user}' : '{tenant}'}, which is known only when somebody calls`
}

/** The keys that templates may stand in, with their texts. */
function placesOf ({ args, env, cwd, sandbox }: ServerSettings): Array<readonly [string, string]> {
  return [
    ...args.map((text, index) => [`args[${index}]`, text] as const),
    ...Object.entries(env).map(([name, text]) => [`env.${name}`, text] as const),
    ...(cwd === undefined ? [] : [['cwd', cwd] as const]),
    ...sandbox.readOnly.map((text) => ['sandbox.readOnly', text] as const),
    ...sandbox.writable.map((text) => ['sandbox.writable', text] as const)
  ]
}
