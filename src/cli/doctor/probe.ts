import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Environment } from '../../../config/index.ts'

/** Enough for `docker version` on a busy machine. */
const MAX_PROBE_MS = 10_000
const MAX_OUTPUT_CHARS = 4096

/** What a program did when it was asked for its version. */
export type ProbeResult =
  | { readonly outcome: 'ok', readonly output: string }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'failed', readonly output: string }

/** Runs one program, by argv, and waits for it; never throws. */
export async function probe (command: string, args: readonly string[], env: Environment): Promise<ProbeResult> {
  return await new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env } })
    // Not spawn's own timeout: for a program that is absent it holds the process up for as long.
    const late = setTimeout(() => child.kill('SIGKILL'), MAX_PROBE_MS)
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late)
      resolve(error.code === 'ENOENT' ? { outcome: 'absent' } : { outcome: 'failed', output: error.message })
    })
    child.on('close', (code, signal) => {
      clearTimeout(late)
      if (code === 0) resolve({ outcome: 'ok', output: firstLine(stdout.text + stderr.text) })
      else resolve({ outcome: 'failed', output: signal === null ? firstLine(stderr.text + stdout.text) : `no answer in ${MAX_PROBE_MS / 1000} s` })
    })
  })
}

function collect (stream: Readable): { text: string } {
  const collected = { text: '' }
  stream.setEncoding('utf8').on('data', (text: string) => { if (collected.text.length < MAX_OUTPUT_CHARS) collected.text += text })
  return collected
}

function firstLine (text: string): string {
  return text.split('\n').map((line) => line.trim()).find((line) => line !== '') ?? ''
}
