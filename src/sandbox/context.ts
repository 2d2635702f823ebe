import { GatewayError } from '../shared/errors.ts'
import type { Egress } from './egress/index.ts'
import { findCommand } from './find-program.ts'
import type { HostSupport } from './host-support.ts'
import type { Mount } from './namespace/mount.ts'
import type { HiddenPaths } from './namespace/view.ts'
import type { Resources } from './resources/index.ts'
import type { ContainRequest } from './types.ts'

/** What every level contains workers with; made once per gateway. */
export interface SandboxContext {
  readonly support: HostSupport
  readonly resources: Resources
  readonly egress: Egress
  readonly hidden: HiddenPaths
  /** What of the system every worker in a namespace sees. */
  readonly system: readonly Mount[]
  /** For small files and mount points of the sandbox's own: absolute, inside the state directory. */
  readonly scratchDir: string
  /** Variables by which a container engine's client finds its daemon, and its PATH. */
  readonly engineEnv: Readonly<Record<string, string>>
}

/** @throws GatewayError GW_CONFIG: the entry asks for something that cannot be had; `why` says what to do */
export function cannotContain (server: string, why: string): GatewayError {
  return new GatewayError('GW_CONFIG', { reason: `mcpServers.${server}.sandbox: ${why}` })
}

/**
 * The file that a request's command names: known before the start, because inside a sandbox its absence would look like a
 * server that ended at once.
 * @throws GatewayError GW_UPSTREAM_START
 */
export function programOf ({ server, command, env, cwd }: ContainRequest): string {
  const found = findCommand(command, env['PATH'] ?? '', cwd)
  if (found !== undefined) return found
  throw new GatewayError('GW_UPSTREAM_START', { reason: `mcpServers.${server}: cannot start ${JSON.stringify(command)}: ENOENT, the command is not there, or is not executable` })
}

/** Limits of a request, as the resources room takes them. */
export function limitsOf ({ settings }: ContainRequest, ownUser: boolean): Parameters<Resources['enter']>[0] {
  const { memoryMb, cpu, pids } = settings
  return { pids, ownUser, ...(memoryMb === undefined ? {} : { memoryMb }), ...(cpu === undefined ? {} : { cpu }) }
}
