import type { Environment, Lookup } from './secret-lookup.ts'
import type { Report } from './fault.ts'
import { isHost } from './settings/addresses.ts'
import { didYouMean } from './check/did-you-mean.ts'

/** What an environment variable may hold. */
type VariableKind = 'path' | 'name' | 'host' | 'port' | 'secret' | 'url' | { readonly oneOf: readonly string[] }

/**
 * Every environment variable that Drawbridge itself reads. Fixed at start: a reload keeps them. Flags win over them,
 * they win over the file. Besides these only the names that the configuration itself writes are read.
 */
export const ENVIRONMENT = {
  DRAWBRIDGE_CONFIG: { kind: 'path', means: 'The gateway file, as --config.' },
  DRAWBRIDGE_MODE: { kind: { oneOf: ['development', 'production'] }, means: 'mode' },
  DRAWBRIDGE_STATE_DIR: { kind: 'path', means: 'stateDir' },
  DRAWBRIDGE_PACKAGES: { kind: 'path', means: 'Directory of installed packages. Default: `packages` in stateDir.' },
  HOST: { kind: 'host', means: 'listen.host' },
  PORT: { kind: 'port', means: 'listen.port' },
  DRAWBRIDGE_MANAGEMENT_HOST: { kind: 'host', means: 'management.host' },
  DRAWBRIDGE_MANAGEMENT_PORT: { kind: 'port', means: 'management.port' },
  DRAWBRIDGE_MANAGEMENT_TOKEN: { kind: 'secret', means: 'Token of the management listener, or DRAWBRIDGE_MANAGEMENT_TOKEN_FILE.' },
  DRAWBRIDGE_SECRET: { kind: 'secret', means: 'Secret that gateways with one Redis share, at least 32 characters, or DRAWBRIDGE_SECRET_FILE.' },
  DRAWBRIDGE_REPLICA: { kind: 'name', means: 'replica.name' },
  DRAWBRIDGE_REPLICA_HOST: { kind: 'host', means: 'replica.listen.host' },
  DRAWBRIDGE_REPLICA_PORT: { kind: 'port', means: 'replica.listen.port' },
  DRAWBRIDGE_REPLICA_ADVERTISE: { kind: 'url', means: 'replica.advertise' },
  REDIS_URL: { kind: 'url', means: 'redis.url, or REDIS_URL_FILE.' },
  LOG_LEVEL: { kind: { oneOf: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] }, means: 'logLevel' }
} as const satisfies Record<string, { kind: VariableKind, means: string }>

/** Name of a variable of {@link ENVIRONMENT}. */
export type VariableName = keyof typeof ENVIRONMENT

/** Command-line flags that set what the environment and the file set too. Unparsed. */
export interface ConfigFlags {
  readonly host?: string
  readonly port?: string
  readonly mode?: string
  readonly logLevel?: string
}

/** What flags and environment say, checked. Absent = the file decides. */
export interface Overrides {
  readonly host?: string
  readonly port?: number
  readonly managementHost?: string
  readonly managementPort?: number
  readonly managementToken?: string
  readonly mode?: 'development' | 'production'
  readonly logLevel?: string
  readonly stateDir?: string
  readonly packages?: string
  /** May hold a password. */
  readonly redisUrl?: string
  readonly secret?: string
  /** Unchecked, as is what it advertises. */
  readonly replicaName?: string
  readonly replicaHost?: string
  readonly replicaPort?: number
  readonly replicaAdvertise?: string
}

