import assert from 'node:assert/strict'
import { it } from 'node:test'
import { UpstreamListen } from '../../../src/bridge/upstream-listen.ts'
import type { Connection, UpstreamSubscription } from '../../../src/upstream/index.ts'

it('two who want more at once: the wider listen speaks for both, in whatever order the server acknowledges', async () => {
  const opened: Array<{ readonly subscription: UpstreamSubscription, isClosed: boolean }> = []
  const listen = (subscription: UpstreamSubscription): { close (): void } => {
    const one = { subscription, isClosed: false }
    opened.push(one)
    return { close () { one.isClosed = true } }
  }
  const connection = { open: true, era: 'modern', initializeResult: { capabilities: { resources: { subscribe: true } } }, listen } as unknown as Connection
  for (const order of [[0, 1], [1, 0]]) {
    opened.length = 0
    const upstream = new UpstreamListen(() => {})
    const before = performance.now()
    const [alice, bob] = [upstream.want(connection, ['a:1']), upstream.want(connection, ['a:1', 'b:1'])]
    for (const at of order) {
      const subscription = opened[at]?.subscription
      subscription?.onAcknowledged({ resourceSubscriptions: subscription.notifications['resourceSubscriptions'] })
      await (at === 0 ? alice : bob)
    }
    const honoured = (await Promise.all([alice, bob])).map((one) => one?.['resourceSubscriptions'])
    assert.deepEqual([(honoured[0] as string[])[0], honoured[1], opened.map(({ isClosed }) => isClosed)], ['a:1', ['a:1', 'b:1'], [true, false]])
    // Not when nobody was waited for any more.
    assert.ok(performance.now() - before < 4000)
    upstream.close()
  }
})
