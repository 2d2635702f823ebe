import { randomInt } from 'node:crypto'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { Settings } from '../../src/shared/settings.ts'
import type { ReplicaSettings } from '../../src/shared/settings/replica.ts'
import type { Overrides } from '../environment.ts'
import type { GatewayFile } from '../schema/gateway-file.ts'
import { isHost, isWildcard } from './addresses.ts'
import { checkSharedSecret } from './weak-secrets.ts'

const CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'
const NAME = /^[a-z0-9]{1,16}$/
const DEFAULT_LISTEN = { host: '127.0.0.1', port: 8082 }
/** One for as long as this process runs: a reload must not rename it. */
const randomName = Array.from({ length: 8 }, () => CHARACTERS[randomInt(CHARACTERS.length)]).join('')

/** What `redis` needs beside itself: the replica's own place, and the secret that all of them share. */
export interface ReplicaContext {
  readonly overrides: Overrides
  /** The top of the main file. */
  readonly top: Place
  readonly mode: Settings['mode']
  readonly report: Report
}

/** @param processes as the file says */
export function buildReplica (entry: GatewayFile['replica'], processes: number, { overrides, top, mode, report }: ReplicaContext): ReplicaSettings {
  const secretPlace: Place = { path: ['DRAWBRIDGE_SECRET'] }
  if (overrides.secret === undefined) {
    if (!report.isBroken(secretPlace)) report.fault(secretPlace, 'expected the secret that all gateways of this Redis share, because redis is set, but the variable is not; make one with: openssl rand -hex 32')
  } else checkSharedSecret(overrides.secret, [], mode, secretPlace, report)
  if (processes > 1) report.fault(within(top, 'processes'), 'expected 1, because redis is set: start more gateways instead')
  const place = within(top, 'replica')
  const listen = { host: overrides.replicaHost ?? entry?.listen?.host ?? DEFAULT_LISTEN.host, port: overrides.replicaPort ?? entry?.listen?.port ?? DEFAULT_LISTEN.port }
  if (!isHost(listen.host)) report.fault(within(place, 'listen', 'host'), 'expected an address or host name to listen on, without scheme or port')
  const advertise = advertised(overrides, entry, listen.host, place, report)
  return { name: nameOf(overrides, entry, report), listen, ...(advertise === undefined ? {} : { advertise }) }
}

function nameOf ({ replicaName }: Overrides, entry: GatewayFile['replica'], report: Report): string {
  if (replicaName !== undefined && !NAME.test(replicaName)) report.fault({ path: ['DRAWBRIDGE_REPLICA'] }, `expected 1 to 16 of a-z and 0-9, got ${JSON.stringify(replicaName.slice(0, 40))}`)
  return replicaName ?? entry?.name ?? randomName
}

function advertised ({ replicaAdvertise }: Overrides, entry: GatewayFile['replica'], host: string, place: Place, report: Report): string | undefined {
  const text = replicaAdvertise ?? entry?.advertise
  const at: Place = replicaAdvertise === undefined ? within(place, 'advertise') : { path: ['DRAWBRIDGE_REPLICA_ADVERTISE'] }
  if (text === undefined) {
    if (isWildcard(host)) report.fault(at, `expected the origin under which other replicas reach this one, because it listens on ${host}, but the key is missing`)
    return undefined
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    report.fault(at, 'expected an origin such as http://10.0.0.7:8082')
    return undefined
  }
  return url.origin
}
