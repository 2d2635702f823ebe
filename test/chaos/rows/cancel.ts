import { textOf } from '../../helpers/legacy-wire.ts'
import { probe } from '../../helpers/server-entries.ts'
import { metricOf } from '../../helpers/metrics.ts'
import { until } from '../../helpers/until.ts'
import { atMost, noted } from '../figure.ts'
import type { Row } from '../figure.ts'
import { echo, inLanes, opened, pause, withGateway } from '../scene.ts'

/** FR10. */
export const cancels: Row = {
  id: 'FR10',
  title: '1,000 calls are cancelled after 0 to 20 ms, some of them twice, some after their answer',
  run: ({ isQuick }) => withGateway({ users: 1, entry: probe() }, async (gateway, [user = '']) => {
    const wire = await opened(gateway, user)
    const told = { late: 0, answered: 0, dropped: 0, broken: 0 }
    const count = isQuick ? 250 : 1000
    await inLanes(count, 20, async (index) => {
      const id = `cancel-${index}`
      const answer = await Promise.all([
        wire.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { text: id, delayMs: Math.random() * 20 } } }),
        cancelSoon(id, index)
      ]).then(([exchange]) => exchange, () => undefined)
      if (answer === undefined || await answer.ended !== 'complete') told.broken++
      else if (answer.messages().some((message) => message.id === id)) told.answered++
      else told.dropped++
      const own = answer?.messages().filter((message) => message.id === id) ?? []
      if (own.length > 1) told.late++
    })
    async function cancelSoon (requestId: string, index: number): Promise<void> {
      await pause(Math.random() * 20)
      for (let times = 0; times <= index % 2; times++) await wire.tell({ method: 'notifications/cancelled', params: { requestId, reason: 'chaos' } })
    }
    const inFlight = async (): Promise<number> => Number(JSON.parse(textOf(await wire.call('cancelled'))).inFlight)
    const left = await until('nothing is in flight', async () => await inFlight() === 0, 5000).then(() => 0, inFlight)
    const open = await metricOf(gateway, 'http_requests_in_flight') ?? NaN
    const after = await echo(wire, 'after')
    return [
      noted('answered in time, dropped', `${told.answered}, ${told.dropped}`),
      atMost('answered more than once', 0, told.late),
      atMost('broken connections', 0, told.broken),
      atMost('in flight at the worker afterwards', 0, left),
      atMost('in flight at the gateway afterwards', 0, open),
      atMost('not usable afterwards', 0, after.outcome === 'ok' ? 0 : 1)
    ]
  })
}
