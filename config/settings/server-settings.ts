import { resolve } from 'node:path'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import { isLauncher } from '../../src/packages/index.ts'
import type { ServerName } from '../../src/shared/ids.ts'
import type { PatternRules } from '../../src/shared/settings/access.ts'
import type { PoolSettings } from '../../src/shared/settings/pool.ts'
import type { SandboxSettings } from '../../src/shared/settings/sandbox.ts'
import type { CapabilitiesSetting, Isolation, ServerSettings } from '../../src/shared/settings/server.ts'
import { DEFAULTS } from '../defaults.ts'
import { TRANSPORTS } from '../schema/server-entry.ts'
import type { ServerEntry } from '../schema/server-entry.ts'
import { hashOf } from './freeze.ts'
import type { Named } from './merge.ts'
import { checkPins, checkStored } from './packages.ts'
import type { PackageChecks } from './packages.ts'
import type { Lookup } from '../secret-lookup.ts'
import { absoluteArgs, absoluteCommand, absolutePath } from './relative-paths.ts'
import { breakerOf, retriesOf } from './resilience-settings.ts'
import type { ResilienceEntry } from './resilience-settings.ts'
import { checkSandbox } from './sandbox-checks.ts'
import { checkTemplates } from './server-checks.ts'
import { buildUpstream } from './upstream-settings.ts'

/** What one entry is read against. */
export interface ServerContext {
  readonly name: ServerName
  readonly mode: 'development' | 'production'
  readonly workingDirectory: string
  readonly report: Report
  /** Where secrets are looked up. */
  readonly lookup: Lookup
  /** `retries` and `breaker` of the file, for entries that say nothing of their own. */
  readonly common: ResilienceEntry
  /** Absent = whether packages are locked and installed does not matter. */
  readonly packages?: PackageChecks
}

/** One entry with its defaults, absolute paths and hash. `undefined` after a fault. */
export function buildServer (found: Named<ServerEntry>, context: ServerContext): ServerSettings | undefined {
  const { value: entry, place } = found
  const isolation = (entry.isolation ?? DEFAULTS.isolation) as Isolation
  const transport = transportOf(entry, place, context.report)
  checkTemplates(entry, isolation, place, context.report)
  checkPins(entry, context.mode, place, context.report)
  checkTimes(entry, place, context.report)
  checkSandbox(entry, context.mode, place, context.report)
  if (transport === undefined) return undefined
  const effective = {
    name: context.name,
    ...(found.name === context.name ? {} : { originalName: found.name }),
    transport,
    ...launchOf(entry, context.workingDirectory),
    ...buildUpstream(entry, { transport, place, workingDirectory: context.workingDirectory, report: context.report, lookup: context.lookup }),
    isolation,
    ...behaviourOf(entry),
    ...resilienceOf(entry, transport, context.common)
  }
  const server = { ...effective, entryHash: hashOf(effective) }
  if (context.packages !== undefined) checkStored(server, context.packages, place, context.report)
  return server
}

type Transport = ServerSettings['transport']

function transportOf (entry: ServerEntry, place: Place, report: Report): Transport | undefined {
  const written = (['type', 'transport', 'transportType'] as const).filter((key) => entry[key] !== undefined)
  const named = new Set(written.map((key) => TRANSPORTS[entry[key] as keyof typeof TRANSPORTS]))
  if (named.size > 1) {
    report.fault(within(place, written.at(-1) ?? 'type'), `expected the same transport as in ${written[0]}`)
    return undefined
  }
  const transport: Transport | undefined = [...named][0] ?? guess(entry)
  if (transport === undefined) {
    report.fault(place, entry.command === undefined ? 'expected command (a program to start) or url (an upstream server)' : 'expected either command or url, got both; type says which one counts')
    return undefined
  }
  const needed = transport === 'stdio' ? 'command' : 'url'
  if (entry[needed] !== undefined) return transport
  report.fault(within(place, needed), `expected ${needed === 'command' ? 'a program to start' : 'the address of the server'}, because the transport is ${transport}, but the key is missing`)
  return undefined
}

