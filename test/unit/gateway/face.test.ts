import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFace } from '../../../src/gateway/face.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName } from '../../../src/shared/ids.ts'
import { createPolicy } from '../../../src/tenancy/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { serverRoute, testRegistry } from '../session/session-parts.ts'

const fs = brandAs<ServerName>('fs')
const policy = createPolicy({ servers: new Map([[fs, serverSettings({ name: 'fs', resources: { deny: ['x://a/secret*'] } })]]) })
const { notification } = createFace(policy, fs)

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
})
