import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { workDir } from '../rivals/install.ts'

/** A Redis of the bench's own. */
export interface BenchRedis {
  readonly url: string
  stop (): Promise<void>
}

/**
 * Starts a redis-server on a unix socket, without persistence. It runs where the bench and its load run, not on the CPU of the
 * targets: what is measured is what Redis costs the gateway.
 * @throws when the machine has none
 */
export async function startRedis (id: string): Promise<BenchRedis> {
  const directory = join(workDir, 'redis', id)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const socket = join(directory, 'redis.sock')
  const child = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', directory, '--save', '', '--appendonly', 'no'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const kill = (): void => { child.kill('SIGKILL') }
  process.once('exit', kill)
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.on('error', (error) => { reject(new Error(`redis-server: ${error.message}`)) })
    child.on('exit', () => { reject(new Error(`redis-server ended: ${said}`)) })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000)
      if (said.includes('eady to accept connections')) resolve()
    })
  })
  return {
    url: `unix://${socket}`,
    async stop () {
      process.off('exit', kill)
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        kill()
        await ended
      }
      rmSync(directory, { recursive: true, force: true })
    }
  }
}
