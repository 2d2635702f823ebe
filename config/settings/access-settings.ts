import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { ServerName } from '../../src/shared/ids.ts'
import type { AccessSettings, PatternRules } from '../../src/shared/settings/access.ts'
import { didYouMean } from '../check/did-you-mean.ts'
import type { RoleEntry } from '../schema/access.ts'
import { buildArgumentRules } from './argument-rules.ts'
import { rulesOf } from './server-settings.ts'

/** The servers of the configuration, by every name they may be called by. */
export interface KnownServers {
  readonly names: ReadonlyMap<string, ServerName>
  readonly disabled: readonly string[]
}

/** The members of an entry that tenants and roles have in common. */
export type AccessEntry = Omit<RoleEntry, 'scopes'>

/** Between the server and the name, in the patterns of each list. */
const JOINTS = { tools: '__', prompts: '__', resources: '+' } as const

/** Servers by effective name, rules compiled once to see that they can be. */
export function buildAccess (entry: AccessEntry, place: Place, known: KnownServers, report: Report): AccessSettings {
  const servers = entry.servers?.flatMap((name, index) => serverOf(name, within(place, 'servers', index), known, report))
  const rules = entry.rules === undefined ? undefined : buildArgumentRules(entry.rules, within(place, 'rules'), report)
  for (const list of ['tools', 'prompts', 'resources'] as const) warnOfIdle(entry[list], list, within(place, list), known, report)
  entry.rules?.forEach(({ tools }, index) => warnOfIdle({ allow: tools }, 'tools', within(place, 'rules', index), known, report))
  return {
    ...(servers === undefined ? {} : { servers }),
    tools: rulesOf(entry.tools),
    ...(entry.prompts === undefined ? {} : { prompts: rulesOf(entry.prompts) }),
    ...(entry.resources === undefined ? {} : { resources: rulesOf(entry.resources) }),
    ...(rules === undefined ? {} : { rules })
  }
}

function serverOf (name: string, at: Place, known: KnownServers, report: Report): ServerName[] {
  const found = known.names.get(name) ?? [...known.names.values()].find((each) => each === name)
  if (found !== undefined) return [found]
  if (known.disabled.includes(name)) report.warn(at, `names the server ${JSON.stringify(name)}, which is disabled`)
  else report.fault(at, `expected the name of a server, but there is no ${JSON.stringify(name)}${didYouMean(name, known.names.keys())}`)
  return []
}

/** A deny rule that can never match protects nobody; say so. */
function warnOfIdle (rules: Partial<PatternRules> | undefined, list: keyof typeof JOINTS, place: Place, known: KnownServers, report: Report): void {
  for (const key of ['allow', 'deny'] as const) {
    (rules?.[key] ?? []).forEach((pattern, index) => {
      if (!matchesNoServer(pattern, JOINTS[list], known)) return
      const at = place.path.at(-1) === list ? within(place, key, index) : within(place, 'tools', index)
      report.warn(at, `matches no ${list.slice(0, -1)}: expected a pattern over <server>${JOINTS[list]}<${list === 'resources' ? 'uri' : list.slice(0, -1)}> with the name of a server`)
    })
  }
}

function matchesNoServer (pattern: string, joint: string, known: KnownServers): boolean {
  const star = pattern.indexOf('*')
  const cut = pattern.indexOf(joint)
  const everyName = [...known.names.values(), ...known.disabled]
  if (star !== -1 && (cut === -1 || star < cut)) return !everyName.some((name) => `${name}${joint}`.startsWith(pattern.slice(0, star)))
  return cut === -1 || !everyName.includes(pattern.slice(0, cut))
}
