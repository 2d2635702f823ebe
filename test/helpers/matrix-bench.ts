import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway, type TestGateway } from './gateway.ts'
import type { MatrixClient } from './matrix-client.ts'
import type { ClientKind } from './matrix-clients.ts'
import { everythingUpstream, fixtureUpstream, type Upstream } from './matrix-upstreams.ts'
import { roomyLimits } from './server-entries.ts'

/** Columns of the matrix, by the name of the server in the config. */
const columns: Readonly<Record<string, (dir: string) => Promise<Upstream>>> = {
  'legacy-stdio': (dir) => everythingUpstream('stdio', join(dir, 'stdio.jsonl')),
  'legacy-http': (dir) => everythingUpstream('streamableHttp', join(dir, 'http.jsonl')),
  'legacy-sse': (dir) => everythingUpstream('sse', join(dir, 'sse.jsonl')),
  'modern-stdio': () => fixtureUpstream('stdio', 'modern'),
  'modern-http': () => fixtureUpstream('http', 'modern')
}

export const serverNames: readonly string[] = Object.keys(columns)

/** Servers of every kind behind one gateway. */
export interface MatrixBench {
  /** @throws for a name that is none of {@link serverNames} */
  upstream (server: string): Upstream
  /** Connects a client to one server, or without a name to the aggregate. */
  connect (kind: ClientKind, server?: string): Promise<MatrixClient>
  stop (): Promise<void>
}

/** Starts everything. Each kind of client has a user of its own: what one subscribes to or cancels is its own. */
export async function startMatrix (kinds: readonly ClientKind[]): Promise<MatrixBench> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-matrix-'))
  const upstreams = new Map<string, Upstream>()
  let gateway: TestGateway | undefined
  const stop = async (): Promise<void> => {
    await gateway?.stop()
    for (const upstream of upstreams.values()) await upstream.stop()
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await Promise.all(Object.entries(columns).map(async ([name, start]) => upstreams.set(name, await start(dir))))
    const mcpServers = Object.fromEntries(serverNames.map((name) => [name, upstreams.get(name)?.entry ?? {}]))
    gateway = await startGateway({ users: kinds.map(({ name }) => ({ tenant: 'acme', user: name })), config: { mcpServers, limits: roomyLimits } })
  } catch (error) {
    await stop()
    throw error
  }
  const { url, keyOf } = gateway
  return {
    stop,
    upstream: (server) => {
      const upstream = upstreams.get(server)
      if (upstream === undefined) throw new Error(`no server ${server}`)
      return upstream
    },
    connect: ({ name, face, connect }, server) => connect({ url: `${url}${server === undefined ? '' : `/servers/${server}`}/${face}`, headers: { ...keyOf(name).bearer } })
  }
}
