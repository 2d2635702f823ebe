import { resolve } from 'node:path'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { ServerName } from '../../src/shared/ids.ts'
import type { Settings } from '../../src/shared/settings.ts'
import type { ServerSettings } from '../../src/shared/settings/server.ts'
import { DEFAULTS, defaultMaxStarting } from '../defaults.ts'
import type { Overrides } from '../environment.ts'
import type { GatewayFile } from '../schema/gateway-file.ts'
import type { Lookup } from '../secret-lookup.ts'
import { isHost } from './addresses.ts'
import { buildAudit } from './audit-settings.ts'
import { buildAuth } from './auth-settings.ts'
import { buildPolicyHook } from './policy-hook.ts'
import { buildRoles } from './role-settings.ts'
import { checkExposure } from './exposure-checks.ts'
import { deepFreeze, frozenMap } from './freeze.ts'
import { buildHttp } from './http-settings.ts'
import type { MergedConfig } from './merge.ts'
import { packageStoreOf, readPackageLock } from './packages.ts'
import type { PackageChecks } from './packages.ts'
import { buildRedis } from './redis-settings.ts'
import { buildReplica } from './replica-settings.ts'
import { assignServerNames } from './server-names.ts'
import { buildServer } from './server-settings.ts'
import { buildTenants } from './tenant-settings.ts'
import { checkManagementToken } from './weak-secrets.ts'

/** What the merged files are read against. */
export interface BuildContext {
  readonly overrides: Overrides
  readonly lookup: Lookup
  readonly report: Report
  readonly workingDirectory: string
  readonly revision: number
  /** Every file that was read, absolute. */
  readonly configFiles: readonly string[]
  /** As the operator names it; its lock file is beside it. Absent = the configuration is no file, and has no packages of its own. */
  readonly configFile?: string
  readonly mayLackPackages: boolean
}

/** Fills defaults, applies flags and environment, runs the checks that need more than one key, and freezes the result. */
export function buildSettings (config: MergedConfig, context: BuildContext): Settings {
  const { overrides, report, lookup } = context
  const top: Place = { file: config.mainFile, path: [] }
  checkHosts(config.main, top, report)
  const main = wellShaped(config.main, top, report)
  const mode = overrides.mode ?? (main.mode as Settings['mode'] | undefined) ?? DEFAULTS.mode
  const listen = { host: overrides.host ?? main.listen?.host ?? DEFAULTS.host, port: overrides.port ?? main.listen?.port ?? DEFAULTS.port }
  const names = assignServerNames(config.servers, report)
  checkManagementToken(overrides.managementToken, mode, { path: ['DRAWBRIDGE_MANAGEMENT_TOKEN'] }, report)
  const stateDir = resolve(context.workingDirectory, overrides.stateDir ?? main.stateDir ?? DEFAULTS.stateDir)
  const packages = packagesIn(stateDir, context)
  const servers = buildServers(config, names, mode, context, checksOf(packages, mode, top, context))
  const known = { names: allNames(config, names), disabled: config.disabled }
  const tenants = buildTenants(config.tenants, known, report)
  const roles = buildRoles(main.roles, within(top, 'roles'), known, report)
  const policyHook = buildPolicyHook(main.policy?.hook, within(top, 'policy', 'hook'), context)
  const http = buildHttp(main.http, listen, within(top, 'http'), report)
  const settings: Omit<Settings, 'warnings'> = {
    revision: context.revision,
    mode,
    listen,
    management: managementOf(main, overrides),
    http,
    servers,
    ...(tenants === undefined ? {} : { tenants }),
    ...(roles === undefined ? {} : { roles }),
    ...(policyHook === undefined ? {} : { policyHook }),
    auth: buildAuth(config, { mode, lookup, report, workingDirectory: context.workingDirectory, main: main.auth, mainFile: config.mainFile, publicUrl: http.publicUrl, tenants: tenants === undefined ? undefined : new Set(config.tenantNames), rolesOf: (tenant) => roleNames(config, tenant) }),
    ...numbersOf(main),
    ...sharedState(main, mode, top, context),
    ...(main.audit === undefined ? {} : { audit: buildAudit(main.audit, { place: within(top, 'audit'), report, workingDirectory: context.workingDirectory, hasRedis: main.redis !== undefined || overrides.redisUrl !== undefined }) }),
    stateDir,
    ...(packages === undefined ? {} : { packages }),
    ...(context.configFiles.length === 0 ? {} : { configFiles: context.configFiles }),
    logLevel: (overrides.logLevel ?? main.logLevel ?? DEFAULTS.logLevel) as Settings['logLevel']
  }
  checkExposure({ ...settings, warnings: [] }, overrides.host !== undefined, top, report)
  return deepFreeze({ ...settings, warnings: report.warnings() })
}

