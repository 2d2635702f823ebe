import { join } from 'node:path'
import { GatewayError } from '../shared/errors.ts'
import { chooseLevel } from './choose-level.ts'
import { containByProcess } from './contain-process.ts'
import { containInContainer } from './container/contain.ts'
import { cannotContain } from './context.ts'
import type { SandboxContext } from './context.ts'
import { createEgress } from './egress/index.ts'
import type { EgressOptions } from './egress/index.ts'
import type { HostSupport } from './host-support.ts'
import { containInNamespace } from './namespace/contain.ts'
import { systemView } from './namespace/system-view.ts'
import type { HiddenPaths } from './namespace/view.ts'
import { probeHost } from './probe-host.ts'
import { createResources } from './resources/index.ts'
import type { ResourceEvents } from './resources/index.ts'
import type { Containment, ContainRequest, Sandbox } from './types.ts'

/** What a sandbox is made with. */
export interface SandboxOptions {
  /** In production, `auto` must come to `namespace` at least (rulings 1). */
  readonly mode: 'development' | 'production'
  /** Absolute. */
  readonly stateDir: string
  /** What workers must not see though a directory of their entry holds it. The state directory is added. */
  readonly hidden: HiddenPaths
  /** Variables by which a container engine's client finds its daemon, and its PATH. */
  readonly engineEnv: Readonly<Record<string, string>>
  readonly egress: Omit<EgressOptions, 'bwrap'>
  readonly resourceEvents: ResourceEvents
}

/** Makes containments. The host is looked at with the first question; nothing runs before. */
export function createSandbox (options: SandboxOptions): Sandbox {
  return new HostSandbox(options)
}

class HostSandbox implements Sandbox {
  readonly #options: SandboxOptions
  #host: Promise<HostSupport> | undefined
  #context: Promise<SandboxContext> | undefined

  constructor (options: SandboxOptions) {
    this.#options = options
  }

  host (): Promise<HostSupport> {
    this.#host ??= probeHost()
    return this.#host
  }

  async contain (request: ContainRequest): Promise<Containment> {
    try {
      const support = await this.host()
      const level = chooseLevel(request, support, this.#options.mode)
      if (level === 'none') return uncontained(request)
      this.#context ??= this.#makeContext(support)
      return await containAt(level, request, await this.#context)
    } catch (error) {
      if (error instanceof GatewayError) throw error
      throw new GatewayError('GW_UPSTREAM_START', { reason: `mcpServers.${request.server}: cannot be contained: ${(error as Error).message}` }, error)
    }
  }

  async close (): Promise<void> {
    if (this.#context === undefined) return
    const { egress, resources } = await this.#context
    await egress.close()
    await resources.close()
  }

  async #makeContext (support: HostSupport): Promise<SandboxContext> {
    const { stateDir, hidden, engineEnv, egress, resourceEvents } = this.#options
    return {
      support,
      engineEnv,
      hidden: { ...hidden, directories: [stateDir, ...hidden.directories] },
      system: systemView(),
      scratchDir: join(stateDir, 'sandbox'),
      resources: createResources(support.resources, resourceEvents),
      egress: createEgress({ ...egress, ...(support.namespace === undefined ? {} : { bwrap: support.namespace.bwrap }) })
    }
  }
}

async function containAt (level: 'process' | 'namespace' | 'container', request: ContainRequest, context: SandboxContext): Promise<Containment> {
  const { support } = context
  if (level === 'container') return await containInContainer(request, context)
  if (level === 'namespace' && support.namespace !== undefined) return await containInNamespace(request, support.namespace, context)
  if (level === 'process' && support.process !== undefined) return await containByProcess(request, support.process, context)
  throw cannotContain(request.server, `level "${level}" cannot be had on this host`)
}

function uncontained ({ command, args, env, cwd }: ContainRequest): Containment {
  const nothing = async (): Promise<void> => {}
  return { level: 'none', command, args, env, cwd, descriptors: [], started: nothing, ended: nothing, mountRefusal: 'level "none" has no mounts of its own' }
}
