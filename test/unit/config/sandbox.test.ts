import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FIXTURES, faultsOf, oneServer, settingsOf, settingsOfFile } from './load.ts'

const PRODUCTION = { flags: { mode: 'production' } } as const
const keysOf = (faults: ReadonlyArray<{ readonly key: string }>): string[] => faults.map(({ key }) => key)

describe('containment of an entry (T43, T62, rulings 1)', () => {
  it('a level below namespace that the entry names itself is allowed in production, and told', async () => {
    for (const level of ['none', 'process']) {
      const { warnings } = await settingsOf(oneServer({ command: 'x', sandbox: { level } }), PRODUCTION)
      assert.ok(warnings.some((warning) => warning.startsWith(`mcpServers.one.sandbox.level: is "${level}"`)), warnings.join('\n'))
    }
    assert.deepEqual((await settingsOf(oneServer({ command: 'x' }))).warnings, [])
  })

  it('level container needs an image, and a network that an engine can give', async () => {
    assert.deepEqual(keysOf(await faultsOf(oneServer({ command: 'x', sandbox: { level: 'container' } }))), ['mcpServers.one.sandbox.image', 'mcpServers.one.sandbox.network'])
    const { servers } = await settingsOf(oneServer({ command: 'x', sandbox: { level: 'container', image: 'node:24-slim', network: 'none' } }))
    assert.equal([...servers.values()][0]?.sandbox.image, 'node:24-slim')
    await settingsOf(oneServer({ command: 'docker', args: ['run', '-i', '--rm', 'image'], sandbox: { level: 'container' } }))
  })

  it('docker cannot be contained by what keeps it from its daemon', async () => {
    assert.deepEqual(keysOf(await faultsOf(oneServer({ command: '/usr/bin/docker', args: ['run', 'image'], sandbox: { level: 'namespace' } }))), ['mcpServers.one.sandbox.level'])
  })

  it('containers that are open to the host are refused in production and warned of in development, at their argument', async () => {
    const open = [
      ['--privileged'], ['--network=host'], ['--net', 'host'], ['--pid=host'], ['--cap-add', 'SYS_ADMIN'], ['--security-opt', 'seccomp=unconfined'], ['--device=/dev/sda'],
      ['-v', '/var/run/docker.sock:/var/run/docker.sock'], ['--mount', 'type=bind,source=/,target=/host'], ['--volume=/:/host'],
      ['-v/:/host'], ['-v', '//:/host'], ['-v', '/srv/..:/host'], ['-itv', '/:/host'], ['--mount', 'type=bind,"source=/",target=/host'], ['-v', '/run:/run:ro'], ['-v', '/var/run:/var/run'],
      ['--mount=type=bind,src=/proc/,dst=/p'], ['-v', '/etc:/etc'], ['-v', '/root:/r'], ['-v', '/var/lib/docker:/d']
    ]
    for (const flags of open) {
      const document = oneServer({ command: 'docker', args: ['run', '-i', ...flags, 'image'] })
      assert.deepEqual(keysOf(await faultsOf(document, PRODUCTION)), ['mcpServers.one.args[2]'], flags.join(' '))
      assert.match((await settingsOf(document)).warnings.join('\n'), /mcpServers\.one\.args\[2\]: .*production mode refuses it/)
    }
    for (const flags of [['--network', 'none'], ['-v', '/srv/data:/data'], ['-v', 'volume:/data'], ['-v/srv:/srv'], ['-v', '/etc/localtime:/etc/localtime:ro'], ['--mount', 'type=volume,source=v,target=/d'], ['--cap-add', 'CHOWN'], ['--privileged=false']]) {
      await settingsOf(oneServer({ command: 'docker', args: ['run', '-i', ...flags, 'image'] }), PRODUCTION)
    }
  })

  it('a launcher behind a shell is refused in production: nothing would pin what it fetches (T46)', async () => {
    const document = oneServer({ command: 'sh', args: ['-c', 'exec npx -y a'] })
    assert.deepEqual(keysOf(await faultsOf(document, PRODUCTION)), ['mcpServers.one.command'])
    assert.match((await settingsOf(document)).warnings.join('\n'), /mcpServers\.one\.command: expected npx itself/)
  })

  it('a file of each user in one directory would show everybody\'s to each worker', async () => {
    const document = oneServer({ command: 'x', args: ['--file=/data/{tenant}/{user}.json'] })
    assert.deepEqual(keysOf(await faultsOf(document, PRODUCTION)), ['mcpServers.one.args[0]'])
    assert.equal((await settingsOf(document)).warnings.length, 1)
    await settingsOf(oneServer({ command: 'x', args: ['/data/{tenant}/{user}/memory.json'] }), PRODUCTION)
  })

  it('the files of a configuration are known, so that workers are not shown them', async () => {
    assert.deepEqual((await settingsOfFile('claude-desktop.json')).configFiles, [`${FIXTURES}/claude-desktop.json`])
    assert.equal((await settingsOf(oneServer({ command: 'x' }))).configFiles, undefined)
  })
})
