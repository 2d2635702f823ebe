/**
 * Real clients × real servers through one gateway: whatever era and transport a client has, it reaches every server of every
 * era over every transport. What a client cannot do by its own design stands in one table with the reason, and is shown to be absent.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import type { MatrixClient } from '../helpers/matrix-client.ts'
import { clientKinds, type ClientKind } from '../helpers/matrix-clients.ts'
import { lacks, sendsNoProgressToken, type Absence } from '../helpers/matrix-absences.ts'
import { steps } from '../helpers/matrix-steps.ts'
import { everythingUpstream, modernUpstream, type Upstream } from '../helpers/matrix-upstreams.ts'
import { missing } from '../helpers/programs.ts'
import { roomyLimits } from '../helpers/server-entries.ts'

/** What a client cannot, by step. Steps that are not here have to work with every server. */
const cannot: Readonly<Record<string, Readonly<Record<string, Absence>>>> = {
  'ai-sdk': {
    progress: { reason: 'it drops every notification and sends no progress token', isShown: sendsNoProgressToken },
    subscribe: { reason: 'it drops every notification and has no method for it', isShown: lacks(/subscrib|listen|update/i) }
  },
  'mastra-legacy': {
    subscribe: {
      reason: 'it subscribes by subscriptions/listen, which the session era does not have',
      isShown: ({ itself }) => assert.rejects((itself as { resources: { subscribe (server: string, uri: string): Promise<void> } }).resources.subscribe('gateway', 'any://thing'), /subscriptions\/listen needs MCP 2026-07-28/)
    }
  },
  'openai-agents': {
    progress: { reason: 'it sends no progress token', isShown: sendsNoProgressToken },
    prompt: { reason: 'it has tools and resources only', isShown: lacks(/prompt/i) },
    subscribe: { reason: 'it has no method for it', isShown: lacks(/subscrib|listen|updated/i) }
  }
}

/** Columns of the matrix, by the name of the server in the config. */
const columns: Readonly<Record<string, (dir: string) => Promise<Upstream>>> = {
  'legacy-stdio': (dir) => everythingUpstream('stdio', join(dir, 'stdio.jsonl')),
  'legacy-http': (dir) => everythingUpstream('streamableHttp', join(dir, 'http.jsonl')),
  'legacy-sse': (dir) => everythingUpstream('sse', join(dir, 'sse.jsonl')),
  'modern-stdio': () => modernUpstream('stdio'),
  'modern-http': () => modernUpstream('http')
}

describe('clients × servers', { skip: missing('clients') }, () => {
  const upstreams = new Map<string, Upstream>()
  let dir: string
  let gateway: TestGateway

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drawbridge-matrix-'))
    await Promise.all(Object.entries(columns).map(async ([name, start]) => upstreams.set(name, await start(dir))))
    gateway = await startGateway({
      // A user for each client: what one subscribes to or cancels is its own.
      users: clientKinds.map(({ name }) => ({ tenant: 'acme', user: name })),
      config: { mcpServers: Object.fromEntries([...upstreams].map(([name, { entry }]) => [name, entry])), limits: roomyLimits }
    })
  })
  after(async () => {
    await gateway?.stop()
    for (const upstream of upstreams.values()) await upstream.stop()
    await rm(dir, { recursive: true, force: true })
  })

  const connect = async (kind: ClientKind, server: string): Promise<MatrixClient> =>
    await kind.connect({ url: `${gateway.url}/servers/${server}/${kind.face}`, headers: { ...gateway.keyOf(kind.name).bearer } })

  for (const server of Object.keys(columns)) {
    describe(server, () => {
      for (const kind of clientKinds) {
        describe(kind.name, () => {
          let client: MatrixClient
          let upstream: Upstream
          before(async () => {
            client = await connect(kind, server)
            upstream = upstreams.get(server) ?? assert.fail(server)
          })
          after(() => client?.close())
          for (const step of steps) {
            if (cannot[kind.name]?.[step.name] === undefined) it(step.name, () => step.run({ kind, client, upstream }))
          }
        })
      }
    })
  }

  describe('what a client cannot do is really absent', () => {
    for (const [name, absences] of Object.entries(cannot)) {
      for (const [step, { reason, isShown }] of Object.entries(absences)) {
        it(`${name}: no ${step}, because ${reason}`, async () => {
          const kind = clientKinds.find((candidate) => candidate.name === name) ?? assert.fail(name)
          const { needs } = steps.find((candidate) => candidate.name === step) ?? assert.fail(step)
          const client = await connect(kind, 'modern-http')
          try {
            assert.equal(needs && client[needs], undefined)
            await isShown(client, upstreams.get('modern-http')?.words ?? assert.fail())
          } finally {
            await client.close()
          }
        })
      }
    }
  })
})
