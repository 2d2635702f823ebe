import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pressure } from '../../plugins/edge/pressure.ts'
import { createMemorySteps } from '../../src/limits/index.ts'
import { until } from '../helpers/until.ts'
import { startEdge } from './edge-app.ts'
import { edgeSettings } from './settings.ts'

test('over the cap on requests in flight: 503 with Retry-After, probes still answered, room again afterwards (FR34)', async (t) => {
  const { settings, key } = edgeSettings()
  const waiting: Array<() => void> = []
  const edge = await startEdge({
    settings,
    routes: (app) => {
      app.get('/slow', (_request, reply) => { waiting.push(() => { reply.send({}) }) })
      app.get('/open', { config: { public: true } }, (_request, reply) => { reply.send({}) })
    },
    change: () => ({ maxInFlight: 2 })
  })
  t.after(() => edge.close())
  const held = [edge.send('/slow', { headers: key.bearer }), edge.send('/slow', { headers: key.bearer })]
  await until('both are held', () => waiting.length === 2)
  const refused = await edge.send('/slow', { headers: key.bearer })
  assert.equal(refused.status, 503)
  assert.equal(refused.headers['retry-after'], '1')
  assert.match(refused.body(), /GW_LIMIT_IN_FLIGHT/)
  assert.equal((await edge.send('/open')).status, 200)
  for (const answer of waiting.splice(0)) answer()
  assert.deepEqual((await Promise.all(held)).map(({ status }) => status), [200, 200])

  // A client that leaves gives its place back, whether or not its handler ever ends.
  const gone = new AbortController()
  const left = edge.send('/slow', { headers: key.bearer, signal: gone.signal }).catch(() => 'gone')
  const leftToo = edge.send('/slow', { headers: key.bearer, signal: gone.signal }).catch(() => 'gone')
  await until('both are held again', () => waiting.length === 2)
  gone.abort()
  assert.deepEqual(await Promise.all([left, leftToo]), ['gone', 'gone'])
  await until('their places are free', async () => /^drawbridge_http_requests_in_flight 0$/m.test(await edge.options.telemetry.expose()))
  const next = edge.send('/slow', { headers: key.bearer })
  await until('the next one is served', () => waiting.length === 3)
  waiting[2]?.()
  assert.equal((await next).status, 200)
  await until('the request is logged', () => edge.log().some((line) => line['status'] === 499 && line['aborted'] === true))
})

test('bodies and unread answers over their bound: 503 before the body, and for the body that passes it; room again afterwards (FR37)', async (t) => {
  const { settings, key } = edgeSettings()
  const waiting: Array<() => void> = []
  const edge = await startEdge({
    settings,
    routes: (app) => { app.post('/slow', (_request, reply) => { waiting.push(() => { reply.send({}) }) }) },
    change: () => ({ maxHeldBytes: 100_000 })
  })
  t.after(() => edge.close())
  const post = (characters: number) => edge.send('/slow', { method: 'POST', body: { text: 'x'.repeat(characters) }, headers: key.bearer })
  const held = [post(40_000), post(40_000)]
  await until('both are held', () => waiting.length === 2)
  const over = await post(40_000)
  assert.deepEqual([over.status, over.headers['retry-after']], [503, '1'])
  assert.match(over.body(), /GW_LIMIT_IN_FLIGHT/)
  const inFlight = async (count: number): Promise<boolean> => new RegExp(`^drawbridge_http_requests_in_flight ${count}$`, 'm').test(await edge.options.telemetry.expose())
  await until('the refused one is over', () => inFlight(2))
  held.push(post(15_000))
  await until('a small one has room', () => waiting.length === 3)
  for (const answer of waiting.splice(0)) answer()
  assert.ok((await Promise.all(held)).every(({ status }) => status === 200))
  await until('all are over', () => inFlight(0))
  const large = Promise.all([post(60_000), post(30_000)])
  await until('as much has room again', () => waiting.length === 2)
  for (const answer of waiting.splice(0)) answer()
  assert.deepEqual((await large).map(({ status }) => status), [200, 200])
  assert.match(await edge.options.telemetry.expose(), /limit_refusals_total\{limit="memory"\} 1$/m)
})

test('near the end of its memory, nothing new is let in; before that, no new sessions (FR37)', async (t) => {
  const { settings, key } = edgeSettings()
  let residentBytes = 0
  const memory = createMemorySteps({ residentBytes: 100, heapBytes: 100 }, () => ({ residentBytes, heapBytes: 10 }))
  const edge = await startEdge({ settings, routes: (app) => { app.get('/quick', (_request, reply) => { reply.send({}) }) }, change: () => ({ memory }) })
  t.after(() => edge.close())
  const quick = async (): Promise<number> => (await edge.send('/quick', { headers: key.bearer })).status
  assert.equal(await quick(), 200)
  residentBytes = 96
  await until('it is seen', async () => await quick() === 503)
  residentBytes = 94
  await until('there is room', async () => await quick() === 200)
  assert.deepEqual([memory.noCache, memory.noSessions, memory.full], [true, true, false])
})

test('closing: requests on open connections are refused in our own words, answers under way are finished (FR31)', async (t) => {
  const { settings, key } = edgeSettings()
  let answer = (): void => {}
  const edge = await startEdge({ settings, routes: (app) => { app.get('/slow', (_request, reply) => { answer = () => { reply.send({ done: true }) } }) } })
  t.after(() => edge.close())
  const { connect } = await import('node:net')
  const socket = connect(edge.port, '127.0.0.1').setEncoding('latin1')
  let text = ''
  socket.on('data', (chunk: string) => { text += chunk })
  const line = `GET /slow HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key.text}\r\n\r\n`
  socket.write(line)
  await until('the first is being served', () => edge.options.telemetry.expose().then((exposed) => /in_flight 1$/m.test(exposed)))
  const closed = edge.app.close()
  socket.write(line)
  await until('the second was refused', () => edge.options.telemetry.expose().then((exposed) => /edge_refusals_total\{reason="draining"\} 1$/m.test(exposed)))
  answer()
  await until('both answers', () => text.split('HTTP/1.1 ').length === 3)
  assert.match(text, /HTTP\/1\.1 200[\s\S]*\{"done":true\}HTTP\/1\.1 503[\s\S]*connection: close[\s\S]*GW_DRAINING/i)
  await closed
})

test('only sustained delay is pressure (FR35)', () => {
  const pressure = new Pressure()
  assert.equal(pressure.isOver(5000, 0), false, 'one bad second')
  assert.equal(pressure.isOver(0, 1000), false)
  assert.equal(pressure.isOver(5000, 2000), false, 'bad again, but not in a row')
  assert.equal(pressure.isOver(5000, 3000), false)
  assert.equal(pressure.isOver(5000, 4000), true, 'two seconds in a row')
  assert.equal(pressure.isOver(999, 5000), false, 'and over at once')
  assert.equal(pressure.isOver(Number.POSITIVE_INFINITY, 6000), false)
  assert.equal(pressure.isOver(5000, 60_000), false, 'a stopped machine is not two readings')
})
