import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { ConfigDocument } from '../source/gather-files.ts'
import type { ApiKeyEntry, JwtIssuerEntry } from '../schema/auth.ts'
import type { GatewayFile, TenantEntry } from '../schema/gateway-file.ts'
import type { ServerEntry } from '../schema/server-entry.ts'

/** A value and where it was written. */
export interface Located<T> { readonly value: T, readonly place: Place }
/** The same for members that have a name. */
export interface Named<T> extends Located<T> { readonly name: string }

/** All files as one: lists joined, everything else from the main file. */
export interface MergedConfig {
  readonly main: GatewayFile
  readonly mainFile: string | undefined
  readonly servers: readonly Named<ServerEntry>[]
  /** Names of entries that have a fault already. */
  readonly brokenServers: readonly string[]
  /** Names that a file switches off: known, but not served. */
  readonly disabled: readonly string[]
  readonly tenants: readonly Named<TenantEntry>[] | undefined
  /** All tenant names, also of entries with a fault. */
  readonly tenantNames: readonly string[]
  readonly apiKeys: readonly Located<ApiKeyEntry>[]
  readonly jwt: readonly Located<JwtIssuerEntry>[]
}

/** One file that went through the schema. */
export interface CheckedDocument extends Omit<ConfigDocument, 'data'> { readonly data: GatewayFile }

const INCLUDABLE = new Set(['$schema', 'mcpServers', 'servers', 'inputs', 'include', 'tenants', 'auth', 'globalShortcut', 'preferences', 'isUsingBuiltInNodeForMcp', 'isDxtAutoUpdatesEnabled'])

/** Joins the files; a name twice, or a process-wide key in an included file, is a fault. Broken members are left out. */
export function mergeDocuments (documents: readonly CheckedDocument[], report: Report): MergedConfig {
  for (const document of documents) if (!document.isMain) refuseProcessWide(document, report)
  const main = documents.find((document) => document.isMain)
  const usable = <T>(found: Named<T>[]) => found.filter(({ place }) => !report.isBroken(place))
  const servers = documents.flatMap((document) => [...members(document, 'mcpServers'), ...members(document, 'servers')]) as Named<ServerEntry>[]
  const disabled = documents.flatMap((document) => document.disabled.map((place) => ({ name: String(place.path.at(-1)), place, value: undefined })))
  const tenants = documents.flatMap((document) => members(document, 'tenants')) as Named<TenantEntry>[]
  refuseTwice('server', [...servers, ...disabled], report)
  refuseTwice('tenant', tenants, report)
  requireServers(documents, main, report)
  return {
    main: main?.data ?? {},
    mainFile: main?.file,
    servers: usable(servers),
    brokenServers: servers.filter(({ place }) => report.isBroken(place)).map(({ name }) => name),
    disabled: disabled.map(({ name }) => name),
    tenants: documents.some(({ data }) => data.tenants !== undefined) ? usable(tenants) : undefined,
    tenantNames: tenants.map(({ name }) => name),
    apiKeys: documents.flatMap((document) => items(document, 'apiKeys', report)) as Located<ApiKeyEntry>[],
    jwt: documents.flatMap((document) => items(document, 'jwt', report)) as Located<JwtIssuerEntry>[]
  }
}

function members (document: CheckedDocument, key: 'mcpServers' | 'servers' | 'tenants'): Named<unknown>[] {
  const group: unknown = document.data[key]
  if (typeof group !== 'object' || group === null || Array.isArray(group)) return []
  return Object.entries(group).map(([name, value]) => ({ name, value: value as unknown, place: { file: document.file, path: [key, name] } }))
}

function items (document: CheckedDocument, key: 'apiKeys' | 'jwt', report: Report): Located<unknown>[] {
  const list: unknown = document.data.auth?.[key]
  if (!Array.isArray(list)) return []
  return list
    .map((value: unknown, index) => ({ value, place: { file: document.file, path: ['auth', key, index] } }))
    .filter(({ place }) => !report.isBroken(place))
}

/** One process has one listener and one set of limits; which file would win must not depend on reading order. */
function refuseProcessWide (document: CheckedDocument, report: Report): void {
  const top: Place = { file: document.file, path: [] }
  for (const key of Object.keys(document.data)) {
    if (!INCLUDABLE.has(key) && !key.startsWith('x-')) report.fault(within(top, key), 'expected in the main file only, not in an included one')
  }
  for (const key of ['oauth', 'introspection', 'tokens', 'whenRevocationsUnknown'] as const) {
    if (document.data.auth?.[key] !== undefined) report.fault(within(top, 'auth', key), 'expected in the main file only, not in an included one')
  }
}

function refuseTwice (what: string, found: readonly Named<unknown>[], report: Report): void {
  const first = new Map<string, Place>()
  for (const { name, place } of found) {
    const earlier = first.get(name)
    if (earlier === undefined) first.set(name, place)
    else report.fault(place, `expected a name used once, but ${what} ${JSON.stringify(name)} is defined in ${earlier.file ?? 'the configuration'} and in ${place.file ?? 'the configuration'}`)
  }
}

function requireServers (documents: readonly CheckedDocument[], main: CheckedDocument | undefined, report: Report): void {
  if (main === undefined || documents.some(({ data }) => data.mcpServers !== undefined || data.servers !== undefined)) return
  report.fault({ file: main.file, path: ['mcpServers'] }, 'expected an object with at least one server, but the key is missing')
}