/** Clients leave the type out where it can be seen: a URL that ends in /sse is the old transport by custom. */
function guess (entry: ServerEntry): Transport | undefined {
  if ((entry.command === undefined) === (entry.url === undefined)) return undefined
  if (entry.url === undefined) return 'stdio'
  return /\/sse\/?(?:[?#].*)?$/.test(entry.url) ? 'sse' : 'http'
}

function checkTimes (entry: ServerEntry, place: Place, report: Report): void {
  if (entry.timeoutMs !== undefined && entry.maxTimeoutMs !== undefined && entry.maxTimeoutMs < entry.timeoutMs) {
    report.fault(within(place, 'maxTimeoutMs'), `expected at least timeoutMs (${entry.timeoutMs}), got ${entry.maxTimeoutMs}`)
  }
}

function launchOf (entry: ServerEntry, workingDirectory: string) {
  const cwd = entry.cwd === undefined ? undefined : resolve(workingDirectory, entry.cwd)
  const base = cwd ?? workingDirectory
  const command = entry.command ?? ''
  return {
    command: absoluteCommand(command, workingDirectory),
    args: absoluteArgs(command, entry.args ?? [], base, cwd !== undefined),
    env: Object.fromEntries(Object.entries(entry.env ?? {}).flatMap(([name, value]) => value === null ? [] : [[name, absolutePath(String(value), base)]])),
    ...(cwd === undefined ? {} : { cwd }),
    sandbox: sandboxOf(entry.sandbox, base),
    allowScripts: entry.allowScripts ?? []
  }
}

function sandboxOf (sandbox: ServerEntry['sandbox'], base: string): SandboxSettings {
  const { level = DEFAULTS.sandbox.level, network = DEFAULTS.sandbox.network, pids = DEFAULTS.sandbox.pids, readOnly = [], writable = [], uid, memoryMb, cpu, image, mountLate } = sandbox ?? {}
  return {
    level: level as SandboxSettings['level'],
    network: network as SandboxSettings['network'],
    pids,
    ...(uid === undefined ? {} : { uid }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(image === undefined ? {} : { image }),
    ...(mountLate === undefined ? {} : { mountLate }),
    readOnly: readOnly.map((path) => resolve(base, path)),
    writable: writable.map((path) => resolve(base, path))
  }
}

function poolOf (pool: ServerEntry['pool']): PoolSettings {
  const { maxCalls, maxAgeMs, maxMemoryMb } = pool ?? {}
  return {
    warm: pool?.warm ?? DEFAULTS.pool.warm,
    max: pool?.max ?? DEFAULTS.pool.max,
    maxPerTenant: pool?.maxPerTenant ?? DEFAULTS.pool.maxPerTenant,
    idleMs: pool?.idleMs ?? DEFAULTS.pool.idleMs,
    ...(maxCalls === undefined ? {} : { maxCalls }),
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    ...(maxMemoryMb === undefined ? {} : { maxMemoryMb })
  }
}

function behaviourOf (entry: ServerEntry) {
  const timeoutMs = entry.timeoutMs ?? DEFAULTS.timeoutMs
  return {
    era: (entry.era ?? DEFAULTS.era) as ServerSettings['era'],
    roots: entry.roots ?? DEFAULTS.roots,
    capabilities: (entry.capabilities ?? DEFAULTS.capabilities) as CapabilitiesSetting,
    interactive: entry.interactive ?? DEFAULTS.interactive,
    pool: poolOf(entry.pool),
    ...(entry.concurrentCalls === undefined ? {} : { concurrentCalls: entry.concurrentCalls }),
    ...(entry.concurrentCallsPerTenant === undefined ? {} : { concurrentCallsPerTenant: entry.concurrentCallsPerTenant }),
    timeoutMs,
    maxTimeoutMs: entry.maxTimeoutMs ?? Math.max(DEFAULTS.maxTimeoutMs, timeoutMs),
    startTimeoutMs: entry.startTimeoutMs ?? (isLauncher(entry.command ?? '', entry.args ?? []) ? DEFAULTS.launcherStartTimeoutMs : DEFAULTS.startTimeoutMs),
    cancelOnDisconnect: entry.cancelOnDisconnect ?? DEFAULTS.cancelOnDisconnect,
    ...(entry.validateArguments === undefined ? {} : { validateArguments: entry.validateArguments }),
    tools: toolsOf(entry.tools),
    ...(entry.stateless === undefined ? {} : { stateless: entry.stateless }),
    ...(entry.cache === undefined ? {} : { cache: entry.cache }),
    prompts: rulesOf(entry.prompts),
    resources: rulesOf(entry.resources)
  }
}

function resilienceOf (entry: ServerEntry, transport: Transport, common: ResilienceEntry): Pick<ServerSettings, 'retries' | 'breaker'> {
  const breaker = transport === 'stdio' ? undefined : breakerOf(entry, common)
  return { retries: retriesOf(entry, common), ...(breaker === undefined ? {} : { breaker }) }
}

function toolsOf (tools: ServerEntry['tools']): ServerSettings['tools'] {
  return {
    ...rulesOf(tools),
    timeoutMs: tools?.timeoutMs ?? {},
    callsPerMinute: tools?.callsPerMinute ?? {},
    ...(tools?.cache === undefined ? {} : { cache: tools.cache }),
    ...(tools?.idempotent === undefined ? {} : { idempotent: tools.idempotent }),
    ...(tools?.idempotencyKeys === undefined ? {} : { idempotencyKeys: tools.idempotencyKeys })
  }
}

/** Allow and deny lists; an absent allow-list stays absent, because `[]` means none. */
export function rulesOf (rules: { readonly allow?: readonly string[], readonly deny?: readonly string[] } | undefined): PatternRules {
  return { ...(rules?.allow === undefined ? {} : { allow: rules.allow }), deny: rules?.deny ?? [] }
}
