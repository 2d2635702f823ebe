/** Real gateways behind the stack's own nginx. */
import { Agent } from 'node:https'
import type { TestContext } from 'node:test'
import { ledgerSet, type LedgerSetOptions } from '../chaos/ledger-set.ts'
import { createLegacyWire, type LegacyWire } from './legacy-wire.ts'
import { createModernWire, type ModernWire } from './modern-wire.ts'
import { startStackNginx, type StackNginx, type StackNginxOptions } from './nginx-stack.ts'
import type { ServerEntry } from './programs.ts'
import type { ReplicaSet } from './replicas.ts'

export interface StackReplicas {
  readonly set: ReplicaSet
  readonly nginx: StackNginx
  /** What the server `ledger` wrote down. */
  readonly file: string
  /** Clients over TLS, through nginx; closed with the test. */
  wire (user: string, serverOrPath: string): LegacyWire
  modern (user: string, serverOrPath: string): ModernWire
}

export interface StackReplicasOptions extends LedgerSetOptions, Pick<StackNginxOptions, 'edit'> {
  /** Besides `ledger`. */
  readonly servers?: Readonly<Record<string, ServerEntry>>
}

/** Two replicas, b1 and b2, with the server `ledger`; everything ends with the test. */
export async function startStackReplicas (t: TestContext, { edit, servers, ...options }: StackReplicasOptions = {}): Promise<StackReplicas> {
  let nginx: StackNginx | undefined
  const { set, file } = await ledgerSet(t, {
    ...options,
    names: ['b1', 'b2'],
    ...servers === undefined ? {} : { servers },
    more: { http: { publicUrl: 'https://localhost', trustedProxies: ['127.0.0.1'] }, ...options.more },
    front: async (targets) => {
      nginx = await startStackNginx({ targets, ...edit === undefined ? {} : { edit } })
      return nginx
    }
  })
  if (nginx === undefined) throw new Error('the replicas have no nginx')
  const { ca, url } = nginx
  const endpoint = (serverOrPath: string): string => url + (serverOrPath.startsWith('/') ? serverOrPath : `/servers/${serverOrPath}/mcp`)
  const agent = (): Agent => new Agent({ ca, keepAlive: true, maxSockets: 200 })
  const closing = <T extends { close (): void }>(wire: T): T => {
    t.after(() => { wire.close() })
    return wire
  }
  return {
    set,
    nginx,
    file,
    wire: (user, serverOrPath) => closing(createLegacyWire(endpoint(serverOrPath), { ...set.keyOf(user).bearer }, agent())),
    modern: (user, serverOrPath) => closing(createModernWire(endpoint(serverOrPath), set.keyOf(user).bearer, agent()))
  }
}
