import assert from 'node:assert/strict'
import { it } from 'node:test'
import { scripted } from '../bridge/script-parts.ts'
import { startGateway } from './gateway-parts.ts'

it('the cursor of tasks/list is sealed for its user: a server may have put a task id of another one into it (T21)', async (t) => {
  const server = scripted('legacy', { isolation: 'shared', env: { SCRIPT_CAPABILITIES: '{"tools":{},"tasks":{"list":{}}}' } })
  const { client } = await startGateway(t, { servers: { srv: server.entry } })
  const [alice, bob] = [await client('alice', 'srv'), await client('bob', 'srv')]
  const { result } = await alice.get('tasks/list')
  const cursor = String(result?.['nextCursor'])
  assert.deepEqual([result?.['tasks'], cursor.includes('somebody'), Buffer.from(cursor, 'base64url').includes('somebody')], [[], false, false])
  assert.deepEqual((await alice.get('tasks/list', { cursor })).result, { tasks: [] })
  for (const stranger of [await bob.get('tasks/list', { cursor }), await alice.get('tasks/list', { cursor: 'a-task-of-somebody' })]) assert.equal(stranger.error?.code, -32602)
  assert.deepEqual(server.ran('tasks/list').map(({ params }) => params), [undefined, { cursor: 'a-task-of-somebody' }])
})
