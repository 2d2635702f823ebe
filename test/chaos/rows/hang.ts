import { until } from '../../helpers/until.ts'
import { textOf } from '../../helpers/legacy-wire.ts'
import { probe } from '../../helpers/server-entries.ts'
import { atMost, between } from '../figure.ts'
import type { Row } from '../figure.ts'
import { echo, opened, withGateway } from '../scene.ts'

const STOPPED = 3

/** FR02. */
export const hang: Row = {
  id: 'FR02',
  title: '3 of 20 workers are stopped, with a deadline of 3 s',
  run: () => withGateway({ users: 20, entry: probe({ timeoutMs: 3000 }) }, async (gateway, users) => {
    const wires = await Promise.all(users.map((user) => opened(gateway, user)))
    const pids = await Promise.all(wires.slice(0, STOPPED).map(async (wire) => Number(JSON.parse(textOf(await wire.call('get'))).pid)))
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    const stoppedAtMs = performance.now()
    const gone = until('the stopped are gone', () => gateway.workers().every(({ pid }) => !pids.includes(pid)), 20_000).then(() => performance.now() - stoppedAtMs, () => Infinity)
    const stuck = await Promise.all(wires.slice(0, STOPPED).map((wire, index) => echo(wire, `stuck ${index}`)))
    const others = (await Promise.all(wires.slice(STOPPED).map(async (wire, index) => await Promise.all([1, 2, 3, 4, 5].map((call) => echo(wire, `${index} ${call}`)))))).flat()
    const answeredMs = stuck.map(({ ms }) => ms)
    const goneMs = await gone
    const again = await Promise.all(wires.slice(0, STOPPED).map((wire, index) => echo(wire, `again ${index}`)))
    return [
      between('first answer', 3000, 3500, Math.min(...answeredMs), ' ms'),
      between('last answer', 3000, 3500, Math.max(...answeredMs), ' ms'),
      atMost('answers that are not 50401', 0, stuck.filter(({ outcome }) => outcome !== '50401').length),
      atMost('stopped processes gone', 6000, goneMs, ' ms'),
      atMost('errors of others', 0, others.filter(({ outcome }) => outcome !== 'ok').length),
      atMost('errors of the stopped afterwards', 0, again.filter(({ outcome }) => outcome !== 'ok').length)
    ]
  })
}
