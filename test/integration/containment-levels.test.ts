/** The other levels: `process` through the gateway, and `container` with a program in docker's place that writes down what it is told. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startGateway } from '../helpers/gateway.ts'
import { inmate, inside } from '../helpers/inmate.ts'
import { runners } from '../helpers/runners.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

for (const { name, make } of runners()) {
  it(`level process, under ${name}: a user without rights, and the start says what that does not do`, async (t) => {
    const runner = make()
    const gateway = await startGateway({ runner, config: { mcpServers: { own: inmate({ level: 'process' }, { args: ['./data/{tenant}/{user}'] }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    // The scratch directory of tests is closed to others; a state directory of a service is not.
    if (runner.uid === 0) chmodSync(gateway.dir, 0o755)
    const wire = gateway.wire('alice', 'own')
    await wire.open()
    const status = await inside(wire, 'return fs.readFileSync(\'/proc/self/status\', \'utf8\')') as string
    assert.equal(Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]), runner.uid === 0 ? 65_533 : runner.uid)
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'))
    assert.match(status, /^NoNewPrivs:\s+1$/m)
    await inside(wire, 'fs.writeFileSync(process.env.HOME + \'/x\', \'x\'); fs.writeFileSync(process.argv[2] + \'/x\', \'x\')')
    assert.equal(readFileSync(join(gateway.dir, 'data', 'acme', 'alice', 'x'), 'utf8'), 'x')
    assert.equal(await inside(wire, 'return fs.existsSync(\'/var/log\')'), true, 'the file system is the host\'s')
    const line = await until('what is said at the start', () => gateway.logs().find((entry) => entry['event'] === 'sandbox'))
    assert.match(String(line['msg']), /limits|bounded/)
  })
}

describe('level container', () => {
  /** Writes its arguments and the names of its environment down, and runs what a container would run. */
  const RECORDER = `#!/bin/sh
record="$(dirname "$0")/record-$1"
printf '%s\\n' "$@" > "$record.part"; env -0 | cut -z -d= -f1 | tr '\\0' '\\n' > "$record-env"; mv "$record.part" "$record"
[ "$1" = run ] || exit 0
while [ "$1" != my-image ]; do shift; done
shift
exec "$@"
`

  it('starts the image with the settings of the entry, values of variables apart, and removes the container', async (t) => {
    const bin = mkdtempSync(join(tmpdir(), 'drawbridge-test-'))
    t.after(() => rmSync(bin, { recursive: true, force: true }))
    writeFileSync(join(bin, 'docker'), RECORDER, { mode: 0o755 })
    const gateway = await startGateway({
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, DOCKER_HOST: 'unix:///nowhere' },
      config: {
        mcpServers: {
          own: inmate({ level: 'container', image: 'my-image', network: 'none', memoryMb: 512, cpu: 0.5, pids: 99 }, { isolation: 'session', args: ['./data/{tenant}/{user}'], env: { TOKEN: 'secret-of-the-server' } })
        },
        limits: roomyLimits
      }
    })
    t.after(() => gateway.stop())
    const wire = gateway.wire('alice', 'own')
    await wire.open()
    assert.equal(await inside(wire, 'return process.env.TOKEN'), 'secret-of-the-server')
    const told = readFileSync(join(bin, 'record-run'), 'utf8').trim().split('\n')
    const text = told.join(' ')
    const uid = process.getuid?.() === 0 ? '65533:65533' : `${process.getuid?.()}:${process.getgid?.()}`
    for (const part of [
      'run --rm --interactive --init --name drawbridge-', '--read-only --tmpfs /tmp:', `--user ${uid} --cap-drop ALL --security-opt no-new-privileges`, '--network none',
      '--pids-limit 99 --memory 512m --memory-swap 512m --cpus 0.5', `--mount type=bind,source=${gateway.dir}/data/acme/alice,target=${gateway.dir}/data/acme/alice `,
      '--env TOKEN ', '--workdir ', `my-image ${process.execPath} `
    ]) assert.ok(text.includes(part), `${part}\n${text}`)
    const project = told.find((each) => each.startsWith('type=bind') && !each.includes(gateway.dir) && !each.includes('/db-'))
    assert.match(project ?? '', /,readonly$/)
    assert.ok(!text.includes('secret-of-the-server') && !text.includes('--env PATH'))
    assert.match(readFileSync(join(bin, 'record-run-env'), 'utf8'), /^DOCKER_HOST$/m)
    const container = told[told.indexOf('--name') + 1] ?? ''
    await wire.end()
    const removed = await until('the container is removed', () => existsSync(join(bin, 'record-rm')) && readFileSync(join(bin, 'record-rm'), 'utf8'))
    assert.deepEqual(removed.trim().split('\n'), ['rm', '--force', container])
  })

  it('of an engine\'s own command is what the entry says', async (t) => {
    const bin = mkdtempSync(join(tmpdir(), 'drawbridge-test-'))
    t.after(() => rmSync(bin, { recursive: true, force: true }))
    writeFileSync(join(bin, 'docker'), RECORDER, { mode: 0o755 })
    const { command, args } = inmate({})
    const written = ['run', '-i', '--rm', 'my-image', command, ...args]
    const gateway = await startGateway({
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` },
      config: { mcpServers: { own: { command: 'docker', args: written, sandbox: { level: 'auto' } } }, limits: roomyLimits }
    })
    t.after(() => gateway.stop())
    const wire = gateway.wire('alice', 'own')
    await wire.open()
    assert.deepEqual(readFileSync(join(bin, 'record-run'), 'utf8').trim().split('\n'), written)
  })
})