/** Sections with a wrong shape fall back to their defaults, so that the checks of all others can still run. */
function wellShaped (main: GatewayFile, top: Place, report: Report): GatewayFile {
  return Object.fromEntries(Object.entries(main).filter(([key]) => !report.isBroken(within(top, key))))
}

function checkHosts (main: GatewayFile, top: Place, report: Report): void {
  for (const key of ['listen', 'management'] as const) {
    const host: unknown = main[key]?.host
    if (typeof host === 'string' && host !== '' && !isHost(host)) report.fault(within(top, key, 'host'), 'expected an address or host name to listen on, without scheme or port')
  }
}

function buildServers (config: MergedConfig, names: ReadonlyMap<string, ServerName>, mode: Settings['mode'], context: BuildContext, packages: PackageChecks | undefined): ReadonlyMap<ServerName, ServerSettings> {
  const common = wellShaped(config.main, { file: config.mainFile, path: [] }, context.report)
  const built = config.servers.flatMap((found): [ServerName, ServerSettings][] => {
    const name = names.get(found.name)
    const server = name === undefined ? undefined : buildServer(found, { name, mode, workingDirectory: context.workingDirectory, report: context.report, lookup: context.lookup, common, ...(packages === undefined ? {} : { packages }) })
    return server === undefined ? [] : [[server.name, server]]
  })
  if (built.length === 0) context.report.warn({ file: config.mainFile, path: ['mcpServers'] }, 'has no server to serve')
  return frozenMap(built)
}

function packagesIn (stateDir: string, { configFile, overrides, workingDirectory }: BuildContext): Settings['packages'] {
  if (configFile === undefined) return undefined
  return packageStoreOf(resolve(workingDirectory, configFile), stateDir, overrides.packages === undefined ? undefined : resolve(workingDirectory, overrides.packages))
}

function checksOf (store: Settings['packages'], mode: Settings['mode'], top: Place, { configFile, mayLackPackages, report }: BuildContext): PackageChecks | undefined {
  if (store === undefined || configFile === undefined || mayLackPackages) return undefined
  return { mode, store, lock: readPackageLock(store, top, report), configFile }
}

/** Roles with a fault too, so that whoever has them does not get a second one. */
function roleNames ({ main, tenants }: MergedConfig, tenant: string): ReadonlySet<string> {
  const own = tenants?.find(({ name }) => name === tenant)?.value.roles
  return new Set([...Object.keys(main.roles ?? {}), ...Object.keys(own ?? {})])
}

/** Servers with a broken entry are known by name all the same, so that tenants do not get a second fault for them. */
function allNames (config: MergedConfig, names: ReadonlyMap<string, ServerName>): ReadonlyMap<string, ServerName> {
  return new Map([...config.brokenServers.map((name): [string, ServerName] => [name, name as ServerName]), ...names])
}

/** With a Redis that has a fault there is a replica all the same, so that its faults show in the same run. */
function sharedState (main: GatewayFile, mode: Settings['mode'], top: Place, context: BuildContext): Pick<Settings, 'secret' | 'redis' | 'replica'> {
  const { overrides, report, workingDirectory } = context
  const secret = overrides.secret === undefined ? {} : { secret: overrides.secret }
  if (main.redis === undefined && overrides.redisUrl === undefined) {
    if (main.replica !== undefined) report.warn(within(top, 'replica'), 'has no effect without redis')
    return secret
  }
  const redis = buildRedis(main.redis, { overrides, place: within(top, 'redis'), report, workingDirectory })
  const replica = buildReplica(main.replica, main.processes ?? DEFAULTS.processes, { overrides, top, mode, report })
  return redis === undefined ? secret : { ...secret, redis, replica }
}

function managementOf (main: GatewayFile, overrides: Overrides): Settings['management'] {
  return {
    host: overrides.managementHost ?? main.management?.host ?? DEFAULTS.managementHost,
    port: overrides.managementPort ?? main.management?.port ?? DEFAULTS.managementPort,
    ...(overrides.managementToken === undefined ? {} : { token: overrides.managementToken })
  }
}

function numbersOf (main: GatewayFile): Pick<Settings, 'limits' | 'sessions' | 'pool' | 'cache' | 'drainMs' | 'drainLeadMs' | 'processes'> {
  return {
    limits: { ...DEFAULTS.limits, ...main.limits },
    sessions: { ...DEFAULTS.sessions, ...main.sessions },
    cache: { ...DEFAULTS.cache, ...main.cache },
    pool: { ...DEFAULTS.globalPool, maxStarting: defaultMaxStarting(), ...main.pool },
    drainMs: main.drainMs ?? DEFAULTS.drainMs,
    ...(main.drainLeadMs === undefined ? {} : { drainLeadMs: main.drainLeadMs }),
    processes: main.processes ?? DEFAULTS.processes
  }
}
