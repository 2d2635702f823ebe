/** Where a contained worker can connect to: where its entry says, through the gateway's proxy, and nowhere else (T42). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { PROXY_ENV } from '../../src/sandbox/egress/index.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { inmate, inside } from '../helpers/inmate.ts'
import { runners, type Runner } from '../helpers/runners.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

for (const { name, make } of runners()) {
  describe(`the network of a worker, under ${name}`, () => {
    let gateway: TestGateway
    let runner: Runner
    const seen: Array<string | undefined> = []
    const ports: number[] = []
    const listeners = [1, 2].map((which) => createServer((request, response) => {
      seen.push(`${which} ${request.url}`)
      response.end(`canary ${which}`)
    }))

    before(async () => {
      for (const listener of listeners) {
        await once(listener.listen(0, '127.0.0.1'), 'listening')
        ports.push((listener.address() as AddressInfo).port)
      }
      runner = make()
      gateway = await startGateway({
        runner,
        config: {
          mcpServers: {
            listed: inmate({ level: 'namespace', network: [`127.0.0.1:${ports[0]}`] }),
            usual: inmate({ level: 'namespace' }),
            none: inmate({ level: 'namespace', network: 'none' }),
            full: inmate({ level: 'namespace', network: 'full' })
          },
          limits: roomyLimits
        }
      })
    })
    after(async () => {
      await gateway?.stop()
      for (const listener of listeners) listener.close()
    })

    /** curl in the worker: the answer's text, or its complaint. */
    const curl = async (server: string, url: string, ...options: string[]): Promise<string> => {
      const wire = gateway.wire('alice', server)
      await wire.open()
      const code = `const { spawnSync } = await load('node:child_process'); const { stdout, stderr } = spawnSync('/usr/bin/curl', ${JSON.stringify(['-sS', '--max-time', '10', ...options, url])}, { encoding: 'utf8' }); return (stdout + stderr).trim()`
      return String(await inside(wire, code))
    }
    const [throughProxy, direct] = [['--noproxy', ''], ['--noproxy', '*']] as const

    it('an entry that names host and port opens these, through the proxy alone', async () => {
      const [first = 0, second = 0] = ports
      assert.equal(await curl('listed', `http://127.0.0.1:${first}/listed`, ...throughProxy), 'canary 1')
      assert.match(await curl('listed', `http://127.0.0.1:${first}/direct`, ...direct), /^curl: \(7\) /)
      assert.match(await curl('listed', `http://127.0.0.1:${second}/other`, ...throughProxy), /^127\.0\.0\.1:\d+ is not among the hosts in mcpServers\.listed\.sandbox\.network$/)
      assert.match(await curl('listed', `http://localhost:${first}/name`, ...throughProxy), /^localhost:\d+ is not among /)
      assert.deepEqual(seen.splice(0), ['1 /listed'])
    })

    it('without a key: public addresses on the web\'s ports, and nothing of this machine', async () => {
      assert.match(await curl('usual', `http://127.0.0.1:${ports[0]}/`, ...throughProxy), / is not among /)
      for (const host of ['127.0.0.1', 'localhost', '0x7f000001', '[::ffff:127.0.0.1]']) assert.match(await curl('usual', `http://${host}/`, ...throughProxy), / leads to a private address; "\S+:80" in mcpServers\.usual\.sandbox\.network would allow it$/, host)
      assert.match(await curl('usual', `http://127.0.0.1:${new URL(gateway.url).port}/`, ...direct), /^curl: \(7\) /)
      assert.deepEqual(seen, [])
    })

    it('tells its worker of the proxy; none and full have none', async () => {
      const proxyOf = async (server: string): Promise<unknown> => {
        const wire = gateway.wire('alice', server)
        await wire.open()
        return await inside(wire, `return Object.fromEntries(${JSON.stringify(Object.keys(PROXY_ENV))}.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]))`)
      }
      assert.deepEqual([await proxyOf('listed'), await proxyOf('none'), await proxyOf('full')], [PROXY_ENV, {}, {}])
      assert.match(await curl('none', `http://127.0.0.1:${ports[0]}/`), /^curl: \(7\) /)
      assert.equal(await curl('full', `http://127.0.0.1:${ports[0]}/full`), 'canary 1')
      assert.deepEqual(seen.splice(0), ['1 /full'])
    })

    it('each refusal is counted and in the log', async () => {
      await curl('listed', 'http://elsewhere.example/', ...throughProxy)
      await until('the log has it', () => gateway.logs().some((line) => line['event'] === 'egress_refused' && line['server'] === 'listed' && line['reason'] === 'host' && line['target'] === 'elsewhere.example:80'))
      const metrics = await (await fetch(`${gateway.managementUrl}/metrics`)).text()
      assert.match(metrics, /^drawbridge_worker_egress_refused_total\{server="listed",reason="host"\} [3-9]$/m)
      assert.match(metrics, /^drawbridge_worker_egress_refused_total\{server="usual",reason="address"\} 4$/m)
    })
  })
}
