import { findSystemProgram } from '../find-program.ts'
import { makeNamespace } from './make-namespace.ts'
import type { NetworkNamespace } from './make-namespace.ts'
import { serveProxy } from './proxy.ts'
import { PROXY_ENV } from './proxy-env.ts'
import { createResolveLine } from './resolve-line.ts'
import type { ResolveLine } from './resolve-line.ts'
import { createSpareNamespaces } from './spare-namespaces.ts'
import type { SpareNamespaces } from './spare-namespaces.ts'
import type { Egress, EgressGrip, EgressOptions, EgressRequest } from './types.ts'

const SPARES = 1

/** Makes the guarded networks of a gateway's workers. Starts nothing until the first is opened. */
export function createEgress (options: EgressOptions): Egress {
  return new GuardedEgress(options)
}

class GuardedEgress implements Egress {
  readonly #options: EgressOptions
  readonly #names: ResolveLine
  readonly #spares: SpareNamespaces
  readonly #open = new Set<EgressGrip>()

  constructor (options: EgressOptions) {
    this.#options = options
    this.#names = createResolveLine(options.resolve)
    this.#spares = createSpareNamespaces(options.spares ?? SPARES, async () => await this.#make())
  }

  async open (request: EgressRequest): Promise<EgressGrip> {
    const nsenter = findSystemProgram('nsenter')
    if (nsenter === undefined) throw new Error('no network namespace can be entered: nsenter is missing (util-linux)')
    const namespace = await this.#spares.take()
    const proxy = serveProxy(namespace.server, request, this.#options, this.#names)
    const grip: EgressGrip = {
      prefix: [nsenter, ...namespace.enter, '--'],
      env: PROXY_ENV,
      close: async () => {
        if (!this.#open.delete(grip)) return
        proxy.close()
        namespace.close()
      }
    }
    this.#open.add(grip)
    return grip
  }

  async #make (): Promise<NetworkNamespace> {
    const { bwrap, by = process.getuid?.() === 0 ? 'root' : 'user' } = this.#options
    if (bwrap === undefined) throw new Error('no network namespace can be made: bubblewrap is missing')
    return await makeNamespace(bwrap, by)
  }

  async close (): Promise<void> {
    await this.#spares.close()
    await Promise.all([...this.#open].map(async (grip) => { await grip.close() }))
  }
}
