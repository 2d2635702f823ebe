/** A process whose event loop stands still (FR35). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./stall-program.ts', import.meta.url))

async function run (mode: string): Promise<{ code: number | null, signal: string | null, stderr: string }> {
  const child = spawn(process.execPath, [PROGRAM, mode], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
  child.stdout.resume()
  const [code, signal] = await once(child, 'close') as [number | null, string | null]
  return { code, signal, stderr }
}

test('is ended, with a line that says why; one that moves is not, and one whose watch has ended is not', async () => {
  const [blocked, alive, unwatched] = await Promise.all([run('block'), run('live'), run('stopped')])
  assert.deepEqual([blocked.code, blocked.signal], [null, 'SIGKILL'])
  assert.equal((JSON.parse(blocked.stderr.trim()) as { event: string }).event, 'event_loop_stalled')
  assert.deepEqual([alive.code, alive.stderr], [7, ''])
  assert.deepEqual([unwatched.code, unwatched.stderr], [7, ''])
})
