import { until } from '../../helpers/until.ts'
import { unruly } from '../../helpers/server-entries.ts'
import { atMost, between, noted } from '../figure.ts'
import type { Row } from '../figure.ts'
import { echo, MB, opened, tally, timed, watchDelay, watchMemory, withGateway } from '../scene.ts'
import type { Called } from '../scene.ts'

/** FR06. */
export const stderrFlood: Row = {
  id: 'FR06',
  title: 'a worker writes to stderr as fast as it can for 10 s, while it and another are called',
  run: ({ isQuick }) => withGateway({ users: 2, entry: unruly({ timeoutMs: 60_000 }) }, async (gateway, users) => {
    const [noisy, quiet] = await Promise.all(users.map((user) => opened(gateway, user)))
    if (noisy === undefined || quiet === undefined) throw new Error('two users')
    const logBefore = gateway.output().length
    const delays = watchDelay(gateway)
    const state = { isOver: false }
    const flood = noisy.call('flood', { forMs: isQuick ? 3000 : 10_000 }).finally(() => { state.isOver = true })
    const calls: Called[] = []
    while (!state.isOver) calls.push(...await Promise.all([echo(noisy, 'during'), echo(quiet, 'beside')]))
    const bytes = Number((await flood).result === undefined ? 0 : JSON.stringify((await flood).result).match(/\d{4,}/)?.[0])
    const auditBytes = gateway.output().split('\n').filter((line) => line.includes('"audit"') || line.includes('"request')).join('\n').length
    return [
      noted('stderr', bytes / MB, ' MiB'),
      atMost('errors', 0, calls.filter(({ outcome }) => outcome !== 'ok').length),
      atMost('log beside that of calls', 100_000, Math.max(0, gateway.output().length - logBefore - auditBytes), ' bytes'),
      atMost('mean delay of the event loop in the worst second', 50, await delays.stop(), ' ms')
    ]
  })
}

/** FR07. */
export const brokenLines: Row = {
  id: 'FR07',
  title: 'half a line and the end; half a line and silence; a line without end',
  run: () => withGateway({ users: 4, entry: unruly({ timeoutMs: 3000 }) }, async (gateway, users) => {
    const [one, two, three, other] = await Promise.all(users.map((user) => opened(gateway, user)))
    if (one === undefined || two === undefined || three === undefined || other === undefined) throw new Error('four users')
    await Promise.all([one, two, three, other].map((wire) => echo(wire, 'warm')))
    const memory = watchMemory(gateway.pid)
    const never = (): boolean => false
    const [ended, silent, endless] = await Promise.all([timed(one.call('half_line_then_exit'), never), timed(two.call('half_line_then_silence'), never), timed(three.call('endless_line'), never)])
    const beside = await echo(other, 'beside')
    const { grownBytes } = memory.stop()
    const again = await Promise.all([one, three].map((wire) => echo(wire, 'again')))
    return [
      { what: 'half a line, then the end', wanted: '50201', measured: ended.outcome, ok: ended.outcome === '50201' },
      atMost('  after', 1000, ended.ms, ' ms'),
      { what: 'half a line, then silence', wanted: '50401', measured: silent.outcome, ok: silent.outcome === '50401' },
      between('  after', 3000, 3500, silent.ms, ' ms'),
      { what: 'a line without end', wanted: '50201', measured: endless.outcome, ok: endless.outcome === '50201' },
      atMost('memory of the gateway', 50, grownBytes / MB, ' MiB more'),
      atMost('errors of others, and afterwards', 0, [beside, ...again].filter(({ outcome }) => outcome !== 'ok').length)
    ]
  })
}

/** FR09. */
export const deafWorker: Row = {
  id: 'FR09',
  title: 'a worker is stopped, and called 5,000 times with 100 kB each',
  run: ({ isQuick }) => withGateway({ users: 1, entry: unruly({ timeoutMs: 3000 }) }, async (gateway, [user = '']) => {
    const wire = await opened(gateway, user)
    await echo(wire, 'warm')
    const [worker] = gateway.workers()
    if (worker === undefined) throw new Error('no worker')
    const text = 'z'.repeat(100_000)
    process.kill(worker.pid, 'SIGSTOP')
    const memory = watchMemory(gateway.pid)
    const calls: Called[] = []
    const count = isQuick ? 1000 : 5000
    // Nobody reads what is said meanwhile, so all of it has to be refused, or to wait for a worker that answers.
    await Promise.all(Array.from({ length: 100 }, async () => {
      while (calls.length < count) calls.push(await echo(wire, text, {}, 10_000))
    }))
    const { grownBytes } = memory.stop()
    const clean = ['ok', '50301', '50401', '50201']
    const back = await until('it works again', async () => (await echo(wire, 'again')).outcome === 'ok', 20_000).then(() => 0, () => 1)
    return [
      noted('outcomes', JSON.stringify(tally(calls))),
      atMost('other outcomes', 0, calls.filter(({ outcome }) => !clean.includes(outcome)).length),
      atMost('memory of the gateway', 64, grownBytes / MB, ' MiB more'),
      atMost('slowest answer', 3500, Math.max(...calls.map(({ ms }) => ms)), ' ms'),
      atMost('not usable afterwards', 0, back)
    ]
  })
}
