/** What `check` and `doctor` say of a configured Redis; neither ever prints a password. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { freePort } from '../../helpers/free-port.ts'
import { startRedis } from '../../helpers/redis.ts'
import { folderWith, run } from './io.ts'

const env = { PATH: '', DRAWBRIDGE_SECRET: 'kR8s0Qm3v9Zx1Lw7Tb5Ye2Uh6Jd4Gf8P0oNcAiXq', DRAWBRIDGE_REPLICA: 'gw1' }

async function doctor (test: TestContext, redis: object): Promise<Finding | undefined> {
  const cwd = folderWith(test, { 'a.json': JSON.stringify({ listen: { port: 0 }, management: { port: 0 }, mcpServers: {}, redis }) })
  const { stdout } = await run(['doctor', '--config', 'a.json', '--json'], { cwd, env })
  assert.ok(!stdout.includes('hunter22'))
  return (JSON.parse(stdout) as { findings: Finding[] }).findings.find(({ name }) => name === 'redis connection')
}

describe('drawbridge doctor with redis', () => {
  it('connects, writes and reads', async (test) => {
    const redis = await startRedis({ password: 'hunter22' })
    test.after(async () => { await redis.stop() })
    const found = await doctor(test, { url: `redis://:hunter22@127.0.0.1:${redis.port}` })
    assert.equal(found?.status, 'ok')
    assert.match(found.found, new RegExp(`^Redis at 127\\.0\\.0\\.1:${redis.port}, \\d+\\.\\d ms a command$`))
    assert.ok(Number(await redis.cli('PTTL', 'db:{g:doctor}:probe')) > 0)
  })

  it('says why it cannot: wrong password, a user without rights, nobody there', async (test) => {
    const redis = await startRedis({ password: 'right' })
    test.after(async () => { await redis.stop() })
    const wrong = await doctor(test, { url: `redis://:hunter22@127.0.0.1:${redis.port}` })
    assert.deepEqual([wrong?.status, wrong?.required], ['missing', true])
    assert.match(wrong?.found ?? '', /WRONGPASS/)
    await redis.cli('ACL', 'SETUSER', 'reader', 'on', '>hunter22', '~db:*', '+get', '+info', '+ping')
    assert.match((await doctor(test, { url: `redis://reader:hunter22@127.0.0.1:${redis.port}` }))?.found ?? '', /NOPERM/)
    assert.match((await doctor(test, { url: `redis://127.0.0.1:${await freePort()}` }))?.found ?? '', /ECONNREFUSED/)
  })
})

it('drawbridge check says where state is kept', async (test) => {
  const file = (more: object) => JSON.stringify({ mcpServers: {}, ...more })
  const cwd = folderWith(test, { 'alone.json': file({}), 'shared.json': file({ redis: { url: 'rediss://u:hunter22@redis:1' } }) })
  const check = async (name: string) => (await run(['check', '--config', name, '--effective'], { cwd, env })).stdout
  assert.match(await check('alone.json'), /state {8}kept in this process/)
  const shared = await check('shared.json')
  assert.match(shared, /state {8}shared by Redis at redis:1, TLS, as replica gw1/)
  assert.ok(!shared.includes('hunter22') && !shared.includes(env.DRAWBRIDGE_SECRET))
})
