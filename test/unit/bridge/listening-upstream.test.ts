import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { UpstreamListen } from '../../../src/bridge/upstream-listen.ts'
import type { JsonObject } from '../../../src/protocol/index.ts'
import type { Connection, UpstreamSubscription } from '../../../src/upstream/index.ts'

interface Opened { readonly subscription: UpstreamSubscription, isClosed: boolean }

/** A connection as far as a listen needs one. */
function connected (capabilities: JsonObject = { tools: { listChanged: true }, resources: { subscribe: true } }): { connection: Connection, opened: Opened[], order: string[], end: () => void } {
  const opened: Opened[] = []
  const order: string[] = []
  let open = true
  const connection = {
    era: 'modern',
    initializeResult: { capabilities },
    get open () { return open },
    listen (subscription: UpstreamSubscription) {
      const one: Opened = { subscription, isClosed: false }
      const name = opened.push(one)
      order.push(`open ${name}`)
      return { close () { one.isClosed = true; order.push(`close ${name}`) } }
    }
  } as unknown as Connection
  return { connection, opened, order, end: () => { open = false } }
}

const settle = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })
const listenOf = (t: TestContext, heard: string[] = []): UpstreamListen => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  return new UpstreamListen((method) => { heard.push(method) })
}

describe('the listen that a place holds towards a modern server', () => {
  it('is one for all; the next one stands before the one it replaces is closed', async (t) => {
    const heard: string[] = []
    const listen = listenOf(t, heard)
    const { connection, opened, order } = connected()
    const [first, same] = [listen.want(connection, []), listen.want(connection, [])]
    opened[0]?.subscription.onAcknowledged({ toolsListChanged: true })
    assert.deepEqual([await first, await same, order], [{ toolsListChanged: true }, { toolsListChanged: true }, ['open 1']])
    assert.deepEqual(opened[0]?.subscription.notifications, { toolsListChanged: true })
    const second = listen.want(connection, ['a:1'])
    await settle()
    assert.deepEqual(order, ['open 1', 'open 2'])
    opened[0]?.subscription.onNotification('notifications/tools/list_changed', undefined)
    opened[1]?.subscription.onAcknowledged({ resourceSubscriptions: ['a:1'] })
    assert.deepEqual([await second, order, heard], [{ resourceSubscriptions: ['a:1'] }, ['open 1', 'open 2', 'close 1'], ['notifications/tools/list_changed']])
  })

  it('asks for nothing that the server does not offer, and of a session-era connection nothing at all', async (t) => {
    const listen = listenOf(t)
    const { connection, opened } = connected({ tools: {}, resources: {} })
    assert.deepEqual([await listen.want(connection, ['a:1']), opened.length], [undefined, 0])
    assert.equal(await listen.want(undefined, ['a:1']), undefined)
  })

  it('is opened again when the server ends it, later and later, for as long as the connection lives', async (t) => {
    const listen = listenOf(t)
    const { connection, opened, end } = connected()
    const first = listen.want(connection, [])
    opened[0]?.subscription.onAcknowledged({})
    await first
    for (let n = 1; n <= 9; n++) {
      opened[n - 1]?.subscription.onEnd()
      t.mock.timers.tick(249)
      assert.equal(opened.length, n)
      t.mock.timers.tick(30_000)
      await settle()
      assert.equal(opened.length, n + 1)
    }
    end()
    opened[9]?.subscription.onEnd()
    t.mock.timers.tick(60_000)
    assert.equal(opened.length, 10)
  })

  it('a server that says nothing is not waited for without end', async (t) => {
    const listen = listenOf(t)
    const { connection, opened } = connected()
    const honoured = listen.want(connection, [])
    t.mock.timers.tick(5000)
    assert.deepEqual([await honoured, opened[0]?.isClosed], [undefined, false])
  })

  it('ends with the wish, and with the connection; what the old one says then opens nothing', async (t) => {
    const listen = listenOf(t)
    const [one, two] = [connected(), connected()]
    listen.want(one.connection, []).catch(() => undefined)
    listen.want(two.connection, []).catch(() => undefined)
    assert.deepEqual([one.order, two.order], [['open 1', 'close 1'], ['open 1']])
    one.opened[0]?.subscription.onEnd()
    listen.close()
    two.opened[0]?.subscription.onEnd()
    t.mock.timers.tick(60_000)
    await settle()
    assert.deepEqual([one.order, two.order], [['open 1', 'close 1'], ['open 1', 'close 1']])
  })
})
