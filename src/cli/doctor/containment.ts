import { describeSupport, probeHost } from '../../sandbox/index.ts'
import type { HostSupport, Shortcoming } from '../../sandbox/index.ts'
import type { Settings } from '../../shared/settings.ts'
import { fine } from './finding.ts'
import type { Finding } from './finding.ts'

/** What workers are contained by on this host, tried; and what it lacks for the levels of the configuration (rulings 1). */
export async function checkContainment (settings: Settings | undefined): Promise<Finding[]> {
  return containmentFindings(settings, await probeHost())
}

/** The findings that a look at a host comes to. Pure. */
export function containmentFindings (settings: Settings | undefined, support: HostSupport): Finding[] {
  const sentence = describeSupport(support)
  const overall = support.strongest === 'namespace'
    ? fine('containment', false, sentence)
    : { name: 'containment', status: 'weak', required: false, found: sentence, fix: support.shortcomings.find(({ level }) => level === 'namespace')?.fix ?? 'see docs/workers.md' } as const
  return [overall, ...support.shortcomings.map((shortcoming) => findingOf(shortcoming, neededLevels(settings)))]
}

function findingOf ({ level, why, fix }: Shortcoming, needed: ReadonlySet<string>): Finding {
  return { name: level === 'late mounts' ? level : `level ${level}`, status: 'missing', required: needed.has(level), found: why, fix }
}

/** Levels without which some server of the configuration is not started. */
function neededLevels (settings: Settings | undefined): ReadonlySet<string> {
  const stdio = [...settings?.servers.values() ?? []].filter(({ transport }) => transport === 'stdio')
  return new Set(stdio.map(({ sandbox: { level } }) => level === 'auto' && settings?.mode === 'production' ? 'namespace' : level))
}
