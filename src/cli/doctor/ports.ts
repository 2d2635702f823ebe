import { createServer } from 'node:net'
import type { Settings } from '../../shared/settings.ts'
import { fine } from './finding.ts'
import type { Finding } from './finding.ts'
import { askHolder } from './port-holder.ts'
import type { PortHolder } from './port-holder.ts'

/** A port that the configuration names. */
export interface WantedPort {
  /** Of the finding. */
  readonly name: string
  /** In the configuration. */
  readonly key: string
  readonly host: string
  /** 0 = any, which there always is. */
  readonly port: number
  /** What a gateway of this configuration has there. */
  readonly listener: 'public' | 'management' | 'replica'
}

/** The listeners of a configuration, two or with replicas three: free, in use by a gateway that may well be its own, or taken. */
export async function checkPorts ({ listen, management, replica, http }: Settings): Promise<Finding[]> {
  const hostName = http.allowedHosts[0] ?? 'localhost'
  const wanted: WantedPort[] = [
    { name: 'port', key: 'listen.port', ...listen, listener: 'public' },
    { name: 'management port', key: 'management.port', host: management.host, port: management.port, listener: 'management' }
  ]
  if (replica !== undefined) wanted.push({ name: 'replica port', key: 'replica.listen.port', ...replica.listen, listener: 'replica' })
  return await Promise.all(wanted.map((one) => checkPort(one, hostName)))
}

/**
 * Could a gateway listen there now, or does one already? Which configuration that one has, it tells nobody: only that it is another
 * one, by not serving its host name. @param hostName one that a gateway of the configuration serves
 */
export async function checkPort (wanted: WantedPort, hostName: string): Promise<Finding> {
  const { name, key, host, port } = wanted
  const where = `${host}:${port}`
  const problem = await tryToListen(host, port)
  if (problem === undefined) return fine(name, true, `${where} is free`)
  if (problem !== 'EADDRINUSE') return { name, status: 'missing', required: true, found: `${where} (${key}) cannot be listened on (${problem})`, fix: `choose another host or port for ${key.replace('.port', '')}` }
  const holder = await askHolder(host, port, hostName)
  if (holder.kind === wanted.listener) return fine(name, true, `${where} is in use by ${holder.kind === 'public' ? `a gateway that serves ${hostName} (${holder.about})` : TAKERS[holder.kind]}`)
  const orRestart = holder.kind === 'elsewhere' ? ', or restart it if it is yours and http.allowedHosts has changed since it started' : ''
  return { name, status: 'missing', required: true, found: `${where} (${key}) is taken by ${TAKERS[holder.kind]}`, fix: `stop that program (ss -ltnp shows it), or choose another ${key}${orRestart}` }
}

const TAKERS: Readonly<Record<PortHolder['kind'], string>> = {
  public: 'the public listener of a gateway',
  elsewhere: 'a gateway of another configuration, which serves other host names',
  management: 'the management listener of a gateway',
  replica: 'what answers like a gateway\'s listener for other replicas',
  other: 'another program'
}

/** The code of what stands in the way, or its message; undefined = nothing does. */
function tryToListen (host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => { resolve(error.code ?? error.message) })
    server.listen({ host, port, exclusive: true }, () => server.close(() => { resolve(undefined) }))
  })
}
