import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { freePort } from './free-port.ts'
import { watcher } from './programs.ts'
import { until } from './until.ts'

/** A running Prometheus or Alertmanager. */
export interface Watcher {
  readonly url: string
  /** What it wrote so far. */
  log (): string
  stop (): Promise<void>
}

/** Debian's Alertmanager reads its templates from here, whoever runs it from wherever. */
const TEMPLATES = '/usr/share/prometheus'

/** The command line of a program that was unpacked and not installed: what it expects on the machine is put there for it alone. */
function unpackedCommand (program: 'prometheus' | 'prometheus-alertmanager'): [string, ...string[]] {
  const path = watcher(program)
  const own = join(dirname(path), '..', 'share', 'prometheus')
  if (program === 'prometheus' || existsSync(TEMPLATES) || !existsSync(own)) return [path]
  return ['bwrap', '--dev-bind', '/', '/', '--tmpfs', dirname(TEMPLATES), '--ro-bind', own, TEMPLATES, '--die-with-parent', path]
}

/** A program on a free loopback port, ready to be asked. @throws with its log when it is not within half a minute */
async function start (program: 'prometheus' | 'prometheus-alertmanager', args: readonly string[]): Promise<Watcher> {
  const address = `127.0.0.1:${await freePort()}`
  const [command, ...before] = unpackedCommand(program)
  const child = spawn(command, [...before, ...args, `--web.listen-address=${address}`], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => { log += chunk })
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await exited
  }
  try {
    const state = await until(`${program} is ready`, async () => child.exitCode !== null ? 'ended' : (await fetch(`http://${address}/-/ready`)).ok && 'ready', 30_000)
    if (state === 'ended') throw new Error(`it ended with ${child.exitCode}`)
  } catch (error) {
    await stop()
    throw new Error(`${program} did not start:\n${log.slice(-3000)}`, { cause: error })
  }
  return { url: `http://${address}`, log: () => log, stop }
}

/** @param configPath its configuration @param dir where its data goes */
export async function startPrometheus (configPath: string, dir: string): Promise<Watcher> {
  return await start('prometheus', [`--config.file=${configPath}`, `--storage.tsdb.path=${join(dir, 'prometheus')}`])
}

/** @param configPath its configuration @param dir where its data goes */
export async function startAlertmanager (configPath: string, dir: string): Promise<Watcher> {
  return await start('prometheus-alertmanager', [`--config.file=${configPath}`, `--storage.path=${join(dir, 'alertmanager')}`, '--cluster.listen-address='])
}

/** One alert as Alertmanager's webhook tells it. */
export interface ToldAlert {
  readonly status: 'firing' | 'resolved'
  readonly receiver: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** Somebody who is told of alerts. */
export interface AlertReceiver {
  readonly url: string
  /** In the order of their arrival; an alert that is told again is there again. */
  readonly alerts: readonly ToldAlert[]
  stop (): Promise<void>
}

export async function startAlertReceiver (host = '127.0.0.1'): Promise<AlertReceiver> {
  const alerts: ToldAlert[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => { body += chunk }).on('end', () => {
      const message = JSON.parse(body) as { receiver: string, alerts: Array<Omit<ToldAlert, 'receiver'>> }
      alerts.push(...message.alerts.map((alert) => ({ ...alert, receiver: message.receiver })))
      response.end()
    })
  }).listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}/alerts`,
    alerts,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}
