import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runArgs } from '../../../src/sandbox/container/run-args.ts'
import { createSandbox } from '../../../src/sandbox/index.ts'
import { createLateMounts } from '../../../src/sandbox/namespace/late-mounts.ts'
import { folderWith, requestIn } from './sandbox-parts.ts'

const LIBRARIES = '/srv/worker/lib'

describe('what starts a worker', () => {
  for (const level of ['namespace', 'process'] as const) {
    it(`loads nothing from where the worker's loader is told to look, under level ${level} (T41, T43)`, async (t) => {
      const folder = folderWith(t, [])
      chmodSync(folder, 0o755)
      const sandbox = createSandbox({
        mode: 'development',
        stateDir: join(folder, 'state'),
        hidden: { directories: [], files: [], notWhole: [] },
        engineEnv: {},
        egress: { resolve: async () => [], classify: () => 'forbidden', ownPorts: () => [], events: { refused () {} } },
        resourceEvents: { exceeded () {} }
      })
      t.after(async () => { await sandbox.close() })
      const settings = { level, network: 'none', pids: 64, readOnly: [], writable: [] } as const
      const contained = await sandbox.contain(requestIn(folder, { command: '/usr/bin/printenv', args: ['LD_LIBRARY_PATH', 'OWN'], settings, env: { PATH: '/usr/bin:/bin', LD_LIBRARY_PATH: LIBRARIES, OWN: 'own' } }))
      assert.deepEqual(contained.env, { PATH: '/usr/bin:/bin', OWN: 'own' })
      const { stdout, stderr } = spawnSync(contained.command, [...contained.args], { cwd: contained.cwd, env: { ...contained.env }, stdio: ['ignore', 'pipe', 'pipe', ...contained.descriptors], encoding: 'utf8' })
      for (const descriptor of contained.descriptors) closeSync(descriptor)
      await contained.ended()
      assert.equal(stdout, `${LIBRARIES}\nown\n`, stderr)
    })
  }

  it('is no program of the worker\'s own PATH', (t) => {
    const folder = folderWith(t, ['stage/', 'bin/mkdir'])
    writeFileSync(join(folder, 'bin/mkdir'), `#!/bin/sh\n: > ${folder}/ran\nexec /bin/mkdir "$@"\n`)
    chmodSync(join(folder, 'bin/mkdir'), 0o755)
    const by = process.getuid?.() === 0 ? 'root' : 'user'
    mkdirSync(join(folder, 'inner'))
    const { prefix } = createLateMounts([{ inner: join(folder, 'inner') }], join(folder, 'stage'), { bwrap: '', by, late: { unshare: '/usr/bin/unshare', nsenter: '/usr/bin/nsenter', mount: '/usr/bin/mount', shell: '/bin/sh' } })
    const { status, stderr } = spawnSync(prefix[0] ?? '', [...prefix.slice(1), '/bin/true'], { env: { PATH: `${folder}/bin:/usr/bin:/bin` }, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.equal(existsSync(join(folder, 'ran')), false)
  })

  it('is a container engine\'s client, which is told them for the container', (t) => {
    const request = requestIn(folderWith(t, []), { env: { LD_LIBRARY_PATH: LIBRARIES, TOKEN: 'secret' } })
    const args = runArgs({ request, image: 'image', name: 'name', uid: 1, gid: 1, mounts: [] })
    assert.ok(args.includes(`LD_LIBRARY_PATH=${LIBRARIES}`) && args.includes('TOKEN'), args.join(' '))
  })
})