/** Reads the fixed variables and the flags; a value of the wrong kind is a fault that names the variable or flag. */
export function readOverrides (flags: ConfigFlags, env: Environment, lookup: Lookup, report: Report): Overrides {
  const pick = (flag: string | undefined, flagName: string, variable: VariableName): Given | undefined => {
    if (flag !== undefined) return { value: flag, key: flagName }
    const value = env[variable]
    return value === undefined || value === '' ? undefined : { value, key: variable }
  }
  return withoutAbsent({
    host: host(pick(flags.host, '--host', 'HOST'), report),
    port: port(pick(flags.port, '--port', 'PORT'), report),
    managementHost: host(pick(undefined, '', 'DRAWBRIDGE_MANAGEMENT_HOST'), report),
    managementPort: port(pick(undefined, '', 'DRAWBRIDGE_MANAGEMENT_PORT'), report),
    managementToken: secret('DRAWBRIDGE_MANAGEMENT_TOKEN', lookup, report),
    mode: oneOf(pick(flags.mode, '--mode', 'DRAWBRIDGE_MODE'), ENVIRONMENT.DRAWBRIDGE_MODE.kind.oneOf, report),
    logLevel: oneOf(pick(flags.logLevel, '--log-level', 'LOG_LEVEL'), ENVIRONMENT.LOG_LEVEL.kind.oneOf, report),
    stateDir: pick(undefined, '', 'DRAWBRIDGE_STATE_DIR')?.value,
    packages: pick(undefined, '', 'DRAWBRIDGE_PACKAGES')?.value,
    redisUrl: secret('REDIS_URL', lookup, report),
    secret: secret('DRAWBRIDGE_SECRET', lookup, report),
    replicaName: pick(undefined, '', 'DRAWBRIDGE_REPLICA')?.value,
    replicaHost: host(pick(undefined, '', 'DRAWBRIDGE_REPLICA_HOST'), report),
    replicaPort: port(pick(undefined, '', 'DRAWBRIDGE_REPLICA_PORT'), report),
    replicaAdvertise: pick(undefined, '', 'DRAWBRIDGE_REPLICA_ADVERTISE')?.value
  })
}

interface Given { readonly value: string, readonly key: string }

function port (given: Given | undefined, report: Report): number | undefined {
  if (given === undefined) return undefined
  const value = /^\d{1,5}$/.test(given.value) ? Number(given.value) : NaN
  if (value <= 65_535) return value
  report.fault({ path: [given.key] }, `expected a port from 0 to 65535, got ${JSON.stringify(given.value.slice(0, 40))}`)
  return undefined
}

function host (given: Given | undefined, report: Report): string | undefined {
  if (given === undefined) return undefined
  if (isHost(given.value)) return given.value
  report.fault({ path: [given.key] }, `expected an address or host name to listen on, got ${JSON.stringify(given.value.slice(0, 40))}`)
  return undefined
}

function oneOf<T extends string> (given: Given | undefined, choices: readonly T[], report: Report): T | undefined {
  if (given === undefined) return undefined
  const choice = choices.find((each) => each === given.value)
  if (choice === undefined) report.fault({ path: [given.key] }, `expected one of ${choices.join(', ')}, got ${JSON.stringify(given.value.slice(0, 40))}`)
  return choice
}

function secret (name: VariableName, lookup: Lookup, report: Report): string | undefined {
  const found = lookup(name)
  if (!found.ok) report.fault({ path: [name] }, found.error)
  return found.ok && found.value !== '' ? found.value : undefined
}

/** A name like ours that neither we nor the configuration read is most likely misspelt, and would silently do nothing. */
export function warnOfUnusedVariables (env: Environment, asked: ReadonlySet<string>, report: Report): void {
  const known = [...Object.keys(ENVIRONMENT), 'DRAWBRIDGE_MANAGEMENT_TOKEN_FILE', 'DRAWBRIDGE_SECRET_FILE']
  for (const name of Object.keys(env)) {
    if (name.startsWith('DRAWBRIDGE_') && !known.includes(name) && !asked.has(name) && !asked.has(name.replace(/_FILE$/, ''))) report.warn({ path: [name] }, `is not a variable of Drawbridge${didYouMean(name, known)}`)
  }
}

function withoutAbsent<T extends object> (values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
