import { basename } from 'node:path'
import type { SandboxLevel } from '../shared/settings/sandbox.ts'
import { cannotContain } from './context.ts'
import { isWeaker } from './host-support.ts'
import type { HostSupport } from './host-support.ts'
import type { ContainRequest } from './types.ts'

/** Programs that run what they are told in a container of their own. */
export const ENGINES: readonly string[] = ['docker', 'podman', 'nerdctl']

/** Is the entry's own command a container engine's client? */
export function isEngine (command: string): boolean {
  return ENGINES.includes(basename(command))
}

/**
 * The level a process is contained at: the named one, or the strongest of the host. A command that starts a container itself
 * is contained by that. In development `auto` leaves a command alone that fetches what it runs: without the operator's registry and
 * cache it would not start, and locked packages are started from the store (T46).
 * @throws GatewayError GW_CONFIG if it cannot be had, or if `auto` comes to less than production mode allows (rulings 1)
 */
export function chooseLevel ({ server, command, settings, fetches = false }: ContainRequest, support: HostSupport, mode: 'development' | 'production'): SandboxLevel {
  const { level } = settings
  if (isEngine(command)) {
    if (level === 'namespace' || level === 'process') throw cannotContain(server, `level "${level}" keeps ${basename(command)} from its daemon; write sandbox.level: container`)
    return level === 'auto' ? 'container' : level
  }
  if (level === 'none' || level === 'container') return level
  if (level === 'auto' && fetches && mode === 'development') return 'none'
  const [missing] = support.shortcomings.filter((each) => each.level === (level === 'process' ? 'process' : 'namespace'))
  const why = missing === undefined ? '' : `: ${missing.why}. To change that: ${missing.fix}`
  if (level === 'auto') {
    if (mode === 'production' && isWeaker(support.strongest, 'namespace')) throw cannotContain(server, `level "auto" comes to "${support.strongest}" on this host, and production mode runs nothing weaker than "namespace" unless sandbox.level names it${why}`)
    return support.strongest
  }
  if (support[level] === undefined) throw cannotContain(server, `level "${level}" cannot be had on this host${why}`)
  return level
}
