import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import { didYouMean } from './did-you-mean.ts'

interface SchemaNode {
  readonly type?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode
  readonly 'x-notice'?: string
}

/** What some client keys would have done, where leaving them out could surprise. */
const CLIENT_KEYS: Readonly<Record<string, string>> = {
  envFile: 'the file is not read: put the variables into env',
  autoApprove: 'clients ask their own users',
  alwaysAllow: 'clients ask their own users',
  disabledTools: 'use tools.deny',
  timeout: 'use timeoutMs',
  serverUrl: 'use url',
  httpUrl: 'use url'
}

/** Warns of every used key that the schema marks (reserved, foreign), wherever it stands. */
export function warnOfNotices (schema: unknown, value: unknown, place: Place, report: Report): void {
  const node = schema as SchemaNode
  if (node['x-notice'] !== undefined) report.warn(place, node['x-notice'])
  if (Array.isArray(value)) {
    if (node.items !== undefined) value.forEach((item, index) => warnOfNotices(node.items, item, within(place, index), report))
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    const inner = (node.properties !== undefined && Object.hasOwn(node.properties, key) ? node.properties[key] : undefined) ?? node.additionalProperties
    if (typeof inner === 'object') warnOfNotices(inner, member, within(place, key), report)
  }
}

/** Warns of keys that Drawbridge does not know inside a server entry: clients write their own there (rulings 6). */
export function warnOfUnknownEntryKeys (known: readonly string[], entry: object, place: Place, report: Report): void {
  for (const key of Object.keys(entry)) {
    if (known.includes(key)) continue
    const hint = Object.hasOwn(CLIENT_KEYS, key) ? `: ${CLIENT_KEYS[key]}` : didYouMean(key, known)
    report.warn(within(place, key), `is not used by Drawbridge${hint}`)
  }
}
