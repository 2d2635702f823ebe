import assert from 'node:assert/strict'
import type { ClientKind } from './matrix-clients.ts'
import type { MatrixClient } from './matrix-client.ts'
import type { Upstream } from './matrix-upstreams.ts'
import { until } from './until.ts'

export interface StepContext {
  readonly kind: ClientKind
  readonly client: MatrixClient
  readonly upstream: Upstream
}

export interface Step {
  readonly name: string
  /** The client's own way to do it; a client without it cannot. Undefined: every client can. */
  readonly needs?: keyof MatrixClient
  run (context: StepContext): Promise<void>
}

let nextKey = 1

/** What every client does with every server, in this order. */
export const steps: readonly Step[] = [
  {
    name: 'connect',
    run: async ({ kind, client }) => {
      assert.equal(client.revision, kind.revision)
      assert.equal(client.sent.some(({ method }) => method === 'initialize'), kind.revision < '2026', 'only the legacy era shakes hands')
    }
  },
  {
    name: 'list',
    run: async ({ client, upstream: { words } }) => {
      const names = await client.listTools()
      for (const { name } of [words.call, words.steps, words.watched.touch]) assert.ok(names.includes(name), `${name} among ${names.join(', ')}`)
    }
  },
  {
    name: 'call',
    run: async ({ client, upstream: { words: { call } } }) => {
      assert.match(await client.callTool(call.name, call.args), call.says)
    }
  },
  {
    name: 'ask',
    needs: 'answersForms',
    run: async ({ client, upstream: { words: { ask } } }) => {
      // The official server has the tool a moment after it has heard what its client can.
      await until(ask.name, async () => (await client.listTools()).includes(ask.name))
      assert.match(await client.callTool(ask.name, ask.args), ask.says)
    }
  },
  { name: 'progress', needs: 'callWithProgress', run: progress },
  { name: 'cancel', run: cancel },
  {
    name: 'resource',
    needs: 'readResource',
    run: async ({ client, upstream: { words: { resource } } }) => {
      assert.ok((await client.listResources?.())?.includes(resource.uri))
      assert.match(await client.readResource?.(resource.uri) ?? '', resource.says)
    }
  },
  {
    name: 'prompt',
    needs: 'getPrompt',
    run: async ({ client, upstream: { words: { prompt } } }) => {
      assert.ok((await client.listPrompts?.())?.includes(prompt.name))
      assert.match(await client.getPrompt?.(prompt.name, prompt.args) ?? '', prompt.says)
    }
  },
  { name: 'subscribe', needs: 'subscribe', run: subscribe }
]

async function progress ({ client, upstream: { words } }: StepContext): Promise<void> {
  const attempts: number[][] = []
  // The SDKs drop what arrives together with the answer, so a client that the machine lets wait hears less; the wire tests count.
  await until('three reports of progress', async () => {
    const seen: number[] = []
    attempts.push(seen)
    assert.match(await client.callWithProgress?.(words.steps.name, words.steps.args, (value) => { seen.push(value) }) ?? '', words.steps.says)
    return seen.length >= 3
  })
  for (const seen of attempts) assert.deepEqual(seen, [1, 2, 3, 4].slice(0, seen.length))
}

/** The client's call ends at once, the server is told to stop, and the client goes on: it calls, and questions about that reach it. */
async function cancel ({ client, upstream }: StepContext): Promise<void> {
  const { words } = upstream
  const key = nextKey++
  const { name, args } = words.endless(key)
  const aborter = new AbortController()
  const rejected = assert.rejects(client.callUntil(name, args, aborter.signal))
  await until(`${upstream.name} runs ${name}`, async () => (await upstream.fate(client, key)).started)
  aborter.abort(new Error('cancelled by the test'))
  await rejected
  await until(`${upstream.name} is told to stop`, async () => (await upstream.fate(client, key)).cancelled)
  const next = client.answersForms === true ? words.ask : words.call
  assert.match(await client.callTool(next.name, next.args), next.says)
}

async function subscribe ({ client, upstream: { name, words: { watched } } }: StepContext): Promise<void> {
  const updates: string[] = []
  const unsubscribe = await client.subscribe?.(watched.uri, (uri) => { updates.push(uri) })
  await client.callTool(watched.touch.name, watched.touch.args)
  await until(`an update of ${watched.uri} of ${name}`, () => updates.includes(watched.uri))
  if (watched.rest !== undefined) await client.callTool(watched.rest.name, watched.rest.args)
  await unsubscribe?.()
}
