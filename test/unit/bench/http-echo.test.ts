import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ClientSession } from '../../../bench/load/client-session.ts'
import { createSession } from '../../../bench/load/create-session.ts'
import type { Verdict } from '../../../bench/load/json-rpc-reply.ts'
import type { Endpoint } from '../../../bench/load/messages.ts'
import { freePort } from '../../../bench/machine/launch.ts'
import { until } from '../../helpers/until.ts'

const program = fileURLToPath(new URL('../../../bench/programs/http-echo-server.mjs', import.meta.url))

async function serve (t: TestContext, era: 'legacy' | 'modern', ...more: string[]): Promise<Endpoint> {
  const port = await freePort()
  const child = spawn(process.execPath, [program, String(port), `--era=${era}`, ...more], { stdio: 'inherit' })
  t.after(async () => {
    child.kill()
    await once(child, 'exit')
  })
  await until('the echo server listens', () => accepts(port))
  return { kind: 'mcp', port, path: '/mcp', credentials: [], era }
}

function accepts (port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => { socket.destroy(); resolve(true) })
    socket.on('error', () => { resolve(false) })
  })
}

const call = (session: ClientSession): Promise<Verdict> => new Promise((resolve) => { session.call('padding', resolve) })

for (const era of ['legacy', 'modern'] as const) {
  test(`${era} load in front of a ${era} HTTP server: every answer is the caller's own, though ids collide and answers are reversed`, async (t) => {
    const endpoint = await serve(t, era, '--reverse')
    const sessions = Array.from({ length: 8 }, (_, i) => createSession(endpoint, 'test', i))
    for (const session of sessions) await session.open()
    for (let turn = 0; turn < 3; turn++) {
      assert.deepEqual(await Promise.all(sessions.map(call)), sessions.map(() => 'ok'))
    }
    await Promise.all(sessions.map((session) => session.close()))
  })

  test(`the ${era} HTTP server does not serve the other era`, async (t) => {
    const endpoint = await serve(t, era)
    const stranger = createSession({ ...endpoint, era: era === 'legacy' ? 'modern' : 'legacy' }, 'test', 0)
    await assert.rejects(stranger.open())
    stranger.drop()
  })
}
