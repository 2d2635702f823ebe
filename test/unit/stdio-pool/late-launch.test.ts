import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { lateDirectories, prepareLateLaunch } from '../../../src/stdio-pool/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { bench, fixture, host, identity, never, owner } from './pool-parts.ts'

suite('a launch whose directories come later', () => {
  const server = serverSettings({
    args: ['/data/{tenant}/{user}', '--cache=/cache/{tenant}', '/opt/fixed'],
    env: { FILE: '/data/{tenant}/{user}/notes/file.json' },
    sandbox: { level: 'namespace', network: 'none', pids: 9, readOnly: ['/ro'], writable: ['/w/{tenant}/{user}', '/w/fixed'], mountLate: true }
  })

  test('names them alike for everybody, and makes none outside', () => {
    const launch = prepareLateLaunch(server, { stateDir: '/state', workerKey: 'key' }, host)
    assert.deepEqual(launch.args, ['/data/tenant/user', '--cache=/cache/tenant', '/opt/fixed'])
    assert.equal(launch.env['FILE'], '/data/tenant/user/notes/file.json')
    assert.deepEqual(launch.dataDirs, [])
    assert.deepEqual(launch.lateMounts?.map(({ inner }) => inner).sort(), ['/cache/tenant', '/data/tenant/user', '/w/tenant/user'])
    assert.deepEqual([launch.sandbox.readOnly, launch.sandbox.writable], [['/ro'], ['/w/fixed']])
  })

  test('has the directories of its owner mounted there, as they are called outside', () => {
    assert.deepEqual(lateDirectories(server, identity('acme', 'alice')), [
      { inner: '/data/tenant/user', source: '/data/acme/alice' }, { inner: '/cache/tenant', source: '/cache/acme' }, { inner: '/w/tenant/user', source: '/w/acme/alice' }
    ])
  })

  test('is not started where nothing can be mounted', async (t) => {
    const { pool, dir, log } = await bench(t)
    const launch = prepareLateLaunch(serverSettings({ args: [fixture('echo.mjs'), `${dir}/{user}`] }), { stateDir: dir, workerKey: 'key' }, host)
    await assert.rejects(pool.start(launch, owner('srv', 'acme', 'alice'), never), { code: 'GW_UPSTREAM_START', details: { reason: 'mcpServers.srv.sandbox.mountLate: level "none" has no mounts of its own' } })
    assert.deepEqual(log, ['ended spawn_failed'])
  })
})
