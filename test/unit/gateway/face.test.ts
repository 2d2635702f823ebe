import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TaskIds, TaskOwners } from '../../../src/bridge/index.ts'
import { createFace } from '../../../src/gateway/face.ts'
import type { JsonObject } from '../../../src/protocol/index.ts'
import { createSealer } from '../../../src/seal/index.ts'
import type { Client } from '../../../src/session/index.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName } from '../../../src/shared/ids.ts'
import { createPolicy } from '../../../src/tenancy/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { serverRoute, testRegistry } from '../session/session-parts.ts'

const fs = brandAs<ServerName>('fs')
const policy = createPolicy({ servers: new Map([[fs, serverSettings({ name: 'fs', resources: { deny: ['x://a/secret*'] } })]]) })
const tasks = new TaskIds(createSealer(undefined, Date.now))
const owners = new TaskOwners()
const face = createFace(policy, tasks, fs)

function notification (client: Client, method: string, params: JsonObject | undefined): unknown {
  return face.notification(client, method, params, owners)
}

describe('what a server says unasked, as a session may see it', () => {
  it('on its own endpoint: as it is, but nothing of hidden resources (T25)', (t) => {
    const session = testRegistry(t).open({ route: serverRoute('fs') })
    const log = { level: 'info', logger: 'x', data: 1 }
    assert.equal(notification(session, 'notifications/message', log), log)
    assert.equal(notification(session, 'notifications/tools/list_changed', undefined), undefined)
    assert.deepEqual(notification(session, 'notifications/resources/updated', { uri: 'x://a/open' }), { uri: 'x://a/open' })
    assert.equal(notification(session, 'notifications/resources/updated', { uri: 'x://a/secret/1' }), null)
  })

  it('on the aggregate: under the names of its lists', (t) => {
    const session = testRegistry(t).open({ route: { kind: 'aggregate' } })
    assert.deepEqual(notification(session, 'notifications/message', { level: 'info', logger: 'x', data: 1 }), { level: 'info', logger: 'fs/x', data: 1 })
    assert.deepEqual(notification(session, 'notifications/message', { level: 'info' }), { level: 'info', logger: 'fs' })
    assert.deepEqual(notification(session, 'notifications/resources/updated', { uri: 'x://a', more: 1 }), { uri: 'fs+x://a', more: 1 })
    assert.equal(notification(session, 'notifications/resources/updated', { uri: 'x://a/secret/1' }), null)
    assert.deepEqual(notification(session, 'notifications/resources/updated', { uri: 7 }), { uri: 7 })
  })

  it('of tasks: to whom they belong, under an id of their own (T20, T21)', (t) => {
    const registry = testRegistry(t)
    const session = registry.open({ route: serverRoute('fs') })
    owners.add('inner-1', { userKey: session.principal.userKey, tool: 'work' })
    owners.add('inner-2', { userKey: 'somebody else', tool: 'work' })
    const news = notification(session, 'notifications/tasks/status', { taskId: 'inner-1', status: 'working' }) as JsonObject
    assert.equal(news['status'], 'working')
    assert.ok(!JSON.stringify(news).includes('inner-1'))
    assert.deepEqual(tasks.open(session.principal, news['taskId']), { server: 'fs', tool: 'work', id: 'inner-1' })
    assert.equal(tasks.open({ ...session.principal, userKey: 'another' }, news['taskId']), undefined)
    for (const taskId of ['inner-2', 'never seen', 7]) assert.equal(notification(session, 'notifications/tasks/status', { taskId }), null)
  })
})
